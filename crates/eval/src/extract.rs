//! Extraction: the part of an answer that is judged.
//!
//! A pipeline of steps, each on the last one's result: text -> a part of it, or nothing. What is
//! taken stays a subslice of the text wherever a step allows it (`lowercase` and an escaped `json`
//! string do not), so that evidence can point into the whole answer.

use std::borrow::Cow;
use std::fmt;

use botsmith_core::yaml::{Cursor, Value};
use regex::Regex;
use serde_json::json;

use crate::evaluators::{compile_regex, find_json};
use crate::number::{self, Style};
use crate::{Error, Result};

/// Steps in order; none of them is the whole text.
///
/// ```
/// use botsmith_core::yaml::{Cursor, Source, parse};
/// use botsmith_eval::extract::Extract;
///
/// let source = Source::new("suite.yaml", "[final-line, last-number]");
/// let node = parse(&source)?;
/// let extract = Extract::read(&Cursor::new(&source, &node))?;
/// assert_eq!(extract.apply("3 eggs, so:\nA: 1,080.").as_deref(), Some("1,080"));
/// assert_eq!(extract.apply("no idea"), None);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extract(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    FirstLine,
    FinalLine,
    FirstNumber,
    LastNumber,
    Trim,
    Lowercase,
    CodeBlock,
    Regex {
        pattern: Box<Regex>,
        group: usize,
        /// The group as written, if it was.
        named: Option<String>,
        ignore_case: bool,
        last: bool,
    },
    After(String),
    Before(String),
    Between(String, String),
    Json(String),
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        // The label holds every option.
        self.to_string() == other.to_string()
    }
}

/// Steps without options.
const PLAIN: &[(&str, Step)] = &[
    ("first-line", Step::FirstLine),
    ("final-line", Step::FinalLine),
    ("first-number", Step::FirstNumber),
    ("last-number", Step::LastNumber),
    ("trim", Step::Trim),
    ("lowercase", Step::Lowercase),
    ("code-block", Step::CodeBlock),
];
/// Steps with options.
const KEYED: &[&str] = &["regex", "after", "before", "between", "json"];

impl Extract {
    /// Reads a list of steps, or one step alone.
    ///
    /// # Errors
    /// At the place of a step that is not known or whose options are wrong.
    pub fn read(at: &Cursor<'_>) -> Result<Self> {
        at.items_or_self()
            .iter()
            .map(Step::read)
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the steps take of a text; `None` if one of them finds nothing.
    pub fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        self.0
            .iter()
            .try_fold(Cow::Borrowed(text), |current, step| match current {
                Cow::Borrowed(text) => step.apply(text),
                Cow::Owned(text) => step.apply(&text).map(|part| Cow::Owned(part.into_owned())),
            })
    }
}

/// The steps as in a suite, joined by bars: `final-line | last-number`.
impl fmt::Display for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" | ")?;
            }
            step.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstLine => f.write_str("first-line"),
            Self::FinalLine => f.write_str("final-line"),
            Self::FirstNumber => f.write_str("first-number"),
            Self::LastNumber => f.write_str("last-number"),
            Self::Trim => f.write_str("trim"),
            Self::Lowercase => f.write_str("lowercase"),
            Self::CodeBlock => f.write_str("code-block"),
            Self::Regex {
                pattern,
                named,
                ignore_case,
                last,
                ..
            } => {
                write!(f, "regex {:?}", pattern.as_str())?;
                if let Some(group) = named {
                    write!(f, " group {group}")?;
                }
                f.write_str(if *ignore_case { " ignore-case" } else { "" })?;
                f.write_str(if *last { " last" } else { "" })
            }
            Self::After(mark) => write!(f, "after {mark:?}"),
            Self::Before(mark) => write!(f, "before {mark:?}"),
            Self::Between(open, close) => write!(f, "between {open:?} and {close:?}"),
            Self::Json(pointer) => write!(f, "json {pointer:?}"),
        }
    }
}

