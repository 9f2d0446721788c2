//! `botsmith model embed`: texts in, one vector a text out, as JSONL or as a NumPy file.

use std::fmt::Write as _;

use botsmith::core::engine::{Device, EmbedOptions, SentenceEmbedder};
use botsmith::eval::Result;
use serde_json::{Map, Value, json};

use super::Embed;
use super::input::{Text, texts};
use super::npy::Npy;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// Texts that are held at a time.
const PIECE: usize = 4096;

pub(super) fn run(context: &Context, args: &Embed) -> Result<Ended> {
    let files = super::files(context, &args.model)?;
    let device = super::engine(args.device.parse::<Device>().and_then(Device::start))?;
    let model = super::engine(SentenceEmbedder::load(&files, &device))?;
    let mut options = EmbedOptions::default();
    options.prompt.clone_from(&args.prompt);
    options.prompt_name.clone_from(&args.prompt_name);
    options.dimensions = args.dimensions;
    options.normalise = args.normalise.as_ref().map(|word| word == "yes");
    options.strict = args.strict;
    let width = options.dimensions.unwrap_or(model.width());
    let kind = if args.int8 { "|i1" } else { "<f4" };
    let mut npy = args
        .npy
        .as_ref()
        .map(|path| Npy::create(path, kind, width))
        .transpose()?;
    texts(&args.files, PIECE, |piece| {
        let words: Vec<&str> = piece.iter().map(|text| text.text.as_str()).collect();
        let vectors = super::engine(model.embed(&words, &options))?;
        let bytes = args.int8.then(|| vectors.to_int8());
        if let Some(npy) = &mut npy {
            return match &bytes {
                Some(bytes) => npy.rows(
                    bytes.values.iter().map(|value| value.cast_unsigned()),
                    piece.len(),
                ),
                None => npy.rows(
                    vectors
                        .values()
                        .iter()
                        .flat_map(|value| value.to_le_bytes()),
                    piece.len(),
                ),
            };
        }
        let mut text = String::new();
        for (at, of) in piece.iter().enumerate() {
            let line = match &bytes {
                Some(bytes) => {
                    let row = &bytes.values[at * width..(at + 1) * width];
                    line(of, json!(row), Some(bytes.scales[at]))
                }
                None => line(of, json!(vectors.row(at)), None),
            };
            let _ = writeln!(text, "{line}");
        }
        output::print(&text)
    })?;
    if let (Some(npy), Some(path)) = (npy, &args.npy) {
        let rows = npy.end()?;
        if args.json {
            output::print_json(&json!({
                "file": path,
                "vectors": rows,
                "dimensions": width,
                "type": if args.int8 { "int8" } else { "float32" },
            }))?;
        } else if !context.quiet() {
            output::note(&format!(
                "{}: {rows} vectors of {width} dimensions",
                path.display()
            ));
        }
    }
    Ok(Ended::Well)
}

fn line(of: &Text, vector: Value, scale: Option<f32>) -> Value {
    let mut line = Map::new();
    line.extend(of.id.clone().map(|id| ("id".to_owned(), id)));
    line.insert("embedding".into(), vector);
    line.extend(scale.map(|scale| ("scale".to_owned(), json!(scale))));
    line.into()
}
