//! `lexical-diversity`: how varied the words of the answer are.
//!
//! English. Measures: [`botsmith_nlp::lexical_diversity`]. Words are tokens of prose, lower-cased, by
//! form or lemma; punctuation, code and addresses are left out.

use std::collections::HashMap;

use botsmith_core::yaml::Fields;
use botsmith_nlp::Doc;
use botsmith_nlp::lexical_diversity::{Unit, Vocabulary};

use super::builtin::{Builtin, evidence};
use super::limits::{Limits, MAX, MIN};
use super::{Better, Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::reading::read_answer;
use crate::{Result, Score, Verdict};

/// Places of the word that comes most often, as evidence.
const SHOWN: usize = 12;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "lexical-diversity",
        about: "How varied the words of the answer are; with `min` or `max` it passes or fails. English.",
        formula: "the measure, see [Readability](readability.md#lexical-diversity); its evidence is the noun, verb, adjective or adverb that comes most often, if one comes three times; skipped if the answer is too short for the measure",
        range: Range {
            lo: 0.0,
            hi: f64::INFINITY,
            better: Better::Higher,
        },
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "measure",
                schema: r#"{"enum": ["ttr", "root-ttr", "mattr", "mtld", "hdd", "yules-k"], "default": "mtld"}"#,
                about: "which measure: `ttr` for texts of like length, `mattr`, `mtld` and `hdd` depend less on it, of `yules-k` less is more varied",
                required: false,
            },
            MIN,
            MAX,
            OptionDocs {
                name: "unit",
                schema: r#"{"enum": ["form", "lemma"], "default": "form"}"#,
                about: "what is compared: forms, or lemmas (`goes` and `went` are one word)",
                required: false,
            },
            OptionDocs {
                name: "window",
                schema: r#"{"type": "integer", "minimum": 1, "default": 50}"#,
                about: "words of a window of `mattr`",
                required: false,
            },
            OptionDocs {
                name: "sample",
                schema: r#"{"type": "integer", "minimum": 1, "default": 42}"#,
                about: "words of a sample of `hdd`",
                required: false,
            },
            OptionDocs {
                name: "ratio",
                schema: r#"{"type": "number", "minimum": 0.01, "maximum": 0.99, "default": 0.72}"#,
                about: "the type-token ratio at which a stretch of `mtld` ends",
                required: false,
            },
        ],
        example: "- lexical-diversity: {measure: ttr, min: 0.7}   # \"to be or not to be\" gives 0.667 and fails",
        scalar: Some("measure"),
    },
    build,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Ttr,
    RootTtr,
    Mattr,
    Mtld,
    Hdd,
    YulesK,
}

const MEASURES: [(&str, Measure); 6] = [
    ("ttr", Measure::Ttr),
    ("root-ttr", Measure::RootTtr),
    ("mattr", Measure::Mattr),
    ("mtld", Measure::Mtld),
    ("hdd", Measure::Hdd),
    ("yules-k", Measure::YulesK),
];

#[derive(Debug)]
struct Diversity {
    measure: (&'static str, Measure),
    limits: Limits,
    unit: Unit,
    window: usize,
    sample: usize,
    ratio: f64,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let size = |key: &'static str, default: usize| -> Result<usize> {
        match options.get(key) {
            None => Ok(default),
            Some(at) => match at.count()? {
                0 => Err(at.error(format!("`{key}` must be 1 or more")).into()),
                size => Ok(size),
            },
        }
    };
    let named = MEASURES.map(|measure| (measure.0, measure));
    Ok(Box::new(Diversity {
        measure: options
            .get("measure")
            .map_or(Ok(MEASURES[3]), |at| at.one_of(&named))?,
        limits: Limits::read(options)?,
        unit: options.get("unit").map_or(Ok(Unit::Form), |at| {
            at.one_of(&[("form", Unit::Form), ("lemma", Unit::Lemma)])
        })?,
        window: size("window", Vocabulary::WINDOW)?,
        sample: size("sample", Vocabulary::SAMPLE)?,
        ratio: options
            .get("ratio")
            .map_or(Ok(Vocabulary::THRESHOLD), |at| at.number_in(0.01, 0.99))?,
    }))
}

impl Evaluator for Diversity {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = read_answer(subject.text)?;
        let words = Vocabulary::of_doc(&doc, self.unit);
        let (name, measure) = self.measure;
        let value = match measure {
            Measure::Ttr => words.ttr(),
            Measure::RootTtr => words.root_ttr(),
            Measure::Mattr => words.mattr(self.window),
            Measure::Mtld => words.mtld(self.ratio),
            Measure::Hdd => words.hdd(self.sample),
            Measure::YulesK => words.yules_k(),
        };
        let Some(value) = value else {
            let words = words.len();
            let reason = format!("{words} words are too few for {name}");
            return Ok(Verdict::Skipped(reason.into()));
        };
        // Rounding may leave a trace below nothing.
        let score = self.limits.score(value.max(0.0), name);
        Ok(match score.passed {
            Some(true) => score.into(),
            _ => most_frequent(score, subject, &doc, self.unit).into(),
        })
    }

    fn decides(&self, _: &Docs) -> bool {
        self.limits.any()
    }

    fn range(&self, docs: &Docs) -> Range {
        let (hi, better) = match self.measure.1 {
            Measure::Ttr | Measure::Mattr | Measure::Hdd => (1.0, Better::Higher),
            Measure::RootTtr | Measure::Mtld => (f64::INFINITY, Better::Higher),
            Measure::YulesK => (10_000.0, Better::Lower),
        };
        Range {
            hi,
            better,
            ..docs.range
        }
    }
}

/// Where the content word that comes most often stands, if it comes three times.
fn most_frequent(mut score: Score, subject: &Subject<'_>, doc: &Doc, unit: Unit) -> Score {
    let mut places: HashMap<String, Vec<_>> = HashMap::new();
    for word in doc.words() {
        if matches!(word.upos(), "NOUN" | "PROPN" | "VERB" | "ADJ" | "ADV") {
            let text = match unit {
                Unit::Form => word.form(),
                Unit::Lemma => word.lemma(),
            };
            places
                .entry(text.to_lowercase())
                .or_default()
                .push(word.span());
        }
    }
    // Of words that come as often, the first in the text.
    let most = places
        .into_values()
        .filter(|spans| spans.len() > 2)
        .max_by_key(|spans| (spans.len(), std::cmp::Reverse(spans[0].start)));
    for span in most.into_iter().flatten().take(SHOWN) {
        score = evidence(score, subject, (span.start, span.end), false);
    }
    score
}
