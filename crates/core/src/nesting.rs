//! How deep a template nests, before its engine reads it.
//!
//! The engine reads, compiles and drops an expression by recursion. Each operator, dot, filter and bracket is a call
//! deeper, and so is each `elif`; for most of them the engine knows no end. A tag that is one long `a.a.a…` would
//! overflow the stack, which ends the process. So they are counted along the deepest way through a tag.

/// Operators, dots, filters and brackets inside of each other.
const LINKS: usize = 256;
/// Brackets inside of each other.
const BRACKETS: usize = 32;
/// `elif`s of a template.
const BRANCHES: usize = 256;

/// What is too deep, as a person reads it, and its first byte.
pub(crate) type TooDeep = (String, usize);

/// Looks at the tags of one template, in order.
#[derive(Default)]
pub(crate) struct Nesting {
    branches: usize,
}

impl Nesting {
    /// Looks at one tag, or at what of a tag there is; `block` is its first word where it is a statement.
    ///
    /// # Errors
    /// If it nests deeper than the engine can be trusted with; the byte is one of `text`.
    pub(crate) fn tag(&mut self, text: &str, block: Option<&str>) -> Result<(), TooDeep> {
        if block == Some("elif") {
            self.branches += 1;
            if self.branches > BRANCHES {
                return Err((format!("more than {BRANCHES} `elif`s"), 0));
            }
        }
        expression(text)
    }
}

/// Looks at an expression.
///
/// # Errors
/// As [`Nesting::tag`].
pub(crate) fn expression(text: &str) -> Result<(), TooDeep> {
    let bytes = text.as_bytes();
    // Links of each bracket that is open, since its last comma or colon: what stands beside each other is not deeper.
    let mut levels = vec![0_usize];
    let mut links = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let begun = at;
        at += 1;
        let deeper = match byte {
            b'\'' | b'"' => {
                while let Some(&inner) = bytes.get(at).filter(|inner| **inner != byte) {
                    at += if inner == b'\\' { 2 } else { 1 };
                }
                at += 1;
                false
            }
            b')' | b']' | b'}' => {
                if levels.len() > 1 {
                    links -= levels.pop().unwrap_or_default();
                }
                false
            }
            b',' | b':' => {
                links -= levels.last_mut().map(std::mem::take).unwrap_or_default();
                false
            }
            b'(' | b'[' | b'{' | b'.' | b'|' | b'~' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<'
            | b'>' | b'=' | b'!' => true,
            _ if text[begun..].starts_with(of_words) => {
                let word = &text[begun..];
                let word = &word[..word.find(|c| !of_words(c)).unwrap_or(word.len())];
                at = begun + word.len();
                matches!(word, "and" | "or" | "not" | "in" | "is" | "if" | "else")
            }
            // A blank or a sign: of several bytes, as blanks may be too.
            _ => {
                at += text[begun..].chars().next().map_or(1, char::len_utf8) - 1;
                false
            }
        };
        if !deeper {
            continue;
        }
        links += 1;
        if let Some(level) = levels.last_mut() {
            *level += 1;
        }
        if matches!(byte, b'(' | b'[' | b'{') {
            levels.push(0);
        }
        if links > LINKS {
            return Err((
                format!("more than {LINKS} operators, dots and brackets inside of each other"),
                begun,
            ));
        }
        if levels.len() > BRACKETS + 1 {
            return Err((
                format!("more than {BRACKETS} brackets inside of each other"),
                begun,
            ));
        }
    }
    Ok(())
}

/// Whether names and words are made of it.
pub(crate) fn of_words(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_each_other_is_not_deep() {
        let tags = [
            format!("{{{{ f({}) }}}}", "a.b[0]|c('((((', x == 1), ".repeat(1000)),
            format!("{{{{ {{{}}} }}}}", "'a': [1, {'b': -2}], ".repeat(1000)),
            format!("{{{{ '{}' }}}}", "a.b ".repeat(1000)),
        ];
        for tag in tags {
            assert_eq!(expression(&tag), Ok(()), "{tag:.40}");
        }
    }

    #[test]
    fn chains_and_brackets_have_an_end() {
        for link in [
            ".a",
            "[0]",
            "()",
            "|d",
            "~a",
            " and a",
            " if a else a",
            " is not x",
            "**a",
            ".é()",
            "\u{a0}and\u{a0}a",
            "\u{3000}or\u{3000}é",
        ] {
            let deep = format!("{{{{ f(1, a{}) }}}}", link.repeat(300));
            let (what, at) = expression(&deep).unwrap_err();
            assert!(what.starts_with("more than 256 operators"), "{what}");
            assert!(at > 128 && at < deep.len(), "{at}");
        }
        for around in [
            ["f(", ")"],
            ["a[", "]"],
            ["[", "]"],
            ["{'a': ", "}"],
            ["f(1, ", ")"],
        ] {
            let deep = format!("{}x{}", around[0].repeat(33), around[1].repeat(33));
            assert_eq!(
                expression(&deep).unwrap_err().0,
                "more than 32 brackets inside of each other"
            );
        }
        let mut nesting = Nesting::default();
        let mut branches = (0..300).map(|_| nesting.tag("{% elif a %}", Some("elif")));
        assert_eq!(branches.position(|seen| seen.is_err()), Some(256));
    }
}
