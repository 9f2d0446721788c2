//! Text as bots write it -> the same text with the markup blanked out, and its lines.
//!
//! Markdown's markers, code blocks, links' targets and HTML tags become spaces, byte for byte, so that
//! every offset still points into the original. Lines know what they are: a paragraph's line, a
//! heading, a list item, a table row. This is not a Markdown parser: blocks nested deeper than a list
//! in a quotation, indented code and reference links are read as plain lines.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// A line of a paragraph.
    Text,
    /// A heading.
    Heading,
    /// The first line of a list item.
    Item,
    /// A row of a table.
    Row,
    /// A line of a code block.
    Code,
}

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its bytes, without markers and white space around.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) kind: LineKind,
    /// Whether a blank line, or the beginning of the text, is before it.
    pub(crate) starts_block: bool,
}

/// A text without its markup.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    /// As long as the original; spaces where markup was.
    pub(crate) text: String,
    /// Its lines in order, without empty ones.
    pub(crate) lines: Vec<Line>,
}

static START: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"^[ \t]*(?:>[ \t]?)*[ \t]*(?:",
        r"(?P<heading>#{1,6}[ \t]+(?:\d{1,3}[.)][ \t]+)?)",
        r"|(?P<item>(?:(?:[-*+•‣–]|(?:\*\*|__)?\(?\d{1,3}[.)]|[a-z]\))[ \t]+)(?:\[[ xX]\][ \t]+)?)",
        r")?",
    ))
});
/// `Step 2:` before what the step is: a number of the list, not of the text.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:[*_ ]*)(?i:step|option|method|tip|part|phase|item|point|reason|way|example)[ \t]+(\d{1,2})[*_]*[ \t]*[:.)–—-]",
    )
});
static INLINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?P<url>(?:https?://|www\.)[^\s<>()\[\]*`]+)",
        r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
        r"|(?P<tag></?[A-Za-z][^<>\n]{0,200}>)",
        r"|(?P<target>\]\([^()\s]*(?:\s+[^()\n]*)?\))",
        r"|(?P<mark>\*+|_+|~~|`+|!?\[)",
    ))
});
static RULE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[ \t]*(?:[-*_][ \t]*){3,}$|^[ \t|:-]*-[ \t|:-]*$"));

/// A pattern of this crate's own.
pub(crate) fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is a constant that tests compile")
}

/// Takes the markup out of a text.
pub(crate) fn plain(text: &str) -> Plain {
    let mut bytes = text.as_bytes().to_vec();
    let mut lines = Vec::new();
    let mut fence: Option<&str> = None;
    let mut starts_block = true;
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let (from, line) = (at, whole.trim_end_matches(['\n', '\r']));
        at += whole.len();
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        if fence.is_some() || mark.is_some() {
            if fence.is_some() && mark == fence {
                fence = None;
            } else if fence.is_none() {
                fence = mark;
            } else if !trimmed.is_empty() {
                lines.push(Line {
                    span: trimmed_span(line, from),
                    kind: LineKind::Code,
                    starts_block,
                });
            }
            blank(&mut bytes, from..from + line.len());
            starts_block = mark.is_some();
            continue;
        }
        if trimmed.is_empty() || RULE.is_match(line) {
            blank(&mut bytes, from..from + line.len());
            starts_block = true;
            continue;
        }
        let kind = start(line, from, &mut bytes);
        inline(line, from, &mut bytes);
        let seen = std::str::from_utf8(&bytes[from..from + line.len()])
            .expect("whole characters were replaced by spaces");
        let span = trimmed_span(seen, from);
        if !span.is_empty() {
            lines.push(Line {
                span,
                kind,
                starts_block,
            });
            starts_block = false;
        }
    }
    let text = String::from_utf8(bytes).expect("whole characters were replaced by spaces");
    Plain { text, lines }
}

impl Plain {
    /// The line that holds the byte at `offset`.
    pub(crate) fn line_at(&self, offset: usize) -> Option<&Line> {
        let next = self.lines.partition_point(|line| line.span.start <= offset);
        let line = self.lines.get(next.checked_sub(1)?)?;
        (offset < line.span.end).then_some(line)
    }

    /// Whether a block ends between two bytes: a blank line, a list item, a heading, a table row.
    pub(crate) fn breaks(&self, from: usize, to: usize) -> bool {
        let first = self.lines.partition_point(|line| line.span.start <= from);
        let rest = self.lines[first..]
            .iter()
            .take_while(|line| line.span.start <= to);
        let before = first.checked_sub(1).map(|at| self.lines[at].kind);
        let heading = |kind| matches!(kind, LineKind::Heading | LineKind::Row);
        rest.enumerate().any(|(place, line)| {
            line.starts_block
                || line.kind != LineKind::Text
                || (place == 0 && before.is_some_and(heading))
        })
    }

    /// How many items each list has, in order. A blank line does not end a list; a paragraph does.
    pub(crate) fn lists(&self) -> Vec<usize> {
        let mut lists = Vec::new();
        let mut open = false;
        for line in &self.lines {
            match line.kind {
                LineKind::Item if open => *lists.last_mut().expect("an open list") += 1,
                LineKind::Item => {
                    lists.push(1);
                    open = true;
                }
                // A line that goes on with an item does not begin a block.
                LineKind::Text if line.starts_block => open = false,
                LineKind::Heading => open = false,
                _ => {}
            }
        }
        lists
    }
}

