//! Geo: members within a circle or a rectangle.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::flags::Flags;
use super::geo::{Unit, point_at, reply_distance, reply_point};
use super::key_spec::{KeyFlags, KeySpec};
use super::spec::{CommandSpec, Group};
use super::zset_store::store;
use super::zset_value::ZsetRef;
use crate::collections::sorted_set::{Direction, Place, ScoredMember};
use crate::geo::{Point, Shape, areas};
use crate::resp::parse_score;

/// What the options say.
#[derive(Default)]
struct Query {
    center: Option<Point>,
    /// FROMMEMBER was given, whether or not there is a set to look the member up in.
    from_member: bool,
    shape: Option<Shape>,
    unit_m: f64,
    with_distance: bool,
    with_hash: bool,
    with_coordinates: bool,
    order: Option<Direction>,
    /// 0: all.
    count: usize,
    any: bool,
    store_distance: bool,
}

impl Query {
    /// Read the options behind the key, which is argument `key`, whose value is `set`.
    fn parse(
        call: &Call<'_>,
        key: usize,
        set: Option<ZsetRef<'_>>,
        stores: bool,
    ) -> Result<Self, CommandError> {
        let mut query = Self::default();
        let mut index = key + 1;
        while index < call.args.len() {
            let left = call.args.len() - index - 1;
            let is = |word| call.is_word(index, word);
            index += if is("WITHDIST") {
                query.with_distance = true;
                1
            } else if is("WITHHASH") {
                query.with_hash = true;
                1
            } else if is("WITHCOORD") {
                query.with_coordinates = true;
                1
            } else if is("ANY") {
                query.any = true;
                1
            } else if is("ASC") {
                query.order = Some(Direction::Up);
                1
            } else if is("DESC") {
                query.order = Some(Direction::Down);
                1
            } else if stores && is("STOREDIST") {
                query.store_distance = true;
                1
            } else if is("COUNT") && left >= 1 {
                let count = usize::try_from(call.integer(index + 1)?).unwrap_or(0);
                query.count = Some(count).filter(|count| *count > 0).ok_or(COUNT_TOO_SMALL)?;
                2
            } else {
                query.parse_place(call, index, set)?
            };
        }
        query.check(call, stores)?;
        Ok(query)
    }

    /// Read an option that says where to search; returns how many arguments it takes.
    fn parse_place(
        &mut self,
        call: &Call<'_>,
        index: usize,
        set: Option<ZsetRef<'_>>,
    ) -> Result<usize, CommandError> {
        let left = call.args.len() - index - 1;
        let from_point = self.center.is_some() && !self.from_member;
        let (by_circle, by_rectangle) = (
            matches!(self.shape, Some(Shape::Circle { .. })),
            matches!(self.shape, Some(Shape::Rectangle { .. })),
        );
        let is = |word| call.is_word(index, word);
        if is("FROMMEMBER") && left >= 1 && !from_point {
            self.from_member = true;
            if let Some(set) = set {
                let member = call.args.get(index + 1);
                let score = set.score(member).ok_or_else(|| {
                    // Its text ends at a NUL, as C's texts do.
                    let shown = member.split(|byte| *byte == 0).next().unwrap_or(member);
                    CommandError::new([b"ERR member ", shown, b" does not exist"].concat())
                })?;
                self.center = Some(Point::of_score(score));
            }
            return Ok(2);
        }
        if is("FROMLONLAT") && left >= 2 && !self.from_member {
            self.center = Some(point_at(call, index + 1)?);
            return Ok(3);
        }
        let length = |index, what| parse_score(call.args.get(index)).ok_or(CommandError::text(what));
        if is("BYRADIUS") && left >= 2 && !by_rectangle {
            let radius = length(index + 1, "ERR need numeric radius")?;
            if radius < 0.0 {
                return Err(CommandError::text("ERR radius cannot be negative"));
            }
            self.unit_m = Unit::parse(call, index + 2)?.0;
            self.shape = Some(Shape::Circle { radius_m: radius * self.unit_m });
            return Ok(3);
        }
        if is("BYBOX") && left >= 3 && !by_circle {
            let width = length(index + 1, "ERR need numeric width")?;
            let height = length(index + 2, "ERR need numeric height")?;
            if width < 0.0 || height < 0.0 {
                return Err(CommandError::text("ERR height or width cannot be negative"));
            }
            self.unit_m = Unit::parse(call, index + 3)?.0;
            self.shape =
                Some(Shape::Rectangle { width_m: width * self.unit_m, height_m: height * self.unit_m });
            return Ok(4);
        }
        Err(CommandError::SYNTAX)
    }

