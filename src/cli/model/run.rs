//! `botsmith model run`: a prompt in, the answer out as it is made.

use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use botsmith::core::chat::{Call, ChatRequest, Message};
use botsmith::core::engine::{ChatStart, GenerateEvent, GenerateRequest, Grammar, LocalModel};
use botsmith::eval::{Error, Result};
use serde_json::{Value, json};

use super::Run;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// Bytes of a prompt from stdin, of a schema or a grammar.
const TEXT: u64 = 16 << 20;

pub(super) fn run(context: &Context, args: &Run) -> Result<Ended> {
    let prompt = match &args.prompt {
        Some(prompt) => prompt.clone(),
        None => read(Path::new("<stdin>"), std::io::stdin().lock())?,
    };
    let grammar = grammar(args)?;
    let model = super::load::decoder(context, &args.decoder)?;
    let request = request(&model, args, &prompt, grammar)?;
    let begun = Instant::now();
    let mut first = None;
    let mut answer = String::new();
    for event in super::engine(model.generate(request, Call::default()))? {
        let (text, done) = match super::engine(event)? {
            GenerateEvent::Token { text, .. } => (text, None),
            GenerateEvent::Done {
                text,
                finish,
                usage,
            } => (text, Some((finish, usage))),
            _ => continue,
        };
        first.get_or_insert_with(|| begun.elapsed());
        if !args.json && !text.is_empty() {
            output::print(&text)?;
        }
        answer.push_str(&text);
        if let Some((finish, usage)) = done
            && args.json
        {
            let first = first.unwrap_or_default().as_secs_f64();
            output::print_json(&json!({
                "text": answer,
                "finish": finish,
                "usage": usage,
                "seed": args.seed,
                "seconds": {"first": first, "all": begun.elapsed().as_secs_f64()},
            }))?;
        }
    }
    if !args.json {
        output::print("\n")?;
    }
    Ok(Ended::Well)
}

fn request(
    model: &LocalModel,
    args: &Run,
    prompt: &str,
    grammar: Option<Grammar>,
) -> Result<GenerateRequest> {
    let raw = args.raw || (model.chat_template().is_none() && args.system.is_none());
    let text = if raw {
        prompt.to_owned()
    } else {
        let system = args.system.iter().map(|text| Message::system(text.clone()));
        let messages = system.chain([Message::user(prompt)]).collect();
        let mut start = ChatStart::default();
        start.grammar.clone_from(&grammar);
        super::engine(model.chat_text_with(&ChatRequest::new(messages), start))?
    };
    let mut sampling = model.recommended().clone();
    sampling.seed = args.seed;
    let set = |to: &mut f32, from: Option<f64>| {
        if let Some(value) = from {
            *to = value as f32;
        }
    };
    set(&mut sampling.temperature, args.temperature);
    set(&mut sampling.top_p, args.top_p);
    set(&mut sampling.min_p, args.min_p);
    if let Some(k) = args.top_k {
        sampling.top_k = k as usize;
    }
    Ok(GenerateRequest {
        prompt: super::engine(model.tokenizer().encode(&text, raw))?,
        sampling,
        max_tokens: args.max_tokens,
        stop: args.stop.clone(),
        grammar,
        ..GenerateRequest::default()
    })
}

fn grammar(args: &Run) -> Result<Option<Grammar>> {
    let file = |path: &Path| {
        let file = std::fs::File::open(path).map_err(|source| botsmith::core::Error::Read {
            path: path.to_owned(),
            source,
        })?;
        read(path, file)
    };
    if let Some(path) = &args.schema {
        let text = file(path)?;
        let schema: Value = serde_json::from_str(&text).map_err(|error| {
            let excerpt = text
                .lines()
                .nth(error.line().saturating_sub(1))
                .unwrap_or_default();
            botsmith::core::Diagnostic::new(path, format!("no JSON: {error}"))
                .at(error.line(), error.column())
                .excerpt(excerpt)
        })?;
        return Ok(Some(Grammar::JsonSchema(schema)));
    }
    if let Some(path) = &args.lark {
        return Ok(Some(Grammar::Lark(file(path)?)));
    }
    Ok(args.regex.clone().map(Grammar::Regex))
}

fn read(path: &Path, from: impl std::io::Read) -> Result<String> {
    let mut text = String::new();
    let got = from.take(TEXT + 1).read_to_string(&mut text);
    let got = got.map_err(|source| botsmith::core::Error::Read {
        path: path.to_owned(),
        source,
    })?;
    match got as u64 > TEXT {
        true => Err(Error::Invalid(format!(
            "{} has over {TEXT} bytes",
            path.display()
        ))),
        false => Ok(text),
    }
}
