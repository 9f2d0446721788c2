//! From columns of scores to the report: means with intervals, paired comparisons, slices, gate.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::Result;
use crate::evaluators::Configured;
use crate::report::{
    Aggregate, BotReport, Comparison, Effect, Facts, MetricReport, OtherTest, PassAt, Report,
    ScoreReport, SliceReport, Timings, Versus,
};
use crate::stats::{self, Confidence, Correction, Interval, Scale, Side};
use crate::suite::Suite;

use super::corpus::Totals;
use super::table::{BotColumns, MetricColumn, Table};
use super::{Manifest, manifest::VERSION};

/// At most so many values of a slice are reported, the most frequent first.
const SLICE_VALUES: usize = 50;
/// From so many judged cases an interval is worth its name without a warning.
const FEW: usize = 20;
/// An adjusted p of at most this shows a difference.
const ALPHA: f64 = 0.05;

/// Makes the report of a run, without its times.
pub(super) fn report(
    suite: &Suite,
    manifest: &Manifest,
    (table, totals): (&Table, &Totals),
    noticed: &[String],
) -> Result<Report> {
    let metrics = suite.panel.evaluators();
    let bots = bots(manifest, (table, totals), metrics, suite.seed)?;
    let sides: Vec<_> = manifest
        .bots
        .iter()
        .zip(&table.bots)
        .map(|(n, b)| (n.as_str(), b))
        .collect();
    let comparisons = compare_all(&sides, metrics, (table.groups(), totals), suite.seed)?;
    let (slices, mut warnings) = slices(suite, manifest, table)?;
    let noticed = noticed
        .iter()
        .cloned()
        .chain(super::crew::scripted(manifest));
    let before = noticed.chain(bot_warnings(&bots, table));
    warnings.splice(0..0, before.collect::<Vec<_>>());
    let gate = super::gate::check(suite, table, &bots, &slices, &comparisons);
    Ok(Report {
        run: manifest.id.clone(),
        suite: manifest.suite.clone(),
        seed: suite.seed,
        gate,
        bots,
        comparisons,
        metrics: metrics
            .iter()
            .enumerate()
            .map(|(i, metric)| describe(metric, i, manifest))
            .collect(),
        slices,
        warnings,
        facts: Facts {
            botsmith: VERSION.into(),
            created: String::new(),
            suite_file: manifest.suite_file.clone(),
            suite_hash: suite.digest().to_string(),
            dataset: manifest.dataset.clone(),
            dataset_hash: manifest.dataset_hash.clone(),
            cases: table.cases,
            confidence: Confidence::P95.level(),
            correction: "holm".into(),
            draws: stats::DRAWS,
        },
        timings: Timings::default(),
    })
}

/// A seed of its own for each number, so that adding a bot changes no other interval.
pub(super) fn seed(base: u64, parts: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&base.to_le_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let bytes = *hasher.finalize().as_bytes();
    u64::from_le_bytes(bytes[..8].try_into().expect("32 bytes have 8"))
}

fn describe(metric: &Configured, index: usize, manifest: &Manifest) -> MetricReport {
    let range = metric.range();
    let entry = &manifest.identity["suite"]["evaluators"][index];
    MetricReport {
        name: metric.name().to_owned(),
        kind: metric.kind().to_owned(),
        about: match metric.invert() {
            true => format!("Turned round (`invert`): {}", metric.docs().about),
            false => metric.docs().about.to_owned(),
        },
        range: (range.lo, range.hi.is_finite().then_some(range.hi)),
        higher_is_better: range.better.higher(),
        threshold: metric.threshold(),
        weight: metric.weight(),
        signature: match metric.signature() {
            none if none.is_empty() => format!("{entry} | botsmith {}", manifest.version),
            signature => signature,
        },
    }
}