    fn check(&self, call: &Call<'_>, stores: bool) -> CommandResult {
        if stores && (self.with_distance || self.with_hash || self.with_coordinates) {
            return Err(CommandError::text(
                "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
            ));
        }
        let exactly_one = |of: &[u8]| {
            CommandError::new(
                [b"ERR exactly one of ", of, b" can be specified for ", call.args.get(0)].concat(),
            )
        };
        if self.center.is_none() && !self.from_member {
            return Err(exactly_one(b"FROMMEMBER or FROMLONLAT"));
        }
        if self.shape.is_none() {
            return Err(exactly_one(b"BYRADIUS and BYBOX"));
        }
        if self.any && self.count == 0 {
            return Err(CommandError::text("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }

    /// The members within the shape.
    fn search<'s>(&self, set: ZsetRef<'s>) -> Vec<Found<'s>> {
        let (Some(center), Some(shape)) = (self.center, self.shape) else { return Vec::new() };
        let enough = if self.any { self.count } else { usize::MAX };
        let mut found: Vec<Found<'s>> = Vec::new();
        for cell in areas(shape, center) {
            if found.len() >= enough {
                break;
            }
            let (from, to) = cell.scores();
            let first = set.rank(&Place::BeforeScore(from));
            for scored in set.iter(first, Direction::Up).take_while(|scored| scored.score < to) {
                let point = Point::of_score(scored.score);
                if let Some(distance_m) = shape.distance_within(center, point) {
                    found.push(Found { scored, point, distance_m });
                }
                if found.len() >= enough {
                    break;
                }
            }
        }
        // The nearest are meant when only some are asked for.
        let order = self.order.or((self.count > 0 && !self.any).then_some(Direction::Up));
        match order {
            Some(Direction::Up) => found.sort_by(|one, other| one.distance_m.total_cmp(&other.distance_m)),
            Some(Direction::Down) => found.sort_by(|one, other| other.distance_m.total_cmp(&one.distance_m)),
            None => {}
        }
        if self.count > 0 {
            found.truncate(self.count);
        }
        found
    }
}

const COUNT_TOO_SMALL: CommandError = CommandError::text("ERR COUNT must be > 0");

/// A member within the shape.
struct Found<'s> {
    scored: ScoredMember<'s>,
    point: Point,
    distance_m: f64,
}

/// GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude
/// BYRADIUS radius unit | BYBOX width height unit [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
fn geosearch(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    // The look-up comes first, as its error does; the arguments are borrowed apart from the keys.
    let set = match ZsetRef::read(&mut call.keys, &key)? {
        Some(_) => call.keys.database().find(&key).and_then(|entry| ZsetRef::of(entry.collection())),
        None => None,
    };
    let query = Query::parse(call, 1, set, false)?;
    let found = set.map_or(Vec::new(), |set| query.search(set));
    let details = [query.with_distance, query.with_hash, query.with_coordinates];
    let details = details.into_iter().filter(|given| *given).count();
    let reply = &mut *call.reply;
    reply.array(found.len());
    for Found { scored, point, distance_m } in found {
        if details > 0 {
            reply.array(1 + details);
        }
        reply.bulk(scored.member);
        if query.with_distance {
            reply_distance(reply, distance_m / query.unit_m);
        }
        if query.with_hash {
            reply.integer(scored.score as i64);
        }
        if query.with_coordinates {
            reply_point(reply, point);
        }
    }
    Ok(())
}

/// GEOSEARCHSTORE destination source FROMMEMBER member | FROMLONLAT longitude latitude
/// BYRADIUS radius unit | BYBOX width height unit [ASC | DESC] [COUNT count [ANY]] [STOREDIST]
fn geosearchstore(call: &mut Call<'_>) -> CommandResult {
    let source = call.key(2);
    let exists = ZsetRef::read(&mut call.keys, &source)?.is_some();
    let entry = if exists { call.keys.database().find(&source) } else { None };
    let set = entry.and_then(|entry| ZsetRef::of(entry.collection()));
    let query = Query::parse(call, 2, set, true)?;
    let found = set.map_or(Vec::new(), |set| query.search(set));
    let score = |found: &Found<'_>| {
        if query.store_distance { found.distance_m / query.unit_m } else { found.scored.score }
    };
    let members: Vec<(Vec<u8>, f64)> =
        found.iter().map(|found| (found.scored.member.to_vec(), score(found))).collect();
    let members = members.iter().map(|(member, score)| ScoredMember { score: *score, member });
    store(call, 1, members, "geosearchstore")
}

const READ: KeySpec = KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS));

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("geosearch", -7, Group::Geo, geosearch)
        .usage("key [FROMMEMBER member | FROMLONLAT longitude latitude] <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]")
        .flags(Flags::READONLY)
        .keys(&[READ])
        .about("6.2.0", "Give the members within a circle or a rectangle."),
    CommandSpec::new("geosearchstore", -8, Group::Geo, geosearchstore)
        .usage("destination source [FROMMEMBER member | FROMLONLAT longitude latitude] <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]")
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[
            KeySpec::one(1, KeyFlags::OW.union(KeyFlags::UPDATE)),
            KeySpec::one(2, KeyFlags::RO.union(KeyFlags::ACCESS)),
        ])
        .about("6.2.0", "Store the members within a circle or a rectangle as another sorted set."),
];
