//! In which language and script a text is written, well enough to choose a model by.
//!
//! Text in, a tag like `pt-Latn` or `und-Cyrl` out (BCP 47: language, script; `und` where the script
//! does not tell). The script is that of most letters, by Unicode blocks; languages in Latin letters
//! are told apart by their most frequent short words, and only where one is clearly ahead. No more
//! than the first few thousand letters are read. Not a language identifier: [`DetectLanguage`] is
//! the place for a real one.

use std::fmt::Debug;

/// Tells the language of a text.
pub trait DetectLanguage: Send + Sync + Debug {
    /// A BCP 47 tag (`pt`, `pt-Latn`, `und-Cyrl`); `None` where nothing can be said.
    fn detect(&self, text: &str) -> Option<String>;
}

/// Tells scripts by Unicode blocks, and some languages by their frequent words.
///
/// ```
/// use botsmith_nanobots::router::{CommonWords, DetectLanguage};
/// let tag = |text| CommonWords.detect(text);
/// assert_eq!(tag("Qual é a distância da Terra à Lua, e por que não cai?").as_deref(), Some("pt-Latn"));
/// assert_eq!(tag("月までの距離は?").as_deref(), Some("ja-Jpan"));
/// assert_eq!(tag("42!"), None);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CommonWords;

/// Letters that are read at most.
const LETTERS: usize = 4_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Latin,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Devanagari,
    Thai,
    Hangul,
    Kana,
    Han,
    Armenian,
    Georgian,
    Bengali,
    Tamil,
}

fn script(c: char) -> Option<Script> {
    Some(match c {
        'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{400}'..='\u{52f}' => Script::Cyrillic,
        '\u{531}'..='\u{58f}' => Script::Armenian,
        '\u{5d0}'..='\u{5f4}' => Script::Hebrew,
        '\u{620}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' => Script::Arabic,
        '\u{900}'..='\u{97f}' => Script::Devanagari,
        '\u{980}'..='\u{9ff}' => Script::Bengali,
        '\u{b80}'..='\u{bff}' => Script::Tamil,
        '\u{e01}'..='\u{e5b}' => Script::Thai,
        '\u{10a0}'..='\u{10ff}' => Script::Georgian,
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}' => Script::Hangul,
        '\u{3041}'..='\u{30ff}' => Script::Kana,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3134f}' => {
            Script::Han
        }
        _ => return None,
    })
}

/// Frequent short words that the other languages here do not have, or seldom.
const WORDS: [(&str, &[&str]); 7] = [
    (
        "en",
        &[
            "the", "and", "of", "to", "is", "that", "it", "you", "for", "with", "are", "this",
            "what", "how", "have", "be", "not", "can", "my", "please", "an", "write", "from",
        ],
    ),
    (
        "pt",
        &[
            "não", "uma", "um", "você", "com", "para", "os", "da", "do", "em", "é", "que", "por",
            "mais", "são", "isso", "está", "eu", "meu", "ao", "quais", "qual", "como", "na", "no",
            "e",
        ],
    ),
    (
        "es",
        &[
            "el", "los", "las", "una", "un", "que", "es", "por", "con", "para", "del", "y", "más",
            "está", "qué", "cómo", "no", "como", "usted", "mi", "cuál", "en", "lo", "la",
        ],
    ),
    (
        "fr",
        &[
            "le", "les", "des", "une", "un", "est", "et", "que", "pour", "dans", "qui", "pas",
            "vous", "je", "ce", "du", "sur", "avec", "quel", "quelle", "la", "ne", "mon",
        ],
    ),
    (
        "de",
        &[
            "der", "die", "das", "und", "ist", "nicht", "ein", "eine", "ich", "zu", "den", "mit",
            "von", "auf", "für", "wie", "was", "sie", "es", "dem", "bitte", "wir", "warum",
        ],
    ),
    (
        "it",
        &[
            "il", "gli", "che", "di", "una", "un", "è", "per", "non", "con", "del", "della",
            "sono", "come", "qual", "e", "più", "mi", "questo", "perché", "la", "quanto",
        ],
    ),
    (
        "nl",
        &[
            "de", "het", "een", "en", "van", "is", "niet", "dat", "ik", "op", "te", "zijn", "voor",
            "met", "hoe", "wat", "je", "er", "aan", "deze", "waarom",
        ],
    ),
];

