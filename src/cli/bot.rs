//! `botsmith bot`: ask, talk with, look at, check, list, fetch and judge bots, change their versions,
//! and share traffic among these.

pub(crate) mod args;
mod ask;
mod bandit;
mod canary;
mod import_state;
mod lint;
mod list;
mod nb;
mod online;
mod pull;
mod repl;
mod run;
mod show;
mod trial;
pub(crate) mod versions;

use botsmith::core::SecretString;
use botsmith::core::chat::ModelError;
use botsmith::core::config::Disk;
use botsmith::eval::Result;
use botsmith::nanobots::provider::{ProviderKind, ProviderOverride};
use botsmith::nanobots::session::{Kdf, Variables, Vault, end_user, is_stateless};
use botsmith::nanobots::{Allow, Bot, Cartridge, Session, SessionOptions, Workshop};
use serde_json::{Map, Value};

use super::Ended;
use super::context::Context;
use args::{BotCommand, Remembered, Which};

pub(super) use ask::confirm;
pub(super) use nb::run as nb;
pub(super) use versions::by;

/// The variable whose password seals what is kept.
const PASSWORD: &str = "NANO_BOTS_ENCRYPTION_PASSWORD";

pub(super) fn run(context: &Context, args: &args::Bot) -> Result<Ended> {
    match &args.command {
        BotCommand::Run(args) => run::run(context, args),
        BotCommand::Repl(args) => repl::run(context, args),
        BotCommand::Show(args) => show::run(context, args),
        BotCommand::Lint(args) => lint::run(context, args),
        BotCommand::List(args) => list::run(context, args),
        BotCommand::Pull(args) => pull::run(context, args),
        BotCommand::Test(args) => trial::run(context, args),
        BotCommand::ImportState(args) => import_state::run(context, args),
        BotCommand::History(args) => versions::history(context, args),
        BotCommand::Diff(args) => versions::diff(context, args),
        BotCommand::Promote(args) => versions::promote(context, args),
        BotCommand::Rollback(args) => versions::rollback(context, args),
        BotCommand::Pin(args) => versions::pin(context, args),
        BotCommand::Canary(args) => canary::run(context, args),
        BotCommand::Bandit(args) => bandit::run(context, args),
    }
}

/// A workshop with this command's environment.
fn workshop(context: &Context) -> Workshop {
    // `pull` keeps cartridges in bots/: what is there is found by its name.
    let bots = context.environment.folder.join("bots");
    context.workshop().folder(bots)
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
        .commands(allow.commands)
        .unsandboxed(allow.unsandboxed);
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
    warn(context, &workshop, &cartridge);
    let values = variables(&cartridge, &which.variables);
    let workshop = keeping(context, workshop, &cartridge)?;
    Ok(workshop.variables(values).bot_of(&cartridge)?)
}

/// The workshop with the store, where answers of this cartridge are kept. Cached answers are not sealed: where
/// a password seals what was said, they are kept for this process only.
fn keeping(context: &Context, workshop: Workshop, cartridge: &Cartridge) -> Result<Workshop> {
    let cached = cartridge.native().cache.enabled();
    match cached && password(context, PASSWORD)?.is_none() {
        true => Ok(workshop.store(context.store()?)),
        false => Ok(workshop),
    }
}

/// Warnings of a cartridge, and what is left out of it, on stderr.
fn warn(context: &Context, workshop: &Workshop, cartridge: &Cartridge) {
    if !context.quiet() {
        for warning in workshop.warnings(cartridge) {
            super::output::note(&format!("warning: {warning}"));
        }
        for note in workshop.notes(cartridge) {
            super::output::note(&format!("note: {note}"));
        }
    }
}

/// The conversation that the flags name. Where a password is set, what is kept is sealed with it.
fn session(
    context: &Context,
    bot: &Bot,
    remembered: &Remembered,
    streams: bool,
) -> Result<Session> {
    let mut options = SessionOptions::default()
        .colors(context.colored())
        .streams(streams);
    options.state.clone_from(&remembered.session);
    options.user = Some(user(context, bot, remembered.user.as_deref()));
    if !is_stateless(remembered.session.as_deref()) {
        let store = context.store()?;
        if let Some(password) = password(context, PASSWORD)? {
            options = options.vault(Vault::open(&*store, &password, Kdf::default())?);
        }
        options = options.store(store);
    }
    Ok(bot.session(options)?)
}

/// A password from the environment, a `.env` file or a file that a variable names.
fn password(context: &Context, name: &str) -> Result<Option<SecretString>> {
    let found = context.config.secret(name, &Disk)?;
    Ok(found.map(|setting| setting.value))
}

/// The end user: the flag, or what cartridge and environment say.
fn user(context: &Context, bot: &Bot, flag: Option<&str>) -> String {
    const NAME: &str = "NANO_BOTS_END_USER";
    let variable = |value: Option<&str>| -> Variables {
        let value = value.map(|value| (NAME.to_owned(), value.to_owned()));
        value.into_iter().collect()
    };
    let environment = context.environment.variables.get(NAME);
    end_user(
        bot.cartridge().value(),
        &variable(environment.and_then(|value| value.to_str())),
        &variable(flag),
    )
}

/// What runs asynchronous work of a command.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads can be started")
}
