//! Asking the person at the terminal.

use std::io::{BufRead, IsTerminal, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use botsmith::core::chat::BoxFuture;
use botsmith::nanobots::bot::{Asker, Permission};
use botsmith::nanobots::interface::ToolFeedback;

/// Who decides whether a tool may run: nobody is asked where `yes` was said before; where no person is
/// there, the answer is no.
pub(super) fn permission(yes: bool) -> Permission {
    if yes {
        return Permission::Allow;
    }
    if !std::io::stdin().is_terminal() {
        return Permission::Deny;
    }
    Permission::Ask(Arc::new(Person))
}

/// Whoever sits at the terminal. The question has been shown already.
struct Person;

impl Asker for Person {
    fn answer<'a>(&'a self, _question: &'a ToolFeedback) -> BoxFuture<'a, String> {
        Box::pin(async {
            let gone = Gone(Arc::default());
            let left = Arc::clone(&gone.0);
            // The turn may be stopped while the person thinks: then nobody must wait for a line, which
            // would be one that was meant for the conversation.
            let read = tokio::task::spawn_blocking(move || match typed(&left) {
                true => line(),
                false => String::new(),
            });
            read.await.unwrap_or_default()
        })
    }
}

/// Tells the one who waits, when it is dropped, that the answer is not wanted any more.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Waits until a line was typed; false if `left` came first.
#[cfg(unix)]
fn typed(left: &AtomicBool) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = std::io::stdin();
    let while_waiting = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    while !left.load(Ordering::SeqCst) {
        let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut watched, Some(&while_waiting)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // Also where the terminal is gone: reading says so.
            _ => return true,
        }
    }
    false
}

/// Elsewhere a line is waited for.
#[cfg(not(unix))]
fn typed(_left: &AtomicBool) -> bool {
    true
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
pub(in crate::cli) fn confirm(question: &str) -> Option<bool> {
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
