//! `botsmith model score`: JSONL `{"prompt", "continuations"}` in, `{"logprobs", "tokens"}` out.
//!
//! Sums are in nats. Requests are scored in pieces, so that those of a piece share their beginnings.

use std::fmt::Write as _;
use std::io::{BufRead as _, Read as _};

use botsmith::core::Diagnostic;
use botsmith::core::chat::{Call, ChatRequest, Message};
use botsmith::core::score::{ScoreRequest, Scores};
use botsmith::eval::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Score;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// Requests that are held at a time.
const PIECE: usize = 1024;
/// A longer line is no request.
const LINE: u64 = 32 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    prompt: String,
    continuations: Vec<String>,
    #[serde(default)]
    id: Option<Value>,
}

pub(super) fn run(context: &Context, args: &Score) -> Result<Ended> {
    let model = super::load::decoder(context, &args.decoder)?;
    let mut input = std::io::stdin().lock();
    let (mut line, mut number) = (Vec::new(), 0);
    let mut piece: Vec<Line> = Vec::new();
    loop {
        line.clear();
        number += 1;
        let got = input.by_ref().take(LINE + 1).read_until(b'\n', &mut line);
        let got = got.map_err(|source| botsmith::core::Error::Read {
            path: "<stdin>".into(),
            source,
        })?;
        if got == 0 || piece.len() == PIECE {
            let requests: Vec<ScoreRequest> =
                piece.iter().map(|line| request(line, args.chat)).collect();
            let scores = super::engine(model.score_now(&requests, &Call::default()))?;
            let mut text = String::new();
            for (line, scores) in piece.iter().zip(&scores) {
                let _ = writeln!(text, "{}", answer(line, scores, args.per_token));
            }
            output::print(&text)?;
            piece.clear();
        }
        if got == 0 {
            return Ok(Ended::Well);
        }
        let wrong = |message: String| Diagnostic::new("<stdin>", message).at(number, 0);
        if got as u64 > LINE {
            return Err(wrong(format!("the line has over {LINE} bytes")).into());
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        piece.push(serde_json::from_slice(&line).map_err(|error| {
            wrong(format!(
                "no object {{\"prompt\", \"continuations\"}}: {error}"
            ))
            .excerpt(String::from_utf8_lossy(&line).trim_end())
        })?);
    }
}

fn request(line: &Line, chat: bool) -> ScoreRequest {
    let (prompt, continuations) = (line.prompt.clone(), line.continuations.clone());
    match chat {
        false => ScoreRequest::text(prompt, continuations),
        true => ScoreRequest::chat(ChatRequest::new(vec![Message::user(prompt)]), continuations),
    }
}

fn answer(line: &Line, scores: &Scores, per_token: bool) -> Value {
    let each = &scores.continuations;
    let mut answer = json!({
        "logprobs": each.iter().map(|one| one.logprob).collect::<Vec<_>>(),
        "tokens": each.iter().map(|one| one.tokens.len()).collect::<Vec<_>>(),
    });
    if per_token {
        answer["token_logprobs"] = each
            .iter()
            .map(|one| {
                one.tokens
                    .iter()
                    .map(|(_, logprob)| *logprob)
                    .collect::<Vec<_>>()
            })
            .collect();
        answer["token_texts"] = each
            .iter()
            .map(|one| {
                one.tokens
                    .iter()
                    .map(|(text, _)| text.as_str())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    if let Some(id) = &line.id {
        answer["id"] = id.clone();
    }
    answer
}
