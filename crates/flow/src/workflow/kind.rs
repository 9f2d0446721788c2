//! Kinds of steps -> what each takes and gives, for checks before anything runs and for the JSON Schema.
//!
//! The registry is open: `bot`, `nlp`, `eval`, a program's own kinds are added by whoever runs them. What
//! stands here are the kinds that the engine itself knows how to do.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::worker::{Action, Async, Blocking, Does, Task};
use crate::{Output, StepError};

/// What a value is, as far as it can be known before a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list.
    List,
    /// A mapping.
    Map,
    /// A text like `250ms`, `2s`, `2d`, or a number of seconds.
    Duration,
}

impl Type {
    /// The word for it in a message.
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Text => "text",
            Self::Number => "a number",
            Self::Bool => "`true` or `false`",
            Self::List => "a list",
            Self::Map => "a mapping",
            Self::Duration => "a duration like `250ms`, `2s` or `5m`",
        }
    }

    /// Whether a value of this type may stand where `wanted` is asked for.
    pub fn fits(self, wanted: Self) -> bool {
        let timely = wanted == Self::Duration && matches!(self, Self::Text | Self::Number);
        self == wanted || self == Self::Any || wanted == Self::Any || timely
    }

    /// The type that a JSON Schema names, where it names one.
    pub(super) fn of_schema(schema: &Value) -> Self {
        match schema["type"].as_str() {
            Some("string") => Self::Text,
            Some("number" | "integer") => Self::Number,
            Some("boolean") => Self::Bool,
            Some("array") => Self::List,
            Some("object") => Self::Map,
            _ => Self::Any,
        }
    }

    /// Its JSON Schema. A template is a text and may stand for any value.
    fn schema(self) -> Value {
        let types = match self {
            Self::Any => return json!({}),
            Self::Text => json!("string"),
            Self::Number => json!(["number", "string"]),
            Self::Bool => json!(["boolean", "string"]),
            Self::List => json!(["array", "string"]),
            Self::Map => json!(["object", "string"]),
            Self::Duration => json!(["string", "number"]),
        };
        json!({"type": types})
    }
}

/// One key of a step's `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) wants: Type,
    pub(super) required: bool,
    about: String,
}

/// A kind of step: its name, what it takes under `with`, and what its output is.
///
/// ```
/// use botsmith_flow::{Kind, Type};
///
/// let kind = Kind::new("count-words", "Counts the words of a text.")
///     .takes("text", Type::Text, "The text.")
///     .gives(Type::Number);
/// assert_eq!(kind.name(), "count-words");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    name: String,
    about: String,
    pub(super) taken: Vec<Taken>,
    pub(super) open: bool,
    pub(super) gives: Type,
    version: u32,
    does: Option<Does>,
}

impl Kind {
    /// A kind that takes nothing and may give anything. `about` is a sentence.
    pub fn new(name: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
            taken: Vec::new(),
            open: false,
            gives: Type::Any,
            version: 1,
            does: None,
        }
    }

    /// With this version instead of 1: a step of a workflow that was read with it is claimed only by
    /// workers that have the same.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// What it does; the output is what the function gives. A kind without is checked, and left to
    /// workers that have it.
    #[must_use]
    pub fn does<F, R>(self, work: F) -> Self
    where
        F: Fn(Task) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, StepError>> + Send + 'static,
    {
        self.acts(Arc::new(Async(move |task| {
            let work = work(task);
            async move { work.await.map(Output::Done) }
        })))
    }

    /// What it does, in a function that blocks: it gets a thread of its own, and looks at the task's
    /// cancel token from time to time.
    #[must_use]
    pub fn does_blocking<F>(self, work: F) -> Self
    where
        F: Fn(Task) -> Result<Value, StepError> + Send + Sync + 'static,
    {
        self.acts(Arc::new(Blocking(Arc::new(work))))
    }

    /// What it does, where that may also wait or add steps.
    #[must_use]
    pub fn acts(mut self, action: Arc<dyn Action>) -> Self {
        self.does = Some(Does(action));
        self
    }

    /// What its steps do; `None` where only others know.
    pub(crate) fn action(&self) -> Option<&Arc<dyn Action>> {
        self.does.as_ref().map(|does| &does.0)
    }

    /// What a worker has to offer for its steps, besides its name.
    pub(crate) fn requirement(&self) -> Option<String> {
        (self.version != 1).then(|| format!("kind:{}@{}", self.name, self.version))
    }

    /// What `uses` calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A key of `with` that has to be there.
    #[must_use]
    pub fn takes(self, name: &str, wants: Type, about: &str) -> Self {
        self.taking(name, wants, about, true)
    }

    /// A key of `with` that may be there.
    #[must_use]
    pub fn may_take(self, name: &str, wants: Type, about: &str) -> Self {
        self.taking(name, wants, about, false)
    }

    fn taking(mut self, name: &str, wants: Type, about: &str, required: bool) -> Self {
        self.taken.push(Taken {
            name: name.to_owned(),
            wants,
            required,
            about: about.to_owned(),
        });
        self
    }

    /// It takes other keys too.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// What its output is.
    #[must_use]
    pub fn gives(mut self, gives: Type) -> Self {
        self.gives = gives;
        self
    }

    /// The JSON Schema of its `with`.
    pub(super) fn schema(&self) -> Value {
        let keys = self.taken.iter().map(|taken| {
            let mut schema = taken.wants.schema();
            schema["description"] = json!(taken.about);
            (taken.name.clone(), schema)
        });
        let required: Vec<_> = self
            .taken
            .iter()
            .filter(|taken| taken.required)
            .map(|taken| taken.name.as_str())
            .collect();
        json!({
            "type": "object",
            "description": self.about,
            "properties": keys.collect::<serde_json::Map<_, _>>(),
            "required": required,
            "additionalProperties": self.open
        })
    }
}

