//! The report as types.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::BotTotals;
use crate::stats::Interval;

/// All that a run says, in the shape of the JSON output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run's id: 64 hexadecimal digits.
    pub run: String,
    /// The suite's name.
    pub suite: String,
    /// The seed of everything random.
    pub seed: u64,
    /// Whether the gate passed, rule by rule.
    pub gate: GateReport,
    /// One entry a bot, in suite order.
    pub bots: Vec<BotReport>,
    /// Every unordered pair of bots for every metric.
    pub comparisons: Vec<Comparison>,
    /// The metrics, in suite order.
    pub metrics: Vec<MetricReport>,
    /// Scores by slice.
    pub slices: Vec<SliceReport>,
    /// What a reader should know before trusting the numbers.
    pub warnings: Vec<String>,
    /// Versions, hashes and methods.
    pub facts: Facts,
    /// How long it took; the only part that differs between two equal runs, with
    /// [`Facts::created`].
    pub timings: Timings,
}

/// The gate's verdict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GateReport {
    /// Whether all rules passed; true without rules.
    pub passed: bool,
    /// Each rule.
    pub rules: Vec<RuleReport>,
}

/// One rule of the gate for one bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleReport {
    /// The rule in words.
    pub rule: String,
    /// The metric, where the rule has one.
    pub metric: Option<String>,
    /// The bot.
    pub bot: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was measured; null where there was nothing to measure, which does not pass.
    pub observed: Option<f64>,
    /// What was wanted, in words.
    pub wanted: String,
    /// Why the judge that the rule rests on is advisory: its calibration is missing, void or not good
    /// enough; missing where it may gate, and for metrics that are no judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
}

/// One bot's results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BotReport {
    /// Its name.
    pub name: String,
    /// Cases.
    pub cases: usize,
    /// Answers that were given (with repeats, more than cases).
    pub answered: usize,
    /// Answers that were declined.
    pub refused: usize,
    /// Answers that are missing or ended in an error.
    pub failed: usize,
    /// Weighted mean of the scores of each answer.
    pub overall: Option<Aggregate>,
    /// Tokens, cost and hops of all answers; missing where no answer says any of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<BotTotals>,
    /// Scores by the metric's name, in suite order.
    pub scores: IndexMap<String, ScoreReport>,
}

/// A mean with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Judged answers.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Its interval, where one can be given.
    pub interval: Option<Interval>,
}

/// One bot's scores on one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreReport {
    /// Judged answers: failed, refused and skipped ones are outside.
    pub n: usize,
    /// Mean of the values; null if there is none. Of a metric that scores all answers together and
    /// none by itself (self-BLEU), that score, without an interval.
    pub mean: Option<f64>,
    /// Score of all answers as one corpus, for metrics that add up counts and not scores (BLEU) or
    /// score all answers together (self-BLEU); missing for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corpus: Option<f64>,
    /// How many passed; null where nothing decides a pass.
    pub passed: Option<usize>,
    /// Share that passed; null likewise.
    pub pass_rate: Option<f64>,
    /// Interval of the mean (which is the pass rate where values are 0 and 1).
    pub interval: Option<Interval>,
    /// Interval of the pass rate, where it is not the mean.
    pub pass_interval: Option<Interval>,
    /// How `interval` was made: `wilson` and `clustered-wilson` where the values are verdicts, of grades
    /// `bca`, `abc`, `clustered-t`.
    pub method: Option<String>,
    /// Sample standard deviation of the values.
    pub sd: Option<f64>,
    /// Answers that this metric did not apply to.
    pub skipped: usize,
    /// Answers on which the evaluator itself failed.
    pub errors: usize,
    /// Over repeats: chances that one of k, or all of k answers pass.
    pub repeats: Option<PassAt>,
}

impl ScoreReport {
    /// Whether the mean is a pass rate: the values are verdicts, not grades that happen to be 0 or 1.
    pub fn is_rate(&self) -> bool {
        let method = self.method.as_deref();
        method.is_some_and(|method| method.ends_with("wilson"))
    }
}

/// pass@k and pass^k over repeated answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassAt {
    /// Answers a case at most.
    pub n: usize,
    /// Cases with at least one judged answer.
    pub cases: usize,
    /// Chance that at least one of k answers passes, by k.
    pub pass_at: IndexMap<String, f64>,
    /// Chance that all of k answers pass, by k.
    pub pass_all: IndexMap<String, f64>,
}

