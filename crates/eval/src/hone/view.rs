//! What proposers see: cases of train, what the bot answered them, what people said of those answers, and
//! of dev nothing but scores over all its cases.
//!
//! A [`TrainView`] is made in this file alone, of [`TrainCase`]s; there is no way from it to a case of dev
//! or gate. What people said of such cases is left out here, and what could not stand in a variant because
//! it copies them is withheld too.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cases::TrainCase;
use super::trial::Judged;
use super::{Cases, Guard};

/// What a person said of an answer to a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said {
    /// The case's id.
    pub case: String,
    /// What the answer should have been.
    pub correction: Option<String>,
    /// A remark.
    pub comment: Option<String>,
    /// Whether it may teach. What may not, such as a draft or the word of a rater who is excluded, is
    /// guarded all the same.
    pub teaches: bool,
}

impl Said {
    /// Something said of a case.
    pub fn of(case: impl Into<String>) -> Self {
        Self {
            case: case.into(),
            teaches: true,
            ..Self::default()
        }
    }

    /// The same with what the answer should have been.
    #[must_use]
    pub fn correction(mut self, text: impl Into<String>) -> Self {
        self.correction = Some(text.into());
        self
    }

    /// The same with a remark.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.comment = Some(text.into());
        self
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = [&self.correction, &self.comment];
        texts.into_iter().filter_map(Option::as_deref)
    }
}

/// A case of train with what is known of it.
#[derive(Debug)]
pub struct Lesson<'a> {
    /// The case.
    pub case: TrainCase<'a>,
    /// What the bot answered, and what the evaluators made of it; `None` where it was not asked.
    pub answer: Option<&'a Judged>,
    /// The newest correction.
    pub correction: Option<&'a str>,
    /// Remarks, oldest first.
    pub comments: Vec<&'a str>,
}

impl Lesson<'_> {
    /// Whether the bot does badly here: its answer did not pass, or somebody corrected it.
    pub fn failed(&self) -> bool {
        self.correction.is_some()
            || self
                .answer
                .is_some_and(|answer| answer.passed == Some(false))
    }
}

/// How the bot does on dev as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DevScore {
    /// Cases with a score.
    pub n: usize,
    /// Mean of the metric over them.
    pub mean: f64,
}

/// What proposers see.
#[derive(Debug)]
pub struct TrainView<'a> {
    lessons: Vec<Lesson<'a>>,
    dev: Option<DevScore>,
    /// Corrections that no variant may hold.
    withheld: usize,
}

impl<'a> TrainView<'a> {
    /// What may be seen of all this. `said` is in order of time; `answers` are those of train cases by
    /// their places, others are ignored.
    pub(super) fn new(
        cases: &'a Cases,
        guard: &Guard,
        said: &'a [Said],
        answers: &'a BTreeMap<usize, Judged>,
        dev: Option<DevScore>,
    ) -> Self {
        let mut withheld = 0;
        let lessons = cases.train().map(|case| {
            let id = case.case().id.as_str();
            let of_case = || {
                said.iter()
                    .filter(move |said| said.teaches && said.case == id)
            };
            let newest = of_case().rev().find_map(|said| said.correction.as_deref());
            let correction =
                newest.filter(|correction| guard.may_teach(&case.case().input, correction));
            withheld += usize::from(newest.is_some() && correction.is_none());
            let answer = answers.get(&case.at());
            Lesson {
                case,
                answer,
                correction,
                comments: of_case()
                    .filter_map(|said| said.comment.as_deref())
                    .collect(),
            }
        });
        Self {
            lessons: lessons.collect(),
            dev,
            withheld,
        }
    }

    /// The cases that may teach.
    pub fn lessons(&self) -> &[Lesson<'a>] {
        &self.lessons
    }

    /// How the bot does on dev.
    pub fn dev(&self) -> Option<DevScore> {
        self.dev
    }

    /// Corrections that are left out because they share words with cases of dev or gate, so that no variant
    /// could hold them.
    pub fn withheld(&self) -> usize {
        self.withheld
    }
}
