//! Question words -> what kind of phrase answers the question.

use botsmith_nlp::Word;

use super::lower;

/// What kind of phrase answers a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A person, an organisation, a role.
    Who,
    /// A place.
    Where,
    /// A date, a time, an event.
    When,
    /// A count.
    HowMany,
    /// A price, an amount.
    HowMuch,
    /// A stretch of time, a length.
    HowLong,
    /// A rate: `weekly`, `twice a day`.
    HowOften,
    /// A reason.
    Why,
    /// One of some things.
    Which,
    /// Yes, no, or a statement that says it.
    YesNo,
    /// A way of doing something.
    How,
    /// Any thing or fact.
    What,
}

impl Kind {
    /// The question word, as messages write it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Who => "who",
            Self::Where => "where",
            Self::When => "when",
            Self::HowMany => "how many",
            Self::HowMuch => "how much",
            Self::HowLong => "how long",
            Self::HowOften => "how often",
            Self::Why => "why",
            Self::Which => "which",
            Self::YesNo => "yes or no",
            Self::How => "how",
            Self::What => "what",
        }
    }

    /// What answers it, as messages write it.
    pub(crate) fn wants(self) -> &'static str {
        match self {
            Self::Who => "a person, role or organisation",
            Self::Where => "a place",
            Self::When => "a date, time or event",
            Self::HowMany => "a number",
            Self::HowMuch => "a price or amount",
            Self::HowLong => "a duration or length",
            Self::HowOften => "a rate",
            Self::Why => "a reason",
            Self::Which => "a choice",
            Self::YesNo => "yes, no, or a statement that says it",
            Self::How => "a way of doing it",
            Self::What => "a thing or fact",
        }
    }

    /// All kinds by their words, for options.
    pub(crate) const ALL: [(&'static str, Self); 12] = [
        ("who", Self::Who),
        ("where", Self::Where),
        ("when", Self::When),
        ("how-many", Self::HowMany),
        ("how-much", Self::HowMuch),
        ("how-long", Self::HowLong),
        ("how-often", Self::HowOften),
        ("why", Self::Why),
        ("which", Self::Which),
        ("yes-no", Self::YesNo),
        ("how", Self::How),
        ("what", Self::What),
    ];
}

/// The kind that a question word at `at` gives.
pub(super) fn kind_at(words: &[Word<'_>], at: usize, end: usize) -> Option<Kind> {
    if at >= end {
        return None;
    }
    let next = |step: usize| match at + step < end {
        true => lower(words[at + step]),
        false => String::new(),
    };
    let first = next(0);
    let first = first.trim_end_matches(['\'', '’']);
    Some(match first {
        "who" | "whom" | "whose" | "who's" => Kind::Who,
        "where" | "where's" => Kind::Where,
        "when" | "when's" => Kind::When,
        "why" | "why's" => Kind::Why,
        "which" => match next(1).as_str() {
            "day" | "date" | "year" | "month" | "time" | "week" => Kind::When,
            "country" | "city" | "town" | "place" | "street" | "countries" | "cities" => {
                Kind::Where
            }
            "person" | "people" => Kind::Who,
            _ => Kind::Which,
        },
        "how" => match (next(1).as_str(), next(2).as_str()) {
            ("many", _) => Kind::HowMany,
            ("much", "time" | "longer")
            | (
                "long" | "far" | "tall" | "high" | "wide" | "big" | "deep" | "old" | "quickly"
                | "fast" | "soon",
                _,
            ) => Kind::HowLong,
            ("much", _) => Kind::HowMuch,
            ("often" | "frequently", _) => Kind::HowOften,
            ("come", _) => Kind::Why,
            ("about", _) => Kind::What,
            _ => Kind::How,
        },
        "what" | "what's" | "whats" => match next(1).as_str() {
            "time" | "day" | "date" | "year" | "month" => Kind::When,
            "city" | "country" | "town" | "place" => Kind::Where,
            "about" => Kind::What,
            _ => {
                // `what is the price of …`, `what are the opening hours`.
                let head = (1..7)
                    .map(next)
                    .find(|word| HEADS.iter().any(|(head, _)| head == word));
                head.and_then(|word| HEADS.iter().find(|(head, _)| *head == word))
                    .map_or(Kind::What, |(_, kind)| *kind)
            }
        },
        _ => return None,
    })
}

/// Nouns after `what is the` that say what is wanted.
const HEADS: &[(&str, Kind)] = &[
    ("price", Kind::HowMuch),
    ("cost", Kind::HowMuch),
    ("fee", Kind::HowMuch),
    ("date", Kind::When),
    ("deadline", Kind::When),
    ("reason", Kind::Why),
    ("number", Kind::HowMany),
    ("capital", Kind::Where),
];
