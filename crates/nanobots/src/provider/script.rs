//! Provider `script`: made-up answers from a table of patterns, for demonstrations and tests.
//!
//! A request in, the answer of the first row that fits out: text, JSON, calls of tools, a refusal, or
//! a failure of any class, whole or in pieces. Needs no model, no network and no key, uses no
//! chance, and is plain about what it is: [`ModelInfo::scripted`], and provider `script` on every
//! answer. Heeds no sampling setting and holds itself to no schema: it says what is written.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use botsmith_core::chat::{Call, ChatModel, ChatRequest, Message};
//! use botsmith_nanobots::provider::ScriptModel;
//! let model = ScriptModel::from_settings(&serde_json::json!({
//!     "answers": [{"when": "/my name is (?<name>\\w+)/i", "say": "Hello, {{ match.name }}!"}],
//!     "otherwise": "What is your name?",
//! })).unwrap();
//! let request = ChatRequest::new(vec![Message::user("My name is Ada.")]);
//! let answer = model.chat(&request, &Call::default()).await.unwrap();
//! assert_eq!((answer.text.as_str(), answer.provider.as_str()), ("Hello, Ada!", "script"));
//! # });
//! ```

mod table;
mod when;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use botsmith_core::chat::{
    BoxFuture, Call, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, ErrorClass,
    FinishReason, ModelError, ModelInfo, ToolCall, ToolCallDelta,
};
use minijinja::Value as Known;
use minijinja::value::Serde;
use serde_json::{Value, json};

pub use table::Script;
use table::{Cut, Failing, Said};
use when::Groups;

use super::ProviderConfig;
use super::bounds::Bounds;
use super::pieces::{Out, pieces, words};

const ID: &str = "script";

/// A model that answers from a script.
#[derive(Debug)]
pub struct ScriptModel {
    info: ModelInfo,
    script: Script,
    /// How often each row has answered.
    used: Vec<AtomicUsize>,
}

/// An answer that is made, before it is given.
struct Made<'a> {
    said: &'a Said,
    response: ChatResponse,
}

impl ScriptModel {
    /// A model of this script.
    pub fn new(script: Script) -> Self {
        let mut info = ModelInfo::new(ID, script.model.clone());
        info.revision = Some(script.revision.clone());
        info.streams = true;
        info.tools = true;
        info.json_schema = true;
        info.consecutive_user = true;
        // A row that wears out makes the next answer to the same request another one.
        info.deterministic = script.rules.iter().all(|rule| rule.times.is_none());
        info.scripted = true;
        let used = script.rules.iter().map(|_| AtomicUsize::new(0)).collect();
        Self { info, script, used }
    }

    /// A model of the script in `provider.settings`.
    ///
    /// # Errors
    /// What [`Script::read`] says, with the field's path.
    pub fn from_settings(settings: &Value) -> botsmith_core::Result<Self> {
        super::own_settings::read("provider.settings", settings, Script::read).map(Self::new)
    }

    /// The model of a configuration.
    pub(super) fn open(config: &ProviderConfig) -> Result<Self, ModelError> {
        super::own_settings::of(config, Script::read).map(Self::new)
    }

