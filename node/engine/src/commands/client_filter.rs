//! Which clients CLIENT LIST and CLIENT KILL are about.

use super::call::Call;
use super::error::CommandError;
use super::text::until_nul;
use crate::clock::Now;
use crate::resp::parse_i64;
use crate::server::{ClientKind, Session, SessionFlags, host_of};

/// Letters that stand for states of a client, ours and those that clients of Valkey may be in.
const FLAG_LETTERS: &[u8] = b"ABEIMNOPRSTUbcdeirtux";
/// Letters that stand for capabilities.
const CAPA_LETTERS: &[u8] = b"r";

/// What a client is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test<'a> {
    Ids(Vec<u64>),
    Kind(ClientKind),
    User,
    Address(&'a [u8]),
    LocalAddress(&'a [u8]),
    Host(&'a [u8]),
    Flags(&'a [u8]),
    Name(&'a [u8]),
    LibName(&'a [u8]),
    LibVersion(&'a [u8]),
    Db(usize),
    Capa(&'a [u8]),
    /// Connected for at least so many seconds.
    Age(u64),
    /// Not heard of for at least so many seconds.
    Idle(u64),
}

/// Conditions that a client has to meet, all of them.
#[derive(Debug)]
pub(super) struct ClientFilter<'a> {
    /// Each with false for a NOT- filter. One of a kind: the last one of a command counts.
    tests: Vec<(bool, Test<'a>)>,
    skip_me: bool,
}

impl<'a> ClientFilter<'a> {
    /// The filter of the old form of CLIENT KILL.
    pub fn by_address(address: &'a [u8]) -> Self {
        Self { tests: vec![(true, Test::Address(address))], skip_me: false }
    }

    /// Read filters from argument `first` on.
    ///
    /// # Errors
    /// An unknown filter, or a value it does not take.
    pub fn parse(call: &Call<'a>, first: usize, skip_me: bool) -> Result<Self, CommandError> {
        let mut filter = Self { tests: Vec::new(), skip_me };
        let mut index = first;
        while index < call.args.len() {
            let word = call.args.get(index).to_ascii_uppercase();
            let has_value = index + 1 < call.args.len();
            if word == b"ID" || word == b"NOT-ID" {
                let ids = ids_from(call, index + 1)?;
                index += 1 + ids.len();
                filter.add_ids(word == b"ID", ids);
            } else if word == b"SKIPME" && has_value {
                filter.skip_me = match call.args.get(index + 1) {
                    value if value.eq_ignore_ascii_case(b"yes") => true,
                    value if value.eq_ignore_ascii_case(b"no") => false,
                    _ => return Err(CommandError::SYNTAX),
                };
                index += 2;
            } else if has_value {
                let test = parse_test(call, &word, call.args.get(index + 1))?;
                filter.add(!word.starts_with(b"NOT-"), test);
                index += 2;
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(filter)
    }

    /// True for a client that meets all conditions, unless it is the asking one and that is to be left out.
    pub fn accepts(&self, session: &Session, asking: bool, now: Now) -> bool {
        !(asking && self.skip_me)
            && self.tests.iter().all(|(wanted, test)| test.holds(session, now) == *wanted)
    }

    fn add(&mut self, wanted: bool, test: Test<'a>) {
        let kind = std::mem::discriminant(&test);
        self.tests.retain(|(other, old)| *other != wanted || std::mem::discriminant(old) != kind);
        self.tests.push((wanted, test));
    }

    /// Ids are the exception: more of them are added.
    fn add_ids(&mut self, wanted: bool, mut more: Vec<u64>) {
        for (other, test) in &mut self.tests {
            if let Test::Ids(ids) = test
                && *other == wanted
            {
                return ids.append(&mut more);
            }
        }
        self.tests.push((wanted, Test::Ids(more)));
    }
}

impl Test<'_> {
    fn holds(&self, session: &Session, now: Now) -> bool {
        // Texts are compared as the words of C they are to Redis; one that was not told equals nothing.
        let is = |told: &[u8], wanted: &[u8]| !told.is_empty() && until_nul(told) == until_nul(wanted);
        let seconds_since = |then_us: u64| now.monotonic_us.saturating_sub(then_us) / 1_000_000;
        match self {
            Self::Ids(ids) => ids.contains(&session.id),
            Self::Kind(kind) => session.kind() == *kind,
            Self::User => true,
            Self::Address(address) => is(session.address.as_bytes(), address),
            Self::LocalAddress(address) => is(session.local_address.as_bytes(), address),
            Self::Host(host) => is(host_of(&session.address).as_bytes(), host),
            Self::Flags(letters) => {
                let has = session.flag_letters();
                until_nul(letters).iter().all(|letter| has.as_bytes().contains(letter))
            }
            Self::Name(name) => is(&session.name, name),
            Self::LibName(name) => is(&session.lib_name, name),
            Self::LibVersion(version) => is(&session.lib_version, version),
            Self::Db(db) => session.db == *db,
            Self::Capa(letters) => {
                until_nul(letters).is_empty() || session.flags.contains(SessionFlags::CAPA_REDIRECT)
            }
            Self::Age(seconds) => seconds_since(session.created.monotonic_us) >= *seconds,
            Self::Idle(seconds) => seconds_since(session.last_used_us) >= *seconds,
        }
    }
}

/// The ids that stand from argument `first` on; none if another filter does.
fn ids_from(call: &Call<'_>, first: usize) -> Result<Vec<u64>, CommandError> {
    let numbers = call.args.iter_from(first).map_while(parse_i64);
    numbers
        .map(|id| u64::try_from(id).ok().filter(|id| *id > 0))
        .collect::<Option<_>>()
        .ok_or(CommandError::text("ERR client-id should be greater than 0"))
}

/// A filter with one value; its name in upper case.
fn parse_test<'a>(call: &Call<'a>, word: &[u8], value: &'a [u8]) -> Result<Test<'a>, CommandError> {
    let (filter, negated) = match word.strip_prefix(b"NOT-") {
        Some(filter) => (filter, true),
        None => (word, false),
    };
    Ok(match filter {
        b"TYPE" => {
            let kind = std::str::from_utf8(until_nul(value)).ok().and_then(ClientKind::from_name);
            Test::Kind(kind.ok_or_else(|| CommandError::quoting("ERR Unknown client type '", value, "'"))?)
        }
        b"USER" if value == b"default" => Test::User,
        b"USER" => return Err(CommandError::quoting("ERR No such user '", value, "'")),
        b"ADDR" => Test::Address(value),
        b"LADDR" => Test::LocalAddress(value),
        b"IP" => Test::Host(value),
        b"FLAGS" => Test::Flags(known_letters(
            value,
            FLAG_LETTERS,
            "flags",
            if negated { "NOT-FLAGS" } else { "provided" },
        )?),
        b"NAME" => Test::Name(value),
        b"LIB-NAME" => Test::LibName(value),
        b"LIB-VER" => Test::LibVersion(value),
        b"DB" => Test::Db(database(call, value, if negated { "NOT-DB" } else { "DB" })?),
        b"CAPA" => Test::Capa(known_letters(
            value,
            CAPA_LETTERS,
            "capa",
            if negated { "NOT-CAPA" } else { "provided" },
        )?),
        b"MAXAGE" if !negated => Test::Age(positive(value, "maxage")?),
        b"IDLE" if !negated => Test::Idle(positive(value, "idle")?),
        _ => return Err(CommandError::SYNTAX),
    })
}

/// A value that has only these letters in it; `what` and `place` are for the error.
fn known_letters<'a>(
    value: &'a [u8],
    letters: &[u8],
    what: &str,
    place: &str,
) -> Result<&'a [u8], CommandError> {
    if until_nul(value).iter().all(|letter| letters.contains(letter)) {
        return Ok(value);
    }
    Err(CommandError::quoting(&format!("ERR Unknown {what} found in the {place} filter: "), value, ""))
}

fn database(call: &Call<'_>, value: &[u8], name: &str) -> Result<usize, CommandError> {
    let number = parse_i64(value)
        .and_then(|number| i32::try_from(number).ok())
        .ok_or_else(|| CommandError::new(format!("ERR {name} is not an integer or out of range")))?;
    let count = call.keys.keyspace.database_count();
    usize::try_from(number)
        .ok()
        .filter(|number| *number < count)
        .ok_or_else(|| CommandError::new(format!("ERR {name} number should be between 0 and {}", count - 1)))
}

fn positive(value: &[u8], name: &str) -> Result<u64, CommandError> {
    let number = parse_i64(value)
        .ok_or_else(|| CommandError::new(format!("ERR {name} is not an integer or out of range")))?;
    u64::try_from(number)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| CommandError::new(format!("ERR {name} should be greater than 0")))
}
