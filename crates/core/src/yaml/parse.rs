//! Events to tree, with limits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::mistake::{Place, mistake};
use super::{Entry, Mark, Node, Source, Value, psych, schema};
use crate::hint::shown;
use crate::{Diagnostic, Error, Result};

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
            nodes: 1_000_000,
        }
    }
}

/// Whose rules say what a plain scalar means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The core schema of YAML 1.2.
    #[default]
    Core,
    /// Ruby's `Psych.safe_load` with symbols permitted, which follows YAML 1.1: `yes` is a Boolean,
    /// `010` is 8, `12:30` is a number, `:word` is `word`; aliases, dates and Ruby objects are refused.
    Psych,
}

/// How a text is read: what it may ask for, whose rules hold, and how strictly.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reading {
    /// What it may ask for.
    pub limits: Limits,
    /// Whose rules hold for plain scalars.
    pub dialect: Dialect,
    /// Whether a key that stands twice (the last one wins) and a second document (it is not read)
    /// are warnings, not errors.
    pub lenient: bool,
}

/// A tree, and what looked like mistakes on the way.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Parsed {
    /// The tree.
    pub node: Node,
    /// At most a hundred.
    pub warnings: Vec<Diagnostic>,
}

/// More warnings than this help nobody.
const WARNINGS: usize = 100;

/// Nodes that aliases alone may add: a suite repeats a block a few times, a bomb does not stop.
const ALIAS_NODES: usize = 100_000;
/// What may follow a backslash in double quotes: section 5.7 of the specification.
const ESCAPES: &str = "0abt\tnvfre \"/\\N_LPxuU";
/// Bytes of text that aliases alone may add.
const ALIAS_BYTES: usize = 16 << 20;

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
    let reading = Reading {
        limits: *limits,
        ..Reading::default()
    };
    Ok(parse_as(source, &reading)?.node)
}

/// As [`parse`], by rules of your own choice.
///
/// ```
/// use botsmith_core::yaml::{Dialect, Reading, Source, Value, parse_as};
/// let mut reading = Reading::default();
/// (reading.dialect, reading.lenient) = (Dialect::Psych, true);
/// let parsed = parse_as(&Source::new("bot.yml", "a: yes\na: 010"), &reading)?;
/// assert_eq!(parsed.node.get("a").unwrap().value, Value::Int(8));
/// assert_eq!(parsed.warnings[0].line, 2);
/// # Ok::<(), botsmith_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] with line, column and excerpt.
pub fn parse_as(source: &Source, reading: &Reading) -> Result<Parsed> {
    let limits = &reading.limits;
    let text = source.text();
    if text.len() > limits.bytes {
        let message = format!(
            "{} bytes of YAML, at most {} are read",
            text.len(),
            limits.bytes
        );
        return Err(source.diagnostic(Mark::default(), message).into());
    }
    check_text(source, limits)?;
    let mut builder = Builder {
        source,
        limits,
        reading,
        warnings: Vec::new(),
        anchors: HashMap::new(),
        total: Weight::default(),
        aliased: Weight::default(),
        kept: Weight::default(),
        open: Vec::new(),
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
            Event::StreamEnd => break,
            Event::DocumentStart(_) if root.is_some() => {
                let hint = "remove the line `---` and what follows, or move it to its own file";
                let at = builder.mark(span);
                if reading.lenient {
                    let message = "a second document in one file: only the first is read";
                    builder.warn(source.diagnostic(at, message).hint(hint));
                    break;
                }
                let message = "a second document in one file, one was expected";
                return Err(source.diagnostic(at, message).hint(hint).into());
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => root = Some(builder.node(&mut parser, event, span, 0)?.0),
        }
    }
    let start = Mark {
        line: source.lines_before() + 1,
        column: 1,
    };
    Ok(Parsed {
        node: root.unwrap_or_else(|| Node::new(Value::Null, start)),
        warnings: builder.warnings,
    })
}

type Input<'a> = saphyr_parser::StrInput<'a>;

