//! Names as they stand in paths and are compared: `ChatGPT 3.5 Turbo` -> `chatgpt-35-turbo`.
//!
//! As the reference implementation does it (the Ruby library Babosa, `to_slug.normalize`): Latin
//! letters lose their marks, punctuation but `_` is dropped, spaces and dashes become one dash,
//! the rest is lower-cased and cut at 255 bytes. Letters of other scripts stay.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Bytes of a slug at most.
const MOST: usize = 255;

/// The slug of a name; empty where nothing of it is left.
///
/// ```
/// use botsmith_nanobots::session::slug;
/// assert_eq!(slug("Pokédex"), "pokedex");
/// assert_eq!(slug("b08x <a@b.c>"), "b08x-abc");
/// ```
pub fn slug(name: &str) -> String {
    let plain: String = name.nfc().flat_map(approximate).collect();
    let spaced = clean(&plain);
    let words: String = spaced.chars().filter(|letter| is_word(*letter)).collect();
    let mut out = String::new();
    for letter in clean(&words).to_lowercase().chars() {
        let letter = if letter.is_whitespace() { '-' } else { letter };
        if out.len() + letter.len_utf8() > MOST {
            break;
        }
        out.push(letter);
    }
    out
}

/// Dashes become spaces, runs of spaces one, and those at the ends go.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let letter = if letter == '-' { ' ' } else { letter };
        if letter != ' ' || !out.ends_with(' ') {
            out.push(letter);
        }
    }
    out.trim().to_owned()
}

fn is_word(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' => true,
        _ if letter.is_ascii_control() => false,
        _ if letter.is_ascii_punctuation() => letter == '_',
        _ => letter == ' ' || letter.is_alphanumeric() || is_combining_mark(letter),
    }
}

/// A Latin letter without its marks; anything else as it is.
fn approximate(letter: char) -> Vec<char> {
    let special = match letter {
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "Ae",
        'œ' => "oe",
        'Œ' => "Oe",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'þ' => "th",
        'Þ' => "Th",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'ŋ' => "ng",
        'Ŋ' => "NG",
        'ŧ' => "t",
        'Ŧ' => "T",
        _ => "",
    };
    if !special.is_empty() {
        return special.chars().collect();
    }
    let mut parts = std::iter::once(letter).nfd();
    match parts.next() {
        Some(base) if base.is_ascii_alphabetic() => vec![base],
        _ => vec![letter],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_those_of_the_reference() {
        for (name, wanted) in [
            ("A Bot", "a-bot"),
            ("ChatGPT 3.5 Turbo", "chatgpt-35-turbo"),
            ("Pokédex", "pokedex"),
            ("get_weather", "get_weather"),
            ("GetWeather", "getweather"),
            ("a--b", "a-b"),
            ("b08x <a@b.c>", "b08x-abc"),
            ("  -a- ", "a"),
            ("a . b", "a-b"),
            ("Straße", "strasse"),
            ("Łódź, Poland", "lodz-poland"),
            ("日本", "日本"),
            ("..", ""),
            ("1.0.0", "100"),
        ] {
            assert_eq!(slug(name), wanted, "{name}");
        }
        assert_eq!(slug(&"ä".repeat(400)).len(), 255);
    }
}
