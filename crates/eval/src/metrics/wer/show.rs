//! Alignments to read: three lines as jiwer's `visualize_alignment`, spans, the first differences.

use std::fmt::{self, Write as _};
use std::ops::Range;

use super::{Alignment, Unit};
use crate::metrics::distance::{Change, Counts};

impl<'a> Alignment<'a> {
    /// How many units stay and how many change.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for chunk in &self.chunks {
            match chunk.change {
                Change::Equal => counts.hits += chunk.from.len(),
                Change::Substitute => counts.substitutions += chunk.from.len(),
                Change::Insert => counts.insertions += chunk.to.len(),
                Change::Delete => counts.deletions += chunk.from.len(),
            }
        }
        counts
    }

    /// Byte ranges of `candidate` (the text that was aligned) that are replaced or inserted.
    pub fn wrong_spans(&self, candidate: &'a str) -> impl Iterator<Item = Range<usize>> + '_ {
        let begin = candidate.as_ptr() as usize;
        self.chunks
            .iter()
            .filter(|chunk| matches!(chunk.change, Change::Substitute | Change::Insert))
            .filter_map(move |chunk| {
                let units = self.candidate.get(chunk.to.clone())?;
                let (first, last) = (units.first()?, units.last()?);
                let start = first.as_ptr() as usize - begin;
                let end = last.as_ptr() as usize - begin + last.len();
                Some(start..end)
            })
    }

    /// The first `most` stretches that differ, in words: `"b" → "x", "d" missing, "e" added`.
    pub fn differences(&self, most: usize) -> String {
        let separator = match self.unit {
            Unit::Words => " ",
            Unit::Characters => "",
        };
        let mut shown = String::new();
        let changed = self.chunks.iter().filter(|c| c.change != Change::Equal);
        let count = changed.clone().count();
        for chunk in changed.take(most) {
            if !shown.is_empty() {
                shown.push_str(", ");
            }
            let from = quoted(&self.reference[chunk.from.clone()], separator);
            let to = quoted(&self.candidate[chunk.to.clone()], separator);
            // Writing to a String cannot fail.
            let _ = match chunk.change {
                Change::Insert => write!(shown, "{to} added"),
                Change::Delete => write!(shown, "{from} missing"),
                Change::Substitute | Change::Equal => write!(shown, "{from} → {to}"),
            };
        }
        if count > most {
            let _ = write!(shown, ", {} more", count - most);
        }
        shown
    }
}

fn quoted(units: &[&str], separator: &str) -> String {
    crate::text::quote(&units.join(separator))
}

/// Three lines as jiwer shows them: reference, candidate, and `S`, `I` or `D` under what changed.
///
/// ```text
/// REF:    # short one here
/// HYP: shoe order one    *
///         I     S        D
/// ```
impl fmt::Display for Alignment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = match self.unit {
            Unit::Words => " ",
            Unit::Characters => "",
        };
        let mut lines = ["REF: ".to_owned(), "HYP: ".to_owned(), "     ".to_owned()];
        for chunk in &self.chunks {
            let length = chunk.from.len().max(chunk.to.len());
            for i in 0..length {
                let from = self.reference[chunk.from.clone()].get(i).copied();
                let to = self.candidate[chunk.to.clone()].get(i).copied();
                let width = [from, to]
                    .into_iter()
                    .flatten()
                    .map(|unit| unit.chars().count())
                    .fold(1, usize::max);
                let stars = "*".repeat(width);
                let mark = match chunk.change {
                    Change::Equal => " ",
                    Change::Substitute => "S",
                    Change::Insert => "I",
                    Change::Delete => "D",
                };
                let cells = [from.unwrap_or(&stars), to.unwrap_or(&stars), mark];
                for (line, cell) in lines.iter_mut().zip(cells) {
                    if line.len() > 5 {
                        line.push_str(separator);
                    }
                    let _ = write!(line, "{cell:>width$}");
                }
            }
        }
        let [reference, candidate, marks] = lines;
        write!(f, "{reference}\n{candidate}\n{marks}")
    }
}
