//! What a rater is asked about an answer: a typed question with its guidelines.

use serde::{Deserialize, Serialize};

use crate::stats::Level;

/// A question to a rater.
///
/// ```
/// use botsmith_eval::feedback::{Kind, Question};
/// use serde_json::json;
/// let question = Question::new("tone", Kind::Rating { min: 1, max: 5, pass: Some(4) });
/// assert_eq!(question.check(&json!("4"), None)?, json!(4));
/// assert_eq!(question.passes(&json!(3)), Some(false));
/// let error = question.check(&json!(7), None).unwrap_err();
/// assert_eq!(error.to_string(), "question `tone`: 7 is no answer; a whole number from 1 to 5 is wanted");
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Its name: the `question` of records.
    pub name: String,
    /// What the rater reads.
    pub ask: String,
    /// How to decide; shown with the question.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub guidelines: Option<String>,
    /// What an answer to it looks like.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What an answer to a question looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// `"up"` or `"down"`.
    Thumb,
    /// A whole number from `min` to `max`, both included.
    Rating {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// An answer rated so or higher passes.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        pass: Option<i64>,
    },
    /// One of some words.
    Label {
        /// The words.
        options: Vec<String>,
        /// Those of a good answer.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        pass: Vec<String>,
    },
    /// A list of some of the words, none included, in the words' order.
    MultiLabel {
        /// The words.
        options: Vec<String>,
    },
    /// `"a"`, `"b"` or `"tie"`: which of two answers is better. `a` is the answer of the record's bot,
    /// `b` that of the bot it stands `against`, however they were shown.
    Pairwise {
        /// Whether neither may be better.
        ties: bool,
    },
    /// Parts of the answer: a list of `{"start", "end", "label"?}`, in bytes.
    Span {
        /// What a part may be called; empty: parts have no label.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        options: Vec<String>,
    },
    /// The answer as it should have been.
    Correction,
    /// Words.
    Comment,
}

impl Kind {
    /// The word for it in suites.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Rating { .. } => "rating",
            Self::Label { .. } => "label",
            Self::MultiLabel { .. } => "multi-label",
            Self::Pairwise { .. } => "pairwise",
            Self::Span { .. } => "span",
            Self::Correction => "correction",
            Self::Comment => "comment",
        }
    }

    /// Whether it is about two answers.
    pub fn of_two(&self) -> bool {
        matches!(self, Self::Pairwise { .. })
    }

    /// How far apart two answers are, for their agreement; `None` where answers are words of the
    /// rater's own, which cannot agree or disagree. Spans count as "some part marked" or "none".
    pub fn level(&self) -> Option<Level> {
        match self {
            Self::Rating { .. } => Some(Level::Ordinal),
            Self::Correction | Self::Comment => None,
            _ => Some(Level::Nominal),
        }
    }
}

impl Question {
    /// Whether an answer to it can say that something passes.
    pub fn decides(&self) -> bool {
        match &self.kind {
            Kind::Thumb => true,
            Kind::Rating { pass, .. } => pass.is_some(),
            Kind::Label { pass, .. } => !pass.is_empty(),
            _ => false,
        }
    }

    /// A question that reads as its kind wants.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        let ask = match &kind {
            Kind::Thumb => "Is this answer good?",
            Kind::Rating { .. } => "How good is this answer?",
            Kind::Label { .. } => "Which of these is this answer?",
            Kind::MultiLabel { .. } => "Which of these hold for this answer?",
            Kind::Pairwise { .. } => "Which answer is better?",
            Kind::Span { .. } => "Which parts of this answer?",
            Kind::Correction => "How should this answer read?",
            Kind::Comment => "What do you say about this answer?",
        };
        Self {
            name: name.into(),
            ask: ask.to_owned(),
            guidelines: None,
            kind,
        }
    }

    /// The question of a suite that asks none: a thumb named `verdict`.
    pub fn verdict() -> Self {
        Self::new("verdict", Kind::Thumb)
    }
}
