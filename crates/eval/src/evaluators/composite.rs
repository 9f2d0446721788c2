//! `all-of`, `any-of`, `not`, `weighted`: evaluators made of evaluators.
//!
//! Parts that are skipped do not count; if all are, so is the whole. A part that failed to judge
//! leaves the whole undecided, unless the others settle it.

use botsmith_core::yaml::{Fields, Node, Value as Yaml};

use super::builtin::Builtin;
use super::configured::read_list;
use super::{Docs, Evaluator, OptionDocs, Panel, Range, Scope, Subject};
use crate::{Result, Score, Verdict};

const OF: &[OptionDocs] = &[OptionDocs {
    name: "of",
    schema: r##"{"type": "array", "items": {"$ref": "#/$defs/evaluator"}, "minItems": 1}"##,
    about: "the evaluators it is made of, written as in a suite",
    required: true,
}];

const fn docs(
    name: &'static str,
    about: &'static str,
    formula: &'static str,
    decides: bool,
    example: &'static str,
) -> Docs {
    Docs {
        name,
        about,
        formula,
        range: Range::UNIT,
        decides,
        compares: false,
        options: OF,
        example,
        scalar: Some("of"),
    }
}

pub(super) const ALL_OF: Builtin = Builtin {
    docs: docs(
        "all-of",
        "Whether every one of several evaluators passes.",
        "1 if all pass, else 0",
        true,
        "- all-of: [contains: refund, words: {max: 50}]",
    ),
    build: |options, scope| read(options, scope, Rule::All),
};

pub(super) const ANY_OF: Builtin = Builtin {
    docs: docs(
        "any-of",
        "Whether at least one of several evaluators passes.",
        "1 if one passes, else 0",
        true,
        "- any-of: [contains: refund, contains: money back]",
    ),
    build: |options, scope| read(options, scope, Rule::Any),
};

pub(super) const NOT: Builtin = Builtin {
    docs: docs(
        "not",
        "Whether none of one or more evaluators passes.",
        "1 if none passes, else 0",
        true,
        "- not: {icontains: guarantee}",
    ),
    build: |options, scope| read(options, scope, Rule::None),
};

pub(super) const WEIGHTED: Builtin = Builtin {
    docs: docs(
        "weighted",
        "The mean of several evaluators, each with its own `weight`; give it a `threshold` to pass or fail.",
        "sum of weight * value / sum of weight; a count or cost gives 1 if it passes, else 0",
        false,
        "- weighted: {of: [{token-f1: {weight: 2}}, words: {max: 50}], threshold: 0.7}",
    ),
    build: |options, scope| read(options, scope, Rule::Mean),
};

/// Whether all pass; `None` of nothing.
///
/// ```
/// use botsmith_eval::evaluators::{all_of, contains, words};
/// let text = "You get a refund within five days.";
/// let passed = [contains(text, "refund", true).is_some(), words(text) <= 50];
/// assert_eq!(all_of(&passed), Some(true));
/// assert_eq!(all_of(&[]), None);
/// ```
pub fn all_of(passed: &[bool]) -> Option<bool> {
    (!passed.is_empty()).then(|| passed.iter().all(|passed| *passed))
}

/// Whether at least one passes; `None` of nothing.
///
/// ```
/// use botsmith_eval::evaluators::any_of;
/// assert_eq!(any_of(&[false, true]), Some(true));
/// assert_eq!(any_of(&[false, false]), Some(false));
/// ```
pub fn any_of(passed: &[bool]) -> Option<bool> {
    (!passed.is_empty()).then(|| passed.iter().any(|passed| *passed))
}

/// Whether none passes, the evaluator `not`; `None` of nothing.
///
/// ```
/// use botsmith_eval::evaluators::{contains, none_of};
/// let promised = contains("We cannot promise that.", "guarantee", true).is_some();
/// assert_eq!(none_of(&[promised]), Some(true));
/// ```
pub fn none_of(passed: &[bool]) -> Option<bool> {
    any_of(passed).map(|any| !any)
}

/// The weighted mean of values, each with its weight: sum of weight * value / sum of weight; `None`
/// where no weight is above 0.
///
/// ```
/// use botsmith_eval::evaluators::{token_f1, weighted};
/// let overlap = token_f1("a refund in five days", "refund within five days");
/// let value = weighted(&[(overlap, 2.0), (1.0, 1.0)]);
/// assert_eq!(value, Some((2.0 * overlap + 1.0) / 3.0));
/// assert_eq!(weighted(&[(1.0, 0.0)]), None);
/// ```
pub fn weighted(parts: &[(f64, f64)]) -> Option<f64> {
    let weights: f64 = parts.iter().map(|(_, weight)| weight).sum();
    let sum: f64 = parts.iter().map(|(value, weight)| value * weight).sum();
    (weights > 0.0).then(|| sum / weights)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    All,
    Any,
    None,
    Mean,
}

#[derive(Debug)]
struct Composite {
    rule: Rule,
    panel: Panel,
}

