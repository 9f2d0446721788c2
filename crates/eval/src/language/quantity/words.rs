//! Number words of English: `twenty-five`, `three and a half million`, `two thirds`.
//!
//! Small tables; how words stand together is read in [`super::number`].

/// The value of a word below a hundred: `seven`, `forty`.
pub(super) fn small(word: &str) -> Option<f64> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    if let Some(place) = ONES.iter().position(|one| *one == word) {
        return Some(place as f64);
    }
    let place = TENS.iter().position(|ten| *ten == word)?;
    Some((place as f64 + 2.0) * 10.0)
}

/// What a word multiplies by: `hundred`, `million`, `dozen`.
pub(super) fn scale(word: &str) -> Option<f64> {
    Some(match word {
        "dozen" => 12.0,
        "hundred" => 1e2,
        "thousand" => 1e3,
        "lakh" => 1e5,
        "million" | "mn" => 1e6,
        "crore" => 1e7,
        "billion" | "bn" => 1e9,
        "trillion" | "tn" => 1e12,
        _ => return None,
    })
}

/// What letters glued to digits multiply by: `1.2k`, `$3m`, `5B`. A small `m` is metres unless it is
/// money.
pub(super) fn glued_scale(letters: &str, money: bool) -> Option<f64> {
    Some(match letters {
        "k" | "K" => 1e3,
        "M" | "mn" | "Mn" | "mln" => 1e6,
        "m" if money => 1e6,
        "bn" | "Bn" | "B" => 1e9,
        "b" if money => 1e9,
        "tn" => 1e12,
        "T" if money => 1e12,
        _ => return None,
    })
}

/// The value of an ordinal word: `third`, `twentieth`.
pub(super) fn ordinal(word: &str) -> Option<f64> {
    const WORDS: [&str; 20] = [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ];
    let place = WORDS.iter().position(|ordinal| *ordinal == word)?;
    Some(place as f64 + 1.0)
}

/// The part that a word names: `half`, `thirds`, `quarter`.
pub(super) fn part(word: &str) -> Option<f64> {
    Some(match word {
        "half" | "halves" => 0.5,
        "third" | "thirds" => 1.0 / 3.0,
        "quarter" | "quarters" | "fourths" => 0.25,
        "fifth" | "fifths" => 0.2,
        "sixth" | "sixths" => 1.0 / 6.0,
        "eighth" | "eighths" => 0.125,
        "tenth" | "tenths" => 0.1,
        _ => return None,
    })
}

/// A word that bears a number out without claiming one: `twice`, `both`, `no`.
pub(super) fn implied(word: &str) -> Option<f64> {
    Some(match word {
        "no" | "none" => 0.0,
        "once" | "single" => 1.0,
        "twice" | "both" | "pair" | "couple" | "double" => 2.0,
        "thrice" | "triple" => 3.0,
        _ => return None,
    })
}
