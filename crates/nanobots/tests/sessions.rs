//! Sessions in a store: kept, sealed, shared, killed.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail")]

#[path = "support/models.rs"]
mod models;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use botsmith_core::SecretString;
use botsmith_core::chat::{Call, ChatResponse, FnModel, ToolCall};
use botsmith_core::store::{self, StateStore};
use botsmith_nanobots::bot::Permission;
use botsmith_nanobots::cartridge::{Format, Options, Profile};
use botsmith_nanobots::interface::Mode;
use botsmith_nanobots::provider::{self, OpenOptions, ProviderConfig};
use botsmith_nanobots::session::{Event, Kdf, Quiet, SessionOptions, Vault, Who};
use botsmith_nanobots::{Bot, Cartridge, Error};
use serde_json::json;

use models::{Step, Steps};

fn cartridge(version: &str) -> Cartridge {
    let value = json!({"meta": {"name": "A Bot", "author": "Me X", "version": version}});
    Cartridge::from_value(&value, Profile::Native).unwrap()
}

fn counting() -> Arc<FnModel> {
    Arc::new(FnModel::new("counting", |request, _call| async move {
        Ok(ChatResponse::text(request.messages.len().to_string()))
    }))
}

fn bot(store: &Arc<dyn StateStore>, version: &str) -> Bot {
    Bot::builder(cartridge(version), counting())
        .store(Arc::clone(store))
        .build()
        .unwrap()
}

fn sqlite(folder: &Path) -> Arc<dyn StateStore> {
    store::open(&format!("sqlite:{}", folder.join("state.db").display())).unwrap()
}

async fn say(bot: &Bot, options: &SessionOptions, text: &str) -> Result<String, Error> {
    let mut session = bot.session(options.clone())?;
    let reply = session
        .eval(text, Mode::Eval, &mut Quiet, &Call::default())
        .await?;
    Ok(reply.output.trim().to_owned())
}

fn vault(store: &Arc<dyn StateStore>, password: &str) -> Result<Vault, Error> {
    Vault::open(&**store, &SecretString::new(password), Kdf::new(64, 1, 1))
}

/// All that a store holds, as bytes of text.
fn everything(store: &Arc<dyn StateStore>) -> String {
    let mut all = String::new();
    for partition in store.partitions("", None, 1000).unwrap() {
        all.push_str(&partition);
        for (key, record) in store.scan(&partition, "", None, 1000).unwrap() {
            all.push_str(&key);
            all.push_str(&String::from_utf8_lossy(&record.value));
        }
        for entry in store.log(&partition, "history", 0, 1000).unwrap() {
            all.push_str(&String::from_utf8_lossy(&entry));
        }
    }
    all
}

#[tokio::test]
async fn a_conversation_goes_on_for_the_same_user_key_and_version_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(folder.path());
    let mine = SessionOptions::named(" notes ");
    let first = bot(&store, "1.0.0");
    assert_eq!(say(&first, &mine, "one").await.unwrap(), "1");
    assert_eq!(say(&first, &mine, "two").await.unwrap(), "3");
    assert_eq!(
        say(&first, &SessionOptions::named("notes"), "three")
            .await
            .unwrap(),
        "5"
    );
    for (bot, options) in [
        (&first, SessionOptions::named("other")),
        (&first, SessionOptions::named("notes").user("somebody")),
        (&bot(&store, "1.0.1"), mine.clone()),
        (&first, SessionOptions::named(" - ")),
    ] {
        assert_eq!(say(bot, &options, "one").await.unwrap(), "1", "{options:?}");
    }
    drop(first);
    drop(store);
    let again = bot(&sqlite(folder.path()), "1.0.0");
    let session = again.session(mine).unwrap();
    assert_eq!(session.history().len(), 6);
    let state = session.state_json().unwrap();
    assert_eq!(state["state"]["content"]["key"], "notes");
    assert_eq!(state["state"]["content"]["history"][1]["who"], "AI");
    let path = state["state"]["path"].as_str().unwrap();
    assert!(
        path.ends_with("session/botsmith/me-x/a-bot/1-0-0/unknown/notes"),
        "{path}"
    );
}