fn bots(
    manifest: &Manifest,
    (table, totals): (&Table, &Totals),
    metrics: &[Configured],
    base: u64,
) -> Result<Vec<BotReport>> {
    let mut reports = Vec::with_capacity(table.bots.len());
    for ((name, bot), corpora) in manifest.bots.iter().zip(&table.bots).zip(&totals.bots) {
        let mut scores = IndexMap::with_capacity(metrics.len());
        for (i, (metric, column)) in metrics.iter().zip(&bot.metrics).enumerate() {
            let seed = seed(base, &["score", name, metric.name()]);
            let units = Units {
                bot,
                groups: table.groups(),
            };
            let mut report = ScoreReport {
                corpus: corpora.score(i),
                ..score(metric, column, units, seed)?
            };
            if metric.together() {
                // Every answer was skipped by itself; those that the one score is of are its n.
                report.n = corpora.n(i);
                report.skipped = report.skipped.saturating_sub(report.n);
                report.mean = report.corpus;
            }
            scores.insert(metric.name().to_owned(), report);
        }
        let units = Units {
            bot,
            groups: table.groups(),
        };
        let all: Vec<_> = (0..bot.overall.len())
            .filter(|i| !bot.overall[*i].is_nan())
            .collect();
        let seed = seed(base, &["overall", name]);
        let scale = known(overall_scale(metrics), &bot.overall, &all);
        let mean = mean_of(&bot.overall, &all, units, (UNIT, scale), seed)?;
        reports.push(BotReport {
            name: name.clone(),
            cases: table.cases,
            answered: bot.answered,
            refused: bot.refused,
            failed: bot.failed,
            overall: mean.map(|(mean, interval, _)| Aggregate {
                n: all.len(),
                mean,
                interval,
            }),
            totals: (!bot.totals.is_empty()).then(|| bot.totals.clone()),
            scores,
        });
    }
    Ok(reports)
}

/// What the answers of a bot are clustered by.
#[derive(Clone, Copy)]
struct Units<'a> {
    bot: &'a BotColumns,
    groups: Option<&'a [u32]>,
}

impl Units<'_> {
    /// The cluster of each of these answers: the case's group, else with repeats the case; `None`
    /// where answers are independent.
    fn clusters(&self, answers: &[usize]) -> Option<Vec<u32>> {
        let case = |i: &usize| self.bot.case_of[*i];
        match self.groups {
            Some(groups) => Some(answers.iter().map(|i| groups[case(i) as usize]).collect()),
            None if self.bot.most_repeats > 1 => Some(answers.iter().map(case).collect()),
            None => None,
        }
    }
}

type Mean = (f64, Option<Interval>, String);

/// The range of a share.
const UNIT: (f64, f64) = (0.0, 1.0);

/// The scale of a bot's overall score: verdicts where it is the verdicts of one metric alone.
fn overall_scale(metrics: &[Configured]) -> Scale {
    let mut counted = metrics.iter().filter(|metric| metric.weight() > 0.0);
    match (counted.next(), counted.next()) {
        (Some(only), None) => only.scale(),
        _ => Scale::Graded,
    }
}

/// A metric's own scale, unless values contradict it: an evaluator of somebody's own may say that it
/// decides and grade all the same.
fn known(scale: Scale, values: &[f64], answers: &[usize]) -> Scale {
    let verdict = |i: &usize| values[*i] == 0.0 || values[*i] == 1.0;
    match answers.iter().all(verdict) {
        true => scale,
        false => Scale::Graded,
    }
}

/// Mean of some answers' values with its interval and method; `None` without any. The interval is
/// cut to the range of the values: with few clusters that of a t test goes far beyond it.
fn mean_of(
    values: &[f64],
    answers: &[usize],
    units: Units<'_>,
    ((lo, hi), scale): ((f64, f64), Scale),
    seed: u64,
) -> Result<Option<Mean>> {
    if answers.is_empty() {
        return Ok(None);
    }
    let chosen: Vec<f64> = answers.iter().map(|i| values[*i]).collect();
    let estimate = match units.clusters(answers) {
        Some(clusters) => scale.clustered(&chosen, &clusters, Confidence::P95)?,
        None => scale.estimate(&chosen, Confidence::P95, seed)?,
    };
    Ok(Some((
        estimate.value,
        estimate.interval.map(|interval| interval.clamped(lo, hi)),
        estimate.method.to_string(),
    )))
}

fn score(
    metric: &Configured,
    column: &MetricColumn,
    units: Units<'_>,
    seed: u64,
) -> Result<ScoreReport> {
    let judged: Vec<_> = (0..column.values.len())
        .filter(|i| !column.values[*i].is_nan())
        .collect();
    let range = metric.range();
    let scale = known(metric.scale(), &column.values, &judged);
    let kind = ((range.lo, range.hi), scale);
    let mean = mean_of(&column.values, &judged, units, kind, seed)?;
    let values: Vec<f64> = judged.iter().map(|i| column.values[*i]).collect();
    let passes: Vec<f64> = judged
        .iter()
        .filter_map(|i| column.passed[*i])
        .map(|p| f64::from(u8::from(p)))
        .collect();
    let decided = metric.decides() && !passes.is_empty() && passes.len() == values.len();
    let passed = passes.iter().filter(|p| **p == 1.0).count();
    let pass_interval = if decided && scale == Scale::Graded {
        pass_interval(&passes, &judged, units, seed)?
    } else {
        None
    };
    Ok(ScoreReport {
        n: values.len(),
        mean: mean.as_ref().map(|m| m.0),
        corpus: None,
        passed: decided.then_some(passed),
        pass_rate: decided.then(|| passed as f64 / passes.len() as f64),
        interval: mean.as_ref().and_then(|m| m.1),
        pass_interval,
        method: mean.map(|m| m.2),
        sd: (values.len() > 1).then(|| stats::sd(&values)).transpose()?,
        skipped: column.skipped,
        errors: column.errors,
        repeats: if decided {
            pass_at(column, units.bot)?
        } else {
            None
        },
    })
}

