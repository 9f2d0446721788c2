//! `tense`: which tenses the finite verbs of an English answer are in, by
//! [`verbs`](botsmith_nlp::verbs).
//!
//! Orders, infinitives and participles have no tense and are not counted, nor are `would`, `could`,
//! `might`, `should` and `ought` without `have`.

use botsmith_core::yaml::Fields;
use botsmith_nlp::verbs::{self, Form, Tense, VerbGroup};

use super::builtin::{Builtin, evidence};
use super::share::{Limits, MAX_SHARE, MIN_SHARE, ONLY, listed, share};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::{Result, Score, Verdict, reading};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "tense",
        about: "Which tense the finite verbs of an English answer are in, or without `want`, how much they keep to one.",
        formula: "finite verb groups in a wanted tense / finite verb groups; without `want`, those in the most frequent tense / all; skipped where there is no finite verb",
        range: Range::UNIT,
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "want",
                schema: r#"{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}"#,
                about: "`past`, `present`, `future`, each also with an aspect (`past-simple`, `present-perfect`, `past-progressive`, `future-perfect-progressive`), or `perfect` or `progressive` of any tense; one or a list. Alone it passes where at least half of the verbs are in it",
                required: false,
            },
            ONLY,
            MIN_SHARE,
            MAX_SHARE,
        ],
        example: "- tense: {want: past, only: true}   # \"We tested it and it worked.\" gives 1 and passes",
        scalar: Some("want"),
    },
    build,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aspect {
    Simple,
    Perfect,
    Progressive,
    PerfectProgressive,
}

/// A tense, an aspect, or both.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    tense: Option<Tense>,
    aspect: Option<Aspect>,
}

const fn wanted(tense: Option<Tense>, aspect: Option<Aspect>) -> Wanted {
    Wanted { tense, aspect }
}

const PAST: Option<Tense> = Some(Tense::Past);
const PRESENT: Option<Tense> = Some(Tense::Present);
const FUTURE: Option<Tense> = Some(Tense::Future);
const SIMPLE: Option<Aspect> = Some(Aspect::Simple);
const PERFECT: Option<Aspect> = Some(Aspect::Perfect);
const PROGRESSIVE: Option<Aspect> = Some(Aspect::Progressive);
const BOTH: Option<Aspect> = Some(Aspect::PerfectProgressive);

const WORDS: &[(&str, Wanted)] = &[
    ("past", wanted(PAST, None)),
    ("past-simple", wanted(PAST, SIMPLE)),
    ("past-perfect", wanted(PAST, PERFECT)),
    ("past-progressive", wanted(PAST, PROGRESSIVE)),
    ("past-perfect-progressive", wanted(PAST, BOTH)),
    ("present", wanted(PRESENT, None)),
    ("present-simple", wanted(PRESENT, SIMPLE)),
    ("present-perfect", wanted(PRESENT, PERFECT)),
    ("present-progressive", wanted(PRESENT, PROGRESSIVE)),
    ("present-perfect-progressive", wanted(PRESENT, BOTH)),
    ("future", wanted(FUTURE, None)),
    ("future-simple", wanted(FUTURE, SIMPLE)),
    ("future-perfect", wanted(FUTURE, PERFECT)),
    ("future-progressive", wanted(FUTURE, PROGRESSIVE)),
    ("future-perfect-progressive", wanted(FUTURE, BOTH)),
    ("perfect", wanted(None, PERFECT)),
    ("progressive", wanted(None, PROGRESSIVE)),
];

impl Wanted {
    fn fits(self, group: &VerbGroup) -> bool {
        let aspect = match (group.perfect, group.progressive) {
            (false, false) => Aspect::Simple,
            (true, false) => Aspect::Perfect,
            (false, true) => Aspect::Progressive,
            (true, true) => Aspect::PerfectProgressive,
        };
        let both = aspect == Aspect::PerfectProgressive;
        let of_aspect = match self.aspect {
            None => true,
            // Without a tense, "has been going" is both perfect and progressive.
            Some(wanted) => wanted == aspect || (both && self.tense.is_none()),
        };
        self.tense.is_none_or(|tense| group.tense == Some(tense)) && of_aspect
    }
}

#[derive(Debug)]
struct TenseOf {
    want: Vec<Wanted>,
    /// As the suite names them.
    names: String,
    limits: Limits,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let (mut want, mut names) = (Vec::new(), Vec::new());
    if let Some(at) = options.get("want") {
        let items = at.items_or_self();
        if items.is_empty() {
            return Err(at.error("must not be empty").into());
        }
        for item in items {
            want.push(item.one_of(WORDS)?);
            names.push(item.text()?.to_owned());
        }
    }
    Ok(Box::new(TenseOf {
        want,
        names: names.join(" or "),
        limits: Limits::read(options)?,
    }))
}

fn word(tense: Tense) -> &'static str {
    match tense {
        Tense::Past => "past",
        Tense::Present => "present",
        Tense::Future => "future",
    }
}

/// The most frequent tense; of equals the one that comes first in the text.
fn main_tense(groups: &[&VerbGroup]) -> Option<Tense> {
    let count = |tense| groups.iter().filter(|group| group.tense == tense).count();
    let mut best = None;
    for group in groups {
        if best.is_none_or(|best| count(group.tense) > count(best)) {
            best = Some(group.tense);
        }
    }
    best.flatten()
}

impl Evaluator for TenseOf {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = reading::read_answer(subject.text)?;
        let utterances = verbs::read(&doc);
        let groups: Vec<_> = utterances
            .iter()
            .flat_map(|utterance| &utterance.groups)
            .filter(|group| group.form == Form::Finite && group.tense.is_some())
            .collect();
        let Some(main) = main_tense(&groups) else {
            return Ok(Verdict::Skipped(
                "the answer has no verb with a tense".into(),
            ));
        };
        let fits = |group: &VerbGroup| match self.want.is_empty() {
            true => group.tense == Some(main),
            false => self.want.iter().any(|wanted| wanted.fits(group)),
        };
        let hits = groups.iter().filter(|group| fits(group)).count();
        let all = groups.len();
        let mut score = Score::graded(share(hits, all));
        let caps = self.limits.caps();
        let mut against = Vec::new();
        for group in &groups {
            let span = group.span(&doc);
            let supports = fits(group) != caps;
            score = evidence(score, subject, (span.start, span.end), supports);
            if !supports {
                against.push(span);
            }
        }
        let failure = if self.limits.any() {
            self.limits.check(hits, all)
        } else {
            (hits * 2 < all).then(|| "wanted: at least half".to_owned())
        };
        if self.decides(&KIND.docs) {
            score.passed = Some(failure.is_none());
        }
        if let Some(failure) = failure.filter(|_| score.passed == Some(false)) {
            let names = match self.want.is_empty() {
                true => word(main),
                false => &self.names,
            };
            let found = listed(subject.text, &against);
            let side = if caps { "in it" } else { "not in it" };
            score = score.because(format!(
                "{hits} of {all} verbs {} {names}, {failure}; {side}: {found}",
                if hits == 1 { "is" } else { "are" },
            ));
        }
        Ok(score.into())
    }

    fn decides(&self, _: &Docs) -> bool {
        !self.want.is_empty() || self.limits.any()
    }
}
