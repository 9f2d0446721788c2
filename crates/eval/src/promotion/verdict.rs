//! The decision in words: numbers of a gate and the look that they belong to -> passed, advisory or refused,
//! every reason, what each guard saw, and the cases that would be needed.
//!
//! A person approves by default. `auto` is allowed only where the gate passed on a scale that counts, and
//! nothing that the caller knows of raters and judges speaks against it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tested::is_pass_fail;
use super::words::{guards_of, no_better, points, small, told};
use super::{Cases, Look, Needed, Tested, alpha_at, needed, weigh};
use crate::Result;

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The variant is better (or no worse than the margin), and no guard speaks against it.
    Passed,
    /// A judge made the scores, and too few labels say whether people agree with it: neither passed nor
    /// refused, whatever the judge's scores show. A person may promote it, knowing that. A guard that does not
    /// hold refuses all the same.
    Advisory,
    /// It is refused.
    Refused,
}

/// One guard and what it saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Which: `must-pass`, `slices`, `latency`, `cost`, `errors`, `cheaper`.
    pub name: String,
    /// Whether it held.
    pub held: bool,
    /// What it saw.
    pub saw: String,
}

/// Whether the variant may be promoted without a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auto {
    /// Whether it may.
    pub allowed: bool,
    /// Why not.
    pub reasons: Vec<String>,
}

/// What a gate decided, and on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// Why it was refused, or is only advisory: all of it.
    pub reasons: Vec<String>,
    /// The variant's hash.
    pub variant: String,
    /// The hash of the bot in force that it was compared with.
    pub baseline: String,
    /// Which look at these cases it was, from 1.
    pub look: u32,
    /// Alpha over all looks.
    pub alpha: f64,
    /// What this look spent of it.
    pub alpha_of_look: f64,
    /// How much worse the variant was allowed to be.
    pub margin: Option<f64>,
    /// Cases in the gate.
    pub cases: usize,
    /// The test; the difference in it is that of a variant which was selected for it: expect less.
    pub tested: Option<Tested>,
    /// The guards.
    pub guards: Vec<Guard>,
    /// Cases that the next look would need.
    pub needed: Option<Needed>,
    /// Whether it may be promoted without a person.
    pub auto: Auto,
    /// The seed of the sign flips.
    pub seed: u64,
}

