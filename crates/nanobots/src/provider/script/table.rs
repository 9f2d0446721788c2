//! The table of a script: which answers there are, as they stand under `provider.settings`.
//!
//! A place in a YAML file or a value of a cartridge in, a [`Script`] out. Every key, pattern and
//! template is checked here, so that a script that was read can only fail where it means to.

use std::time::Duration;

use botsmith_core::Result;
use botsmith_core::chat::{ErrorClass, FinishReason, Usage};
use botsmith_core::digest::Digest;
use botsmith_core::yaml::{Cursor, Fields};
use serde_json::Value;

use super::when::When;
use crate::provider::key::canonical;
use crate::provider::template::Templates;

/// A script, read: patterns and what is answered to them.
#[derive(Debug)]
pub struct Script {
    pub(super) model: String,
    /// Tells two scripts of one name apart.
    pub(super) revision: String,
    pub(super) rules: Vec<Rule>,
    pub(super) otherwise: Option<Said>,
    pub(super) delay: Duration,
    pub(super) pace: Duration,
    pub(super) pieces: Cut,
    pub(super) templates: Templates,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) when: When,
    /// How often it answers at most.
    pub(super) times: Option<usize>,
    pub(super) said: Said,
}

/// What is answered.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Text, or a tree that is written as JSON; its strings are templates.
    pub(super) say: Option<Value>,
    pub(super) calls: Vec<Wish>,
    pub(super) reasoning: Option<Value>,
    pub(super) refuse: Option<Value>,
    pub(super) fail: Option<Failing>,
    pub(super) finish: Option<FinishReason>,
    pub(super) usage: Option<Usage>,
    pub(super) delay: Option<Duration>,
}

/// A tool to ask for.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) tool: String,
    pub(super) arguments: Value,
}

/// A failure to show.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) class: ErrorClass,
    pub(super) message: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
    /// After so many pieces of `say`.
    pub(super) after: usize,
}

/// How a text is cut into pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cut {
    #[default]
    Words,
    Characters,
    Whole,
}

impl Script {
    /// Reads a script; the place decides how exactly errors can be located.
    ///
    /// ```
    /// use botsmith_core::yaml::{Cursor, Source, parse};
    /// use botsmith_nanobots::provider::Script;
    /// let source = Source::new("demo.yaml", "answers: [{when: hello, sya: Hi!}]");
    /// let node = parse(&source).unwrap();
    /// let error = Script::read(&Cursor::new(&source, &node)).unwrap_err().to_string();
    /// assert!(error.contains("demo.yaml:1:25") && error.contains("did you mean `say`?"), "{error}");
    /// ```
    ///
    /// # Errors
    /// The first key, pattern or template that is wrong, with its place.
    pub fn read(at: &Cursor<'_>) -> Result<Self> {
        let templates = Templates::default();
        let fields = at.fields()?;
        // Whether answers are streamed is read by the bot's interface.
        let _ = fields.get("stream");
        let duration = |key| fields.get(key).map(|at| at.duration()).transpose();
        let mut rules = Vec::new();
        for item in fields
            .get("answers")
            .map_or(Ok(Vec::new()), |at| at.items())?
        {
            rules.push(Rule::read(&item, &templates)?);
        }
        let otherwise = fields
            .get("otherwise")
            .map(|at| Said::read(&at, &templates))
            .transpose()?;
        let cuts = [
            ("words", Cut::Words),
            ("characters", Cut::Characters),
            ("whole", Cut::Whole),
        ];
        let written = canonical(&at.node().to_json());
        let script = Self {
            revision: Digest::of(written.as_bytes()).to_string(),
            model: match fields.get("model") {
                Some(at) => at.name()?.to_owned(),
                None => "script".into(),
            },
            rules,
            otherwise,
            delay: duration("delay")?.unwrap_or_default(),
            pace: duration("pace")?.unwrap_or_default(),
            pieces: match fields.get("pieces") {
                Some(at) => at.one_of(&cuts)?,
                None => Cut::default(),
            },
            templates,
        };
        fields.finish()?;
        if script.rules.is_empty() && script.otherwise.is_none() {
            return Err(at
                .diagnostic("a script without answers")
                .hint("give it `answers: [{when: hello, say: Hi!}]`, or `otherwise: …`")
                .into());
        }
        Ok(script)
    }
}

impl Rule {
    fn read(at: &Cursor<'_>, templates: &Templates) -> Result<Self> {
        let fields = at.fields()?;
        let mut rule = Self {
            when: match fields.get("when") {
                Some(at) => When::read(&at)?,
                None => When::default(),
            },
            times: fields.get("times").map(|at| at.count()).transpose()?,
            said: Said::fields(&fields, templates)?,
        };
        fields.finish()?;
        rule.said = rule.said.checked(at)?;
        Ok(rule)
    }
}

