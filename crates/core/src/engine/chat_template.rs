//! A conversation -> the text that the model reads, by the template that comes with the model.
//!
//! Templates are Jinja as transformers renders them
//! (<https://huggingface.co/docs/transformers/chat_templating>): `trim_blocks`, `lstrip_blocks`,
//! methods of Python's strings and dictionaries, values printed as Python prints them, `tojson` as
//! `json.dumps`, `raise_exception`, `strftime_now`, `{% generation %}`, `break` and `continue`. A
//! template is a stranger's program: its steps, the text that it builds and its output have an end
//! (`chat_template/guard.rs`). It reads no file and includes no other template.

mod clock;
mod filters;
mod guard;
mod held;
mod letters;
mod messages;
mod methods;
mod python;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value as Jinja};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

pub use messages::{messages_as_json, tools_as_json};

/// Steps of one rendering: ten times what a conversation of a thousand messages takes.
const FUEL: u64 = 3_000_000;
/// Bytes of one template.
const TEXT: usize = 256 << 10;

/// Why a conversation could not be written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The template refuses the conversation, in its own words.
    #[error("the chat template refuses the conversation: {0}")]
    Raised(String),
    /// The template is broken, or does what it may not.
    #[error("the chat template breaks{}: {message}", line.map(|line| format!(" at line {line}")).unwrap_or_default())]
    Broken {
        /// What is wrong.
        message: String,
        /// Where, from 1.
        line: Option<usize>,
    },
}

/// What a template is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatInput {
    /// The conversation, in transformers' shape; see [`messages_as_json`].
    pub messages: Vec<Value>,
    /// The tools on offer, in `OpenAI`'s shape; none where there are none.
    pub tools: Vec<Value>,
    /// Whether the text ends with the opening of the model's turn.
    pub add_generation_prompt: bool,
    /// Further names, such as `enable_thinking`.
    pub extra: Map<String, Value>,
    /// Seconds since 1970 of the time that `strftime_now` tells, in the caller's zone.
    pub now: i64,
}

/// A chat template, ready to render.
///
/// ```
/// use botsmith_core::engine::{ChatInput, ChatTemplate};
/// use serde_json::json;
/// let text = "{% for m in messages %}<|{{ m['role'] }}|>{{ m.content.strip() }}{% endfor %}{{ eos_token }}";
/// let special = [("eos_token".to_owned(), json!("</s>"))].into_iter().collect();
/// let template = ChatTemplate::new(text, special)?;
/// let input = ChatInput {
///     messages: vec![json!({"role": "user", "content": " Hello! "})],
///     ..ChatInput::default()
/// };
/// assert_eq!(template.render(&input)?, "<|user|>Hello!</s>");
/// # Ok::<(), botsmith_core::engine::TemplateError>(())
/// ```
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    /// `bos_token` and the like.
    special: Map<String, Value>,
    source: String,
}

const NAME: &str = "chat";

impl ChatTemplate {
    /// Reads a template; `special` holds the names of special tokens and their texts.
    ///
    /// # Errors
    /// If it is too long or is no template.
    pub fn new(source: &str, special: Map<String, Value>) -> Result<Self, TemplateError> {
        if source.len() > TEXT {
            return Err(TemplateError::Broken {
                message: format!("it has {} bytes, at most {TEXT} are read", source.len()),
                line: None,
            });
        }
        let metered = guard::metered(source).map_err(|(what, at)| TemplateError::Broken {
            message: format!("it has {what}"),
            line: Some(1 + source[..at].matches('\n').count()),
        })?;
        let mut environment = environment();
        environment
            .add_template_owned(NAME, metered)
            .map_err(|error| broken(&error))?;
        Ok(Self {
            environment,
            special,
            source: source.to_owned(),
        })
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the template looks at `name`, such as `tools`.
    pub fn mentions(&self, name: &str) -> bool {
        self.environment
            .get_template(NAME)
            .is_ok_and(|template| template.undeclared_variables(false).contains(name))
    }

    /// The conversation as one text.
    ///
    /// # Errors
    /// [`TemplateError::Raised`] in the template's own words; [`TemplateError::Broken`] where it
    /// does what cannot be done, or too much of it.
    pub fn render(&self, input: &ChatInput) -> Result<String, TemplateError> {
        let mut names = self.special.clone();
        names.insert("messages".into(), input.messages.clone().into());
        names.insert(
            "tools".into(),
            match input.tools.is_empty() {
                true => Value::Null,
                false => input.tools.clone().into(),
            },
        );
        names.insert("documents".into(), Value::Null);
        names.insert(
            "add_generation_prompt".into(),
            input.add_generation_prompt.into(),
        );
        names.extend(input.extra.clone());
        names.insert(clock::NOW.into(), input.now.into());
        let template = self.environment.get_template(NAME);
        let template = template.map_err(|error| broken(&error))?;
        template
            .render(Jinja::from(Serde(&names)))
            .map_err(|error| broken(&error))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.expect("the delimiters are the default ones"));
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(methods::call);
    environment.set_formatter(|out, state, value| {
        let text = python::printed(value, guard::left(state));
        guard::charge(state, text.len())?;
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    filters::install(&mut environment);
    guard::install(&mut environment);
    environment.add_function("strftime_now", clock::strftime_now);
    environment.add_function(
        "raise_exception",
        |message: String| -> Result<Jinja, minijinja::Error> {
            Err(minijinja::Error::new(
                ErrorKind::InvalidOperation,
                format!("{RAISED}{message}"),
            ))
        },
    );
    environment
}

/// Marks the words of `raise_exception`; no text can hold it by itself.
const RAISED: &str = "\u{1}raised\u{1}";

fn broken(error: &minijinja::Error) -> TemplateError {
    let mut cause: &dyn std::error::Error = error;
    loop {
        if let Some(own) = cause.downcast_ref::<minijinja::Error>()
            && let Some(words) = own.detail().and_then(|detail| detail.strip_prefix(RAISED))
        {
            return TemplateError::Raised(words.to_owned());
        }
        match cause.source() {
            Some(next) => cause = next,
            None => break,
        }
    }
    TemplateError::Broken {
        message: match error.kind() {
            ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
            kind => match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind.to_string(),
            },
        },
        line: error.line(),
    }
}
