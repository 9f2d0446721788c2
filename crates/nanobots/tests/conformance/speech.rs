//! Operations that talk: requests, output, rounds with tools. The model is a list of answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use botsmith_core::chat::{Call, ChatRequest};
use botsmith_core::store;
use botsmith_nanobots::bot::{Behavior, Permission};
use botsmith_nanobots::cartridge::fetch;
use botsmith_nanobots::provider::{ProviderConfig, request_body};
use botsmith_nanobots::session::{Piece, Quiet, Session, SessionOptions};
use botsmith_nanobots::{Bot, Cartridge};
use serde_json::{Map, Value, json};

use super::models::{Step, Steps};
use super::tools::call;
use super::wanted::{Case, Found, NULL, mode, plain, words};

/// A bot with its answers, and how its requests look to its provider.
struct Scene {
    session: Session,
    steps: Arc<Steps>,
    config: ProviderConfig,
}

impl Scene {
    fn new(cartridge: Cartridge, steps: Vec<Step>, permission: Permission) -> Result<Self, String> {
        let config = ProviderConfig::of(&cartridge).map_err(words)?;
        let steps = Arc::new(Steps::new(steps));
        let bot = Bot::builder(cartridge, steps.clone())
            .permission(permission)
            .store(store::open("memory:").map_err(words)?)
            .build()
            .map_err(words)?;
        let options = SessionOptions::named("case").colors(true);
        Ok(Self {
            session: bot.session(options).map_err(words)?,
            steps,
            config,
        })
    }

