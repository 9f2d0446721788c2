//! In which words a question was asked: a question in, a short hash of what a rater reads out; and records -> those
//! given under the words of now.
//!
//! Where raters disagree the guidelines are mended, and what was said before answers another question. Those records
//! stay in the log and count no more; whoever gave them is asked again.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use botsmith_core::digest::Digest;
use botsmith_core::store::StateStore;
use botsmith_core::yaml::Source;
use serde_json::{Value, json};

use crate::run::Runs;
use crate::{Error, Result};

use super::{Plan, Question, Record};

/// Hexadecimal digits of a wording.
const DIGITS: usize = 16;

impl Plan {
    /// Names the words in which a question is asked: 16 hexadecimal digits of the blake3 of what a rater reads, the
    /// guidelines of all questions and its own, `ask`, kind and range or options. How lines are broken changes
    /// nothing, nor does `pass`, which no rater sees.
    ///
    /// ```
    /// use botsmith_eval::feedback::Plan;
    /// let plan = Plan::default();
    /// let mut mended = plan.clone();
    /// mended.guidelines = Some("Polite is not enough.".into());
    /// assert_ne!(plan.wording(&plan.questions[0]), mended.wording(&mended.questions[0]));
    /// ```
    pub fn wording(&self, question: &Question) -> String {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut kind = serde_json::to_value(&question.kind).expect("kinds serialise");
        if let Some(fields) = kind.as_object_mut() {
            fields.remove("pass");
        }
        let read: Value = json!([
            self.guidelines.as_deref().map(flat),
            flat(&question.ask),
            question.guidelines.as_deref().map(flat),
            kind,
        ]);
        Digest::of(read.to_string().as_bytes()).to_string()[..DIGITS].to_owned()
    }

    /// Whether a record may be given under the words of now: one that does not know its words may.
    pub(super) fn asks_as(&self, record: &Record) -> bool {
        let now = self.questions.iter().find(|q| q.name == record.question);
        match (&record.wording, now) {
            (Some(then), Some(question)) => *then == self.wording(question),
            _ => true,
        }
    }
}

/// Tells records that were given under a plan's words of now from others.
///
/// A record says itself in which words it was asked ([`Record::wording`]). One that does not is from before that was
/// kept, or from elsewhere: it was asked as its run's suite file read when it ran. Where that run is not in the store,
/// nobody knows, and it counts.
///
/// ```
/// use botsmith_core::store;
/// use botsmith_eval::feedback::{Plan, Record, Wordings};
/// let (store, mut plan) = (store::open("memory:")?, Plan::default());
/// let said = Record { question: "verdict".into(), value: "up".into(),
///     wording: Some(plan.wording(&plan.questions[0])), ..Record::default() };
/// assert!(Wordings::new(&*store, &plan).holds(&said)?);
/// plan.guidelines = Some("Polite is not enough.".into());
/// assert!(!Wordings::new(&*store, &plan).holds(&said)?);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
pub struct Wordings<'a> {
    runs: Runs<'a>,
    now: BTreeMap<String, String>,
    /// The words of each run's suite, by the question's name; `None`: it is not in the store.
    then: HashMap<String, Option<BTreeMap<String, String>>>,
}

/// Records, told apart by their words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InForce {
    /// Those given under the words of now, in their order.
    pub records: Vec<Record>,
    /// How many of the others would count otherwise, by the question's name.
    pub reworded: BTreeMap<String, usize>,
}

impl std::fmt::Debug for Wordings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wordings")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl<'a> Wordings<'a> {
    /// Those of a plan; the store has the runs.
    pub fn new(store: &'a dyn StateStore, plan: &Plan) -> Self {
        Self {
            runs: Runs::new(store),
            now: words(plan),
            then: HashMap::new(),
        }
    }

    /// Whether a record was given under the words of now. One to a question that the plan does not ask was.
    ///
    /// # Errors
    /// If the store fails.
    pub fn holds(&mut self, record: &Record) -> Result<bool> {
        let Some(now) = self.now.get(&record.question).cloned() else {
            return Ok(true);
        };
        if let Some(then) = &record.wording {
            return Ok(*then == now);
        }
        let then = self.of_run(&record.run)?;
        Ok(then.is_none_or(|then| then.get(&record.question) == Some(&now)))
    }

    /// Tells records apart.
    ///
    /// # Errors
    /// If the store fails.
    pub fn split(&mut self, records: Vec<Record>) -> Result<InForce> {
        let mut found = InForce::default();
        for record in records {
            if self.holds(&record)? {
                found.records.push(record);
            } else if record.counts() {
                *found.reworded.entry(record.question).or_default() += 1;
            }
        }
        Ok(found)
    }

    /// The words of a run's suite, by the question's name.
    fn of_run(&mut self, run: &str) -> Result<Option<&BTreeMap<String, String>>> {
        if run.is_empty() {
            return Ok(None);
        }
        let known = match self.then.entry(run.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(match self.runs.open(run) {
                Ok(found) => {
                    let manifest = found.manifest;
                    let text = Source::new(&manifest.suite_file, manifest.suite_text);
                    // A block that does not read any more asks nothing as it is asked now.
                    Some(
                        Plan::of_suite(&text).map_or_else(|_| BTreeMap::new(), |plan| words(&plan)),
                    )
                }
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(error),
            }),
        };
        Ok(known.as_ref())
    }
}

fn words(plan: &Plan) -> BTreeMap<String, String> {
    let questions = plan.questions.iter();
    questions
        .map(|question| (question.name.clone(), plan.wording(question)))
        .collect()
}
