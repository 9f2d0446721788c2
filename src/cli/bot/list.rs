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
    let rows: Vec<[String; 3]> = listed
        .iter()
        .map(|bot| {
            let about = bot.description.as_deref().unwrap_or_default();
            [bot.id.as_str(), bot.name.as_str(), about.trim_end()].map(output::one_line)
        })
        .collect();
    let wide = |at: usize| rows.iter().map(move |row| row[at].chars().count()).max();
    let (ids, names) = (wide(0).unwrap_or(0), wide(1).unwrap_or(0));
    let mut text = String::new();
    for [id, name, about] in &rows {
        let line = format!("{id:ids$}  {name:names$}  {about}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    output::print(&text)?;
    if !context.quiet() {
        for (path, error) in &broken {
            let said = error.to_string();
            let first = said.lines().next().unwrap_or_default();
            let line = format!("cannot read {}: {first}", path.display());
            output::note(&output::one_line(&line));
        }
        let folders: Vec<_> = library.folders().map(|f| f.display().to_string()).collect();
        output::note(&format!(
            "\nlooked in {}\nnext: botsmith bot run ID \"…\"",
            folders.join(", ")
        ));
    }
    Ok(Ended::Well)
}
