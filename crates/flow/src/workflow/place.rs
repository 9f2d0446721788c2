//! A cursor, or a byte of a template's text -> the place in the file that an error names.

use botsmith_core::Diagnostic;
use botsmith_core::yaml::{Cursor, Mark};

use super::kind::Type;

/// A place in the file that outlives its cursor.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) mark: Mark,
    pub(super) field: String,
}

impl Place {
    pub(super) fn of(at: &Cursor<'_>) -> Self {
        Self {
            mark: at.mark(),
            field: at.path().to_owned(),
        }
    }
}

/// A step that another names or reads.
#[derive(Clone, Debug)]
pub(super) struct Use {
    /// The step that is used.
    pub(super) step: String,
    /// Where.
    pub(super) place: Place,
    /// The type that its output has to have here.
    pub(super) wants: Option<Type>,
    /// Whether a template goes on with `-` after the name, which means minus there.
    pub(super) dashed: bool,
}

/// What is wrong with a value.
pub(super) fn wrong(at: &Cursor<'_>, code: &'static str, message: impl Into<String>) -> Diagnostic {
    at.diagnostic(message).code(code)
}

/// A value is of another type than is wanted.
pub(super) fn mismatch(at: &Cursor<'_>, wants: Type, found: &str) -> Diagnostic {
    wrong(
        at,
        "BS-FLOW-014",
        format!("expected {}, found {found}", wants.word()),
    )
}

/// What is wrong at a place inside a value.
pub(super) fn diagnostic(
    at: &Cursor<'_>,
    mark: Mark,
    code: &'static str,
    message: impl Into<String>,
) -> Diagnostic {
    at.source()
        .diagnostic(mark, message)
        .field(at.path())
        .code(code)
}

/// Where a name stands in a text, as a whole word.
pub(super) fn word_at(text: &str, name: &str) -> usize {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let whole =
        |at: &usize| !text[..*at].ends_with(word) && !text[at + name.len()..].starts_with(word);
    text.match_indices(name)
        .map(|(at, _)| at)
        .find(whole)
        .unwrap_or(0)
}

/// The place of a byte of a scalar's text: exact where the text stands in the file as it is, else where the
/// scalar starts.
pub(super) fn inside(at: &Cursor<'_>, text: &str, offset: usize) -> Mark {
    let start = at.mark();
    let Some(first) = start.line.checked_sub(1 + at.source().lines_before()) else {
        return start;
    };
    let before = &text[..offset.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..]
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end();
    let down = before.matches('\n').count();
    let in_line = before[line_start..].chars().count();
    // A block scalar may be marked at its `|` or at its text.
    for extra in 0..=1 {
        let Some(found) = at.source().text().lines().nth(first + down + extra) else {
            continue;
        };
        let skip = if down + extra == 0 {
            start.column.saturating_sub(1)
        } else {
            0
        };
        let from = found
            .char_indices()
            .nth(skip)
            .map_or(found.len(), |(at, _)| at);
        if let Some(place) = found[from..].find(line)
            && matches!(found[from..from + place].trim(), "" | "'" | "\"")
        {
            return Mark {
                line: start.line + down + extra,
                column: found[..from + place].chars().count() + in_line + 1,
            };
        }
    }
    start
}