fn read(options: &Fields<'_>, scope: &Scope<'_>, rule: Rule) -> Result<Box<dyn Evaluator>> {
    let parts = if let Some(of) = options.get("of") {
        // One evaluator alone needs no list.
        if matches!(of.node().value, Yaml::Seq(_)) {
            read_list(&of, scope.registry, scope.extract)?
        } else {
            let list = Node::new(Yaml::Seq(vec![of.node().clone()]), of.mark());
            read_list(&of.over(&list), scope.registry, scope.extract)?
        }
    } else {
        // `not: {icontains: guarantee}`: the mapping itself is the one evaluator.
        let own = scope
            .registry
            .names()
            .filter(|name| options.get(name).is_some())
            .count();
        if own != 1 {
            options.required("of")?;
        }
        let known = |key: &str| scope.registry.get(key).is_some();
        let entries = match &options.at().node().value {
            Yaml::Map(entries) => entries.iter().filter(|e| known(&e.key)).cloned().collect(),
            _ => Vec::new(),
        };
        let item = Node::new(Yaml::Map(entries), options.at().mark());
        let list = Node::new(Yaml::Seq(vec![item]), options.at().mark());
        read_list(&options.at().over(&list), scope.registry, scope.extract)?
    };
    let at = options.get("of").unwrap_or_else(|| options.at().clone());
    if parts.is_empty() {
        return Err(at.error("must not be empty").into());
    }
    for part in &parts {
        if part.asks().is_some() {
            let message = format!(
                "`{}` asks a model and cannot be part of another",
                part.name()
            );
            let hint = "name it by itself under `evaluators`; `weight` makes it count more or less";
            return Err(at.diagnostic(message).hint(hint).into());
        }
        if part.together() {
            let message = format!(
                "`{}` scores all answers together and cannot be part of another",
                part.name()
            );
            let hint = "name it by itself under `evaluators`";
            return Err(at.diagnostic(message).hint(hint).into());
        }
        let unit = part.range() == Range::UNIT;
        if !part.decides() && (rule != Rule::Mean || !unit) {
            let message = format!("`{}` gives no pass or fail by itself", part.name());
            let hint = if unit {
                "give it a `threshold`"
            } else {
                "give it a `max` or a `threshold`"
            };
            return Err(at.diagnostic(message).hint(hint).into());
        }
    }
    if rule == Rule::Mean && parts.iter().all(|part| part.weight() == 0.0) {
        return Err(at.error("all weights are 0").into());
    }
    Ok(Box::new(Composite {
        rule,
        panel: Panel::new(parts),
    }))
}

impl Evaluator for Composite {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let prepared = self.panel.prepare(subject.case)?;
        let verdicts = self.panel.judge(&prepared, subject.answer)?;
        if self.rule == Rule::Mean {
            return Ok(self.mean(verdicts));
        }
        // What settles the whole: a failing part of `all-of`, a passing part of the others.
        let settles = self.rule != Rule::All;
        let (mut failed, mut judged) = (None, Vec::with_capacity(verdicts.len()));
        for (part, verdict) in self.panel.evaluators().iter().zip(verdicts) {
            match verdict {
                Verdict::Judged(score) => judged.push((part.name(), score)),
                Verdict::Failed(reason) => {
                    failed = failed.or(Some(format!("{}: {reason}", part.name())));
                }
                Verdict::Skipped(_) => {}
            }
        }
        let settled = judged
            .iter()
            .position(|(_, score)| score.passed == Some(settles));
        if let (None, Some(reason)) = (settled, failed) {
            return Ok(Verdict::Failed(reason));
        }
        if judged.is_empty() {
            return Ok(Verdict::Skipped("every part was skipped".into()));
        }
        let each: Vec<bool> = judged
            .iter()
            .map(|(_, score)| match self.rule {
                // A part that gives no verdict stops nothing.
                Rule::All => score.passed != Some(false),
                _ => score.passed == Some(true),
            })
            .collect();
        let passed = match self.rule {
            Rule::All | Rule::Mean => all_of(&each),
            Rule::Any => any_of(&each),
            Rule::None => none_of(&each),
        };
        let passed = passed.expect("some part was judged");
        let mut score = Score::pass_fail(passed);
        // The deciding part shows its evidence; without one, all parts do.
        let shown = settled.map_or(0..judged.len(), |at| at..at + 1);
        for (_, part) in &mut judged[shown.clone()] {
            score.evidence.append(&mut part.evidence);
        }
        if self.rule == Rule::None {
            score
                .evidence
                .iter_mut()
                .for_each(|span| span.supports = !span.supports);
        }
        if !passed {
            let (name, part) = &judged[shown.start];
            let reason = match (&part.explanation, self.rule) {
                (_, Rule::None) => format!("{name} passes, and must not"),
                (Some(why), Rule::Any) if judged.len() > 1 => format!("none passes; {name}: {why}"),
                (Some(why), _) => format!("{name}: {why}"),
                (None, _) => format!("{name} does not pass"),
            };
            score = score.because(reason);
        }
        Ok(score.into())
    }
}

impl Composite {
    fn mean(&self, verdicts: Vec<Verdict>) -> Verdict {
        let mut parts = Vec::new();
        let mut score = Score::default();
        for (part, verdict) in self.panel.evaluators().iter().zip(verdicts) {
            match verdict {
                Verdict::Failed(reason) => {
                    return Verdict::Failed(format!("{}: {reason}", part.name()));
                }
                Verdict::Skipped(_) => {}
                Verdict::Judged(mut judged) => {
                    let unit = part.range() == Range::UNIT;
                    let value = if unit {
                        judged.value
                    } else {
                        f64::from(u8::from(judged.passed == Some(true)))
                    };
                    parts.push((value, part.weight()));
                    score.evidence.append(&mut judged.evidence);
                    if value < 1.0 && score.explanation.is_none() {
                        score.explanation = judged
                            .explanation
                            .map(|why| format!("{}: {why}", part.name()).into());
                    }
                }
            }
        }
        match weighted(&parts) {
            Some(value) => score.value = value,
            None => return Verdict::Skipped("every part was skipped".into()),
        }
        score.into()
    }
}
