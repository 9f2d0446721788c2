//! The service of `examples/embed_axum.rs`: it answers, and a client that goes away stops the bot's work.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../examples/embed_axum.rs"]
#[allow(dead_code, reason = "its `main` is the example's")]
mod embed_axum;

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use botsmith::core::chat::{ChatResponse, FnModel};
use botsmith::nanobots::cartridge::Profile;
use botsmith::nanobots::{Bot, Cartridge};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Long enough for the slowest machine; waited for only where something is broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a call tells of itself.
#[derive(Debug, PartialEq)]
enum Call {
    Began,
    Stopped,
}

struct Stopping(UnboundedSender<Call>);

impl Drop for Stopping {
    fn drop(&mut self) {
        let _ = self.0.send(Call::Stopped);
    }
}

async fn serve(model: FnModel) -> SocketAddr {
    let cartridge = Cartridge::from_value(&serde_json::json!({}), Profile::Native).unwrap();
    let bot = Bot::new(cartridge, Arc::new(model)).unwrap();
    let service = embed_axum::service(bot).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn ask(address: SocketAddr) -> TcpStream {
    let body = r#"{"question": "How long?", "reference": "3 days"}"#;
    let head = format!(
        "POST /ask HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all((head + body).as_bytes()).await.unwrap();
    client
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_call_of_its_bot() {
    let (tell, mut told) = unbounded_channel();
    let model = FnModel::new("slow", move |_, _| {
        let tell = tell.clone();
        async move {
            let _ = tell.send(Call::Began);
            let _stopping = Stopping(tell);
            pending().await
        }
    });
    let client = ask(serve(model).await).await;
    let mut next = async || tokio::time::timeout(PATIENCE, told.recv()).await.unwrap();
    assert_eq!(next().await, Some(Call::Began));
    drop(client);
    assert_eq!(next().await, Some(Call::Stopped));
}

#[tokio::test]
async fn a_client_that_stays_gets_the_answer_and_its_verdicts() {
    let model = FnModel::new("quick", |_, _| async {
        Ok(ChatResponse::text("In 3 days."))
    });
    let mut client = ask(serve(model).await).await;
    let mut said = String::new();
    client.read_to_string(&mut said).await.unwrap();
    let body = said.split("\r\n\r\n").nth(1).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let answer = &body["answers"][0];
    assert_eq!(answer["text"], "In 3 days.");
    let verdicts = answer["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 2, "{body:#}");
    for verdict in verdicts {
        assert_eq!(verdict["judged"]["passed"], true, "{body:#}");
    }
}
