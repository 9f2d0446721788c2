//! Maps from a judge's score to the chance that a person lets the answer pass.
//!
//! A score in `[0, 1]` in, a probability in `[0, 1]` out; all maps rise or are flat, so the order of two
//! answers never turns round. Platt 1999, "Probabilistic outputs for support vector machines"; beta: Kull,
//! Silva Filho & Flach 2017 (<https://proceedings.mlr.press/v54/kull17a.html>); isotonic: Zadrozny & Elkan
//! 2002 (<https://doi.org/10.1145/775047.775151>).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How near to 0 and 1 the beta map takes scores: a judge that says 1 is not infinitely sure.
const EDGE: f64 = 0.005;

/// The shapes that a map can have, simplest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The score as it is.
    Identity,
    /// A logistic curve of the score.
    Platt,
    /// A beta curve of the score.
    Beta,
    /// Steps that rise, joined by straight lines.
    Isotonic,
}

impl Shape {
    /// All shapes, simplest first.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Platt, Self::Beta, Self::Isotonic];

    /// The name, as it is serialised.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Platt => "platt",
            Self::Beta => "beta",
            Self::Isotonic => "isotonic",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A fitted map.
///
/// ```
/// use botsmith_eval::calibration::Map;
/// let harsh = Map::Platt { offset: 1.0, slope: 2.0 };
/// assert!((harsh.apply(0.0) - 0.731).abs() < 1e-3);
/// assert_eq!(Map::Identity.apply(0.25), 0.25);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "kebab-case")]
pub enum Map {
    /// `s`
    Identity,
    /// `1 / (1 + exp(-(offset + slope s)))`, slope at least 0.
    Platt {
        /// The log odds at a score of 0.
        offset: f64,
        /// What a whole point of score adds to them.
        slope: f64,
    },
    /// `1 / (1 + exp(-(a ln s - b ln(1 - s) + c)))`, a and b at least 0.
    Beta {
        /// The weight of `ln s`.
        a: f64,
        /// The weight of `-ln(1 - s)`.
        b: f64,
        /// The offset.
        c: f64,
    },
    /// Straight lines between points, level outside of them.
    Isotonic {
        /// Scores and probabilities, both ascending; at least one.
        points: Vec<(f64, f64)>,
    },
}

/// `1 / (1 + exp(-x))`.
pub(super) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + libm::exp(-x))
    } else {
        let e = libm::exp(x);
        e / (1.0 + e)
    }
}

/// What the beta map's two weights multiply.
pub(super) fn beta_terms(score: f64) -> (f64, f64) {
    let score = score.clamp(EDGE, 1.0 - EDGE);
    (libm::log(score), -libm::log(1.0 - score))
}

impl Map {
    /// Its shape.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Identity => Shape::Identity,
            Self::Platt { .. } => Shape::Platt,
            Self::Beta { .. } => Shape::Beta,
            Self::Isotonic { .. } => Shape::Isotonic,
        }
    }

    /// The probability that a person lets an answer of this score pass, in `[0, 1]`; scores outside
    /// `[0, 1]` count as the nearer end.
    pub fn apply(&self, score: f64) -> f64 {
        let score = score.clamp(0.0, 1.0);
        match self {
            Self::Identity => score,
            Self::Platt { offset, slope } => logistic(offset + slope * score),
            Self::Beta { a, b, c } => {
                let (low, high) = beta_terms(score);
                logistic(a * low + b * high + c)
            }
            Self::Isotonic { points } => between(points, score),
        }
    }
}

fn between(points: &[(f64, f64)], score: f64) -> f64 {
    let after = points.partition_point(|(x, _)| *x <= score);
    match (after.checked_sub(1).map(|at| points[at]), points.get(after)) {
        (Some((x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (score - x0) / (x1 - x0),
        (Some((_, y)), None) | (None, Some(&(_, y))) => y,
        (None, None) => score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_map_rises_and_stays_a_probability() {
        let maps = [
            Map::Identity,
            Map::Platt {
                offset: -3.0,
                slope: 900.0,
            },
            Map::Beta {
                a: 0.0,
                b: 4.0,
                c: -1.0,
            },
            Map::Isotonic {
                points: vec![(0.2, 0.1), (0.2001, 0.6), (0.9, 0.6)],
            },
            Map::Isotonic {
                points: vec![(0.5, 0.3)],
            },
        ];
        for map in maps {
            let mut before = 0.0;
            for i in 0..=1000 {
                let p = map.apply(f64::from(i) / 1000.0);
                assert!((0.0..=1.0).contains(&p) && p >= before, "{map:?} at {i}");
                before = p;
            }
        }
    }

    #[test]
    fn a_map_reads_back_as_it_was_written() {
        let map = Map::Isotonic {
            points: vec![(0.1, 0.2), (0.7, 0.9)],
        };
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(
            text,
            r#"{"shape":"isotonic","points":[[0.1,0.2],[0.7,0.9]]}"#
        );
        assert_eq!(serde_json::from_str::<Map>(&text).unwrap(), map);
    }
}
