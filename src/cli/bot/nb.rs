//! `botsmith nb`: the words of the reference implementation's command.
//!
//! `nb CARTRIDGE STATE eval [WORDS]|repl|state|cartridge`, `nb version|specification|security|help`.
//! Cartridges are read in profile compat. What differs: state lives in the store, not in files. Stdout is the
//! reference's; what looks like a mistake in a cartridge is told of on stderr.

use botsmith::core::SecretString;
use botsmith::core::chat::Call;
use botsmith::eval::{Error, Result};
use botsmith::nanobots::interface::Mode;
use botsmith::nanobots::session::{Piece, import};
use botsmith::nanobots::{SPECIFICATION, Session, Workshop};

use super::args::{Nb, Remembered};
use super::ask;
use super::run::Line;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

const HELP: &str = "\
botsmith nb CARTRIDGE STATE eval [WORDS]   one answer; without WORDS stdin is read
botsmith nb CARTRIDGE STATE repl           a conversation
botsmith nb CARTRIDGE STATE state          what is remembered, as JSON
botsmith nb CARTRIDGE STATE cartridge      the cartridge, as JSON, variables of the environment not put in
botsmith nb version | specification | security | help

`-` as CARTRIDGE is a bare assistant; as STATE it remembers nothing.
";

pub(crate) fn run(context: &Context, args: &Nb) -> Result<Ended> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => output::print(HELP)?,
        ["version" | "--version"] => {
            output::print(&format!("{}\n", env!("CARGO_PKG_VERSION")))?;
        }
        ["specification"] => output::print(&format!("{SPECIFICATION}\n"))?,
        ["security"] => return security(context),
        [cartridge, state, "eval", rest @ ..] => {
            let input: Vec<_> = rest.iter().map(ToString::to_string).collect();
            let input = super::run::words(&input)?;
            let mut session = session(context, cartridge, state)?;
            let mut line = Line::default();
            let mut show = |piece: &Piece<'_>| line.show(piece);
            let call = Call::default();
            let answered = session.eval(&input, Mode::Eval, &mut show, &call);
            let answered = super::runtime().block_on(answered);
            let reply = line.close_if_failed(answered)?;
            if !context.quiet() {
                super::run::notes(&reply);
            }
        }
        [cartridge, state, "repl"] => {
            let session = session(context, cartridge, state)?;
            return super::repl::talk(session, None);
        }
        [cartridge, state, "state"] => {
            let session = session(context, cartridge, state)?;
            let shown = session.state_json().unwrap_or_default();
            output::print(&format!("{}\n", pretty(&shown)))?;
        }
        [cartridge, _, "cartridge"] => {
            let workshop = workshop(context);
            let cartridge = workshop.cartridge(cartridge)?;
            super::warn(context, &workshop, &cartridge);
            output::print(&format!("{}\n", pretty(cartridge.original())))?;
        }
        [_, _, command, ..] | [command, ..] => {
            return Err(Error::Invalid(format!(
                "Command not found: [{command}]; `botsmith nb help` lists them"
            )));
        }
    }
    Ok(Ended::Well)
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value serialises")
}

fn workshop(context: &Context) -> Workshop {
    context
        .workshop()
        .profile(botsmith::nanobots::cartridge::Profile::Compat)
        .permission(ask::permission(false))
}

fn session(context: &Context, cartridge: &str, state: &str) -> Result<Session> {
    let workshop = workshop(context);
    let cartridge = workshop.cartridge(cartridge)?;
    super::warn(context, &workshop, &cartridge);
    let bot = super::keeping(context, workshop, &cartridge)?.bot_of(&cartridge)?;
    let remembered = Remembered {
        session: Some(state.to_owned()),
        user: None,
    };
    super::session(context, &bot, &remembered, true)
}

/// Whether what is kept can be encrypted, and whether the password is one's own.
fn security(context: &Context) -> Result<Ended> {
    let password = super::password(context, super::PASSWORD)?;
    let found = import::security_check(password.as_ref().map(SecretString::expose));
    let mark = |well: bool| if well { "✓" } else { "✗" };
    let (encrypts, own) = match (found.encryption, found.password) {
        (true, true) => ("encryption works", "a password of your own is set"),
        (true, false) => (
            "encryption works",
            "no password is set: set NANO_BOTS_ENCRYPTION_PASSWORD",
        ),
        (false, _) => ("encryption does not work", "no state can be kept safe"),
    };
    output::print(&format!(
        "{} {encrypts}\n{} {own}\n",
        mark(found.encryption),
        mark(found.password),
    ))?;
    Ok(match found.encryption && found.password {
        true => Ended::Well,
        false => Ended::GateFailed,
    })
}
