//! Calibration: what a judge's scores are worth, measured on people's verdicts.
//!
//! [`Label`]s in (a judge's score beside a person's verdict), [`calibrate`] gives a [`Calibration`]: the
//! [`Map`] from score to the chance that a person lets the answer pass, chosen by cross-validated log loss,
//! and the [`Quality`] of the judge, measured on labels that its map was not fitted to, in all and per
//! slice. [`Requirements`] say whether it may gate. A stored calibration ([`Stored`]) is bound to what makes
//! the judge what it is ([`Binding`]) and void when that changes, or when newer labels show that it agrees
//! less than it did ([`Drift`]).
//!
//! Pure functions over slices; chance comes from a seed. What it does not do: choose what to label
//! ([`inclusion_probabilities`](crate::stats::inclusion_probabilities) gives chances), or correct a pass
//! rate for what the judge gets wrong ([`prediction_powered`](crate::stats::prediction_powered) does).

mod binding;
mod choose;
mod collect;
mod drift;
mod ece;
mod estimate;
mod fit;
mod hold;
mod label;
mod map;
mod mark;
mod permission;
mod quality;
mod reliability;
mod renew;
mod said;
mod seen;
mod stored;

use serde::{Deserialize, Serialize};

use crate::Result;

pub use binding::Binding;
pub use choose::{ISOTONIC_FROM, Loss};
pub use collect::Collected;
pub use drift::{Drift, LEAST_LABELS, VOID_AT};
pub use ece::{Bin, CalibrationError};
pub use estimate::{Difference, Estimate, Estimates, Estimating, LeftOut};
pub use hold::{Held, Hold};
pub use label::{Dated, Label};
pub use map::{Map, Shape};
pub(crate) use mark::mark;
pub use permission::{Permission, Requirements};
pub use quality::{Change, Kappa, Quality};
pub use reliability::diagram;
pub use renew::{Renew, Renewal, renew};
pub use seen::Seen;
pub use stored::{Calibrations, Standing, Stored};

/// What labels say of a judge.
///
/// ```
/// use botsmith_eval::calibration::{Label, Requirements, calibrate};
/// // A judge that is right on nine of ten, and says 0.9 or 0.1.
/// let labels: Vec<Label> = (0..200)
///     .map(|i| {
///         let human = i % 2 == 0;
///         let right = i % 20 > 1;
///         Label::new(if human == right { 0.9 } else { 0.1 }, human)
///     })
///     .collect();
/// let calibration = calibrate(&labels, 7)?;
/// assert!((calibration.map.apply(0.9) - 0.9).abs() < 0.05);
/// assert!(calibration.permission(&Requirements::default()).gates());
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// From score to probability.
    pub map: Map,
    /// How well each shape that was tried predicts labels that it was not fitted to.
    pub losses: Vec<Loss>,
    /// How well judge and people agree.
    pub quality: Quality,
    /// The same for each slice, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<SliceQuality>,
    /// The seed of folds and bootstraps.
    pub seed: u64,
}

/// How well a judge and people agree on one slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceQuality {
    /// The slice.
    pub slice: String,
    /// Its labels.
    pub n: usize,
    /// The numbers; null with fewer than 20 labels.
    pub quality: Option<Quality>,
}

impl Calibration {
    /// Whether the judge may gate.
    pub fn permission(&self, requirements: &Requirements) -> Permission {
        let missing = requirements.missing(&self.quality);
        if missing.is_empty() {
            Permission::Gates
        } else {
            Permission::Advisory(missing)
        }
    }
}

/// Calibrates a judge. The same labels in the same order and the same seed give the same bytes.
///
/// # Errors
/// Fewer than 20 labels, a score outside `[0, 1]`, or a weight that is not above 0.
pub fn calibrate(labels: &[Label], seed: u64) -> Result<Calibration> {
    label::check(labels)?;
    let chosen = choose::choose(labels, seed);
    let mut names: Vec<&String> = labels.iter().flat_map(|label| &label.slices).collect();
    names.sort_unstable();
    names.dedup();
    let slices = names
        .into_iter()
        .map(|name| {
            let (of, predictions): (Vec<Label>, Vec<f64>) = labels
                .iter()
                .zip(&chosen.held_out)
                .filter(|(label, _)| label.slices.contains(name))
                .map(|(label, p)| (label.clone(), *p))
                .unzip();
            let enough = of.len() >= label::LEAST;
            Ok(SliceQuality {
                slice: name.clone(),
                n: of.len(),
                quality: enough
                    .then(|| quality::quality(&of, &predictions, seed))
                    .transpose()?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Calibration {
        quality: quality::quality(labels, &chosen.held_out, seed)?,
        map: chosen.map,
        losses: chosen.losses,
        slices,
        seed,
    })
}

/// The map alone, for who needs no more: what [`calibrate`] chooses, at a fraction of its cost.
///
/// # Errors
/// As [`calibrate`].
pub fn fit_map(labels: &[Label], seed: u64) -> Result<Map> {
    label::check(labels)?;
    Ok(choose::choose(labels, seed).map)
}
