//! Document -> how formal its English is, from 0 to 1, and the words that say so.
//!
//! The base is the F-score of Heylighen & Dewaele 2002
//! (<https://doi.org/10.1023/A:1019661126744>), as a share: half of 1 plus the shares of nouns,
//! adjectives, prepositions and articles, less those of pronouns, verbs, adverbs and interjections. It
//! tells kinds of text apart and not tones, so marks of tone are added: contractions, slang,
//! exclamation marks, emoji, stretched words, "I" and "you" on one side; passives, words of Latin
//! make, words of letters and contracts on the other. Weights were chosen by hand on answers of
//! assistants, not learned.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use botsmith_nlp::{Doc, Token, Word, verbs};

/// How much a mark in each word would add, and at most.
const FORMAL: (f64, f64) = (1.5, 0.25);
/// How much a mark in each word would take, and at most.
const INFORMAL: (f64, f64) = (3.0, 0.5);

/// A place that says how formal the text is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) span: Range<usize>,
    pub(crate) formal: bool,
    weight: f64,
    /// What it is, in the plural.
    pub(crate) what: &'static str,
}

/// How formal a text is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Register {
    /// 0 is informal, 1 formal.
    pub(crate) value: f64,
    /// The F-score, 0 to 1.
    pub(crate) base: f64,
    /// In the order of the text.
    pub(crate) marks: Vec<Mark>,
}

/// Slang and words of speech; two words with a space between.
static CASUAL: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "ain't, asap, awesome, bro, btw, buddy, bummer, bunch, cheers, chill, cool, crap, crazy, cuz, \
     damn, darn, dude, dunno, folks, freaking, fyi, gimme, gonna, gotta, guys, haha, heck, hell, hey, \
     hi, hiya, hmm, huh, idk, imo, kid, kids, kinda, legit, lemme, lol, mate, nah, neat, nope, oh, \
     ok, okay, omg, ooh, oops, ouch, outta, pal, pls, plz, sorta, stuff, super, sucks, sup, thanks, \
     thx, tons, totally, tbh, u, ugh, uh, ur, wanna, whatever, whoa, woohoo, wow, y'all, ya, yay, \
     yeah, yep, yo, yup, you guys, no worries, no problem, no biggie, heads up, hang on, hang tight, \
     my bad, kind of, sort of, a lot, lots of, loads of, so sorry, super easy, check out, mess up, \
     messed up, figure out, way too, big deal, come on, right away, pretty much, good luck, got it, \
     you bet, of course"
    .split(", ")
    .collect()
});

/// Words of letters, contracts and reports; two words with a space between.
static STIFF: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "accordingly, acknowledge, additional, additionally, advise, aforementioned, amend, apologise, \
     apologize, appreciate, ascertain, assist, assistance, commence, comply, concerning, \
     consequently, convey, dear, deem, endeavour, endeavor, ensure, enquire, enquiry, esteemed, \
     facilitate, forthcoming, furnish, furthermore, hence, henceforth, hereby, herein, hereinafter, \
     however, inconvenience, inform, inquire, inquiry, kindly, madam, moreover, nevertheless, \
     nonetheless, notify, notwithstanding, obtain, permit, pertaining, prior, provided, purchase, \
     pursuant, receipt, regarding, regret, reimburse, request, require, reside, respectfully, retain, \
     shall, sincerely, sir, submit, subsequent, subsequently, sufficient, terminate, thereafter, \
     therefore, thereof, thus, undersigned, upon, utilise, utilize, whereas, whereby, whom, in \
     accordance, with regard, with respect, as per, in order, on behalf, we regret, subject to, \
     should you, may be, such as"
    .split(", ")
    .collect()
});

/// Endings that English took from Latin and French.
const LATIN: &[&str] = &[
    "tion", "tions", "sion", "sions", "ment", "ments", "ance", "ence", "ity", "ities", "ism",
    "ious", "ative", "itive",
];

const FACES: &[&str] = &[
    ":)", ":-)", ";)", ";-)", ":D", ":-D", ":(", ":-(", ":P", "xD", "<3", ":/", "^^",
];

/// Reads a document; none if it has no words.
pub(crate) fn register(doc: &Doc) -> Option<Register> {
    let words: Vec<_> = doc.words().filter(|word| is_word(*word)).collect();
    if words.is_empty() {
        return None;
    }
    let count = words.len() as f64;
    let balance: i32 = words.iter().map(|word| side(*word)).sum();
    let base = f64::midpoint(1.0, f64::from(balance) / count);
    let mut marks = marks(doc);
    marks.sort_by_key(|mark| (mark.span.start, mark.span.end));
    // One word is one mark: the first that was found for it.
    marks.dedup_by(|next, kept| next.span.start < kept.span.end);
    let pull = |formal: bool, (each, most): (f64, f64)| {
        let sum: f64 = marks
            .iter()
            .filter(|mark| mark.formal == formal)
            .map(|mark| mark.weight)
            .sum();
        (each * sum / count).min(most)
    };
    let value = base + pull(true, FORMAL) - pull(false, INFORMAL);
    Some(Register {
        value: value.clamp(0.0, 1.0),
        base,
        marks,
    })
}

/// Whether it is a word of the language: no punctuation, symbol or code.
fn is_word(word: Word<'_>) -> bool {
    !matches!(word.upos(), "PUNCT" | "SYM" | "X" | "_") && word.form().contains(char::is_alphabetic)
}

/// On which side of the F-score a word counts.
fn side(word: Word<'_>) -> i32 {
    match word.upos() {
        "NOUN" | "PROPN" | "ADJ" => 1,
        "ADP" if word.xpos() != "RP" => 1,
        "DET" if matches!(word.lemma(), "a" | "an" | "the") => 1,
        "PRON" | "VERB" | "AUX" | "ADV" | "INTJ" => -1,
        _ => 0,
    }
}

