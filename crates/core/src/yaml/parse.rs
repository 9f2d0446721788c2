//! Events to tree, with limits.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Entry, Mark, Node, Source, Value};
use crate::{Error, Result};

/// How much a text may ask for. The defaults suit files that people write; each limit's error
/// names the number.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Nested collections.
    pub depth: usize,
    /// Nodes of the finished tree, aliases expanded.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            depth: 64,
            nodes: 5_000_000,
        }
    }
}

/// Nodes that aliases alone may add: a suite repeats a block a few times, a bomb does not stop.
const ALIAS_NODES: usize = 100_000;

/// Reads one YAML 1.2 document (JSON is one too) under the default [`Limits`].
///
/// ```
/// use botsmith_core::yaml::{Source, parse};
/// let node = parse(&Source::new("bot.yml", "name: Ada\nage: 36"))?;
/// assert_eq!(node.get("age").unwrap().mark.line, 2);
/// # Ok::<(), botsmith_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] with line, column and excerpt.
pub fn parse(source: &Source) -> Result<Node> {
    parse_with(source, &Limits::default())
}

/// As [`parse`], with limits of your own.
///
/// # Errors
/// [`Error::Invalid`] with line, column and excerpt.
pub fn parse_with(source: &Source, limits: &Limits) -> Result<Node> {
    let text = source.text();
    if text.len() > limits.bytes {
        let message = format!(
            "{} bytes of YAML, at most {} are read",
            text.len(),
            limits.bytes
        );
        return Err(source.diagnostic(Mark::default(), message).into());
    }
    check_flow_depth(source, limits)?;
    let mut builder = Builder {
        source,
        limits,
        anchors: HashMap::new(),
        nodes: 0,
        aliased: 0,
    };
    let mut parser = Parser::new_from_str(text);
    let mut root = None;
    loop {
        let (event, span) = match parser.next_event() {
            None => break,
            Some(Ok(event)) => event,
            Some(Err(error)) => return Err(builder.scan_error(&error)),
        };
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => break,
            _ if root.is_some() => {
                return Err(source
                    .diagnostic(
                        mark(span),
                        "a second document in one file, one was expected",
                    )
                    .hint("remove the line `---` and what follows, or move it to its own file")
                    .into());
            }
            event => root = Some(builder.node(&mut parser, event, span, 0)?),
        }
    }
    Ok(root.unwrap_or_else(|| Node::new(Value::Null, Mark { line: 1, column: 1 })))
}

type Input<'a> = saphyr_parser::StrInput<'a>;

/// Deep flow nesting is refused before the scanner sees it: its own bookkeeping grows with depth.
/// Counts unquoted-looking brackets line by line; a prose line full of `[` is far below the bound.
fn check_flow_depth(source: &Source, limits: &Limits) -> Result<()> {
    let bound = limits.depth * 16;
    let (mut open, mut line) = (0usize, 1usize);
    for byte in source.text().bytes() {
        match byte {
            b'\n' => line += 1,
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {
                if !matches!(byte, b' ' | b'"' | b',' | b':') {
                    // Text between brackets: no run of pure nesting.
                    open = 0;
                }
            }
        }
        if open > bound {
            let message = format!("nested more than {} deep", limits.depth);
            return Err(source.diagnostic(Mark { line, column: 0 }, message).into());
        }
    }
    Ok(())
}

struct Builder<'s> {
    source: &'s Source,
    limits: &'s Limits,
    anchors: HashMap<usize, (Rc<Node>, usize)>,
    nodes: usize,
    aliased: usize,
}

