//! `pos-pattern`: whether words in a row, described by form, lemma and tags, stand in an answer.
//!
//! English. Patterns are those of [`botsmith_nlp::matcher`]; matches do not overlap, the longest ones count.

use botsmith_core::yaml::{Cursor, Fields};
use botsmith_nlp::matcher::{Matcher, Pattern};

use super::builtin::{Builtin, evidence, flag};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::reading::read;
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "pos-pattern",
        about: "Whether words that fit a pattern of forms, lemmas, parts of speech and features stand in the answer (English), at least `min` and at most `max` times.",
        formula: "1 if the number of matches is within min and max, else 0; matches do not overlap, longer ones come first",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            OptionDocs {
                name: "pattern",
                schema: r#"{"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, {"type": "object", "propertyNames": {"enum": ["form", "lower", "lemma", "upos", "xpos", "feats", "shape", "length", "op", "is-alpha", "is-ascii", "is-digit", "is-lower", "is-upper", "is-title", "is-punct", "is-currency", "is-quote", "is-bracket", "is-sent-start", "is-sent-end", "space-after", "like-number", "like-url", "like-email"]}}]}}"#,
                about: "the words in a row, each a mapping of conditions (see [the matcher](stages/matcher.md)) or a text, which is the word in lower case",
                required: true,
            },
            OptionDocs {
                name: "min",
                schema: r#"{"type": "integer", "minimum": 0}"#,
                about: "fewest matches that pass; default 1, or 0 where there is a `max`",
                required: false,
            },
            OptionDocs {
                name: "max",
                schema: r#"{"type": "integer", "minimum": 0}"#,
                about: "most matches that pass; 0 passes unless there is one",
                required: false,
            },
            OptionDocs {
                name: "across-sentences",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether a match may go over the end of a sentence",
                required: false,
            },
        ],
        example: "- pos-pattern: {pattern: [{upos: AUX, lemma: will}, {upos: VERB}], max: 0}   # \"We will refund you.\" gives 0 and fails",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct PosPattern {
    matcher: Matcher,
    min: usize,
    max: Option<usize>,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let at = options.required("pattern")?;
    let mut builder = Matcher::builder().pattern(Pattern::read("pattern", &at)?);
    if flag(options, "across-sentences")? {
        builder = builder.across_sentences();
    }
    let max = options.get("max");
    let count = max.as_ref().map(Cursor::count).transpose()?;
    let min = match options.get("min") {
        Some(at) => at.count()?,
        None => usize::from(count.is_none()),
    };
    if let Some(at) = max.filter(|_| count.is_some_and(|max| max < min)) {
        return Err(at.error(format!("`max` is below `min`, {min}")).into());
    }
    let matcher = builder
        .build()
        .map_err(|error| at.diagnostic(error.to_string()).code(error.code()))?;
    Ok(Box::new(PosPattern {
        matcher,
        min,
        max: count,
    }))
}

impl Evaluator for PosPattern {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = read(subject.text)?;
        let found = self.matcher.find(&doc);
        let few = found.len() < self.min;
        let many = self.max.is_some_and(|max| found.len() > max);
        let mut score = Score::pass_fail(!few && !many);
        for one in &found {
            let bytes = (one.span.bytes.start, one.span.bytes.end);
            score = evidence(score, subject, bytes, !many);
        }
        let times = match found.len() {
            0 => "nothing fits the pattern".to_owned(),
            1 => "the pattern is found once".to_owned(),
            n => format!("the pattern is found {n} times"),
        };
        Ok(match (few, many, self.max) {
            (true, _, _) if self.min == 1 => score.because(times),
            (true, ..) => score.because(format!("{times}, at least {} wanted", self.min)),
            (_, true, Some(0)) => score.because(format!("{times}, and must not be")),
            (_, true, Some(max)) => score.because(format!("{times}, at most {max} allowed")),
            _ => score,
        }
        .into())
    }
}
