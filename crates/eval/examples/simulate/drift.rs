//! How often a calibration becomes void: of a judge that has not changed, and of one that agrees with
//! people on 20 points less.
//!
//! Each loop calibrates anew (agreement alone matters here), so that the bound is as lucky or unlucky as
//! calibrations are, then feeds newer labels: at random, or weighted with a random share of a fifth.

use botsmith_eval::calibration::Drift;
use botsmith_eval::stats::weighted_wilson_at;

use super::frame::{Chance, Failure, Figure, Plan, Wanted};

const LOOPS: (usize, usize) = (4_000, 150);
/// Newer labels that unchanged judges get, and those within which a drop is to be caught.
const WATCHED: usize = 500;
const CAUGHT: usize = 150;
const DROP: f64 = 0.2;

/// Runs it.
///
/// # Errors
/// Labels that make no bound.
pub fn run(plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let loops = plan.loops(LOOPS.0, LOOPS.1);
    let mut figures = Vec::new();
    for (agreement, labels) in [(0.85, 300), (0.9, 200), (0.9, 300), (0.95, 200)] {
        let setting = format!(
            "agreement {:.0} %, calibrated on {labels} labels",
            100.0 * agreement
        );
        figures.push(share(
            plan,
            loops,
            &format!("unchanged: void, {setting}"),
            Wanted::AtMost(0.02),
            |chance| watch(chance, (agreement, labels), agreement, WATCHED, false),
        )?);
        figures.push(share(
            plan,
            loops,
            &format!("unchanged, weighted: void, {setting}"),
            Wanted::AtMost(0.02),
            |chance| watch(chance, (agreement, labels), agreement, WATCHED, true),
        )?);
        figures.push(share(
            plan,
            loops,
            &format!("20 points less: caught in {CAUGHT}, {setting}"),
            Wanted::AtLeast(0.9),
            |chance| watch(chance, (agreement, labels), agreement - DROP, CAUGHT, false),
        )?);
    }
    for (agreement, labels) in [(0.8, 100), (0.85, 100), (0.85, 200), (0.9, 100)] {
        let setting = format!(
            "agreement {:.0} %, calibrated on {labels} labels",
            100.0 * agreement
        );
        figures.push(share(
            plan,
            loops,
            &format!("20 points less: caught in {CAUGHT}, {setting}"),
            Wanted::Nothing,
            |chance| watch(chance, (agreement, labels), agreement - DROP, CAUGHT, false),
        )?);
    }
    figures.push(share(
        plan,
        loops,
        "10 points less: caught in 500, agreement 90 %, calibrated on 300 labels",
        Wanted::Nothing,
        |chance| watch(chance, (0.9, 300), 0.8, 500, false),
    )?);
    figures.push(share(
        plan,
        loops,
        "20 points less, weighted: caught in 150, agreement 90 %, calibrated on 300 labels",
        Wanted::Nothing,
        |chance| watch(chance, (0.9, 300), 0.7, CAUGHT, true),
    )?);
    Ok(figures)
}

fn share(
    plan: &Plan,
    loops: usize,
    name: &str,
    wanted: Wanted,
    one: impl Fn(&mut Chance) -> Result<bool, Failure> + Sync,
) -> Result<Figure, Failure> {
    let hits = plan.each(loops, |index| one(&mut plan.chance(name, index)))?;
    Figure::share(name, hits.iter().filter(|hit| **hit).count(), loops, wanted)
}

/// Whether a calibration becomes void within so many newer labels that agree with that chance.
fn watch(
    chance: &mut Chance,
    (agreement, labels): (f64, usize),
    now: f64,
    newer: usize,
    weighted: bool,
) -> Result<bool, Failure> {
    let agrees: Vec<bool> = (0..labels).map(|_| chance.happens(agreement)).collect();
    let each: Vec<usize> = (0..labels).collect();
    let bound = weighted_wilson_at(&agrees, &vec![1.0; labels], &each, 0.05)?
        .interval
        .lo();
    // Half of the cases are hard; they are three times as likely to be labelled (half as likely again as
    // the mean), and judge and person agree less on them.
    let (easy, hard) = (0.5, 1.5);
    let spread = (1.0 - now) * 0.6;
    let mut drift = Drift::new(bound, if weighted { 1.0 / easy } else { 1.0 })?;
    for _ in 0..newer {
        let (share, weight) = match weighted {
            false => (now, 1.0),
            true if chance.happens(0.5 * hard) => (now - spread, 1.0 / hard),
            true => (now + spread, 1.0 / easy),
        };
        drift.observe(f64::from(u8::from(chance.happens(share))), weight)?;
    }
    Ok(drift.is_void())
}
