//! White space in MISC: `SpacesAfter=\n\n` and back.

/// The value of a `Name=` pair in MISC.
pub(super) fn value<'a>(misc: &'a str, name: &str) -> Option<&'a str> {
    misc.split('|')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Appends the white space that `escaped` stands for; an unknown escape stands for itself.
pub(super) fn decode(escaped: &str, out: &mut String) {
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('s') => out.push(' '),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('n') => out.push('\n'),
            Some('p') => out.push('|'),
            Some('\\') | None => out.push('\\'),
            Some(other) => out.extend(['\\', other]),
        }
    }
}

/// Appends `spaces` so that it fits into MISC.
pub(super) fn encode(spaces: &str, out: &mut String) {
    for c in spaces.chars() {
        match c {
            ' ' => out.push_str("\\s"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '|' => out.push_str("\\p"),
            '\\' => out.push_str("\\\\"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_comes_back_from_its_escapes() {
        for spaces in ["", " ", "\n\n", "\t\r\n", "\u{a0}\u{2028} ", "|\\"] {
            let (mut escaped, mut back) = (String::new(), String::new());
            encode(spaces, &mut escaped);
            assert!(!escaped.contains(['\t', '\n', '|', ' ']), "{escaped:?}");
            decode(&escaped, &mut back);
            assert_eq!(back, spaces);
        }
    }

    #[test]
    fn a_pair_is_found_by_its_whole_name() {
        assert_eq!(
            value("XSpaceAfter=No|SpaceAfter=No", "SpaceAfter"),
            Some("No")
        );
        assert_eq!(value("SpacesAfter=\\n", "SpaceAfter"), None);
    }
}
