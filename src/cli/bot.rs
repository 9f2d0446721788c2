//! `botsmith bot`: ask, talk with, look at, check, list, fetch and judge bots.

pub(crate) mod args;
mod ask;
mod import_state;
mod lint;
mod list;
mod nb;
mod pull;
mod repl;
mod run;
mod show;
mod test;

use botsmith::core::chat::ModelError;
use botsmith::eval::Result;
use botsmith::nanobots::provider::{ProviderKind, ProviderOverride};
use botsmith::nanobots::{Allow, Bot, Cartridge, Session, SessionOptions, Workshop};
use serde_json::{Map, Value};

use super::Ended;
use super::context::Context;
use args::{BotCommand, Remembered, Which};

pub(super) use nb::run as nb;

pub(super) fn run(context: &Context, args: &args::Bot) -> Result<Ended> {
    match &args.command {
        BotCommand::Run(args) => run::run(context, args),
        BotCommand::Repl(args) => repl::run(context, args),
        BotCommand::Show(args) => show::run(context, args),
        BotCommand::Lint(args) => lint::run(context, args),
        BotCommand::List(args) => list::run(context, args),
        BotCommand::Pull(args) => pull::run(context, args),
        BotCommand::Test(args) => test::run(context, args),
        BotCommand::ImportState(args) => import_state::run(context, args),
    }
}

/// A workshop with this command's environment.
fn workshop(context: &Context) -> Workshop {
    // `pull` keeps cartridges in bots/: what is there is found by its name.
    let bots = context.environment.folder.join("bots");
    Workshop::new(context.environment.clone(), context.config.clone()).folder(bots)
}

/// The same, with what the flags say.
fn told(context: &Context, which: &Which, allow: args::Allow) -> Result<Workshop> {
    let mut over = ProviderOverride::default();
    let wrong = |error: ModelError| botsmith::nanobots::Error::from(error);
    if let Some(id) = &which.provider {
        over.id = Some(ProviderKind::parse(id).map_err(wrong)?);
    }
    over.model.clone_from(&which.model);
    over.address.clone_from(&which.address);
    let leave = Allow::default()
        .commands(allow.allow_command)
        .unsandboxed(allow.allow_unsandboxed);
    Ok(workshop(context)
        .allow(leave)
        .provider(over)
        .permission(ask::permission(allow.yes)))
}

/// Values for a cartridge's variables, from `NAME=VALUE`, of the types that it declares.
fn variables(cartridge: &Cartridge, given: &[(String, String)]) -> Map<String, Value> {
    let declared = &cartridge.native().variables;
    given
        .iter()
        .map(|(name, text)| {
            let typed = declared.get(name).and_then(|v| v.kind.from_text(text));
            (name.clone(), typed.unwrap_or_else(|| text.as_str().into()))
        })
        .collect()
}

/// Finds a cartridge, shows what looks like a mistake in it, and makes a bot of it.
fn open(context: &Context, workshop: Workshop, which: &Which) -> Result<Bot> {
    let cartridge = workshop.cartridge(&which.cartridge)?;
    warn(context, &cartridge);
    let values = variables(&cartridge, &which.variables);
    Ok(workshop.variables(values).bot_of(cartridge)?)
}

/// Warnings of a cartridge, on stderr.
fn warn(context: &Context, cartridge: &Cartridge) {
    if !context.quiet() {
        for warning in cartridge.warnings() {
            super::output::note(&format!("warning: {warning}"));
        }
    }
}

/// The conversation that the flags name.
fn session(context: &Context, bot: &Bot, remembered: &Remembered) -> Result<Session> {
    let mut options = SessionOptions::default().colors(context.colored());
    options.state.clone_from(&remembered.session);
    options.user = user(context, remembered.user.as_deref());
    if remembered.session.is_some() {
        options = options.store(context.store()?);
    }
    Ok(bot.session(options)?)
}

/// The end user: the flag, or what the environment says.
fn user(context: &Context, flag: Option<&str>) -> Option<String> {
    let variable = || {
        let value = context.environment.variables.get("NANO_BOTS_END_USER")?;
        value.to_str().map(str::to_owned)
    };
    flag.map(str::to_owned).or_else(variable)
}

/// What runs asynchronous work of a command.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads can be started")
}
