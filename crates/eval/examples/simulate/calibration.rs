//! How far calibrated scores are from the true chances, over made-up judges, on fresh cases.
//!
//! The error is the expected calibration error against the true chances that the cases were made with:
//! cases in 20 bins of equal many by their score, in each the distance of the mean score from the mean true
//! chance. Beside it, uncalibrated, the same of the judge's own scores.

use botsmith_eval::calibration::{Map, Shape, fit_map};

use super::frame::{Failure, Figure, Plan, Wanted};
use super::judges::Judge;

const JUDGES: (usize, usize) = (200, 12);
const FRESH: (usize, usize) = (20_000, 2_000);
const BINS: usize = 20;

/// What came of one judge.
struct Tried {
    shape: Shape,
    before: f64,
    after: f64,
}

/// Runs it.
///
/// # Errors
/// Labels that cannot be calibrated on.
pub fn run(plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let loops = plan.loops(JUDGES.0, JUDGES.1);
    let fresh = if plan.short { FRESH.1 } else { FRESH.0 };
    let mut figures = Vec::new();
    for (labels, most) in [(200, 0.05), (1_000, 0.03)] {
        let tried = plan.each(loops, |index| {
            let mut chance = plan.chance(&format!("calibration {labels}"), index);
            let judge = Judge::any(&mut chance);
            try_one(judge, &mut chance, index, labels, fresh)
        })?;
        let of = |pick: fn(&Tried) -> f64| tried.iter().map(pick).collect::<Vec<f64>>();
        figures.extend([
            Figure::median(
                format!("ECE of any judge, {labels} labels"),
                &of(|tried| tried.after),
                Wanted::AtMost(most),
            )?,
            Figure::median(
                format!("its ECE uncalibrated, {labels} labels"),
                &of(|tried| tried.before),
                Wanted::Nothing,
            )?,
            Figure::median(
                format!("ECE after less before, any judge, {labels} labels"),
                &of(|tried| tried.after - tried.before),
                Wanted::AtMost(0.0),
            )?,
        ]);
        for shape in Shape::ALL {
            let hits = tried.iter().filter(|tried| tried.shape == shape).count();
            let name = format!("{shape} chosen, any judge, {labels} labels");
            figures.push(Figure::share(name, hits, loops, Wanted::Nothing)?);
        }
        let tried = plan.each(loops, |index| {
            let mut chance = plan.chance(&format!("right {labels}"), index);
            let judge = Judge::right(&mut chance);
            try_one(judge, &mut chance, index, labels, fresh)
        })?;
        let worse: Vec<f64> = tried
            .iter()
            .map(|tried| tried.after - tried.before)
            .collect();
        figures.push(Figure::median(
            format!("ECE after less before, judges that are right, {labels} labels"),
            &worse,
            Wanted::AtMost(0.0),
        )?);
    }
    Ok(figures)
}

fn try_one(
    judge: Judge,
    chance: &mut super::frame::Chance,
    index: usize,
    labels: usize,
    fresh: usize,
) -> Result<Tried, Failure> {
    let map = fit_map(&judge.labels(chance, labels), index as u64)?;
    let cases: Vec<(f64, f64)> = (0..fresh).map(|_| judge.answer(chance)).collect();
    Ok(Tried {
        shape: map.shape(),
        before: error(&cases, &Map::Identity),
        after: error(&cases, &map),
    })
}

/// The error of mapped scores against true chances.
fn error(cases: &[(f64, f64)], map: &Map) -> f64 {
    let mut mapped: Vec<(f64, f64)> = cases
        .iter()
        .map(|(score, truth)| (map.apply(*score), *truth))
        .collect();
    mapped.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let n = mapped.len();
    let (mut sum, mut start) = (0.0, 0);
    for bin in 1..=BINS {
        let mut end = (n * bin / BINS).max(start);
        // Equal scores stay together.
        while end > start && end < n && mapped[end].0 == mapped[end - 1].0 {
            end += 1;
        }
        let gap: f64 = mapped[start..end]
            .iter()
            .map(|(score, truth)| score - truth)
            .sum();
        sum += gap.abs();
        start = end;
    }
    sum / n as f64
}