/// Interval of a pass rate, where it is not the mean's.
fn pass_interval(
    passes: &[f64],
    judged: &[usize],
    units: Units<'_>,
    seed: u64,
) -> Result<Option<Interval>> {
    let kind = (UNIT, Scale::Verdicts);
    let mean = mean_of(&spread(passes, judged), judged, units, kind, seed)?;
    Ok(mean.and_then(|mean| mean.1))
}

/// Values of judged answers back at the answers' places.
fn spread(values: &[f64], judged: &[usize]) -> Vec<f64> {
    let mut all = vec![f64::NAN; judged.last().map_or(0, |last| last + 1)];
    for (value, at) in values.iter().zip(judged) {
        all[*at] = *value;
    }
    all
}

/// pass@k and pass^k over the cases, for k of 1, 2, 3, 5, 10, … up to the fewest repeats.
fn pass_at(column: &MetricColumn, bot: &BotColumns) -> Result<Option<PassAt>> {
    if bot.most_repeats < 2 {
        return Ok(None);
    }
    let mut counts: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (case, passed) in bot.case_of.iter().zip(&column.passed) {
        if let Some(passed) = passed {
            let (n, c) = counts.entry(*case).or_default();
            *n += 1;
            *c += u64::from(*passed);
        }
    }
    let counts: Vec<_> = counts.into_values().collect();
    let Some(fewest) = counts.iter().map(|(n, _)| *n).min() else {
        return Ok(None);
    };
    let mut report = PassAt {
        n: bot.most_repeats,
        cases: counts.len(),
        pass_at: IndexMap::new(),
        pass_all: IndexMap::new(),
    };
    let steps = [1, 2, 3, 5, 10, 20, 50, 100]
        .into_iter()
        .filter(|k| *k < fewest);
    for k in steps.chain([fewest]) {
        report
            .pass_at
            .insert(k.to_string(), stats::mean_pass_at_k(&counts, k)?);
        report
            .pass_all
            .insert(k.to_string(), stats::mean_pass_hat_k(&counts, k)?);
    }
    Ok(Some(report))
}

/// Mean over a bot's judged answers, case by case; NaN where there is none.
fn by_case(bot: &BotColumns, column: &MetricColumn, cases: usize) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; cases], vec![0u32; cases]);
    for (case, value) in bot.case_of.iter().zip(&column.values) {
        if !value.is_nan() {
            sums[*case as usize] += value;
            counts[*case as usize] += 1;
        }
    }
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum /= f64::from(count);
    }
    sums
}

/// Every unordered pair for every metric, with p adjusted over all of them.
pub(super) fn compare_all(
    sides: &[(&str, &BotColumns)],
    metrics: &[Configured],
    (groups, totals): (Option<&[u32]>, &Totals),
    base: u64,
) -> Result<Vec<Comparison>> {
    let cases = sides
        .iter()
        .filter_map(|(_, bot)| bot.case_of.iter().max())
        .max();
    let cases = groups.map_or(cases.map_or(0, |last| *last as usize + 1), <[u32]>::len);
    let mut comparisons = Vec::new();
    for (m, metric) in metrics.iter().enumerate() {
        let means: Vec<_> = sides
            .iter()
            .map(|(_, bot)| by_case(bot, &bot.metrics[m], cases))
            .collect();
        for a in 0..sides.len() {
            for b in a + 1..sides.len() {
                let names = [sides[a].0, sides[b].0, metric.name()];
                let seed = seed(base, &["compare", names[0], names[1], names[2]]);
                let range = metric.range();
                let scale = match sides[a].1.most_repeats.max(sides[b].1.most_repeats) {
                    0 | 1 => metric.scale(),
                    // Means over the repeats of a case.
                    _ => Scale::Graded,
                };
                let side = (range.better.higher(), scale, seed);
                let mut found = pair(names, &means[a], &means[b], groups, side)?;
                // Two means differ by the width of their range at most.
                let width = range.hi - range.lo;
                found.interval = found.interval.map(|i| i.clamped(-width, width));
                found.corpus = totals.compare((a, b), m, seed)?;
                comparisons.push(found);
            }
        }
    }
    adjust(&mut comparisons, Correction::Holm)?;
    // Pair by pair reads better than metric by metric.
    let order = |name: &str| sides.iter().position(|(n, _)| *n == name);
    comparisons.sort_by_key(|c| (order(&c.a), order(&c.b)));
    Ok(comparisons)
}

