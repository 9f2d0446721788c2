//! Errors for people, and for programs that asked for JSON.

use botsmith::eval::Error;
use serde_json::json;

/// Prints an error and gives the exit code.
pub(super) fn report(error: &Error, as_json: bool) -> u8 {
    let code = error.code();
    if as_json {
        let diagnostic = match error {
            Error::Core(core) => core.diagnostic(),
            _ => None,
        };
        let place = diagnostic.map(|d| {
            json!({
                "path": d.path, "line": d.line, "column": d.column, "field": d.field, "hint": d.hint,
            })
        });
        let message = diagnostic.map_or_else(|| error.to_string(), |d| d.message.clone());
        let object = json!({"error": {"code": code, "message": message, "at": place}});
        // The exit code says it too; if stdout is gone there is nobody to tell.
        let _ = super::output::print(&format!("{object}\n"));
    }
    super::output::note(&format!("error[{code}]: {error}"));
    2
}

/// Wrong arguments as the one JSON object of a command that was asked for JSON.
pub(super) fn usage(error: &clap::Error) {
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let code = Error::Invalid(String::new()).code();
    let object = json!({"error": {"code": code, "message": message, "at": null}});
    let _ = super::output::print(&format!("{object}\n"));
}
