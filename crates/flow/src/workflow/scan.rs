//! The text of a template -> the values that it reads by name, and what in it is refused.
//!
//! A hand-written walk over the tags of minijinja's syntax, not a parser of it: the engine says whether a
//! template is valid, and [`botsmith_core::template`] what no template may hold.

use botsmith_core::template::{Refusal, refusal, refusal_in_expression};

/// Bytes of one template.
pub(super) const TEXT: usize = 64 << 10;
/// `steps.load.output`: a name and the fields that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The first name, then each constant field.
    pub(super) parts: Vec<String>,
    /// Where it starts, in bytes of the text.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// The word that it is compared with, and where that stands: `== 'done'`.
    pub(super) compared: Option<(String, usize)>,
    /// Whether the next token asks for more of it in a way that cannot be known: `steps[name]`.
    pub(super) dynamic: bool,
}

/// What a template holds that matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    /// Values of `steps` and `inputs` that it reads.
    pub(super) readings: Vec<Reading>,
    /// The expression, if the text is one `{{ … }}` and nothing else.
    pub(super) whole: Option<String>,
    /// Whether it calls `secret(…)`.
    pub(super) secret: bool,
}

/// Whether a text is a template at all.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Reads a template.
pub(super) fn template(text: &str) -> Result<Scanned, Refusal> {
    if text.len() > TEXT {
        return Err((format!("more than {TEXT} bytes"), 0));
    }
    if let Some(refusal) = refusal(text, 0) {
        return Err(refusal);
    }
    let bytes = text.as_bytes();
    let mut scanned = Scanned::default();
    let mut at = 0;
    while let Some(found) = text[at..].find('{') {
        let start = at + found;
        at = start + 1;
        match bytes.get(at) {
            Some(b'#') => match text[at + 1..].find("#}") {
                Some(end) => at += 1 + end + 2,
                None => break,
            },
            Some(b'{' | b'%') => {
                let block = bytes[at] == b'%';
                let inside = at + 1;
                let end = tag(text, inside, block, &mut scanned);
                let before = text[..start].trim().is_empty();
                if !block
                    && before
                    && text[end..].trim().is_empty()
                    && text[inside..end].ends_with("}}")
                {
                    let inner = text[inside..end - 2].trim_matches(['-', '+']).trim();
                    scanned.whole = Some(inner.to_owned());
                }
                at = end;
            }
            _ => {}
        }
    }
    Ok(scanned)
}

/// Reads an expression, such as that of `when`.
pub(super) fn expression(text: &str) -> Result<Scanned, Refusal> {
    if text.len() > TEXT {
        return Err((format!("more than {TEXT} bytes"), 0));
    }
    if let Some(refusal) = refusal_in_expression(text) {
        return Err(refusal);
    }
    let mut scanned = Scanned::default();
    tokens(text, 0, None, &mut scanned);
    Ok(scanned)
}

