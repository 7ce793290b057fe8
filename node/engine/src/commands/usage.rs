//! The arguments of a command, read from its row's usage line, as COMMAND DOCS tells them.

use super::spec::CommandSpec;
use crate::resp::Reply;

/// What an argument is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A word that is typed as it is.
    Token,
    /// A value with a name.
    Value(&'static str),
    /// One of several.
    OneOf(Vec<Argument>),
    /// All of several.
    Block(Vec<Argument>),
}

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Argument {
    kind: Kind,
    /// The word that stands before it, or that it is.
    token: Option<&'static str>,
    optional: bool,
    multiple: bool,
    /// The token is repeated with each of several.
    multiple_token: bool,
}

/// Names of values that are integers; of the others, [`FLOATS`], [`KEYS`], [`PATTERNS`] and `unix-time-*` have types
/// of their own and all else is a string.
const INTEGERS: &[&str] = &[
    "bit",
    "bits",
    "client-id",
    "cluster-bus-port",
    "config-epoch",
    "count",
    "cursor",
    "db",
    "decrement",
    "destination-db",
    "end-slot",
    "entries-added",
    "entries-read",
    "frequency",
    "idle",
    "index",
    "index1",
    "index2",
    "len",
    "limit",
    "maxage",
    "milliseconds",
    "min-match-len",
    "ms",
    "num-matches",
    "num-vertices",
    "numfields",
    "numkeys",
    "numlocal",
    "numreplicas",
    "offset",
    "port",
    "protover",
    "rank",
    "seconds",
    "slot",
    "start-slot",
    "ttl",
    "version",
    "weight",
];
const FLOATS: &[&str] = &["height", "latitude", "longitude", "radius", "score", "width"];
const KEYS: &[&str] =
    &["destination", "destkey", "dst", "key", "key1", "key2", "newkey", "source", "sourcekey", "src"];
const PATTERNS: &[&str] = &["match-pattern", "pattern"];

/// Write the arguments of a command as an array of maps.
pub(super) fn write_arguments(reply: &mut Reply, spec: &CommandSpec) {
    let arguments = parse(spec.usage);
    let mut keys = 0..spec.key_specs.len();
    write_list(reply, &arguments, &mut keys);
}

fn write_list(reply: &mut Reply, arguments: &[Argument], keys: &mut std::ops::Range<usize>) {
    reply.array(arguments.len());
    for argument in arguments {
        argument.write(reply, keys);
    }
}

impl Argument {
    fn new(kind: Kind) -> Self {
        Self { kind, token: None, optional: false, multiple: false, multiple_token: false }
    }

    fn is_key(&self) -> bool {
        matches!(self.kind, Kind::Value(name) if KEYS.contains(&name))
    }

    fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Token => "pure-token",
            Kind::OneOf(_) => "oneof",
            Kind::Block(_) => "block",
            Kind::Value(name) if KEYS.contains(&name) => "key",
            Kind::Value(name) if INTEGERS.contains(&name) => "integer",
            Kind::Value(name) if FLOATS.contains(&name) => "double",
            Kind::Value(name) if PATTERNS.contains(&name) => "pattern",
            Kind::Value(name) if name.starts_with("unix-time-") => "unix-time",
            Kind::Value(_) => "string",
        }
    }

    /// A name by which clients tell arguments apart; groups have their token's or their type's.
    fn name(&self) -> String {
        match (&self.kind, self.token) {
            (Kind::Value(name), _) => (*name).to_owned(),
            (_, Some(token)) => token.to_ascii_lowercase(),
            _ => self.type_name().to_owned(),
        }
    }

    fn parts(&self) -> &[Argument] {
        match &self.kind {
            Kind::OneOf(parts) | Kind::Block(parts) => parts,
            Kind::Token | Kind::Value(_) => &[],
        }
    }

    /// Write the argument; `keys` has the numbers of the key specifications that no argument before stood for.
    fn write(&self, reply: &mut Reply, keys: &mut std::ops::Range<usize>) {
        let begun = reply.begin();
        let mut pairs = 2;
        let text = |reply: &mut Reply, name: &str, value: &str| {
            reply.bulk(name.as_bytes());
            reply.bulk(value.as_bytes());
        };
        text(reply, "name", &self.name());
        text(reply, "type", self.type_name());
        if self.parts().is_empty() {
            pairs += 1;
            text(reply, "display_text", &self.name());
        }
        if let Some(index) = self.is_key().then(|| keys.next()).flatten() {
            pairs += 1;
            reply.bulk(b"key_spec_index");
            reply.integer(index as i64);
        }
        if let Some(token) = self.token {
            pairs += 1;
            text(reply, "token", token.trim_matches('"'));
        }
        let flags = [
            (self.optional, "optional"),
            (self.multiple, "multiple"),
            (self.multiple_token, "multiple_token"),
        ];
        let count = flags.iter().filter(|(set, _)| *set).count();
        if count > 0 {
            pairs += 1;
            reply.bulk(b"flags");
            reply.set(count);
            flags.iter().filter(|(set, _)| *set).for_each(|(_, name)| reply.simple(name));
        }
        if !self.parts().is_empty() {
            pairs += 1;
            reply.bulk(b"arguments");
            write_list(reply, self.parts(), keys);
        }
        reply.end_map(begun, pairs);
    }
}

