//! What the loop found, as plain data: filled by the steps, shown by the report, compared by the test.

use serde::Serialize;

/// A value with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Range {
    pub value: f64,
    pub lo: f64,
    pub hi: f64,
}

/// Somebody who labelled: made up.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Rater {
    pub name: String,
    /// How it was made: what share of its answers are wrong, and in which way.
    pub made: String,
    pub labels: usize,
    /// Agreement with the others.
    pub agreement: f64,
    /// Why its labels do not count, where they do not.
    pub excluded: Option<String>,
}

/// How far raters agree.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Agreement {
    /// Krippendorff's alpha of those who count.
    pub counted: Range,
    pub items: usize,
    pub verdict: String,
}

/// One bar of a reliability diagram.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Bin {
    pub judged: f64,
    pub people: f64,
    pub labels: usize,
}

/// What calibration made of the judge.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Calibrated {
    pub labels: usize,
    pub map: String,
    pub error_before: f64,
    pub error_after: Range,
    pub kappa: Range,
    pub finds_good: Range,
    pub finds_bad: Range,
    pub standing: String,
    /// The share of all answers of the weak bot that people would let pass, and what their labels alone say of it.
    pub would_pass: Range,
    pub labels_alone: Range,
    pub before: Vec<Bin>,
    pub after: Vec<Bin>,
}

/// What the gate said of the finalist.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Gate {
    pub cases: usize,
    pub before: Range,
    pub after: Range,
    pub difference: f64,
    /// The one-sided bound of the difference at this look.
    pub at_least: f64,
    pub p: f64,
    pub alpha: f64,
    pub look: u64,
    pub test: String,
}

/// Something that was not let through.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Refused {
    pub what: String,
    pub why: String,
}

/// A line of the change: `+`, `-` or ` `, and the text.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Line {
    pub mark: char,
    pub text: String,
}

/// A watch over traffic.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Watched {
    pub title: String,
    pub end: String,
    pub why: String,
    pub old: (u64, f64),
    pub new: (u64, f64),
    /// Evidence of harm and of benefit after so many sessions.
    pub path: Vec<(u64, f64, f64)>,
}

/// Everything.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Story {
    pub bot: String,
    pub seed: u64,
    pub raters: Vec<Rater>,
    pub agreement: Agreement,
    pub judge: Calibrated,
    pub gate: Gate,
    pub refused: Vec<Refused>,
    pub change: Vec<Line>,
    pub watches: Vec<Watched>,
    /// The versions that were in force, in order: number and hash.
    pub versions: Vec<(String, String)>,
    /// Entries of the audit log, and whether the chain is whole.
    pub audit: Vec<String>,
    pub audit_whole: bool,
}