fn trimmed_span(line: &str, from: usize) -> Range<usize> {
    let start = line.len() - line.trim_start().len();
    let end = line.trim_end().len().max(start);
    from + start..from + end
}

fn blank(bytes: &mut [u8], span: Range<usize>) {
    bytes[span].fill(b' ');
}

/// Blanks what a line starts with, and says what it is.
fn start(line: &str, from: usize, bytes: &mut [u8]) -> LineKind {
    let Some(found) = START.captures(line) else {
        return LineKind::Text;
    };
    let end = found.get(0).map_or(0, |all| all.end());
    blank(bytes, from..from + end);
    if let Some(label) = LABEL.captures(&line[end..]).and_then(|label| label.get(1)) {
        blank(bytes, from + end + label.start()..from + end + label.end());
    }
    if found.name("heading").is_some() {
        return LineKind::Heading;
    }
    if found.name("item").is_some() {
        return LineKind::Item;
    }
    let cells = line.matches('|').count();
    if line.trim_start().starts_with('|') || cells > 2 {
        for (place, _) in line.match_indices('|') {
            blank(bytes, from + place..from + place + 1);
        }
        return LineKind::Row;
    }
    let bold = line[end..].trim_end();
    match bold.starts_with("**")
        && bold.trim_end_matches(':').ends_with("**")
        && bold.matches("**").count() == 2
    {
        true => LineKind::Heading,
        false => LineKind::Text,
    }
}

/// Blanks emphasis, the targets of links, addresses and tags.
fn inline(line: &str, from: usize, bytes: &mut [u8]) {
    let last_target = line.rfind("](");
    for found in INLINE.captures_iter(line) {
        let all = found.get(0).expect("a match has a place");
        let mut span = all.range();
        if found.name("url").is_some() {
            span.end = span.start
                + all
                    .as_str()
                    .trim_end_matches(['.', ',', ';', ':', '!', '?'])
                    .len();
        }
        if found.name("mark").is_some() {
            let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            let before = line[..span.start].chars().next_back();
            let after = line[span.end..].chars().next();
            let open = |c: Option<char>| c.is_none_or(char::is_whitespace);
            // `3 * 4`, `a*b`, `snake_case` and a lone bracket are no markup.
            let kept = match &line[span.clone()] {
                "*" => (open(before) && open(after)) || (!outside(before) && !outside(after)),
                mark if mark.starts_with('_') => !outside(before) && !outside(after),
                "[" | "![" => last_target.is_none_or(|target| target < span.end),
                _ => false,
            };
            if kept {
                continue;
            }
        }
        blank(bytes, from + span.start..from + span.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_spaces_and_every_byte_keeps_its_place() {
        for (text, wanted) in [
            ("**Acme** sells _pots_.", "  Acme   sells  pots ."),
            ("- Open `app`", "  Open  app "),
            ("1. **First** step", "     First   step"),
            ("## Key points", "   Key points"),
            (
                "see [the page](https://a.org/b) now",
                "see  the page                   now",
            ),
            (
                "3 * 4 and a*b and snake_case",
                "3 * 4 and a*b and snake_case",
            ),
            ("> quoted", "  quoted"),
            ("| a | b | c |", "  a   b   c  "),
            ("|---|---|", "         "),
            ("go to https://x.org/1.", "go to                ."),
            ("one<br>two", "one    two"),
            ("Step 2: open it", "Step  : open it"),
            ("café *naïve*", "café  naïve "),
            ("It costs 5. 3 are left", "It costs 5. 3 are left"),
        ] {
            let plain = plain(text);
            assert_eq!(plain.text, wanted, "{text}");
            assert_eq!(plain.text.len(), text.len());
        }
    }

    #[test]
    fn lines_know_what_they_are() {
        use LineKind::{Code, Heading, Item, Row, Text};
        let text = "# Title\nOne.\nTwo.\n\n- a\n- b\n  more of b\n\n```py\nx = 5\n```\n| p | q |\n**Bold**\nEnd";
        let plain = plain(text);
        let kinds: Vec<_> = plain.lines.iter().map(|line| line.kind).collect();
        assert_eq!(
            kinds,
            [
                Heading, Text, Text, Item, Item, Text, Code, Row, Heading, Text
            ]
        );
        assert!(!plain.text.contains('5'));
        assert_eq!(plain.lists(), [2]);
        let at = |needle: &str| text.find(needle).unwrap();
        assert!(plain.breaks(at("Title"), at("One")));
        assert!(!plain.breaks(at("One"), at("Two")));
        assert!(plain.breaks(at("Two"), at("a\n-")));
        assert!(!plain.breaks(at("b\n"), at("more")));
    }

    #[test]
    fn two_lists_are_told_apart_by_what_stands_between() {
        let lists = |text: &str| plain(text).lists();
        assert_eq!(lists("- a\n- b\n\nThen:\n\n1. c\n\n2. d\n3. e"), [2, 3]);
        assert_eq!(lists("no list"), [0usize; 0]);
    }
}