#[tokio::test]
async fn the_second_of_two_writers_is_told_and_its_session_stays_as_it_was() {
    let store = store::open("memory:").unwrap();
    let bot = bot(&store, "1.0.0");
    let options = SessionOptions::named("shared");
    say(&bot, &options, "before").await.unwrap();
    let mut one = bot.session(options.clone()).unwrap();
    let mut other = bot.session(options.clone()).unwrap();
    let call = Call::default();
    one.eval("first", Mode::Eval, &mut Quiet, &call)
        .await
        .unwrap();
    let error = other
        .eval("second", Mode::Eval, &mut Quiet, &call)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "BS-BOT-007");
    assert!(error.to_string().contains("another process"), "{error}");
    assert_eq!(other.history().len(), 2);
    let third = bot.session(options).unwrap();
    assert_eq!(third.history(), one.history());
}

#[tokio::test]
async fn a_sealed_session_shows_nothing_and_opens_with_its_password_only() {
    let store = store::open("memory:").unwrap();
    let bot = bot(&store, "1.0.0");
    let sealed = SessionOptions::named("secret-key")
        .user("secret-user")
        .vault(vault(&store, "open sesame").unwrap());
    say(&bot, &sealed, "secret-words").await.unwrap();
    let all = everything(&store);
    assert!(all.contains("me-x/a-bot"), "{all}");
    for hidden in ["secret-key", "secret-user", "secret-words", "open sesame"] {
        assert!(!all.contains(hidden), "{hidden} in {all}");
        assert!(!format!("{sealed:?}").contains("open sesame"));
    }
    let again = sealed.clone().vault(vault(&store, "open sesame").unwrap());
    assert_eq!(say(&bot, &again, "more").await.unwrap(), "3");
    let error = vault(&store, "open rye").unwrap_err();
    assert_eq!(error.code(), "BS-BOT-007");
    assert!(!error.to_string().contains("rye"), "{error}");
    // Without the vault it is another session.
    assert_eq!(
        say(&bot, &SessionOptions::named("secret-key"), "x")
            .await
            .unwrap(),
        "1"
    );
}

#[tokio::test]
async fn a_turn_that_fails_after_a_round_is_void_also_for_who_opens_the_session_next() {
    let store = store::open("memory:").unwrap();
    let asks = ToolCall {
        id: "c1".into(),
        name: "clock".into(),
        arguments: "{}".into(),
    };
    let steps = vec![
        Step::text("hello"),
        Step::calls(vec![asks]),
        Step::pieces(&["half"]).then_silence(),
    ];
    let bot = Bot::builder(cartridge("1.0.0"), Arc::new(Steps::new(steps)))
        .store(Arc::clone(&store))
        .tool(models::tool("clock", |_| "noon".into()))
        .permission(Permission::Allow)
        .build()
        .unwrap();
    let options = SessionOptions::named("k");
    say(&bot, &options, "one").await.unwrap();
    let mut session = bot.session(options.clone()).unwrap();
    let short = Call::within(std::time::Duration::from_millis(300));
    let error = session
        .eval("two", Mode::Eval, &mut Quiet, &short)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "BS-MODEL-007", "{error}");
    assert_eq!(session.history().len(), 2);
    assert_eq!(
        bot.session(options.clone()).unwrap().history(),
        session.history()
    );

    // The same when nobody waits for the turn any more: it is void before the next one begins.
    let mut session = bot.session(options.clone()).unwrap();
    let call = Call::default();
    let mut quiet = Quiet;
    let turn = session.eval("three", Mode::Eval, &mut quiet, &call);
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(300), turn)
            .await
            .is_err()
    );
    let next = session
        .eval("four", Mode::Eval, &mut Quiet, &short.clone())
        .await;
    assert!(next.is_err());
    assert_eq!(session.history().len(), 2);
}

#[tokio::test]
async fn what_the_reference_kept_is_adopted_into_an_empty_session() {
    let store = store::open("memory:").unwrap();
    let bot = bot(&store, "1.0.0");
    let state = json!({"key": "k", "history": [
        {"at": "2024", "who": "user", "mode": "eval", "input": "a", "message": "a"},
        {"at": "2024", "who": "AI", "mode": "eval", "message": "b", "output": "b\n"},
    ]});
    let bytes = state.to_string().into_bytes();
    let password = SecretString::new("");
    let events = botsmith_nanobots::session::import::reference_state(&bytes, &password).unwrap();
    let mut session = bot.session(SessionOptions::named("k")).unwrap();
    assert_eq!(session.state_json(), None);
    session.adopt(events.clone()).await.unwrap();
    assert!(
        session
            .adopt(events)
            .await
            .unwrap_err()
            .to_string()
            .contains("2 events already")
    );
    assert_eq!(
        say(&bot, &SessionOptions::named("k"), "c").await.unwrap(),
        "3"
    );
    let mut session = bot.session(SessionOptions::named("k")).unwrap();
    session.forget().await.unwrap();
    assert!(
        bot.session(SessionOptions::named("k"))
            .unwrap()
            .history()
            .is_empty()
    );
}

