//! Rotary positions: a configuration -> the angle of each pair of numbers at each position.
//!
//! Su et al. 2021, <https://arxiv.org/abs/2104.09864>; the scalings are those of transformers'
//! `modeling_rope_utils.py`: `linear`, `llama3`, `yarn` (<https://arxiv.org/abs/2309.00071>) and
//! `longrope` (<https://arxiv.org/abs/2402.13753>, short factors alone); `factors` are those that a GGUF
//! file gives for each pair. `dynamic` is refused: its angles depend on the text's length, so nothing that
//! was read could be kept.

use std::f64::consts::PI;

use super::super::config::Config;
use super::super::error::Result;

/// One kind of rotary positions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RopeKind {
    /// Angle per position of each pair; the first numbers of a head are turned, `2 * len` of them.
    frequencies: Vec<f32>,
    /// Cosines and sines are multiplied by it.
    factor: f32,
    /// Up to which length the short factors hold.
    short: Option<usize>,
}

impl RopeKind {
    /// Unscaled positions with this base.
    fn plain(base: f64, width: usize) -> Self {
        Self {
            frequencies: plain(base, width),
            factor: 1.0,
            short: None,
        }
    }

    /// The kind that a configuration names: `rope_parameters` (of `layers`, where it tells kinds of
    /// layers apart), or `rope_theta` and `rope_scaling` as older ones say it.
    ///
    /// # Errors
    /// For an unknown kind, or numbers that are missing or out of range.
    pub(super) fn read(
        config: &Config,
        layers: Option<&str>,
        width: usize,
        context: usize,
        usual_base: f64,
    ) -> Result<Self> {
        let new = config.section("rope_parameters");
        let new = match (new, layers) {
            (Some(new), Some(layers)) => new.section(layers).or(Some(new)),
            (new, _) => new,
        };
        // Kinds of layers alone, and none was asked for: the caller asks again.
        let new =
            new.filter(|new| new.get("rope_theta").is_some() || new.get("rope_type").is_some());
        let base_in = new
            .as_ref()
            .filter(|new| new.get("rope_theta").is_some())
            .unwrap_or(config);
        let base = base_in.number_or("rope_theta", usual_base, 1.0..=1e12)?;
        let scaling = new.or_else(|| config.section("rope_scaling"));
        Self::scaled(config, scaling, width, context, base)
    }

    /// Positions with this base, and with the scaling that a section names, where there is one.
    ///
    /// # Errors
    /// As [`RopeKind::read`].
    pub(super) fn scaled(
        config: &Config,
        scaling: Option<Config>,
        width: usize,
        context: usize,
        base: f64,
    ) -> Result<Self> {
        let outer = config.number_or("partial_rotary_factor", 1.0, 0.01..=1.0)?;
        let Some(scaling) = scaling else {
            return Ok(Self::plain(base, part(width, outer)));
        };
        let partial = scaling.number_or("partial_rotary_factor", outer, 0.01..=1.0)?;
        let width = part(width, partial);
        let key = match scaling.get("rope_type") {
            Some(_) => "rope_type",
            None => "type",
        };
        let kinds = [
            ("default", Kind::Default),
            ("linear", Kind::Linear),
            ("llama3", Kind::Llama3),
            ("yarn", Kind::Yarn),
            ("longrope", Kind::Long),
            ("su", Kind::Long),
            ("factors", Kind::Factors),
        ];
        let kind = scaling.word(key, &kinds)?;
        let factor = || scaling.number("factor", 1e-3..=1e6);
        let original = || {
            let given = scaling.get("original_max_position_embeddings").is_some();
            let from = if given { &scaling } else { config };
            from.count_or("original_max_position_embeddings", context, 1..=1 << 28)
        };
        let mut rope = Self::plain(base, width);
        match kind {
            Kind::Default => {}
            Kind::Linear => {
                let factor = factor()? as f32;
                rope.frequencies
                    .iter_mut()
                    .for_each(|frequency| *frequency /= factor);
            }
            Kind::Llama3 => {
                let low = scaling.number("low_freq_factor", 1e-3..=1e6)?;
                let high = scaling.number("high_freq_factor", 1e-3..=1e6)?;
                llama3(
                    &mut rope.frequencies,
                    factor()?,
                    low,
                    high,
                    original()? as f64,
                );
            }
            Kind::Yarn => {
                let original = original()? as f64;
                let factor = match scaling.get("factor") {
                    Some(_) => factor()?,
                    None => context as f64 / original,
                };
                rope = yarn(&scaling, base, width, factor, original)?;
            }
            Kind::Long => rope = long(&scaling, base, width, context, original()?)?,
            Kind::Factors => {
                let factors = factors(&scaling, "factors", width / 2)?;
                for (frequency, factor) in rope.frequencies.iter_mut().zip(factors) {
                    *frequency /= factor;
                }
            }
        }
        Ok(rope)
    }

