//! `botsmith completions`.

use botsmith::eval::Result;
use clap::CommandFactory;

use super::args::{Args, Completions};
use super::{Ended, output};

pub(super) fn run(args: &Completions) -> Result<Ended> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "botsmith", &mut text);
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(Ended::Well)
}
