//! `mood`: what the sentences of an English answer do (ask, order, state, state under a
//! condition), by [`verbs`](botsmith_nlp::verbs).

use botsmith_core::yaml::{Cursor, Fields};
use botsmith_nlp::verbs::{self, Mood};

use super::builtin::{Builtin, evidence};
use super::share::{Limits, MAX_SHARE, MIN_SHARE, ONLY, listed, share};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::stats::Scale;
use crate::{Result, Score, Verdict, reading};

const MOODS: &str = r#"{"anyOf": [{"enum": ["question", "imperative", "conditional", "declarative"]}, {"type": "array", "minItems": 1, "items": {"enum": ["question", "imperative", "conditional", "declarative"]}}]}"#;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "mood",
        about: "Whether the sentences of an English answer ask, order, state, or state under a condition.",
        formula: "sentences in a wanted mood / sentences with a mood; with `avoid` alone, 1 - those in an avoided mood / sentences with a mood; each sentence and each line of a list has the first that fits of question, imperative, conditional, declarative; one without a finite verb has none",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            OptionDocs {
                name: "want",
                schema: MOODS,
                about: "`question`, `imperative`, `conditional` or `declarative`; one or a list. Alone it passes where at least one sentence is in it",
                required: false,
            },
            OptionDocs {
                name: "avoid",
                schema: MOODS,
                about: "moods in which there must be no sentence",
                required: false,
            },
            ONLY,
            MIN_SHARE,
            MAX_SHARE,
        ],
        example: "- mood: {want: imperative, only: true}   # \"Open the file. Save it.\" gives 1 and passes",
        scalar: Some("want"),
    },
    build,
};

const WORDS: &[(&str, Mood)] = &[
    ("question", Mood::Question),
    ("imperative", Mood::Imperative),
    ("conditional", Mood::Conditional),
    ("declarative", Mood::Declarative),
];

#[derive(Debug)]
struct MoodOf {
    want: Vec<Mood>,
    avoid: Vec<Mood>,
    limits: Limits,
}

fn list(at: Option<Cursor<'_>>) -> Result<Vec<Mood>> {
    let Some(at) = at else {
        return Ok(Vec::new());
    };
    let items = at.items_or_self();
    if items.is_empty() {
        return Err(at.error("must not be empty").into());
    }
    items.iter().map(|item| Ok(item.one_of(WORDS)?)).collect()
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let (want, avoid) = (list(options.get("want"))?, list(options.get("avoid"))?);
    let limits = Limits::read(options)?;
    if want.is_empty() && avoid.is_empty() {
        let message =
            "needs `want` or `avoid`: `question`, `imperative`, `conditional` or `declarative`";
        return Err(options.at().error(message).into());
    }
    if want.is_empty() && limits.any() {
        let message = "`only`, `min-share` and `max-share` go with `want`";
        return Err(options.at().error(message).into());
    }
    Ok(Box::new(MoodOf {
        want,
        avoid,
        limits,
    }))
}

fn names(moods: &[Mood]) -> String {
    let word = |mood: &Mood| {
        WORDS
            .iter()
            .find(|(_, is)| is == mood)
            .map_or("", |(word, _)| word)
    };
    moods.iter().map(word).collect::<Vec<_>>().join(" or ")
}

impl Evaluator for MoodOf {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = reading::read_answer(subject.text)?;
        let mut sentences = verbs::read(&doc);
        sentences.retain(|sentence| sentence.mood != Mood::Fragment);
        let all = sentences.len();
        let (mut hits, mut avoided, mut others) = (0, Vec::new(), Vec::new());
        let mut score = Score::default();
        for sentence in &sentences {
            let wanted = self.want.contains(&sentence.mood);
            let avoid = self.avoid.contains(&sentence.mood);
            hits += usize::from(wanted);
            let span = sentence.span.clone();
            let supports = !avoid && (self.want.is_empty() || wanted != self.limits.caps());
            if avoid || !self.want.is_empty() {
                score = evidence(score, subject, (span.start, span.end), supports);
            }
            if avoid {
                avoided.push(span);
            } else if !supports {
                others.push(span);
            }
        }
        score.value = match self.want.is_empty() {
            false => share(hits, all),
            true => 1.0 - share(avoided.len(), all),
        };
        let failure = if !avoided.is_empty() {
            let found = listed(subject.text, &avoided);
            Some(format!("must not be {}: {found}", names(&self.avoid)))
        } else if self.want.is_empty() {
            None
        } else if self.limits.any() && all > 0 {
            self.limits.check(hits, all).map(|failure| {
                let found = listed(subject.text, &others);
                let names = names(&self.want);
                format!("{hits} of {all} sentences are {names}, {failure}; against it: {found}")
            })
        } else {
            let caps = self.limits.caps();
            (hits == 0 && !caps).then(|| format!("no sentence is {}", names(&self.want)))
        };
        score.passed = Some(failure.is_none());
        Ok(match failure {
            Some(failure) => score.because(failure),
            None => score,
        }
        .into())
    }
}