/// Take a usage line apart.
fn parse(usage: &'static str) -> Vec<Argument> {
    let mut words = Words { rest: usage };
    words.alternatives(None).pop().unwrap_or_default()
}

/// What is left of a usage line.
struct Words {
    rest: &'static str,
}

impl Words {
    /// The next bracket or word.
    fn next(&mut self) -> Option<&'static str> {
        self.rest = self.rest.trim_start();
        let length = match self.rest.as_bytes().first()? {
            b'[' | b']' | b'<' | b'>' => 1,
            _ => self.rest.find([' ', '[', ']', '<', '>']).unwrap_or(self.rest.len()),
        };
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(word)
    }

    /// Sequences with `|` between them, up to the closing bracket or the end.
    fn alternatives(&mut self, closing: Option<&'static str>) -> Vec<Vec<Argument>> {
        let mut all = Vec::new();
        let mut sequence: Vec<Argument> = Vec::new();
        let mut all_repeated = false;
        while let Some(word) = self.next() {
            match word {
                _ if Some(word) == closing => break,
                "|" => all.push(joined(std::mem::take(&mut sequence))),
                "[" => match self.alternatives(Some("]")) {
                    // `x | y [x | y ...]`: all that was read so far.
                    repeated
                        if repeated.len() > 1 && repeated.last().is_some_and(|last| is_repetition(last)) =>
                    {
                        all_repeated = true;
                    }
                    // `x [x ...]`: what stands in the brackets repeats what stands before them.
                    mut repeated if repeated.last().is_some_and(|last| is_repetition(last)) => {
                        let body = repeated.pop().unwrap_or_default();
                        repeat(&mut sequence, &body[..body.len() - 1]);
                    }
                    choices => sequence.push(Argument { optional: true, ..one_of(choices) }),
                },
                "<" => sequence.push(one_of(self.alternatives(Some(">")))),
                _ => sequence.push(Argument::from(word)),
            }
        }
        all.push(joined(sequence));
        if all_repeated {
            return vec![vec![Argument { multiple: true, ..one_of(all) }]];
        }
        all
    }
}

impl From<&'static str> for Argument {
    /// A single word: in lower case it names a value, else it is typed as it is.
    fn from(word: &'static str) -> Self {
        if word.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Self::new(Kind::Value(word));
        }
        Self { token: Some(word), ..Self::new(Kind::Token) }
    }
}

fn is_repetition(sequence: &[Argument]) -> bool {
    sequence.last().is_some_and(|last| last.token == Some("..."))
}

/// Mark as repeated what stands at the end of a sequence and again in `body`.
fn repeat(sequence: &mut Vec<Argument>, body: &[Argument]) {
    // The body is joined already, the sequence is not: count the words that the body's arguments were made of.
    let length: usize = body.iter().map(words_in).sum();
    let repeated = sequence.split_off(sequence.len().saturating_sub(length));
    let multiple_token = repeated.first().is_some_and(|first| first.kind == Kind::Token);
    sequence.push(Argument { multiple: true, multiple_token, ..grouped(joined(repeated)) });
}

/// Members of an unjoined sequence that an argument was made of.
fn words_in(argument: &Argument) -> usize {
    let apart = argument.kind != Kind::Token && !argument.multiple_token && !argument.optional;
    1 + usize::from(apart && argument.token.is_some())
}