/// Two bots (or runs) on one metric, over the cases that both answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The first bot in suite order.
    pub a: String,
    /// The second.
    pub b: String,
    /// The metric.
    pub metric: String,
    /// Cases that both have a score on.
    pub n: usize,
    /// mean(b) - mean(a) over those cases; null without any.
    pub difference: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// The paired test's two-sided p.
    pub p: Option<f64>,
    /// Holm-adjusted over all comparisons of the report.
    pub p_adjusted: Option<f64>,
    /// `mcnemar-exact`, `sign-flip`, `sign-flip-clustered`.
    pub test: Option<String>,
    /// Size of the effect.
    pub effect: Option<Effect>,
    /// Other tests of the same differences, uncorrected, to see whether the answer hangs on the
    /// choice of the test: `wilcoxon` and `sign-test` of graded scores of cases without groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<OtherTest>,
    /// The two sides as corpora, for metrics that add up counts and not scores (BLEU); missing for
    /// others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corpus: Option<CorpusComparison>,
    /// Whether greater values of the metric are better; null: neither end is.
    pub higher_is_better: Option<bool>,
    /// Which is better where `p_adjusted` is at most 0.05: `a` or `b`; null: no difference shown,
    /// or neither end is better.
    pub better: Option<Versus>,
}

/// Two sides on the score of all answers together, over the cases that both have a score on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorpusComparison {
    /// The first side's score.
    pub a: f64,
    /// The second side's.
    pub b: f64,
    /// `b - a`.
    pub difference: f64,
    /// Its interval, of a paired bootstrap.
    pub interval: Option<Interval>,
    /// The two-sided p of a paired randomisation.
    pub p: f64,
    /// Corrected over all corpus comparisons of the report.
    pub p_adjusted: Option<f64>,
    /// `approximate-randomisation`, or `exact-randomisation` where few cases differ; with
    /// `-clustered` where groups are swapped as one.
    pub test: String,
    /// Which is better, as in [`Comparison::better`].
    pub better: Option<Versus>,
}

/// A test beside the main one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherTest {
    /// Its name.
    pub test: String,
    /// Its two-sided p, uncorrected.
    pub p: f64,
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Versus {
    /// The first.
    A,
    /// The second.
    B,
}

/// An effect size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// `cohen-h` (rates) or `cohen-dz` (paired means).
    pub name: String,
    /// Its value, in the direction of the difference.
    pub value: f64,
}

/// What a metric is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricReport {
    /// Its name in this suite.
    pub name: String,
    /// The evaluator.
    pub kind: String,
    /// What the evaluator says of itself.
    pub about: String,
    /// Least and greatest value; null: unbounded.
    pub range: (f64, Option<f64>),
    /// Whether greater is better; null: neither end is.
    pub higher_is_better: Option<bool>,
    /// The suite's threshold.
    pub threshold: Option<f64>,
    /// Its weight in the overall score.
    pub weight: f64,
    /// Evaluator, options and version in one line.
    pub signature: String,
}

/// One bot's scores on one metric in one slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceReport {
    /// The slice's name.
    pub slice: String,
    /// Its value.
    pub value: String,
    /// The bot.
    pub bot: String,
    /// The metric.
    pub metric: String,
    /// Judged answers.
    pub n: usize,
    /// Their mean.
    pub mean: Option<f64>,
    /// Share that passed.
    pub pass_rate: Option<f64>,
    /// Interval of the mean.
    pub interval: Option<Interval>,
    /// Interval of the pass rate, where it is not the mean.
    #[serde(default)]
    pub pass_interval: Option<Interval>,
}

impl SliceReport {
    /// Whether the mean is a pass rate.
    pub fn is_rate(&self) -> bool {
        self.pass_rate.is_some() && self.pass_interval.is_none() && self.pass_rate == self.mean
    }
}

/// What a reader needs to make the numbers again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Version of this program.
    pub botsmith: String,
    /// When the run was first finished (UTC).
    pub created: String,
    /// The suite file.
    pub suite_file: String,
    /// blake3 of the suite's text.
    pub suite_hash: String,
    /// The data file, or "inline".
    pub dataset: String,
    /// blake3 of the data.
    pub dataset_hash: String,
    /// Cases judged.
    pub cases: usize,
    /// Confidence level of all intervals.
    pub confidence: f64,
    /// How p-values are corrected.
    pub correction: String,
    /// Draws of each bootstrap and permutation.
    pub draws: usize,
}

/// How long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Seconds from start to report, of the process that finished the run.
    pub wall_s: f64,
    /// Answers judged a second.
    pub answers_per_s: f64,
}
