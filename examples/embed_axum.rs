//! A service that judges its bot in the request handler, on its own runtime.
//!
//! `cargo run --example embed_axum` asks itself one question and ends; with an address, like
//! `cargo run --example embed_axum -- 127.0.0.1:8080`, it serves: `curl -d '{"question": "How long?",
//! "reference": "3 working days"}' -H 'content-type: application/json' 127.0.0.1:8080/ask`.
//! A client that goes away stops the work: the handler's future is dropped, and with it the bot's.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::sync::Arc;
use std::time::Duration;

use axum::{Json, Router, extract::State, routing::post};
use botsmith::core::{chat::Call, yaml};
use botsmith::eval::ask::{Ask, evaluate_bot};
use botsmith::eval::{evaluators::Panel, extract::Extract};
use botsmith::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

type Shared = Arc<(Bot, Panel)>;

async fn ask(State(shared): State<Shared>, Json(asked): Json<Value>) -> Json<Value> {
    let text = |key: &str| asked[key].as_str().unwrap_or_default().to_owned();
    let mut case = Case {
        id: "request".into(),
        input: text("question"),
        ..Case::default()
    };
    case.references = vec![text("reference")];
    let call = Call::within(Duration::from_secs(30));
    let (bot, panel) = &*shared;
    Json(
        match evaluate_bot(bot, &[case], panel, &Ask::default(), &call).await {
            Ok(records) => json!({"answers": records[0].answers}),
            Err(error) => json!({"error": {"code": error.code(), "message": error.to_string()}}),
        },
    )
}

/// The service of a bot.
pub(crate) fn service(bot: Bot) -> Result<Router, Box<dyn std::error::Error>> {
    let source = Source::new(
        "evaluators",
        "[{icontains: {value: '{{ reference }}'}}, {sentences: {max: 2}}]",
    );
    let list = yaml::parse(&source)?;
    let at = yaml::Cursor::new(&source, &list);
    let panel = Panel::read(&at, &Registry::builtin(), &Extract::default())?;
    Ok(Router::new()
        .route("/ask", post(ask))
        .with_state(Arc::new((bot, panel))))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = service(Workshop::of_process()?.bot(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/bots/assistant.yml"
    ))?)?;
    let address = std::env::args().nth(1);
    let listener =
        tokio::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let here = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, service).await });
    if address.is_some() {
        println!("listening on http://{here}/ask");
        return Ok(server.await??);
    }
    let body = json!({"question": "How long does delivery take?", "reference": "3 working days"})
        .to_string();
    let mut client = tokio::net::TcpStream::connect(here).await?;
    let head = format!(
        "POST /ask HTTP/1.1\r\nHost: {here}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.write_all((head + &body).as_bytes()).await?;
    let mut said = String::new();
    client.read_to_string(&mut said).await?;
    println!("{}", said.split("\r\n\r\n").nth(1).unwrap_or(&said));
    Ok(())
}