#[tokio::test]
async fn a_key_without_a_store_is_an_error() {
    let bot = Bot::new(cartridge("1.0.0"), counting()).unwrap();
    let error = bot.session(SessionOptions::named("k")).unwrap_err();
    assert!(error.to_string().contains("needs a store"), "{error}");
}

#[tokio::test]
async fn secrets_of_the_environment_reach_no_store_no_debug_output_and_no_error() {
    let planted = "sk-planted-7f3a";
    let environment = BTreeMap::from([("KEY".to_owned(), planted.to_owned())]);
    let text = "meta: {name: A Bot, author: Me X, version: 1.0.0}\n\
                provider: {id: openai, credentials: {access-token: ENV/KEY}, settings: {model: m}}\n\
                botsmith: {output-schema: {type: integer}}\n";
    let options = Options::default().variables(&environment);
    let cartridge = Cartridge::parse(text, Format::Yaml, &options).unwrap();
    let config = ProviderConfig::of(&cartridge).unwrap();
    let opened = provider::open(&config, &OpenOptions::default()).unwrap();
    let store = store::open("memory:").unwrap();
    let steps = Arc::new(Steps::new(vec![Step::text("1"), Step::text("no number")]));
    let bot = Bot::builder(cartridge, steps.clone())
        .store(Arc::clone(&store))
        .build()
        .unwrap();
    let mut session = bot.session(SessionOptions::named("k")).unwrap();
    let call = Call::default();
    let reply = session
        .eval("hi", Mode::Eval, &mut Quiet, &call)
        .await
        .unwrap();
    let error = session
        .eval("hi", Mode::Eval, &mut Quiet, &call)
        .await
        .unwrap_err();
    for shown in [
        everything(&store),
        session.state_json().unwrap().to_string(),
        format!("{session:?} {bot:?} {opened:?} {config:?} {steps:?}"),
        format!("{reply:?} {}", json!(reply.turn)),
        format!("{error} {error:?}"),
    ] {
        assert!(!shown.is_empty());
        assert!(!shown.contains(planted), "{shown}");
    }
}

/// Where the child of the next test keeps its session.
const CHILD: &str = "BOTSMITH_TEST_SESSION";

#[tokio::test]
async fn a_process_killed_between_rounds_keeps_what_was_committed() {
    let asks = ToolCall {
        id: "c1".into(),
        name: "clock".into(),
        arguments: "{}".into(),
    };
    let make = |folder: &Path| {
        let steps = vec![
            Step::calls(vec![asks.clone()]),
            Step::pieces(&["half"]).then_silence(),
        ];
        Bot::builder(cartridge("1.0.0"), Arc::new(Steps::new(steps)))
            .store(sqlite(folder))
            .tool(models::tool("clock", |_| "noon".into()))
            .permission(Permission::Allow)
            .build()
            .unwrap()
    };
    let options = SessionOptions::named("k");
    if let Some(folder) = std::env::var_os(CHILD) {
        let bot = make(Path::new(&folder));
        let mut session = bot.session(options).unwrap();
        let mut report = |piece: &botsmith_nanobots::session::Piece<'_>| {
            if piece.fragment == Some("half") {
                eprintln!("second round");
            }
        };
        session
            .eval("what time?", Mode::Eval, &mut report, &Call::default())
            .await
            .unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_process_killed_between_rounds_keeps_what_was_committed",
            "--nocapture",
        ])
        .env(CHILD, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("second round")));
    child.kill().unwrap();
    child.wait().unwrap();
    let session = make(folder.path()).session(options).unwrap();
    let who: Vec<_> = session
        .history()
        .iter()
        .map(|event: &Event| event.who)
        .collect();
    assert_eq!(who, [Who::User, Who::Ai, Who::Tool]);
    assert_eq!(session.history()[2].message.as_deref(), Some("noon"));
}
