//! Answers of `generateContent`, whole and in events.
//!
//! JSON -> texts, thoughts, calls, counts, and why it ended; a request or an answer that Google
//! blocked is a refusal. Both services answer alike.

use botsmith_core::chat::{ErrorClass, FinishReason, ModelError, TokenLogprob};
use serde_json::Value;

use super::super::assembly::Assembly;
use super::super::openai;

/// Reads a whole answer.
pub(in super::super) fn whole(value: &Value, into: &mut Assembly) -> Result<(), ModelError> {
    // Asked for a stream without events, the service gives a list of answers.
    let all = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if !all.iter().any(|value| {
        value.get("candidates").is_some() || value.pointer("/promptFeedback/blockReason").is_some()
    }) {
        return Err(ModelError::new(
            ErrorClass::Protocol,
            "google",
            "the answer has no `candidates`",
        ));
    }
    for value in all {
        piece(value, into);
    }
    into.ended = true;
    Ok(())
}

/// Reads an event of a stream.
pub(in super::super) fn piece(value: &Value, into: &mut Assembly) {
    into.model(value.get("modelVersion"));
    if let Some(reason) = value.pointer("/promptFeedback/blockReason") {
        into.refuse(&format!(
            "the request was blocked: {}",
            reason.as_str().unwrap_or("no reason is given")
        ));
        into.finish(FinishReason::ContentFilter);
    }
    if let Some(candidate) = value.pointer("/candidates/0") {
        let parts = candidate.pointer("/content/parts").unwrap_or(&Value::Null);
        let parts = match parts {
            Value::Array(list) => list.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        for part in parts {
            if let Some(text) = part.get("text").and_then(Value::as_str) {
                match part.get("thought") == Some(&Value::Bool(true)) {
                    true => into.reasoning(text),
                    false => into.text(text),
                }
            }
            if let Some(call) = part.get("functionCall") {
                let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
                let id = call.get("id").and_then(Value::as_str);
                into.call(id, name, call.get("args").unwrap_or(&Value::Null));
            }
        }
        logprobs(candidate, into);
        if let Some(reason) = candidate.get("finishReason").and_then(Value::as_str) {
            finish(reason, candidate, into);
        }
    }
    if let Some(found) = value.get("usageMetadata") {
        let count = |key| found.get(key).and_then(Value::as_u64).unwrap_or(0);
        let usage = into.usage();
        usage.input_tokens = count("promptTokenCount");
        usage.output_tokens = count("candidatesTokenCount") + count("thoughtsTokenCount");
        usage.cached_tokens = count("cachedContentTokenCount");
    }
}

fn finish(reason: &str, candidate: &Value, into: &mut Assembly) {
    let finish = match reason {
        "FINISH_REASON_UNSPECIFIED" => return,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "LANGUAGE"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    };
    if finish == FinishReason::ContentFilter {
        let why = candidate.get("finishMessage").and_then(Value::as_str);
        into.refuse(&format!(
            "the answer was stopped: {}",
            why.unwrap_or(reason)
        ));
    }
    into.finish(finish);
}

fn logprobs(candidate: &Value, into: &mut Assembly) {
    let Some(found) = candidate.get("logprobsResult") else {
        return;
    };
    let pair = |token: &Value| {
        let text = token.get("token")?.as_str()?.to_owned();
        Some((text, token.get("logProbability")?.as_f64()?))
    };
    let top = openai::list(found, "topCandidates");
    for (at, chosen) in openai::list(found, "chosenCandidates").iter().enumerate() {
        if let Some((token, logprob)) = pair(chosen) {
            let top = top
                .get(at)
                .map_or(&[][..], |top| openai::list(top, "candidates"));
            into.logprob(TokenLogprob {
                token,
                logprob,
                top: top.iter().filter_map(pair).collect(),
            });
        }
    }
}
