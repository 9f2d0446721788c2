//! `botsmith model list` and `botsmith model rm`.

use std::fmt::Write as _;

use botsmith::core::engine::{Library, ModelRef};
use botsmith::eval::{Error, Result};
use serde_json::json;

use super::{List, Rm};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &List) -> Result<Ended> {
    let library = Library::new(&context.environment);
    let all = library.list();
    if args.json {
        let models: Vec<_> = (all.iter())
            .map(|kept| json!({"model": kept.name, "path": kept.path, "bytes": kept.bytes, "ours": kept.ours}))
            .collect();
        output::print_json(&json!({"folder": library.folder, "models": models}))?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    for kept in &all {
        let note = if kept.ours {
            ""
        } else {
            "  (in the Hugging Face cache)"
        };
        let _ = writeln!(
            text,
            "{:>7} MB  {}{note}",
            kept.bytes.div_ceil(1_000_000),
            kept.name
        );
    }
    if all.is_empty() {
        let _ = writeln!(
            text,
            "no model here yet; `botsmith model pull hf:org/name` fetches one"
        );
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

pub(super) fn remove(context: &Context, args: &Rm) -> Result<Ended> {
    let ModelRef::Hub(hub) = super::engine(args.model.parse::<ModelRef>())? else {
        let message = "a model that `botsmith model pull` fetched is wanted, as `hf:org/name`; folders of your own are yours to remove";
        return Err(Error::Invalid(message.into()));
    };
    let bytes = super::engine(Library::new(&context.environment).remove(&hub))?;
    if args.json {
        output::print_json(
            &json!({"removed": format!("hf:{}/{}", hub.owner, hub.name), "bytes": bytes}),
        )?;
    } else {
        output::print(&format!(
            "removed hf:{}/{}: {} MB\n",
            hub.owner,
            hub.name,
            bytes.div_ceil(1_000_000)
        ))?;
    }
    Ok(Ended::Well)
}
