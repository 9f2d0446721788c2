//! The `botsmith` command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    botsmith::cli::main()
}
