//! Text -> all its quantities in order: dates and times first, then numbers in what is left.

use super::calendar::calendar;
use super::number::read;
use super::{Number, Quantity, Value};
use crate::number::{Style, numbers};

/// The quantities of a text, in order of their places. `text` is without markup
/// ([`crate::language::markup::plain`]) where markup is not to be read.
pub(crate) fn quantities(text: &str) -> Vec<Quantity> {
    let mut list = calendar(text);
    let mut bytes = text.as_bytes().to_vec();
    for quantity in &list {
        // Letters that are no number word, so that nothing is joined across a date.
        bytes[quantity.span.clone()].fill(b'|');
    }
    // `24/7` is a manner of speaking.
    for (at, found) in text.match_indices("24/7") {
        bytes[at..at + found.len()].fill(b'|');
    }
    let rest = String::from_utf8(bytes).expect("whole characters were replaced");
    let mut found = read(&rest);
    share_units(text, &mut found);
    list.extend(found);
    list.sort_by_key(|quantity| quantity.span.start);
    list
}

/// Numbers that a decimal comma would make of a text (`52,40`): people who ask write them.
pub(crate) fn with_decimal_comma(text: &str) -> Vec<Quantity> {
    let style = Style {
        decimal_comma: true,
        ..Style::default()
    };
    numbers(text, style)
        .filter(|number| {
            let (_, decimals) = number.as_str().split_once(',').unwrap_or_default();
            matches!(decimals.len(), 1 | 2) && number.value().is_finite()
        })
        .map(|number| Quantity {
            span: number.start..number.end,
            value: Value::Number(Number {
                plain: number.value(),
                unit: None,
                ordinal: false,
            }),
            weak: true,
        })
        .collect()
}

/// In `3 to 5 km` and `$5–10` both numbers are of the same thing.
fn share_units(text: &str, list: &mut [Quantity]) {
    for at in 1..list.len() {
        let (left, right) = list.split_at_mut(at);
        let (Some(a), Some(b)) = (left.last_mut(), right.first_mut()) else {
            continue;
        };
        let between = text[a.span.end.min(b.span.start)..b.span.start].trim();
        if !matches!(between, "-" | "–" | "—" | "to" | "or" | "and") {
            continue;
        }
        if let (Value::Number(first), Value::Number(second)) = (&mut a.value, &mut b.value)
            && !first.ordinal
            && !second.ordinal
        {
            let scaled = second.plain >= 1000.0
                && first.plain < 1000.0
                && text[b.span.clone()].contains(|c: char| c.is_alphabetic());
            match (first.unit, second.unit) {
                (None, Some(unit)) if between != "and" || !scaled => first.unit = Some(unit),
                (Some(unit), None) if between != "and" => second.unit = Some(unit),
                _ => {}
            }
            if scaled
                && between != "and"
                && let Some(factor) = scale_of(&text[b.span.clone()])
            {
                first.plain *= factor;
            }
        }
    }
}

/// The scale word in a quantity: `5 million` gives a million.
fn scale_of(text: &str) -> Option<f64> {
    text.split(|c: char| !c.is_alphabetic())
        .find_map(super::words::scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_found_whole_and_in_place() {
        let mut wrong = Vec::new();
        for (text, wanted) in [
            ("It costs $3 million today.", &["$3 million"][..]),
            ("about 1.2k users", &["1.2k"]),
            (
                "twelve hundred and fifty people",
                &["twelve hundred and fifty"],
            ),
            ("Walk 5 km, then 20 minutes.", &["5 km", "20 minutes"]),
            (
                "On March 3, 2024 at 5:30 p.m. we met",
                &["March 3, 2024", "5:30 p.m."],
            ),
            ("We met at 5 p.m.", &["5 p.m."]),
            ("It ended in May.", &["May"]),
            ("You may march on.", &[]),
            ("from 3 to 5 km", &["3", "5 km"]),
            ("-$5 or 5 €", &["-$5", "5 €"]),
            ("GPT-4 and CO2 and v1.2", &[]),
            ("a 20-minute walk", &["20-minute"]),
            ("open 24/7", &[]),
            ("three and a half million", &["three and a half million"]),
            ("half an hour", &["half an hour"]),
            ("two thirds of it", &["two thirds"]),
            ("the 21st century", &["21st"]),
            ("in the 1990s", &["1990s"]),
            ("twenty five", &["twenty five"]),
            ("two three four", &["two", "three", "four"]),
            ("50%", &["50%"]),
            ("50 per cent of 8 GB", &["50 per cent", "8 GB"]),
            ("one hundred million", &["one hundred million"]),
            ("Sunday, 4 May", &["Sunday, 4 May"]),
            ("US$5bn", &["US$5bn"]),
            ("10 o'clock", &["10 o'clock"]),
            ("Ratio 16:9", &["16", "9"]),
        ] {
            let strong: Vec<_> = quantities(text)
                .into_iter()
                .filter(|quantity| !quantity.weak)
                .map(|quantity| &text[quantity.span])
                .collect();
            if strong != wanted {
                wrong.push(format!("{text}: {strong:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn what_claims_little_is_weak() {
        for text in [
            "one of them",
            "the first step",
            "no fee",
            "twice",
            "a day",
            "these two plants",
        ] {
            let all = quantities(text);
            assert!(all.len() == 1 && all[0].weak, "{text}: {all:?}");
        }
    }

    #[test]
    fn any_text_is_read_within_itself() {
        for text in [
            "",
            "é5€",
            "５",
            "½",
            "1/0",
            "99999999999999999999999",
            "a-1",
            "٣",
            "–5–",
            "of of of a a a half half",
        ] {
            for quantity in quantities(text) {
                assert!(
                    text.get(quantity.span.clone()).is_some(),
                    "{text}: {quantity:?}"
                );
            }
        }
    }
}
