//! Events of the Markdown parser -> [`Layout`].

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::opaque::{self, Opaque};
use super::{Block, BlockKind, Layout, Mark, MarkKind, Piece, html};

/// Bullets that `CommonMark` does not know.
const BULLETS: [char; 12] = ['•', '‣', '◦', '▪', '●', '○', '·', '–', '✓', '✔', '➤', '→'];

/// The layout of a text.
pub(super) fn layout(text: &str) -> Layout {
    if opaque::is_json(text) {
        let start = text.len() - text.trim_start().len();
        let span = start..text.trim_end().len();
        let mark = Mark {
            kind: MarkKind::Json,
            span,
            inline: false,
        };
        return Layout {
            blocks: Vec::new(),
            marks: vec![mark],
        };
    }
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH;
    let events: Vec<_> = Parser::new_ext(text, options).into_offset_iter().collect();
    let mut code: Vec<_> = events.iter().filter_map(code_span).collect();
    code.sort_by_key(|span| span.start);
    let opaque = opaque::find(text, &code);
    let mut reader = Reader {
        text,
        told: vec![false; opaque.len()],
        opaque,
        covered: 0,
        layout: Layout::default(),
        open: None,
        around: Vec::new(),
        skip: 0,
        after_break: false,
    };
    for (event, span) in events {
        reader.event(event, span);
    }
    reader.close();
    let mut layout = reader.layout;
    layout.marks.sort_by_key(|mark| mark.span.start);
    layout.marks.dedup();
    layout
}

