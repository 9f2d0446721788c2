//! Sees a session's output as it comes.

use crate::interface::ToolFeedback;

/// A piece of output.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Piece<'a> {
    /// All output so far, this piece included.
    pub text: &'a str,
    /// This piece; `None` in the last call of a turn.
    pub fragment: Option<&'a str>,
    /// Whether it is the last call of a turn.
    pub finished: bool,
    /// The call that the piece tells of, where it is about a tool.
    pub tool: Option<&'a ToolFeedback>,
}

impl<'a> Piece<'a> {
    /// The last one.
    pub(crate) fn last(text: &'a str) -> Self {
        Self {
            text,
            fragment: None,
            finished: true,
            tool: None,
        }
    }
}

/// Sees each piece of output, in order. A closure over a [`Piece`] will do.
///
/// ```
/// use botsmith_nanobots::session::{Observer, Piece};
/// let mut shown = String::new();
/// let mut print = |piece: &Piece<'_>| shown.push_str(piece.fragment.unwrap_or_default());
/// let _observer: &mut dyn Observer = &mut print;
/// ```
pub trait Observer: Send {
    /// The next piece.
    fn piece(&mut self, piece: &Piece<'_>);
}

impl<F: FnMut(&Piece<'_>) + Send> Observer for F {
    fn piece(&mut self, piece: &Piece<'_>) {
        self(piece);
    }
}

/// Looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Observer for Quiet {
    fn piece(&mut self, _piece: &Piece<'_>) {}
}
