//! `instruction`: whether an answer keeps to what was said of its form, point by point.
//!
//! English. Lengths are counted without markup and code blocks; a list item is a sentence. What an
//! order and the first person are is said in [`crate::language::steps`].

mod points;

use botsmith_core::yaml::{Cursor, Fields};

use super::builtin::{Builtin, evidence};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::language::markup::plain;
use crate::language::steps::sentences;
use crate::reading::read;
use crate::stats::Scale;
use crate::template::Template;
use crate::{Result, Score, Verdict};
use points::{Begin, Point, Reading, Unit};

const fn count(name: &'static str, about: &'static str) -> OptionDocs {
    OptionDocs {
        name,
        schema: r#"{"type": "integer", "minimum": 0}"#,
        about,
        required: false,
    }
}

const fn flag(name: &'static str, about: &'static str) -> OptionDocs {
    OptionDocs {
        name,
        schema: r#"{"type": "boolean"}"#,
        about,
        required: false,
    }
}

const fn texts(name: &'static str, about: &'static str) -> OptionDocs {
    OptionDocs {
        name,
        schema: r#"{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}"#,
        about,
        required: false,
    }
}

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "instruction",
        about: "Whether the answer keeps to instructions on its form, such as \"at most three sentences, no first person\" (English); passes where it keeps all.",
        formula: "points that are kept / points that are stated; each list item counts as a sentence, code blocks count as nothing",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            count("max-sentences", "most sentences"),
            count("min-sentences", "fewest sentences"),
            count("max-words", "most words"),
            count("min-words", "fewest words"),
            count("max-bullets", "most list items"),
            count("min-bullets", "fewest list items"),
            flag(
                "bullets",
                "whether there is a list: `true` asks for one, `false` for none",
            ),
            flag(
                "first-person",
                "whether the first person (`I`, `we`, `my`) is used: `false` asks for none of it",
            ),
            flag(
                "questions",
                "whether the answer asks something back: `false` asks for no question",
            ),
            flag(
                "only-imperatives",
                "`true` asks that each list item, or without a list each sentence, begins as an order (`Open the app`)",
            ),
            texts(
                "mentions",
                "words or phrases that must all be there, in any inflection (`refund` is in \"refunded\"); may be templates over the case",
            ),
            texts(
                "avoids",
                "words or phrases of which none may be there, likewise",
            ),
            OptionDocs {
                name: "starts-with",
                schema: r#"{"enum": ["verb", "noun", "adjective", "adverb", "pronoun", "number", "name", "interjection"]}"#,
                about: "what the first word is",
                required: false,
            },
        ],
        example: "- instruction: {max-sentences: 3, first-person: false, mentions: [refund]}   # \"I can help.\" keeps one of three: 0.333, fails",
        scalar: None,
    },
    build,
};

#[derive(Debug)]
struct Instruction {
    points: Vec<Point>,
}

fn limits(
    options: &Fields<'_>,
    unit: Unit,
    (min, max): (&'static str, &'static str),
    points: &mut Vec<Point>,
) -> Result<()> {
    let low = options.get(min).map(|at| at.count()).transpose()?;
    let high = options.get(max).map(|at| at.count()).transpose()?;
    if let (Some(low), Some(high), Some(at)) = (low, high, options.get(max))
        && high < low
    {
        return Err(at
            .error(format!("{max} {high} is below {min} {low}"))
            .into());
    }
    points.extend(low.map(|least| Point::AtLeast(unit, least)));
    points.extend(high.map(|most| Point::AtMost(unit, most)));
    Ok(())
}

fn phrases(
    options: &Fields<'_>,
    key: &'static str,
    point: fn(Template) -> Point,
    points: &mut Vec<Point>,
) -> Result<()> {
    let Some(at) = options.get(key) else {
        return Ok(());
    };
    let items = at.items_or_self();
    if items.is_empty() {
        return Err(at.error("must not be empty").into());
    }
    let read = |item: &Cursor<'_>| -> Result<Template> {
        match item.text()?.trim().is_empty() {
            true => Err(item.error("must not be empty").into()),
            false => Template::read(item),
        }
    };
    for item in &items {
        points.push(point(read(item)?));
    }
    Ok(())
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    const BEGINNINGS: [(&str, Begin); 8] = [
        ("verb", Begin::Verb),
        ("noun", Begin::Noun),
        ("adjective", Begin::Adjective),
        ("adverb", Begin::Adverb),
        ("pronoun", Begin::Pronoun),
        ("number", Begin::Number),
        ("name", Begin::Name),
        ("interjection", Begin::Interjection),
    ];
    let mut points = Vec::new();
    limits(
        options,
        Unit::Sentences,
        ("min-sentences", "max-sentences"),
        &mut points,
    )?;
    limits(
        options,
        Unit::Words,
        ("min-words", "max-words"),
        &mut points,
    )?;
    limits(
        options,
        Unit::Bullets,
        ("min-bullets", "max-bullets"),
        &mut points,
    )?;
    for (key, point) in [
        ("bullets", Point::List as fn(bool) -> Point),
        ("first-person", Point::FirstPerson),
        ("questions", Point::Questions),
        ("only-imperatives", Point::Imperatives),
    ] {
        if let Some(at) = options.get(key) {
            points.push(point(at.bool()?));
        }
    }
    phrases(options, "mentions", Point::Mentions, &mut points)?;
    phrases(options, "avoids", Point::Avoids, &mut points)?;
    if let Some(at) = options.get("starts-with") {
        points.push(Point::StartsWith(at.one_of(&BEGINNINGS)?));
    }
    // `only-imperatives: false` asks for nothing.
    points.retain(|point| !matches!(point, Point::Imperatives(false)));
    if points.is_empty() {
        return Err(options
            .at()
            .diagnostic("`instruction` states nothing")
            .hint("write `- instruction: {max-sentences: 3, first-person: false}`")
            .into());
    }
    Ok(Box::new(Instruction { points }))
}

impl Evaluator for Instruction {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let plain = plain(subject.text);
        let doc = read(&plain.text)?;
        let reading = Reading {
            sentences: sentences(&doc, &plain),
            words: doc.words().collect(),
            plain: &plain,
        };
        let mut score = Score::pass_fail(true);
        let mut broken = Vec::new();
        for point in &self.points {
            let finding = point.check(&reading, subject.case)?;
            for span in &finding.spans {
                let kept = finding.broken.is_none();
                score = evidence(score, subject, (span.start, span.end), kept);
            }
            broken.extend(finding.broken);
        }
        score.value = (self.points.len() - broken.len()) as f64 / self.points.len() as f64;
        score.passed = Some(broken.is_empty());
        if !broken.is_empty() {
            score = score.because(broken.join("; "));
        }
        Ok(score.into())
    }
}
