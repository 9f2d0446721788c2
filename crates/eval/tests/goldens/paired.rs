//! `sacrebleu_paired_tol`: the candidates of the group `en` against `new`, first references.

use botsmith_eval::metrics::{bleu, chrf, paired, ter};
use serde_json::Value;

use super::bleu::{segments, texts};
use super::tally::Tally;

/// A metric of the reference's table: counts of a segment, score of their sum.
struct Metric {
    name: &'static str,
    row: fn(&str, &[&str]) -> Vec<f64>,
    score: fn(&[f64]) -> f64,
}

const METRICS: &[Metric] = &[
    Metric {
        name: "BLEU",
        row: |text, references| bleu::stats(text, references, &bleu::Options::corpus()).row(),
        score: |row| {
            let options = bleu::Options::corpus();
            bleu::Stats::from_row(row).map_or(f64::NAN, |stats| stats.score(&options).score)
        },
    },
    Metric {
        name: "chrF2",
        row: |text, references| chrf::stats(text, references, &chrf::Options::default()).row(),
        score: |row| {
            let options = chrf::Options::default();
            chrf::Stats::from_row(row).map_or(f64::NAN, |stats| stats.score(&options))
        },
    },
    Metric {
        name: "TER",
        row: |text, references| {
            let edits = ter::sentence(text, references, &ter::Options::default());
            edits.row().to_vec()
        },
        score: |row| ter::Edits::from_row(row).map_or(f64::NAN, |edits| edits.score()),
    },
];

/// Both tests, for every metric that the file has.
pub(crate) fn check(goldens: &Value, tally: &mut Tally) {
    let section = &goldens["sacrebleu_paired_tol"];
    let segments = segments(goldens, &goldens["corpus"]["en"]["ids"]);
    let old: Vec<&str> = segments.iter().map(|(candidate, _)| *candidate).collect();
    let new = texts(&section["new"]);
    for test in ["bs", "ar"] {
        for (name, wanted) in section[test].as_object().into_iter().flatten() {
            if name == "System" {
                continue;
            }
            tally.case(format!("{test}:{name}"));
            let Some(metric) = METRICS.iter().find(|metric| metric.name == name) else {
                tally.holds(&format!("metric {name} is known"), false);
                continue;
            };
            let rows = |texts: &[&str]| -> Vec<Vec<f64>> {
                let segments = texts.iter().zip(&segments);
                segments
                    .map(|(text, (_, references))| (metric.row)(text, &references[..1]))
                    .collect()
            };
            let sides = (rows(&old), rows(&new));
            match test {
                "bs" => bootstrap(metric, &sides, wanted, tally),
                _ => randomisation(metric, &sides, wanted, tally),
            }
        }
    }
}

type Sides = (Vec<Vec<f64>>, Vec<Vec<f64>>);

fn bootstrap(metric: &Metric, sides: &Sides, wanted: &Value, tally: &mut Tally) {
    match paired::bootstrap(&sides.0, &sides.1, metric.score, 1000, paired::SEED) {
        Ok(ours) => {
            for (place, ours) in [ours.baseline, ours.system].iter().enumerate() {
                tally.close("score", ours.score, &wanted[place][0]);
                // The reference resamples in `f32`.
                tally.within("mean", ours.mean, &wanted[place][1], 1e-5);
                tally.within("half width", ours.half_width, &wanted[place][2], 1e-5);
            }
            tally.within("p", ours.p_value, &wanted[1][3], 0.02);
        }
        Err(error) => tally.holds(&error.to_string(), false),
    }
}

fn randomisation(metric: &Metric, sides: &Sides, wanted: &Value, tally: &mut Tally) {
    match paired::randomisation(&sides.0, &sides.1, metric.score, 10_000, paired::SEED) {
        Ok(ours) => {
            tally.close("baseline", ours.baseline, &wanted[0][0]);
            tally.close("system", ours.system, &wanted[1][0]);
            tally.within("p", ours.p_value, &wanted[1][1], 0.02);
        }
        Err(error) => tally.holds(&error.to_string(), false),
    }
}
