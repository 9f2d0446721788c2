//! A server that speaks `OpenAI`'s chat completions, and counts.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// What the server has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// How often each question was asked.
    pub(crate) questions: Mutex<BTreeMap<String, usize>>,
    now: AtomicUsize,
    pub(crate) most: AtomicUsize,
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) seen: Arc<Seen>,
}

/// Status and body for a request and the key sent with it.
type Answer = dyn Fn(&Value, &str) -> (u16, Value) + Send + Sync;

impl Server {
    /// Answers each question after `delay` by `answer`, which gets the question and the key sent.
    pub(crate) fn start(
        delay: Duration,
        answer: impl Fn(&str, &str) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        Self::serving(delay, move |request, key| answer(question(request), key))
    }

    /// The same, by an answer that gets the whole request.
    pub(crate) fn serving(
        delay: Duration,
        answer: impl Fn(&Value, &str) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (seen, answer): (_, Arc<Answer>) = (Arc::new(Seen::default()), Arc::new(answer));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that was killed in the middle is no matter.
                    let _ = serve(stream, delay, &seen, &*answer);
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn asked(&self) -> usize {
        self.seen.questions.lock().unwrap().values().sum()
    }
}

/// What a request asks: its last message.
pub(crate) fn question(request: &Value) -> &str {
    let messages = request["messages"].as_array().unwrap();
    messages.last().unwrap()["content"]
        .as_str()
        .unwrap_or_default()
}

/// An answer of `text`.
pub(crate) fn says(text: &str) -> (u16, Value) {
    let body = json!({
        "id": "1", "object": "chat.completion", "model": "tiny-2026",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    });
    (200, body)
}

fn serve(stream: TcpStream, delay: Duration, seen: &Seen, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    loop {
        let (mut length, mut key, mut line) = (0, String::new(), String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.split_once(':') else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "authorization" => value
                    .trim()
                    .trim_start_matches("Bearer ")
                    .clone_into(&mut key),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request: Value = serde_json::from_slice(&body).unwrap();
        *seen
            .questions
            .lock()
            .unwrap()
            .entry(question(&request).to_owned())
            .or_default() += 1;
        let now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(delay);
        let (status, body) = answer(&request, &key);
        seen.now.fetch_sub(1, Ordering::SeqCst);
        let body = body.to_string();
        write!(
            out,
            "HTTP/1.1 {status} Ok\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        out.flush()?;
    }
}
