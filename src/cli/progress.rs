//! A progress bar on stderr for anything over a second.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use botsmith::eval::run::{AskProgress, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar; it shows itself after a second, and on a terminal only.
pub(super) struct Bar {
    drawn: ProgressBar,
    started: Instant,
    shown: Cell<bool>,
    quiet: bool,
}

impl Bar {
    pub(super) fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {eta} left")
            .expect("a fixed template")
            .progress_chars("━╸ ");
        bar.set_style(style);
        let quiet = quiet || !std::io::stderr().is_terminal();
        Self {
            drawn: bar,
            started: Instant::now(),
            shown: Cell::new(false),
            quiet,
        }
    }

    pub(super) fn update(&self, progress: Progress) {
        self.show(progress.fraction, || match progress.asking {
            Some(asking) => told(&asking),
            None => format!("{} cases", progress.cases),
        });
    }

    /// How many bytes of how many are done.
    pub(super) fn bytes(&self, done: u64, total: Option<u64>) {
        let share = total.map(|total| done as f64 / total.max(1) as f64);
        self.show(share, || format!("{} MB", done / 1_000_000));
    }

    fn show(&self, fraction: Option<f64>, message: impl FnOnce() -> String) {
        if self.quiet || self.started.elapsed() < Duration::from_secs(1) {
            return;
        }
        if !self.shown.replace(true) {
            self.drawn
                .set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        if let Some(fraction) = fraction {
            self.drawn.set_position((fraction * 1000.0) as u64);
        }
        self.drawn.set_message(message());
    }
}

/// How far asking has come: `12 of 200 answers, 1 failed`.
fn told(asking: &AskProgress) -> String {
    let mut words = match asking.of {
        Some(of) => format!("{} of {of} answers", asking.answers),
        None => format!("{} answers", asking.answers),
    };
    if asking.failed > 0 {
        let _ = write!(words, ", {} failed", asking.failed);
    }
    if asking.verdicts > 0 {
        let _ = write!(words, ", {} verdicts", asking.verdicts);
    }
    words
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
    }
}
