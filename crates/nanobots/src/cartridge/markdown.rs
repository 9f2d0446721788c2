//! Markdown -> the tree of its fenced blocks, as the reference implementation puts them together.
//!
//! A block counts if its whole info string is `yml`, `yaml`, `lua`, `fnl`, `fennel`, `clj` or `clojure`, in
//! any case. YAML blocks are merged in order ([`deep_merge`](super::deep_merge)); their `tools` are joined
//! into one list. A block of code right after a YAML block with tools is the source of the last tool; only
//! one is, and other languages between the two do not matter. Everything else is prose. Marks are places
//! in the Markdown file.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use botsmith_core::Diagnostic;
use botsmith_core::yaml::{Entry, Mark, Node, Reading, Source, Value as Yaml, parse_as};

use super::lint::MOST;
use super::merge::merge_nodes;
use crate::Result;

/// The language of a block, by the key that it has in a tool; YAML is `yaml`.
fn language(info: &str) -> Option<&'static str> {
    match info.trim().to_ascii_lowercase().as_str() {
        "yml" | "yaml" => Some("yaml"),
        "lua" => Some("lua"),
        "fnl" | "fennel" => Some("fennel"),
        "clj" | "clojure" => Some("clojure"),
        _ => None,
    }
}

/// A fenced block that counts.
#[derive(Debug)]
struct Block {
    language: &'static str,
    text: String,
    /// Where the text starts.
    mark: Mark,
}

/// Reads the blocks of `source`, which may stand after other lines.
pub(super) fn read(
    source: &Source,
    reading: &Reading,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Node> {
    let start = Mark {
        line: source.lines_before() + 1,
        column: 1,
    };
    let mut merged = Node::new(Yaml::Map(Vec::new()), start);
    let mut tools: Option<(Mark, Vec<Node>)> = None;
    let mut wants_code = false;
    for block in blocks(source) {
        if block.language != "yaml" {
            if let (true, Some((_, tools))) = (wants_code, &mut tools) {
                attach(tools.last_mut(), block);
            }
            wants_code = false;
            continue;
        }
        let mark = block.mark;
        // Spaces in front make columns those of the file, where the block is indented.
        let indent = " ".repeat(mark.column - 1);
        let text = match indent.is_empty() {
            true => block.text,
            false => block
                .text
                .split_inclusive('\n')
                .flat_map(|line| [indent.as_str(), line])
                .collect(),
        };
        let part = Source::new(source.path(), text).after_lines(mark.line - 1);
        let parsed = parse_as(&part, reading)?;
        let room = MOST.saturating_sub(warnings.len());
        warnings.extend(parsed.warnings.into_iter().take(room));
        let mut node = parsed.node;
        wants_code = false;
        let Yaml::Map(entries) = &mut node.value else {
            if node.value != Yaml::Null && warnings.len() < MOST {
                let message = format!(
                    "a block of YAML that is {}: it is not read, cartridges are mappings",
                    node.kind()
                );
                let warning = source.diagnostic(node.mark, message);
                warnings.push(warning.hint("give it another info string, as `text`"));
            }
            continue;
        };
        let at = entries.iter().position(|entry| {
            entry.key == "tools"
                && matches!(&entry.value.value, Yaml::Seq(items) if !items.is_empty())
        });
        if let Some(entry) = at.map(|at| entries.remove(at))
            && let Yaml::Seq(items) = entry.value.value
        {
            let (_, tools) = tools.get_or_insert((entry.key_mark, Vec::new()));
            tools.extend(items);
            wants_code = true;
        }
        merged = merge_nodes(merged, node);
    }
    if let Some((mark, tools)) = tools {
        let entry = Entry {
            key: "tools".into(),
            key_mark: mark,
            value: Node::new(Yaml::Seq(tools), mark),
        };
        let own = Node::new(Yaml::Map(vec![entry]), start);
        merged = merge_nodes(merged, own);
    }
    Ok(merged)
}

fn attach(tool: Option<&mut Node>, block: Block) {
    let Some(Yaml::Map(entries)) = tool.map(|tool| &mut tool.value) else {
        return;
    };
    entries.retain(|entry| entry.key != block.language);
    entries.push(Entry {
        key: block.language.into(),
        key_mark: block.mark,
        value: Node::new(Yaml::String(block.text), block.mark),
    });
}

fn blocks(source: &Source) -> Vec<Block> {
    let text = source.text();
    let mut places = Places {
        text,
        at: 0,
        line: source.lines_before() + 1,
        line_start: 0,
    };
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                open = language(&info).map(|language| {
                    let mut mark = places.mark(range.start);
                    (mark.line, mark.column) = (mark.line + 1, 1);
                    Block {
                        language,
                        text: String::new(),
                        mark,
                    }
                });
            }
            Event::Text(part) => {
                if let Some(block) = &mut open {
                    if block.text.is_empty() {
                        block.mark = places.mark(range.start);
                    }
                    block.text.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// Offsets, going up -> lines and columns.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    line_start: usize,
}

impl Places<'_> {
    fn mark(&mut self, offset: usize) -> Mark {
        let bytes = self.text.as_bytes();
        while self.at < offset {
            let byte = bytes[self.at];
            self.at += 1;
            if byte == b'\n' || byte == b'\r' && bytes.get(self.at) != Some(&b'\n') {
                (self.line, self.line_start) = (self.line + 1, self.at);
            }
        }
        let column = self.text[self.line_start..offset.max(self.line_start)]
            .chars()
            .count()
            + 1;
        Mark {
            line: self.line,
            column,
        }
    }
}
