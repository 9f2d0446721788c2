//! The list of runs for a terminal.

use botsmith::eval::run::RunInfo;

use super::layout::{cut, grid};

/// One line a run, newest first.
pub(in crate::cli) fn list(runs: &[RunInfo]) -> String {
    if runs.is_empty() {
        return "no runs yet\nnext: botsmith eval suite.yaml (`botsmith init` makes a suite)\n"
            .into();
    }
    let mut rows = vec![
        ["run", "suite", "started", "cases", "gate"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for run in runs {
        rows.push(vec![
            run.id.chars().take(12).collect(),
            cut(&run.suite, 28),
            ago(run.started_ms),
            run.cases.map_or("–".into(), |n| n.to_string()),
            match (run.complete, run.passed) {
                (false, _) => "not complete".into(),
                (true, Some(false)) => "failed ✗".into(),
                (true, _) => "passed ✓".into(),
            },
        ]);
    }
    grid(&rows, &[3])
}

/// How long ago, in the largest unit that is not zero.
fn ago(ms: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    });
    let seconds = now.saturating_sub(ms) / 1000;
    match seconds {
        0..60 => "just now".into(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