impl Step {
    fn read(at: &Cursor<'_>) -> Result<Self> {
        let names = PLAIN
            .iter()
            .map(|(name, _)| *name)
            .chain(KEYED.iter().copied());
        let unknown = |word: &str| -> Error {
            let message = format!("unknown extract step `{word}`");
            at.diagnostic(message).nearest(word, names.clone()).into()
        };
        if let Some(word) = at.node().text() {
            if KEYED.contains(&word) {
                let message = format!("extract step `{word}` needs a value");
                let hint = format!("write `{{{word}: …}}`");
                return Err(at.diagnostic(message).hint(hint).into());
            }
            let step = PLAIN.iter().find(|(name, _)| *name == word);
            return step
                .map(|(_, step)| step.clone())
                .ok_or_else(|| unknown(word));
        }
        let (key, value) = at.single()?;
        match key {
            "regex" => Self::read_regex(&value),
            "after" => Ok(Self::After(value.name()?.to_owned())),
            "before" => Ok(Self::Before(value.name()?.to_owned())),
            "between" => match value.items()?.as_slice() {
                [open, close] => Ok(Self::Between(
                    open.name()?.to_owned(),
                    close.name()?.to_owned(),
                )),
                items => {
                    let message = format!("expected two texts, found {}", items.len());
                    Err(value.error(message).into())
                }
            },
            "json" => {
                let pointer = value.text()?;
                if pointer.is_empty() || pointer.starts_with('/') {
                    return Ok(Self::Json(pointer.to_owned()));
                }
                let message = format!("`{pointer}` is no JSON Pointer");
                Err(value
                    .diagnostic(message)
                    .hint(format!("write `/{pointer}`"))
                    .into())
            }
            _ if PLAIN.iter().any(|(name, _)| *name == key) => Err(value
                .error(format!("extract step `{key}` takes no value"))
                .into()),
            _ => Err(unknown(key)),
        }
    }

    fn read_regex(at: &Cursor<'_>) -> Result<Self> {
        if !matches!(at.node().value, Value::Map(_)) {
            let pattern = compile_regex(at, false)?;
            let group = usize::from(pattern.captures_len() > 1);
            return Ok(Self::Regex {
                pattern: Box::new(pattern),
                group,
                named: None,
                ignore_case: false,
                last: false,
            });
        }
        let fields = at.fields()?;
        let ignore_case = fields.get("ignore-case").map_or(Ok(false), |v| v.bool())?;
        let pattern = compile_regex(&fields.required("pattern")?, ignore_case)?;
        let mut group = usize::from(pattern.captures_len() > 1);
        let mut named = None;
        if let Some(at) = fields.get("group") {
            let text = at.text()?;
            let by_name = pattern.capture_names().position(|name| name == Some(text));
            let by_number = || text.parse().ok().filter(|n| *n < pattern.captures_len());
            group = by_name
                .or_else(by_number)
                .ok_or_else(|| at.error(format!("the pattern has no group `{text}`")))?;
            named = Some(text.to_owned());
        }
        let last = match fields.get("match") {
            Some(at) => at.one_of(&[("first", false), ("last", true)])?,
            None => false,
        };
        fields.finish()?;
        Ok(Self::Regex {
            pattern: Box::new(pattern),
            group,
            named,
            ignore_case,
            last,
        })
    }

    fn apply<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        match self {
            Self::FirstLine => lines(text).find(|line| !line.is_empty()),
            Self::FinalLine => lines(text).rfind(|line| !line.is_empty()),
            Self::FirstNumber => number::first(text, Style::default()).map(|n| n.as_str()),
            Self::LastNumber => number::last(text, Style::default()).map(|n| n.as_str()),
            Self::Trim => Some(text.trim()),
            Self::Lowercase => return Some(lowercase(text)),
            Self::CodeBlock => code_block(text),
            Self::Regex {
                pattern,
                group,
                last,
                ..
            } => {
                let mut all = pattern.captures_iter(text);
                let found = if *last { all.last() } else { all.next() };
                found.and_then(|c| c.get(*group)).map(|m| m.as_str())
            }
            Self::After(mark) => text.rfind(mark.as_str()).map(|at| &text[at + mark.len()..]),
            Self::Before(mark) => text.find(mark.as_str()).map(|at| &text[..at]),
            Self::Between(open, close) => text.find(open.as_str()).and_then(|at| {
                let rest = &text[at + open.len()..];
                rest.find(close.as_str()).map(|end| &rest[..end])
            }),
            Self::Json(pointer) => return json_at(text, pointer),
        }
        .map(Cow::Borrowed)
    }
}

