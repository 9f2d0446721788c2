//! What cartridges say under `botsmith:`, and what a turn does about it: examples, output schema,
//! limits, context budget; tools on models that have none; the sandbox that a cartridge cannot leave.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/models.rs"]
mod models;

use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{
    Call, ChatResponse, FnModel, Message, ModelInfo, OutputFormat, Role, ToolCall, Usage,
};
use botsmith_nanobots::bot::{BotBuilder, Permission};
use botsmith_nanobots::cartridge::{Format, Options, Profile};
use botsmith_nanobots::interface::Mode;
use botsmith_nanobots::session::{Quiet, SessionOptions};
use botsmith_nanobots::{Bot, Cartridge, Error};
use serde_json::json;

use models::{Step, Steps};

fn cartridge(text: &str) -> Cartridge {
    Cartridge::parse(text, Format::Yaml, &Options::default()).unwrap()
}

fn builder(text: &str, steps: &Arc<Steps>) -> BotBuilder {
    Bot::builder(cartridge(text), steps.clone()).permission(Permission::Allow)
}

fn asks(name: &str, arguments: &str) -> Step {
    Step::calls(vec![ToolCall {
        id: "c1".into(),
        name: name.into(),
        arguments: arguments.into(),
    }])
}

fn costing(text: &str, tokens: u64, cost: f64) -> Step {
    let mut step = Step::text(text);
    step.response.usage = Some(Usage {
        input_tokens: tokens,
        output_tokens: 1,
        cached_tokens: 0,
    });
    step.response.cost = Some(cost);
    step
}

async fn ask(bot: &Bot, text: &str) -> Result<botsmith_nanobots::Turn, Error> {
    bot.ask(&[Message::user(text)], &Call::default()).await
}

const SCHEMA: &str =
    "botsmith:\n  output-schema: {type: object, properties: {n: {type: integer}}, required: [n]}\n";

