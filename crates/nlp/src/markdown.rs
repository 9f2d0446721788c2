//! Agent text -> what of it is prose and what is not: [`Layout`].
//!
//! Models answer in Markdown: headings, lists, tables, code, links, formulas, JSON. Read as bare text,
//! `**` and `|` become tokens, a list without full stops becomes one sentence, and code is tagged
//! as if it were English. A layout says which bytes are prose, in blocks that begin and end sentences,
//! and marks the rest; every offset is a byte of the original text.
//!
//! Blocks and inline markup follow `CommonMark` 0.31 and GitHub's extensions (pulldown-cmark). Beyond
//! them: bare addresses, LaTeX between `$`, `\(` and `\[`, JSON without a fence, bullets that
//! `CommonMark` does not know (`•`). An indented block that does not look like code is prose. What
//! code means is not looked at, and HTML is only told from text.

mod html;
mod opaque;
mod parse;

use std::ops::Range;

use serde::Serialize;

use crate::stages::{Hidden, Mask};

/// What a block of prose is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BlockKind {
    /// A paragraph.
    Paragraph,
    /// A heading.
    Heading,
    /// An item of a list, without the lists inside it.
    Item,
    /// A cell of a table.
    Cell,
    /// A paragraph of a quotation.
    Quote,
    /// A paragraph of a footnote.
    Footnote,
    /// Text between tags of an HTML block.
    Html,
}

/// What stands in the text and is no prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MarkKind {
    /// Code in a line of text, without its backticks.
    Code,
    /// A block of code, with its fences.
    CodeBlock,
    /// A formula, with its delimiters where it stands by itself, else without.
    Math,
    /// A bare address of the web or of e-mail.
    Address,
    /// An image.
    Image,
    /// JSON that is not in a block of code.
    Json,
    /// HTML that is no text: tags, comments, scripts.
    Html,
    /// A reference to a footnote.
    FootnoteReference,
    /// A character that is written by its name: `&lt;`.
    Entity,
}

/// Something that is no prose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// Its bytes.
    pub span: Range<usize>,
    /// Whether it takes a place in a sentence, as a word does ("run `make` first").
    pub inline: bool,
}

/// A part of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Piece {
    /// Text that is read.
    Text(Range<usize>),
    /// An inline mark: something stands here that is not read.
    Mark(Range<usize>),
}

impl Piece {
    fn span(&self) -> &Range<usize> {
        match self {
            Self::Text(span) | Self::Mark(span) => span,
        }
    }
}

/// A block of prose: sentences begin and end in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    pieces: Vec<Piece>,
}

impl Block {
    /// From its first to its last byte of prose; markup may lie between.
    pub fn span(&self) -> Range<usize> {
        match (self.pieces.first(), self.pieces.last()) {
            (Some(first), Some(last)) => first.span().start..last.span().end,
            _ => 0..0,
        }
    }

    /// The bytes of prose, without markup and inline marks.
    pub fn prose(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(span) => Some(span.clone()),
            Piece::Mark(_) => None,
        })
    }
}

/// Which bytes of a text are prose, and what the others are.
///
/// ```
/// use botsmith_nlp::markdown::{BlockKind, Layout, MarkKind};
///
/// let text = "# Setup\n\n- Run `make`\n- Read **the** guide\n\n```sh\nmake\n```\n";
/// let layout = Layout::of(text);
/// let kinds: Vec<_> = layout.blocks().iter().map(|block| block.kind).collect();
/// assert_eq!(kinds, [BlockKind::Heading, BlockKind::Item, BlockKind::Item]);
/// let marks: Vec<_> = layout.marks().iter().map(|m| (m.kind, &text[m.span.clone()])).collect();
/// assert_eq!(marks, [(MarkKind::Code, "make"), (MarkKind::CodeBlock, "```sh\nmake\n```")]);
/// assert_eq!(layout.prose(text), "Setup\n\nRun\n\nRead the guide");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Layout {
    blocks: Vec<Block>,
    marks: Vec<Mark>,
}

impl Layout {
    /// The layout of a text. Linear in its length.
    pub fn of(text: &str) -> Self {
        parse::layout(text)
    }

    /// Blocks of prose, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// What is no prose, in order; markup of blocks and emphasis is not listed.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Hides what is no prose from the annotation: inline marks as words that are not read, everything
    /// else as white space, between blocks as the end of a sentence. `text` is what the layout was made of.
    pub fn hide(&self, text: &str, mask: &mut Mask) {
        let mut at = 0;
        for block in &self.blocks {
            let mut between = Hidden::Break;
            for piece in &block.pieces {
                let span = piece.span().clone();
                let gap = at..span.start;
                let markup = text.get(gap.clone()).unwrap_or_default();
                if !markup.trim().is_empty() {
                    mask.hide(gap, between);
                }
                if between == Hidden::Break {
                    mask.end_sentence(span.start);
                }
                between = Hidden::Space;
                at = span.end;
                if let Piece::Mark(span) = piece {
                    mask.hide(span.clone(), Hidden::Token);
                }
            }
        }
        if text.get(at..).is_some_and(|rest| !rest.trim().is_empty()) {
            mask.hide(at..text.len(), Hidden::Break);
        }
    }

    /// The prose alone, a blank line between blocks. `text` is what the layout was made of.
    ///
    /// # Panics
    /// If `text` is another text, and shorter.
    pub fn prose(&self, text: &str) -> String {
        let mut prose = String::with_capacity(text.len());
        for block in &self.blocks {
            if !prose.is_empty() {
                prose.push_str("\n\n");
            }
            let mut last: Option<&Range<usize>> = None;
            let start = prose.len();
            for piece in &block.pieces {
                // White space that lies in the markup between two pieces still parts words.
                if let Some(last) = last
                    && text[last.end..piece.span().start].contains(char::is_whitespace)
                    && !prose[start..].ends_with(char::is_whitespace)
                {
                    prose.push(' ');
                }
                if let Piece::Text(span) = piece {
                    prose.push_str(&text[span.clone()]);
                }
                last = Some(piece.span());
            }
            let end = prose.trim_end().len();
            prose.truncate(end.max(start));
        }
        prose
    }
}
