//! `botsmith bot show`: what a bot is made of, or the request that it would send.

mod extensions;

use std::fmt::Write as _;

use botsmith::eval::Result;
use botsmith::nanobots::bot::Behavior;
use botsmith::nanobots::cartridge::Profile;
use botsmith::nanobots::provider::request_preview;
use botsmith::nanobots::pull::Contents;
use botsmith::nanobots::{Cartridge, Workshop};
use serde_json::json;

use super::args::{Allow, Show};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &Show) -> Result<Ended> {
    let allow = Allow {
        yes: false,
        commands: true,
        unsandboxed: false,
    };
    let workshop = super::told(context, &args.which, allow)?;
    let cartridge = workshop.cartridge(&args.which.cartridge)?;
    let Some(input) = args.asked() else {
        return summary(context, &workshop, &cartridge, args.json);
    };
    super::warn(context, &workshop, &cartridge);
    let values = super::variables(&cartridge, &args.which.variables);
    let (config, request) = workshop.variables(values).request(&cartridge, input)?;
    let chosen = args.which.provider.is_some() || context.config.bots.provider.is_some();
    if cartridge.provider_id().is_none() && !chosen && !context.quiet() {
        output::note(&format!(
            "note: the cartridge names no provider: this is what `{}` would get; choose one with --provider and --model",
            config.id()
        ));
    }
    let preview = request_preview(&config, &request, config.streams())
        .map_err(botsmith::nanobots::Error::from)?;
    if args.json {
        let headers: serde_json::Map<_, _> = preview
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        output::print_json(&json!({
            "provider": config.id(), "model": config.model(), "method": preview.method,
            "url": preview.url, "headers": headers, "body": preview.body,
        }))?;
    } else {
        output::print(&format!("{preview}\n"))?;
    }
    Ok(Ended::Well)
}

fn summary(
    context: &Context,
    workshop: &Workshop,
    cartridge: &Cartridge,
    as_json: bool,
) -> Result<Ended> {
    // What the environment put in is nobody's to see.
    let written = cartridge.as_written();
    let meta = written.meta();
    let contents = Contents::of(cartridge);
    let native = cartridge.native();
    if as_json {
        let warnings: Vec<_> = workshop
            .warnings(cartridge)
            .iter()
            .map(ToString::to_string)
            .collect();
        let files: Vec<_> = cartridge.files().collect();
        let mut shown = json!({
            "path": cartridge.path(),
            "files": files,
            "meta": {
                "symbol": meta.symbol, "name": meta.name, "author": meta.author,
                "version": meta.version, "license": meta.license, "description": meta.description,
            },
            "provider": cartridge.provider_id(),
            "contents": contents,
            "variables": native.variables.iter().map(|(name, v)| json!({
                "name": name, "type": v.kind.as_str(), "default": v.default,
                "description": v.description, "required": v.required,
            })).collect::<Vec<_>>(),
            "cartridge": cartridge.original(),
            "warnings": warnings,
        });
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(extensions::object(cartridge));
        }
        output::print_json(&shown)?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    let title = [
        meta.symbol,
        meta.name.or_else(|| Some("no name".into())),
        meta.version,
    ];
    let title: Vec<_> = title.into_iter().flatten().collect();
    let _ = writeln!(text, "{}", output::one_line(&title.join(" ")));
    if let Some(description) = &meta.description {
        let _ = writeln!(text, "{}", output::one_line(description.trim_end()));
    }
    text.push('\n');
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            // Further lines stand where no name of a row does.
            let value = output::many_lines(&value).replace('\n', "\n           ");
            let _ = writeln!(text, "{name:11}{value}");
        }
    };
    let line = |text: Option<String>| output::one_line(text.unwrap_or_default().trim_end());
    let list = |items: &[String]| {
        let items: Vec<_> = items.iter().map(|item| output::one_line(item)).collect();
        items.join("\n")
    };
    row("file", line(Some(cartridge.path().display().to_string())));
    row("author", line(meta.author));
    row("licence", line(meta.license));
    let model = ["settings", "options"]
        .iter()
        .find_map(|part| cartridge.original()["provider"][part]["model"].as_str());
    let provider = cartridge
        .provider_id()
        .unwrap_or("none: choose one with --provider");
    row(
        "provider",
        line(Some(format!("{provider} {}", model.unwrap_or_default()))),
    );
    for behavior in [Behavior::Boot, Behavior::Interaction] {
        let texts = written.texts(behavior);
        let boot = behavior == Behavior::Boot;
        row(
            if boot { "boot" } else { "directive" },
            shorten(texts.directive),
        );
        row("backdrop", shorten(texts.backdrop));
        let sent = boot || cartridge.profile() == Profile::Native;
        row(
            if sent { "says" } else { "not sent" },
            shorten(texts.instruction),
        );
    }
    row("tools", list(&contents.tools));
    if !contents.tools.is_empty() {
        let safe = match (contents.sandboxed, contents.confirmed) {
            (true, true) => "sandboxed, asks before it calls one",
            (true, false) => "sandboxed, calls them without asking",
            (false, true) => "NOT sandboxed, asks before it calls one",
            (false, false) => "NOT sandboxed, calls them without asking",
        };
        row("", safe.into());
    }
    let variables: Vec<_> = native
        .variables
        .iter()
        .map(|(name, variable)| {
            let default = match &variable.default {
                Some(value) => format!(" = {value}"),
                None if variable.required => " (required)".into(),
                None => String::new(),
            };
            let kind = variable.kind.as_str();
            let description = output::one_line(variable.description.as_deref().unwrap_or_default());
            format!("{name}: {kind}{default}  {description}")
                .trim_end()
                .to_owned()
        })
        .collect();
    row("variables", variables.join("\n"));
    for (name, value) in extensions::rows(cartridge) {
        row(name, value);
    }
    row("sends to", list(&contents.network));
    row("starts", list(&contents.programs));
    row("needs", list(&contents.files));
    row("reads", contents.environment.join(", "));
    let extensions: Vec<_> = cartridge.original()["botsmith"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect();
    row("botsmith", extensions.join(", "));
    output::print(&text)?;
    super::warn(context, workshop, cartridge);
    if !context.quiet() {
        output::note("\nnext: add `--request` to see what it would send");
    }
    Ok(Ended::Well)
}

/// The first lines of a text.
fn shorten(text: Option<String>) -> String {
    const LINES: usize = 4;
    let text = text.unwrap_or_default();
    let text = text.trim_end();
    let lines: Vec<_> = text.lines().collect();
    match lines.len() > LINES {
        true => format!(
            "{}\n… {} more lines",
            lines[..LINES].join("\n"),
            lines.len() - LINES
        ),
        false => text.to_owned(),
    }
}
