//! The timeline of a run for a terminal of 80 columns: a line a step with glyph, status, attempts, time and
//! a bar of when it ran; then what waits, for what and for whom, and what went wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use botsmith::flow::{Standing, StepState, StepStatus};
use serde_json::Value;

use super::show::{Shown, clock, depth, span, told};
use crate::cli::terminal::{Paint, cut, wrap};

/// Columns of the parts of a line, with one space between.
const NAME: usize = 25;
const STATUS: usize = 9;
const TRIES: usize = 5;
const TIME: usize = 11;
const BAR: usize = 24;
/// Added steps that are shown one by one.
const APART: usize = 8;

pub(super) fn draw(shown: &Shown, colored: bool, all: bool) -> String {
    let paint = Paint { colored };
    let run = &shown.run;
    let mut text = format!(
        "{}  {}\n",
        paint.bold(&cut(&run.workflow, 30)),
        cut(&run.id, 46)
    );
    let end = run.ended_ms.unwrap_or(shown.now_ms);
    let took = span(end.saturating_sub(run.created_ms));
    let (glyph, colour): (_, fn(Paint, &str) -> String) = match shown.standing {
        Standing::Done => ("✓", |p, t| p.green(t)),
        Standing::Failed => ("✗", |p, t| p.red(t)),
        Standing::Cancelled | Standing::Cancelling => ("■", |p, t| p.yellow(t)),
        Standing::Waiting => ("…", |p, t| p.yellow(t)),
        Standing::Paused => ("‖", |p, t| p.yellow(t)),
        Standing::Running => ("▸", |_, t| t.to_owned()),
    };
    let _ = writeln!(
        text,
        "{} · started {} UTC · {} {took}\n",
        colour(paint, &format!("{glyph} {}", shown.standing)),
        clock(run.created_ms),
        if run.ended_ms.is_some() {
            "took"
        } else {
            "for"
        },
    );
    let (first, last) = bounds(shown);
    let _ = writeln!(
        text,
        "  {:NAME$} {:STATUS$} {:>TRIES$} {:>TIME$} {}",
        "step",
        "status",
        "tries",
        "time",
        scale(last - first)
    );
    let by_key: BTreeMap<&str, &StepState> = shown
        .steps
        .iter()
        .map(|step| (step.plan.key.as_str(), step))
        .collect();
    let mut added: BTreeMap<&str, Vec<&StepState>> = BTreeMap::new();
    for step in &shown.steps {
        if let Some(spawner) = &step.spawner {
            added.entry(spawner).or_default().push(step);
        }
    }
    let mut named: Vec<&str> = Vec::new();
    let bars = bars(shown);
    for step in &shown.steps {
        let depth = depth(step, &by_key);
        if let Some(spawner) = step.spawner.as_deref().filter(|_| !all)
            && added[spawner].len() > APART
        {
            if !named.contains(&spawner) {
                named.push(spawner);
                text.push_str(&together(spawner, &added[spawner], depth, paint));
            }
            continue;
        }
        let bar = bars
            .get(step.plan.key.as_str())
            .map_or(&[][..], Vec::as_slice);
        text.push_str(&line(step, depth, bar, (first, last), paint));
    }
    for step in &shown.steps {
        for note in notes(shown, step) {
            let first = format!(
                "\n{} ",
                paint.bold(&format!("{}:", cut(&step.plan.key, 40)))
            );
            text.push_str(&wrap(&note, &first, "  "));
        }
    }
    text.push('\n');
    text
}

fn line(
    step: &StepState,
    depth: usize,
    bar: &[Stretch],
    range: (u64, u64),
    paint: Paint,
) -> String {
    let (glyph, painted): (_, fn(Paint, &str) -> String) = look(step.status);
    let indent = "  ".repeat(depth.min(5));
    let name = cut(&step.plan.key, NAME - indent.len());
    let time = match (step.started_ms, step.ended_ms) {
        (Some(from), Some(to)) => span(to.saturating_sub(from)),
        _ => "–".to_owned(),
    };
    let tries = match step.attempts {
        0 => "–".to_owned(),
        n => n.to_string(),
    };
    let status = format!("{:STATUS$}", step.status.word());
    format!(
        "{} {indent}{name:width$} {} {tries:>TRIES$} {time:>TIME$} {}",
        painted(paint, glyph),
        painted(paint, &status),
        drawn(bar, range),
        width = NAME - indent.len(),
    )
    .trim_end()
    .to_owned()
        + "\n"
}

fn together(spawner: &str, all: &[&StepState], depth: usize, paint: Paint) -> String {
    let mut counts: Vec<(StepStatus, usize)> = Vec::new();
    for step in all {
        match counts.iter_mut().find(|(status, _)| *status == step.status) {
            Some((_, n)) => *n += 1,
            None => counts.push((step.status, 1)),
        }
    }
    let words: Vec<_> = counts
        .iter()
        .map(|(status, n)| {
            let (glyph, painted) = look(*status);
            painted(paint, &format!("{glyph} {n} {}", status.word()))
        })
        .collect();
    let indent = "  ".repeat(depth.min(5));
    let name = cut(
        &format!("{spawner}#… {} steps", all.len()),
        NAME - indent.len(),
    );
    format!(
        "  {indent}{name:width$} {}\n",
        words.join(", "),
        width = NAME - indent.len()
    )
}

