//! Asking the person at the terminal.

use std::io::{BufRead, IsTerminal, Write as _};

use botsmith::nanobots::bot::Permission;

/// Who decides whether a tool may run: nobody is asked where `yes` was said before; where no person is
/// there, the answer is no.
pub(super) fn permission(yes: bool) -> Permission {
    if yes {
        return Permission::Allow;
    }
    if !std::io::stdin().is_terminal() {
        return Permission::Deny;
    }
    Permission::ask(|_question| line())
}

/// A line of the person; empty when there is none.
fn line() -> String {
    let mut text = String::new();
    match std::io::stdin().lock().read_line(&mut text) {
        Ok(_) => text,
        Err(_) => String::new(),
    }
}

/// Whether the person says yes to `question`; `None` where no person is there.
pub(super) fn confirm(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    // No line feed: the answer stands beside the question.
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{question} [yN] ").and_then(|()| err.flush());
    drop(err);
    let answer = line().trim().to_lowercase();
    Some(matches!(answer.as_str(), "y" | "yes"))
}