/// What no scanner needs to see: bytes that no text holds, and more separators than values may be
/// (the scanner reads a whole `[…]` ahead, so a limit on nodes alone would come too late).
fn check_text(source: &Source, limits: &Limits) -> Result<()> {
    let (mut line, mut line_start, mut separators) = (source.lines_before() + 1, 0, 0_usize);
    for (at, byte) in source.text().bytes().enumerate() {
        match byte {
            b'\n' => (line, line_start) = (line + 1, at + 1),
            b',' | b'[' | b'{' => separators += 1,
            0 => {
                let column = source.text()[line_start..at].chars().count() + 1;
                return Err(source
                    .diagnostic(Mark { line, column }, "a NUL byte, text was expected")
                    .hint("this is no text file, or it is UTF-16: save it as UTF-8")
                    .into());
            }
            _ => {}
        }
        if separators > limits.nodes {
            return Err(too_many(source, Mark { line, column: 0 }, limits));
        }
    }
    Ok(())
}

fn too_many(source: &Source, at: Mark, limits: &Limits) -> Error {
    source
        .diagnostic(at, format!("more than {} values in one file", limits.nodes))
        .hint("large data goes into a JSONL or CSV file of its own, which is streamed")
        .into()
}

/// What a subtree costs to copy.
#[derive(Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
}

impl Weight {
    fn add(&mut self, more: Self) {
        self.nodes = self.nodes.saturating_add(more.nodes);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }

    fn since(self, before: Self) -> Self {
        Self {
            nodes: self.nodes - before.nodes,
            bytes: self.bytes - before.bytes,
        }
    }

    fn exceeds(self, nodes: usize, bytes: usize) -> bool {
        self.nodes > nodes || self.bytes > bytes
    }
}

/// A value that an alias may repeat.
struct Anchor {
    node: Rc<Node>,
    weight: Weight,
    height: usize,
}

struct Builder<'s> {
    source: &'s Source,
    limits: &'s Limits,
    reading: &'s Reading,
    warnings: Vec<Diagnostic>,
    anchors: HashMap<usize, Anchor>,
    /// The tree so far, aliases expanded.
    total: Weight,
    /// What aliases added.
    aliased: Weight,
    /// What anchors keep.
    kept: Weight,
    /// The flow collections that are open, for "lacks its `]`".
    open: Vec<Mark>,
}

/// A node and how deep the collections under it nest.
type Built = (Node, usize);

impl<'s> Builder<'s> {
    fn mark(&self, span: Span) -> Mark {
        Mark {
            line: self.source.lines_before() + span.start.line(),
            column: span.start.col() + 1,
        }
    }

    fn warn(&mut self, warning: Diagnostic) {
        if self.warnings.len() < WARNINGS {
            self.warnings.push(warning);
        }
    }

    fn fail<T>(&self, mark: Mark, message: impl Into<String>) -> Result<T> {
        Err(self.source.diagnostic(mark, message).into())
    }

    fn scan_error(&self, error: &ScanError) -> Error {
        let at = error.marker();
        let mut mark = Mark {
            line: self.source.lines_before() + at.line(),
            column: at.col() + 1,
        };
        if error.info() == "recursion limit exceeded" {
            return self.too_deep(mark);
        }
        let mistake = mistake(error.info(), !self.open.is_empty());
        let mut message = mistake.message;
        match (mistake.place, self.open.last()) {
            (Place::LineBefore, _) if mark.column < 1024 => {
                if let Some((line, text)) = self.source.last_before(mark.line) {
                    let indent = text.chars().take_while(|c| c.is_whitespace()).count();
                    (mark.line, mark.column) = (line, indent + 1);
                }
            }
            (Place::Tab, _) => mark = self.source.indenting_tab(mark).unwrap_or(mark),
            (Place::Escape, _) => mark.column += self.bad_escape(mark).unwrap_or(0),
            // Nothing follows: the place to look at is where it began.
            (Place::Open, Some(open)) if self.source.line(mark.line).is_none() => mark = *open,
            (Place::Open, Some(open)) if open.line != mark.line => {
                message = format!("{message} (it opens at line {})", open.line);
            }
            _ => {}
        }
        let diagnostic = self.source.diagnostic(mark, message);
        match mistake.hint {
            Some(hint) => diagnostic.hint(hint).into(),
            None => diagnostic.into(),
        }
    }

