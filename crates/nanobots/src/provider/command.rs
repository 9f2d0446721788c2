//! Provider `command`: a program on this machine that answers.
//!
//! The newest user message (or the whole request as JSON) goes to its standard input, its standard
//! output is the answer (or holds it at a JSON Pointer). The program is a list of words and no shell reads
//! them; its environment is what the settings name, and `PATH`. A cartridge may not run programs until its
//! user allows it. Tools are offered to it in words, as to any model without an interface for them.
//! No sandbox: what it does, the user's account may do.

mod process;

use std::time::Duration;

use botsmith_core::Result;
use botsmith_core::chat::{
    BoxFuture, Call, ChatModel, ChatRequest, ChatResponse, ErrorClass, ModelError, ModelInfo,
};
use botsmith_core::yaml::Cursor;
use serde_json::{Value, json};

use super::bounds::Bounds;
use super::key::request_value;
use super::pointers::Pointers;
use super::secrets::Secrets;
use super::{OpenOptions, ProviderConfig, failure, own_settings, plain};
use process::{Done, Program, Stopped};

const ID: &str = "command";

/// A program that answers.
pub(super) struct Command {
    info: ModelInfo,
    settings: Settings,
    program: Program,
    secrets: Secrets,
}

/// What goes to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Send {
    /// The newest user message.
    Text,
    /// The request as JSON.
    Json,
}

struct Settings {
    run: Vec<String>,
    model: Option<String>,
    send: Send,
    pointers: Pointers,
    environment: Vec<(String, String)>,
    inherit: Vec<String>,
    folder: Option<String>,
    timeout: Duration,
    longest: usize,
}

impl Settings {
    fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let _ = fields.get("stream");
        let run = fields.required("run")?;
        let words = run.items().and_then(|items| {
            let words = items.iter().map(|item| item.text().map(str::to_owned));
            words.collect::<Result<Vec<_>>>()
        });
        let words = match words {
            Ok(words) if words.first().is_some_and(|name| !name.is_empty()) => words,
            _ => {
                return Err(run
                    .diagnostic(
                        "`run` is a list: the program, then each argument; no shell reads it",
                    )
                    .hint("write `run: [python3, bot.py]`")
                    .into());
            }
        };
        let mut environment = Vec::new();
        if let Some(at) = fields.get("environment") {
            for (name, value) in at.fields()?.entries() {
                environment.push((name.to_owned(), value.text()?.to_owned()));
            }
        }
        let text = |key| {
            let value = fields.get(key);
            value.map(|at| at.name().map(str::to_owned)).transpose()
        };
        let settings = Self {
            run: words,
            model: text("model")?,
            send: match fields.get("send") {
                Some(at) => at.one_of(&[("text", Send::Text), ("json", Send::Json)])?,
                None => Send::Text,
            },
            pointers: Pointers::read(&fields)?,
            environment,
            inherit: fields
                .get("inherit")
                .map_or(Ok(Vec::new()), |at| at.texts())?,
            folder: text("folder")?,
            timeout: match fields.get("timeout") {
                Some(at) => at.duration()?,
                None => Duration::from_secs(60),
            },
            longest: fields.get("longest").map_or(Ok(1 << 20), |at| at.count())?,
        };
        fields.finish()?;
        Ok(settings)
    }
}

impl Command {
    pub(super) fn open(config: &ProviderConfig, options: &OpenOptions) -> Result<Self, ModelError> {
        let settings = own_settings::of(config, Settings::read)?;
        if !options.allow_commands {
            let message = format!(
                "this cartridge wants to run the program `{}`, which is not allowed",
                botsmith_core::hint::shown(&settings.run[0])
            );
            return Err(ModelError::new(ErrorClass::Unsupported, ID, message)
                .hint("if you trust it, allow programs with --allow-command"));
        }
        let mut environment = Vec::new();
        // A program is found by `PATH`; everything else is asked for by name.
        for name in std::iter::once("PATH").chain(settings.inherit.iter().map(String::as_str)) {
            if let Ok(value) = std::env::var(name) {
                environment.push((name.to_owned(), value));
            }
        }
        environment.extend(settings.environment.iter().cloned());
        let folder = match &settings.folder {
            Some(folder) => options.folder.join(folder),
            None => options.folder.clone(),
        };
        let program = Program {
            name: settings.run[0].clone(),
            arguments: settings.run[1..].to_vec(),
            folder: match folder.as_os_str().is_empty() {
                true => ".".into(),
                false => folder,
            },
            environment,
            longest: settings.longest,
        };
        let model = settings.model.as_ref().unwrap_or(&program.name);
        let mut info = ModelInfo::new(ID, model.clone());
        info.tools = true;
        info.consecutive_user = true;
        Ok(Self {
            info,
            settings,
            program,
            secrets: config.secrets(),
        })
    }

