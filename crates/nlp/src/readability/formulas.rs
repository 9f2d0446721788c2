//! [`Counts`] -> figures. The formulas stand here as textstat 0.7.7 computes them; a text without
//! words gives 0 where a formula divides by them.

use super::Counts;

/// `a / b`; 0 where there is nothing to divide by.
fn ratio(a: usize, b: usize) -> f64 {
    match b {
        0 => 0.0,
        b => a as f64 / b as f64,
    }
}

fn percent(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

fn words_per_sentence(counts: &Counts) -> f64 {
    ratio(counts.words, counts.sentences)
}

/// Words a sentence, and syllables a word; none where one of them is nothing.
fn lengths(counts: &Counts) -> Option<(f64, f64)> {
    let sentence = words_per_sentence(counts);
    let syllables = ratio(counts.syllables, counts.words);
    (sentence != 0.0 && syllables != 0.0).then_some((sentence, syllables))
}

pub(super) fn flesch_reading_ease(counts: &Counts) -> f64 {
    lengths(counts).map_or(0.0, |(sentence, syllables)| {
        206.835 - 1.015 * sentence - 84.6 * syllables
    })
}

pub(super) fn flesch_kincaid_grade(counts: &Counts) -> f64 {
    lengths(counts).map_or(0.0, |(sentence, syllables)| {
        0.39 * sentence + 11.8 * syllables - 15.59
    })
}

pub(super) fn smog_index(counts: &Counts) -> f64 {
    if counts.sentences == 0 {
        return 0.0;
    }
    let per_sentence = ratio(counts.polysyllables, counts.sentences);
    1.043 * (30.0 * per_sentence).sqrt() + 3.1291
}

pub(super) fn coleman_liau_index(counts: &Counts) -> f64 {
    let letters = ratio(counts.letters, counts.words) * 100.0;
    let sentences = ratio(counts.sentences, counts.words) * 100.0;
    if letters == 0.0 || sentences == 0.0 {
        return 0.0;
    }
    0.058 * letters - 0.296 * sentences - 15.8
}

pub(super) fn automated_readability_index(counts: &Counts) -> f64 {
    let characters = ratio(counts.characters, counts.stretches);
    let sentence = words_per_sentence(counts);
    if characters == 0.0 || sentence == 0.0 {
        return 0.0;
    }
    4.71 * characters + 0.5 * sentence - 21.43
}

pub(super) fn dale_chall(counts: &Counts) -> f64 {
    let Some(difficult) = percent(counts.unlisted_words, counts.words) else {
        return 0.0;
    };
    let score = 0.1579 * difficult + 0.0496 * words_per_sentence(counts);
    if difficult > 5.0 {
        score + 3.6365
    } else {
        score
    }
}

pub(super) fn linsear_write(counts: &Counts) -> f64 {
    let sample = counts.sample;
    if sample.sentences == 0 {
        return 0.0;
    }
    let number = ratio(sample.easy + sample.difficult * 3, sample.sentences);
    if number <= 20.0 {
        (number - 2.0) / 2.0
    } else {
        number / 2.0
    }
}

pub(super) fn gunning_fog(counts: &Counts) -> f64 {
    percent(counts.complex_words, counts.words)
        .map_or(0.0, |complex| 0.4 * (words_per_sentence(counts) + complex))
}

pub(super) fn spache(counts: &Counts) -> f64 {
    percent(counts.difficult_words, counts.words).map_or(0.0, |difficult| {
        0.141 * words_per_sentence(counts) + 0.086 * difficult + 0.839
    })
}

pub(super) fn mcalpine_eflaw(counts: &Counts) -> f64 {
    ratio(counts.words + counts.short_words, counts.sentences)
}

pub(super) fn lix(counts: &Counts) -> f64 {
    percent(counts.long_words, counts.words).map_or(0.0, |long| words_per_sentence(counts) + long)
}

pub(super) fn rix(counts: &Counts) -> f64 {
    ratio(counts.long_words, counts.sentences)
}

/// Seconds, at 14.69 ms a character (Demberg & Keller 2008).
pub(super) fn reading_time(counts: &Counts) -> f64 {
    14.69 * counts.characters as f64 / 1000.0
}

/// The school grade that most of eight formulas name, rounded down, up and to the nearest; of
/// several named as often, the one named first.
pub(super) fn consensus(counts: &Counts) -> i64 {
    // Ties go to the even number, as Python rounds.
    let three =
        |score: f64| [score.floor(), score.ceil(), score.round_ties_even()].map(|g| g as i64);
    let ease: &[i64] = match flesch_reading_ease(counts) {
        90.0..100.0 => &[5],
        80.0..90.0 => &[6],
        70.0..80.0 => &[7],
        60.0..70.0 => &[8, 9],
        50.0..60.0 => &[10],
        40.0..50.0 => &[11],
        30.0..40.0 => &[12],
        _ => &[13],
    };
    let mut grades = three(flesch_kincaid_grade(counts)).to_vec();
    grades.extend(ease);
    for score in [
        smog_index(counts),
        coleman_liau_index(counts),
        automated_readability_index(counts),
        dale_chall(counts),
        linsear_write(counts),
        gunning_fog(counts),
    ] {
        grades.extend(three(score));
    }
    let mut votes: Vec<(i64, usize)> = Vec::new();
    for grade in grades {
        match votes.iter_mut().find(|(known, _)| *known == grade) {
            Some((_, times)) => *times += 1,
            None => votes.push((grade, 1)),
        }
    }
    let most = votes.iter().map(|(_, times)| *times).max().unwrap_or(0);
    let first = votes.iter().find(|(_, times)| *times == most);
    first.map_or(0, |(grade, _)| *grade)
}

/// `7th`; of a negative number by the last digit of Python's remainder (`-1th`).
pub(super) fn ordinal(number: i64) -> String {
    let suffix = match (number.rem_euclid(100), number.rem_euclid(10)) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals() {
        let cases = [
            (-1, "-1th"),
            (0, "0th"),
            (1, "1st"),
            (12, "12th"),
            (22, "22nd"),
            (113, "113th"),
        ];
        for (number, wanted) in cases {
            assert_eq!(ordinal(number), wanted);
        }
    }
}
