//! Arguments of `botsmith bot` and `botsmith nb`.

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};

use super::bandit::BanditArgs;
use super::canary::CanaryArgs;
use super::versions::{Diff, History, Pin, Promote, Rollback};

#[derive(Debug, clap::Args)]
pub(crate) struct Bot {
    #[command(subcommand)]
    pub(crate) command: BotCommand,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "one value a process")]
pub(crate) enum BotCommand {
    /// Ask a bot one thing
    Run(Run),
    /// Talk with a bot
    Repl(Repl),
    /// Show what a bot is made of, or the request that it would send
    Show(Show),
    /// Check cartridges
    Lint(Lint),
    /// List the bots of the search path
    List(List),
    /// Look at a bot from a path or an https address, and keep it in bots/
    Pull(Pull),
    /// Judge a bot by the cases in its own file
    Test(Test),
    /// Read a state file of the reference implementation into a session
    ImportState(ImportState),
    /// Show the versions of a bot, and what was done with them
    History(History),
    /// Show what differs between two versions of a bot
    #[command(disable_version_flag = true)]
    Diff(Diff),
    /// Make a proposed version the bot
    #[command(disable_version_flag = true)]
    Promote(Promote),
    /// Bring the version before, or another one, back
    #[command(disable_version_flag = true)]
    Rollback(Rollback),
    /// Hold a version in force, or let changes in again
    #[command(disable_version_flag = true)]
    Pin(Pin),
    /// Try a version on a share of the sessions, and take it back when it does harm
    Canary(CanaryArgs),
    /// Share the sessions among versions that passed the gate, the better ones getting more
    Bandit(BanditArgs),
}

impl BotCommand {
    /// Whether the one object on stdout is to be JSON, errors included.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Run(args) => args.json,
            Self::Repl(_) => false,
            Self::Show(args) => args.json,
            Self::Lint(args) => args.json,
            Self::List(args) => args.json,
            Self::Pull(args) => args.json,
            Self::Test(args) => args.json,
            Self::ImportState(args) => args.json,
            Self::History(args) => args.json,
            Self::Diff(args) => args.json,
            Self::Promote(args) => args.json,
            Self::Rollback(args) => args.json,
            Self::Pin(args) => args.json,
            Self::Canary(args) => args.json(),
            Self::Bandit(args) => args.json(),
        }
    }
}

/// Which bot, and what is changed of it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// The cartridge: a file, a name in the search path, or `-` for a bare assistant
    #[arg(value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) cartridge: String,
    /// A value for a variable that the cartridge declares (may be repeated)
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) variables: Vec<(String, String)>,
    /// Ask this provider instead of the cartridge's
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<String>,
    /// Ask this model instead of the cartridge's
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Ask at this address instead of the cartridge's
    #[arg(long, value_name = "URL")]
    pub(crate) address: Option<String>,
}

/// What a bot may do here.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Allow {
    /// Call tools without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Let the provider `command` and MCP servers of the cartridge start programs
    #[arg(long = "allow-command")]
    pub(crate) commands: bool,
    /// Let a cartridge that says `sandboxed: false` leave the sandbox
    #[arg(long = "allow-unsandboxed")]
    pub(crate) unsandboxed: bool,
}

/// Which conversation is gone on with.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Remembered {
    /// Remember the conversation under this key
    #[arg(long, value_name = "KEY")]
    pub(crate) session: Option<String>,
    /// The end user [default: `NANO_BOTS_END_USER`]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) which: Which,
    /// What to ask; read from stdin where nothing stands here
    #[arg(value_name = "WORDS")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) remembered: Remembered,
    #[command(flatten)]
    pub(crate) allow: Allow,
    /// Print the whole answer at once
    #[arg(long)]
    pub(crate) no_stream: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
    /// One JSON object: the answer with its provider, tokens, cost and calls of tools
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Repl {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) remembered: Remembered,
    #[command(flatten)]
    pub(crate) allow: Allow,
    /// Print whole answers at once
    #[arg(long)]
    pub(crate) no_stream: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) which: Which,
    /// What the bot would be asked [default: Hello!]
    #[arg(value_name = "INPUT", requires = "request")]
    input: Option<String>,
    /// Show the request that INPUT would make; what came out of the environment is hidden
    #[arg(
        long,
        value_name = "INPUT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "Hello!"
    )]
    request: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Show {
    /// What the request to be shown asks; `None` where none is to be.
    pub(crate) fn asked(&self) -> Option<&str> {
        self.request
            .as_deref()
            .map(|asked| self.input.as_deref().unwrap_or(asked))
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Lint {
    /// Cartridges, or folders of them
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// Warnings count as errors
    #[arg(long)]
    pub(crate) strict: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    /// A path, or an https address
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// The folder to keep it in
    #[arg(long, value_name = "DIR", default_value = "bots", value_hint = ValueHint::DirPath)]
    pub(crate) to: PathBuf,
    /// Keep it without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Write over another file of that name
    #[arg(long)]
    pub(crate) force: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) allow: Allow,
    /// One JSON object, as `botsmith eval --json` prints it
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportState {
    /// The cartridge whose conversation it is
    #[arg(value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) cartridge: String,
    /// The reference's `state.json`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The key to keep it under
    #[arg(long, value_name = "KEY")]
    pub(crate) session: String,
    /// The end user [default: `NANO_BOTS_END_USER`]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// As the reference's command takes them: `nb CARTRIDGE STATE eval|repl|state|cartridge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Nb {
    /// CARTRIDGE STATE eval [WORDS] | repl | state | cartridge; or version, security, help
    #[arg(
        value_name = "WORDS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<String>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is wanted, like tone=formal".into()),
    }
}