    fn bodies(&self) -> Vec<Value> {
        let body = |request: &ChatRequest| request_body(&self.config, request);
        self.steps.requests().iter().map(body).collect()
    }
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// An answer in pieces or whole, as the arguments say.
fn step(fragments: &Value, reply: &Value) -> Step {
    match (fragments, reply) {
        (Value::Array(pieces), _) => {
            let pieces: Vec<_> = pieces.iter().map(plain).collect();
            Step::pieces(&pieces.iter().map(String::as_str).collect::<Vec<_>>())
        }
        (_, Value::Null) => Step::text("ok"),
        (_, reply) => Step::text(&plain(reply)),
    }
}

pub fn request_messages(case: &Case<'_>) -> Found {
    let boot_reply = match case.arg("boot_reply") {
        Value::Null => Value::from("ok"),
        reply => reply.clone(),
    };
    // Each turn: whether it is the boot, through which interface, what is said, what is answered.
    let mut turns: Vec<(bool, &str, String, Value)> = Vec::new();
    match (case.arg("turns"), case.arg("sequence")) {
        (Value::Array(listed), _) => turns.extend(listed.iter().map(|turn| {
            let text = |key: &str| turn[key].as_str().unwrap_or_default();
            (
                text("action") == "boot",
                text("mode"),
                text("input").to_owned(),
                turn["reply"].clone(),
            )
        })),
        (_, Value::Array(listed)) => turns.extend(listed.iter().map(|turn| {
            let turn = turn.as_str().unwrap_or_default();
            match turn.split_once(": ") {
                Some((mode, input)) => (false, mode, input.to_owned(), case.arg("reply").clone()),
                None => (true, "repl", String::new(), boot_reply.clone()),
            }
        })),
        _ => {
            let boot = case.arg_text("action") == "boot";
            turns.push((boot, case.arg_text("mode"), plain(case.arg("input")), NULL));
        }
    }
    let steps = turns.iter().map(|(.., reply)| step(&NULL, reply)).collect();
    let mut scene = Scene::new(case.cartridge()?, steps, Permission::Allow)?;
    block(async {
        for (boot, interface, input, _) in &turns {
            let (mode, call) = (mode(interface), Call::default());
            let done = match boot {
                true => scene.session.boot(mode, &mut Quiet, &call).await,
                false => scene.session.eval(input, mode, &mut Quiet, &call).await,
            };
            done.map_err(words)?;
        }
        Ok::<_, String>(())
    })?;
    scene
        .bodies()
        .pop()
        .ok_or_else(|| "no request was made".to_owned())
}

pub fn request_settings(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    let written = ["settings", "options"].map(|key| {
        fetch(cartridge.value(), &["provider", key])
            .cloned()
            .unwrap_or_default()
    });
    let mut scene = Scene::new(cartridge, vec![Step::text("ok")], Permission::Allow)?;
    block(
        scene
            .session
            .eval("hello", mode("eval"), &mut Quiet, &Call::default()),
    )
    .map_err(words)?;
    let body = scene.bodies().pop().ok_or("no request was made")?;
    let body = body.as_object().ok_or("the request is no map")?;
    // What was written and not wanted must not be there either.
    let wanted = case.expected().as_object().ok_or("`expected` is no map")?;
    let settings = written
        .iter()
        .filter_map(Value::as_object)
        .flat_map(Map::keys);
    let unwanted = settings.filter(|key| !wanted.contains_key(*key) && body.contains_key(*key));
    let kept = wanted.keys().chain(unwanted);
    let mut found = Map::new();
    for key in kept.filter(|key| *key != "stream" || wanted.contains_key("stream")) {
        if let Some(value) = body.get(key) {
            found.insert(key.clone(), value.clone());
        }
    }
    match found.keys().find(|key| !wanted.contains_key(*key)) {
        Some(extra) => Err(format!("`{extra}` is sent: {}", found[extra])),
        None => Ok(found.into()),
    }
}

pub fn instantiate(case: &Case<'_>) -> Found {
    Scene::new(case.cartridge()?, vec![Step::text("ok")], Permission::Allow)?;
    Ok(json!({}))
}

/// Output of one turn, and what stands in history and requests afterwards.
fn shown(case: &Case<'_>, scene: &mut Scene, behavior: Behavior) -> Value {
    let mut writes = Vec::new();
    let mut observer = |piece: &Piece<'_>| writes.extend(piece.fragment.map(str::to_owned));
    let (mode, call, input) = (case.mode(), Call::default(), plain(case.arg("input")));
    let done = block(async {
        match behavior {
            Behavior::Boot => scene.session.boot(mode, &mut observer, &call).await,
            Behavior::Interaction => scene.session.eval(&input, mode, &mut observer, &call).await,
        }
    });
    let history: Vec<Value> = scene
        .session
        .history()
        .iter()
        .map(|event| json!(event))
        .collect();
    let bodies = scene.bodies();
    let sent = scene
        .steps
        .requests()
        .first()
        .and_then(ChatRequest::last_user);
    let (output, error, tools) = match done {
        Ok(reply) => (
            reply.output,
            None,
            reply.turn.map(|turn| turn.tools).unwrap_or_default(),
        ),
        Err(error) => (writes.concat(), Some(words(error)), Vec::new()),
    };
    let tool_message = history.iter().rfind(|event| event["who"] == "tool");
    json!({
        "output": output,
        "writes": writes,
        "requests": bodies.len(),
        "provider_requests": bodies.len(),
        "sent_user_message": sent,
        "history_first": history.first(),
        "history_last": history.last(),
        "history_who": history.iter().map(|event| &event["who"]).collect::<Vec<_>>(),
        "tool_message": tool_message.map(|event| &event["message"]),
        "second_request_tail": tail(case, bodies.get(1)),
        "executed": tools.iter().any(|tool| tool.ran),
        "error": error,
    })
}

/// As many of the last messages of a request as the case wants, in its words.
fn tail(case: &Case<'_>, body: Option<&Value>) -> Value {
    let wanted = case.expected()["second_request_tail"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let messages = body
        .and_then(|body| body["messages"].as_array())
        .map_or(&[][..], Vec::as_slice);
    let start = messages.len().saturating_sub(wanted.len());
    let rows = messages[start..]
        .iter()
        .zip(wanted)
        .map(|(message, wanted)| {
            let mut row = Map::new();
            for key in wanted.as_object().into_iter().flat_map(Map::keys) {
                let value = match (key.as_str(), &message[key]) {
                    ("tool_calls", Value::Array(calls)) => {
                        calls.iter().map(|call| &call["id"]).cloned().collect()
                    }
                    (_, value) => value.clone(),
                };
                row.insert(key.clone(), value);
            }
            Value::from(row)
        });
    rows.collect()
}

/// `shown`, or its error where the case wants nothing but that.
fn or_error(found: Value) -> Found {
    match &found["error"] {
        Value::String(error) => Err(error.clone()),
        _ => Ok(found),
    }
}

pub fn eval_output(case: &Case<'_>) -> Found {
    let steps = vec![step(case.arg("fragments"), case.arg("reply"))];
    let mut scene = Scene::new(case.cartridge()?, steps, Permission::Allow)?;
    or_error(shown(case, &mut scene, Behavior::Interaction))
}

pub fn boot_output(case: &Case<'_>) -> Found {
    let steps = vec![step(case.arg("fragments"), case.arg("reply"))];
    let mut scene = Scene::new(case.cartridge()?, steps, Permission::Allow)?;
    or_error(shown(case, &mut scene, Behavior::Boot))
}

pub fn tool_loop(case: &Case<'_>) -> Found {
    let turn = |turn: &Value| match &turn["tool_calls"] {
        Value::Array(calls) => {
            let mut step = Step::calls(calls.iter().map(call).collect());
            if let Value::String(text) = &turn["content"] {
                step.pieces = vec![text.clone()];
                step.response.text.clone_from(text);
            }
            step
        }
        _ => step(&turn["fragments"], &turn["content"]),
    };
    let cartridge = case.cartridge()?;
    let mut steps: Vec<Step> = case
        .arg("model_turns")
        .as_array()
        .into_iter()
        .flatten()
        .map(turn)
        .collect();
    if let Some(times) = case.arg("repeat_tool_calls").as_u64() {
        let name = fetch(cartridge.value(), &["tools"])
            .and_then(|tools| tools.get(0))
            .map(|tool| plain(&tool["name"]))
            .unwrap_or_default();
        let again = |n| {
            turn(&json!({"tool_calls": [{"id": format!("c{n}"), "name": name, "arguments": "{}"}]}))
        };
        steps.extend((1..=times).map(again));
        if !case.arg("then").is_null() {
            steps.push(turn(case.arg("then")));
        }
    }
    let mut answers: VecDeque<String> = match (case.arg("answer"), case.arg("confirmations")) {
        (Value::Null, Value::Array(answers)) => answers.iter().map(plain).collect(),
        (Value::Null, Value::Null) => VecDeque::new(),
        (Value::Null, answer) | (answer, _) => [plain(answer)].into(),
    };
    if answers.is_empty() {
        answers.push_back(String::new());
    }
    let answers = Mutex::new(answers);
    let permission = Permission::ask(move |_| {
        let mut answers = answers.lock().unwrap();
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap_or_default(),
        }
    });
    let mut scene = Scene::new(cartridge, steps, permission)?;
    Ok(shown(case, &mut scene, Behavior::Interaction))
}
