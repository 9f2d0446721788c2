//! `botsmith model info MODEL`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use botsmith::core::engine::{
    ComputeDevice, Config, Result as EngineResult, Tokenizer, WeightFiles, Weights, memory,
};
use botsmith::eval::Result;
use serde_json::json;

use super::Info;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// What is told of a model.
struct Told {
    kind: String,
    format: &'static str,
    parameters: u64,
    types: BTreeMap<String, u64>,
    needed: u64,
    context: Option<u64>,
    tokens: EngineResult<usize>,
}

pub(super) fn run(context: &Context, args: &Info) -> Result<Ended> {
    let files = super::files(context, &args.model)?;
    let told = super::engine(tell(&files))?;
    let free = memory::free();
    if args.json {
        output::print_json(&json!({
            "path": files.path,
            "kind": told.kind,
            "format": told.format,
            "parameters": told.parameters,
            "types": told.types,
            "context": told.context,
            "tokens": told.tokens.as_ref().ok(),
            "memory": {"needed": told.needed, "free": free},
        }))?;
        return Ok(Ended::Well);
    }
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    let types: Vec<String> = told
        .types
        .iter()
        .map(|(name, count)| format!("{name} ({count})"))
        .collect();
    let mut text = String::new();
    let _ = writeln!(text, "path        {}", files.path.display());
    let _ = writeln!(text, "kind        {}", told.kind);
    let _ = writeln!(text, "format      {}", told.format);
    let _ = writeln!(text, "parameters  {}", told.parameters);
    let _ = writeln!(text, "tensors     {}", types.join(", "));
    if let Some(longest) = told.context {
        let _ = writeln!(text, "context     {longest} tokens");
    }
    match &told.tokens {
        Ok(tokens) => {
            let _ = writeln!(text, "vocabulary  {tokens} tokens");
        }
        Err(error) => {
            let _ = writeln!(text, "vocabulary  {error}");
        }
    }
    let _ = writeln!(text, "memory      {} MB on the CPU", megabytes(told.needed));
    if let Some(free) = free {
        let _ = writeln!(text, "free        {} MB", megabytes(free));
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

fn tell(files: &botsmith::core::engine::ModelFiles) -> EngineResult<Told> {
    let config = Config::open(files)?;
    let weights = Weights::open(files, &ComputeDevice::Cpu)?;
    let mut types: BTreeMap<String, u64> = BTreeMap::new();
    for name in weights.names() {
        if let Some((stored, _)) = weights.about(name) {
            *types.entry(stored.name()).or_default() += 1;
        }
    }
    let longest = config
        .get("max_position_embeddings")
        .and_then(serde_json::Value::as_u64);
    Ok(Told {
        kind: config
            .architectures()
            .next()
            .map_or_else(|| config.model_type().to_owned(), str::to_owned),
        format: match &files.weights {
            WeightFiles::Gguf(_) => "GGUF",
            _ => "safetensors",
        },
        parameters: weights.parameters(),
        types,
        needed: weights.bytes_needed(),
        context: longest,
        tokens: Tokenizer::open(files).map(|tokenizer| tokenizer.size()),
    })
}
