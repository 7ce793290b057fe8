//! Points on the earth: geohashes as Redis stores them in scores, distances, and the areas that a search looks into.

mod area;
mod hash;

pub use area::{Shape, areas};
pub use hash::{Cell, LATITUDE_MAX, LONGITUDE_MAX, STEPS_MAX};

/// The radius of the sphere that distances are measured on, in metres.
const EARTH_RADIUS_M: f64 = 6_372_797.560_856;

/// A point, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub longitude: f64,
    pub latitude: f64,
}

impl Point {
    /// A point that geohashes can stand for: up to some five degrees from the poles.
    pub fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let inside = (-LONGITUDE_MAX..=LONGITUDE_MAX).contains(&longitude)
            && (-LATITUDE_MAX..=LATITUDE_MAX).contains(&latitude);
        inside.then_some(Self { longitude, latitude })
    }

    /// The point that a member's score stands for, up to less than a metre.
    pub fn of_score(score: f64) -> Self {
        Cell { bits: score as u64, steps: STEPS_MAX }.center()
    }

    /// The score of a member at this point.
    pub fn score(self) -> f64 {
        Cell::of(self, STEPS_MAX).bits as f64
    }

    /// The point's geohash as others write it: eleven characters, the last of which says nothing.
    pub fn geohash(self) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        // The usual geohash reaches to the poles.
        let bits = Cell::within(self, STEPS_MAX, LONGITUDE_MAX, 90.0).bits;
        let digit = |index: u32| if index == 10 { 0 } else { bits >> (52 - 5 * (index + 1)) & 0x1f };
        (0..11).map(|index| char::from(ALPHABET[digit(index) as usize])).collect()
    }

    /// The distance to another point in metres, along a great circle.
    pub fn distance_m(self, other: Self) -> f64 {
        let v = ((other.longitude.to_radians() - self.longitude.to_radians()) / 2.0).sin();
        if v == 0.0 {
            return self.latitude_distance_m(other);
        }
        let (one, two) = (self.latitude.to_radians(), other.latitude.to_radians());
        let u = ((two - one) / 2.0).sin();
        let a = u * u + one.cos() * two.cos() * v * v;
        2.0 * EARTH_RADIUS_M * a.sqrt().asin()
    }

    /// The distance to another point in metres that follows from their latitudes alone.
    fn latitude_distance_m(self, other: Self) -> f64 {
        EARTH_RADIUS_M * (other.latitude.to_radians() - self.latitude.to_radians()).abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_comes_back_from_its_score_and_has_its_geohash() {
        let palermo = Point::new(13.361389, 38.115556).unwrap();
        assert_eq!(palermo.score(), 3_479_099_956_230_698.0);
        assert_eq!(palermo.geohash(), "sqc8b49rny0");
        let read = Point::of_score(palermo.score());
        assert_eq!(
            format!("{:.17} {:.17}", read.longitude, read.latitude),
            "13.36138933897018433 38.11555639549629859"
        );
        let catania = Point::new(15.087269, 37.502669).unwrap();
        let catania = Point::of_score(catania.score());
        assert_eq!(format!("{:.4}", read.distance_m(catania)), "166274.1516");
    }

    #[test]
    fn there_are_no_points_beyond_the_map() {
        assert_eq!(Point::new(180.1, 0.0), None);
        assert_eq!(Point::new(0.0, -85.06), None);
        assert_eq!(Point::new(f64::NAN, 0.0), None);
    }
}
