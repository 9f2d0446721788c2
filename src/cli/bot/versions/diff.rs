//! `botsmith bot diff`: two versions of a bot, line by line.

use botsmith::eval::Result;
use botsmith::nanobots::versions::{Side, Versions};
use serde_json::json;

use super::args::Diff;
use super::named;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(in crate::cli::bot) fn run(context: &Context, args: &Diff) -> Result<Ended> {
    let named = named(context, &args.cartridge)?;
    let store = context.existing_store()?;
    let versions = Versions::of(&*store, &named.name);
    let side = |name: &Option<String>, otherwise: &str| {
        versions.side(name.as_deref().unwrap_or(otherwise), &named.file)
    };
    let (old, new) = (side(&args.from, "previous")?, side(&args.to, "current")?);
    let found = old.difference(&new);
    if args.json {
        output::print_json(&json!({
            "bot": named.name, "from": old.hash, "to": new.hash,
            "added": found.added, "removed": found.removed, "diff": found.text,
        }))?;
        return Ok(Ended::Well);
    }
    let shown = |side: &Side| {
        side.version
            .as_ref()
            .map_or_else(|| "the file".into(), super::shown)
    };
    let mut out = format!("--- {}\n+++ {}\n", shown(&old), shown(&new));
    match found.text.is_empty() {
        true => out.push_str("no difference\n"),
        false => out.push_str(&output::many_lines(&found.text)),
    }
    output::print(&out)?;
    Ok(Ended::Well)
}