fn look(status: StepStatus) -> (&'static str, fn(Paint, &str) -> String) {
    match status {
        StepStatus::Done => ("✓", |p, t| p.green(t)),
        StepStatus::Failed => ("✗", |p, t| p.red(t)),
        StepStatus::Dead => ("†", |p, t| p.red(t)),
        StepStatus::Waiting => ("…", |p, t| p.yellow(t)),
        StepStatus::Delayed => ("↻", |p, t| p.yellow(t)),
        StepStatus::Running => ("▸", |p, t| p.bold(t)),
        StepStatus::Ready => ("○", |_, t| t.to_owned()),
        StepStatus::Skipped => ("-", |_, t| t.to_owned()),
        StepStatus::Cancelled => ("■", |_, t| t.to_owned()),
        StepStatus::Pending => ("·", |_, t| t.to_owned()),
    }
}

/// From when to when an attempt ran (`true`), or the step waited between attempts.
type Stretch = (u64, u64, bool);

/// When each step's attempts ran.
fn bars(shown: &Shown) -> BTreeMap<&str, Vec<Stretch>> {
    let mut bars: BTreeMap<&str, Vec<Stretch>> = BTreeMap::new();
    let mut open: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    for event in &shown.events {
        let Some(step) = event.step.as_deref() else {
            continue;
        };
        let runs = match event.what.as_str() {
            "claimed" => Some(true),
            "retry" | "expired" | "waiting" | "awaits" | "released" => Some(false),
            "done" | "failed" | "dead" | "skipped" | "cancelled" => None,
            _ => continue,
        };
        if let Some((from, was)) = open.remove(step) {
            bars.entry(step).or_default().push((from, event.at_ms, was));
        }
        if let Some(runs) = runs {
            open.insert(step, (event.at_ms, runs));
        }
    }
    let end = shown.run.ended_ms.unwrap_or(shown.now_ms);
    for (step, (from, runs)) in open {
        bars.entry(step).or_default().push((from, end, runs));
    }
    bars
}

fn bounds(shown: &Shown) -> (u64, u64) {
    let last = shown.run.ended_ms.unwrap_or(shown.now_ms);
    (shown.run.created_ms, last.max(shown.run.created_ms + 1))
}

fn scale(ms: u64) -> String {
    let end = span(ms);
    let dashes = BAR.saturating_sub(end.chars().count() + 3);
    format!("0 {} {end}", "─".repeat(dashes))
}

fn drawn(bar: &[Stretch], (first, last): (u64, u64)) -> String {
    let mut cells = [' '; BAR];
    let at = |ms: u64| {
        let share = ms.saturating_sub(first) as f64 / (last - first) as f64;
        (share * BAR as f64) as usize
    };
    for runs in [false, true] {
        for (from, to, _) in bar.iter().filter(|stretch| stretch.2 == runs) {
            let from = at(*from).min(BAR - 1);
            // What is too short to be seen is seen all the same.
            let to = at(*to).clamp(from + 1, BAR);
            for cell in &mut cells[from..to] {
                *cell = if runs { '█' } else { '░' };
            }
        }
    }
    cells.iter().collect()
}

/// What a step waits for, or what went wrong.
fn notes(shown: &Shown, step: &StepState) -> Vec<String> {
    let mut notes = Vec::new();
    let left = |at: u64| span(at.saturating_sub(shown.now_ms));
    match step.status {
        StepStatus::Waiting => {
            if let Some(wait) = &step.wait {
                notes.push(waiting(step, wait, &left));
            }
        }
        StepStatus::Delayed => notes.push("waits for its next attempt".into()),
        StepStatus::Ready => {
            if let Some(lacking) = shown.stranded.get(&step.plan.key) {
                let what = match lacking.is_empty() {
                    true => String::new(),
                    false => format!("; it needs {}", lacking.join(", ")),
                };
                notes.push(format!("no live worker can run it{what}"));
            }
        }
        _ => {}
    }
    if let Some(error) = step.error.as_ref().filter(|_| told(step.status)) {
        notes.push(format!("{} ({})", error.message, error.class));
    }
    notes
}

fn waiting(step: &StepState, wait: &botsmith::flow::Wait, left: &dyn Fn(u64) -> String) -> String {
    let about = wait.about.as_ref().unwrap_or(&Value::Null);
    let mut text = match (step.plan.kind.as_str(), &wait.signal) {
        ("approval", _) => "waits for approval".to_owned(),
        ("ask", _) => "waits for an answer".to_owned(),
        (_, Some(signal)) => format!("waits for the signal `{signal}`"),
        (_, None) => "waits for a time".to_owned(),
    };
    let who: Vec<_> = about["who"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !who.is_empty() {
        let _ = write!(text, " by {}", who.join(" or "));
    }
    if let Some(said) = about["message"]
        .as_str()
        .or_else(|| about["question"].as_str())
    {
        let _ = write!(text, ": “{}”", cut(said, 200));
    }
    if let Some(until) = wait.until_ms {
        let _ = write!(text, ", {} left", left(until));
        if let Some(default) = &wait.default {
            let default = match default["approved"].as_bool() {
                Some(true) => "approved".to_owned(),
                Some(false) => "rejected".to_owned(),
                None => cut(&default.to_string(), 60),
            };
            let _ = write!(text, ", then {default}");
        }
    }
    text
}
