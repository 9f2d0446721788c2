//! Provider `script`: a table of requests and what a script says to them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use botsmith_core::chat::{
    Call, CancelToken, ChatEvent, ChatModel, ChatRequest, ErrorClass, FinishReason, Message,
    OutputFormat, ToolCall, ToolSpec, Usage,
};
use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_nanobots::provider::{Script, ScriptModel};
use futures_util::StreamExt;
use serde_json::json;

const SCRIPT: &str = r#"
model: demo
answers:
  - when: "/my name is (?<name>\\w+)/i"
    say: "Hello, {{ match.name }}! You said {{ match[0] | length }} characters."
  - {when: {input: weather, turn: 2}, say: Again the weather?}
  - when: weather
    calls: [{tool: forecast, arguments: {place: "{{ input }}", days: "{{ turn + 1 }}"}}]
    say: Let me look.
    reasoning: A tool knows this.
    usage: {input: 10, output: 3}
  - {when: {tool: forecast, result: '/"sky": *"(\w+)"/'}, say: "It will be {{ match[1] }}, {{ tool.json.degrees + 1 }} degrees."}
  - {when: {tool: forecast}, say: "The tool said: {{ tool.result }}"}
  - {when: {output: json-schema}, say: {verdict: "yes", score: 0.5, about: "{{ input }}"}}
  - {when: {system: pirate, input: hello}, say: Ahoy!}
  - {when: {offers: adder, input: sum}, calls: {tool: adder}}
  - {when: secret, refuse: I will not.}
  - {when: crowd, times: 2, fail: {class: rate-limit, retry-after: 3s, status: 429, message: too many}}
  - {when: crowd, say: At last.}
  - {when: broken, say: one two three, fail: {class: network, after: 2}}
  - {when: long, say: cut, finish: length}
otherwise: "I know nothing of that. Turn {{ turn }}."
"#;

fn model(text: &str) -> ScriptModel {
    let source = Source::new("script.yaml", text);
    let node = parse(&source).unwrap();
    ScriptModel::new(Script::read(&Cursor::new(&source, &node)).unwrap())
}

fn user(text: &str) -> ChatRequest {
    ChatRequest::new(vec![Message::user(text)])
}

fn after_tool(result: &str) -> ChatRequest {
    let mut asked = Message::assistant("");
    asked.tool_calls.push(ToolCall {
        id: "1".into(),
        name: "forecast".into(),
        arguments: "{}".into(),
    });
    ChatRequest::new(vec![
        Message::user("weather"),
        asked,
        Message::tool("1", "forecast", result),
    ])
}

