//! One case put to one bot: its turns in order, each answer kept.

use std::time::{Duration, Instant};

use botsmith_core::chat::{
    Call, Content, ErrorClass, FinishReason, Message as Said, ModelError, Role, ToolCall,
};
use botsmith_nanobots::{Bot, Error as BotError, Turn};
use serde_json::{Map, Value};

use super::Asked;
use crate::template::Template;
use crate::{Answer, Case, Error, Message, Outcome, Result};

/// How a case is put to a bot.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Ask {
    /// What is said in place of each user's turn; `{{ input }}` is the turn. Without it, the turn
    /// as it is.
    pub prompt: Option<Template>,
    /// Names for the prompt beside the case's fields.
    pub variables: Map<String, Value>,
    /// Time for all turns together; `None`: as long as it takes.
    pub timeout: Option<Duration>,
}

impl Ask {
    /// Asks `bot` for its answer to `case`: each user's turn that no given answer follows, in
    /// order. The last answer is the one that counts; latency, tokens and cost are those of all.
    ///
    /// # Errors
    /// If the prompt fails on the case, or its messages are none. A bot that does not answer is no
    /// error but an [`Answer`] that failed.
    pub async fn answer(&self, bot: &Bot, case: &Case, call: &Call) -> Result<Answer> {
        let turns = self.turns(case)?;
        let mut call = call.clone();
        if let Some(timeout) = self.timeout {
            call = call.at_most(timeout);
        }
        let mut answer = Answer::default();
        let mut asked = Asked {
            provider: bot.model().info().provider.clone(),
            model: bot.model().info().model.clone(),
            scripted: bot.model().info().scripted,
            ..Asked::default()
        };
        let mut latency = 0.0;
        for turn in turns {
            match turn {
                Step::Given(message) => asked.transcript.push(message),
                Step::Question(message) => {
                    asked.transcript.push(message);
                    let started = Instant::now();
                    match within(bot.ask(&asked.transcript, &call), &call).await {
                        Ok(turn) => {
                            latency += turn.seconds.max(0.0);
                            add(&mut answer, &mut asked, turn);
                        }
                        Err(error) => {
                            latency += started.elapsed().as_secs_f64();
                            fail(&mut answer, &mut asked, &error);
                        }
                    }
                    if answer.outcome != Outcome::Answered {
                        break;
                    }
                }
            }
        }
        answer.latency = Some(latency);
        answer.asked = Some(Box::new(asked));
        Ok(answer)
    }

    /// The conversation as steps; the last one is a question.
    fn turns(&self, case: &Case) -> Result<Vec<Step>> {
        if case.messages.is_empty() {
            return Ok(vec![Step::Question(Said::user(
                self.words(case, &case.input)?,
            ))]);
        }
        let wrong = |reason: String| Error::Conversation {
            case: case.id.clone(),
            reason,
        };
        let mut steps = Vec::with_capacity(case.messages.len());
        for (i, message) in case.messages.iter().enumerate() {
            let said = said(message).map_err(|what| wrong(format!("message {}: {what}", i + 1)))?;
            let answered = case
                .messages
                .get(i + 1)
                .is_some_and(|next| next.role != "user");
            steps.push(match (said.role, answered) {
                (Role::User, false) => {
                    let words = match &self.prompt {
                        Some(_) => self.words(case, &message.text())?.into(),
                        None => said.content,
                    };
                    Step::Question(Said::user(words))
                }
                _ => Step::Given(said),
            });
        }
        match steps.last() {
            Some(Step::Question(_)) => Ok(steps),
            _ => Err(wrong(
                "the conversation ends with an answer: its last message must be the user's".into(),
            )),
        }
    }

    /// What is said for one turn of the user.
    fn words(&self, case: &Case, input: &str) -> Result<String> {
        let Some(prompt) = &self.prompt else {
            return Ok(input.to_owned());
        };
        let mut more: Vec<(&str, &Value)> = Vec::with_capacity(self.variables.len() + 1);
        more.extend(
            self.variables
                .iter()
                .map(|(name, value)| (name.as_str(), value)),
        );
        let turn = Value::from(input);
        more.push(("input", &turn));
        Ok(prompt.render_with(case, &more)?.into_owned())
    }
}

