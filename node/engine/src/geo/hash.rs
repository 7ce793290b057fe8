//! Geohashes as bits: the map halved again and again, by longitude and by latitude in turn.

use super::Point;

/// Degrees from the middle of the map to its edges.
pub const LONGITUDE_MAX: f64 = 180.0;
pub const LATITUDE_MAX: f64 = 85.051_128_78;

/// How often a score halves each side of the map.
pub const STEPS_MAX: u32 = 26;

const LONGITUDE_BITS: u64 = 0xaaaa_aaaa_aaaa_aaaa;
const LATITUDE_BITS: u64 = 0x5555_5555_5555_5555;

/// A rectangle of the map: its sides are the map's, halved `steps` times; `bits` has two bits for each of them, the
/// longitude's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub bits: u64,
    pub steps: u32,
}

/// From and to in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub longitude: (f64, f64),
    pub latitude: (f64, f64),
}

impl Cell {
    /// The cell that a point is in.
    pub fn of(point: Point, steps: u32) -> Self {
        Self::within(point, steps, LONGITUDE_MAX, LATITUDE_MAX)
    }

    /// The cell that a point is in on a map with other edges.
    pub(super) fn within(point: Point, steps: u32, longitude_max: f64, latitude_max: f64) -> Self {
        let place = |degrees: f64, max: f64| {
            let share = (degrees + max) / (max + max);
            (share * f64::from(1u32 << steps)) as u32
        };
        let (x, y) = (place(point.longitude, longitude_max), place(point.latitude, latitude_max));
        Self { bits: spread(x) << 1 | spread(y), steps }
    }

    /// Its edges.
    pub fn bounds(self) -> Bounds {
        let side = f64::from(1u32 << self.steps);
        let range = |place: u32, max: f64| {
            let edge = |place: f64| -max + (place / side) * (max + max);
            (edge(f64::from(place)), edge(f64::from(place) + 1.0))
        };
        Bounds {
            longitude: range(gather(self.bits >> 1), LONGITUDE_MAX),
            latitude: range(gather(self.bits), LATITUDE_MAX),
        }
    }

    /// The point in its middle.
    pub fn center(self) -> Point {
        let Bounds { longitude, latitude } = self.bounds();
        let middle = |(from, to): (f64, f64), max: f64| ((from + to) / 2.0).clamp(-max, max);
        Point { longitude: middle(longitude, LONGITUDE_MAX), latitude: middle(latitude, LATITUDE_MAX) }
    }

    /// The cell `x` columns to the east and `y` rows to the north, each -1, 0 or 1; the map is taken to be round.
    pub fn neighbour(self, x: i32, y: i32) -> Self {
        let used = u64::MAX >> (64 - 2 * self.steps);
        let step = |own: u64, others: u64, by: i32| match by {
            0 => self.bits & own,
            1 => (self.bits & own).wrapping_add((others & used) + 1) & own & used,
            _ => (self.bits & own | others & used).wrapping_sub((others & used) + 1) & own & used,
        };
        let x = step(LONGITUDE_BITS, LATITUDE_BITS, x);
        let y = step(LATITUDE_BITS, LONGITUDE_BITS, y);
        Self { bits: x | y, ..self }
    }

    /// The scores of the points in it: from the first to before the second.
    pub fn scores(self) -> (f64, f64) {
        let unused = 2 * (STEPS_MAX - self.steps);
        ((self.bits << unused) as f64, ((self.bits + 1) << unused) as f64)
    }
}

/// The bits of a number, each followed by a zero on its left.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, LATITUDE_BITS),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// Every second bit of a number, the lowest included.
fn gather(number: u64) -> u32 {
    let mut bits = number & LATITUDE_BITS;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ] {
        bits = (bits | bits >> shift) & mask;
    }
    bits as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_spread_and_gathered_again() {
        for number in [0, 1, 2, 0x1234_5678, u32::MAX] {
            assert_eq!(gather(spread(number)), number);
            assert_eq!(gather(spread(number) << 1 >> 1), number);
        }
    }

    #[test]
    fn neighbours_lie_side_by_side_and_go_round_the_map() {
        let cell = Cell::of(Point::new(13.0, 38.0).unwrap(), 10);
        assert_eq!(cell.neighbour(1, 0).bounds().longitude.0, cell.bounds().longitude.1);
        assert_eq!(cell.neighbour(0, -1).bounds().latitude.1, cell.bounds().latitude.0);
        assert_eq!(cell.neighbour(1, 1).neighbour(-1, -1), cell);
        let edge = Cell::of(Point::new(179.99, 0.0).unwrap(), 10);
        assert!(edge.neighbour(1, 0).bounds().longitude.0 == -180.0);
    }
}
