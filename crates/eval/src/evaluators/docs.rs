//! What every evaluator says of itself: the source of `botsmith metric --list`, the JSON Schema
//! and the reference page.

/// The values that a score can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Least value.
    pub lo: f64,
    /// Greatest value; may be infinite.
    pub hi: f64,
    /// Which end is better.
    pub better: Better,
}

/// Which end of a range is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Greater values.
    Higher,
    /// Smaller values.
    Lower,
    /// Neither: a count of words is not good or bad by itself.
    Neither,
}

impl Better {
    /// `Some(true)`: greater values are; `Some(false)`: smaller ones; `None`: neither.
    pub fn higher(self) -> Option<bool> {
        match self {
            Self::Higher => Some(true),
            Self::Lower => Some(false),
            Self::Neither => None,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Higher => "more is better",
            Self::Lower => "less is better",
            Self::Neither => "neither end is better by itself",
        }
    }

    /// The other end.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Higher => Self::Lower,
            Self::Lower => Self::Higher,
            Self::Neither => Self::Neither,
        }
    }
}

impl Range {
    /// 0 to 1, greater is better.
    pub const UNIT: Self = Self {
        lo: 0.0,
        hi: 1.0,
        better: Better::Higher,
    };
    /// 0 and up, smaller is better (seconds, cost).
    pub const COST: Self = Self {
        lo: 0.0,
        hi: f64::INFINITY,
        better: Better::Lower,
    };
    /// 0 and up, neither end is better (counts).
    pub const COUNT: Self = Self {
        lo: 0.0,
        hi: f64::INFINITY,
        better: Better::Neither,
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

impl Docs {
    /// Documentation of an evaluator that gives pass or fail and takes no options; set other fields
    /// with `..Docs::pass_fail(…)`.
    ///
    /// ```
    /// use botsmith_eval::evaluators::{Docs, Range};
    /// const DOCS: Docs = Docs::pass_fail("calm", "Passes where the answer has no exclamation mark.");
    /// assert!(DOCS.decides && DOCS.range == Range::UNIT);
    /// ```
    pub const fn pass_fail(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            formula: "",
            range: Range::UNIT,
            decides: true,
            compares: false,
            options: &[],
            example: name,
            scalar: None,
        }
    }
}
