//! XGROUP and XACK.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::help;
use super::spec::{CommandSpec, Flags, Group as CommandGroup, Handler, KeyFlags, KeySpec};
use super::stream::store;
use super::stream_access::{id_or_edge, log_and_group, no_group, quoting, stream_mut, strict_id};
use crate::collections::Object;
use crate::collections::stream::{Group, Stream, StreamId};
use crate::server::EventClass;

/// CREATE and SETID take each option once: more arguments are refused, when nothing else is wrong.
const CREATE_ARGS_MAX: usize = 8;
const SETID_ARGS_MAX: usize = 7;

/// The options of CREATE and SETID.
#[derive(Default)]
struct Options {
    create_stream: bool,
    entries_read: Option<u64>,
}

impl Options {
    fn parse(call: &Call<'_>, creates: bool) -> Result<Self, CommandError> {
        let mut options = Self::default();
        let mut index = 5;
        while index < call.args.len() {
            if creates && call.is_word(index, "mkstream") {
                options.create_stream = true;
                index += 1;
            } else if index + 1 < call.args.len() && call.is_word(index, "entriesread") {
                options.entries_read = match call.integer(index + 1)? {
                    -1 => None,
                    count => Some(u64::try_from(count).map_err(|_| {
                        CommandError::text("ERR value for ENTRIESREAD must be positive or -1")
                    })?),
                };
                index += 2;
            } else {
                return Err(unknown_subcommand(call));
            }
        }
        Ok(options)
    }
}

/// What a container's subcommand answers to arguments that it does not know.
pub(super) fn unknown_subcommand(call: &Call<'_>) -> CommandError {
    let container = call.spec.name.split('|').next().unwrap_or_default().to_ascii_uppercase();
    let name = call.args.get(1);
    quoting(&[
        b"ERR unknown subcommand or wrong number of arguments for '",
        &name[..name.len().min(128)],
        b"'. Try ",
        container.as_bytes(),
        b" HELP.",
    ])
}

const NO_KEY: CommandError = CommandError::text(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option \
     to create an empty stream automatically.",
);

/// XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]
fn create(call: &mut Call<'_>) -> CommandResult {
    let options = Options::parse(call, true)?;
    let is_too_long = call.args.len() > CREATE_ARGS_MAX;
    let key = call.key(2);
    let (name, text) = (call.args.get(3), call.args.get(4));
    let found = stream_mut(&mut call.keys, &key)?;
    if found.is_none() && !options.create_stream {
        return Err(NO_KEY);
    }
    if is_too_long {
        return Err(unknown_subcommand(call));
    }
    let last_id = match text {
        b"$" => found.as_ref().map_or(StreamId::MIN, |stream| stream.log.last_id),
        _ => strict_id(text, 0)?,
    };
    let group = Group::new(last_id, options.entries_read);
    match found {
        Some(stream) => {
            if !stream.groups.add(name, group) {
                return Err(CommandError::text("BUSYGROUP Consumer Group name already exists"));
            }
            call.told(EventClass::STREAM, "xgroup-create", &key);
        }
        None => {
            let mut stream = Box::<Stream>::default();
            stream.groups.add(name, group);
            store(call, &key, stream);
            call.changed(EventClass::STREAM, "xgroup-create", &key);
        }
    }
    call.reply.ok();
    Ok(())
}

/// XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]
fn setid(call: &mut Call<'_>) -> CommandResult {
    let options = Options::parse(call, false)?;
    let key = call.key(2);
    let text = call.args.get(4);
    let too_long = (call.args.len() > SETID_ARGS_MAX).then(|| unknown_subcommand(call));
    with_group(call, |log_last_id, group| {
        too_long.map_or(Ok(()), Err)?;
        group.last_id = match text {
            b"$" => log_last_id,
            _ => id_or_edge(text, 0)?,
        };
        group.entries_read = options.entries_read;
        Ok(())
    })?;
    call.told(EventClass::STREAM, "xgroup-setid", &key);
    call.reply.ok();
    Ok(())
}

/// Do something to the group in the arguments; `change` gets the stream's last id with it.
///
/// # Errors
/// Redis's if there is no such stream or group.
fn with_group<T>(
    call: &mut Call<'_>,
    change: impl FnOnce(StreamId, &mut Group) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let key = call.key(2);
    let name = call.args.get(3);
    let Stream { log, groups } = stream_mut(&mut call.keys, &key)?.ok_or(NO_KEY)?;
    match groups.get_mut(name) {
        Some(group) => change(log.last_id, group),
        None => Err(no_group(key.bytes, name)),
    }
}

