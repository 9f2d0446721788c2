//! `new-numbers`: numbers, quantities, dates and times that the answer did not get from anywhere.
//!
//! English. How texts are read is said in [`crate::language::quantity`]; what an answer may draw on
//! in [`super::known`]. Whether a number that is known stands in the right place is not asked.

use std::collections::HashSet;

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, evidence};
use super::known::{CONTEXT, Drawn, REFERENCES, from_nowhere};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::language::markup::plain;
use crate::language::quantity::{
    Dimension, Known, Number, Quantity, Value, near, quantities, with_decimal_comma,
};
use crate::stats::Scale;
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "new-numbers",
        about: "Numbers, quantities, dates and times in the answer that neither the context nor the question holds (English); passes where there are none.",
        formula: "different numbers that are known / different numbers; 1 if the answer has none. Normalised: `1,200`, `1.2k` and `twelve hundred` are one number, `5 km` is `5000 m`",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            CONTEXT,
            REFERENCES,
            OptionDocs {
                name: "allow",
                schema: r#"{"type": "array", "items": {"enum": ["counts", "sums", "products", "shares", "ordinals"]}, "default": ["counts"]}"#,
                about: "numbers that follow from others: `counts` (how many items the answer's own list has), `sums` and differences of two known numbers, `products`, `shares` (one known number in percent of another), `ordinals` (`3rd`)",
                required: false,
            },
            OptionDocs {
                name: "tolerance",
                schema: r#"{"type": "number", "minimum": 0, "maximum": 1, "default": 0}"#,
                about: "how far from a known number another may be and still be the same, as a share of it",
                required: false,
            },
            OptionDocs {
                name: "max",
                schema: r#"{"type": "integer", "minimum": 0, "default": 0}"#,
                about: "how many new numbers pass",
                required: false,
            },
        ],
        example: "- new-numbers: {context: \"{{ policy }}\", allow: [counts, sums]}   # a policy of \"30 days\" and the answer \"within 14 days\" give 0 and fail",
        scalar: None,
    },
    build,
};

/// The most known numbers of which sums and the like are tried; pairs grow with the square.
const MOST_PAIRED: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Derived {
    Counts,
    Sums,
    Products,
    Shares,
    Ordinals,
}

#[derive(Debug)]
struct NewNumbers {
    from: Drawn,
    allow: Vec<Derived>,
    tolerance: f64,
    max: usize,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    const ALLOWED: [(&str, Derived); 5] = [
        ("counts", Derived::Counts),
        ("sums", Derived::Sums),
        ("products", Derived::Products),
        ("shares", Derived::Shares),
        ("ordinals", Derived::Ordinals),
    ];
    let allow = match options.get("allow") {
        Some(at) => {
            let items = at.items_or_self();
            let read = items.iter().map(|item| item.one_of(&ALLOWED));
            read.collect::<Result<_, _>>()?
        }
        None => vec![Derived::Counts],
    };
    Ok(Box::new(NewNumbers {
        from: Drawn::read(options)?,
        allow,
        tolerance: options
            .get("tolerance")
            .map_or(Ok(0.0), |at| at.number_in(0.0, 1.0))?,
        max: options.get("max").map_or(Ok(0), |at| at.count())?,
    }))
}

impl NewNumbers {
    /// Whether a number follows from others, as the options allow.
    fn follows(&self, number: &Number, lists: &[usize], known: &[Number]) -> bool {
        let known = &known[..known.len().min(MOST_PAIRED)];
        let pairs = |fits: &dyn Fn(&Number, &Number) -> bool| {
            known
                .iter()
                .enumerate()
                .any(|(at, a)| known[at + 1..].iter().any(|b| fits(a, b)))
        };
        self.allow.iter().any(|derived| match derived {
            Derived::Counts => {
                let all: usize = lists.iter().sum();
                number.unit.is_none()
                    && lists
                        .iter()
                        .chain([&all])
                        .any(|items| *items as f64 == number.plain)
            }
            Derived::Ordinals => number.ordinal,
            Derived::Sums => pairs(&|a, b| {
                let like = a.unit.map(|unit| unit.0) == b.unit.map(|unit| unit.0);
                let unit = a.unit.map(|(dimension, _)| (dimension, 1.0));
                let is = |plain| Number {
                    plain,
                    unit,
                    ordinal: false,
                };
                like && (number.agrees(&is(a.base() + b.base()), self.tolerance)
                    || number.agrees(&is((a.base() - b.base()).abs()), self.tolerance))
            }),
            Derived::Products => pairs(&|a, b| {
                // Three times 8 euros: one of them counts.
                let (count, of) = match (a.unit, b.unit) {
                    (None, _) => (a, b),
                    (_, None) => (b, a),
                    _ => return false,
                };
                let plain = count.plain * of.plain;
                number.agrees(&Number { plain, ..*of }, self.tolerance)
            }),
            Derived::Shares => {
                let share = matches!(number.unit, Some((Dimension::Share, _)));
                share
                    && pairs(&|a, b| {
                        let (a, b) = (a.base(), b.base());
                        // As exact as it is written: whole percents are rounded.
                        let close = |part: f64| {
                            near(number.base(), part, self.tolerance)
                                || (number.plain.fract() == 0.0
                                    && (number.base() - part).abs() <= 0.005)
                        };
                        (b != 0.0 && close(a / b)) || (a != 0.0 && close(b / a))
                    })
            }
        })
    }
}

impl Evaluator for NewNumbers {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let plain_answer = plain(subject.text);
        let found: Vec<Quantity> = quantities(&plain_answer.text)
            .into_iter()
            .filter(|quantity| !quantity.weak)
            .collect();
        if found.is_empty() {
            return Ok(Score::pass_fail(true)
                .because("the answer has no numbers")
                .into());
        }
        let mut known = Known::default();
        for text in self.from.texts(subject)? {
            known.add(quantities(&text));
            known.add(with_decimal_comma(&text));
        }
        let lists = plain_answer.lists();
        let mut score = Score::pass_fail(true);
        // A number that is said twice counts once.
        let (mut all, mut new) = (HashSet::new(), Vec::new());
        for quantity in &found {
            let borne_out = known.holds(quantity, self.tolerance)
                || matches!(quantity.value, Value::Number(number) if self.follows(&number, &lists, known.numbers()));
            let span = (quantity.span.start, quantity.span.end);
            score = evidence(score, subject, span, borne_out);
            if all.insert(quantity.value.key()) && !borne_out {
                new.push(quantity);
            }
        }
        score.value = (all.len() - new.len()) as f64 / all.len() as f64;
        score.passed = Some(new.len() <= self.max);
        if !new.is_empty() {
            let things = new.iter().map(|new| &subject.text[new.span.clone()]);
            score = score.because(from_nowhere(&self.from, things));
        }
        Ok(score.into())
    }
}
