//! Geo: points as members of a sorted set, their places and distances.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::spec::{CommandSpec, Group};
use super::zset::{Conditions, add_pairs};
use super::zset_value::ZsetRef;
use crate::geo::Point;
use crate::resp::{Protocol, Reply, parse_score};

/// A unit of length: how many metres it has.
#[derive(Clone, Copy)]
pub(super) struct Unit(pub f64);

impl Unit {
    /// The unit that argument `index` names.
    ///
    /// # Errors
    /// It names none.
    pub fn parse(call: &Call<'_>, index: usize) -> Result<Self, CommandError> {
        let units = [("M", 1.0), ("KM", 1_000.0), ("FT", 0.3048), ("MI", 1_609.34)];
        let unit = units.into_iter().find(|(name, _)| call.is_word(index, name));
        unit.map(|(_, metres)| Self(metres))
            .ok_or(CommandError::text("ERR unsupported unit provided. please use M, KM, FT, MI"))
    }
}

/// The point that two arguments from `index` on are.
///
/// # Errors
/// They are no numbers, or lie beyond the map.
pub(super) fn point_at(call: &Call<'_>, index: usize) -> Result<Point, CommandError> {
    let degrees = |index| parse_score(call.args.get(index)).ok_or(CommandError::NOT_A_FLOAT);
    let (longitude, latitude) = (degrees(index)?, degrees(index + 1)?);
    Point::new(longitude, latitude).ok_or_else(|| {
        CommandError::new(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"))
    })
}

/// Write a number of degrees: seventeen decimals without the zeros at their end.
pub(super) fn reply_degrees(reply: &mut Reply, degrees: f64) {
    let text = format!("{degrees:.17}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if reply.protocol == Protocol::Resp3 {
        reply.raw(format!(",{text}\r\n").as_bytes());
    } else {
        reply.bulk(text.as_bytes());
    }
}

/// Write a point as an array of two.
pub(super) fn reply_point(reply: &mut Reply, point: Point) {
    reply.array(2);
    reply_degrees(reply, point.longitude);
    reply_degrees(reply, point.latitude);
}

/// Write a distance with four decimals.
pub(super) fn reply_distance(reply: &mut Reply, distance: f64) {
    let scaled = (distance * 10_000.0).round_ties_even();
    let text = if scaled.abs() < 1e18 {
        let scaled = scaled as u64;
        format!("{}.{:04}", scaled / 10_000, scaled % 10_000)
    } else {
        format!("{distance:.4}")
    };
    reply.bulk(text.as_bytes());
}

/// GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]
fn geoadd(call: &mut Call<'_>) -> CommandResult {
    let mut conditions = Conditions::default();
    let mut first = 2;
    while first < call.args.len() {
        let field = match call.args.get(first) {
            word if word.eq_ignore_ascii_case(b"NX") => &mut conditions.only_new,
            word if word.eq_ignore_ascii_case(b"XX") => &mut conditions.only_existing,
            word if word.eq_ignore_ascii_case(b"CH") => &mut conditions.count_changed,
            _ => break,
        };
        *field = true;
        first += 1;
    }
    let rest = call.args.len() - first;
    if rest == 0 || !rest.is_multiple_of(3) || (conditions.only_new && conditions.only_existing) {
        return Err(CommandError::SYNTAX);
    }
    let mut pairs = Vec::with_capacity(rest / 3);
    for index in (first..call.args.len()).step_by(3) {
        pairs.push((point_at(call, index)?.score(), call.args.get(index + 2)));
    }
    add_pairs(call, &conditions, &pairs)
}

/// GEOPOS key [member ...]
fn geopos(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let set = ZsetRef::read(&mut call.keys, &key)?;
    call.reply.array(call.args.len() - 2);
    for member in call.args.iter_from(2) {
        match set.and_then(|set| set.score(member)) {
            Some(score) => reply_point(call.reply, Point::of_score(score)),
            None => call.reply.null_array(),
        }
    }
    Ok(())
}

/// GEOHASH key [member ...]
fn geohash(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let set = ZsetRef::read(&mut call.keys, &key)?;
    call.reply.array(call.args.len() - 2);
    for member in call.args.iter_from(2) {
        match set.and_then(|set| set.score(member)) {
            Some(score) => call.reply.bulk(Point::of_score(score).geohash().as_bytes()),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// GEODIST key member1 member2 [M | KM | FT | MI]
fn geodist(call: &mut Call<'_>) -> CommandResult {
    let unit = match call.args.len() {
        4 => Unit(1.0),
        5 => Unit::parse(call, 4)?,
        _ => return Err(CommandError::SYNTAX),
    };
    let key = call.key(1);
    let set = ZsetRef::read(&mut call.keys, &key)?;
    let point = |index| set.and_then(|set| set.score(call.args.get(index))).map(Point::of_score);
    match (point(2), point(3)) {
        (Some(one), Some(other)) => reply_distance(call.reply, one.distance_m(other) / unit.0),
        _ => call.reply.null(),
    }
    Ok(())
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("geoadd", -5, Group::Geo, geoadd)
        .usage("key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]")
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))])
        .about("3.2.0", "Add members at points of the earth, or move them."),
    CommandSpec::new("geopos", -2, Group::Geo, geopos)
        .usage("key [member [member ...]]")
        .flags(Flags::READONLY)
        .keys(READ)
        .about("3.2.0", "Give the points at which members are."),
    CommandSpec::new("geohash", -2, Group::Geo, geohash)
        .usage("key [member [member ...]]")
        .flags(Flags::READONLY)
        .keys(READ)
        .about("3.2.0", "Give the geohashes of the points at which members are."),
    CommandSpec::new("geodist", -4, Group::Geo, geodist)
        .usage("key member1 member2 [M | KM | FT | MI]")
        .flags(Flags::READONLY)
        .keys(READ)
        .about("3.2.0", "Give the distance between two members."),
];
