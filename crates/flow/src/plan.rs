//! The steps of a run and what each needs: checked once, then pinned to the run by its hash.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use botsmith_core::hint;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Notice, Result};

/// The longest key of a step, in bytes.
const MAX_KEY: usize = 200;
/// The most steps of a run, those that a step adds included.
pub(crate) const MAX_STEPS: usize = 20_000;

/// One step: what it does is for its worker to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct StepPlan {
    /// Its name in the run, such as `draft` or `tag#17`; no `/`.
    pub key: String,
    /// The steps that have to end before it may begin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Which kind of step it is.
    pub kind: String,
    /// What its worker is given.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub with: Value,
    /// What a worker has to offer, such as `kind:bot` or `device:cuda`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// When a failed attempt is followed by another.
    pub retry: Retry,
    /// Whether it runs when a step that it needs did not get done.
    pub run_if: RunIf,
    /// What its failure means for the run.
    pub on_failure: OnFailure,
    /// 9 is most urgent; one more for each minute waited.
    pub priority: u8,
    /// How many such steps may run at once, over all runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// How often a lease may run out before the step counts as poison.
    pub max_expiries: u32,
}

impl Default for StepPlan {
    fn default() -> Self {
        Self {
            key: String::new(),
            needs: Vec::new(),
            kind: String::new(),
            with: Value::Null,
            requires: Vec::new(),
            retry: Retry::default(),
            run_if: RunIf::Done,
            on_failure: OnFailure::Fail,
            priority: 5,
            concurrency: None,
            max_expiries: 3,
        }
    }
}

/// When a failed attempt is followed by another: exponential back-off with full jitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Retry {
    /// How many attempts may fail; 1 means that there is no second one.
    pub max: u32,
    /// The longest first wait, in milliseconds; it doubles each time.
    pub base_ms: u64,
    /// The longest wait, in milliseconds.
    pub cap_ms: u64,
    /// Only errors of these classes; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max: 1,
            base_ms: 1000,
            cap_ms: 60_000,
            on: Vec::new(),
        }
    }
}

impl Retry {
    /// How long to wait after `failures` failed attempts, the last of class `class`; `None` when
    /// there is to be no other. `random` is uniform over all numbers.
    ///
    /// ```
    /// let retry = botsmith_flow::Retry { max: 3, base_ms: 1000, ..Default::default() };
    /// assert!(retry.wait_ms(1, "server", u64::MAX).unwrap() <= 1000);
    /// assert!(retry.wait_ms(2, "server", u64::MAX).unwrap() <= 2000);
    /// assert_eq!(retry.wait_ms(3, "server", 0), None);
    /// ```
    pub fn wait_ms(&self, failures: u32, class: &str, random: u64) -> Option<u64> {
        if failures >= self.max || !(self.on.is_empty() || self.on.iter().any(|on| on == class)) {
            return None;
        }
        let doubled = self
            .base_ms
            .saturating_mul(1 << failures.saturating_sub(1).min(40));
        let longest = doubled.min(self.cap_ms);
        Some(random % (longest + 1))
    }
}

/// Whether a step runs, by how the steps that it needs ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunIf {
    /// When all of them got done; else it is skipped.
    #[default]
    Done,
    /// When one of them failed; else it is skipped.
    Failed,
    /// In any case, also when the run has failed.
    Always,
}

/// What a step's failure means for its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The run fails: what has not begun is skipped, but for steps that run always or on failure.
    #[default]
    Fail,
    /// Only the steps that need it are skipped.
    Continue,
}

/// A limit on how many steps of one name run at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// The name that the steps share.
    pub key: String,
    /// How many may run, 1 or more.
    pub limit: u32,
}

/// The steps of a run, in an order in which they could be done.
///
/// ```
/// use botsmith_flow::{Plan, StepPlan};
///
/// let step = |key: &str, needs: &[&str]| StepPlan {
///     key: key.into(),
///     needs: needs.iter().map(|need| (*need).into()).collect(),
///     ..StepPlan::default()
/// };
/// let plan = Plan::new(vec![step("report", &["load"]), step("load", &[])])?;
/// assert_eq!(plan.steps()[0].key, "load");
///
/// let error = Plan::new(vec![step("a", &["b"]), step("b", &["a"])]).unwrap_err();
/// assert!(error.to_string().contains("go in a circle"));
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    steps: Vec<StepPlan>,
    notices: Vec<Notice>,
}

impl Plan {
    /// Checks names and needs.
    ///
    /// # Errors
    /// [`Error::Plan`] for no step, too many, a name twice or one that does not fit, a need that is
    /// no step, and steps that need each other in a circle.
    pub fn new(steps: Vec<StepPlan>) -> Result<Self> {
        Self::after(steps, &BTreeSet::new())
    }

