//! `meta.version` counted up in the text of a cartridge -> the same text, in which the bytes of that one
//! value are other ones: comments, order, quotes and line ends stay.
//!
//! The last run of digits is counted up, its zeros in front kept: `1.0.9` gives `1.0.10`, `v2` gives `v3`,
//! `1.0.0-rc.1` gives `1.0.0-rc.2` (<https://semver.org> where it is followed). Nothing is added where no
//! version stands: a cartridge without one keeps its text. A version of a base that `extends` names is not
//! this cartridge's own.

use std::path::Path;

use botsmith_core::Diagnostic;
use botsmith_core::yaml::{Mark, Node, Reading, Source, parse_as};

use super::{Format, markdown};
use crate::Result;

const PATH: [&str; 2] = ["meta", "version"];
const CODE: &str = "BS-BOT-012";
/// More versions than this have not been given out.
const TRIES: usize = 100_000;

/// The version after `version`: its last run of digits counted up; `None` where it has no digits.
///
/// ```
/// use botsmith_nanobots::cartridge::next_version;
/// for (version, next) in [("1.0.9", "1.0.10"), ("v2", "v3"), ("1.0.0-rc.1", "1.0.0-rc.2"), ("2024.05", "2024.06")] {
///     assert_eq!(next_version(version).as_deref(), Some(next));
/// }
/// assert_eq!(next_version("draft"), None);
/// ```
pub fn next_version(version: &str) -> Option<String> {
    let end = version.rfind(|c: char| c.is_ascii_digit())? + 1;
    let digit = |c: char| c.is_ascii_digit();
    let start = version[..end].trim_end_matches(digit).len();
    let (digits, width) = (&version[start..end], end - start);
    let next = digits.parse::<u64>().ok()?.checked_add(1)?;
    Some(format!(
        "{}{next:0width$}{}",
        &version[..start],
        &version[end..]
    ))
}

/// The `meta.version` that stands in the text itself.
///
/// # Errors
/// A diagnostic if the text does not read.
pub fn own_version(path: &Path, text: &str, format: Format) -> Result<Option<String>> {
    let node = read(&Source::new(path, text), format)?;
    let version = at(&node).and_then(Node::text);
    Ok(version.map(|version| version.trim().to_owned()))
}

