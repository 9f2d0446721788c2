//! Names as parts of paths, as Babosa (the reference implementation's library) makes them.

use unicode_normalization::UnicodeNormalization;

/// Lower-case ASCII letters, digits, `_`, and single `-` between words. Letters lose their accents,
/// other signs go. At most 255 bytes.
///
/// ```
/// use botsmith_nanobots::session::slug;
/// assert_eq!(slug("ChatGPT 3.5 Turbo"), "chatgpt-35-turbo");
/// assert_eq!(slug("Pokédex"), "pokedex");
/// ```
pub fn slug(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.nfkd() {
        match c {
            // Letters that do not come apart into a base and an accent.
            'ß' => plain.push_str("ss"),
            'æ' | 'Æ' => plain.push_str("ae"),
            'œ' | 'Œ' => plain.push_str("oe"),
            'ø' | 'Ø' => plain.push('o'),
            'đ' | 'Đ' | 'ð' | 'Ð' => plain.push('d'),
            'ł' | 'Ł' => plain.push('l'),
            'þ' | 'Þ' => plain.push_str("th"),
            'ı' => plain.push('i'),
            '-' => plain.push(' '),
            '_' => plain.push('_'),
            c if c.is_ascii_alphanumeric() => plain.push(c.to_ascii_lowercase()),
            c if c.is_whitespace() => plain.push(' '),
            _ => {}
        }
    }
    let mut slug = plain.split_whitespace().collect::<Vec<_>>().join("-");
    slug.truncate(255);
    slug
}
