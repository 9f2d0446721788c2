//! The finalist before the gate: both bots on the gate's cases -> a [`Verdict`].
//!
//! The look is taken before anybody is asked: whoever asks first and looks later would look for nothing.
//! A verdict that stands is not made again, but whether it may be acted on without a person is said anew: raters
//! and judges may stand otherwise by now. One that is only advisory, because a judge made the scores and
//! too few people have labelled, is not kept: it is made when enough labels are there.
//!
//! Cases of train and dev that must pass are asked about too, for that guard alone: what a bot was taught it
//! must not unlearn. Nobody learns from these answers.

use botsmith_nanobots::versions::By;

use crate::calibration::{Binding, Calibrations};
use crate::feedback::{Question, Record};
use crate::promotion::{
    Beside, Cases as Pairs, Collected, Compared, Decision, GateSet, Labels, Look, Looks, Rules,
    Scored, Verdict,
};
use crate::run::{CaseRecord, Runs};
use crate::{Error, Result};

use super::labelled::labels;
use super::trial::{Bench, Trial};
use super::{Cases, Parent, Use, Variant};

/// What a gate goes by.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) parent: &'a Parent,
    pub(super) cases: &'a Cases,
    pub(super) set: &'a GateSet,
    pub(super) rules: &'a Rules,
    /// Why nothing may be promoted without a person.
    pub(super) doubts: &'a [String],
    /// What people say passes, and what they said.
    pub(super) labels: Option<(&'a Question, &'a [Record])>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Gated {
    /// The decision.
    pub verdict: Verdict,
    /// The runs of the parent and of the variant over the gate's cases; `None` where the verdict stood
    /// already.
    pub runs: Option<[String; 2]>,
    /// Answers that were asked for now.
    pub asked: usize,
}

/// The cases of a gate by their content.
pub(super) fn set(suite: &str, salt: &str, cases: &Cases) -> GateSet {
    let contents = cases
        .of(Use::Gate)
        .map(|(_, known)| known.case.content_id());
    GateSet::new(suite, salt, contents)
}

/// Takes the look, asks both bots, and decides.
pub(super) fn decide(
    bench: &mut Bench<'_>,
    ground: &Ground<'_>,
    variant: &Variant,
    by: &By,
) -> Result<Gated> {
    let looks = Looks::new(bench.store);
    let hashes = [variant.hash().to_string(), ground.parent.hash().to_string()];
    let measure = bench.target.measure(&bench.suite.identity);
    let compared = Compared::new(&hashes[0], &hashes[1], &measure);
    let look = looks.take(ground.set, compared, ground.rules, by)?;
    let places: Vec<usize> = ground.cases.of(Use::Gate).map(|(at, _)| at).collect();
    let mut doubts = ground.doubts.to_vec();
    if let Some(verdict) = standing(&look)? {
        let mut asked = 0;
        if bench.target.judged {
            let own = bench.ask(ground.parent.text(), ground.cases, &places)?;
            doubts.extend(judge_doubt(bench, &own)?);
            asked = own.asked;
        }
        return Ok(Gated {
            verdict: verdict.doubted(&doubts),
            runs: None,
            asked,
        });
    }
    let own = bench.ask(ground.parent.text(), ground.cases, &places)?;
    let theirs = bench.ask(&variant.text, ground.cases, &places)?;
    let mut asked = own.asked + theirs.asked;
    let mut pairs = pairs(bench, &own, &theirs)?;
    let beside = ground.cases.must_pass_beside_gate();
    if !beside.is_empty() {
        let own = bench.ask(ground.parent.text(), ground.cases, &beside)?;
        let theirs = bench.ask(&variant.text, ground.cases, &beside)?;
        asked += own.asked + theirs.asked;
        pairs = pairs.must_pass_beside(beside_gate(bench, &own, &theirs)?);
    }
    if bench.target.judged {
        let said = match ground.labels {
            Some(said) => {
                let answers = places.iter().map(|at| {
                    let id = ground.cases.known(*at).case.id.as_str();
                    (id, [text(&own, *at), text(&theirs, *at)])
                });
                labels(said, answers)
            }
            None => Labels {
                pairs: vec![None; places.len()],
                ..Labels::default()
            },
        };
        pairs = pairs.judged(said)?;
        doubts.extend(judge_doubt(bench, &own)?);
    }
    let verdict = Verdict::of(&pairs, &look, &doubts)?;
    if verdict.decision != Decision::Advisory {
        looks.settle(ground.set, &look, &verdict, by)?;
    }
    Ok(Gated {
        verdict,
        asked,
        runs: Some([own.run, theirs.run]),
    })
}

fn standing(look: &Look) -> Result<Option<Verdict>> {
    let Some(kept) = &look.verdict else {
        return Ok(None);
    };
    serde_json::from_value(kept.clone())
        .map(Some)
        .map_err(|error| {
            Error::Invalid(format!(
                "the verdict of look {} does not read: {error}",
                look.k
            ))
        })
}

/// Why the judge may not gate, where it may not.
fn judge_doubt(bench: &Bench<'_>, own: &Trial) -> Result<Option<String>> {
    let run = Runs::new(bench.store).open(&own.run)?;
    let binding = Binding::of(&run.manifest, &bench.target.metric)?;
    Ok(Calibrations::new(bench.store).standing(&binding)?.reason())
}

/// What a bot answered to the case at a place.
fn text(trial: &Trial, at: usize) -> Option<&str> {
    trial.cases.get(&at)?.text.as_deref()
}

/// Both bots on the same cases, in the order of the rows.
fn both(
    bench: &Bench<'_>,
    own: &Trial,
    theirs: &Trial,
    mut each: impl FnMut(&CaseRecord, Scored, Scored, &[String]),
) -> Result<()> {
    let runs = Runs::new(bench.store);
    let (own, theirs) = (runs.open(&own.run)?, runs.open(&theirs.run)?);
    let target = &bench.target;
    let scored = |record: &CaseRecord| Scored::of(record, 0, target.place, target.lower);
    // Both runs are over the same rows, in one order.
    for (a, b) in own.cases().zip(theirs.cases()) {
        let (a, b) = (a?, b?);
        each(&a, scored(&a), scored(&b), &own.manifest.slices);
    }
    Ok(())
}

/// Both bots on the gate's cases.
fn pairs(bench: &Bench<'_>, own: &Trial, theirs: &Trial) -> Result<Pairs> {
    let mut collected = Collected::default();
    both(bench, own, theirs, |record, a, b, slices| {
        collected.add(record, a, b, slices);
    })?;
    collected.cases()
}

/// Both bots on cases of train and dev that must pass.
fn beside_gate(bench: &Bench<'_>, own: &Trial, theirs: &Trial) -> Result<Vec<Beside>> {
    let mut all = Vec::new();
    both(bench, own, theirs, |record, a, b, _| {
        let name = record.case.id.clone();
        all.push(Beside { name, a, b });
    })?;
    Ok(all)
}