/// The text with its `meta.version` counted up to the first that is not `taken`, and that version; `None`
/// where there is none to count up. `path` names the text in messages.
///
/// ```
/// use botsmith_nanobots::cartridge::{Format, bump_version};
/// let text = "meta: # ours\n  version: '1.0.0'   # counted up by promotion\n  name: Ada\n";
/// let (text, version) = bump_version("bot.yml".as_ref(), text, Format::Yaml, &|v| v == "1.0.1")?.unwrap();
/// assert_eq!(text, "meta: # ours\n  version: '1.0.2'   # counted up by promotion\n  name: Ada\n");
/// assert_eq!(version, "1.0.2");
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
///
/// # Errors
/// A diagnostic if the text does not read, or its version is written in a way that cannot be changed
/// alone (an alias, escapes).
pub fn bump_version(
    path: &Path,
    text: &str,
    format: Format,
    taken: &dyn Fn(&str) -> bool,
) -> Result<Option<(String, String)>> {
    let source = Source::new(path, text);
    // A byte-order mark is no part of what is read.
    let before = text.len() - source.text().len();
    let node = read(&source, format)?;
    let Some((version, written)) = at(&node).and_then(|node| Some((node, node.text()?.trim())))
    else {
        return Ok(None);
    };
    let mut next = written.to_owned();
    for _ in 0..TRIES {
        let Some(after) = next_version(&next) else {
            return Ok(None);
        };
        next = after;
        if !taken(&next) {
            break;
        }
    }
    let wrong = || -> Diagnostic {
        source
            .diagnostic(version.mark, "this version cannot be counted up by itself")
            .code(CODE)
            .field(PATH.join("."))
            .hint("write it as plain text on one line, like `version: 1.0.0`")
    };
    let start = before + offset(source.text(), version.mark).ok_or_else(wrong)?;
    let rest = &text[start..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let skip = quote.map_or(0, char::len_utf8);
    let fits = rest[skip..].starts_with(written)
        && quote.is_none_or(|quote| rest[skip + written.len()..].starts_with(quote));
    if !fits {
        return Err(wrong().into());
    }
    let at = start + skip;
    let changed = format!("{}{next}{}", &text[..at], &text[at + written.len()..]);
    // What was meant to change has changed, and nothing else.
    let mut wanted = node.to_json();
    let now = read(&Source::new(path, changed.as_str()), format)?.to_json();
    wanted[PATH[0]][PATH[1]] = now[PATH[0]][PATH[1]].clone();
    let read_back = own_version(path, &changed, format)?;
    if wanted != now || read_back.as_deref() != Some(next.as_str()) {
        return Err(wrong().into());
    }
    Ok(Some((changed, next)))
}

fn at(node: &Node) -> Option<&Node> {
    PATH.iter().try_fold(node, |node, key| node.get(key))
}

fn read(source: &Source, format: Format) -> Result<Node> {
    let mut reading = Reading::default();
    reading.lenient = true;
    match format {
        Format::Yaml => Ok(parse_as(source, &reading)?.node),
        Format::Markdown => markdown::read(source, &reading, &mut Vec::new()),
    }
}

/// The byte at which a place of the text stands.
fn offset(text: &str, mark: Mark) -> Option<usize> {
    let (mut line, mut column) = (1, 1);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if (line, column) == (mark.line, mark.column) {
            return Some(at);
        }
        let ends = c == '\n' || c == '\r' && chars.peek().is_none_or(|(_, next)| *next != '\n');
        match ends {
            true => (line, column) = (line + 1, 1),
            false => column += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bumped(text: &str, format: Format) -> Option<String> {
        let bumped = bump_version("bot.yml".as_ref(), text, format, &|_| false);
        bumped.unwrap().map(|(text, _)| text)
    }

    #[test]
    fn only_the_bytes_of_the_version_change() {
        let cases = [
            ("meta:\n  version: 1.0.0\n", "meta:\n  version: 1.0.1\n"),
            (
                "meta:\r\n  version: 1.0.0 # é\r\n",
                "meta:\r\n  version: 1.0.1 # é\r\n",
            ),
            (
                "# 1.0.0\nmeta: {name: Ä 1.0.0, version: 1.0.0}",
                "# 1.0.0\nmeta: {name: Ä 1.0.0, version: 1.0.1}",
            ),
            (
                "\u{feff}meta: {version: \"1.0.9\"}\n",
                "\u{feff}meta: {version: \"1.0.10\"}\n",
            ),
            ("meta: {version: 1.9}\n", "meta: {version: 1.10}\n"),
            ("meta: {version: 7}\n", "meta: {version: 8}\n"),
            (
                "meta:\n  version: |\n    1.0.0\n",
                "meta:\n  version: |\n    1.0.1\n",
            ),
            (
                "{\"meta\": {\"version\": \"0.1\"}}",
                "{\"meta\": {\"version\": \"0.2\"}}",
            ),
            (
                "a: &x 1.0.0\nmeta:\n  version:   1.0.0\n\n\nb: *x\n",
                "a: &x 1.0.0\nmeta:\n  version:   1.0.1\n\n\nb: *x\n",
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(bumped(text, Format::Yaml).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn a_version_in_a_block_of_markdown_is_found() {
        let text = "# Bot 1.0.0\n\n1. one\n   ```yaml\n   meta:\n     version: 1.0.0\n   ```\n\n```yaml\nprovider: {}\n```\n";
        let wanted = text.replace("version: 1.0.0", "version: 1.0.1");
        assert_eq!(bumped(text, Format::Markdown), Some(wanted));
    }

    #[test]
    fn nothing_is_added_where_no_version_can_be_counted_up() {
        for text in [
            "meta: {name: Ada}\n",
            "",
            "meta: {version: ~}\n",
            "meta: {version: draft}\n",
            "meta: {version: [1]}\n",
        ] {
            assert_eq!(bumped(text, Format::Yaml), None, "{text}");
        }
    }

    #[test]
    fn a_version_that_stands_elsewhere_or_is_escaped_is_refused_with_its_place() {
        for text in [
            "a: &v 1.0.0\nmeta:\n  version: *v\n",
            "meta:\n  version: \"1.0.\\x30\"\n",
        ] {
            let error = bump_version("bot.yml".as_ref(), text, Format::Yaml, &|_| false);
            let error = error.unwrap_err();
            assert_eq!(error.code(), CODE, "{error}");
            assert!(error.to_string().contains("bot.yml:"), "{error}");
        }
    }
}
