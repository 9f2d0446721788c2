//! `botsmith bot list`.

use std::fmt::Write as _;

use botsmith::eval::Result;
use serde_json::json;

use super::args::List;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &List) -> Result<Ended> {
    let workshop = super::workshop(context);
    let library = workshop.library();
    let (listed, broken) = workshop.reading(|options| library.list(options));
    if args.json {
        let bots: Vec<_> = listed
            .iter()
            .map(|bot| {
                json!({
                    "id": bot.id, "name": bot.name, "path": bot.path,
                    "description": bot.description, "symbol": bot.symbol,
                })
            })
            .collect();
        let broken: Vec<_> = broken
            .iter()
            .map(|(path, error)| json!({"path": path, "error": error.to_string()}))
            .collect();
        output::print_json(&json!({"bots": bots, "unreadable": broken}))?;
        return Ok(Ended::Well);
    }
    let wide = |text: &str| text.chars().count();
    let ids = listed.iter().map(|bot| wide(&bot.id)).max().unwrap_or(0);
    let names = listed.iter().map(|bot| wide(&bot.name)).max().unwrap_or(0);
    let mut text = String::new();
    for bot in &listed {
        let line = format!(
            "{:ids$}  {:names$}  {}",
            bot.id,
            bot.name,
            bot.description.as_deref().unwrap_or_default(),
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    output::print(&text)?;
    if !context.quiet() {
        for (path, error) in &broken {
            let said = error.to_string();
            let first = said.lines().next().unwrap_or_default();
            output::note(&format!("cannot read {}: {first}", path.display()));
        }
        let folders: Vec<_> = library.folders().map(|f| f.display().to_string()).collect();
        output::note(&format!(
            "\nlooked in {}\nnext: botsmith bot run ID \"…\"",
            folders.join(", ")
        ));
    }
    Ok(Ended::Well)
}
