//! Stored runs -> the cases of a gate: scores of a metric, passes, latency, cost, groups, slices, and the
//! cases tagged `must-pass`.

use std::collections::BTreeMap;

use super::cases::{Cases, Scored, Slice};
use crate::run::{CaseRecord, StoredRun};
use crate::{Error, Result, Verdict};

/// The tag of cases that must not be lost.
pub(crate) const MUST_PASS: &str = "must-pass";

impl Scored {
    /// What a bot scored on a case, over its repeats: the share of passes where the metric decides one, else
    /// the mean value (turned round where `lower_is_better`, so that more is always better). A case is
    /// passed if every repeat passes; latency and cost are means. `bot` and `metric` are indices in the
    /// run's manifest.
    pub fn of(record: &CaseRecord, bot: usize, metric: usize, lower_is_better: bool) -> Self {
        let answers = || record.answers.iter().filter(|answer| answer.bot == bot);
        let scores = || {
            answers().filter_map(|answer| match answer.verdicts.get(metric)? {
                Verdict::Judged(score) => Some(score),
                _ => None,
            })
        };
        let sign = if lower_is_better { -1.0 } else { 1.0 };
        let value = scores().map(|score| match score.passed {
            Some(passed) => f64::from(u8::from(passed)),
            None => sign * score.value,
        });
        // A repeat that failed takes part in nothing, unless all did.
        let passed = scores()
            .map(|score| score.passed)
            .collect::<Option<Vec<_>>>();
        Self {
            score: mean(value),
            passed: passed
                .filter(|all| !all.is_empty())
                .map(|all| all.iter().all(|p| *p)),
            latency: mean(answers().filter_map(|answer| answer.answer.latency)),
            cost: mean(answers().filter_map(|answer| answer.answer.cost)),
        }
    }
}

impl Cases {
    /// Two bots of one complete run, by their names, on the cases that `keep` keeps.
    ///
    /// # Errors
    /// A run that is not complete, a bot or metric that is not in it, a record that does not read.
    pub fn of_run(
        run: &StoredRun<'_>,
        a: &str,
        b: &str,
        metric: &str,
        keep: &dyn Fn(&CaseRecord) -> bool,
    ) -> Result<Self> {
        let report = run.complete()?;
        let manifest = &run.manifest;
        let bot = |name: &str| index("bot", name, &manifest.bots);
        let (a, b, at) = (
            bot(a)?,
            bot(b)?,
            index("metric", metric, &manifest.metrics)?,
        );
        let about = report.metrics.iter().find(|known| known.name == metric);
        let lower = about.is_some_and(|known| known.higher_is_better == Some(false));
        let mut collected = Collected::default();
        for record in run.cases() {
            let record = record?;
            if keep(&record) {
                let scored = |bot| Scored::of(&record, bot, at, lower);
                collected.add(&record, scored(a), scored(b), &manifest.slices);
            }
        }
        collected.cases()
    }
}

/// Cases as they come from records of one run or of two.
///
/// ```
/// use botsmith_eval::promotion::{Collected, Scored};
/// use botsmith_eval::run::CaseRecord;
/// let mut collected = Collected::default();
/// collected.add(&CaseRecord::default(), Scored::pass(false), Scored::pass(true), &[]);
/// assert_eq!(collected.cases()?.len(), 1);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Collected {
    a: Vec<Scored>,
    b: Vec<Scored>,
    names: Vec<String>,
    groups: Vec<usize>,
    known_groups: BTreeMap<String, usize>,
    slices: BTreeMap<String, Vec<usize>>,
    must_pass: Vec<usize>,
}

impl Collected {
    /// Adds a case with what both bots scored on it; `slices` names the suite's slices, in order.
    pub fn add(&mut self, record: &CaseRecord, a: Scored, b: Scored, slices: &[String]) {
        let at = self.a.len();
        let next = self.known_groups.len();
        // A case without a group is one of its own; `\0` stands in no group's name.
        let group = match &record.case.group {
            Some(group) => group.clone(),
            None => format!("\0{at}"),
        };
        self.groups
            .push(*self.known_groups.entry(group).or_insert(next));
        self.names.push(record.case.id.clone());
        for (slice, values) in slices.iter().zip(&record.slices) {
            for value in values {
                let name = format!("{slice}: {value}");
                self.slices.entry(name).or_default().push(at);
            }
        }
        if record.case.tags.iter().any(|tag| tag == MUST_PASS) {
            self.must_pass.push(at);
        }
        self.a.push(a);
        self.b.push(b);
    }

    /// The cases of a gate.
    ///
    /// # Errors
    /// A score that is not finite.
    pub fn cases(self) -> Result<Cases> {
        let slice = |(name, cases)| Slice { name, cases };
        Cases::new(self.a, self.b)?
            .names(self.names)?
            .groups(self.groups)?
            .slices(self.slices.into_iter().map(slice).collect())?
            .must_pass(self.must_pass)
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / n as f64)
}

fn index(what: &'static str, name: &str, known: &[String]) -> Result<usize> {
    known.iter().position(|known| known == name).ok_or_else(|| {
        let words = known.iter().map(String::as_str);
        let near = botsmith_core::hint::nearest(name, words.clone());
        Error::NotFound {
            what,
            name: name.into(),
            hint: Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the run has {}", botsmith_core::hint::list(words)),
            }),
        }
    })
}