    /// How far after `from`, on its line, the first backslash stands that starts no escape.
    fn bad_escape(&self, from: Mark) -> Option<usize> {
        let line = self.source.line(from.line)?;
        let mut rest = line.chars().skip(from.column - 1).enumerate();
        while let Some((at, c)) = rest.next() {
            if c == '\\' && !rest.next().is_some_and(|(_, c)| ESCAPES.contains(c)) {
                return Some(at);
            }
        }
        None
    }

    fn too_deep(&self, mark: Mark) -> Error {
        let message = format!("nested more than {} deep", self.limits.depth);
        self.source.diagnostic(mark, message).into()
    }

    fn count(&mut self, more: Weight, at: Mark) -> Result<()> {
        self.total.add(more);
        if self.total.nodes > self.limits.nodes {
            return Err(too_many(self.source, at, self.limits));
        }
        Ok(())
    }

    fn node(
        &mut self,
        parser: &mut Parser<'s, Input<'s>>,
        event: Event<'s>,
        span: Span,
        depth: usize,
    ) -> Result<Built> {
        let at = self.mark(span);
        let collection = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        if collection && depth >= self.limits.depth {
            return Err(self.too_deep(at));
        }
        let before = self.total;
        let bytes = match &event {
            Event::Scalar(text, ..) => text.len(),
            Event::Alias(id) => return self.alias(*id, at, depth),
            _ => 0,
        };
        self.count(Weight { nodes: 1, bytes }, at)?;
        let flow = !span.is_empty();
        let ((node, height), anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                ((self.scalar(text, style, tag.as_deref(), at)?, 0), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", at)?;
                self.open.extend(flow.then_some(at));
                let mut items = Vec::new();
                let mut height = 0;
                loop {
                    match self.next(parser)? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => {
                            let (item, below) = self.node(parser, event, span, depth + 1)?;
                            height = height.max(below);
                            items.push(item);
                        }
                    }
                }
                if flow {
                    self.open.pop();
                }
                ((Node::new(Value::Seq(items), at), height + 1), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", at)?;
                self.open.extend(flow.then_some(at));
                let (entries, height) = self.entries(parser, depth)?;
                if flow {
                    self.open.pop();
                }
                ((Node::new(Value::Map(entries), at), height + 1), anchor)
            }
            other => return self.fail(at, format!("not valid YAML: {other:?} in this place")),
        };
        if anchor > 0 {
            self.keep(anchor, &node, height, self.total.since(before), at)?;
        }
        Ok((node, height))
    }

    fn keep(
        &mut self,
        anchor: usize,
        node: &Node,
        height: usize,
        weight: Weight,
        at: Mark,
    ) -> Result<()> {
        self.kept.add(weight);
        if self.kept.exceeds(self.limits.nodes, self.limits.bytes) {
            return self.fail(at, "anchors within anchors keep too much of this file");
        }
        let anchored = Anchor {
            node: Rc::new(node.clone()),
            weight,
            height,
        };
        self.anchors.insert(anchor, anchored);
        Ok(())
    }

    fn alias(&mut self, id: usize, at: Mark, depth: usize) -> Result<Built> {
        if self.reading.dialect == Dialect::Psych {
            let message = "an alias (`*name`), which this profile does not read (BadAlias)";
            let diagnostic = self.source.diagnostic(at, message);
            return Err(diagnostic
                .hint("write the value out; text that starts with `*` needs quotes around it")
                .into());
        }
        let Some(anchor) = self.anchors.get(&id) else {
            return self.fail(at, "an alias inside the value that it stands for");
        };
        let (node, weight, height) = (Rc::clone(&anchor.node), anchor.weight, anchor.height);
        if depth + height > self.limits.depth {
            return Err(self.too_deep(at));
        }
        self.aliased.add(weight);
        if self.aliased.exceeds(ALIAS_NODES, ALIAS_BYTES) {
            let message =
                format!("aliases repeat more than {ALIAS_NODES} values or {ALIAS_BYTES} bytes");
            return self.fail(at, message);
        }
        self.count(weight, at)?;
        let node = Node {
            mark: at,
            ..(*node).clone()
        };
        Ok((node, height))
    }

