//! `flow show`: a run and its steps as they stand, for people and as JSON.

use std::collections::BTreeMap;

use botsmith::eval::Result;
use botsmith::flow::{
    Event, FlowStore, Outlook, RunState, RunStatus, Standing, StepState, StepStatus,
};
use serde_json::{Value, json};

use super::args::Show;
use super::{existing, next, timeline};
use crate::cli::context::Context;
use crate::cli::{Ended, output};

/// Events that the bars of time are drawn from.
const EVENTS: usize = 50_000;

pub(super) fn run(context: &Context, args: &Show) -> Result<Ended> {
    let flows = existing(context)?;
    let id = flows.resolve(&args.run)?;
    let shown = Shown::read(&flows, &id)?;
    match args.json {
        true => output::print_json(&shown.json())?,
        false => output::print(&shown.text(context, args.all))?,
    }
    Ok(Ended::Well)
}

/// A run with all that is shown of it.
pub(super) struct Shown {
    pub(super) run: RunState,
    pub(super) standing: Standing,
    /// In the order in which they are shown.
    pub(super) steps: Vec<StepState>,
    pub(super) outputs: BTreeMap<String, Value>,
    pub(super) events: Vec<Event>,
    /// Steps that no worker can run that is alive, and what those lack.
    pub(super) stranded: BTreeMap<String, Vec<String>>,
    pub(super) now_ms: u64,
}

impl Shown {
    pub(super) fn read(flows: &FlowStore, id: &str) -> Result<Self> {
        let run = flows.run(id)?;
        let steps = flows.steps(id)?;
        let mut outputs = BTreeMap::new();
        for step in steps.iter().filter(|step| step.status == StepStatus::Done) {
            if let Some(output) = flows.output(id, &step.plan.key)? {
                outputs.insert(step.plan.key.clone(), output);
            }
        }
        let stranded = match run.status {
            RunStatus::Running => flows.stranded(id)?,
            _ => Vec::new(),
        };
        Ok(Self {
            standing: Standing::of(&run, &steps),
            run,
            steps: ordered(&steps),
            outputs,
            events: flows.events(id, 0, EVENTS)?,
            stranded: stranded
                .into_iter()
                .map(|(step, lacking)| (step.plan.key, lacking))
                .collect(),
            now_ms: flows.now_ms()?,
        })
    }

    /// The object that scripts rely on.
    pub(super) fn json(&self) -> Value {
        let steps: Vec<_> = self.steps.iter().map(|step| self.step(step)).collect();
        json!({
            "run": self.run.id, "workflow": self.run.workflow, "status": self.standing.word(), "steps": steps,
        })
    }

    fn step(&self, step: &StepState) -> Value {
        let key = &step.plan.key;
        let time = |ms: Option<u64>| ms.map(rfc3339);
        let mut object = json!({
            "name": name(key), "key": key, "status": step.status.word(), "attempts": step.attempts,
            "started": time(step.started_ms), "ended": time(step.ended_ms),
        });
        if let Some(output) = self.outputs.get(key) {
            object["output"] = output.clone();
        }
        if let Some(error) = step.error.as_ref().filter(|_| told(step.status)) {
            object["error"] = json!({"class": error.class, "message": error.message});
        }
        object
    }