enum Step {
    /// Part of the conversation as it is.
    Given(Said),
    /// A user's turn that the bot answers.
    Question(Said),
}

/// A model that pays no heed to its deadline is left behind.
pub(crate) async fn within(
    turn: impl Future<Output = Result<Turn, BotError>>,
    call: &Call,
) -> Result<Turn, BotError> {
    let Some(left) = call.left() else {
        return turn.await;
    };
    tokio::time::timeout(left, turn).await.unwrap_or_else(|_| {
        Err(BotError::Model(ModelError::new(
            ErrorClass::Timeout,
            "bot",
            "no answer within the time allowed",
        )))
    })
}

fn add(answer: &mut Answer, asked: &mut Asked, turn: Turn) {
    let response = turn.response;
    let begins_with_question = turn.messages.first().is_some_and(|m| m.role == Role::User);
    match turn.messages.is_empty() {
        true => asked.transcript.push(Said::assistant(turn.text.as_str())),
        // The question stands there already.
        false => asked.transcript.extend(
            turn.messages
                .into_iter()
                .skip(usize::from(begins_with_question)),
        ),
    }
    asked.tools.extend(turn.tools);
    asked.rounds += turn.rounds;
    asked.notes.extend(turn.notes);
    asked.hops.extend(response.hops);
    if let Some(usage) = response.usage {
        *asked.usage.get_or_insert_default() += usage;
    }
    if let Some(cost) = response.cost {
        *answer.cost.get_or_insert(0.0) += cost;
    }
    asked.scripted |= response.provider == "script";
    if !response.provider.is_empty() {
        asked.provider = response.provider;
    }
    if !response.model.is_empty() {
        asked.model = response.model;
    }
    asked.cached = response.cached;
    answer.text = turn.text;
    let withheld = response.finish == FinishReason::ContentFilter;
    if let Some(words) = response.refusal {
        answer.outcome = Outcome::Refused;
        answer.error = Some(words);
    } else if withheld {
        answer.outcome = Outcome::Refused;
        answer.error = Some("the provider withheld the answer".into());
    }
}

fn fail(answer: &mut Answer, asked: &mut Asked, error: &BotError) {
    answer.text.clear();
    answer.outcome = Outcome::Failed;
    if let BotError::Model(model) = error {
        asked.class = Some(model.class);
        if model.class == ErrorClass::Refused {
            answer.outcome = Outcome::Refused;
        }
        if !model.provider.is_empty() && model.provider != "bot" {
            asked.provider.clone_from(&model.provider);
        }
    }
    answer.error = Some(match asked.class {
        Some(class) if class != ErrorClass::Refused => format!("{class}: {error}"),
        _ => error.to_string(),
    });
}

/// A message of a dataset as one for a model.
fn said(message: &Message) -> Result<Said, String> {
    let role = match message.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        other => {
            return Err(format!(
                "role `{other}` is not known; `system`, `user`, `assistant` or `tool` is wanted"
            ));
        }
    };
    let content = match &message.content {
        Value::Null => Content::default(),
        value => serde_json::from_value(value.clone())
            .map_err(|_| "its content is neither text nor a list of parts".to_owned())?,
    };
    let text = |key: &str| message.rest.get(key)?.as_str().map(str::to_owned);
    let calls = message.rest.get("tool_calls").and_then(Value::as_array);
    Ok(Said {
        tool_calls: calls.into_iter().flatten().filter_map(call_of).collect(),
        tool_call_id: text("tool_call_id"),
        name: text("name"),
        ..Said::new(role, content)
    })
}

/// A message of a dataset, as JSON, as one for a model.
pub(crate) fn said_json(value: &Value) -> Result<Said, String> {
    let message: Message =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    said(&message)
}

/// A tool call in `OpenAI`'s shape, or flat.
pub(crate) fn call_of(value: &Value) -> Option<ToolCall> {
    let function = value.get("function").unwrap_or(value);
    let arguments = match function.get("arguments") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let id = value.get("id").and_then(Value::as_str);
    Some(ToolCall {
        id: id.unwrap_or_default().to_owned(),
        name: function.get("name")?.as_str()?.to_owned(),
        arguments,
    })
}
