//! Numbers of a gate -> words: why the test is not enough, why a guard did not hold, what each guard saw.

use super::guards::{self, Breach};
use super::tested::Scale;
use super::verdict::Guard;
use super::{Cases, Look, Rules, Tested};

/// A share in points.
pub(super) fn points(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// A p-value or alpha.
pub(super) fn small(p: f64) -> String {
    match p {
        p if p >= 0.001 => format!("{p:.4}"),
        p => format!("{p:.1e}"),
    }
}

/// Why the test is not enough.
pub(super) fn no_better(tested: &Tested, rules: &Rules, look: &Look) -> String {
    let bound = match tested.bound {
        Some(bound) => format!("lower bound {} points", points(bound)),
        None => "no bound".to_owned(),
    };
    let scale = match tested.scale {
        Scale::Score => String::new(),
        Scale::Human => format!(" on people's scale, {} cases labelled", tested.labelled),
        Scale::Judge => " on the judge's scale".to_owned(),
    };
    let difference = points(tested.difference);
    let (n, k, alpha) = (tested.n, look.k, small(look.alpha));
    match (rules.margin, tested.p) {
        (Some(margin), _) => format!(
            "worse than the margin allows, or not known not to be: {difference} points on {n} cases{scale}, \
             {bound}, wanted above -{} at alpha {alpha} (look {k})",
            points(margin)
        ),
        (None, p) => format!(
            "no better, or not shown to be: {difference} points on {n} cases{scale}, p {} and {bound}, \
             wanted p at most {alpha} (look {k}) and a bound above 0",
            small(p.unwrap_or(1.0))
        ),
    }
}

/// Why a guard did not hold.
pub(super) fn told(breach: &Breach, cases: &Cases, rules: &Rules) -> String {
    match breach {
        Breach::MustPass(lost) => {
            let shown: Vec<_> = lost.iter().take(5).map(|&i| cases.name(i)).collect();
            let more = match lost.len() - shown.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!(
                "{} cases that must pass are lost: {}{more}",
                lost.len(),
                shown.join(", ")
            )
        }
        Breach::Slice {
            slice,
            n,
            difference,
            p,
        } => format!(
            "worse on the slice `{}`: {} points on {n} cases, p {} after Holm",
            botsmith_core::hint::shown(&cases.slices[*slice].name),
            points(*difference),
            small(*p)
        ),
        Breach::Latency { p95, most } => {
            format!("too slow: the 95th percentile is {p95:.2} s, at most {most:.2} s is allowed")
        }
        Breach::Cost { mean, most } => {
            format!("too dear: {mean:.6} an answer, at most {most:.6} is allowed")
        }
        Breach::Errors { a, b, share } => format!(
            "failures: {:.1} % of the pairs miss an answer or its score ({a} of the bot in force, {b} of the \
             variant), below {:.1} % is wanted",
            100.0 * share,
            100.0 * rules.most_errors
        ),
        Breach::Unmeasured(what) => {
            format!("a budget of {what} is set, and no answer of the variant says its {what}")
        }
        Breach::NotCheaper => {
            "a margin is for a variant that is cheaper or faster, and this one is not known to be"
                .into()
        }
    }
}

/// Every guard that there is something to say of.
pub(super) fn guards_of(
    cases: &Cases,
    breaches: &[Breach],
    rules: &Rules,
    both: usize,
) -> Vec<Guard> {
    let mut guards = Vec::new();
    let mut add = |name: &str, is: &dyn Fn(&Breach) -> bool, fine: String| {
        let broken: Vec<_> = breaches.iter().filter(|breach| is(breach)).collect();
        let saw = if broken.is_empty() {
            fine
        } else {
            let all: Vec<_> = broken
                .iter()
                .map(|breach| told(breach, cases, rules))
                .collect();
            all.join("; ")
        };
        guards.push(Guard {
            name: name.to_owned(),
            held: broken.is_empty(),
            saw,
        });
    };
    let must_pass = cases.must_pass_pairs().count();
    if must_pass > 0 {
        let fine = match cases.beside.len() {
            0 => format!("none of {must_pass} is lost"),
            n => format!("none of {must_pass} is lost, {n} of them cases of train and dev"),
        };
        add("must-pass", &|b| matches!(b, Breach::MustPass(_)), fine);
    }
    if !cases.slices.is_empty() {
        let fine = format!(
            "none of {} is significantly worse; those under {} cases are not tested",
            cases.slices.len(),
            rules.slice_cases
        );
        add("slices", &|b| matches!(b, Breach::Slice { .. }), fine);
    }
    if let (Some(most), p95) = (rules.p95_latency, guards::p95(&cases.b)) {
        let fine = format!(
            "{:.2} s at the 95th percentile of {most:.2} s",
            p95.unwrap_or(0.0)
        );
        let is = |b: &Breach| matches!(b, Breach::Latency { .. } | Breach::Unmeasured("latency"));
        add("latency", &is, fine);
    }
    if let (Some(most), mean) = (rules.cost, guards::mean_cost(&cases.b)) {
        let fine = format!("{:.6} an answer of {most:.6}", mean.unwrap_or(0.0));
        let is = |b: &Breach| matches!(b, Breach::Cost { .. } | Breach::Unmeasured("cost"));
        add("cost", &is, fine);
    }
    let fine = format!(
        "{} of {} pairs miss an answer or its score",
        cases.len() - both,
        cases.len()
    );
    add("errors", &|b| matches!(b, Breach::Errors { .. }), fine);
    if rules.margin.is_some() {
        let is = |b: &Breach| matches!(b, Breach::NotCheaper);
        add(
            "cheaper",
            &is,
            "the variant costs less, or is faster".into(),
        );
    }
    guards
}