/// Reads one tag from after its opening; gives where it ends.
fn tag(text: &str, from: usize, block: bool, scanned: &mut Scanned) -> usize {
    let bytes = text.as_bytes();
    let close = if block { b'%' } else { b'}' };
    // `{%-` and `{%+` are about blanks.
    let mut at = from + usize::from(matches!(bytes.get(from), Some(b'-' | b'+')));
    if block {
        let rest = text[at..].trim_start();
        at = text.len() - rest.len() + name(rest).len();
    }
    tokens(text, at, Some(close), scanned)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Reads tokens from `at` up to the end of the tag or of the text.
fn tokens(text: &str, mut at: usize, close: Option<u8>, scanned: &mut Scanned) -> usize {
    let bytes = text.as_bytes();
    // Whether the token before makes the next name a field, a filter or a test rather than a value.
    let mut field = false;
    while let Some(c) = text[at..].chars().next() {
        let next = bytes.get(at + 1);
        if close.is_some_and(|close| c == char::from(close)) && next == Some(&b'}') {
            return at + 2;
        }
        match c {
            '\'' | '"' => {
                at = quoted(text, at).map_or(text.len(), |(_, end)| end);
                field = false;
            }
            c if is_word(c) => {
                let word = name(&text[at..]);
                let end = at + word.len();
                if !field && matches!(word, "steps" | "inputs") {
                    let (reading, end) = reading(text, at, word);
                    scanned.readings.push(reading);
                    at = end;
                } else {
                    scanned.secret |= !field && word == "secret";
                    at = end;
                }
                field = false;
            }
            c => {
                field = matches!(c, '.' | '|') || (field && c.is_whitespace());
                at += c.len_utf8();
            }
        }
    }
    // Not closed: the engine says so.
    text.len()
}

/// The word at the start of the text.
fn name(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// A quoted word at `at`, and where it ends.
fn quoted(text: &str, at: usize) -> Option<(&str, usize)> {
    let quote = text[at..]
        .chars()
        .next()
        .filter(|c| matches!(c, '\'' | '"'))?;
    let bytes = text.as_bytes();
    let mut end = at + 1;
    while *bytes.get(end)? != quote as u8 {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    Some((text.get(at + 1..end)?, end + 1))
}

/// The fields that follow a name, and what it is compared with.
fn reading(text: &str, at: usize, root: &str) -> (Reading, usize) {
    let mut parts = vec![root.to_owned()];
    let mut end = at + root.len();
    let skip = |from: usize| from + (text[from..].len() - text[from..].trim_start().len());
    let mut dynamic = false;
    loop {
        let here = skip(end);
        if text[here..].starts_with('.') {
            let from = skip(here + 1);
            let word = name(&text[from..]);
            if word.is_empty() {
                break;
            }
            parts.push(word.to_owned());
            end = from + word.len();
        } else if text[here..].starts_with('[') {
            let Some((word, after)) = quoted(text, skip(here + 1)) else {
                dynamic = true;
                break;
            };
            let close = skip(after);
            if !text[close..].starts_with(']') {
                dynamic = true;
                break;
            }
            parts.push(word.to_owned());
            end = close + 1;
        } else {
            break;
        }
    }
    let here = skip(end);
    let compared = ["==", "!="]
        .iter()
        .find_map(|sign| text[here..].strip_prefix(sign))
        .and_then(|rest| {
            let from = skip(text.len() - rest.len());
            quoted(text, from).map(|(word, _)| (word.to_owned(), from))
        });
    let reading = Reading {
        parts,
        at,
        end,
        compared,
        dynamic,
    };
    (reading, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_read_are_found_with_their_place() {
        let paths = |scanned: &Scanned| -> Vec<(String, usize)> {
            let readings = scanned.readings.iter();
            readings.map(|r| (r.parts.join("/"), r.at)).collect()
        };
        for (text, wanted) in [
            ("steps.load.output", vec![]),
            ("{{ steps.load.output }}", vec![("steps/load/output", 3)]),
            (
                "é{{steps['a-b'].output.x}}",
                vec![("steps/a-b/output/x", 4)],
            ),
            ("{{ x.steps.y | inputs }} {{ 'steps.z.output' }}", vec![]),
            (
                "{% if inputs.a %}{{ steps [ \"b\" ] . status }}{% endif %}",
                vec![("inputs/a", 6), ("steps/b/status", 20)],
            ),
            ("{# {{ steps.a.output }} #}", vec![]),
        ] {
            let wanted: Vec<_> = wanted.iter().map(|(p, at)| (p.to_string(), *at)).collect();
            assert_eq!(paths(&template(text).unwrap()), wanted, "{text}");
        }
        let scanned = expression("steps.a.status == 'done'").unwrap();
        assert_eq!(scanned.readings[0].compared, Some(("done".into(), 18)));
    }

    #[test]
    fn what_would_build_text_out_of_text_is_refused() {
        for (text, wanted) in [
            ("{{ a ~ b }}", ("`~`", 5)),
            ("{{ 'x' * 9 }}", ("`*`", 7)),
            ("{% set a = 1 %}", ("`{% set %}`", 2)),
            ("{% for a in b recursive %}", ("`recursive`", 14)),
        ] {
            let (what, at) = template(text).unwrap_err();
            assert_eq!((what.as_str(), at), wanted, "{text}");
        }
        assert_eq!(expression("2 ** 9").unwrap_err(), ("`*`".into(), 2));
        assert!(expression("inputs.a + 1 > 2").is_ok());
    }

    #[test]
    fn a_text_that_is_one_expression_is_known_as_such() {
        let whole = |text| template(text).unwrap().whole;
        assert_eq!(whole(" {{- a.b -}} ").as_deref(), Some("a.b"));
        assert_eq!(whole("{{ a }} {{ b }}"), None);
        assert_eq!(whole("x {{ a }}"), None);
        assert_eq!(whole("{{ a"), None);
    }
}