/// The kinds that a workflow may use.
///
/// ```
/// use botsmith_flow::{Kind, Kinds};
///
/// let kinds = Kinds::builtin().with(Kind::new("greet", "Says hello."));
/// assert!(kinds.get("greet").is_some() && kinds.get("map").is_some());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds(BTreeMap<String, Kind>);

impl Kinds {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// The kinds that need no knowledge of bots or texts: `map`, `loop`, `workflow`, `approval`, `ask`,
    /// `signal`, `wait`, `http`, `command`.
    pub fn builtin() -> Self {
        let deadline = "How long to wait for it.";
        [
            Kind::new("map", "The step under `step` for each item of `over`.").gives(Type::List),
            Kind::new(
                "loop",
                "The step under `step` until `until` holds, `at-most` times.",
            ),
            Kind::new(
                "workflow",
                "Another workflow as one step; its output maps names of steps to outputs.",
            )
            .takes("path", Type::Text, "The file, relative to this one.")
            .may_take("inputs", Type::Map, "What it is started with.")
            .gives(Type::Map),
            Kind::new("approval", "Waits until somebody approves or rejects.")
                .may_take("who", Type::List, "Who may decide.")
                .may_take("message", Type::Text, "What they are shown.")
                .may_take("deadline", Type::Duration, deadline)
                .may_take(
                    "default",
                    Type::Text,
                    "`approve` or `reject`: what holds after the deadline.",
                )
                .gives(Type::Map),
            Kind::new("ask", "Waits for an answer that fits a JSON Schema.")
                .takes("question", Type::Text, "What is asked.")
                .may_take("schema", Type::Map, "The JSON Schema of the answer.")
                .may_take("who", Type::List, "Who is asked.")
                .may_take("deadline", Type::Duration, deadline)
                .may_take("default", Type::Any, "The answer after the deadline."),
            Kind::new("signal", "Waits for an event from outside.")
                .takes("name", Type::Text, "The event's name.")
                .may_take("deadline", Type::Duration, deadline)
                .may_take("default", Type::Any, "The output after the deadline."),
            Kind::new("wait", "Waits for a time; holds no worker.").takes(
                "for",
                Type::Duration,
                "How long.",
            ),
            Kind::new("http", "One HTTP request.")
                .takes("url", Type::Text, "Where to.")
                .may_take("method", Type::Text, "`GET` without one.")
                .may_take("headers", Type::Map, "Headers by name.")
                .may_take("body", Type::Any, "What is sent; JSON unless it is a text.")
                .gives(Type::Map),
            Kind::new(
                "command",
                "A program of the worker's machine, where its owner allows it.",
            )
            .takes(
                "run",
                Type::List,
                "The program and its arguments; no shell.",
            )
            .may_take("stdin", Type::Text, "What it reads.")
            .gives(Type::Map),
        ]
        .into_iter()
        .map(|kind| match crate::worker::act(&kind.name) {
            Some(action) => kind.acts(action),
            None => kind,
        })
        .fold(Self::new(), Self::with)
    }

    /// These and another; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, kind: Kind) -> Self {
        self.0.insert(kind.name.clone(), kind);
        self
    }

    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.0.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.0.values()
    }
}
