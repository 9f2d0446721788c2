//! Turns of a bot and of a session, with closures and lists of answers as models.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/models.rs"]
mod models;

use std::sync::Arc;

use botsmith_core::chat::{
    Call, CancelToken, ChatResponse, ErrorClass, FnModel, Message, Role, ToolCall,
};
use botsmith_nanobots::bot::{Behavior, Permission};
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::interface::Mode;
use botsmith_nanobots::session::{Piece, Quiet, SessionOptions, Who};
use botsmith_nanobots::{Bot, Cartridge, Error};
use serde_json::{Value, json};

use models::{Step, Steps};

fn cartridge(value: &Value) -> Cartridge {
    Cartridge::from_value(value, Profile::Native).expect("the map is a cartridge")
}

fn parrot() -> Arc<FnModel> {
    Arc::new(FnModel::new("parrot", |request, _call| async move {
        Ok(ChatResponse::text(request.last_user().unwrap_or_default()))
    }))
}

#[tokio::test]
async fn a_session_shows_affixes_and_the_model_never_sees_those_of_the_output() {
    let steps = Arc::new(Steps::new(vec![Step::pieces(&["a", "b"]), Step::text("c")]));
    let interfaces = json!({
        "input": {"prefix": "<", "suffix": ">"},
        "output": {"prefix": "[", "suffix": "]"},
    });
    let bot = Bot::new(cartridge(&json!({"interfaces": interfaces})), steps.clone()).unwrap();
    let mut session = bot.session(SessionOptions::default()).unwrap();
    let mut seen = Vec::new();
    let mut observer = |piece: &Piece<'_>| {
        let fragment = piece.fragment.unwrap_or("-").to_owned();
        seen.push((piece.text.to_owned(), fragment, piece.finished));
    };
    let call = Call::default();
    let reply = session
        .eval("hi", Mode::Eval, &mut observer, &call)
        .await
        .unwrap();
    assert_eq!(reply.output, "[ab]");
    assert_eq!(reply.turn.unwrap().text, "ab");
    let wanted = [
        ("[", "[", false),
        ("[a", "a", false),
        ("[ab", "b", false),
        ("[ab]", "]", false),
        ("[ab]", "-", true),
    ];
    assert_eq!(
        seen,
        wanted.map(|(text, fragment, done)| (text.into(), fragment.into(), done))
    );

    session
        .eval("again", Mode::Repl, &mut Quiet, &call)
        .await
        .unwrap();
    let request = &steps.requests()[1];
    let sent: Vec<_> = request
        .messages
        .iter()
        .map(|m| (m.role, m.content.text()))
        .collect();
    let wanted = [
        (Role::User, "<hi>"),
        (Role::Assistant, "ab"),
        (Role::User, "<again>"),
    ];
    assert_eq!(sent, wanted.map(|(role, text)| (role, text.to_owned())));
    let [first, second, ..] = session.history() else {
        panic!("too short")
    };
    assert_eq!((first.who, first.input.as_deref()), (Who::User, Some("hi")));
    assert_eq!(first.message.as_deref(), Some("<hi>"));
    assert_eq!(second.output.as_deref(), Some("[ab]"));
}

#[tokio::test]
async fn a_cancelled_stream_leaves_the_session_as_before_the_turn() {
    let token = CancelToken::new();
    let steps = vec![Step::text("first"), Step::pieces(&["half"]).then_silence()];
    let bot = Bot::new(cartridge(&json!({})), Arc::new(Steps::new(steps))).unwrap();
    let mut session = bot.session(SessionOptions::default()).unwrap();
    session
        .eval("one", Mode::Eval, &mut Quiet, &Call::default())
        .await
        .unwrap();
    let before = session.history().to_vec();
    let stop = token.clone();
    let mut observer = move |piece: &Piece<'_>| {
        if piece.fragment == Some("half") {
            stop.cancel();
        }
    };
    let call = Call::default().cancelled_by(token);
    let error = session
        .eval("two", Mode::Eval, &mut observer, &call)
        .await
        .unwrap_err();
    let Error::Model(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.class, ErrorClass::Cancelled);
    assert_eq!(session.history(), before);
}

#[tokio::test]
async fn boot_speaks_first_and_without_an_instruction_says_nothing() {
    let greets = json!({"behaviors": {"boot": {"instruction": "Greet."}}});
    let bot = Bot::new(cartridge(&greets), parrot()).unwrap();
    let mut session = bot.session(SessionOptions::default()).unwrap();
    let call = Call::default();
    let reply = session.boot(Mode::Repl, &mut Quiet, &call).await.unwrap();
    assert_eq!(reply.output, "\nGreet.\n");
    assert_eq!(session.history().len(), 2);
    let silent = Bot::new(cartridge(&json!({})), parrot()).unwrap();
    let mut session = silent.session(SessionOptions::default()).unwrap();
    let reply = session.boot(Mode::Repl, &mut Quiet, &call).await.unwrap();
    assert_eq!((reply.output.as_str(), reply.turn), ("", None));
    assert!(session.history().is_empty());
}

#[test]
fn the_request_opens_with_directive_instruction_and_backdrop() {
    let behaviors = json!({"interaction": {"directive": "D", "backdrop": "B", "instruction": "I"}});
    let bot = Bot::new(cartridge(&json!({"behaviors": behaviors})), parrot()).unwrap();
    let request = bot
        .request(Behavior::Interaction, &[Message::user("q")])
        .unwrap();
    let sent: Vec<_> = request
        .messages
        .iter()
        .map(|m| (m.content.text(), m.backdrop))
        .collect();
    let wanted = [("D\n\nI", false), ("B", true), ("q", false)];
    assert_eq!(
        sent,
        wanted.map(|(text, backdrop)| (text.to_owned(), backdrop))
    );
}

#[tokio::test]
async fn a_question_to_nobody_is_a_no_and_the_turn_says_so() {
    let call = ToolCall {
        id: "c1".into(),
        name: "clock".into(),
        arguments: "{}".into(),
    };
    let steps = Arc::new(Steps::new(vec![
        Step::calls(vec![call]),
        Step::text("sorry"),
    ]));
    let bot = Bot::builder(cartridge(&json!({})), steps.clone())
        .tool(models::tool("clock", |_| "noon".into()))
        .permission(Permission::Deny)
        .build()
        .unwrap();
    let turn = bot
        .ask(&[Message::user("what time?")], &Call::default())
        .await
        .unwrap();
    assert_eq!((turn.text.as_str(), turn.rounds), ("sorry", 2));
    assert!(!turn.tools[0].ran);
    assert!(
        turn.notes[0].contains("`clock` did not run"),
        "{:?}",
        turn.notes
    );
    let told = steps.requests()[1].messages.last().unwrap().content.text();
    assert!(told.contains("did not allow"), "{told}");
}
