//! The finalist before the gate: both bots on the gate's cases -> a [`Verdict`].
//!
//! The look is taken before anybody is asked: whoever asks first and looks later would look for nothing.
//! A verdict that stands is not made again, but whether it may be acted on without a person is said anew: raters
//! and judges may stand otherwise by now. One that is only advisory, because a judge made the scores and
//! too few people have labelled, is not kept: it is made when enough labels are there.

use botsmith_core::digest::Digest;
use botsmith_nanobots::versions::By;

use crate::calibration::{Binding, Calibrations};
use crate::feedback::{Question, Record};
use crate::promotion::{
    Cases as Pairs, Collected, Decision, GateSet, Labels, Look, Looks, Rules, Scored, Verdict,
};
use crate::run::{CaseRecord, Runs};
use crate::{Error, Result};

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
    let look = looks.take(ground.set, &hashes[0], &hashes[1], ground.rules, by)?;
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
    let mut pairs = pairs(bench, &own, &theirs)?;
    if bench.target.judged {
        pairs = pairs.judged(labels(ground, &places, &own, &theirs))?;
        doubts.extend(judge_doubt(bench, &own)?);
    }
    let verdict = Verdict::of(&pairs, &look, &doubts)?;
    if verdict.decision != Decision::Advisory {
        looks.settle(ground.set, &look, &verdict, by)?;
    }
    Ok(Gated {
        verdict,
        asked: own.asked + theirs.asked,
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

/// Both bots on the gate's cases.
fn pairs(bench: &Bench<'_>, own: &Trial, theirs: &Trial) -> Result<Pairs> {
    let runs = Runs::new(bench.store);
    let (own, theirs) = (runs.open(&own.run)?, runs.open(&theirs.run)?);
    let target = &bench.target;
    let scored = |record: &CaseRecord| Scored::of(record, 0, target.place, target.lower);
    let mut collected = Collected::default();
    // The same cases in the same order: both runs are over the same rows.
    for (a, b) in own.cases().zip(theirs.cases()) {
        let (a, b) = (a?, b?);
        collected.add(&a, scored(&a), scored(&b), &own.manifest.slices);
    }
    collected.cases()
}

/// What people said, blind, of both answers to the gate's cases.
fn labels(ground: &Ground<'_>, places: &[usize], own: &Trial, theirs: &Trial) -> Labels {
    let mut labels = Labels::default();
    for at in places {
        let id = &ground.cases.known(*at).case.id;
        let of = |trial: &Trial| {
            let (question, records) = ground.labels?;
            let text = trial.cases.get(at)?.text.as_ref()?;
            let hash = Digest::of(text.as_bytes()).to_string();
            let said = records.iter().filter(|record| {
                record.counts()
                    && record.blind
                    && record.against.is_none()
                    && record.question == question.name
                    && record.case == *id
                    && record.answer_hash == hash
            });
            let (mut sum, mut n, mut chance) = (0.0, 0_usize, 1.0_f64);
            for record in said {
                if let Some(passes) = question.passes(&record.value) {
                    sum += f64::from(u8::from(passes));
                    n += 1;
                    chance = chance.min(record.probability.unwrap_or(1.0));
                }
            }
            (n > 0).then(|| (sum / n as f64, chance))
        };
        // Both answers of a case are drawn by the same hash: together, or not at all.
        let pair = of(own).zip(of(theirs));
        labels
            .inclusion
            .push(pair.map_or(1.0, |((_, a), (_, b))| a.min(b)));
        labels.pairs.push(pair.map(|((a, _), (b, _))| (a, b)));
    }
    labels
}
