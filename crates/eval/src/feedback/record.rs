//! A record: one person's answer to one question about one answer of a bot.
//!
//! One JSON object; a log of them is JSON lines. `at` is RFC 3339 in UTC. What a record is about
//! never changes: an edit is a new record that `replaces` the old one.

use botsmith_core::digest::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// What one person said of one answer.
///
/// ```
/// use botsmith_eval::feedback::{Record, Source};
/// let record: Record = serde_json::from_str(
///     r#"{"at": "2026-01-02T03:04:05Z", "run": "r1", "case": "c1", "bot": "small", "rater": "ana",
///         "source": "expert", "question": "verdict", "value": "up"}"#,
/// )?;
/// assert_eq!((record.at, record.source), (1_767_323_045_000, Source::Expert));
/// assert!(record.counts(), "an expert's word that was handed in");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// Its address: given on the way into a log where it is empty, by content.
    pub id: String,
    /// When it was said, in milliseconds since 1970.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub at: u64,
    /// The suite's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suite: String,
    /// The run whose answer it is about.
    pub run: String,
    /// The case's id.
    pub case: String,
    /// The bot's name; of a pair, that of `a`.
    pub bot: String,
    /// The bot's version: its cartridge, or where its recorded answers are from.
    pub bot_hash: String,
    /// blake3 of the answer's text.
    pub answer_hash: String,
    /// The repeat of the answer, from 1.
    #[serde(skip_serializing_if = "is_one")]
    pub repeat: usize,
    /// The other answer of a pair, `b`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// Who says it.
    pub rater: String,
    /// Whose word it is.
    pub source: Source,
    /// The question's name.
    pub question: String,
    /// The answer to it, as the question's kind has it; null for what was discarded or withdrawn.
    pub value: Value,
    /// Why, in the rater's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The answer as it should have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// How long it took, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Whether the rater could not see which bot it was, nor what others say.
    pub blind: bool,
    /// The id of the record that this one takes the place of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Whether it was handed in.
    #[serde(skip_serializing_if = "State::is_submitted")]
    pub state: State,
    /// 1, or 2 where the rater was shown again what they had labelled before.
    #[serde(skip_serializing_if = "is_one_u32")]
    pub round: u32,
    /// Of a pair: whether `b` was shown first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub swapped: bool,
    /// Why it was chosen to be labelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<super::Reason>,
    /// With what probability it was, above 0, at most 1: labels weigh its inverse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Which words the rater read ([`Plan::wording`](super::Plan::wording)); left out where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    /// How it came here: `review`, `add`, or the form of the file it was in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
}

/// The other answer of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Against {
    /// The bot's name.
    pub bot: String,
    /// Its version.
    pub bot_hash: String,
    /// blake3 of its answer's text.
    pub answer_hash: String,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            id: String::new(),
            at: 0,
            suite: String::new(),
            run: String::new(),
            case: String::new(),
            bot: String::new(),
            bot_hash: String::new(),
            answer_hash: String::new(),
            repeat: 1,
            against: None,
            rater: String::new(),
            source: Source::default(),
            question: String::new(),
            value: Value::Null,
            comment: None,
            correction: None,
            seconds: None,
            blind: false,
            replaces: None,
            state: State::default(),
            round: 1,
            swapped: false,
            chosen: None,
            probability: None,
            wording: None,
            from: String::new(),
        }
    }
}

/// Whose word a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Somebody who was asked to judge.
    #[default]
    Expert,
    /// A user who said so of an answer they got.
    User,
    /// What a user did: a thumb in passing, a copied answer. Never truth.
    Implicit,
}

impl Source {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expert => "expert",
            Self::User => "user",
            Self::Implicit => "implicit",
        }
    }
}

/// Whether a record was handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It counts.
    #[default]
    Submitted,
    /// The rater is not done with it.
    Draft,
    /// The rater says that this cannot be judged; it is not shown to them again.
    Discarded,
    /// Taken back: as if it had not been said, except that the log shows it.
    Withdrawn,
}

impl State {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_submitted(&self) -> bool {
        *self == Self::Submitted
    }
}

impl Record {
    /// Whether it counts as somebody's word on the truth: handed in, and not implicit.
    pub fn counts(&self) -> bool {
        self.state == State::Submitted && self.source != Source::Implicit
    }

