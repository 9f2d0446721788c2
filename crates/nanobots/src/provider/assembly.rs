//! Puts an answer together from whatever pieces a provider sends.
//!
//! Texts, thoughts, pieces of calls, counts -> one [`ChatResponse`], and on the way the
//! [`ChatEvent`]s of a stream. Knows no wire format: the files of the providers call it.

use botsmith_core::chat::{
    ChatEvent, ChatRequest, ChatResponse, FinishReason, TokenLogprob, ToolCall, ToolCallDelta,
    Usage,
};
use serde_json::Value;

use super::{ProviderConfig, prompt_tools};

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the answer so far"
)]
#[derive(Debug)]
pub(super) struct Assembly {
    response: ChatResponse,
    events: Vec<ChatEvent>,
    /// The provider's number of a call, and ours.
    slots: Vec<(u64, usize)>,
    /// Slots whose arguments are the answer itself.
    answers: Vec<u64>,
    /// Makes ids unique in a conversation where the provider gives none.
    ids: usize,
    /// The tool by which a provider without response formats is held to a schema.
    answer_tool: Option<String>,
    /// Whether calls come as text; see [`prompt_tools`].
    prompted: bool,
    /// Text that is held back because it may turn out to be calls.
    held: bool,
    /// The provider said why it ended.
    pub(super) ended: bool,
    /// Nothing more will come.
    pub(super) complete: bool,
}

impl Assembly {
    pub(super) fn new(config: &ProviderConfig, request: &ChatRequest, prompted: bool) -> Self {
        let model = request.model.as_deref().or(config.model());
        let mut response = ChatResponse::default();
        config.id().clone_into(&mut response.provider);
        model.unwrap_or_default().clone_into(&mut response.model);
        Self {
            response,
            events: Vec::new(),
            slots: Vec::new(),
            answers: Vec::new(),
            ids: request.messages.len(),
            answer_tool: None,
            prompted,
            held: false,
            ended: false,
            complete: false,
        }
    }

    pub(super) fn answer_by_tool(&mut self, name: Option<String>) {
        self.answer_tool = name;
    }

    pub(super) fn model(&mut self, model: Option<&Value>) {
        if let Some(model) = model
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty())
        {
            model.clone_into(&mut self.response.model);
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.response.text.push_str(text);
        if self.prompted {
            match prompt_tools::may_be_calls(&self.response.text) {
                // Only white space so far, or what may be a call.
                None | Some(true) => {
                    self.held = true;
                    return;
                }
                Some(false) if self.held => {
                    self.held = false;
                    let all = self.response.text.clone();
                    self.events.push(ChatEvent::Text(all));
                    return;
                }
                Some(false) => {}
            }
        }
        self.events.push(ChatEvent::Text(text.to_owned()));
    }

    pub(super) fn reasoning(&mut self, text: &str) {
        if !text.is_empty() {
            self.response
                .reasoning
                .get_or_insert_default()
                .push_str(text);
            self.events.push(ChatEvent::Reasoning(text.to_owned()));
        }
    }

    /// A piece of the call with the provider's number `slot`.
    pub(super) fn call_piece(
        &mut self,
        slot: u64,
        id: Option<&str>,
        name: Option<&str>,
        arguments: &str,
    ) {
        if self.answers.contains(&slot) {
            self.text(arguments);
            return;
        }
        let known = self.slots.iter().find(|(number, _)| *number == slot);
        let Some(&(_, index)) = known else {
            self.first_piece(slot, id, name, arguments);
            return;
        };
        let call = &mut self.response.tool_calls[index];
        // Some servers repeat the whole name with every piece.
        if call.name.is_empty()
            && let Some(name) = name
        {
            name.clone_into(&mut call.name);
        }
        call.arguments.push_str(arguments);
        self.events.push(ChatEvent::ToolCall(ToolCallDelta {
            index,
            id: None,
            name: None,
            arguments: arguments.to_owned(),
        }));
    }

    fn first_piece(&mut self, slot: u64, id: Option<&str>, name: Option<&str>, arguments: &str) {
        if name.is_some() && name == self.answer_tool.as_deref() {
            self.answers.push(slot);
            self.text(arguments);
            return;
        }
        let index = self.response.tool_calls.len();
        self.slots.push((slot, index));
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None => format!("call_{}_{index}", self.ids),
        };
        self.response.tool_calls.push(ToolCall {
            id: id.clone(),
            name: name.unwrap_or_default().to_owned(),
            arguments: arguments.to_owned(),
        });
        self.events.push(ChatEvent::ToolCall(ToolCallDelta {
            index,
            id: Some(id),
            name: name.map(str::to_owned),
            arguments: arguments.to_owned(),
        }));
    }

    /// A whole call.
    pub(super) fn call(&mut self, id: Option<&str>, name: &str, arguments: &Value) {
        let slot = (self.slots.len() + self.answers.len()) as u64 + (1 << 32);
        let arguments = match arguments {
            Value::Null => "{}".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.call_piece(slot, id, Some(name), &arguments);
    }

    pub(super) fn finish(&mut self, reason: FinishReason) {
        self.response.finish = reason;
        self.ended = true;
    }

    pub(super) fn refuse(&mut self, why: &str) {
        self.response.refusal.get_or_insert_default().push_str(why);
    }

    pub(super) fn usage(&mut self) -> &mut Usage {
        self.response.usage.get_or_insert_default()
    }

    pub(super) fn logprob(&mut self, token: TokenLogprob) {
        self.response.logprobs.push(token);
    }

    /// Whether any of the answer has come.
    pub(super) fn began(&self) -> bool {
        let response = &self.response;
        !(response.text.is_empty()
            && response.reasoning.is_none()
            && response.tool_calls.is_empty())
    }

    /// The events since the last time.
    pub(super) fn take(&mut self) -> Vec<ChatEvent> {
        std::mem::take(&mut self.events)
    }

    /// The last events, and the whole answer.
    pub(super) fn done(mut self) -> (Vec<ChatEvent>, ChatResponse) {
        if self.prompted {
            if let Some(calls) = prompt_tools::parse(&self.response.text, self.ids) {
                self.response.text.clear();
                for (at, call) in calls.iter().enumerate() {
                    self.call_piece(at as u64, Some(&call.id), Some(&call.name), &call.arguments);
                }
            } else if self.held {
                let text = self.response.text.clone();
                self.events.push(ChatEvent::Text(text));
            }
        }
        let response = &mut self.response;
        match response.finish {
            FinishReason::Stop if !response.tool_calls.is_empty() => {
                response.finish = FinishReason::ToolCalls;
            }
            // The answer itself came as a call.
            FinishReason::ToolCalls if response.tool_calls.is_empty() => {
                response.finish = FinishReason::Stop;
            }
            FinishReason::ContentFilter if response.refusal.is_none() => {
                response.refusal = Some("the provider withheld the answer".into());
            }
            _ => {}
        }
        (self.events, self.response)
    }
}
