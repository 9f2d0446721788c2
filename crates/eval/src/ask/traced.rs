//! Questions as spans of the crate `tracing`, with the names that OpenTelemetry's conventions for generative AI give
//! to agents that are invoked (<https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/>).
//!
//! In: whom is asked. Out: a span, and what is known once the answer is there. No question, no answer and no secret
//! is in it.

use botsmith_core::chat::Usage;
use tracing::{Span, field, info_span};

use crate::{Answer, Outcome};

/// The span of all questions that a process puts for a suite.
pub(crate) fn suite(name: &str, run: &str) -> Span {
    info_span!(
        "evaluate",
        otel.name = %format_args!("evaluate {name}"),
        otel.kind = "internal",
        botsmith.suite = name,
        botsmith.run = run,
    )
}

/// The span of one question to a bot or a judge.
pub(crate) fn span(name: &str) -> Span {
    info_span!(
        "invoke_agent",
        otel.name = %format_args!("invoke_agent {name}"),
        otel.kind = "client",
        otel.status_code = field::Empty,
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.name = name,
        gen_ai.provider.name = field::Empty,
        gen_ai.request.model = field::Empty,
        gen_ai.usage.input_tokens = field::Empty,
        gen_ai.usage.output_tokens = field::Empty,
        "error.type" = field::Empty,
    )
}

/// Who answered, with which model; or that nobody did.
pub(crate) fn tell(span: &Span, answer: &Answer) {
    let asked = answer.asked.as_deref();
    if let Some(asked) = asked {
        answered(span, &asked.provider, &asked.model, asked.usage.as_ref());
    }
    if answer.outcome == Outcome::Failed {
        let class = asked.and_then(|asked| asked.class);
        failed(span, class.map(botsmith_core::chat::ErrorClass::as_str));
    }
}

/// The provider and the model that answered.
pub(crate) fn answered(span: &Span, provider: &str, model: &str, usage: Option<&Usage>) {
    span.record("gen_ai.provider.name", provider);
    span.record("gen_ai.request.model", model);
    if let Some(usage) = usage {
        span.record("gen_ai.usage.input_tokens", usage.input_tokens);
        span.record("gen_ai.usage.output_tokens", usage.output_tokens);
    }
}

/// That nobody answered, and why; `_OTHER` is the convention's word for what has no class.
pub(crate) fn failed(span: &Span, class: Option<&str>) {
    span.record("error.type", class.unwrap_or("_OTHER"));
    span.record("otel.status_code", "ERROR");
}
