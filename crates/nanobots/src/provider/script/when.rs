//! When an answer of a script fits: a pattern over the end of the conversation, or several conditions.
//!
//! A request in, the groups of the match or nothing out. A text that stands alone is looked for without
//! regard to case; between slashes (`/(\d+) apples/i`) it is a regular expression, run in linear time.

use std::collections::BTreeMap;

use botsmith_core::Result;
use botsmith_core::chat::{ChatRequest, Message, OutputFormat, Role};
use botsmith_core::yaml::Cursor;
use regex::{Regex, RegexBuilder};

/// What was matched: groups by number, named ones by name too.
pub(super) type Groups = BTreeMap<minijinja::Value, minijinja::Value>;

/// A text to look for.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// Contained, without regard to case; kept in lower case.
    Contains(String),
    /// Found by a regular expression.
    Regex(Regex),
}

/// The form of answer that the request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    JsonSchema,
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default)]
pub(super) struct When {
    input: Option<Pattern>,
    system: Option<Pattern>,
    tool: Option<String>,
    result: Option<Pattern>,
    offers: Option<String>,
    output: Option<Form>,
    turn: Option<usize>,
}

/// The largest compiled regular expression, in bytes.
const REGEX_BYTES: usize = 1 << 20;

impl Pattern {
    /// Reads `text` or `/regex/flags`.
    pub(super) fn read(at: &Cursor<'_>) -> Result<Self> {
        let text = at.text()?;
        let Some((regex, flags)) = text
            .strip_prefix('/')
            .and_then(|rest| rest.rsplit_once('/'))
            .filter(|(regex, _)| !regex.is_empty())
        else {
            return Ok(Self::Contains(text.to_lowercase()));
        };
        let mut builder = RegexBuilder::new(regex);
        builder.size_limit(REGEX_BYTES);
        for flag in flags.chars() {
            match flag {
                'i' => builder.case_insensitive(true),
                'm' => builder.multi_line(true),
                's' => builder.dot_matches_new_line(true),
                'x' => builder.ignore_whitespace(true),
                _ => {
                    return Err(at
                        .diagnostic(format!("`{flag}` is no flag of a regular expression"))
                        .hint("flags are `i`, `m`, `s` and `x`")
                        .into());
                }
            };
        }
        builder.build().map(Self::Regex).map_err(|error| {
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default().trim();
            at.error(format!("the regular expression cannot be read: {last}"))
        })
    }

    /// The groups of the first match in `text`.
    fn find(&self, text: &str) -> Option<Groups> {
        match self {
            Self::Contains(part) => text
                .to_lowercase()
                .contains(part)
                .then(|| Groups::from([(0.into(), text.into())])),
            Self::Regex(regex) => {
                let found = regex.captures(text)?;
                let mut groups = Groups::new();
                for (number, name) in regex.capture_names().enumerate() {
                    let group = found.get(number).map_or("", |group| group.as_str());
                    groups.insert(number.into(), group.into());
                    if let Some(name) = name {
                        groups.insert(name.into(), group.into());
                    }
                }
                Some(groups)
            }
        }
    }
}

impl When {
    /// Reads a pattern alone or a map of conditions.
    pub(super) fn read(at: &Cursor<'_>) -> Result<Self> {
        if at.node().text().is_some() {
            return Ok(Self {
                input: Some(Pattern::read(at)?),
                ..Self::default()
            });
        }
        let fields = at.fields()?;
        let pattern = |key| fields.get(key).as_ref().map(Pattern::read).transpose();
        let name = |key| {
            let value = fields.get(key);
            value.map(|at| at.name().map(str::to_owned)).transpose()
        };
        let forms = [
            ("text", Form::Text),
            ("json", Form::Json),
            ("json-schema", Form::JsonSchema),
        ];
        let when = Self {
            input: pattern("input")?,
            system: pattern("system")?,
            tool: name("tool")?,
            result: pattern("result")?,
            offers: name("offers")?,
            output: fields
                .get("output")
                .map(|at| at.one_of(&forms))
                .transpose()?,
            turn: fields.get("turn").map(|at| at.count()).transpose()?,
        };
        fields.finish()?;
        Ok(when)
    }

    /// Whether all conditions hold, and the groups of the last pattern that matched. Without
    /// `tool` and `result` the conversation must not end with a tool's result: a script that asks for a
    /// tool whenever it reads a word would ask forever.
    pub(super) fn fits(&self, request: &ChatRequest) -> Option<Groups> {
        let result = last_result(request);
        if (self.tool.is_some() || self.result.is_some()) != result.is_some() {
            return None;
        }
        let mut groups = Groups::new();
        if let Some(turn) = self.turn
            && turn != turns(request)
        {
            return None;
        }
        if let Some(name) = &self.offers
            && !request.tools.iter().any(|tool| tool.name == *name)
        {
            return None;
        }
        if let Some(form) = self.output
            && form != form_of(&request.output)
        {
            return None;
        }
        if let Some(name) = &self.tool
            && result.and_then(|message| message.name.as_deref()) != Some(name)
        {
            return None;
        }
        let texts = [
            (&self.system, system(request)),
            (&self.input, request.last_user().unwrap_or_default()),
            (
                &self.result,
                result.map(|m| m.content.text()).unwrap_or_default(),
            ),
        ];
        for (pattern, text) in texts {
            if let Some(pattern) = pattern {
                groups = pattern.find(&text)?;
            }
        }
        Some(groups)
    }
}

/// The tool's result that the conversation ends with.
pub(super) fn last_result(request: &ChatRequest) -> Option<&Message> {
    request.messages.last().filter(|m| m.role == Role::Tool)
}

/// How often a user has spoken, background left out.
pub(super) fn turns(request: &ChatRequest) -> usize {
    let messages = request.messages.iter();
    messages
        .filter(|message| message.role == Role::User && !message.backdrop)
        .count()
}

/// All system messages, a line feed between two.
pub(super) fn system(request: &ChatRequest) -> String {
    let messages = request.messages.iter();
    let texts: Vec<_> = messages
        .filter(|message| message.role == Role::System)
        .map(|message| message.content.text())
        .collect();
    texts.join("\n")
}

fn form_of(output: &OutputFormat) -> Form {
    match output {
        OutputFormat::Text => Form::Text,
        OutputFormat::Json => Form::Json,
        OutputFormat::JsonSchema { .. } => Form::JsonSchema,
    }
}