#[tokio::test]
async fn examples_are_turns_before_the_conversation() {
    let text = "behaviors: {interaction: {directive: D}}\n\
                botsmith: {variables: {x: {type: string}}, examples: [{user: '{{ x }}?', assistant: 4}]}";
    let steps = Arc::new(Steps::new(vec![Step::text("ok")]));
    let unbound = builder(&text.replace("assistant: 4", "assistant: four"), &steps);
    assert!(unbound.build().is_err());
    let values = json!({"x": "2 + 2"}).as_object().cloned().unwrap();
    let bot = builder(&text.replace("assistant: 4", "assistant: four"), &steps)
        .variables(values)
        .build()
        .unwrap();
    ask(&bot, "3 + 3?").await.unwrap();
    let sent: Vec<_> = steps.requests()[0]
        .messages
        .iter()
        .map(|m| (m.role, m.content.text()))
        .collect();
    let wanted = [
        (Role::System, "D"),
        (Role::User, "2 + 2?"),
        (Role::Assistant, "four"),
        (Role::User, "3 + 3?"),
    ];
    assert_eq!(sent, wanted.map(|(role, text)| (role, text.to_owned())));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_repaired_once_and_the_turn_says_so() {
    let steps = Arc::new(Steps::new(vec![
        Step::text("{\"n\": \"x\"}"),
        Step::text("```json\n{\"n\": 7}\n```"),
    ]));
    let bot = builder(SCHEMA, &steps).build().unwrap();
    let mut session = bot.session(SessionOptions::default()).unwrap();
    let reply = session
        .eval("how many?", Mode::Eval, &mut Quiet, &Call::default())
        .await
        .unwrap();
    assert_eq!(reply.output, "{\"n\":7}\n");
    let turn = reply.turn.unwrap();
    assert_eq!((turn.json, turn.rounds), (Some(json!({"n": 7})), 2));
    assert!(turn.notes[0].contains("/n"), "{:?}", turn.notes);
    // The first try is no part of the conversation.
    assert_eq!(session.history().len(), 2);
    let [first, second] = steps.requests().try_into().unwrap();
    let system = first.messages[0].content.text();
    assert!(
        system.contains("JSON Schema") && system.contains("\"integer\""),
        "{system}"
    );
    let complaint = second.messages.last().unwrap().content.text();
    assert!(complaint.contains("/n"), "{complaint}");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_twice_is_an_error() {
    let steps = Arc::new(Steps::new(vec![Step::text("no JSON at all")]));
    let error = ask(&builder(SCHEMA, &steps).build().unwrap(), "?")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "BS-BOT-008");
    assert_eq!(steps.requests().len(), 2);
}

#[tokio::test]
async fn a_model_that_can_be_held_to_a_schema_is_and_is_told_nothing() {
    let mut info = ModelInfo::new("steps", "steps");
    info.json_schema = true;
    let steps = Arc::new(Steps::with_info(info, vec![Step::text("{\"n\": 1}")]));
    let turn = ask(&builder(SCHEMA, &steps).build().unwrap(), "?")
        .await
        .unwrap();
    assert_eq!(turn.text, "{\"n\": 1}");
    let request = &steps.requests()[0];
    assert!(
        matches!(&request.output, OutputFormat::JsonSchema { schema, .. } if schema["required"] == json!(["n"]))
    );
    assert_eq!(request.messages.len(), 1);
}

#[tokio::test]
async fn each_limit_ends_the_turn_with_both_numbers() {
    let tools = "tools: [{name: again, lua: return 1}]\n";
    let slow = Step::text("late").then_silence();
    for (limit, text, steps) in [
        (
            "tokens",
            "botsmith: {limits: {tokens: 10}}",
            vec![costing("a", 10, 0.0)],
        ),
        (
            "cost",
            "botsmith: {limits: {cost: 0.5}}",
            vec![costing("a", 1, 0.6)],
        ),
        ("seconds", "botsmith: {limits: {seconds: 0.05}}", vec![slow]),
        (
            "tool-rounds",
            &format!("{tools}botsmith: {{limits: {{tool-rounds: 2}}}}"),
            vec![asks("again", "{}")],
        ),
        (
            "context",
            "botsmith: {context: {budget: 8, policy: fail}}",
            vec![Step::text("ok")],
        ),
    ] {
        let steps = Arc::new(Steps::new(steps));
        let bot = builder(text, &steps).build().unwrap();
        let conversation = [
            Message::user("long ago"),
            Message::assistant("yes"),
            Message::user("now"),
        ];
        let error = bot.ask(&conversation, &Call::default()).await.unwrap_err();
        assert_eq!(error.code(), "BS-BOT-009", "{error}");
        assert!(error.to_string().contains(&format!("`{limit}`")), "{error}");
    }
    // Within its limits a turn ends well, and the model is told how much it may say.
    let steps = Arc::new(Steps::new(vec![costing("a", 9, 0.5)]));
    let bot = builder(
        "botsmith: {limits: {tokens: 10, cost: 0.5, seconds: 60}}",
        &steps,
    )
    .build()
    .unwrap();
    assert_eq!(ask(&bot, "?").await.unwrap().response.cost, Some(0.5));
    assert_eq!(steps.requests()[0].sampling.max_tokens, Some(10));
}

#[tokio::test]
async fn a_callers_own_deadline_is_no_limit_of_the_cartridge() {
    let steps = Arc::new(Steps::new(vec![Step::text("late").then_silence()]));
    let bot = builder("botsmith: {limits: {seconds: 60}}", &steps)
        .build()
        .unwrap();
    let call = Call::within(Duration::from_millis(30));
    let error = bot.ask(&[Message::user("?")], &call).await.unwrap_err();
    assert_eq!(error.code(), "BS-MODEL-007", "{error}");
}

#[tokio::test]
async fn without_a_limit_a_native_turn_has_ten_rounds_of_tools() {
    let steps = Arc::new(Steps::new(vec![asks("again", "{}")]));
    let bot = builder("tools: [{name: again, lua: return 1}]", &steps)
        .build()
        .unwrap();
    let error = ask(&bot, "?").await.unwrap_err();
    assert_eq!(error.code(), "BS-BOT-006", "{error}");
    assert_eq!(steps.requests().len(), 11);
}

#[tokio::test]
async fn old_turns_are_left_out_when_there_is_a_budget_and_the_turn_says_so() {
    let steps = Arc::new(Steps::new(vec![Step::text("1234")]));
    let bot = builder(
        "behaviors: {interaction: {directive: Keep me.}}\nbotsmith: {context: 40}",
        &steps,
    )
    .build()
    .unwrap();
    let mut session = bot.session(SessionOptions::default()).unwrap();
    let mut notes = Vec::new();
    for n in 0..5 {
        let reply = session
            .eval(&format!("q {n}"), Mode::Eval, &mut Quiet, &Call::default())
            .await;
        notes.push(reply.unwrap().turn.unwrap().notes);
    }
    assert!(notes[0].is_empty());
    assert!(notes[4][0].contains("oldest"), "{notes:?}");
    let last = steps.requests().pop().unwrap();
    assert_eq!(last.messages[0].content.text(), "Keep me.");
    assert_eq!(last.last_user().as_deref(), Some("q 4"));
    assert!(last.messages.len() < 10);
    assert_eq!(last.messages[1].role, Role::User);
    assert_eq!(session.history().len(), 10);
}

#[tokio::test]
async fn a_call_that_does_not_fit_goes_back_to_the_model_as_words() {
    let text = "tools: [{name: add, parameters: {type: object, properties: {a: {type: integer}}, required: [a]}, lua: return parameters.a}]";
    let steps = Arc::new(Steps::new(vec![
        asks("add", "{\"a\": \"x\"}"),
        asks("subtract", "{}"),
        asks("add", "{\"a\": 3}"),
        Step::text("done"),
    ]));
    let turn = ask(&builder(text, &steps).build().unwrap(), "?")
        .await
        .unwrap();
    let traces: Vec<_> = turn
        .tools
        .iter()
        .map(|tool| (tool.ran, tool.failed, tool.round))
        .collect();
    assert_eq!(
        traces,
        [(false, true, 1), (false, true, 2), (true, false, 3)]
    );
    assert_eq!(turn.tools[2].output, "3");
    assert!(
        turn.tools[1].output.contains("subtract"),
        "{:?}",
        turn.tools[1]
    );
}

#[tokio::test]
async fn tools_run_on_a_model_that_has_none() {
    let model = FnModel::with_info(
        ModelInfo::new("plain", "plain"),
        |request, _call| async move {
            assert!(request.tools.is_empty());
            let told = request
                .messages
                .iter()
                .any(|m| m.content.text().contains("noon"));
            Ok(ChatResponse::text(match told {
                true => "it is noon",
                false => r#"{"tool_calls": [{"name": "clock", "arguments": {}}]}"#,
            }))
        },
    );
    let bot = Bot::builder(
        cartridge("tools: [{name: clock, lua: return 'noon'}]"),
        Arc::new(model),
    )
    .permission(Permission::Allow)
    .build()
    .unwrap();
    let mut session = bot.session(SessionOptions::default()).unwrap();
    let reply = session
        .eval("what time?", Mode::Eval, &mut Quiet, &Call::default())
        .await
        .unwrap();
    assert_eq!(reply.output, "clock {}\nnoon\n\nit is noon\n");
    assert_eq!(reply.turn.unwrap().tools[0].output, "noon");
}

#[tokio::test]
async fn a_cartridge_does_not_leave_the_sandbox_unless_it_is_allowed_to() {
    let text =
        "safety: {functions: {sandboxed: false}}\ntools: [{name: peek, lua: 'return type(os)'}]";
    for (allowed, seen) in [(false, "nil"), (true, "table")] {
        let steps = Arc::new(Steps::new(vec![asks("peek", "{}"), Step::text("done")]));
        let bot = builder(text, &steps).unsandboxed(allowed).build().unwrap();
        let turn = ask(&bot, "?").await.unwrap();
        assert_eq!(turn.tools[0].output, seen);
    }
}

#[tokio::test]
async fn compat_ignores_the_instruction_that_the_reference_never_sends() {
    let text = "behaviors: {interaction: {directive: D, instruction: I}}";
    for (profile, system) in [(Profile::Compat, "D"), (Profile::Native, "D\n\nI")] {
        let options = Options::default().profile(profile);
        let cartridge = Cartridge::parse(text, Format::Yaml, &options).unwrap();
        let steps = Arc::new(Steps::new(vec![Step::text("ok")]));
        let bot = Bot::new(cartridge, steps.clone()).unwrap();
        ask(&bot, "?").await.unwrap();
        assert_eq!(steps.requests()[0].messages[0].content.text(), system);
    }
}