fn mark(span: Span) -> Mark {
    Mark {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

impl<'s> Builder<'s> {
    fn fail<T>(&self, mark: Mark, message: impl Into<String>) -> Result<T> {
        Err(self.source.diagnostic(mark, message).into())
    }

    fn scan_error(&self, error: &ScanError) -> Error {
        let at = error.marker();
        let mark = Mark {
            line: at.line(),
            column: at.col() + 1,
        };
        let diagnostic = self
            .source
            .diagnostic(mark, format!("not valid YAML: {}", error.info()));
        let line = self
            .source
            .text()
            .lines()
            .nth(mark.line.saturating_sub(1))
            .unwrap_or("");
        if line.trim_start().starts_with('\t') || line.starts_with('\t') {
            return diagnostic
                .hint("YAML indents with spaces; this line starts with a tab")
                .into();
        }
        if self.source.text().contains('\0') {
            return diagnostic
                .hint("the file holds NUL bytes: it is no text file")
                .into();
        }
        diagnostic.into()
    }

    fn count(&mut self, more: usize, at: Mark) -> Result<()> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > self.limits.nodes {
            return self.fail(
                at,
                format!("more than {} values in one file", self.limits.nodes),
            );
        }
        Ok(())
    }

    fn node(
        &mut self,
        parser: &mut Parser<'s, Input<'s>>,
        event: Event<'s>,
        span: Span,
        depth: usize,
    ) -> Result<Node> {
        let at = mark(span);
        if depth > self.limits.depth {
            return self.fail(at, format!("nested more than {} deep", self.limits.depth));
        }
        let before = self.nodes;
        self.count(1, at)?;
        let (node, anchor) = match event {
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return self.fail(at, "an alias inside the value that it stands for");
                };
                self.aliased = self.aliased.saturating_add(size);
                if self.aliased > ALIAS_NODES {
                    return self.fail(
                        at,
                        format!("aliases expand to more than {ALIAS_NODES} values"),
                    );
                }
                self.count(size, at)?;
                return Ok(Node {
                    mark: at,
                    ..(*node).clone()
                });
            }
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(&text, style, tag.as_deref(), at)?, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next(parser)? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(parser, event, span, depth + 1)?),
                    }
                }
                (Node::new(Value::Seq(items), at), anchor)
            }
            Event::MappingStart(anchor, _) => (
                Node::new(Value::Map(self.entries(parser, depth)?), at),
                anchor,
            ),
            other => return self.fail(at, format!("unexpected {other:?}")),
        };
        if anchor > 0 {
            self.anchors
                .insert(anchor, (Rc::new(node.clone()), self.nodes - before));
        }
        Ok(node)
    }

    fn next(&self, parser: &mut Parser<'s, Input<'s>>) -> Result<(Event<'s>, Span)> {
        match parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => self.fail(Mark::default(), "the file ends in the middle of a value"),
        }
    }

    fn entries(&mut self, parser: &mut Parser<'s, Input<'s>>, depth: usize) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, span) = self.next(parser)?;
            let key_mark = mark(span);
            let key = match event {
                Event::MappingEnd => return Ok(entries),
                event => self.node(parser, event, span, depth + 1)?,
            };
            let Some(key) = key.text().map(str::to_owned) else {
                return self.fail(
                    key_mark,
                    format!("a key must be text, this is {}", key.kind()),
                );
            };
            if !seen.insert(key.clone()) {
                return self.fail(key_mark, format!("key `{key}` stands twice in one mapping"));
            }
            let (event, span) = self.next(parser)?;
            let value = self.node(parser, event, span, depth + 1)?;
            entries.push(Entry {
                key,
                key_mark,
                value,
            });
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Mark) -> Result<Node> {
        let forced = tag
            .filter(|tag| tag.is_yaml_core_schema())
            .map(|tag| tag.suffix.as_str());
        let (value, raw) = match (style, forced) {
            (_, Some("str")) => (Value::String(text.to_owned()), false),
            (ScalarStyle::Plain, _) => self.plain(text, at)?,
            _ => (Value::String(text.to_owned()), false),
        };
        Ok(Node {
            value,
            mark: at,
            raw: raw.then(|| text.into()),
        })
    }

    /// The YAML 1.2 core schema: section 10.3.2 of the specification.
    fn plain(&self, text: &str, at: Mark) -> Result<(Value, bool)> {
        Ok(match text {
            "" | "~" | "null" | "Null" | "NULL" => (Value::Null, false),
            "true" | "True" | "TRUE" => (Value::Bool(true), true),
            "false" | "False" | "FALSE" => (Value::Bool(false), true),
            ".nan" | ".NaN" | ".NAN" => (Value::Float(f64::NAN), true),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
                (Value::Float(f64::INFINITY), true)
            }
            "-.inf" | "-.Inf" | "-.INF" => (Value::Float(f64::NEG_INFINITY), true),
            _ => match number(text) {
                None => (Value::String(text.to_owned()), false),
                Some(Ok(value)) => (value, true),
                Some(Err(())) => {
                    let message = format!("number `{text}` does not fit in 64 bits");
                    return Err(self
                        .source
                        .diagnostic(at, message)
                        .hint("put it in quotes to keep it as text")
                        .into());
                }
            },
        })
    }
}

/// `None` if the text is no number; `Err` if it is an integer too large for 64 bits.
fn number(text: &str) -> Option<Result<Value, ()>> {
    let radix = |digits: &str, radix: u32| {
        let fine = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        fine.then(|| {
            i64::from_str_radix(digits, radix)
                .map(Value::Int)
                .map_err(drop)
        })
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text.parse().map(Value::Int).map_err(drop));
    }
    let digits = unsigned.bytes().any(|b| b.is_ascii_digit());
    let shape = unsigned
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !digits || !shape {
        return None;
    }
    text.parse().ok().map(|x: f64| Ok(Value::Float(x)))
}