    /// Up to which length the angles hold, where a longer text would want others.
    pub(super) fn short_context(&self) -> Option<usize> {
        self.short
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Default,
    Linear,
    Llama3,
    Yarn,
    Long,
    Factors,
}

/// How many numbers of a head are turned.
fn part(width: usize, partial: f64) -> usize {
    ((width as f64 * partial) as usize / 2 * 2).max(2)
}

fn plain(base: f64, width: usize) -> Vec<f32> {
    (0..width / 2)
        .map(|pair| {
            // In single precision, as the models were trained.
            let exponent = (2 * pair) as f32 / width as f32;
            1.0 / (base as f32).powf(exponent)
        })
        .collect()
}

/// Llama 3.1: long waves are stretched, short ones left, those between blended.
fn llama3(frequencies: &mut [f32], factor: f64, low: f64, high: f64, original: f64) {
    for frequency in frequencies {
        let wave = 2.0 * PI / f64::from(*frequency);
        let old = f64::from(*frequency);
        *frequency = if wave > original / low {
            old / factor
        } else if wave < original / high {
            old
        } else {
            let smooth = (original / wave - low) / (high - low);
            (1.0 - smooth) * old / factor + smooth * old
        } as f32;
    }
}

fn yarn(scaling: &Config, base: f64, width: usize, factor: f64, original: f64) -> Result<RopeKind> {
    let scale = |times: f64| match factor <= 1.0 {
        true => 1.0,
        false => 0.1 * times * factor.ln() + 1.0,
    };
    let attention = match (
        scaling.get("attention_factor"),
        scaling.get("mscale"),
        scaling.get("mscale_all_dim"),
    ) {
        (Some(_), _, _) => scaling.number("attention_factor", 1e-3..=1e3)?,
        (None, Some(_), Some(_)) => {
            scale(scaling.number("mscale", 0.0..=1e3)?)
                / scale(scaling.number("mscale_all_dim", 0.0..=1e3)?)
        }
        _ => scale(1.0),
    };
    let fast = scaling.number_or("beta_fast", 32.0, 1e-3..=1e6)?;
    let slow = scaling.number_or("beta_slow", 1.0, 1e-3..=1e6)?;
    let turns =
        |turns: f64| width as f64 * (original / (turns * 2.0 * PI)).ln() / (2.0 * base.ln());
    let (mut low, mut high) = (turns(fast), turns(slow));
    if scaling.bool_or("truncate", true)? {
        (low, high) = (low.floor(), high.ceil());
    }
    let (low, high) = (low.max(0.0), high.min(width as f64 - 1.0));
    let high = if low == high { high + 0.001 } else { high };
    let frequencies = plain(base, width)
        .iter()
        .enumerate()
        .map(|(pair, frequency)| {
            let ramp = ((pair as f64 - low) / (high - low)).clamp(0.0, 1.0);
            let frequency = f64::from(*frequency);
            (frequency / factor * ramp + frequency * (1.0 - ramp)) as f32
        })
        .collect();
    Ok(RopeKind {
        frequencies,
        factor: attention as f32,
        short: None,
    })
}

/// A factor above 0 for each pair.
fn factors(scaling: &Config, key: &'static str, pairs: usize) -> Result<Vec<f32>> {
    let given = scaling.get(key).and_then(|list| list.as_array());
    let factors: Option<Vec<f32>> = given.and_then(|list| {
        list.iter()
            .map(|value| {
                value
                    .as_f64()
                    .filter(|factor| *factor > 0.0)
                    .map(|factor| factor as f32)
            })
            .collect()
    });
    factors
        .filter(|factors| factors.len() == pairs)
        .ok_or_else(|| scaling.error(key, format!("`{key}` wants {pairs} numbers above 0")))
}

fn long(
    scaling: &Config,
    base: f64,
    width: usize,
    context: usize,
    original: usize,
) -> Result<RopeKind> {
    let short = factors(scaling, "short_factor", width / 2)?;
    let factor = match scaling.get("factor") {
        Some(_) => scaling.number("factor", 1e-3..=1e6)?,
        None => context as f64 / original as f64,
    };
    let usual = match factor <= 1.0 || original < 2 {
        true => 1.0,
        false => (1.0 + factor.ln() / (original as f64).ln()).sqrt(),
    };
    let attention = scaling.number_or("attention_factor", usual, 1e-3..=1e3)?;
    Ok(RopeKind {
        frequencies: plain(base, width)
            .iter()
            .zip(&short)
            .map(|(frequency, factor)| frequency / factor)
            .collect(),
        factor: attention as f32,
        short: Some(original),
    })
}

/// Turns heads by their positions.
#[derive(Clone, Debug)]
pub(crate) struct Rope {
    kind: RopeKind,
}

impl Rope {
    pub(super) fn new(kind: &RopeKind) -> Self {
        Self { kind: kind.clone() }
    }

    /// Angle per position of each pair.
    pub(super) fn frequencies(&self) -> &[f32] {
        &self.kind.frequencies
    }

    /// What cosines and sines are multiplied by.
    pub(super) fn factor(&self) -> f32 {
        self.kind.factor
    }

    /// Cosines and sines of the given positions, `[position][pair]`.
    pub(super) fn angles(&self, positions: &[usize]) -> Angles {
        let pairs = self.kind.frequencies.len();
        let mut angles = Angles {
            pairs,
            cos: Vec::with_capacity(positions.len() * pairs),
            sin: Vec::with_capacity(positions.len() * pairs),
        };
        for position in positions {
            for frequency in &self.kind.frequencies {
                let (sin, cos) = (*position as f32 * frequency).sin_cos();
                angles.cos.push(cos * self.kind.factor);
                angles.sin.push(sin * self.kind.factor);
            }
        }
        angles
    }
}

/// Cosines and sines of a batch's rows.
#[derive(Debug)]
pub(crate) struct Angles {
    pairs: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Angles {
    /// Turns one head of row `row`: number `i` with number `i + pairs`.
    pub(super) fn turn(&self, row: usize, head: &mut [f32]) {
        let range = row * self.pairs..(row + 1) * self.pairs;
        let (low, high) = head[..2 * self.pairs].split_at_mut(self.pairs);
        let angles = self.cos[range.clone()].iter().zip(&self.sin[range]);
        for ((a, b), (cos, sin)) in low.iter_mut().zip(high).zip(angles) {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        }
    }
}