/// Give each token that stands before a required value to that value.
fn joined(sequence: Vec<Argument>) -> Vec<Argument> {
    let takes_token = |argument: &Argument| {
        !argument.optional && argument.token.is_none() && !matches!(argument.kind, Kind::Token)
    };
    let mut arguments: Vec<Argument> = Vec::new();
    for argument in sequence {
        match arguments.last() {
            Some(Argument { kind: Kind::Token, token, optional: false, .. }) if takes_token(&argument) => {
                let token = *token;
                arguments.pop();
                arguments.push(Argument { token, ..argument });
            }
            _ => arguments.push(argument),
        }
    }
    arguments
}

/// Several arguments as one.
fn grouped(mut arguments: Vec<Argument>) -> Argument {
    if arguments.len() == 1 && !arguments[0].optional {
        return arguments.remove(0);
    }
    // The word in front is the whole block's.
    let token = match arguments.first_mut() {
        Some(Argument { kind: Kind::Value(_), token, optional: false, multiple: false, .. }) => token.take(),
        _ => None,
    };
    Argument { token, ..Argument::new(Kind::Block(arguments)) }
}

fn one_of(mut choices: Vec<Vec<Argument>>) -> Argument {
    if choices.len() == 1 {
        return grouped(choices.remove(0));
    }
    Argument::new(Kind::OneOf(choices.into_iter().map(grouped).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The usage line of arguments, as a client makes it from COMMAND DOCS.
    fn shown(arguments: &[Argument], between: &str) -> String {
        arguments.iter().map(shown_one).collect::<Vec<_>>().join(between)
    }

    fn shown_one(argument: &Argument) -> String {
        let mut body = match &argument.kind {
            Kind::Token => String::new(),
            Kind::Value(name) => (*name).to_owned(),
            Kind::Block(parts) => shown(parts, " "),
            Kind::OneOf(parts) if argument.optional && argument.token.is_none() => shown(parts, " | "),
            Kind::OneOf(parts) => format!("<{}>", shown(parts, " | ")),
        };
        let with_token = [argument.token.unwrap_or_default(), body.as_str()].join(" ").trim().to_owned();
        let repeated = if argument.multiple_token { with_token.clone() } else { body };
        body = if argument.multiple { format!("{with_token} [{repeated} ...]") } else { with_token };
        if argument.optional { format!("[{body}]") } else { body }
    }

    #[test]
    fn a_usage_line_taken_apart_can_be_put_together_again() {
        for usage in [
            "",
            "key value [NX | XX | IFEQ comparison-value] [GET] [EX seconds | PX milliseconds | KEEPTTL]",
            "numkeys key value [key value ...] [NX | XX]",
            "[key [key ...]]",
            "[ID client-id [client-id ...]]",
            "<AND | OR> destkey key [key ...]",
            "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC]",
            "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
            "key [GET offset | [OVERFLOW <WRAP | SAT>] <SET offset value | INCRBY offset increment> [GET offset | [OVERFLOW <WRAP | SAT>] <SET offset value | INCRBY offset increment> ...]]",
            "key [FULL [COUNT count]]",
            "<host port | NO ONE>",
            "GROUP group consumer STREAMS key [key ...] id [id ...]",
            "path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]",
            "key FIELDS numfields field value [field value ...]",
            "SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE node-id",
            "<key | \"\"> destination-db",
            "[[NOSAVE | SAVE] [NOW] | ABORT]",
        ] {
            assert_eq!(shown(&parse(usage), " "), usage);
        }
    }

    #[test]
    fn a_token_belongs_to_the_value_or_block_behind_it() {
        let arguments = parse("[COUNT count] [LIMIT offset count] GET pattern [GET pattern ...]");
        assert_eq!(arguments.len(), 3);
        assert_eq!((arguments[0].token, &arguments[0].kind), (Some("COUNT"), &Kind::Value("count")));
        assert_eq!(arguments[1].token, Some("LIMIT"));
        assert_eq!(arguments[1].parts().len(), 2);
        assert!(arguments[2].multiple && arguments[2].multiple_token && !arguments[2].optional);
    }

    #[test]
    fn every_row_has_a_usage_line_that_can_be_taken_apart() {
        for spec in crate::commands::registry().all() {
            assert_eq!(shown(&parse(spec.usage), " "), spec.usage, "{}", spec.name);
        }
    }
}