impl Said {
    /// A text alone, or the map of what is said.
    fn read(at: &Cursor<'_>, templates: &Templates) -> Result<Self> {
        if at.node().text().is_some() {
            return Ok(Self {
                say: Some(spoken(at, templates)?),
                ..Self::default()
            });
        }
        let fields = at.fields()?;
        let said = Self::fields(&fields, templates)?;
        fields.finish()?;
        said.checked(at)
    }

    fn fields(fields: &Fields<'_>, templates: &Templates) -> Result<Self> {
        let text = |key| {
            let value = fields.get(key);
            value.map(|at| spoken(&at, templates)).transpose()
        };
        let finishes = [
            ("stop", FinishReason::Stop),
            ("length", FinishReason::Length),
            ("tool-calls", FinishReason::ToolCalls),
            ("content-filter", FinishReason::ContentFilter),
            ("other", FinishReason::Other),
        ];
        let mut said = Self {
            say: text("say")?,
            calls: Vec::new(),
            reasoning: text("reasoning")?,
            refuse: text("refuse")?,
            fail: fields
                .get("fail")
                .map(|at| Failing::read(&at))
                .transpose()?,
            finish: fields
                .get("finish")
                .map(|at| at.one_of(&finishes))
                .transpose()?,
            usage: fields.get("usage").map(|at| usage(&at)).transpose()?,
            delay: fields.get("delay").map(|at| at.duration()).transpose()?,
        };
        for item in fields
            .get("calls")
            .map_or(Vec::new(), |at| at.items_or_self())
        {
            said.calls.push(Wish::read(&item, templates)?);
        }
        Ok(said)
    }

    /// Refuses a row that says nothing; asked after unknown keys, which are the likelier cause.
    fn checked(self, at: &Cursor<'_>) -> Result<Self> {
        let silent = self.say.is_none()
            && self.calls.is_empty()
            && self.refuse.is_none()
            && self.fail.is_none();
        match silent {
            false => Ok(self),
            true => Err(at
                .diagnostic("nothing is answered here")
                .hint("give it `say`, `calls`, `refuse` or `fail`")
                .into()),
        }
    }
}

impl Wish {
    fn read(at: &Cursor<'_>, templates: &Templates) -> Result<Self> {
        let fields = at.fields()?;
        let wish = Self {
            tool: fields.required("tool")?.name()?.to_owned(),
            arguments: match fields.get("arguments") {
                Some(at) => tree(&at, templates)?,
                None => Value::Object(serde_json::Map::new()),
            },
        };
        fields.finish()?;
        Ok(wish)
    }
}

impl Failing {
    /// A class alone, or a map.
    fn read(at: &Cursor<'_>) -> Result<Self> {
        if at.node().text().is_some() {
            return Ok(Self {
                class: at.one_of(&ErrorClass::WORDS)?,
                message: None,
                status: None,
                retry_after: None,
                after: 0,
            });
        }
        let fields = at.fields()?;
        let status =
            |at: Cursor<'_>| Ok::<_, botsmith_core::Error>(at.number_in(100.0, 599.0)? as u16);
        let failing = Self {
            class: fields.required("class")?.one_of(&ErrorClass::WORDS)?,
            message: fields
                .get("message")
                .map(|at| at.text().map(str::to_owned))
                .transpose()?,
            status: fields.get("status").map(status).transpose()?,
            retry_after: fields
                .get("retry-after")
                .map(|at| at.duration())
                .transpose()?,
            after: fields.get("after").map_or(Ok(0), |at| at.count())?,
        };
        fields.finish()?;
        Ok(failing)
    }
}

fn usage(at: &Cursor<'_>) -> Result<Usage> {
    let fields = at.fields()?;
    let count =
        |key| Ok::<_, botsmith_core::Error>(fields.get(key).map_or(Ok(0), |at| at.count())? as u64);
    let usage = Usage {
        input_tokens: count("input")?,
        output_tokens: count("output")?,
        cached_tokens: count("cached")?,
    };
    fields.finish()?;
    Ok(usage)
}

/// What is said: a scalar as its text, so that `say: 1.10` stays so; else a tree.
fn spoken(at: &Cursor<'_>, templates: &Templates) -> Result<Value> {
    match at.node().text() {
        Some(text) => checked(at, Value::from(text), templates),
        None => tree(at, templates),
    }
}

/// A tree whose strings are templates.
fn tree(at: &Cursor<'_>, templates: &Templates) -> Result<Value> {
    checked(at, at.node().to_json(), templates)
}

fn checked(at: &Cursor<'_>, tree: Value, templates: &Templates) -> Result<Value> {
    templates.check(&tree).map_err(|error| {
        let place = match error.path.is_empty() {
            true => String::new(),
            false => format!(" at `{}`", error.path),
        };
        at.error(format!(
            "the template{place} cannot be read: {}",
            error.reason
        ))
    })?;
    Ok(tree)
}
