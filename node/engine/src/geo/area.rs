//! What a search covers: a circle or a rectangle, and the cells of the map that hold it.

use super::hash::Bounds;
use super::{Cell, EARTH_RADIUS_M, Point, STEPS_MAX};

/// Half the length of the equator, in the projection in which cells are squares.
const MERCATOR_MAX_M: f64 = 20_037_726.37;

/// A shape around a point; lengths in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    Circle { radius_m: f64 },
    Rectangle { width_m: f64, height_m: f64 },
}

impl Shape {
    /// The distance of a point from the center, if it lies in the shape.
    pub fn distance_within(self, center: Point, point: Point) -> Option<f64> {
        match self {
            Self::Circle { radius_m } => {
                Some(center.distance_m(point)).filter(|distance| *distance <= radius_m)
            }
            Self::Rectangle { width_m, height_m } => {
                if point.latitude_distance_m(center) > height_m / 2.0 {
                    return None;
                }
                let beside = Point { longitude: center.longitude, ..point };
                let inside = point.distance_m(beside) <= width_m / 2.0;
                inside.then(|| center.distance_m(point))
            }
        }
    }

    /// Half of the width and of the height.
    fn half_sides_m(self) -> (f64, f64) {
        match self {
            Self::Circle { radius_m } => (radius_m, radius_m),
            Self::Rectangle { width_m, height_m } => (width_m / 2.0, height_m / 2.0),
        }
    }

    fn radius_m(self) -> f64 {
        match self {
            Self::Circle { radius_m } => radius_m,
            Self::Rectangle { width_m, height_m } => {
                ((width_m / 2.0) * (width_m / 2.0) + (height_m / 2.0) * (height_m / 2.0)).sqrt()
            }
        }
    }

    /// The rectangle of degrees that the shape fits into.
    fn bounds(self, center: Point) -> Bounds {
        let (half_width, half_height) = self.half_sides_m();
        let Point { longitude, latitude } = center;
        let delta = degrees(half_height / EARTH_RADIUS_M);
        let widest = |latitude: f64| degrees(half_width / EARTH_RADIUS_M / latitude.to_radians().cos());
        // The edge that is nearer to the pole is the one that spans more degrees.
        let delta_longitude =
            if latitude < 0.0 { widest(latitude - delta) } else { widest(latitude + delta) };
        Bounds {
            longitude: (longitude - delta_longitude, longitude + delta_longitude),
            latitude: (latitude - delta, latitude + delta),
        }
    }
}

/// An angle in degrees, divided as C programs do it.
fn degrees(radians: f64) -> f64 {
    radians / (std::f64::consts::PI / 180.0)
}

/// How small the cells may be so that nine of them hold a circle of this radius.
fn estimated_steps(radius_m: f64, latitude: f64) -> u32 {
    if radius_m == 0.0 {
        return STEPS_MAX;
    }
    let mut radius_m = radius_m;
    let mut steps = 1i32;
    while radius_m < MERCATOR_MAX_M {
        radius_m *= 2.0;
        steps += 1;
    }
    steps -= 2;
    // Towards the poles cells are narrower.
    if latitude.abs() > 66.0 {
        steps -= 1;
    }
    if latitude.abs() > 80.0 {
        steps -= 1;
    }
    steps.clamp(1, STEPS_MAX as i32) as u32
}

/// The order in which cells are searched: the middle one, then its neighbours to the north, south, east and west, then
/// those at its corners.
const NEIGHBOURS: [(i32, i32); 9] =
    [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

/// The cells that hold all points of a shape, in the order in which Redis searches them, which is the order of results
/// that are not sorted.
pub fn areas(shape: Shape, center: Point) -> Vec<Cell> {
    let bounds = shape.bounds(center);
    let mut steps = estimated_steps(shape.radius_m(), center.latitude);
    let mut middle = Cell::of(center, steps);
    let edge = |x, y| middle.neighbour(x, y).bounds();
    let too_small = edge(0, 1).latitude.1 < bounds.latitude.1
        || edge(0, -1).latitude.0 > bounds.latitude.0
        || edge(1, 0).longitude.1 < bounds.longitude.1
        || edge(-1, 0).longitude.0 > bounds.longitude.0;
    if steps > 1 && too_small {
        steps -= 1;
        middle = Cell::of(center, steps);
    }
    let inside = middle.bounds();
    let is_needed = |(x, y): (i32, i32)| {
        steps < 2
            || !((y < 0 && inside.latitude.0 < bounds.latitude.0)
                || (y > 0 && inside.latitude.1 > bounds.latitude.1)
                || (x < 0 && inside.longitude.0 < bounds.longitude.0)
                || (x > 0 && inside.longitude.1 > bounds.longitude.1))
    };
    let needed = NEIGHBOURS.into_iter().filter(|offset| is_needed(*offset));
    let mut cells: Vec<Cell> = needed.map(|(x, y)| middle.neighbour(x, y)).collect();
    // With few steps, neighbours on both sides are one and the same.
    cells.dedup();
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_of_a_search_hold_every_point_of_its_shape() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        for _ in 0..2_000 {
            let center = Point::new(next() * 300.0 - 150.0, next() * 140.0 - 70.0).unwrap();
            let radius_m = 10f64.powf(next() * 5.0);
            let shape = Shape::Circle { radius_m };
            let cells = areas(shape, center);
            let bounds = shape.bounds(center);
            let within = |(from, to): (f64, f64), share: f64| from + (to - from) * share;
            let (longitude, latitude) = (within(bounds.longitude, next()), within(bounds.latitude, next()));
            let Some(point) = Point::new(longitude, latitude) else { continue };
            if shape.distance_within(center, point).is_some() {
                let score = point.score();
                let found = cells.iter().any(|cell| cell.scores().0 <= score && score < cell.scores().1);
                assert!(found, "{center:?} {radius_m} {point:?}");
            }
        }
    }
}