/// XGROUP DESTROY key group
fn destroy(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(2);
    let name = call.args.get(3);
    let removed = stream_mut(&mut call.keys, &key)?.ok_or(NO_KEY)?.groups.remove(name);
    call.reply.integer(i64::from(removed.is_some()));
    if let Some(group) = removed {
        call.keys.dispose(Object::Stream(Box::new(Stream::of_group(group))));
        call.told(EventClass::STREAM, "xgroup-destroy", &key);
        // Those who wait for the group have an error to be told.
        call.server.blocking.touch(call.keys.db, &key);
    }
    Ok(())
}

/// XGROUP CREATECONSUMER key group consumer
fn createconsumer(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(2);
    let (name, now_ms) = (call.args.get(4), call.now.unix_ms());
    let created = with_group(call, |_, group| {
        let created = group.find(name).is_none();
        if created {
            group.add_consumer(name, now_ms);
        }
        Ok(created)
    })?;
    if created {
        call.told(EventClass::STREAM, "xgroup-createconsumer", &key);
    }
    call.reply.integer(i64::from(created));
    Ok(())
}

/// XGROUP DELCONSUMER key group consumer
fn delconsumer(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(2);
    let name = call.args.get(4);
    let pending =
        with_group(call, |_, group| Ok(group.find(name).map(|consumer| group.remove_consumer(consumer))))?;
    if pending.is_some() {
        call.told(EventClass::STREAM, "xgroup-delconsumer", &key);
    }
    call.reply.integer(pending.unwrap_or(0) as i64);
    Ok(())
}

/// XACK key group id [id ...]
fn xack(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let args = call.args;
    let Some((_, group)) = log_and_group(&mut call.keys, &key, args.get(2))? else {
        call.reply.integer(0);
        return Ok(());
    };
    // All ids are read before the first one counts: an error is to change nothing.
    for text in args.iter_from(3) {
        strict_id(text, 0)?;
    }
    let mut acknowledged = 0;
    for text in args.iter_from(3) {
        acknowledged += u64::from(group.acknowledge(strict_id(text, 0)?));
    }
    call.dirty += acknowledged;
    call.reply.integer(acknowledged as i64);
    Ok(())
}

const fn row(
    name: &'static str,
    arity: i32,
    handler: Handler,
    flags: Flags,
    keys: &'static [KeySpec],
) -> CommandSpec {
    CommandSpec::new(name, arity, CommandGroup::Stream, handler).flags(Flags::WRITE.union(flags)).keys(keys)
}

const INSERT: &[KeySpec] = &[KeySpec::one(2, KeyFlags::RW.union(KeyFlags::INSERT))];
const DELETE: &[KeySpec] = &[KeySpec::one(2, KeyFlags::RW.union(KeyFlags::DELETE))];
const UPDATE: &[KeySpec] = &[KeySpec::one(2, KeyFlags::RW.union(KeyFlags::UPDATE))];
const NONE: Flags = Flags::empty();

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::container(
        "xgroup",
        CommandGroup::Stream,
        &[
            row("xgroup|create", -5, create, Flags::DENYOOM, INSERT)
                .usage("key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]")
                .about("5.0.0", "Add a group that reads a stream from after an id."),
            row("xgroup|createconsumer", 5, createconsumer, Flags::DENYOOM, INSERT)
                .usage("key group consumer")
                .about("6.2.0", "Add a consumer to a group."),
            row("xgroup|delconsumer", 5, delconsumer, NONE, DELETE)
                .usage("key group consumer")
                .about("5.0.0", "Remove a consumer and forget what it has not acknowledged."),
            row("xgroup|destroy", 4, destroy, NONE, DELETE)
                .usage("key group")
                .about("5.0.0", "Remove a group."),
            help::row("xgroup|help", CommandGroup::Stream, "5.0.0"),
            row("xgroup|setid", -5, setid, NONE, UPDATE)
                .usage("key group <id | $> [ENTRIESREAD entries-read]")
                .about("5.0.0", "Set the id after which a group reads on."),
        ],
    )
    .about("5.0.0", "Commands about the consumer groups of streams."),
    CommandSpec::new("xack", -4, CommandGroup::Stream, xack)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))])
        .usage("key group id [id ...]")
        .about("5.0.0", "Acknowledge entries; tell how many were pending."),
];
