//! Arguments of `botsmith bot history|diff|promote|rollback|pin`.

use clap::ValueHint;

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    /// The cartridge: a file, or a name in the search path
    #[arg(value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) cartridge: String,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The cartridge: a file, or a name in the search path
    #[arg(value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) cartridge: String,
    /// The older version: digits of its hash, its `meta.version`, `current` or `previous` [default: `previous`]
    #[arg(value_name = "VERSION")]
    pub(crate) from: Option<String>,
    /// The newer version, or `file` for what stands in the file [default: `current`]
    #[arg(value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Promote {
    /// The cartridge: a file, or a name in the search path
    #[arg(value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) cartridge: String,
    /// The proposed version: digits of its hash, as `botsmith bot history` shows them
    #[arg(value_name = "VERSION")]
    pub(crate) version: String,
    /// Promote it though no gate passed it; the reason is kept
    #[arg(long, value_name = "REASON")]
    pub(crate) without_gate: Option<String>,
    /// Approve it without being asked
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Who approves it [default: the user of this system]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// The cartridge: a file, or a name in the search path
    #[arg(value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) cartridge: String,
    /// To this version [default: the one that was in force before]
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Who does it [default: the user of this system]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Pin {
    /// The cartridge: a file, or a name in the search path
    #[arg(value_name = "CARTRIDGE", value_hint = ValueHint::FilePath)]
    pub(crate) cartridge: String,
    /// The version to hold in force [default: the one that is]
    #[arg(value_name = "VERSION", conflicts_with = "off")]
    pub(crate) version: Option<String>,
    /// Let changes in again
    #[arg(long)]
    pub(crate) off: bool,
    /// Who does it [default: the user of this system]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