    /// How much it weighs in estimates over all that could have been labelled: 1 / `probability`.
    pub fn weight(&self) -> f64 {
        self.probability.map_or(1.0, |p| 1.0 / p)
    }

    /// Puts what was said to a question for a correction or a comment where such words stand, so that
    /// they are in one place however they were asked for.
    pub(super) fn say(&mut self, kind: &super::Kind) {
        let words = self.value.as_str().map(str::to_owned);
        match kind {
            super::Kind::Correction => self.correction = words,
            super::Kind::Comment => self.comment = words,
            _ => {}
        }
    }

    /// What it is about, and whose word: two records with one key are two words on one thing.
    pub(super) fn key(&self) -> String {
        let against = self.against.as_ref().map(|b| (&b.bot, &b.answer_hash));
        let key = (
            (
                &self.run,
                &self.case,
                &self.bot,
                self.repeat,
                &self.answer_hash,
            ),
            against,
            (&self.question, &self.rater, self.source, self.round),
        );
        digest(&key)
    }

    /// What it is about, whoever says it.
    pub fn unit(&self) -> String {
        let against = self.against.as_ref().map(|b| (&b.bot, &b.answer_hash));
        digest(&(
            (
                &self.run,
                &self.case,
                &self.bot,
                self.repeat,
                &self.answer_hash,
            ),
            against,
        ))
    }

    /// An address by content: the same words said at the same time are one record.
    pub(super) fn content_id(&self) -> String {
        let mut bare = self.clone();
        bare.id.clear();
        bare.replaces = None;
        // A file that is read in again after the words have changed holds what it held before.
        bare.wording = None;
        digest(&bare)
    }

    /// An address by content for what was said at no known time: under other words it is another record.
    pub(super) fn timeless_id(&self) -> String {
        digest(&(self.content_id(), &self.wording))
    }
}

/// 32 hexadecimal digits of the blake3 of some JSON.
fn digest(of: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(of).expect("names and numbers serialise");
    Digest::of(&bytes).to_string()[..32].to_owned()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_one(n: &usize) -> bool {
    *n == 1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_one_u32(n: &u32) -> bool {
    *n == 1
}

/// Milliseconds since 1970 as RFC 3339.
pub(super) fn time(at: u64) -> String {
    jiff::Timestamp::from_millisecond(at.cast_signed())
        .map(|at| at.to_string())
        .unwrap_or_default()
}

/// RFC 3339, or milliseconds since 1970.
pub(super) fn read_at(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64(),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(at) => u64::try_from(at.as_millisecond()).ok(),
            // Python and databases leave the zone out: then it is UTC.
            Err(_) => text
                .parse::<jiff::civil::DateTime>()
                .ok()
                .and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC).ok())
                .and_then(|at| u64::try_from(at.timestamp().as_millisecond()).ok())
                .or_else(|| text.parse().ok()),
        },
        _ => None,
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn write_time<S: Serializer>(at: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&time(*at))
}

fn read_time<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(from)?;
    read_at(&value).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "`at` is {value}; a time like 2026-01-31T12:00:00Z is wanted"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_what_it_writes_and_leaves_out_what_is_usual() {
        let record = Record {
            at: 1_767_323_045_120,
            run: "r".into(),
            case: "c".into(),
            value: "up".into(),
            ..Record::default()
        };
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains("2026-01-02T03:04:05.12Z"), "{text}");
        assert!(!text.contains("repeat") && !text.contains("state") && !text.contains("swapped"));
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        let error = serde_json::from_str::<Record>(r#"{"at": 1, "ratr": "ana"}"#).unwrap_err();
        assert!(error.to_string().contains("`ratr`"), "{error}");
        let error = serde_json::from_str::<Record>(r#"{"at": "noon"}"#).unwrap_err();
        assert!(
            error.to_string().contains("2026-01-31T12:00:00Z"),
            "{error}"
        );
    }

    #[test]
    fn times_read_as_programs_write_them() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T04:04:05+01:00",
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05",
            "1767323045000",
        ] {
            assert_eq!(read_at(&text.into()), Some(1_767_323_045_000), "{text}");
        }
    }
}