impl DetectLanguage for CommonWords {
    fn detect(&self, text: &str) -> Option<String> {
        let mut counts: Vec<(Script, usize)> = Vec::new();
        for found in text.chars().filter_map(script).take(LETTERS) {
            match counts.iter_mut().find(|(known, _)| *known == found) {
                Some((_, count)) => *count += 1,
                None => counts.push((found, 1)),
            }
        }
        let has = |wanted| counts.iter().any(|(found, _)| *found == wanted);
        // Of equal counts the first script of the list, so that the order of letters does not matter.
        let most = counts
            .iter()
            .max_by_key(|(found, count)| (*count, std::cmp::Reverse(*found)))?
            .0;
        let tag = match most {
            Script::Latin => return Some(format!("{}-Latn", latin(text).unwrap_or("und"))),
            Script::Cyrillic => cyrillic(text),
            // Japanese is written in both, Chinese never in kana.
            Script::Kana => "ja-Jpan",
            Script::Han if has(Script::Kana) => "ja-Jpan",
            Script::Han => "zh-Hani",
            Script::Hangul => "ko-Kore",
            Script::Greek => "el-Grek",
            Script::Hebrew => "he-Hebr",
            Script::Thai => "th-Thai",
            Script::Armenian => "hy-Armn",
            Script::Georgian => "ka-Geor",
            Script::Arabic => "und-Arab",
            Script::Devanagari => "und-Deva",
            Script::Bengali => "bn-Beng",
            Script::Tamil => "ta-Taml",
        };
        Some(tag.to_owned())
    }
}

fn cyrillic(text: &str) -> &'static str {
    let has = |letters: &[char]| text.chars().take(LETTERS).any(|c| letters.contains(&c));
    match (
        has(&['ї', 'є', 'ґ', 'Ї', 'Є', 'Ґ']),
        has(&['ы', 'э', 'ё', 'Ы', 'Э', 'Ё']),
    ) {
        (true, false) => "uk-Cyrl",
        (false, true) if !has(&['ў', 'Ў', 'і', 'І']) => "ru-Cyrl",
        _ => "und-Cyrl",
    }
}

/// The language whose frequent words are most in the text, if no other has as many.
fn latin(text: &str) -> Option<&'static str> {
    let mut scores = [0_usize; WORDS.len()];
    let words = text.split(|c: char| !c.is_alphabetic());
    for word in words.filter(|word| !word.is_empty()).take(LETTERS / 4) {
        let word = word.to_lowercase();
        for (score, (_, known)) in scores.iter_mut().zip(&WORDS) {
            *score += usize::from(known.contains(&word.as_str()));
        }
    }
    let best = scores.iter().max().copied().filter(|best| *best > 0)?;
    let mut leaders = scores
        .iter()
        .zip(&WORDS)
        .filter(|(score, _)| **score == best);
    let (_, (language, _)) = leaders.next()?;
    leaders.next().is_none().then_some(*language)
}

/// Whether a tag is of the `wanted` language or script: `pt-Latn` is `pt`, `Latn` and `pt-Latn`.
pub(super) fn is(tag: &str, wanted: &str) -> bool {
    tag.eq_ignore_ascii_case(wanted) || tag.split('-').any(|part| part.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_some_languages_are_told_apart() {
        let cases = [
            (
                "What is the distance from the Earth to the Moon?",
                "en-Latn",
            ),
            (
                "¿Cuál es la distancia entre la Tierra y la Luna?",
                "es-Latn",
            ),
            (
                "Quelle est la distance entre la Terre et la Lune ?",
                "fr-Latn",
            ),
            ("Wie weit ist der Mond von der Erde entfernt?", "de-Latn"),
            (
                "Quanto è distante la Luna dalla Terra, e perché non cade?",
                "it-Latn",
            ),
            ("Hoe ver is de maan van de aarde?", "nl-Latn"),
            (
                "Não sei como isso funciona, você pode me explicar?",
                "pt-Latn",
            ),
            ("Это мы знаем", "ru-Cyrl"),
            ("Її звати Єва", "uk-Cyrl"),
            ("这是什么?", "zh-Hani"),
            ("이것은 무엇입니까?", "ko-Kore"),
            ("ما هذا؟", "und-Arab"),
            ("Τι είναι αυτό;", "el-Grek"),
            ("xyzzy plugh", "und-Latn"),
        ];
        for (text, tag) in cases {
            assert_eq!(CommonWords.detect(text).as_deref(), Some(tag), "{text}");
        }
        assert_eq!(CommonWords.detect(""), None);
        assert!(is("pt-Latn", "PT") && is("pt-Latn", "latn") && !is("pt-Latn", "p"));
    }
}
