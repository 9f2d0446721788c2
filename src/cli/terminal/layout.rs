//! Columns, colours, and cutting text to fit.

use comfy_table::{CellAlignment, Table, presets};

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

/// Columns that a text takes, without its colours.
pub(in crate::cli) fn width(text: &str) -> usize {
    let (mut columns, mut escape) = (0, false);
    for c in text.chars() {
        match (escape, c) {
            (false, '\x1b') => escape = true,
            (false, _) => columns += 1,
            (true, 'm') => escape = false,
            (true, _) => {}
        }
    }
    columns
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

/// One line of at most `most` characters.
pub(in crate::cli) fn cut(text: &str, most: usize) -> String {
    let text: String = clean(text).replace('\n', " ");
    if text.chars().count() <= most {
        return text;
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Rows as aligned columns; `right` are those that align right. A row of one cell is a heading.
pub(in crate::cli) fn grid(rows: &[Vec<String>], right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in rows.iter().filter(|row| row.len() > 1) {
        table.add_row(row.clone());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
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

/// Breaks a text at spaces so that it fits.
pub(in crate::cli) fn wrap(text: &str, first: &str, rest: &str) -> String {
    wrap_painted(&clean(text), first, rest)
}

/// As [`wrap`], for text that is clean already and may be painted: colours count as no width.
pub(in crate::cli) fn wrap_painted(text: &str, first: &str, rest: &str) -> String {
    let mut lines = vec![first.to_owned()];
    let mut fresh = true;
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        let space = usize::from(!fresh);
        if !fresh && width(line) + space + width(word) > WIDTH {
            lines.push(format!("{rest}{word}"));
        } else {
            if !fresh {
                line.push(' ');
            }
            line.push_str(word);
        }
        fresh = false;
    }
    lines.join("\n") + "\n"
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
    fn escape_sequences_of_hostile_text_do_not_reach_the_terminal() {
        assert_eq!(cut("a\x1b[2Jb\nc", 20), "a [2Jb c");
    }
}
