//! What the kinds of this crate have in common: options, wanted texts, evidence.

use std::borrow::Cow;

use botsmith_core::yaml::Fields;

use super::{Docs, Evaluator, Kind, OptionDocs, Scope, Subject};
use crate::template::Template;
use crate::{Error, Result, Score};

/// A kind of this crate: documentation and a function that builds.
pub(super) struct Builtin {
    pub(super) docs: Docs,
    pub(super) build: fn(&Fields<'_>, &Scope<'_>) -> Result<Box<dyn Evaluator>>,
}

impl Kind for Builtin {
    fn docs(&self) -> &Docs {
        &self.docs
    }

    fn build(&self, options: &Fields<'_>, scope: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
        (self.build)(options, scope)
    }
}

pub(super) const VALUE: OptionDocs = OptionDocs {
    name: "value",
    schema: r#"{"type": ["string", "number", "boolean"]}"#,
    about: "what to compare with instead of the case's references; may be a template over the case",
    required: false,
};

pub(super) const IGNORE_CASE: OptionDocs = OptionDocs {
    name: "ignore-case",
    schema: r#"{"type": "boolean", "default": false}"#,
    about: "whether upper and lower case are the same",
    required: false,
};

/// A Boolean option that is `false` unless given.
pub(super) fn flag(options: &Fields<'_>, key: &'static str) -> Result<bool> {
    Ok(options.get(key).map_or(Ok(false), |at| at.bool())?)
}

/// What an answer is compared with: the case's references, or a value of the evaluator's own.
#[derive(Debug)]
pub(super) enum Wanted {
    References,
    Value(Template),
}

impl Wanted {
    pub(super) fn read(options: &Fields<'_>) -> Result<Self> {
        match options.get("value") {
            Some(at) => Template::read(&at).map(Self::Value),
            None => Ok(Self::References),
        }
    }

    pub(super) fn is_references(&self) -> bool {
        matches!(self, Self::References)
    }

    /// The texts to compare with; at least one.
    pub(super) fn texts<'a>(
        &'a self,
        subject: &Subject<'a>,
        evaluator: &'static str,
    ) -> Result<Texts<'a>> {
        match self {
            Self::Value(template) => template.render(subject.case).map(Texts::One),
            Self::References if subject.references.is_empty() => Err(Error::NoReference {
                case: subject.case.id.clone(),
                evaluator: evaluator.to_owned(),
            }),
            Self::References => Ok(Texts::Many(subject.references)),
        }
    }
}

/// One text or several.
pub(super) enum Texts<'a> {
    One(Cow<'a, str>),
    Many(&'a [String]),
}

impl Texts<'_> {
    /// The list of texts, if they come as one.
    pub(super) fn many(&self) -> Option<&[String]> {
        match self {
            Self::One(_) => None,
            Self::Many(texts) => Some(texts),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let (one, many) = match self {
            Self::One(text) => (Some(text.as_ref()), [].as_slice()),
            Self::Many(texts) => (None, *texts),
        };
        one.into_iter().chain(many.iter().map(String::as_str))
    }
}

/// Adds a span of the judged text as evidence, if that text is a part of the answer.
pub(super) fn evidence(
    score: Score,
    subject: &Subject<'_>,
    (start, end): (usize, usize),
    supports: bool,
) -> Score {
    match subject.offset() {
        Some(offset) => score.with(offset + start, offset + end, supports),
        None => score,
    }
}

/// The whole judged text as evidence.
pub(super) fn whole(score: Score, subject: &Subject<'_>, supports: bool) -> Score {
    evidence(score, subject, (0, subject.text.len()), supports)
}
