//! A suite's plan for feedback: what is asked, of whom, about how many answers.

use serde::{Deserialize, Serialize};

use botsmith_core::digest::Digest;
use botsmith_core::hint::{list, nearest};

use crate::hone::Split;
use crate::{Error, Result};

use super::Question;

/// The `feedback:` block of a suite; [`Plan::default`] is that of a suite without one.
///
/// ```
/// use botsmith_core::yaml::Source;
/// use botsmith_eval::feedback::Plan;
/// let text = "
/// feedback:
///   questions:
///     - {name: helpful, kind: thumb, ask: Does it help?, guidelines: Somebody in a hurry must be able to act on it.}
///     - {name: tone, kind: label, options: [kind, curt, rude], pass: [kind]}
///   budget: 60
/// ";
/// let plan = Plan::of_suite(&Source::new("suite.yaml", text))?;
/// assert_eq!((plan.questions.len(), plan.budget, plan.double), (2, 60, 0.15));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What every rater should know; shown at the start.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub guidelines: Option<String>,
    /// What is asked, in order.
    pub questions: Vec<Question>,
    /// Who may answer; empty: anybody.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub raters: Vec<String>,
    /// How many answers are labelled, those that are labelled twice counted twice.
    pub budget: usize,
    /// The share of them that is drawn at random, 0.2 to 1: what estimates rest on.
    pub random: f64,
    /// The share of them that two raters label, 0.1 to 1: what agreement rests on.
    pub double: f64,
    /// Whether raters see neither bots nor scores.
    pub blind: bool,
    /// The slice of the suite whose groups the random share is spread over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// The metric whose doubt ranks what to label; none: every metric of the run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judge: Option<String>,
    /// Which cases may teach, as `hone` of the suite says.
    #[serde(skip)]
    pub split: Split,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            guidelines: None,
            questions: vec![Question::verdict()],
            raters: Vec::new(),
            budget: 100,
            random: 0.5,
            double: 0.15,
            blind: true,
            by: None,
            judge: None,
            split: Split::default(),
        }
    }
}

impl Plan {
    /// A question by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest name.
    pub fn question(&self, name: &str) -> Result<&Question> {
        let names = || self.questions.iter().map(|q| q.name.as_str());
        self.questions
            .iter()
            .find(|question| question.name == name)
            .ok_or_else(|| Error::NotFound {
                what: "question",
                name: name.to_owned(),
                hint: Some(match nearest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the suite asks {}", list(names())),
                }),
            })
    }

    /// Whether a rater may answer.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the nearest name, where the suite names its raters.
    pub fn check_rater(&self, name: &str) -> Result<()> {
        if self.raters.is_empty() || self.raters.iter().any(|known| known == name) {
            return Ok(());
        }
        let names = || self.raters.iter().map(String::as_str);
        Err(Error::NotFound {
            what: "rater",
            name: name.to_owned(),
            hint: Some(match nearest(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the suite's raters are {}", list(names())),
            }),
        })
    }

    /// What decides which answers are chosen, as 16 hexadecimal digits: two plans that choose alike may
    /// ask different questions.
    pub(super) fn choice(&self, seed: u64, pairs: bool) -> String {
        let facts = (
            self.budget,
            self.random.to_bits(),
            self.double.to_bits(),
            &self.by,
            &self.judge,
            (seed, pairs),
        );
        let bytes = serde_json::to_vec(&facts).expect("names and numbers serialise");
        Digest::of(&bytes).to_string()[..16].to_owned()
    }
}
