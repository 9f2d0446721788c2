//! Tools of cartridges, closures, and what stands around each call.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith_core::chat::{Call, CancelToken, ToolCall, ToolSpec};
use botsmith_nanobots::Error;
use botsmith_nanobots::cartridge::{Cartridge, Profile};
use botsmith_nanobots::sandbox::Limits;
use botsmith_nanobots::tools::{Bounds, FnTool, ToolFailure, Toolbox};
use serde_json::{Value, json};

fn toolbox(cartridge: &Value) -> Toolbox {
    let cartridge = Cartridge::from_value(cartridge, Profile::Native).unwrap();
    Toolbox::from_sources(
        cartridge.tools(),
        true,
        Limits::default(),
        Bounds::default(),
    )
    .unwrap()
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    }
}

fn spec(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: None,
        parameters: json!({
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
            "required": ["city"],
            "additionalProperties": false
        }),
    }
}

#[test]
fn calls_find_their_tools_by_slug() {
    let toolbox = toolbox(&json!({"tools": [
        {"name": "get-weather", "fennel": "A"}, {"name": "clock", "fennel": "B"}
    ]}));
    let calls = [
        call("x1", "get_weather", "{\"location\":\"T\"}"),
        call("x2", "Clock", ""),
        call("x3", "get-weather", "{}"),
    ];
    let prepared = toolbox.prepare(&calls).unwrap();
    let shown: Vec<_> = prepared
        .iter()
        .map(|item| {
            let source = item.source.as_ref().map(|function| function.source.clone());
            (
                item.id.as_str(),
                item.label.as_str(),
                item.name.as_str(),
                item.parameters.clone(),
                source.unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                "x1",
                "get-weather",
                "get_weather",
                json!({"location": "T"}),
                "A".to_owned()
            ),
            ("x2", "clock", "Clock", json!({}), "B".to_owned()),
            (
                "x3",
                "get-weather",
                "get-weather",
                json!({}),
                "A".to_owned()
            ),
        ]
    );
}

#[test]
fn a_call_of_no_tool_or_of_two_is_a_missing_tool() {
    let toolbox = toolbox(&json!({"tools": [
        {"name": "a-b", "lua": "return 1"}, {"name": "a_b", "lua": "return 2"}, {"name": "c", "lua": "return 3"}
    ]}));
    for calls in [
        vec![call("1", "nope", "{}")],
        vec![call("1", "c", "{}"), call("2", "nope", "{}")],
        vec![call("1", "a_b", "{}")],
    ] {
        let error = toolbox.prepare(&calls).unwrap_err();
        assert!(
            error.to_string().contains("missing tool") && error.code() == "BS-BOT-003",
            "{error}"
        );
    }
    let error = toolbox.prepare(&[call("1", "c", "{\"a\":")]).unwrap_err();
    assert!(
        matches!(&error, Error::Arguments { tool, .. } if tool == "c"),
        "{error}"
    );
}

#[test]
fn code_that_is_missing_or_doubled_is_an_error_when_it_is_wanted() {
    let toolbox = toolbox(&json!({"tools": [
        {"name": "none"}, {"name": "two", "lua": "return 1", "fennel": "1"}, {"name": "clj", "clojure": "1"}
    ]}));
    let ready = |at: usize| toolbox.tools()[at].ready();
    assert!(
        ready(0)
            .unwrap_err()
            .to_string()
            .contains("missing source code")
    );
    let two = ready(1).unwrap_err().to_string();
    assert!(
        two.contains("conflicting tools") && two.contains("`lua`, `fennel`"),
        "{two}"
    );
    assert!(ready(2).is_ok());
}

#[test]
fn names_that_cannot_be_shown_are_refused() {
    for (name, words) in [
        ("a\u{1b}[2Jb", "control characters"),
        ("a\nb", "control characters"),
        ("a\u{202e}b", "control characters"),
        (&"x".repeat(300), "at most 256"),
    ] {
        let tool = FnTool::new(spec(name), |_, _| async { Ok(String::new()) });
        let error = Toolbox::new().push(Arc::new(tool), Bounds::default());
        let said = error.unwrap_err().to_string();
        assert!(
            said.contains(words) && !said.contains(['\u{1b}', '\n', '\u{202e}']),
            "{said:?}"
        );
    }
}

