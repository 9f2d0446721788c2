//! `botsmith bot pull`: look at a cartridge from elsewhere, then keep it.

use std::fmt::Write as _;
use std::path::Path;

use botsmith::eval::{Error, Result};
use botsmith::nanobots::pull::Pulled;
use serde_json::json;

use super::args::Pull;
use super::ask;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &Pull) -> Result<Ended> {
    let workshop = super::workshop(context);
    let remote = args.from.contains("://");
    let pulled = workshop.reading(|options| match remote {
        true => super::runtime().block_on(Pulled::from_url(&args.from, options)),
        false => Pulled::from_path(Path::new(&args.from), options),
    })?;
    let path = pulled.path_in(&args.to);
    let here = output::one_line(&path.display().to_string());
    if !args.json {
        output::print(&told(&pulled))?;
        super::warn(context, &workshop, &pulled.cartridge);
    }
    // Before anybody is asked: it could not be kept.
    pulled.complete(&args.to)?;
    if !args.yes {
        match ask::confirm(&format!("keep it as {here}?")) {
            Some(true) => {}
            Some(false) => {
                output::note("not kept");
                return Ok(Ended::GateFailed);
            }
            None => {
                return Err(Error::Invalid(
                    "nobody is there to be asked: look at it, then say `--yes`".into(),
                ));
            }
        }
    }
    let known = pulled.keep(&args.to, args.force)?;
    if args.json {
        output::print_json(&json!({
            "from": pulled.from, "path": path, "blake3": pulled.digest.to_string(),
            "unchanged": known, "contents": pulled.contents,
        }))?;
    } else {
        let word = if known {
            "is there already:"
        } else {
            "kept as"
        };
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        output::print(&format!("{word} {here}\n"))?;
        if !context.quiet() {
            let id = output::one_line(&id);
            output::print(&format!("\nnext: botsmith bot show {id}\n"))?;
        }
    }
    Ok(Ended::Well)
}

/// What a person should know before it is kept.
fn told(pulled: &Pulled) -> String {
    let contents = &pulled.contents;
    let list = |items: &[String]| match items.is_empty() {
        true => "none".to_owned(),
        false => items
            .iter()
            .map(|item| output::one_line(item))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let yes = |yes: bool, no: &'static str| if yes { "yes" } else { no };
    let meta = pulled.cartridge.as_written().meta();
    let mut text = String::new();
    for (name, value) in [
        ("name", meta.name.unwrap_or_else(|| "none".into())),
        ("from", pulled.from.clone()),
        ("blake3", pulled.digest.to_string()),
        (
            "licence",
            meta.license.unwrap_or_else(|| "not stated".into()),
        ),
        ("tools", list(&contents.tools)),
        (
            "sandboxed",
            yes(contents.sandboxed, "NO: its code may do what you may").into(),
        ),
        (
            "asks first",
            yes(contents.confirmed, "no: tools run without asking").into(),
        ),
        ("sends to", list(&contents.network)),
        ("starts", list(&contents.programs)),
        ("needs", list(&contents.files)),
        ("reads", list(&contents.environment)),
    ] {
        let _ = writeln!(text, "{name:11}{}", output::one_line(&value));
    }
    text
}