fn marks(doc: &Doc) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut add = |span: Range<usize>, formal: bool, weight: f64, what: &'static str| {
        marks.push(Mark {
            span,
            formal,
            weight,
            what,
        });
    };
    let mut before: Option<(String, usize)> = None;
    for token in doc.tokens() {
        let span = token.span();
        let lower = plain(token.form());
        if token
            .words()
            .all(|word| word.upos() == "X" && word.xpos() == "_")
        {
            before = None;
            continue;
        }
        let pair = before
            .as_ref()
            .map(|(word, start)| (format!("{word} {lower}"), *start));
        for (list, formal) in [(&CASUAL, false), (&STIFF, true)] {
            if let Some((pair, start)) = pair
                .as_ref()
                .filter(|(pair, _)| list.contains(pair.as_str()))
            {
                let what = if formal {
                    "formal words"
                } else {
                    "casual words"
                };
                add(
                    *start..span.end,
                    formal,
                    pair.split(' ').count() as f64 / 2.0,
                    what,
                );
            }
        }
        if CASUAL.contains(lower.as_str()) {
            add(span.clone(), false, 1.0, "casual words");
        } else if STIFF.contains(lower.as_str()) || stiff_lemma(token) {
            add(span.clone(), true, 1.0, "formal words");
        } else if is_emoji(token.form()) {
            add(span.clone(), false, 1.0, "emoji");
        } else if token.form().starts_with('!') {
            add(span.clone(), false, 1.0, "exclamation marks");
        } else if stretched(&lower) {
            add(span.clone(), false, 1.0, "stretched words");
        } else if is_latin(token) {
            add(span.clone(), true, 0.5, "words of Latin make");
        } else {
            for word in token.words() {
                if is_contraction(word) {
                    add(span.clone(), false, 1.0, "contractions");
                } else if is_personal(word) {
                    add(word.span(), false, 0.25, "I and you");
                }
            }
        }
        before = Some((lower, span.start));
    }
    for utterance in verbs::read(doc) {
        for group in utterance.groups.iter().filter(|group| group.passive) {
            add(group.span(doc), true, 1.0, "passives");
        }
    }
    marks
}

/// Lower case, with straight apostrophes.
fn plain(form: &str) -> String {
    form.to_lowercase().replace('’', "'")
}

/// Verbs and nouns count in any form: `informed`, `requests`.
fn stiff_lemma(token: Token<'_>) -> bool {
    token.words().any(|word| {
        matches!(word.upos(), "VERB" | "NOUN")
            && STIFF.contains(word.lemma())
            && word.lemma() != "sir"
    })
}

fn is_contraction(word: Word<'_>) -> bool {
    match &*plain(word.form()) {
        "n't" | "'ll" | "'re" | "'ve" | "'m" | "'d" => true,
        "'s" => matches!(word.upos(), "AUX" | "VERB" | "PRON"),
        // Written as one token.
        form => word.upos() != "PROPN" && form.ends_with("n't"),
    }
}

fn is_personal(word: Word<'_>) -> bool {
    word.upos() == "PRON"
        && matches!(
            &*plain(word.form()),
            "i" | "me" | "my" | "mine" | "you" | "your" | "yours" | "yourself"
        )
}

fn is_latin(token: Token<'_>) -> bool {
    let form = token.form();
    form.len() >= 7
        && token
            .words()
            .any(|word| matches!(word.upos(), "NOUN" | "ADJ"))
        && LATIN.iter().any(|ending| form.ends_with(ending))
}

fn is_emoji(form: &str) -> bool {
    FACES.contains(&form)
        || form.chars().any(|c| matches!(c, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{2712}' | '\u{2728}' | '\u{2763}'..='\u{2764}'))
}

/// `soooo`: three of one letter.
fn stretched(lower: &str) -> bool {
    let letters: Vec<char> = lower.chars().collect();
    let www = letters.starts_with(&['w', 'w', 'w']);
    !www && letters
        .windows(3)
        .any(|three| three[0].is_alphabetic() && three.iter().all(|c| *c == three[0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::read_answer;

    #[test]
    fn the_base_is_the_score_of_heylighen_and_dewaele() {
        // 2 nouns, 1 article, 1 preposition, 1 adjective; 1 verb: (1 + 4 / 6) / 2.
        let doc = read_answer("The old house stands near Paris.").expect("the model is inside");
        let register = register(&doc).expect("there are words");
        let tags: Vec<_> = doc.words().map(Word::upos).collect();
        assert_eq!(
            tags,
            ["DET", "ADJ", "NOUN", "VERB", "ADP", "PROPN", "PUNCT"]
        );
        assert!((register.base - f64::midpoint(1.0, 4.0 / 6.0)).abs() < 1e-12);
    }

    #[test]
    fn a_text_without_words_has_no_register() {
        for text in ["", "...", "`code`", "```\nmake\n```", "42"] {
            assert_eq!(
                register(&read_answer(text).expect("the model is inside")),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn marks_are_found_in_the_order_of_the_text() {
        let text = "Hey! I don't know soooo much 🎉 The request was rejected.";
        let doc = read_answer(text).expect("the model is inside");
        let marks = register(&doc).expect("there are words").marks;
        let found: Vec<_> = marks
            .iter()
            .map(|mark| (&text[mark.span.clone()], mark.formal))
            .collect();
        let wanted = [
            ("Hey", false),
            ("!", false),
            ("I", false),
            ("don't", false),
            ("soooo", false),
            ("🎉", false),
            ("request", true),
            ("was rejected", true),
        ];
        assert_eq!(found, wanted);
    }
}