#[cfg(feature = "lua")]
#[tokio::test]
async fn code_of_cartridges_runs_and_its_failures_are_words() {
    let toolbox = toolbox(&json!({"tools": [
        {"name": "greet", "lua": "return 'Hi ' .. parameters.name"},
        {"name": "sum", "fennel": "(accumulate [s 0 _ n (ipairs parameters.values)] (+ s n))"},
        {"name": "broken", "lua": "return nothing.at.all"},
        {"name": "forever", "lua": "while true do end"},
        {"name": "clj", "clojure": "(+ 1 1)"},
        {"name": "syntax", "fennel": "(lua \"os.exit()\")"},
    ]}));
    let wanted: [(Value, Result<&str, &str>); 6] = [
        (json!({"name": "Ada"}), Ok("Hi Ada")),
        (json!({"values": [1, 2, 3]}), Ok("6")),
        (
            json!({}),
            Ok("lua:1: attempt to index a nil value (global 'nothing')"),
        ),
        (json!({}), Err("50000000 instructions")),
        (json!({}), Err("clojure cannot be run")),
        (json!({}), Err("`lua` is closed in the sandbox")),
    ];
    for (tool, (arguments, wanted)) in toolbox.tools().iter().zip(wanted) {
        let result = tool.call(arguments, Call::default()).await;
        match (&result, wanted) {
            (Ok(text), Ok(wanted)) => assert_eq!(text, wanted),
            (Err(failure), Err(wanted)) => assert!(failure.0.contains(wanted), "{failure}"),
            _ => panic!("{:?}: {result:?}", tool.spec().name),
        }
    }
}

async fn tried(arguments: Value) -> Result<String, ToolFailure> {
    let mut toolbox = Toolbox::new();
    let echo = FnTool::new(
        spec("weather"),
        |given, _| async move { Ok(given.to_string()) },
    );
    toolbox.push(Arc::new(echo), Bounds::default()).unwrap();
    toolbox.tools()[0].call(arguments, Call::default()).await
}

#[tokio::test]
async fn arguments_are_held_against_the_schema_and_the_words_name_the_field() {
    assert_eq!(
        tried(json!({"city": "Rio"})).await.as_deref(),
        Ok("{\"city\":\"Rio\"}")
    );
    for (arguments, words) in [
        (json!({}), vec!["weather", "city"]),
        (json!({"city": 5}), vec!["`city`", "string"]),
        (
            json!({"city": "Rio", "days": [1, "x"]}),
            vec!["`days.1`", "integer"],
        ),
        (json!({"city": "Rio", "mood": 1}), vec!["mood"]),
        (json!([1]), vec!["object"]),
        (json!("text"), vec!["object"]),
    ] {
        let failure = tried(arguments.clone()).await.unwrap_err();
        for word in words {
            assert!(failure.0.contains(word), "{arguments}: {failure}");
        }
    }
}

#[tokio::test]
async fn a_schema_that_is_none_checks_nothing() {
    let mut toolbox = Toolbox::new();
    for parameters in [
        json!({"type": "nonsense"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"type": "object", "properties": {"a": {"pattern": "("}}}),
    ] {
        let spec = ToolSpec {
            parameters,
            ..spec("loose")
        };
        let echo = FnTool::new(spec, |given, _| async move { Ok(given.to_string()) });
        toolbox.push(Arc::new(echo), Bounds::default()).unwrap();
    }
    for tool in toolbox.tools() {
        assert_eq!(
            tool.call(json!({"a": "b"}), Call::default())
                .await
                .as_deref(),
            Ok("{\"a\":\"b\"}")
        );
    }
}

#[tokio::test]
async fn a_call_ends_in_time_and_its_answer_is_bounded() {
    let mut toolbox = Toolbox::new();
    let sleep = FnTool::new(spec("sleep"), |_, _| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(String::new())
    });
    let flood = FnTool::new(spec("flood"), |_, _| async { Ok("ä".repeat(5000)) });
    let bounds = Bounds {
        time: Duration::from_millis(80),
        output: 1001,
        ..Bounds::default()
    };
    toolbox.push(Arc::new(sleep), bounds).unwrap();
    toolbox.push(Arc::new(flood), bounds).unwrap();
    let start = Instant::now();
    let arguments = json!({"city": "x"});
    let failure = toolbox.tools()[0]
        .call(arguments.clone(), Call::default())
        .await
        .unwrap_err();
    assert!(failure.0.contains("`sleep` was stopped"), "{failure}");
    let token = CancelToken::new();
    token.cancel();
    let cancelled = Call::default().cancelled_by(token);
    let failure = toolbox.tools()[0]
        .call(arguments.clone(), cancelled)
        .await
        .unwrap_err();
    assert_eq!(failure.0, "`sleep` was cancelled");
    assert!(start.elapsed() < Duration::from_secs(20));
    let text = toolbox.tools()[1]
        .call(arguments, Call::default())
        .await
        .unwrap();
    assert!(
        text.len() < 1100 && text.ends_with("[cut after 1001 of 10000 bytes]"),
        "{text}"
    );
}