    fn next(&self, parser: &mut Parser<'s, Input<'s>>) -> Result<(Event<'s>, Span)> {
        match parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => self.fail(Mark::default(), "the file ends in the middle of a value"),
        }
    }

    fn entries(
        &mut self,
        parser: &mut Parser<'s, Input<'s>>,
        depth: usize,
    ) -> Result<(Vec<Entry>, usize)> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Option<(Mark, Node)> = None;
        // The line of each key, and its place in `entries`.
        let mut seen: HashMap<String, (usize, usize)> = HashMap::new();
        let mut height = 0;
        loop {
            let (event, span) = self.next(parser)?;
            let key_mark = self.mark(span);
            let merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = match event {
                Event::MappingEnd => break,
                event => self.node(parser, event, span, depth + 1)?.0,
            };
            let Some(key) = key.text().map(str::to_owned) else {
                return Err(self.key_error(&key, key_mark));
            };
            let own = (key_mark.line, entries.len());
            let (first, index) = *seen.entry(key.clone()).or_insert(own);
            let twice = seen.len() == entries.len() + usize::from(merged.is_some());
            // Each diagnostic costs a look at the text: none is made in vain.
            if twice && !(self.reading.lenient && self.warnings.len() >= WARNINGS) {
                let message = format!("key `{}` stands twice in one mapping", shown(&key));
                let diagnostic = self.source.diagnostic(key_mark, message);
                if !self.reading.lenient {
                    return Err(diagnostic
                        .hint(format!("it stands first at line {first}"))
                        .into());
                }
                self.warn(diagnostic.hint(format!(
                    "it stands first at line {first}; the last one is read, all of the first is lost"
                )));
            }
            let (event, span) = self.next(parser)?;
            let (value, below) = self.node(parser, event, span, depth + 1)?;
            height = height.max(below);
            if merge {
                merged = Some((key_mark, value));
            } else if twice {
                (entries[index].key_mark, entries[index].value) = (key_mark, value);
                seen.insert(key, (key_mark.line, index));
            } else {
                entries.push(Entry {
                    key,
                    key_mark,
                    value,
                });
            }
        }
        if let Some((key_mark, value)) = merged {
            self.merge(&mut entries, seen, value, key_mark)?;
        }
        Ok((entries, height))
    }

    /// The merge key of YAML 1.1 (<https://yaml.org/type/merge.html>), which 1.2 dropped and
    /// people still write: a mapping's own keys win, then those of earlier mappings in a list.
    fn merge(
        &self,
        entries: &mut Vec<Entry>,
        mut seen: HashMap<String, (usize, usize)>,
        value: Node,
        key_mark: Mark,
    ) -> Result<()> {
        let maps = match value.value {
            Value::Seq(maps) => maps,
            _ => vec![value],
        };
        for map in maps {
            let Value::Map(more) = map.value else {
                let message = format!("`<<` merges a mapping, this is {}", map.kind());
                return Err(self
                    .source
                    .diagnostic(key_mark, message)
                    .hint("write `<<: *name`, where `&name` marks a mapping; or put `<<` in quotes")
                    .into());
            };
            for entry in more {
                if !seen.contains_key(&entry.key) {
                    seen.insert(entry.key.clone(), (entry.key_mark.line, entries.len()));
                    entries.push(entry);
                }
            }
        }
        Ok(())
    }

    fn key_error(&self, key: &Node, at: Mark) -> Error {
        let message = format!("a key must be text, this is {}", key.kind());
        let diagnostic = self.source.diagnostic(at, message);
        let hint = match key.value {
            Value::Map(_) => "text that starts with `{{` needs quotes around it",
            Value::Seq(_) => "text that starts with `[` needs quotes around it",
            _ => "put the key in quotes",
        };
        diagnostic.hint(hint).into()
    }

    fn collection_tag(&self, tag: Option<&Tag>, own: &str, at: Mark) -> Result<()> {
        match tag {
            Some(tag) if self.reading.dialect == Dialect::Psych => self.psych_tag(tag, at),
            Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == own) => {
                Err(self.tag_error(tag, at))
            }
            _ => Ok(()),
        }
    }

    /// Tags of Ruby's classes are refused, others mean nothing.
    fn psych_tag(&self, tag: &Tag, at: Mark) -> Result<()> {
        let name = tag_name(tag);
        if name.contains("ruby/") && !psych::is_symbol(&name) {
            let message = format!("tag `{}` (DisallowedClass)", shown(&name));
            let diagnostic = self.source.diagnostic(at, message);
            return Err(diagnostic
                .hint("objects of Ruby are not read: remove it")
                .into());
        }
        Ok(())
    }

    fn tag_error(&self, tag: &Tag, at: Mark) -> Error {
        let name = tag_name(tag);
        let message = format!("tag `{}` means nothing here", shown(&name));
        self.source
            .diagnostic(at, message)
            .hint("remove it; text that starts with `!` needs quotes around it")
            .into()
    }

    /// A scalar as Psych reads it: text in quotes or block style is text, tags of other kinds than
    /// YAML's own mean nothing.
    fn psych_scalar(&self, text: Cow<'_, str>, plain: bool, at: Mark) -> Result<Node> {
        if !plain {
            return Ok(Node::new(Value::String(text.into_owned()), at));
        }
        let value = psych::resolve(&text).map_err(|psych::Disallowed(class)| {
            let message = format!(
                "`{}` is a {} here, which cartridges do not hold (DisallowedClass)",
                shown(&text),
                class
            );
            let diagnostic = self.source.diagnostic(at, message);
            diagnostic.hint("put it in quotes to keep it as text")
        })?;
        let spelled = matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_));
        Ok(Node {
            value,
            mark: at,
            raw: spelled.then(|| text.into()),
        })
    }

    fn scalar(
        &self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: Mark,
    ) -> Result<Node> {
        let plain = style == ScalarStyle::Plain;
        let tag = match tag {
            Some(tag) if self.reading.dialect == Dialect::Psych => {
                self.psych_tag(tag, at)?;
                Some(tag).filter(|tag| tag.is_yaml_core_schema() || tag.suffix == "!")
            }
            tag => tag,
        };
        if tag.is_none() && self.reading.dialect == Dialect::Psych {
            return self.psych_scalar(text, plain, at);
        }
        let wanted = match tag {
            None if plain => None,
            None => Some("str"),
            // `! text`: the tag that says "no tag".
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => Some("str"),
            Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
                known @ ("str" | "null" | "bool" | "int" | "float") => Some(known),
                _ => return Err(self.tag_error(tag, at)),
            },
            Some(tag) => return Err(self.tag_error(tag, at)),
        };
        if wanted == Some("str") {
            return Ok(Node::new(Value::String(text.into_owned()), at));
        }
        let value = schema::resolve(&text).map_err(|schema::TooLarge| {
            let message = format!("number `{}` does not fit in 64 bits", shown(&text));
            let diagnostic = self.source.diagnostic(at, message);
            diagnostic.hint("put it in quotes to keep it as text")
        })?;
        let value = match (wanted, value) {
            (Some("float"), Value::Int(i)) => Value::Float(i as f64),
            (wanted, value) => {
                let fits = match wanted {
                    None => true,
                    Some("null") => value == Value::Null,
                    Some("bool") => matches!(value, Value::Bool(_)),
                    Some("int") => matches!(value, Value::Int(_)),
                    Some(_) => matches!(value, Value::Float(_)),
                };
                if !fits {
                    let wanted = wanted.unwrap_or_default();
                    let message = format!("`{}` is no `!!{wanted}`", shown(&text));
                    return self.fail(at, message);
                }
                value
            }
        };
        let spelled = matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_));
        Ok(Node {
            value,
            mark: at,
            raw: spelled.then(|| text.into()),
        })
    }
}

fn tag_name(tag: &Tag) -> String {
    if tag.is_yaml_core_schema() {
        format!("!!{}", tag.suffix)
    } else {
        format!("{}{}", tag.handle, tag.suffix)
    }
}
