//! Requests for what knows only text: a program, an endpoint of any kind.
//!
//! Tools and wanted forms of the answer become words in the messages (see
//! [`prompt_tools`](super::prompt_tools)); calls of tools are read out of the text of the answer.

use botsmith_core::chat::{
    ChatRequest, ChatResponse, FinishReason, OutputFormat, Role, ToolChoice,
};

use super::prompt_tools;

/// The request in messages alone.
pub(super) fn request(request: &ChatRequest) -> ChatRequest {
    let spoken = |message: &botsmith_core::chat::Message| {
        message.role == Role::Tool || !message.tool_calls.is_empty()
    };
    let mut plain = match request.tools.is_empty() && !request.messages.iter().any(spoken) {
        true => request.clone(),
        false => prompt_tools::wrap(request),
    };
    match &request.output {
        OutputFormat::Text => {}
        OutputFormat::Json => {
            prompt_tools::say(
                &mut plain,
                "Give your answer as nothing but one JSON value.",
            );
        }
        OutputFormat::JsonSchema { schema, .. } => prompt_tools::say(
            &mut plain,
            &format!(
                "Give your answer as nothing but one JSON value that fits this JSON Schema:\n{schema}"
            ),
        ),
    }
    plain.output = OutputFormat::Text;
    plain
}

/// Whether an answer to the request may ask for tools.
pub(super) fn offers_tools(request: &ChatRequest) -> bool {
    !request.tools.is_empty() && request.tool_choice != ToolChoice::None
}

/// Reads calls of tools out of the text, if tools were on offer.
pub(super) fn response(request: &ChatRequest, response: &mut ChatResponse) {
    if offers_tools(request)
        && let Some(calls) = prompt_tools::parse(&response.text, request.messages.len())
    {
        response.text.clear();
        response.tool_calls = calls;
        response.finish = FinishReason::ToolCalls;
    }
}
