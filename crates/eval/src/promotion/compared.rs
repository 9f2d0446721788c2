//! What a look is at: the cases of a gate, and what is compared on them by which measure.

use std::collections::BTreeSet;

use botsmith_core::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Look;

/// The cases of a gate: those of a suite that a salted hash keeps for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSet {
    pub(super) suite: String,
    pub(super) salt: String,
    /// A digest of each case, in order.
    pub(super) cases: BTreeSet<String>,
}

impl GateSet {
    /// The set of these cases; `cases` names each by its content (a hash of question and references), so
    /// that a renamed case is the same one.
    pub fn new(
        suite: impl Into<String>,
        salt: impl Into<String>,
        cases: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Self {
        let digest = |case: &[u8]| {
            let mut hex = Digest::of(case).to_string();
            // 64 bits tell any number of cases apart that one suite has.
            hex.truncate(16);
            hex
        };
        Self {
            suite: suite.into(),
            salt: salt.into(),
            cases: cases
                .into_iter()
                .map(|case| digest(case.as_ref()))
                .collect(),
        }
    }

    /// How many cases it has.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// The set's name: a hash of suite, salt and cases.
    pub fn id(&self) -> String {
        let all = json!([self.suite, self.salt, self.cases]);
        Digest::of(all.to_string().as_bytes()).to_string()
    }

    pub(super) fn key(&self, rest: &str) -> String {
        let suite = Digest::of(self.suite.as_bytes()).to_string();
        format!("looks/{}/{rest}", &suite[..32])
    }
}

/// What a gate scores by: a metric, and the evaluator behind it as the suite defines it.
///
/// ```
/// use botsmith_eval::promotion::Measure;
/// use serde_json::json;
/// let exact = Measure::new("right", json!({"equals": {"ignore-case": false}}));
/// assert_eq!(exact, Measure::new("right", json!({"equals": {"ignore-case": false}})));
/// // The same name for another rule is another measure.
/// assert_ne!(exact, Measure::new("right", json!({"equals": {"ignore-case": true}})));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Measure {
    /// The metric's name.
    pub metric: String,
    /// blake3 of the evaluator's definition, in 64 hexadecimal digits.
    pub evaluator: String,
}

impl Measure {
    /// The measure of this metric; `definition` is what the suite says of its evaluator, and of what is made
    /// of an answer before it is judged.
    pub fn new(metric: impl Into<String>, definition: impl Into<Value>) -> Self {
        let mut definition = definition.into();
        // The order in which a suite's keys stand defines nothing.
        definition.sort_all_objects();
        Self {
            metric: metric.into(),
            evaluator: Digest::of(definition.to_string().as_bytes()).to_string(),
        }
    }
}

/// A variant and the bot in force, by their hashes, and the measure by which they are compared.
///
/// ```
/// use botsmith_eval::promotion::{Compared, Measure};
/// let measure = Measure::new("equals", "equals");
/// let compared = Compared::new("0f3a", "77d0", &measure);
/// assert_eq!((compared.variant, compared.baseline), ("0f3a", "77d0"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compared<'a> {
    /// The hash of the variant.
    pub variant: &'a str,
    /// The hash of the bot in force.
    pub baseline: &'a str,
    /// By what.
    pub measure: &'a Measure,
}

impl<'a> Compared<'a> {
    /// This variant against this bot.
    pub fn new(variant: &'a str, baseline: &'a str, measure: &'a Measure) -> Self {
        Self {
            variant,
            baseline,
            measure,
        }
    }

    /// Whether a look compared the same by the same measure.
    pub(super) fn is_of(&self, look: &Look) -> bool {
        look.variant == self.variant
            && look.baseline == self.baseline
            && look.measure.as_ref() == Some(self.measure)
    }
}