/// Lines without white space at their ends. A line ends at a line feed, a carriage return or both.
fn lines(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(['\n', '\r']).map(str::trim)
}

fn lowercase(text: &str) -> Cow<'_, str> {
    if text
        .chars()
        .any(|c| c.is_uppercase() || c.to_lowercase().next() != Some(c))
    {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// The content of the first fenced code block; without a closing fence, up to the end.
///
/// ```
/// use botsmith_eval::extract::code_block;
/// assert_eq!(code_block("Here:\n```json\n{\"a\": 1}\n```\nDone."), Some("{\"a\": 1}"));
/// ```
pub fn code_block(text: &str) -> Option<&str> {
    let mut open: Option<(u8, usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let bare = line.trim();
        let mark = bare.bytes().next().filter(|b| matches!(b, b'`' | b'~'));
        let count = mark.map_or(0, |mark| bare.bytes().take_while(|b| *b == mark).count());
        match (open, mark) {
            (None, Some(mark)) if count >= 3 && !(mark == b'`' && bare[count..].contains('`')) => {
                open = Some((mark, count, end));
            }
            (Some((fence, least, content)), Some(mark))
                if mark == fence && count >= least && bare.len() == count =>
            {
                return Some(without_line_end(&text[content..start]));
            }
            _ => {}
        }
    }
    open.map(|(_, _, content)| without_line_end(&text[content..]))
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// The value at a JSON Pointer in the first JSON value of a text: text as it is, anything else as
/// compact JSON.
fn json_at<'t>(text: &'t str, pointer: &str) -> Option<Cow<'t, str>> {
    let (value, (start, end)) = find_json(text)?;
    let found = value.pointer(pointer)?;
    let written = match found {
        serde_json::Value::String(string) => string.clone(),
        other => other.to_string(),
    };
    // If it stands in the text just once, it is that place.
    let whole = &text[start..end];
    let mut places = whole.match_indices(written.as_str());
    match (places.next(), places.next()) {
        (Some((at, _)), None) if !written.is_empty() => {
            Some(Cow::Borrowed(&whole[at..at + written.len()]))
        }
        _ => Some(Cow::Owned(written)),
    }
}

/// JSON Schema (draft 2020-12) of the value of `extract:`.
pub fn json_schema() -> serde_json::Value {
    let text = |about: &str| json!({"type": "string", "minLength": 1, "description": about});
    let one = |name: &str, schema: serde_json::Value| {
        json!({
            "type": "object",
            "properties": {name: schema},
            "required": [name],
            "additionalProperties": false,
        })
    };
    let regex = json!({
        "description": "what a regular expression matches (its first group, if it has one)",
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {
                    "pattern": {"type": "string", "description": "regular expression (crate regex, linear time)"},
                    "group": {"type": ["integer", "string"], "description": "number or name of the group taken; by default the first, or the whole match"},
                    "match": {"enum": ["first", "last"], "default": "first"},
                    "ignore-case": {"type": "boolean", "default": false},
                },
                "required": ["pattern"],
                "additionalProperties": false,
            },
        ],
    });
    let step = json!({
        "anyOf": [
            {"enum": PLAIN.iter().map(|(name, _)| *name).collect::<Vec<_>>()},
            one("regex", regex),
            one("after", text("what follows the last place of this text")),
            one("before", text("what stands before the first place of this text")),
            one("between", json!({
                "type": "array",
                "description": "what stands between the first place of one text and the next of another",
                "items": {"type": "string", "minLength": 1},
                "minItems": 2,
                "maxItems": 2,
            })),
            one("json", json!({
                "type": "string",
                "description": "JSON Pointer into the first JSON value of the text",
                "pattern": "^(/.*)?$",
            })),
        ],
    });
    json!({
        "description": "what part of answer and reference is compared: steps in order, each on the last one's result",
        "anyOf": [{"type": "array", "items": step.clone()}, step],
    })
}
