//! Our behaviour against the cases of a conformance file for Nano Bots 3.2, through the public API, in
//! profile `compat`.
//!
//! The file named by `BOTSMITH_CONFORMANCE`, or the project's own cases in this folder. Each case has a
//! name, an operation, a cartridge, arguments and what is expected; its level says how binding it is.
//! All cases of levels `spec+impl` and `impl` must pass. A `quirk` (behaviour of the reference
//! implementation that nobody should copy blindly) may differ, and is then listed with the reason.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::unnecessary_wraps,
    unreachable_pub,
    reason = "a test that reports as it goes, without a harness"
)]

#[path = "conformance/files.rs"]
mod files;
#[path = "support/models.rs"]
mod models;
#[path = "conformance/rules.rs"]
mod rules;
#[path = "conformance/speech.rs"]
mod speech;
#[path = "conformance/state.rs"]
mod state;
#[path = "conformance/tools.rs"]
mod tools;
#[path = "conformance/wanted.rs"]
mod wanted;

use std::path::PathBuf;
use std::process::ExitCode;

use botsmith_core::yaml::{self, Source};
use wanted::{Case, Found};

/// What runs one operation.
type Operation = fn(&Case<'_>) -> Found;

const OPERATIONS: &[(&str, Operation)] = &[
    ("affixes", rules::affixes),
    ("streaming_enabled", rules::streaming_enabled),
    ("tool_feedback", rules::tool_feedback),
    ("tool_interface_value", rules::tool_interface_value),
    ("safety", rules::safety),
    ("prompt", rules::prompt),
    ("parse", files::parse),
    ("deep_merge", files::deep_merge),
    ("fetch", files::fetch),
    ("env_substitute", files::env_substitute),
    ("dump_cartridge", files::dump_cartridge),
    ("cartridges_path", files::cartridges_path),
    ("resolve_cartridge", files::resolve_cartridge),
    ("list_cartridges", files::list_cartridges),
    ("request_messages", speech::request_messages),
    ("request_settings", speech::request_settings),
    ("instantiate", speech::instantiate),
    ("eval_output", speech::eval_output),
    ("boot_output", speech::boot_output),
    ("tool_loop", speech::tool_loop),
    ("tool_schema", tools::tool_schema),
    ("tool_prepare", tools::tool_prepare),
    ("slug", state::slug),
    ("soft_encrypt", state::soft_encrypt),
    ("security_check", state::security_check),
    ("end_user", state::end_user),
    ("state_path", state::state_path),
    ("state", state::state),
    ("stateless", state::stateless),
    ("run_function", tools::run_function),
];

/// The quirks that are not copied, each by its whole name, and why. Any other difference is a failure: it
/// would be one that nobody decided on.
const REASONS: &[(&str, &str)] = &[
    (
        "stream_maritaca_settings_not_read",
        "the specification says `settings.stream`, so either place turns it off",
    ),
    (
        "env_any_ENV_prefixed_text_is_replaced",
        "only ENV/NAME and ENV-NAME are names of variables: prose is left as it is",
    ),
    (
        "resolve_dotted_name_not_found",
        "a name with a dot in it is found as any other",
    ),
    ("tools_on_ollama_rejected", "tools run on every provider"),
];

fn main() -> ExitCode {
    let path = match std::env::var_os("BOTSMITH_CONFORMANCE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/cases.yaml"),
    };
    let read = Source::read(&path, 16 << 20).and_then(|source| yaml::parse(&source));
    let cases = match read {
        Ok(node) => node.to_json(),
        Err(error) => return refuse(&error.to_string()),
    };
    let cases = cases["cases"].as_array().map_or(&[][..], Vec::as_slice);
    if cases.is_empty() {
        return refuse(&format!("{} has no cases", path.display()));
    }
    println!("conformance: {}", path.display());
    let (mut passed, mut failed, mut differing) = (0, 0, 0);
    for case in cases {
        let case = Case::new(case);
        let operation = OPERATIONS
            .iter()
            .find(|(name, _)| *name == case.operation());
        let outcome = match operation {
            Some((_, run)) => wanted::compare(&case, *run),
            None => Err(format!("there is no operation `{}`", case.operation())),
        };
        let known = REASONS.iter().find(|(name, _)| *name == case.name());
        let known = known.filter(|_| case.level() == "quirk" && operation.is_some());
        match (outcome, known) {
            (Ok(()), _) => passed += 1,
            (Err(words), Some((name, reason))) => {
                differing += 1;
                println!("differs  {name}: {reason}\n         {words}");
            }
            (Err(words), None) => {
                failed += 1;
                println!(
                    "FAILED   {} ({}, {}): {words}",
                    case.name(),
                    case.operation(),
                    case.level()
                );
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    println!(
        "{} run, 0 skipped, {failed} failed, {differing} quirks differ",
        cases.len()
    );
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn refuse(words: &str) -> ExitCode {
    println!("conformance: {words}");
    ExitCode::FAILURE
}
