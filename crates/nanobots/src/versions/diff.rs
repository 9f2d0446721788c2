//! Two texts of a cartridge -> what differs, line by line, as `diff -u` shows it.
//!
//! The longest common subsequence of lines by the textbook table, after equal
//! lines at both ends are set aside; texts that differ in too many lines are shown as removed and added.

use std::fmt::Write as _;
use std::path::Path;

use botsmith_core::digest::Digest;

use super::{Version, Versions};
use crate::Result;

/// Lines around a change.
const AROUND: usize = 3;
/// The table of the comparison has at most so many cells.
const MOST_CELLS: usize = 4_000_000;

/// What differs between two texts.
///
/// ```
/// use botsmith_nanobots::versions::Difference;
/// let found = Difference::of("tone: warm\nlength: 9\n", "tone: dry\nlength: 9\n");
/// assert_eq!((found.added, found.removed), (1, 1));
/// assert_eq!(found.text, "@@ -1 +1 @@\n-tone: warm\n+tone: dry\n length: 9\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Lines that only the newer text has.
    pub added: usize,
    /// Lines that only the older one has.
    pub removed: usize,
    /// The changes with three lines around each; control characters are escaped. Empty where the texts are alike.
    pub text: String,
}

impl Difference {
    /// Compares an older text with a newer one.
    pub fn of(old: &str, new: &str) -> Self {
        let lines = compare(old, new);
        let count = |kind: Kind| lines.iter().filter(|line| line.kind == kind).count();
        Self {
            added: count(Kind::Added),
            removed: count(Kind::Removed),
            text: shown(&lines),
        }
    }
}

/// One of two texts that are compared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Side {
    /// blake3 of its bytes.
    pub hash: String,
    /// The version; `None`: what stands in the file.
    pub version: Option<Version>,
    /// Its text.
    pub text: String,
}

impl Side {
    /// What differs from this to a newer one.
    pub fn difference(&self, newer: &Self) -> Difference {
        Difference::of(&self.text, &newer.text)
    }
}

impl Versions<'_> {
    /// The text of a version that a person means (see [`Versions::find`]), or with `file` of what stands in the
    /// bot's file now.
    ///
    /// # Errors
    /// [`Error::Versions`](crate::Error::Versions) where there is no such version; the file's and the store's.
    pub fn side(&self, name: &str, file: &Path) -> Result<Side> {
        let (hash, version, bytes) = if name == "file" {
            let bytes = std::fs::read(file).map_err(|source| botsmith_core::Error::Read {
                path: file.to_owned(),
                source,
            })?;
            (Digest::of(&bytes).to_string(), None, bytes)
        } else {
            let version = self.find(name)?;
            let bytes = self.bytes(&version.hash)?;
            (version.hash.clone(), Some(version), bytes)
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Side {
            hash,
            version,
            text,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Same,
    Removed,
    Added,
}

#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    kind: Kind,
    text: &'a str,
}

/// All lines of both texts, in order.
fn compare<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut lines: Vec<_> = all(Kind::Same, &old[..start]).collect();
    if a.len().saturating_mul(b.len()) > MOST_CELLS {
        lines.extend(all(Kind::Removed, a));
        lines.extend(all(Kind::Added, b));
    } else {
        middle(a, b, &mut lines);
    }
    lines.extend(all(Kind::Same, &old[old.len() - end..]));
    lines
}

fn all<'a>(kind: Kind, lines: &[&'a str]) -> impl Iterator<Item = Line<'a>> {
    lines.iter().map(move |&text| Line { kind, text })
}

fn middle<'a>(a: &[&'a str], b: &[&'a str], lines: &mut Vec<Line<'a>>) {
    // common[i][j]: how many lines a[i..] and b[j..] have in common, in order.
    let width = b.len() + 1;
    let mut common = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = match a[i] == b[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let (kind, text) = if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
            (Kind::Same, a[i - 1])
        } else if j == b.len()
            || i < a.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]
        {
            i += 1;
            (Kind::Removed, a[i - 1])
        } else {
            j += 1;
            (Kind::Added, b[j - 1])
        };
        lines.push(Line { kind, text });
    }
}

/// The changes with some lines around them, as `diff -u` shows them; control characters are escaped.
fn shown(lines: &[Line<'_>]) -> String {
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        let to = (at + AROUND + 1).min(lines.len());
        lines[from..to].iter().any(|line| line.kind != Kind::Same)
    };
    let mut text = String::new();
    let (mut old, mut new, mut open) = (0, 0, false);
    for (at, line) in lines.iter().enumerate() {
        let shows = near(at);
        if shows && !open {
            let _ = writeln!(text, "@@ -{} +{} @@", old + 1, new + 1);
        }
        open = shows;
        old += usize::from(line.kind != Kind::Added);
        new += usize::from(line.kind != Kind::Removed);
        if !shows {
            continue;
        }
        text.push(match line.kind {
            Kind::Same => ' ',
            Kind::Removed => '-',
            Kind::Added => '+',
        });
        for c in line.text.chars() {
            match c != '\t' && c.is_control() {
                true => text.extend(c.escape_unicode()),
                false => text.push(c),
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_shown_with_the_lines_around_it() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\nE\nf\ng\nh\n";
        let wanted = "@@ -2 +2 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n";
        assert_eq!(shown(&compare(old, new)), wanted);
    }

    #[test]
    fn both_texts_can_be_read_from_the_lines() {
        for (old, new) in [
            ("", "x\ny"),
            ("x\ny", ""),
            ("a\nb\nc\na\nb", "b\nc\nb\na"),
            ("same", "same"),
        ] {
            let lines = compare(old, new);
            let side = |without: Kind| {
                let kept = lines.iter().filter(|line| line.kind != without);
                kept.map(|line| line.text).collect::<Vec<_>>().join("\n")
            };
            assert_eq!(
                (side(Kind::Added), side(Kind::Removed)),
                (old.into(), new.into())
            );
        }
    }
}
