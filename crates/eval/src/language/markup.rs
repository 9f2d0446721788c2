//! Text as bots write it -> the same text with the markup blanked out, and its lines.
//!
//! What is prose says the layout of crate nlp ([`Layout`]: `CommonMark` with GitHub's extensions); everything
//! else becomes spaces, byte for byte, so that every offset still points into the original. Code in a line,
//! formulas and JSON stay: their numbers and names are what was said. Lines know what they are: a
//! paragraph's line, a heading, a list item, a table row. Beyond the layout, as people read it: numbers of
//! steps that stand in bold, a line in bold as a heading, rows of a table without its rule.

use std::ops::Range;
use std::sync::LazyLock;

use botsmith_nlp::markdown::{BlockKind, Layout, MarkKind};
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
static RULE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[ \t]*(?:[-*_][ \t]*){3,}$|^[ \t|:-]*-[ \t|:-]*$"));

/// A pattern of this crate's own.
pub(crate) fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is a constant that tests compile")
}

/// Takes the markup out of a text.
pub(crate) fn plain(text: &str) -> Plain {
    let layout = Layout::of(text);
    let mut bytes = visible(text, &layout);
    let mut code = spans(&layout, |kind| kind == MarkKind::CodeBlock).peekable();
    let mut blocks = layout.blocks().iter().peekable();
    let mut lines = Vec::new();
    let mut starts_block = true;
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let (from, line) = (at, whole.trim_end_matches(['\n', '\r']));
        at += whole.len();
        let end = from + line.len();
        while code.next_if(|code| code.end <= from).is_some() {}
        if let Some(code) = code.peek().filter(|code| code.start < at) {
            let fence = line.trim_start().starts_with(['`', '~']);
            let edge = code.start >= from || code.end <= end;
            let said = !line.trim().is_empty();
            if said && !(fence && edge) {
                lines.push(Line {
                    span: trimmed_span(line, from),
                    kind: LineKind::Code,
                    starts_block,
                });
            }
            starts_block = edge;
            continue;
        }
        if line.trim().is_empty() || RULE.is_match(line) {
            blank(&mut bytes, from..end);
            starts_block = true;
            continue;
        }
        while blocks.next_if(|block| block.span().end <= from).is_some() {}
        let block = blocks.peek().filter(|block| block.span().start < end);
        let begins = block.is_some_and(|block| block.span().start >= from);
        let known = block.map(|block| match block.kind {
            BlockKind::Heading => LineKind::Heading,
            BlockKind::Cell => LineKind::Row,
            // What an item goes on with has no bullet before it.
            BlockKind::Item if begins && bulleted(&text[from..block.span().start]) => {
                LineKind::Item
            }
            _ => LineKind::Text,
        });
        let kind = start(line, from, known.unwrap_or(LineKind::Text), &mut bytes);
        let seen = std::str::from_utf8(&bytes[from..end])
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

/// The bytes of the text that say something; ends of lines stay.
fn visible(text: &str, layout: &Layout) -> Vec<u8> {
    let shown = |kind| matches!(kind, MarkKind::Code | MarkKind::Math | MarkKind::Json);
    let prose = layout
        .blocks()
        .iter()
        .flat_map(botsmith_nlp::markdown::Block::prose);
    let kept = prose.chain(spans(layout, shown).cloned());
    let mut bytes: Vec<u8> = text
        .bytes()
        .map(|byte| {
            if matches!(byte, b'\n' | b'\r') {
                byte
            } else {
                b' '
            }
        })
        .collect();
    for span in kept {
        bytes[span.clone()].copy_from_slice(&text.as_bytes()[span]);
    }
    bytes
}

fn spans<'l>(
    layout: &'l Layout,
    wanted: impl Fn(MarkKind) -> bool + 'l,
) -> impl Iterator<Item = &'l Range<usize>> {
    let marks = layout.marks().iter();
    marks
        .filter(move |mark| wanted(mark.kind))
        .map(|mark| &mark.span)
}

/// Whether a list's bullet or number stands in what is before an item's words.
fn bulleted(before: &str) -> bool {
    before.contains(|c: char| !c.is_whitespace() && c != '>')
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

/// Blanks what a line of a known kind starts with, and says what it is.
fn start(line: &str, from: usize, known: LineKind, bytes: &mut [u8]) -> LineKind {
    let Some(found) = START.captures(line) else {
        return known;
    };
    let end = found.get(0).map_or(0, |all| all.end());
    blank(bytes, from..from + end);
    if let Some(label) = LABEL.captures(&line[end..]).and_then(|label| label.get(1)) {
        blank(bytes, from + end + label.start()..from + end + label.end());
    }
    if known == LineKind::Heading || found.name("heading").is_some() {
        return LineKind::Heading;
    }
    if known == LineKind::Item || found.name("item").is_some() {
        return LineKind::Item;
    }
    let cells = line.matches('|').count();
    if known == LineKind::Row || line.trim_start().starts_with('|') || cells > 2 {
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
            ("Fish &amp; chips", "Fish       chips"),
            ("{\"price\": 42}", "{\"price\": 42}"),
            ("so $x = 5$ holds", "so  x = 5  holds"),
            (
                "see [it][1] now\n\n[1]: https://a.org/7",
                "see  it     now\n\n                    ",
            ),
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
