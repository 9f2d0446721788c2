//! `person`: in which grammatical person an English answer speaks, by
//! [`verbs::marks`](botsmith_nlp::verbs::marks): pronouns, possessives, forms of verbs.

use botsmith_core::yaml::{Cursor, Fields};
use botsmith_nlp::verbs::{self, Number, Person, PersonMark};

use super::builtin::{Builtin, evidence, flag};
use super::quoted::quotations;
use super::share::{Limits, MAX_SHARE, MIN_SHARE, ONLY, listed, share};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::stats::Scale;
use crate::{Error, Result, Score, Verdict, reading};

const PERSONS: &str = r#"{"anyOf": [{"enum": ["first", "first-singular", "first-plural", "second", "third", "third-singular", "third-plural"]}, {"type": "array", "minItems": 1, "items": {"enum": ["first", "first-singular", "first-plural", "second", "third", "third-singular", "third-plural"]}}]}"#;

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "person",
        about: "Whether an English answer speaks in a grammatical person (`want`), or keeps out of one (`avoid`).",
        formula: "marks of a wanted person / marks; with `avoid` alone, 1 - marks of an avoided person / marks; marks are pronouns and possessives, orders for the second person; the third person counts only where an option names it",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            OptionDocs {
                name: "want",
                schema: PERSONS,
                about: "`first`, `second`, `third`, or with a number (`first-plural` is we); one or a list. Alone it passes where there is at least one mark of it. Nouns that are subjects are marks of a wanted third person",
                required: false,
            },
            OptionDocs {
                name: "avoid",
                schema: PERSONS,
                about: "persons of which there must be no mark; of the third person, `it` is none",
                required: false,
            },
            ONLY,
            MIN_SHARE,
            MAX_SHARE,
            OptionDocs {
                name: "orders",
                schema: r#"{"type": "boolean", "default": true}"#,
                about: "whether an order (\"Click Save\") is a mark of the second person",
                required: false,
            },
            OptionDocs {
                name: "quotes",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether what stands in double quotation marks counts",
                required: false,
            },
        ],
        example: "- person: {avoid: first}   # \"I think it works.\" gives 0 and fails",
        scalar: Some("want"),
    },
    build,
};

#[derive(Clone, Copy, Debug)]
struct Which {
    person: Person,
    number: Option<Number>,
}

const WORDS: &[(&str, Which)] = &[
    ("first", which(Person::First, None)),
    (
        "first-singular",
        which(Person::First, Some(Number::Singular)),
    ),
    ("first-plural", which(Person::First, Some(Number::Plural))),
    ("second", which(Person::Second, None)),
    ("third", which(Person::Third, None)),
    (
        "third-singular",
        which(Person::Third, Some(Number::Singular)),
    ),
    ("third-plural", which(Person::Third, Some(Number::Plural))),
];

const fn which(person: Person, number: Option<Number>) -> Which {
    Which { person, number }
}

impl Which {
    fn fits(self, mark: &PersonMark) -> bool {
        self.person == mark.person && self.number.is_none_or(|number| mark.number == Some(number))
    }
}

#[derive(Debug, Default)]
struct List {
    which: Vec<Which>,
    names: String,
}

impl List {
    fn read(at: Option<Cursor<'_>>) -> Result<Self> {
        let Some(at) = at else {
            return Ok(Self::default());
        };
        let items = at.items_or_self();
        if items.is_empty() {
            return Err(at.error("must not be empty").into());
        }
        let (mut which, mut names) = (Vec::new(), Vec::new());
        for item in items {
            which.push(item.one_of(WORDS)?);
            names.push(item.text()?.to_owned());
        }
        Ok(Self {
            which,
            names: names.join(" or "),
        })
    }

    fn fits(&self, mark: &PersonMark) -> bool {
        self.which.iter().any(|which| which.fits(mark))
    }

    fn names(&self, person: Person) -> bool {
        self.which.iter().any(|which| which.person == person)
    }
}

#[derive(Debug)]
struct PersonOf {
    want: List,
    avoid: List,
    limits: Limits,
    orders: bool,
    quotes: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let want = List::read(options.get("want"))?;
    let avoid = List::read(options.get("avoid"))?;
    let limits = Limits::read(options)?;
    if want.which.is_empty() && avoid.which.is_empty() {
        return Err(Error::from(
            options
                .at()
                .error("needs `want` or `avoid`: `first`, `second` or `third`"),
        ));
    }
    if want.which.is_empty() && limits.any() {
        let message = "`only`, `min-share` and `max-share` go with `want`";
        return Err(options.at().error(message).into());
    }
    Ok(Box::new(PersonOf {
        want,
        avoid,
        limits,
        orders: options.get("orders").map_or(Ok(true), |at| at.bool())?,
        quotes: flag(options, "quotes")?,
    }))
}

impl PersonOf {
    /// Whether a mark counts with these options.
    fn counts(&self, text: &str, mark: &PersonMark) -> bool {
        if mark.person == Person::Third {
            let thing = !mark.pronoun || {
                let word = &text[mark.span.clone()];
                ["it", "its", "itself"]
                    .iter()
                    .any(|it| word.eq_ignore_ascii_case(it))
            };
            return match self.want.names(Person::Third) {
                true => true,
                false => self.avoid.names(Person::Third) && !thing,
            };
        }
        let order = mark.person == Person::Second && !mark.pronoun;
        self.orders || !order
    }
}

impl Evaluator for PersonOf {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let doc = reading::read_answer(subject.text)?;
        let mut marks = verbs::marks(&doc, &verbs::read(&doc));
        marks.retain(|mark| self.counts(subject.text, mark));
        if !self.quotes {
            let quotations = quotations(subject.text);
            marks.retain(|mark| {
                let at = quotations.partition_point(|span| span.end <= mark.span.start);
                quotations
                    .get(at)
                    .is_none_or(|span| mark.span.start < span.start)
            });
        }
        let all = marks.len();
        let hits = marks.iter().filter(|mark| self.want.fits(mark)).count();
        let avoided: Vec<_> = marks
            .iter()
            .filter(|mark| self.avoid.fits(mark))
            .map(|mark| mark.span.clone())
            .collect();
        let wants = !self.want.which.is_empty();
        let value = match wants {
            true => share(hits, all),
            false => 1.0 - share(avoided.len(), all),
        };
        let mut score = Score::graded(value);
        let caps = self.limits.caps();
        let mut others = Vec::new();
        for mark in &marks {
            let wanted = wants && self.want.fits(mark) != caps;
            if self.avoid.fits(mark) || wanted || wants {
                let supports = wanted && !self.avoid.fits(mark);
                score = evidence(score, subject, (mark.span.start, mark.span.end), supports);
                if !supports {
                    others.push(mark.span.clone());
                }
            }
        }
        let failure = if !avoided.is_empty() {
            let found = listed(subject.text, &avoided);
            Some(format!(
                "speaks in the {} person: {found}",
                self.avoid.names
            ))
        } else if !wants {
            None
        } else if self.limits.any() {
            self.limits.check(hits, all).map(|failure| {
                let found = listed(subject.text, &others);
                let names = &self.want.names;
                format!("{hits} of {all} marks are of the {names} person, {failure}; against it: {found}")
            })
        } else {
            (hits == 0).then(|| format!("no mark of the {} person", self.want.names))
        };
        score.passed = Some(failure.is_none());
        Ok(match failure {
            Some(failure) => score.because(failure),
            None => score,
        }
        .into())
    }
}
