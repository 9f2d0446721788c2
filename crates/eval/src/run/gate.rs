//! The gate's rules against a report.

use crate::report::{BotReport, Comparison, GateReport, RuleReport, SliceReport, Versus, plain};
use crate::stats::{self, Confidence, Interval};
use crate::suite::{Bound, GateRule, Limits, Measure, Suite};

use super::table::{Outcomes, Table};

/// Checks every rule for every bot that it is about.
pub(super) fn check(
    suite: &Suite,
    table: &Table,
    bots: &[BotReport],
    slices: &[SliceReport],
    comparisons: &[Comparison],
) -> GateReport {
    let mut reports = Vec::new();
    for rule in &suite.gate {
        let about = |bot: &&BotReport| rule.bot.as_ref().is_none_or(|name| *name == bot.name);
        for (index, bot) in bots.iter().enumerate().filter(|(_, bot)| about(bot)) {
            let outcomes = match &rule.slice {
                None => Some(Outcomes {
                    all: bot.answered + bot.refused + bot.failed,
                    refused: bot.refused,
                    failed: bot.failed,
                }),
                Some((name, value)) => {
                    let slice = suite.slices.iter().position(|slice| slice.name == *name);
                    slice.and_then(|slice| table.outcomes(index, slice, value))
                }
            };
            reports.push(check_one(rule, bot, outcomes, slices, comparisons));
        }
    }
    GateReport {
        passed: reports.iter().all(|rule| rule.passed),
        rules: reports,
    }
}

/// A number to hold against limits, and its interval.
type Observed = (Option<f64>, Option<Interval>);

fn check_one(
    rule: &GateRule,
    bot: &BotReport,
    outcomes: Option<Outcomes>,
    slices: &[SliceReport],
    comparisons: &[Comparison],
) -> RuleReport {
    let within = match &rule.slice {
        Some((slice, value)) => format!(" where {slice} is {value}"),
        None => String::new(),
    };
    let report =
        |what: String, metric: Option<&String>, wanted: String, verdict: (bool, Option<f64>)| {
            RuleReport {
                rule: format!("{what} {wanted}"),
                metric: metric.cloned(),
                bot: bot.name.clone(),
                passed: verdict.0,
                observed: verdict.1,
                wanted,
                advisory: None,
            }
        };
    let share = |count: fn(Outcomes) -> usize| -> Observed {
        let Some(outcomes) = outcomes.filter(|outcomes| outcomes.all > 0) else {
            return (None, None);
        };
        let (count, all) = (count(outcomes), outcomes.all);
        let interval = stats::wilson(count as u64, all as u64, Confidence::P95);
        (Some(count as f64 / all as f64), interval.ok())
    };
    match &rule.measure {
        Measure::PassRate { metric, wanted } => {
            let observed = observe(rule, bot, slices, metric, true);
            let what = format!("{}: pass rate of {metric}{within}", bot.name);
            report(
                what,
                Some(metric),
                wanted.describe(true),
                hold(wanted, observed),
            )
        }
        Measure::Mean { metric, wanted } => {
            let observed = observe(rule, bot, slices, metric, false);
            let what = format!("{}: mean of {metric}{within}", bot.name);
            report(
                what,
                Some(metric),
                wanted.describe(false),
                hold(wanted, observed),
            )
        }
        Measure::Failed(wanted) => {
            let observed = share(|outcomes| outcomes.failed);
            let what = format!("{}: failed answers{within}", bot.name);
            report(what, None, wanted.describe(true), hold(wanted, observed))
        }
        Measure::Refused(wanted) => {
            let observed = share(|outcomes| outcomes.refused);
            let what = format!("{}: refused answers{within}", bot.name);
            report(what, None, wanted.describe(true), hold(wanted, observed))
        }
        Measure::BetterThan { metric, than } => {
            let found = between(comparisons, &bot.name, than, metric);
            let passed = found.is_some_and(|(c, is_b)| {
                c.better == Some(if is_b { Versus::B } else { Versus::A })
            });
            let observed = found.and_then(|(c, is_b)| toward(c.difference, is_b));
            let what = format!("{}: {metric}", bot.name);
            let wanted = format!("better than {than} (adjusted p at most 0.05)");
            report(what, Some(metric), wanted, (passed, observed))
        }
        Measure::NotWorseThan {
            metric,
            than,
            margin,
        } => {
            let found = between(comparisons, &bot.name, than, metric);
            // The end of the interval that speaks against the bot, in the direction of "better".
            let worst = found.and_then(|(c, is_b)| {
                let interval = c.interval?;
                Some(if is_b == (c.higher_is_better != Some(false)) {
                    interval.lo()
                } else {
                    -interval.hi()
                })
            });
            let what = format!("{}: {metric}", bot.name);
            let wanted = format!("not worse than {than} by more than {}", plain(*margin));
            let passed = worst.is_some_and(|worst| worst >= -margin);
            report(what, Some(metric), wanted, (passed, worst))
        }
    }
}

fn hold(wanted: &Limits, (point, interval): Observed) -> (bool, Option<f64>) {
    let observed = match wanted.bound {
        Bound::Point => point,
        Bound::Lower => interval.map(Interval::lo),
        Bound::Upper => interval.map(Interval::hi),
    };
    (observed.is_some_and(|x| wanted.hold(x)), observed)
}

fn observe(
    rule: &GateRule,
    bot: &BotReport,
    slices: &[SliceReport],
    metric: &str,
    rate: bool,
) -> Observed {
    if let Some((slice, value)) = &rule.slice {
        let of = |s: &&SliceReport| {
            s.slice == *slice && s.value == *value && s.bot == bot.name && s.metric == metric
        };
        let found = slices.iter().find(of);
        let number = found.and_then(|s| if rate { s.pass_rate } else { s.mean });
        let interval = found.and_then(|s| {
            let of_rate = s.pass_interval.filter(|_| rate);
            of_rate.or(s.interval)
        });
        return (number, interval);
    }
    let Some(score) = bot.scores.get(metric) else {
        return (None, None);
    };
    match rate {
        true => (score.pass_rate, score.pass_interval.or(score.interval)),
        false => (score.mean, score.interval),
    }
}

/// The comparison of two bots, and whether the first named is its `b`.
fn between<'c>(
    comparisons: &'c [Comparison],
    bot: &str,
    other: &str,
    metric: &str,
) -> Option<(&'c Comparison, bool)> {
    comparisons
        .iter()
        .filter(|c| c.metric == metric)
        .find_map(|c| {
            if c.a == other && c.b == bot {
                Some((c, true))
            } else if c.a == bot && c.b == other {
                Some((c, false))
            } else {
                None
            }
        })
}

fn toward(difference: Option<f64>, is_b: bool) -> Option<f64> {
    difference.map(|d| if is_b { d } else { -d })
}
