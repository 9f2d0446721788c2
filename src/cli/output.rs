//! Writing to stdout and stderr without panics.

use std::io::Write;

use botsmith::eval::{Error, Result};
use serde::Serialize;

/// Prints to stdout. A reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(Error::Core(botsmith::core::Error::Write {
            path: "stdout".into(),
            source,
        })),
        Ok(()) => Ok(()),
    }
}

/// Prints one JSON object and a line feed.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string(value).expect("our types serialise to JSON");
    text.push('\n');
    print(&text)
}

/// A line on stderr.
pub(crate) fn note(text: &str) {
    // If stderr is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
