//! Chats: template, settings, usage, thought, tools.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use botsmith_core::chat::{
    Call, ChatEvent, ChatModel, ChatRequest, ErrorClass, FinishReason, Message, OutputFormat,
    ToolChoice, ToolSpec, collect,
};
use botsmith_core::engine::{ChatStart, Grammar};
use serde_json::json;

use crate::models::load;

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn request() -> ChatRequest {
    let mut request = ChatRequest::new(vec![Message::user("Hello!")]);
    request.sampling.max_tokens = Some(20);
    request.sampling.temperature = Some(0.9);
    request.sampling.seed = Some(3);
    request
}

#[test]
fn a_chat_is_answered_with_usage_and_the_same_seed_gives_the_same_answer() {
    let model = load("qwen3");
    let mut asked = request();
    asked.sampling.top_logprobs = Some(2);
    let first = block_on(model.chat(&asked, &Call::default())).unwrap();
    let text = model.chat_text(&asked).unwrap();
    assert_eq!(
        text,
        "<|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n"
    );
    let usage = first.usage.unwrap();
    assert_eq!(
        usage.input_tokens as usize,
        model.tokenizer().encode(&text, false).unwrap().len()
    );
    assert_eq!(usage.output_tokens as usize, first.logprobs.len());
    assert!(
        first
            .logprobs
            .iter()
            .all(|one| one.top.len() == 2 && one.logprob <= 0.0)
    );
    assert_eq!(first.provider, "local");
    let again = block_on(model.chat(&asked, &Call::default())).unwrap();
    assert_eq!(again.text, first.text);
    asked.native = json!({"options": {"seed": 4}}).as_object().unwrap().clone();
    assert_ne!(
        block_on(model.chat(&asked, &Call::default())).unwrap().text,
        first.text
    );
}

#[test]
fn the_pieces_of_a_stream_are_its_text() {
    let model = load("gemma2");
    let asked = request();
    let call = Call::default();
    let mut stream = model.stream(&asked, &call);
    let mut all = String::new();
    block_on(async {
        while let Some(event) =
            std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await
        {
            match event.unwrap() {
                ChatEvent::Text(text) => all.push_str(&text),
                ChatEvent::Done(response) => assert_eq!(response.text, all),
                _ => {}
            }
        }
    });
    assert!(!all.is_empty());
}

#[test]
fn a_demanded_tool_is_called_with_arguments_of_its_schema() {
    let model = load("qwen2");
    assert!(model.info().tools);
    let mut asked = request();
    asked.sampling.max_tokens = Some(120);
    let tool = |name: &str| ToolSpec {
        name: name.into(),
        description: None,
        parameters: json!({
            "type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}},
            "required": ["n"], "additionalProperties": false,
        }),
    };
    asked.tools = vec![tool("add"), tool("take")];
    asked.tool_choice = ToolChoice::Named("take".into());
    let response = block_on(model.chat(&asked, &Call::default())).unwrap();
    // A random model may fill the call with blanks until its tokens are used up.
    match response.finish {
        FinishReason::ToolCalls => {
            assert_eq!(response.tool_calls[0].name, "take");
            assert!(response.tool_calls[0].parsed().unwrap()["n"].is_u64());
        }
        _ => assert!(response.text.starts_with("<tool_call>\n{"), "{response:?}"),
    }
    asked.tool_choice = ToolChoice::Named("other".into());
    let error = block_on(model.chat(&asked, &Call::default())).unwrap_err();
    assert_eq!(error.class, ErrorClass::Request);
    // Either a call or an answer of the schema.
    asked.tool_choice = ToolChoice::Auto;
    asked.output = OutputFormat::JsonSchema {
        name: "a".into(),
        schema: json!({"enum": ["x"]}),
    };
    for seed in 0..4 {
        asked.sampling.seed = Some(seed);
        let response = block_on(model.chat(&asked, &Call::default())).unwrap();
        assert!(
            response.text.trim() == "\"x\""
                || !response.tool_calls.is_empty()
                || response.text.starts_with("<tool_call>"),
            "{response:?}"
        );
    }
}

#[test]
fn a_grammar_of_the_callers_own_holds_a_chat() {
    let model = load("qwen2");
    let mut asked = request();
    let mut start = ChatStart::default();
    start.grammar = Some(Grammar::Regex("(yes|no)!".into()));
    for seed in 0..4 {
        asked.sampling.seed = Some(seed);
        let stream = model.begin_chat_with(&asked, start.clone(), &Call::default());
        let response = block_on(collect(stream.unwrap())).unwrap();
        assert!(["yes!", "no!"].contains(&response.text.as_str()));
    }
    let refused = |asked: &ChatRequest| {
        let error = model.begin_chat_with(asked, start.clone(), &Call::default());
        error.err().expect("it excludes itself").to_string()
    };
    asked.output = OutputFormat::Json;
    assert!(refused(&asked).contains("by a schema and by a grammar"));
    asked.output = OutputFormat::Text;
    asked.tools = vec![ToolSpec {
        name: "take".into(),
        description: None,
        parameters: json!({"type": "object"}),
    }];
    assert!(refused(&asked).contains("no place for calls of tools"));
    asked.tool_choice = ToolChoice::None;
    block_on(collect(
        model
            .begin_chat_with(&asked, start.clone(), &Call::default())
            .unwrap(),
    ))
    .unwrap();
}

#[test]
fn a_prompt_as_it_stands_has_no_template_around_it() {
    let model = load("llama3");
    let mut asked = request();
    let mut start = ChatStart::default();
    start.raw = true;
    let whole = |asked: &ChatRequest| {
        let stream = model.begin_chat_with(asked, start.clone(), &Call::default())?;
        Ok::<_, botsmith_core::engine::EngineError>(block_on(collect(stream)).unwrap())
    };
    let raw = whole(&asked).unwrap();
    assert_eq!(
        raw.usage.unwrap().input_tokens as usize,
        model.tokenizer().encode("Hello!", true).unwrap().len()
    );
    let written = block_on(model.chat(&asked, &Call::default())).unwrap();
    assert_ne!(written.usage, raw.usage);
    // A thought is looked for where a template was written.
    asked.messages = vec![Message::user("<think>")];
    assert_eq!(whole(&asked).unwrap().reasoning, None);
    asked.messages.push(Message::user("again"));
    let error = whole(&asked).unwrap_err().to_string();
    assert!(error.contains("one text, 2 messages"), "{error}");
}

#[test]
fn what_cannot_be_met_is_an_error_of_the_request() {
    let model = load("llama2");
    let mut asked = request();
    asked.native = json!({"temprature": 1}).as_object().unwrap().clone();
    let error = block_on(model.chat(&asked, &Call::default())).unwrap_err();
    assert_eq!(error.class, ErrorClass::Request);
    let mut asked = request();
    asked.messages = vec![Message::user("long ".repeat(300))];
    let error = block_on(model.chat(&asked, &Call::default())).unwrap_err();
    assert_eq!(error.class, ErrorClass::ContextTooLong);
}
