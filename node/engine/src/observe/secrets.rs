//! Arguments that must not be shown to anyone: passwords.

use crate::commands::spec::CommandSpec;
use crate::resp::Args;
use crate::server::config::is_sensitive;

/// What is shown in the place of a secret.
pub const REDACTED: &[u8] = b"(redacted)";

/// Argument `index` as it may be shown to others.
pub fn shown<'a>(spec: &CommandSpec, args: Args<'a>, index: usize) -> &'a [u8] {
    let secret = match spec.name {
        "auth" => index > 0,
        "hello" => is_secret_in_hello(args, index),
        // The value of a setting that holds a password.
        "config|set" => index > 2 && index % 2 == 1 && is_sensitive(args.get(index - 1)),
        _ => false,
    };
    if secret { REDACTED } else { args.get(index) }
}

/// User and password stand behind AUTH, which may come before or after other options.
fn is_secret_in_hello(args: Args<'_>, index: usize) -> bool {
    let mut option = 2;
    while option < index {
        if args.get(option).eq_ignore_ascii_case(b"AUTH") {
            if index <= option + 2 {
                return true;
            }
            option += 3;
        } else {
            option += 2;
        }
    }
    false
}