/// One comparison of two columns of means by case.
pub(super) fn pair(
    [a_name, b_name, metric]: [&str; 3],
    a: &[f64],
    b: &[f64],
    groups: Option<&[u32]>,
    (higher, scale, seed): (Option<bool>, Scale, u64),
) -> Result<Comparison> {
    let both: Vec<usize> = (0..a.len())
        .filter(|i| !(a[*i].is_nan() || b[*i].is_nan()))
        .collect();
    let mut comparison = Comparison {
        a: a_name.into(),
        b: b_name.into(),
        metric: metric.into(),
        n: both.len(),
        difference: None,
        interval: None,
        p: None,
        p_adjusted: None,
        test: None,
        effect: None,
        also: Vec::new(),
        corpus: None,
        higher_is_better: higher,
        better: None,
    };
    if both.is_empty() {
        return Ok(comparison);
    }
    let a: Vec<f64> = both.iter().map(|i| a[*i]).collect();
    let b: Vec<f64> = both.iter().map(|i| b[*i]).collect();
    let scale = match (Scale::guess(&a), Scale::guess(&b)) {
        (Scale::Verdicts, Scale::Verdicts) => scale,
        _ => Scale::Graded,
    };
    let result = match groups {
        None => scale.compare(&a, &b, Confidence::P95, seed)?,
        Some(groups) => {
            let groups: Vec<u32> = both.iter().map(|i| groups[*i]).collect();
            scale.compare_grouped(&a, &b, &groups, Confidence::P95, seed)?
        }
    };
    comparison.difference = Some(result.difference);
    comparison.interval = result.interval;
    comparison.p = Some(result.p);
    comparison.test = Some(match groups {
        None => result.test.to_string(),
        Some(_) => format!("{}-clustered", result.test),
    });
    comparison.effect = effect(&a, &b, scale);
    if groups.is_none() && scale == Scale::Graded {
        comparison.also = other_tests(&stats::differences(&a, &b)?)?;
    }
    Ok(comparison)
}

/// Tests that look at ranks and at signs only, which a few large differences do not carry.
fn other_tests(differences: &[f64]) -> Result<Vec<OtherTest>> {
    let two = Side::TwoSided;
    let ranks = match stats::wilcoxon_exact(differences, two) {
        Ok(exact) => exact,
        Err(_) => stats::wilcoxon(differences, two)?,
    };
    let tests = [ranks, stats::sign_test(differences, two)?];
    let other = |found: stats::TestResult| OtherTest {
        test: found.test.to_string(),
        p: found.p,
    };
    Ok(tests.map(other).into())
}

fn effect(a: &[f64], b: &[f64], scale: Scale) -> Option<Effect> {
    let (name, value) = if scale == Scale::Verdicts {
        (
            "cohen-h",
            stats::cohens_h(stats::mean(a).ok()?, stats::mean(b).ok()?).ok()?,
        )
    } else {
        let differences = stats::differences(a, b).ok()?;
        ("cohen-dz", stats::cohens_dz(&differences).ok()?)
    };
    value.is_finite().then(|| Effect {
        name: name.into(),
        value,
    })
}

/// Corrects all p-values, those of corpora by themselves, then says which side is better.
pub(super) fn adjust(comparisons: &mut [Comparison], correction: Correction) -> Result<()> {
    let raw: Vec<f64> = comparisons.iter().filter_map(|c| c.p).collect();
    let tested = comparisons.iter_mut().filter(|c| c.p.is_some());
    for (comparison, p) in tested.zip(stats::adjust(&raw, correction)?) {
        comparison.p_adjusted = Some(p);
        let difference = comparison.difference.unwrap_or(0.0);
        comparison.better = better(p, difference, comparison.higher_is_better);
    }
    let corpora = |c: &Comparison| c.corpus.as_ref().map(|corpus| corpus.p);
    let raw: Vec<f64> = comparisons.iter().filter_map(corpora).collect();
    let higher = comparisons
        .iter_mut()
        .map(|c| (c.higher_is_better, &mut c.corpus));
    let tested = higher.filter_map(|(higher, corpus)| Some((higher, corpus.as_mut()?)));
    for ((higher, corpus), p) in tested.zip(stats::adjust(&raw, correction)?) {
        corpus.p_adjusted = Some(p);
        corpus.better = better(p, corpus.difference, higher);
    }
    Ok(())
}

