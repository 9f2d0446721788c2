//! The cases of a gate: what both bots scored, case by case.

use crate::{Error, Result};

/// One bot on one case; over repeats, the means.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scored {
    /// The score; `None` where the bot failed or nothing could be judged, which is never a zero.
    pub score: Option<f64>,
    /// Pass or fail, where a rule says so.
    pub passed: Option<bool>,
    /// Seconds to the whole answer.
    pub latency: Option<f64>,
    /// What the answer cost.
    pub cost: Option<f64>,
}

impl Scored {
    /// A case that was passed (score 1) or not (score 0).
    pub fn pass(passed: bool) -> Self {
        Self {
            score: Some(f64::from(u8::from(passed))),
            passed: Some(passed),
            ..Self::default()
        }
    }

    /// A case with a score.
    pub fn graded(score: f64) -> Self {
        Self {
            score: Some(score),
            ..Self::default()
        }
    }
}

/// Some of the cases, by their index, under a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// Its name: `topic: refunds`.
    pub name: String,
    /// The indices of its cases.
    pub cases: Vec<usize>,
}

/// What people said of both answers, where a judge made the scores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// For each case, people's scores of the answers of a and b, on the scale of the judge; blind.
    pub pairs: Vec<Option<(f64, f64)>>,
    /// For each case, the chance that it had of being labelled; empty where all had the same.
    pub inclusion: Vec<f64>,
    /// What people said of these answers and does not count: it was not blind, or nobody knows with what
    /// chance the answer was drawn.
    pub left_out: usize,
}

/// A case that is no case of the gate, and must pass all the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beside {
    /// Its name.
    pub name: String,
    /// The bot in force on it.
    pub a: Scored,
    /// The variant on it.
    pub b: Scored,
}

/// Both bots on all cases of a gate: `a` is in force, `b` is the variant.
///
/// ```
/// use botsmith_eval::promotion::{Cases, Scored};
/// let passed = |all: &[bool]| all.iter().map(|&passed| Scored::pass(passed)).collect();
/// let cases = Cases::new(passed(&[true, false, false]), passed(&[true, true, false]))?;
/// assert_eq!((cases.len(), cases.both().count()), (3, 3));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cases {
    pub(super) a: Vec<Scored>,
    pub(super) b: Vec<Scored>,
    pub(super) names: Vec<String>,
    pub(super) groups: Vec<usize>,
    pub(super) slices: Vec<Slice>,
    pub(super) must_pass: Vec<usize>,
    pub(super) beside: Vec<Beside>,
    pub(super) labels: Option<Labels>,
}

impl Cases {
    /// Both bots on the same cases, in the same order.
    ///
    /// # Errors
    /// Lists of different lengths, or a score that is not finite.
    pub fn new(a: Vec<Scored>, b: Vec<Scored>) -> Result<Self> {
        if a.len() != b.len() {
            return wrong(format!(
                "{} cases of the bot in force and {} of the variant: they go in pairs",
                a.len(),
                b.len()
            ));
        }
        let mut scores = a.iter().chain(&b).filter_map(|scored| scored.score);
        if let Some(score) = scores.find(|score| !score.is_finite()) {
            return wrong(format!("a score is {score}: a finite number is wanted"));
        }
        Ok(Self {
            a,
            b,
            ..Self::default()
        })
    }

    /// Names the cases, for reasons.
    ///
    /// # Errors
    /// Not as many names as cases.
    pub fn names(mut self, names: Vec<String>) -> Result<Self> {
        self.fits("names", names.len())?;
        self.names = names;
        Ok(self)
    }

    /// Says which cases belong together (one customer, one document): equal numbers are one group.
    ///
    /// # Errors
    /// Not as many groups as cases.
    pub fn groups(mut self, groups: Vec<usize>) -> Result<Self> {
        self.fits("groups", groups.len())?;
        let mut sorted = groups.clone();
        sorted.sort_unstable();
        sorted.dedup();
        // Groups of one are no groups.
        self.groups = if sorted.len() == groups.len() {
            Vec::new()
        } else {
            groups
        };
        Ok(self)
    }

    /// Adds slices that must not get worse.
    ///
    /// # Errors
    /// An index that is no case.
    pub fn slices(mut self, slices: Vec<Slice>) -> Result<Self> {
        self.known(slices.iter().flat_map(|slice| &slice.cases))?;
        self.slices = slices;
        Ok(self)
    }

    /// Says which cases must not be lost.
    ///
    /// # Errors
    /// An index that is no case.
    pub fn must_pass(mut self, cases: Vec<usize>) -> Result<Self> {
        self.known(cases.iter())?;
        self.must_pass = cases;
        Ok(self)
    }

    /// Adds cases that are not the gate's own and must not be lost: they count in this guard alone, since
    /// variants may have learned from them.
    #[must_use]
    pub fn must_pass_beside(mut self, beside: Vec<Beside>) -> Self {
        self.beside = beside;
        self
    }

    /// Says that a judge made the scores, and what people said of the same answers.
    ///
    /// # Errors
    /// Not as many as cases, or a label that is not finite.
    pub fn judged(mut self, labels: Labels) -> Result<Self> {
        self.fits("labels", labels.pairs.len())?;
        if !labels.inclusion.is_empty() {
            self.fits("chances of being labelled", labels.inclusion.len())?;
        }
        let finite = |&(a, b): &(f64, f64)| a.is_finite() && b.is_finite();
        if !labels.pairs.iter().flatten().all(finite) {
            return wrong("a label is not a finite number".into());
        }
        self.labels = Some(labels);
        Ok(self)
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.a.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.a.is_empty()
    }

    /// The cases that both were scored on: index, score of a, score of b.
    pub fn both(&self) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
        let pairs = self.a.iter().zip(&self.b).enumerate();
        pairs.filter_map(|(i, (a, b))| Some((i, a.score?, b.score?)))
    }

    /// The cases that must pass: their indices, and both bots on them. Those beside the gate come after its own.
    pub(super) fn must_pass_pairs(&self) -> impl Iterator<Item = (usize, Scored, Scored)> + '_ {
        let own = self
            .must_pass
            .iter()
            .map(move |&i| (i, self.a[i], self.b[i]));
        let beside = self.beside.iter().enumerate();
        own.chain(beside.map(move |(i, beside)| (self.len() + i, beside.a, beside.b)))
    }

    /// How a case is called; those beside the gate come after its own.
    pub(super) fn name(&self, case: usize) -> String {
        let beside = |case: usize| Some(&self.beside.get(case.checked_sub(self.len())?)?.name);
        match self.names.get(case).or_else(|| beside(case)) {
            Some(name) => format!("`{}`", botsmith_core::hint::shown(name)),
            None => (case + 1).to_string(),
        }
    }

    fn fits(&self, what: &str, n: usize) -> Result<()> {
        match n == self.len() {
            true => Ok(()),
            false => wrong(format!("{n} {what} for {} cases", self.len())),
        }
    }

    fn known<'i>(&self, mut cases: impl Iterator<Item = &'i usize>) -> Result<()> {
        match cases.find(|case| **case >= self.len()) {
            None => Ok(()),
            Some(case) => wrong(format!("no case {case}: there are {}", self.len())),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "reasons are made for it")]
fn wrong<T>(reason: String) -> Result<T> {
    Err(Error::Invalid(format!("cases of a gate: {reason}")))
}
