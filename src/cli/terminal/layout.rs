//! Columns, colours, and cutting text to fit.

use comfy_table::{CellAlignment, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a terminal that everything fits.
pub(in crate::cli) const WIDTH: usize = 80;

/// Colours, where they are wanted.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Paint {
    pub(in crate::cli) colored: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        match self.colored && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    pub(in crate::cli) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(in crate::cli) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(in crate::cli) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(in crate::cli) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Evidence that speaks for the answer.
    pub(in crate::cli) fn supports(self, text: &str) -> String {
        match self.colored {
            true => format!("\x1b[30;42m{text}\x1b[0m"),
            false => format!("[+{text}+]"),
        }
    }

    /// Evidence that speaks against it.
    pub(in crate::cli) fn against(self, text: &str) -> String {
        match self.colored {
            true => format!("\x1b[30;41m{text}\x1b[0m"),
            false => format!("[-{text}-]"),
        }
    }
}

/// Columns that a text takes, without its colours: two for a Chinese character, none for an accent.
pub(in crate::cli) fn width(text: &str) -> usize {
    if !text.contains('\x1b') {
        return text.width();
    }
    let (mut bare, mut escape) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        match (escape, c) {
            (false, '\x1b') => escape = true,
            (false, _) => bare.push(c),
            (true, 'm') => escape = false,
            (true, _) => {}
        }
    }
    bare.width()
}

/// Takes off what would move the cursor or hide text: control characters become spaces, but for
/// line feeds.
pub(in crate::cli) fn clean(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if hidden(c) { ' ' } else { c })
        .collect()
}

/// One line of at most `most` columns.
pub(in crate::cli) fn cut(text: &str, most: usize) -> String {
    let text: String = clean(text).replace('\n', " ");
    if text.width() <= most {
        return text;
    }
    let (mut short, mut columns) = (String::new(), 1);
    for c in text.chars() {
        columns += c.width().unwrap_or(0);
        if columns > most {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// A text filled up with spaces to so many columns.
pub(in crate::cli) fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Columns between two cells.
const GAP: usize = 2;
/// To so many columns the first cell of a row is cut at most, that the row fits.
const LEAST: usize = 8;

/// The rows with first cells cut so that the whole fits the terminal, where cutting them is enough.
fn fitted(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let cells = || rows.iter().filter(|row| row.len() > 1);
    let columns = cells().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| {
        cells()
            .filter_map(|row| row.get(at))
            .map(|c| width(c))
            .max()
    };
    let rest: usize = (1..columns).map(|at| GAP + widest(at).unwrap_or(0)).sum();
    let room = WIDTH.saturating_sub(rest).max(LEAST);
    let mut rows = rows.to_vec();
    for row in rows.iter_mut().filter(|row| row.len() > 1) {
        if width(&row[0]) > room && !row[0].contains('\x1b') {
            row[0] = cut(&row[0], room);
        }
    }
    rows
}

/// Rows as aligned columns; `right` are those that align right. First cells are cut where a row would
/// not fit. A row of one cell is a heading.
pub(in crate::cli) fn grid(rows: &[Vec<String>], right: &[usize]) -> String {
    let rows = &fitted(rows);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in rows.iter().filter(|row| row.len() > 1) {
        table.add_row(row.clone());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP as u16));
    }
    for index in right {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut lines = table.lines();
    let mut text = String::new();
    for row in rows {
        let line = match row.as_slice() {
            [heading] => heading.clone(),
            _ => lines.next().unwrap_or_default(),
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Breaks a text at spaces so that it fits; a word that is longer than a line, within it.
pub(in crate::cli) fn wrap(text: &str, first: &str, rest: &str) -> String {
    wrap_painted(&clean(text), first, rest)
}

/// As [`wrap`], for text that is clean already and may be painted: colours count as no width.
pub(in crate::cli) fn wrap_painted(text: &str, first: &str, rest: &str) -> String {
    let mut lines = vec![first.to_owned()];
    let mut fresh = true;
    let room = WIDTH.saturating_sub(width(rest)).max(1);
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        let space = usize::from(!fresh);
        let fits = width(line) + space + width(word) <= WIDTH;
        // A word that no line holds is broken here, unless little of it would stand here.
        let long = width(word) > room && width(line) + space + room / 2 <= WIDTH;
        if fits || fresh || long {
            if !fresh {
                line.push(' ');
            }
            push(&mut lines, word, rest);
        } else {
            lines.push(rest.to_owned());
            push(&mut lines, word, rest);
        }
        fresh = false;
    }
    lines.join("\n") + "\n"
}

/// Adds a word to the last line, on more lines where it does not fit.
fn push(lines: &mut Vec<String>, word: &str, rest: &str) {
    let (mut columns, mut escape) = (width(lines.last().map_or("", String::as_str)), false);
    for c in word.chars() {
        let wide = match (escape, c) {
            (false, '\x1b') => {
                escape = true;
                0
            }
            (false, _) => c.width().unwrap_or(0),
            (true, _) => {
                escape = c != 'm';
                0
            }
        };
        if columns + wide > WIDTH {
            lines.push(rest.to_owned());
            columns = width(rest);
        }
        columns += wide;
        lines.last_mut().expect("there is a line").push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_at_spaces() {
        let text = wrap(&"word ".repeat(40), "- ", "  ");
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert!(text.starts_with("- word"));
    }

    #[test]
    fn words_longer_than_a_line_and_scripts_without_spaces_are_broken_within() {
        let url = format!("see https://example.org/{} there", "a".repeat(200));
        let chinese = "退货政策规定顾客可以在三十天内退回商品".repeat(8);
        let painted = format!("x \x1b[1m{}\x1b[0m", "b".repeat(170));
        for text in [url, chinese.clone(), painted.clone()] {
            let broken = wrap_painted(&text, "  ", "  ");
            assert!(broken.lines().all(|line| width(line) <= WIDTH), "{broken}");
            let bare = |text: &str| {
                text.chars()
                    .filter(|c| !c.is_whitespace())
                    .collect::<String>()
            };
            assert_eq!(bare(&broken), bare(&text));
        }
    }

    #[test]
    fn columns_are_counted_not_characters() {
        assert_eq!(width("退货"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("\x1b[1m退\x1b[0m"), 2);
        assert_eq!(cut("退货政策", 5), "退货…");
        assert_eq!(cut("退货政策", 8), "退货政策");
        assert_eq!(pad("退", 4), "退  ");
    }

    #[test]
    fn rows_that_are_too_wide_give_of_their_names() {
        let row = |name: &str| vec![name.to_owned(), "9".repeat(40), "8".repeat(20)];
        let rows = [row("退货政策助手退货政策助手"), row("short")];
        let text = grid(&rows, &[1]);
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert!(text.contains('…') && text.contains("short"), "{text}");
    }

    #[test]
    fn escape_sequences_of_hostile_text_do_not_reach_the_terminal() {
        assert_eq!(cut("a\x1b[2Jb\nc", 20), "a [2Jb c");
    }
}