    pub(super) fn text(&self, context: &Context, all: bool) -> String {
        let mut text = timeline::draw(self, context.colored(), all);
        if !context.quiet() {
            for line in self.hints(context) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }

    /// What is to be known and done next, a line each.
    pub(super) fn hints(&self, context: &Context) -> Vec<String> {
        let run = &self.run.id;
        let large = self.events.iter().filter(|event| event.what == "large");
        let mut lines: Vec<String> = large
            .take(3)
            .filter_map(|event| {
                let step = event.step.as_deref().unwrap_or(run);
                Some(format!("large: {step}: {}", event.detail.as_ref()?))
            })
            .collect();
        let mut command = |rest: String| lines.push(format!("next: {}", next(context, &rest)));
        for step in self
            .steps
            .iter()
            .filter(|step| step.status == StepStatus::Waiting)
            .take(3)
        {
            let Some(signal) = step.wait.as_ref().and_then(|wait| wait.signal.as_deref()) else {
                continue;
            };
            let key = &step.plan.key;
            match step.plan.kind.as_str() {
                "approval" => {
                    command(format!("approve {run} {key}"));
                    command(format!("reject {run} {key}"));
                }
                "ask" => command(format!("signal {run} {key} --data '…'")),
                _ => command(format!("signal {run} {signal} --data '…'")),
            }
        }
        match self.standing {
            Standing::Paused => command(format!("resume {run}")),
            Standing::Failed => {
                command(format!("retry {run}"));
                let failed = |step: &&StepState| {
                    matches!(step.status, StepStatus::Failed | StepStatus::Dead)
                };
                if let Some(step) = self.steps.iter().find(failed) {
                    command(format!("rerun {run} --from {}", step.plan.key));
                }
            }
            Standing::Running if !self.stranded.is_empty() => command("worker".into()),
            _ => {}
        }
        lines
    }
}

/// Whether nothing of a run moves before somebody gives a signal, or resumes it.
pub(super) fn waits_for_somebody(flows: &FlowStore, run: &str) -> Result<bool> {
    let outlook = botsmith::flow::outlook(flows, run)?;
    Ok(matches!(outlook, Outlook::Waits(_) | Outlook::Paused))
}

/// Whether what went wrong with a step that stands so is worth a word: it is the last that happened.
pub(super) fn told(status: StepStatus) -> bool {
    matches!(
        status,
        StepStatus::Failed | StepStatus::Dead | StepStatus::Delayed
    )
}

/// The name of a step in its workflow: `tag` of `tag#3`.
pub(super) fn name(key: &str) -> &str {
    key.split('#').next().unwrap_or(key)
}

/// How many steps stand above this one: those that added it, and those that added them.
pub(super) fn depth(step: &StepState, by_key: &BTreeMap<&str, &StepState>) -> usize {
    let mut depth = 0;
    let mut above = step.spawner.as_deref();
    while let Some(key) = above.filter(|_| depth < 20) {
        depth += 1;
        above = by_key.get(key).and_then(|step| step.spawner.as_deref());
    }
    depth
}

/// Steps in an order in which they can be done, added ones below the step that added them.
fn ordered(steps: &[StepState]) -> Vec<StepState> {
    let by_key: BTreeMap<&str, &StepState> =
        steps.iter().map(|s| (s.plan.key.as_str(), s)).collect();
    let mut rank: BTreeMap<&str, usize> = steps
        .iter()
        .map(|step| (step.plan.key.as_str(), 0))
        .collect();
    // Each round settles one more step of the longest way; plans have no circles.
    for _ in 0..steps.len() {
        let mut moved = false;
        for step in steps {
            let needs = step
                .plan
                .needs
                .iter()
                .filter_map(|need| rank.get(need.as_str()));
            let wanted = needs.max().map_or(0, |most| most + 1);
            let held = rank.entry(&step.plan.key).or_default();
            if *held < wanted {
                *held = wanted;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    // Where it stands: the way down to it, each part with its rank and its key.
    let place = |step: &StepState| {
        let mut way = Vec::new();
        let mut at = Some(step);
        while let Some(step) = at.filter(|_| way.len() < 20) {
            let key = step.plan.key.as_str();
            way.push((rank.get(key).copied().unwrap_or(0), natural(key)));
            at = step
                .spawner
                .as_deref()
                .and_then(|key| by_key.get(key).copied());
        }
        way.reverse();
        way
    };
    let mut places: Vec<_> = steps
        .iter()
        .map(|step| (place(step), step.clone()))
        .collect();
    places.sort_by(|a, b| a.0.cmp(&b.0));
    places.into_iter().map(|(_, step)| step).collect()
}

/// A key so that `tag#10` comes after `tag#9`.
fn natural(key: &str) -> (String, u64) {
    match key.rsplit_once('#') {
        Some((head, digits)) => match digits.parse() {
            Ok(number) => (head.to_owned(), number),
            Err(_) => (key.to_owned(), 0),
        },
        None => (key.to_owned(), 0),
    }
}

fn time(ms: u64) -> jiff::Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// `2026-11-26T02:30:00.120Z`.
pub(super) fn rfc3339(ms: u64) -> String {
    format!("{:.3}", time(ms))
}

/// `2026-11-26 02:30:00`, in UTC.
pub(super) fn clock(ms: u64) -> String {
    time(ms).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `20261126T023000Z`.
pub(super) fn stamp(ms: u64) -> String {
    time(ms).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `120 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let two = |most: u64, unit: &str, rest: u64, small: &str| match rest {
        0 => format!("{most} {unit}"),
        rest => format!("{most} {unit} {rest} {small}"),
    };
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{:.1} s", ms as f64 / 1000.0),
        60_000..3_600_000 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600_000..86_400_000 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_the_units_that_people_use() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (3210, "3.2 s"),
            (250_000, "4 min 10 s"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(span(ms), text);
        }
    }

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(rfc3339(1_764_124_200_120), "2025-11-26T02:30:00.120Z");
        assert_eq!(clock(1_764_124_200_120), "2025-11-26 02:30:00");
        assert_eq!(stamp(1_764_124_200_120), "20251126T023000Z");
    }
}