    /// The answer of the first row that fits.
    fn make(&self, request: &ChatRequest) -> Result<Made<'_>, ModelError> {
        let (said, groups) = self.choose(request)?;
        let known = known(request, groups);
        let templates = &self.script.templates;
        let fill = |tree: &Value| {
            let filled = templates.tree(tree, &known);
            filled.map_err(|error| {
                ModelError::new(
                    ErrorClass::Request,
                    ID,
                    format!("the script's answer: {error}"),
                )
                .hint("known are `input`, `match`, `turn`, `system`, `tool` and `messages`")
            })
        };
        let text = |tree: &Option<Value>| match tree {
            None => Ok(None),
            Some(tree) => Ok(Some(match fill(tree)? {
                Value::String(text) => text,
                tree => tree.to_string(),
            })),
        };
        let mut response = ChatResponse::text(text(&said.say)?.unwrap_or_default());
        response.reasoning = text(&said.reasoning)?;
        response.refusal = text(&said.refuse)?;
        for (at, wish) in said.calls.iter().enumerate() {
            response.tool_calls.push(ToolCall {
                // The same request gets the same ids; no two of a conversation are the same.
                id: format!("call-{}-{}", request.messages.len(), at + 1),
                name: wish.tool.clone(),
                arguments: fill(&wish.arguments)?.to_string(),
            });
        }
        response.finish = said.finish.unwrap_or(match () {
            () if response.refusal.is_some() => FinishReason::ContentFilter,
            () if !response.tool_calls.is_empty() => FinishReason::ToolCalls,
            () => FinishReason::Stop,
        });
        response.usage = said.usage;
        response.provider = ID.into();
        response.model.clone_from(&self.script.model);
        Ok(Made { said, response })
    }

    fn choose(&self, request: &ChatRequest) -> Result<(&Said, Groups), ModelError> {
        for (rule, used) in self.script.rules.iter().zip(&self.used) {
            let Some(groups) = rule.when.fits(request) else {
                continue;
            };
            let take = |used| (rule.times.is_none_or(|times| used < times)).then_some(used + 1);
            if used
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_ok()
            {
                return Ok((&rule.said, groups));
            }
        }
        if let Some(said) = &self.script.otherwise {
            return Ok((said, Groups::new()));
        }
        let end = match when::last_result(request) {
            Some(result) => format!(
                "the result of tool `{}`",
                result.name.as_deref().unwrap_or_default()
            ),
            None => format!(
                "`{}`",
                botsmith_core::hint::shown(&request.last_user().unwrap_or_default())
            ),
        };
        let message = format!("no answer of the script fits {end}");
        Err(ModelError::new(ErrorClass::Request, ID, message)
            .hint("add a row to `answers`, or give the script `otherwise`"))
    }

    /// Waits as the script says, then gives the answer, or fails as it says.
    async fn answer(
        &self,
        request: &ChatRequest,
        call: &Call,
        out: Option<&Out>,
    ) -> Result<ChatResponse, ModelError> {
        let bounds = Bounds::of(call);
        let Made { said, response } = self.make(request)?;
        bounds
            .sleep(ID, said.delay.unwrap_or(self.script.delay))
            .await?;
        if bounds.over() {
            bounds.run(ID, std::future::pending::<()>()).await?;
        }
        let text = self.cut(&response.text);
        let fail = said.fail.as_ref();
        let shown = fail.map_or(text.len(), |fail| fail.after.min(text.len()));
        if let Some(out) = out {
            if let Some(thought) = response.reasoning.clone().filter(|_| fail.is_none()) {
                out.send(ChatEvent::Reasoning(thought)).await;
            }
            for (at, piece) in text[..shown].iter().enumerate() {
                if at > 0 {
                    bounds
                        .sleep(ID, self.script.pace)
                        .await
                        .map_err(ModelError::began)?;
                }
                out.send(ChatEvent::Text((*piece).to_owned())).await;
            }
        }
        if let Some(fail) = fail {
            let error = fail.error();
            return Err(match shown > 0 {
                true => error.began(),
                false => error,
            });
        }
        if let Some(out) = out {
            for (index, call) in response.tool_calls.iter().enumerate() {
                out.send(ChatEvent::ToolCall(ToolCallDelta {
                    index,
                    id: Some(call.id.clone()),
                    name: Some(call.name.clone()),
                    arguments: call.arguments.clone(),
                }))
                .await;
            }
        }
        Ok(response)
    }

    fn cut<'t>(&self, text: &'t str) -> Vec<&'t str> {
        match self.script.pieces {
            Cut::Words => words(text),
            Cut::Characters => text.split("").filter(|piece| !piece.is_empty()).collect(),
            Cut::Whole => Some(text)
                .filter(|text| !text.is_empty())
                .into_iter()
                .collect(),
        }
    }
}

impl Failing {
    fn error(&self) -> ModelError {
        let message = match &self.message {
            Some(message) => message.clone(),
            None => format!("the script fails here with `{}`", self.class),
        };
        let error = ModelError::new(self.class, ID, message).retry_after(self.retry_after);
        match self.status {
            Some(status) => error.status(status),
            None => error,
        }
    }
}

/// What templates of an answer know.
fn known(request: &ChatRequest, groups: Groups) -> Known {
    let result = when::last_result(request);
    let tool = result.map(|message| {
        let text = message.content.text();
        let json = serde_json::from_str::<Value>(&text).ok();
        json!({"name": message.name, "json": json, "result": text})
    });
    let messages = request.messages.iter();
    let messages: Vec<_> = messages
        .map(|message| json!({"role": message.role, "content": message.content.text()}))
        .collect();
    Known::from(BTreeMap::from([
        ("input", request.last_user().unwrap_or_default().into()),
        ("match", Known::from(groups)),
        ("turn", when::turns(request).into()),
        ("system", when::system(request).into()),
        ("tool", Serde(tool).into()),
        ("messages", Serde(messages).into()),
    ]))
}

impl ChatModel for ScriptModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<ChatResponse, ModelError>> {
        Box::pin(self.answer(request, call, None))
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest, call: &'a Call) -> ChatStream<'a> {
        pieces(move |out| async move { self.answer(request, call, Some(&out)).await })
    }
}
