//! The HTML report: one self-contained file that answers "which bot, and how sure?" to a reader
//! without tools. It opens from disk, loads nothing, and shows every case with its evidence.
//!
//! Report and cases go into the page as JSON, case after case, so that memory does not grow with
//! the run. In JSON a `<` stands only inside strings; written as `\u003c` it reads the same and
//! no text of a bot can end the script element it stands in
//! (<https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements>).
//! The page itself inserts text only as text.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::{Error, Result};

const PAGE: &str = include_str!("html/report.html");
const STYLE: &str = include_str!("html/style.css");
/// Joined into one script, in this order.
const SCRIPT: [&str; 14] = [
    include_str!("html/format.js"),
    include_str!("html/data.js"),
    include_str!("html/words.js"),
    include_str!("html/plots.js"),
    include_str!("html/summary.js"),
    include_str!("html/compare.js"),
    include_str!("html/filter.js"),
    include_str!("html/table.js"),
    include_str!("html/detail.js"),
    include_str!("html/answer.js"),
    include_str!("html/csv.js"),
    include_str!("html/findings.js"),
    include_str!("html/method.js"),
    include_str!("html/app.js"),
];
/// A block of cases is closed once it holds this many bytes: browsers bound the length of a
/// string, and a file cut short loses one block at most.
const BLOCK: u64 = 4 << 20;

/// Writes the page. `out` should be buffered; `path` is what an error of writing names.
///
/// Evidence in the cases is counted in UTF-16 code units, as the browser counts.
///
/// # Errors
/// What `cases` gives, or [`botsmith_core::Error::Write`].
pub fn write<C: Serialize>(
    out: &mut dyn Write,
    path: &Path,
    report: &impl Serialize,
    cases: impl IntoIterator<Item = Result<C>>,
) -> Result<()> {
    let failed = |source: io::Error| {
        Error::Core(botsmith_core::Error::Write {
            path: path.to_owned(),
            source,
        })
    };
    let mut cases = Some(cases);
    for (place, text) in pieces(PAGE) {
        match place {
            "style" => out.write_all(STYLE.as_bytes()).map_err(failed)?,
            "script" => SCRIPT
                .iter()
                .try_for_each(|part| out.write_all(part.as_bytes()))
                .map_err(failed)?,
            "report" => Escaped::new(out).json(report).map_err(failed)?,
            "cases" => write_cases(out, cases.take().into_iter().flatten(), failed)?,
            _ => {}
        }
        out.write_all(text.as_bytes()).map_err(failed)?;
    }
    out.flush().map_err(failed)
}

/// The page as pairs of a place `{{name}}` to fill and the text after it; the first place is "".
fn pieces(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("{{")
        .map(|piece| piece.split_once("}}").unwrap_or(("", piece)))
}

fn write_cases<C: Serialize>(
    out: &mut dyn Write,
    cases: impl Iterator<Item = Result<C>>,
    failed: impl Fn(io::Error) -> Error,
) -> Result<()> {
    let mut escaped = Escaped::new(out);
    for case in cases {
        let case = case?;
        let separator = match escaped.written {
            0 => "<script type=\"application/json\" class=\"cases\">[\n",
            _ => ",\n",
        };
        escaped
            .out
            .write_all(separator.as_bytes())
            .and_then(|()| escaped.json(&case))
            .and_then(|()| escaped.end_block(BLOCK))
            .map_err(&failed)?;
    }
    escaped.end_block(1).map_err(failed)
}

/// Writes JSON with `<` as `\u003c`, and counts its bytes.
struct Escaped<'a> {
    out: &'a mut dyn Write,
    written: u64,
}

impl<'a> Escaped<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { out, written: 0 }
    }

    fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(self, value).map_err(io::Error::from)
    }

    /// Closes the open block if it has come to `full` bytes.
    fn end_block(&mut self, full: u64) -> io::Result<()> {
        if self.written >= full {
            self.written = 0;
            self.out.write_all(b"\n]</script>\n")?;
        }
        Ok(())
    }
}

impl Write for Escaped<'_> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        let mut rest = json;
        while let Some(at) = memchr::memchr(b'<', rest) {
            self.out.write_all(&rest[..at])?;
            self.out.write_all(b"\\u003c")?;
            rest = &rest[at + 1..];
        }
        self.out.write_all(rest)?;
        self.written += json.len() as u64;
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
