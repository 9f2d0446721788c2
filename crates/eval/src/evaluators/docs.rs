//! What every evaluator says of itself: the source of `botsmith metric --list`, the JSON Schema
//! and the reference page.

/// The values that a score can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Least value.
    pub lo: f64,
    /// Greatest value; may be infinite.
    pub hi: f64,
    /// Whether a greater value is a better answer.
    pub higher_is_better: bool,
}

impl Range {
    /// 0 to 1, greater is better.
    pub const UNIT: Self = Self {
        lo: 0.0,
        hi: 1.0,
        higher_is_better: true,
    };
    /// 0 and up, smaller is better (seconds, cost).
    pub const COST: Self = Self {
        lo: 0.0,
        hi: f64::INFINITY,
        higher_is_better: false,
    };
    /// 0 and up, neither end is better (counts).
    pub const COUNT: Self = Self {
        lo: 0.0,
        hi: f64::INFINITY,
        higher_is_better: true,
    };
}

/// One option of an evaluator.
#[derive(Clone, Debug)]
pub struct OptionDocs {
    /// The key.
    pub name: &'static str,
    /// Its JSON Schema, as JSON text.
    pub schema: &'static str,
    /// What it does, and its default.
    pub about: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

/// Documentation of one kind of evaluator.
#[derive(Clone, Debug)]
pub struct Docs {
    /// The name that suites use.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// How the value comes about; empty where `about` says it all.
    pub formula: &'static str,
    /// The values that it gives.
    pub range: Range,
    /// Whether it gives pass or fail by itself, without a threshold.
    pub decides: bool,
    /// Whether it compares with the case's references, and so reads what `extract` took.
    pub compares: bool,
    /// Options beyond those that all evaluators take.
    pub options: &'static [OptionDocs],
    /// One example as a line of a suite, and what it gives.
    pub example: &'static str,
    /// The option that a bare scalar stands for (`contains: refund` is `{value: refund}`).
    pub scalar: Option<&'static str>,
}
