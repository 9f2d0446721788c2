//! `botsmith bot import-state`: the reference implementation's state file, into a session.

use botsmith::core::SecretString;
use botsmith::eval::{Error, Result};
use botsmith::nanobots::session::{import, is_stateless};
use serde_json::json;

use super::args::{ImportState, Remembered};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// A state file may have this many bytes.
const MAX_BYTES: u64 = 64 << 20;

pub(super) fn run(context: &Context, args: &ImportState) -> Result<Ended> {
    if is_stateless(Some(&args.session)) {
        return Err(Error::Invalid(format!(
            "--session {}: under this key nothing is kept; give the session a name",
            output::one_line(&args.session)
        )));
    }
    let workshop = super::workshop(context);
    let cartridge = workshop.cartridge(&args.cartridge)?;
    super::warn(context, &workshop, &cartridge);
    let bot = workshop.bot_of(&cartridge)?;
    let read = |source| {
        Error::Core(botsmith::core::Error::Read {
            path: args.file.clone(),
            source,
        })
    };
    let size = std::fs::metadata(&args.file).map_err(read)?.len();
    if size > MAX_BYTES {
        return Err(Error::Invalid(format!(
            "{}: {size} bytes; a state file has at most {MAX_BYTES}",
            args.file.display()
        )));
    }
    let bytes = std::fs::read(&args.file).map_err(read)?;
    // The reference's own word where no password was set.
    let password =
        super::password(context, super::PASSWORD)?.unwrap_or_else(|| SecretString::new("UNSAFE"));
    let history = import::reference_state(&bytes, &password)?;
    let remembered = Remembered {
        session: Some(args.session.clone()),
        user: args.user.clone(),
    };
    let mut session = super::session(context, &bot, &remembered, true)?;
    let events = history.len();
    super::runtime().block_on(session.adopt(history))?;
    if args.json {
        output::print_json(&json!({"session": args.session, "events": events}))?;
    } else {
        output::print(&format!(
            "{events} messages are in session `{}`\n",
            args.session
        ))?;
        if !context.quiet() {
            output::print(&format!(
                "\nnext: botsmith bot repl {} --session {}\n",
                args.cartridge, args.session
            ))?;
        }
    }
    Ok(Ended::Well)
}