/// Where addresses and formulas are not looked for.
fn code_span((event, span): &(Event<'_>, Range<usize>)) -> Option<Range<usize>> {
    match event {
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
        | Event::Code(_)
        | Event::InlineMath(_)
        | Event::DisplayMath(_)
        | Event::InlineHtml(_) => Some(span.clone()),
        _ => None,
    }
}

struct Reader<'t> {
    text: &'t str,
    opaque: Vec<Opaque>,
    /// Which of them have a mark already: markup inside may cut one into several texts.
    told: Vec<bool>,
    /// Up to where the text is in a block.
    covered: usize,
    layout: Layout,
    open: Option<Block>,
    /// What the current block stands in, from outside to inside.
    around: Vec<BlockKind>,
    /// How many tags are open whose content is not read.
    skip: usize,
    /// Whether a line has just ended.
    after_break: bool,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>) {
        if self.skip > 0 {
            match event {
                Event::Start(_) => self.skip += 1,
                Event::End(_) => self.skip -= 1,
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(&tag, span),
            Event::End(tag) => self.end(tag),
            Event::Text(shown) => match self.text[span.clone()].starts_with('&')
                && shown.as_ref() != &self.text[span.clone()]
            {
                true if shown.chars().all(char::is_whitespace) => {}
                true => self.inline(MarkKind::Entity, span),
                false => self.prose(span),
            },
            Event::Code(_) => {
                let span = trimmed(self.text, span, '`');
                self.inline(MarkKind::Code, span);
            }
            Event::InlineMath(_) if is_money(self.text, &span) => self.prose(span),
            Event::InlineMath(_) => {
                let span = trimmed(self.text, span, '$');
                self.inline(MarkKind::Math, span);
            }
            Event::DisplayMath(_) => self.mark(MarkKind::Math, span),
            Event::Html(_) | Event::InlineHtml(_) => self.mark(MarkKind::Html, span),
            Event::FootnoteReference(_) => self.mark(MarkKind::FootnoteReference, span),
            Event::SoftBreak | Event::HardBreak => self.after_break = true,
            Event::Rule => self.close(),
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, span: Range<usize>) {
        match tag {
            Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. } => {}
            Tag::Image { .. } => {
                self.mark(MarkKind::Image, span);
                self.skip = 1;
            }
            Tag::CodeBlock(kind) => {
                self.close();
                let indented = matches!(kind, CodeBlockKind::Indented);
                if indented && !opaque::looks_like_code(&self.text[span.clone()]) {
                    return;
                }
                let end = span.start + self.text[span.clone()].trim_end().len();
                self.mark(MarkKind::CodeBlock, span.start..end);
                self.skip = 1;
            }
            Tag::HtmlBlock => {
                self.close();
                self.around.push(BlockKind::Html);
                self.mark(MarkKind::Html, span.clone());
                for shown in html::shown(self.text, span) {
                    if shown.begins {
                        self.close();
                    }
                    self.prose(shown.span);
                }
                self.close();
                self.around.pop();
                self.skip = 1;
            }
            Tag::Paragraph if opaque::is_json(&self.text[span.clone()]) => {
                self.close();
                let end = span.start + self.text[span.clone()].trim_end().len();
                self.mark(MarkKind::Json, span.start..end);
                self.skip = 1;
            }
            _ => {
                self.close();
                if let Some(kind) = kind_of(tag) {
                    self.around.push(kind);
                }
            }
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image => {}
            TagEnd::Item
            | TagEnd::BlockQuote(_)
            | TagEnd::FootnoteDefinition
            | TagEnd::Heading(_)
            | TagEnd::TableCell => {
                self.close();
                self.around.pop();
            }
            _ => self.close(),
        }
    }

    fn block(&mut self) -> &mut Block {
        let kind = self.around.last().copied().unwrap_or(BlockKind::Paragraph);
        self.open.get_or_insert_with(|| Block {
            kind,
            pieces: Vec::new(),
        })
    }

    /// Ends the open block.
    fn close(&mut self) {
        self.after_break = false;
        let Some(block) = self.open.take() else {
            return;
        };
        let says = |piece: &Piece| match piece {
            Piece::Text(span) => !self.text[span.clone()].trim().is_empty(),
            Piece::Mark(_) => true,
        };
        if block.pieces.iter().any(says) {
            self.layout.blocks.push(block);
        }
    }

    fn mark(&mut self, kind: MarkKind, span: Range<usize>) {
        self.layout.marks.push(Mark {
            kind,
            span,
            inline: false,
        });
    }

    /// A mark that takes a place in the sentence.
    fn inline(&mut self, kind: MarkKind, span: Range<usize>) {
        self.after_break = false;
        if span.is_empty() || span.start < self.covered {
            return;
        }
        self.covered = span.end;
        self.layout.marks.push(Mark {
            kind,
            span: span.clone(),
            inline: true,
        });
        self.block().pieces.push(Piece::Mark(span));
    }

    /// Text that is read, but for what is opaque in it.
    fn prose(&mut self, span: Range<usize>) {
        let mut span = self.bullet(span);
        let first = self.opaque.partition_point(|o| o.span.end <= span.start);
        for number in first..self.opaque.len() {
            let Opaque {
                kind,
                span: hidden,
                inline,
            } = self.opaque[number].clone();
            if hidden.start >= span.end {
                break;
            }
            self.text_piece(span.start..hidden.start.max(span.start));
            if !std::mem::replace(&mut self.told[number], true) {
                match inline {
                    true => self.inline(kind, hidden.clone()),
                    false => self.mark(kind, hidden.clone()),
                }
            }
            span.start = hidden.end.min(span.end).max(span.start);
        }
        self.text_piece(span);
    }

    /// A bullet at the beginning of a line begins an item.
    fn bullet(&mut self, span: Range<usize>) -> Range<usize> {
        let first = self.open.is_none();
        if !std::mem::take(&mut self.after_break) && !first {
            return span;
        }
        let text = &self.text[span.clone()];
        let Some(rest) = text.strip_prefix(BULLETS) else {
            return span;
        };
        let text_after = rest.trim_start();
        if text_after.len() == rest.len() {
            return span;
        }
        self.close();
        self.open = Some(Block {
            kind: BlockKind::Item,
            pieces: Vec::new(),
        });
        span.end - text_after.len()..span.end
    }

    fn text_piece(&mut self, span: Range<usize>) {
        let span = span.start.max(self.covered)..span.end;
        if span.start >= span.end {
            return;
        }
        self.covered = span.end;
        let block = self.block();
        match block.pieces.last_mut() {
            Some(Piece::Text(last)) if last.end == span.start => last.end = span.end,
            _ => block.pieces.push(Piece::Text(span)),
        }
    }
}

fn kind_of(tag: &Tag<'_>) -> Option<BlockKind> {
    match tag {
        Tag::Item => Some(BlockKind::Item),
        Tag::BlockQuote(_) => Some(BlockKind::Quote),
        Tag::FootnoteDefinition(_) => Some(BlockKind::Footnote),
        Tag::Heading { .. } => Some(BlockKind::Heading),
        Tag::TableCell => Some(BlockKind::Cell),
        _ => None,
    }
}

/// A span without its delimiters and the white space inside them.
fn trimmed(text: &str, span: Range<usize>, delimiter: char) -> Range<usize> {
    let whole = &text[span.clone()];
    let opening = whole.trim_start_matches(delimiter).trim_start();
    let start = span.end - opening.len();
    let inside = opening.trim_end_matches(delimiter).trim_end();
    start..start + inside.len()
}

/// Whether `$…$` is no formula but prose between two sums of money: "$5 or $10".
fn is_money(text: &str, span: &Range<usize>) -> bool {
    let inside = text[span.clone()].trim_matches('$');
    let digit_after = text[span.end..].starts_with(|c: char| c.is_ascii_digit());
    let starts_as_sum = inside.starts_with(|c: char| c.is_ascii_digit());
    let formula = inside.contains(['\\', '^', '_', '=', '+', '{', '<', '>']);
    digit_after || starts_as_sum && !formula && inside.contains(char::is_whitespace)
}