    async fn answer(&self, request: &ChatRequest, call: &Call) -> Result<ChatResponse, ModelError> {
        let told = plain::request(request);
        let input = match self.settings.send {
            Send::Text => told.last_user().unwrap_or_default().into_bytes(),
            Send::Json => json_input(&told).to_string().into_bytes(),
        };
        let bounds = Bounds::of(call).at_most(Some(self.settings.timeout));
        let done = bounds
            .run(ID, process::run(&self.program, input))
            .await?
            .map_err(|stopped| self.stopped(&stopped))?;
        let mut response = self.read(&done)?;
        response.provider = ID.into();
        if response.model.is_empty() {
            response.model.clone_from(&self.info.model);
        }
        plain::response(request, &mut response);
        Ok(response)
    }

    fn stopped(&self, stopped: &Stopped) -> ModelError {
        let class = match stopped {
            Stopped::Start(_) => ErrorClass::Load,
            Stopped::Read(_) => ErrorClass::Network,
            Stopped::TooLong(_) => ErrorClass::Protocol,
        };
        let error = self.error(class, &stopped.to_string());
        match stopped {
            Stopped::Start(_) => {
                error.hint("check the first word of `provider.settings.run`, and `folder`")
            }
            Stopped::TooLong(_) => error.hint("raise `provider.settings.longest`"),
            Stopped::Read(_) => error,
        }
    }

    fn error(&self, class: ErrorClass, what: &str) -> ModelError {
        let name = botsmith_core::hint::shown(&self.program.name);
        ModelError::new(class, ID, format!("program `{name}`: {what}"))
    }

    fn read(&self, done: &Done) -> Result<ChatResponse, ModelError> {
        if !done.status.success() {
            let words = failure::excerpt(&self.secrets, last_lines(&done.errors));
            let what = match words.is_empty() {
                true => format!("it failed with {}", done.status),
                false => format!("it failed with {}: {words}", done.status),
            };
            return Err(self.error(ErrorClass::Server, &what));
        }
        let Ok(text) = std::str::from_utf8(&done.output) else {
            return Err(self.error(ErrorClass::Protocol, "its output is no UTF-8"));
        };
        if self.settings.pointers.answer.is_none() {
            return Ok(ChatResponse::text(text.trim_end_matches(['\n', '\r'])));
        }
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let start = failure::excerpt(&self.secrets, text.trim());
            self.error(
                ErrorClass::Protocol,
                &format!("its output is not JSON ({error}): {start}"),
            )
        })?;
        self.settings
            .pointers
            .response(ID, &value)
            .map_err(|mut error| {
                error.message = self.secrets.hide(&error.message);
                error
            })
    }
}

/// The request as a program gets it.
fn json_input(request: &ChatRequest) -> Value {
    let mut value = request_value(request);
    value["input"] = json!(request.last_user().unwrap_or_default());
    value
}

/// The end of a text, from a line's beginning where there is one.
fn last_lines(text: &str) -> &str {
    const SHOWN: usize = 400;
    let text = text.trim();
    let mut start = text.len().saturating_sub(SHOWN);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    match (start, text[start..].find('\n')) {
        (1.., Some(end)) => text[start + end..].trim_start(),
        _ => &text[start..],
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Arguments and environment may hold secrets.
        f.debug_struct("Command")
            .field("program", &self.program.name)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

impl ChatModel for Command {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(self.answer(request, call))
    }
}