fn better(p: f64, difference: f64, higher: Option<bool>) -> Option<Versus> {
    if p > ALPHA || difference == 0.0 {
        return None;
    }
    match higher? == (difference > 0.0) {
        true => Some(Versus::B),
        false => Some(Versus::A),
    }
}

fn slices(
    suite: &Suite,
    manifest: &Manifest,
    table: &Table,
) -> Result<(Vec<SliceReport>, Vec<String>)> {
    let (mut reports, mut warnings) = (Vec::new(), Vec::new());
    for (slice, column) in suite.slices.iter().zip(&table.slices) {
        let mut values: Vec<_> = column.values.iter().collect();
        if values.len() > SLICE_VALUES {
            warnings.push(format!(
                "slice `{}` has {} values; the {SLICE_VALUES} most frequent are shown",
                slice.name,
                values.len()
            ));
            values.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
            values.truncate(SLICE_VALUES);
        }
        values.sort_by(|a, b| a.0.cmp(b.0));
        let mut inside = vec![false; table.cases];
        for (value, cases) in values {
            for case in cases {
                inside[*case as usize] = true;
            }
            for (name, bot) in manifest.bots.iter().zip(&table.bots) {
                let metrics = suite.panel.evaluators().iter().zip(&bot.metrics);
                for (metric, scores) in metrics.filter(|(metric, _)| !metric.together()) {
                    let judged: Vec<_> = (0..scores.values.len())
                        .filter(|i| inside[bot.case_of[*i] as usize] && !scores.values[*i].is_nan())
                        .collect();
                    let parts = ["slice", &slice.name, value, name, metric.name()];
                    let units = Units {
                        bot,
                        groups: table.groups(),
                    };
                    let seed = seed(suite.seed, &parts);
                    let range = metric.range();
                    let scale = known(metric.scale(), &scores.values, &judged);
                    let kind = ((range.lo, range.hi), scale);
                    let mean = mean_of(&scores.values, &judged, units, kind, seed)?;
                    let values: Vec<f64> = judged.iter().map(|i| scores.values[*i]).collect();
                    let passes: Vec<f64> = judged
                        .iter()
                        .filter_map(|i| scores.passed[*i])
                        .map(|p| f64::from(u8::from(p)))
                        .collect();
                    let decided =
                        metric.decides() && !passes.is_empty() && passes.len() == values.len();
                    let pass_interval = if decided && scale == Scale::Graded {
                        pass_interval(&passes, &judged, units, seed)?
                    } else {
                        None
                    };
                    reports.push(SliceReport {
                        slice: slice.name.clone(),
                        value: value.clone(),
                        bot: name.clone(),
                        metric: metric.name().to_owned(),
                        n: judged.len(),
                        mean: mean.as_ref().map(|m| m.0),
                        pass_rate: decided
                            .then(|| passes.iter().sum::<f64>() / passes.len() as f64),
                        interval: mean.and_then(|m| m.1),
                        pass_interval,
                    });
                }
            }
            for case in cases {
                inside[*case as usize] = false;
            }
        }
    }
    Ok((reports, warnings))
}

fn bot_warnings(bots: &[BotReport], table: &Table) -> Vec<String> {
    let mut warnings = Vec::new();
    if table.cases < FEW {
        warnings.push(format!(
            "{} cases are few: intervals are wide, small differences cannot be seen \
             (`botsmith eval power` says how many it takes)",
            table.cases
        ));
    }
    for bot in bots {
        let all = bot.answered + bot.refused + bot.failed;
        if bot.failed > 0 {
            warnings.push(format!(
                "{} of {all} answers of {} are missing or failed; they are not in its scores",
                bot.failed, bot.name
            ));
        }
        if bot.refused > 0 {
            warnings.push(format!(
                "{} of {all} answers of {} are refusals; they are not in its scores",
                bot.refused, bot.name
            ));
        }
        for (metric, score) in bot.scores.iter().filter(|(_, score)| score.errors > 0) {
            warnings.push(format!(
                "{metric} itself failed on {} answers of {}; they are not in the score",
                score.errors, bot.name
            ));
        }
    }
    warnings
}