    /// As [`new`](Self::new), where the steps in `there` may be needed too.
    pub(crate) fn after(steps: Vec<StepPlan>, there: &BTreeSet<String>) -> Result<Self> {
        let refuse = |reason: String| Err(Error::Plan { reason });
        if steps.is_empty() && there.is_empty() {
            return refuse("it has no steps".into());
        }
        if steps.len() + there.len() > MAX_STEPS {
            return refuse(format!(
                "it has {} steps, at most {MAX_STEPS} fit",
                steps.len() + there.len()
            ));
        }
        let mut names = BTreeSet::new();
        for step in &steps {
            let shown = hint::shown(&step.key);
            let fits = |c: char| !c.is_control() && c != '/';
            if step.key.is_empty() || step.key.len() > MAX_KEY || !step.key.chars().all(fits) {
                return refuse(format!(
                    "the step `{shown}` is not named by 1 to {MAX_KEY} bytes without `/`"
                ));
            }
            if there.contains(&step.key) || !names.insert(step.key.as_str()) {
                return refuse(format!("two steps are named `{shown}`"));
            }
            if step.priority > 9 {
                return refuse(format!(
                    "step `{shown}` has priority {}, 0 to 9 is wanted",
                    step.priority
                ));
            }
            if step
                .concurrency
                .as_ref()
                .is_some_and(|c| c.limit == 0 || c.key.is_empty())
            {
                return refuse(format!(
                    "step `{shown}` has a concurrency key without a name or a limit of 1 or more"
                ));
            }
        }
        for step in &steps {
            for need in &step.needs {
                if !names.contains(need.as_str()) && !there.contains(need) {
                    let near = hint::nearest(need, names.iter().copied());
                    let near =
                        near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                    return refuse(format!(
                        "step `{}` needs `{}`, which is no step{near}",
                        step.key,
                        hint::shown(need)
                    ));
                }
            }
        }
        order(steps)
    }

    /// The steps, each after those that it needs.
    pub fn steps(&self) -> &[StepPlan] {
        &self.steps
    }

    /// The same, and these are told of its runs.
    #[must_use]
    pub fn telling(mut self, notices: Vec<Notice>) -> Self {
        self.notices = notices;
        self
    }

    /// Who is told of its runs.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    pub(crate) fn into_steps(self) -> Vec<StepPlan> {
        self.steps
    }

    /// The hash that pins a run to this plan: 64 hexadecimal digits.
    pub fn hash(&self) -> String {
        let mut json = serde_json::to_vec(&self.steps).expect("plans serialise to JSON");
        if !self.notices.is_empty() {
            json.extend(serde_json::to_vec(&self.notices).expect("notices serialise to JSON"));
        }
        blake3::hash(&json).to_hex().to_string()
    }
}

/// Puts steps in an order in which they can be done (Kahn 1962), or names a circle.
fn order(steps: Vec<StepPlan>) -> Result<Plan> {
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    let mut next: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let names: BTreeSet<_> = steps.iter().map(|step| step.key.clone()).collect();
    for step in &steps {
        let own: BTreeSet<_> = step
            .needs
            .iter()
            .filter(|need| names.contains(*need))
            .collect();
        open.insert(step.key.clone(), own.len());
        for need in own {
            next.entry(need.clone()).or_default().push(step.key.clone());
        }
    }
    // Steps that are ready together keep the order in which they were given.
    let free = steps.iter().filter(|step| open[&step.key] == 0);
    let mut ready: VecDeque<String> = free.map(|step| step.key.clone()).collect();
    let mut by_key: BTreeMap<String, StepPlan> = steps
        .into_iter()
        .map(|step| (step.key.clone(), step))
        .collect();
    let mut ordered = Vec::with_capacity(by_key.len());
    while let Some(key) = ready.pop_front() {
        ordered.push(by_key.remove(&key).expect("each step is ready once"));
        for dependant in next.remove(&key).unwrap_or_default() {
            let left = open.get_mut(&dependant).expect("every step is counted");
            *left -= 1;
            if *left == 0 {
                ready.push_back(dependant);
            }
        }
    }
    if by_key.is_empty() {
        return Ok(Plan {
            steps: ordered,
            notices: Vec::new(),
        });
    }
    // From any step that is left, needs that are left lead into the circle.
    let mut path: Vec<String> = vec![by_key.keys().next().expect("some are left").clone()];
    loop {
        let last = &by_key[path.last().expect("it begins with one")];
        let need = last.needs.iter().find(|need| by_key.contains_key(*need));
        let need = need.expect("what is left needs what is left").clone();
        if let Some(at) = path.iter().position(|key| *key == need) {
            path.push(need);
            let circle = hint::list(path[at..].iter().map(String::as_str));
            return Err(Error::Plan {
                reason: format!("steps go in a circle, each needing the next: {circle}"),
            });
        }
        path.push(need);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: &str, needs: &[&str]) -> StepPlan {
        StepPlan {
            key: key.into(),
            needs: needs.iter().map(|need| (*need).into()).collect(),
            ..StepPlan::default()
        }
    }

    #[test]
    fn a_plan_that_cannot_be_run_says_why() {
        for (steps, wanted) in [
            (vec![], "it has no steps"),
            (vec![step("", &[])], "the step `` is not named"),
            (vec![step("a/b", &[])], "the step `a/b` is not named"),
            (
                vec![step("a", &[]), step("a", &[])],
                "two steps are named `a`",
            ),
            (
                vec![step("load", &[]), step("b", &["laod"])],
                "did you mean `load`?",
            ),
            (vec![step("a", &["a"])], "needing the next: `a` or `a`"),
            (
                vec![
                    step("a", &[]),
                    step("b", &["a", "d"]),
                    step("c", &["b"]),
                    step("d", &["c"]),
                ],
                "go in a circle",
            ),
        ] {
            let error = Plan::new(steps).unwrap_err();
            assert_eq!(error.code(), "BS-FLOW-001");
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }

    #[test]
    fn equal_plans_have_equal_hashes_whatever_the_order_of_their_steps_was() {
        let chain = |order: [usize; 3]| {
            let steps = [step("a", &[]), step("b", &["a"]), step("c", &["b"])];
            Plan::new(order.map(|at| steps[at].clone()).to_vec())
                .unwrap()
                .hash()
        };
        assert_eq!(chain([0, 1, 2]), chain([2, 1, 0]));
    }
}