impl Verdict {
    /// Decides at `look`, by the rules that were kept with it. `doubts` are the caller's reasons why no
    /// variant may be promoted without a person (one rater's view, a judge that may not gate).
    ///
    /// ```
    /// use botsmith_eval::promotion::{Cases, Compared, Decision, GateSet, Looks, Measure, Rules, Scored, Verdict};
    /// use botsmith_nanobots::versions::By;
    /// let store = botsmith_core::store::open("memory:")?;
    /// let set = GateSet::new("refunds", "salt", (0..40).map(|i| i.to_string()));
    /// let equals = Measure::new("equals", "equals");
    /// let compared = Compared::new("variant", "bot", &equals);
    /// let look = Looks::new(&*store).take(&set, compared, &Rules::default(), &By::new("ada", 0))?;
    /// let pass = |n: usize| (0..40).map(|i| Scored::pass(i < n)).collect();
    /// let verdict = Verdict::of(&Cases::new(pass(30), pass(31))?, &look, &[])?;
    /// assert_eq!(verdict.decision, Decision::Refused);
    /// assert!(verdict.reasons[0].starts_with("no better"), "{}", verdict.reasons[0]);
    /// assert!(verdict.needed.unwrap().cases > 40);
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    ///
    /// # Errors
    /// Rules outside their ranges.
    pub fn of(cases: &Cases, look: &Look, doubts: &[String]) -> Result<Self> {
        let rules = &look.rules;
        let weighed = weigh(cases, rules, look.alpha)?;
        let both: Vec<_> = cases.both().collect();
        let mut reasons = Vec::new();
        match &weighed.tested {
            None => reasons.push("no case was scored on both bots".into()),
            Some(tested) if !tested.holds => reasons.push(no_better(tested, rules, look)),
            Some(_) => {}
        }
        reasons.extend(
            weighed
                .breaches
                .iter()
                .map(|breach| told(breach, cases, rules)),
        );
        let decision = match weighed.passes() {
            true => Decision::Passed,
            // The judge's scores alone refuse nothing either: people have not spoken yet.
            false if weighed.unlabelled && weighed.breaches.is_empty() => Decision::Advisory,
            false => Decision::Refused,
        };
        let labelled = weighed.tested.as_ref().map_or(0, |tested| tested.labelled);
        if decision == Decision::Advisory {
            reasons.push(format!(
                "advisory: a judge made the scores, and people have labelled both answers of {labelled} gate cases; \
                 {} are wanted, a random part of them, blind{}",
                rules.least_labels,
                match cases.labels.as_ref().map_or(0, |labels| labels.left_out) {
                    0 => String::new(),
                    n => format!(
                        " ({n} labels are left out: they are not blind, or say no chance of having been drawn at random)"
                    ),
                }
            ));
        }
        let needed = match &weighed.tested {
            Some(tested) if decision != Decision::Passed => {
                let next = alpha_at(rules.alpha, look.k + 1);
                needed::needed(tested, is_pass_fail(&both), rules, next)
            }
            _ => None,
        };
        let auto = match decision {
            Decision::Refused => Auto {
                allowed: false,
                reasons: vec!["the gate refused it".into()],
            },
            Decision::Advisory => Auto {
                allowed: false,
                reasons: std::iter::once("the verdict is advisory: too few labels".to_owned())
                    .chain(doubts.iter().cloned())
                    .collect(),
            },
            Decision::Passed => Auto {
                allowed: doubts.is_empty(),
                reasons: doubts.to_vec(),
            },
        };
        Ok(Self {
            decision,
            reasons,
            variant: look.variant.clone(),
            baseline: look.baseline.clone(),
            look: look.k,
            alpha: rules.alpha,
            alpha_of_look: look.alpha,
            margin: rules.margin,
            cases: cases.len(),
            guards: guards_of(cases, &weighed.breaches, rules, both.len()),
            tested: weighed.tested,
            needed,
            auto,
            seed: rules.seed,
        })
    }

    /// The same decision with what speaks now against promoting without a person: raters and judges may stand
    /// otherwise than when it was made.
    #[must_use]
    pub fn doubted(mut self, doubts: &[String]) -> Self {
        if self.decision == Decision::Passed {
            self.auto = Auto {
                allowed: doubts.is_empty(),
                reasons: doubts.to_vec(),
            };
        }
        self
    }

    /// The evidence that goes with a version: `gate`, as
    /// [`Version::gate`](botsmith_nanobots::versions::Version::gate) reads it, and the whole verdict in it.
    /// `passed` is said of a version that passed alone; one that is `advisory` is for a person to promote.
    pub fn evidence(&self) -> Value {
        json!({"gate": {
            "passed": self.decision == Decision::Passed,
            "advisory": self.decision == Decision::Advisory,
            "baseline": self.baseline,
            "reasons": self.reasons,
            "difference": self.tested.as_ref().map(|tested| tested.difference),
            "selected": true,
            "verdict": self,
        }})
    }

    /// What would be needed, as a sentence.
    pub fn needed_text(&self) -> Option<String> {
        let needed = self.needed?;
        let kind = if needed.labelled {
            "labelled gate cases"
        } else {
            "gate cases"
        };
        let effect = points(needed.effect);
        let which = match needed.seen {
            true => format!("a true difference as large as the one seen, {effect} points,"),
            false => format!("a true gain of {effect} points"),
        };
        Some(format!(
            "{which} would take {} {kind} (power {:.0} % at the next look's alpha of {})",
            needed.cases,
            100.0 * needed.power,
            small(needed.alpha)
        ))
    }
}
