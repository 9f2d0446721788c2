//! Writing to stdout and stderr without panics, and what others wrote without letting it redraw the terminal.

use std::io::Write;

use botsmith::core::hint::is_unprintable;
use botsmith::eval::{Error, Result};
use serde::Serialize;

/// Prints to stdout. A reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(Error::Core(botsmith::core::Error::Write {
            path: "stdout".into(),
            source,
        })),
        Ok(()) => Ok(()),
    }
}

/// Prints one JSON object and a line feed.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string(value).expect("our types serialise to JSON");
    text.push('\n');
    print(&text)
}

/// A line on stderr.
pub(crate) fn note(text: &str) {
    // If stderr is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Words of a cartridge as part of one line: no line of theirs can pass for one of ours, and nothing of them
/// redraws a terminal or turns the direction of a text.
pub(crate) fn one_line(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same for a text of several lines, which stay.
pub(crate) fn many_lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, fine: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if fine(c) || !is_unprintable(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            c => shown.extend(c.escape_unicode()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_on_its_line_and_redraws_nothing() {
        let text = "Nice\nsends to   none\u{1b}[8m\r\u{202e}x\ty\u{2028}é";
        let line = "Nice\\nsends to   none\\u{1b}[8m\\u{d}\\u{202e}x\\ty\\u{2028}é";
        assert_eq!(one_line(text), line);
        // Done twice it is done once.
        assert_eq!(one_line(line), line);
        let lines = "Nice\nsends to   none\\u{1b}[8m\\u{d}\\u{202e}x\ty\\u{2028}é";
        assert_eq!(many_lines(text), lines);
    }
}