#[tokio::test]
async fn the_first_row_that_fits_answers_and_says_that_it_is_a_script() {
    let second_turn = ChatRequest::new(vec![
        Message::user("hm"),
        Message::assistant("hm?"),
        Message::backdrop("not a turn"),
        Message::user("The WEATHER please"),
    ]);
    let pirate = ChatRequest::new(vec![
        Message::system("You are a pirate."),
        Message::user("hello"),
    ]);
    let mut schema = user("judge this");
    schema.output = OutputFormat::JsonSchema {
        name: "verdict".into(),
        schema: json!({"type": "object"}),
    };
    let cases = [
        (
            user("So MY NAME is Ada."),
            "Hello, Ada! You said 14 characters.",
        ),
        (second_turn, "Again the weather?"),
        (
            after_tool(r#"{"sky": "blue", "degrees": 20}"#),
            "It will be blue, 21 degrees.",
        ),
        (after_tool("nothing"), "The tool said: nothing"),
        (
            schema,
            r#"{"verdict":"yes","score":0.5,"about":"judge this"}"#,
        ),
        (pirate, "Ahoy!"),
        (user("hello"), "I know nothing of that. Turn 1."),
        (user("sum"), "I know nothing of that. Turn 1."),
    ];
    let model = model(SCRIPT);
    assert!(model.info().scripted);
    for (request, wanted) in cases {
        let answer = model.chat(&request, &Call::default()).await.unwrap();
        assert_eq!(answer.text, wanted);
        assert_eq!(
            (answer.provider.as_str(), answer.model.as_str()),
            ("script", "demo")
        );
        assert_eq!(
            answer,
            model.chat(&request, &Call::default()).await.unwrap()
        );
    }
}

#[tokio::test]
async fn tools_are_asked_for_with_typed_arguments_and_refusals_are_marked() {
    let model = model(SCRIPT);
    let answer = model
        .chat(&user("weather"), &Call::default())
        .await
        .unwrap();
    assert_eq!(answer.finish, FinishReason::ToolCalls);
    assert_eq!(answer.tool_calls[0].name, "forecast");
    assert_eq!(
        answer.tool_calls[0].parsed().unwrap(),
        json!({"place": "weather", "days": 2})
    );
    assert_eq!(answer.reasoning.as_deref(), Some("A tool knows this."));
    let usage = Usage {
        input_tokens: 10,
        output_tokens: 3,
        cached_tokens: 0,
    };
    assert_eq!(answer.usage, Some(usage));

    let mut offered = user("the sum");
    offered.tools.push(ToolSpec {
        name: "adder".into(),
        description: None,
        parameters: json!({}),
    });
    let answer = model.chat(&offered, &Call::default()).await.unwrap();
    assert_eq!(answer.tool_calls[0].arguments, "{}");

    let answer = model.chat(&user("secret"), &Call::default()).await.unwrap();
    assert_eq!(answer.refusal.as_deref(), Some("I will not."));
    assert_eq!(answer.finish, FinishReason::ContentFilter);
}

#[tokio::test]
async fn a_row_wears_out_after_its_times_and_failures_carry_what_is_written() {
    let model = model(SCRIPT);
    assert!(!model.info().deterministic);
    for _ in 0..2 {
        let error = model
            .chat(&user("crowd"), &Call::default())
            .await
            .unwrap_err();
        assert_eq!(error.class, ErrorClass::RateLimit);
        assert_eq!(error.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(
            (error.status, error.message.as_str()),
            (Some(429), "too many")
        );
    }
    let answer = model.chat(&user("crowd"), &Call::default()).await.unwrap();
    assert_eq!(answer.text, "At last.");
    let answer = model.chat(&user("long"), &Call::default()).await.unwrap();
    assert_eq!(answer.finish, FinishReason::Length);
    for (word, class) in ErrorClass::WORDS {
        let failing = ScriptModel::from_settings(&json!({"otherwise": {"fail": word}})).unwrap();
        let error = failing
            .chat(&user("x"), &Call::default())
            .await
            .unwrap_err();
        assert_eq!((error.class, error.began), (class, false));
    }
}

#[tokio::test]
async fn a_stream_comes_in_words_and_can_break_in_the_middle() {
    let model = model(SCRIPT);
    let request = user("weather");
    let call = Call::default();
    let events: Vec<_> = model.stream(&request, &call).collect().await;
    let texts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Ok(ChatEvent::Text(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["Let ", "me ", "look."]);
    assert!(events.iter().any(|event| matches!(event, Ok(ChatEvent::ToolCall(call)) if call.name.as_deref() == Some("forecast"))));
    let whole = model.chat(&request, &call).await.unwrap();
    assert!(matches!(events.last(), Some(Ok(ChatEvent::Done(done))) if **done == whole));

    let request = user("broken");
    let mut events: Vec<_> = model.stream(&request, &call).collect().await;
    let error = events.pop().unwrap().unwrap_err();
    assert!(error.began && error.class == ErrorClass::Network);
    assert_eq!(events.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_ends_with_the_deadline_or_the_cancel_token() {
    let slow = ScriptModel::from_settings(&json!({"otherwise": "a b c", "delay": "1h"})).unwrap();
    let request = user("x");
    let error = slow
        .chat(&request, &Call::within(Duration::from_secs(5)))
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);

    let token = CancelToken::new();
    let call = Call::default().cancelled_by(token.clone());
    let (answer, ()) = tokio::join!(slow.chat(&request, &call), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        token.cancel();
    });
    assert_eq!(answer.unwrap_err().class, ErrorClass::Cancelled);

    let paced = json!({"otherwise": "a b c", "pace": "10s", "pieces": "characters"});
    let paced = ScriptModel::from_settings(&paced).unwrap();
    let start = tokio::time::Instant::now();
    let call = Call::default();
    assert_eq!(
        paced
            .stream(&request, &call)
            .collect::<Vec<_>>()
            .await
            .len(),
        6
    );
    assert_eq!(start.elapsed(), Duration::from_secs(40));
}

#[test]
fn a_wrong_script_is_told_by_field_found_and_wanted() {
    let cases = [
        (json!({}), "a script without answers"),
        (
            json!({"answers": [{"when": "a", "sya": "b"}]}),
            "did you mean `say`?",
        ),
        (
            json!({"answers": [{"when": "a"}]}),
            "give it `say`, `calls`, `refuse` or `fail`",
        ),
        (
            json!({"answers": [{"when": "/(/", "say": "b"}]}),
            "`answers[0].when`",
        ),
        (
            json!({"answers": [{"when": "/a/q", "say": "b"}]}),
            "`q` is no flag",
        ),
        (json!({"answers": [{"say": ["{{ b"]}]}), "`[0]`"),
        (
            json!({"answers": [{"say": "a", "fail": "rate-limt"}]}),
            "did you mean `rate-limit`?",
        ),
        (
            json!({"answers": [{"when": {"toool": "a"}, "say": "b"}]}),
            "did you mean `tool`?",
        ),
        (
            json!({"otherwise": "a", "delay": "soon"}),
            "a duration like",
        ),
    ];
    for (settings, wanted) in cases {
        let error = ScriptModel::from_settings(&settings)
            .unwrap_err()
            .to_string();
        assert!(error.contains(wanted), "{settings}: {error}");
        assert!(error.contains("provider.settings"), "{error}");
    }
}

#[tokio::test]
async fn what_no_row_fits_and_what_a_template_lacks_are_errors_that_say_what_to_do() {
    let call = Call::default();
    let narrow =
        ScriptModel::from_settings(&json!({"answers": [{"when": "a", "say": "{{ who }}"}]}))
            .unwrap();
    let error = narrow
        .chat(&user("zzz"), &call)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no answer of the script fits `zzz`; add a row"),
        "{error}"
    );
    let error = narrow
        .chat(&user("a"), &call)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("known are `input`"), "{error}");
}
