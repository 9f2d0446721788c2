//! How often the gate promotes a variant that is no better, by people's truth, and one that is.
//!
//! Each loop makes the truth of every case and bot up, lets a judge see it where there is one, and puts the
//! scores to the gate itself. The cases are drawn here and not by `Design`, whose number of cases is what
//! the last figures try out.

use botsmith_eval::promotion::{
    Cases, Design, JudgeDesign, Labels, Rules, Scored, Slice, alpha_at, needed_cases, weigh,
};

use super::frame::{Chance, Failure, Figure, Plan, Wanted};

/// Loops of a whole run, and of a short one.
const LOOPS: (usize, usize) = (2_000, 120);
/// What is wanted of a null: that more than 5 % are promoted is not shown.
const NULL: Wanted = Wanted::NotShownAbove(0.05);
/// What is wanted of a true gain.
const GAIN: Wanted = Wanted::AtLeast(0.78);

type Outcome = Result<bool, Failure>;
type Loop = fn(&mut Chance) -> Outcome;

/// Truths that are no better.
const NULLS: &[(&str, Loop)] = &[
    ("equal bots, 20 % discordant, 300 cases", |chance| {
        one(&paired(chance, 300, 0.1, 0.1)?)
    }),
    ("equal bots, 40 % discordant, 60 cases", |chance| {
        one(&paired(chance, 60, 0.2, 0.2)?)
    }),
    ("equal bots, graded scores, 200 cases", |chance| {
        one(&graded(chance, 200)?)
    }),
    ("equal bots, 60 conversations of 5 cases", |chance| {
        one(&conversations(chance, 60, 5)?)
    }),
    (
        "the best of 10 equal variants on 200 dev cases, then 300 gate cases",
        |chance| best_of(chance, 10, 200, 300, true),
    ),
    (
        "a judge that gives the variant 10 points that it has not earned, 400 cases, 100 labelled",
        |chance| {
            let cases = judged(chance, 400, 100, 0.10)?;
            one(&cases)
        },
    ),
    ("the same judge, 150 cases, 50 labelled", |chance| {
        one(&judged(chance, 150, 50, 0.10)?)
    }),
    (
        "5 equal variants, one after the other, on the same 300 gate cases",
        |chance| looks(chance, 5, 300),
    ),
    (
        "20 equal variants, one after the other, on the same 300 gate cases",
        |chance| looks(chance, 20, 300),
    ),
    (
        "a cheaper variant that is worse by all of the margin of 5 points, 400 cases",
        |chance| {
            let cases = cheaper(&paired(chance, 400, 0.075, 0.125)?)?;
            let rules = Rules::default().margin(0.05);
            Ok(weigh(&cases, &rules, alpha_at(rules.alpha, 1))?.passes())
        },
    ),
];

/// What other rules do with the same truths: shown beside ours.
const OTHERS: &[(&str, Loop)] = &[
    (
        "not ours: the best of 10 equal variants on 200 dev cases is promoted when it looks better",
        |chance| best_of(chance, 10, 200, 300, false),
    ),
    (
        "not ours: the judge of 10 unearned points is believed, 400 cases",
        |chance| {
            let cases = judged(chance, 400, 100, 0.10)?;
            let scores = |b: bool| -> Vec<Scored> {
                let pairs = cases.both();
                pairs
                    .map(|(_, x, y)| Scored::graded(if b { y } else { x }))
                    .collect()
            };
            one(&Cases::new(scores(false), scores(true))?)
        },
    ),
];

pub fn run(plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let loops = plan.loops(LOOPS.0, LOOPS.1);
    let mut figures = Vec::new();
    let kinds = [(NULLS, NULL, "no better: "), (OTHERS, Wanted::Nothing, "")];
    for (lines, wanted, prefix) in kinds {
        for (name, draw) in lines {
            let promoted = plan.each(loops, |i| draw(&mut plan.chance(name, i)))?;
            let hits = promoted.iter().filter(|promoted| **promoted).count();
            figures.push(Figure::share(
                format!("{prefix}{name}"),
                hits,
                loops,
                wanted,
            )?);
        }
    }
    for (name, design) in designs(plan) {
        let (found, last) = needed_cases(&design)?;
        let Some(found) = found else {
            return Err(format!("{name}: no number of cases is enough, {last:?}").into());
        };
        let alpha = alpha_at(design.rules.alpha, design.look);
        let promoted = plan.each(loops, |i| {
            let cases = gained(&mut plan.chance(name, i), &design, found.cases)?;
            Ok(weigh(&cases, &design.rules, alpha)?.passes())
        })?;
        let hits = promoted.iter().filter(|promoted| **promoted).count();
        let name = format!(
            "10 points better: {name}, {} cases as `power` asked for",
            found.cases
        );
        figures.push(Figure::share(name, hits, loops, GAIN)?);
    }
    Ok(figures)
}

/// True gains of 10 points.
fn designs(plan: &Plan) -> Vec<(&'static str, Design)> {
    let (gain, differ) = (0.10, 0.20);
    let loops = if plan.short { 1_000 } else { 2_000 };
    let plain = Design::new(gain, differ).loops(loops);
    if plan.short {
        return vec![("20 % discordant", plain)];
    }
    let mut guarded = plain.clone();
    (guarded.slices, guarded.errors) = (vec![0.4, 0.3, 0.3], 0.002);
    let mut judged = plain.clone();
    judged.judge = Some(JudgeDesign {
        labelled: 0.5,
        tpr: 0.9,
        tnr: 0.8,
    });
    vec![
        ("20 % discordant", plain.clone()),
        ("40 % discordant", Design::new(gain, 0.40).loops(loops)),
        ("20 % discordant, third look", plain.look(3)),
        ("20 % discordant, three slices, 0.2 % failures", guarded),
        (
            "20 % discordant, by a judge, half of the cases labelled",
            judged,
        ),
    ]
}

/// The first look at these cases.
fn one(cases: &Cases) -> Outcome {
    let rules = Rules::default();
    Ok(weigh(cases, &rules, alpha_at(rules.alpha, 1))?.passes())
}

/// Pass or fail: the variant gains and loses so many of the cases.
fn paired(chance: &mut Chance, n: usize, gain: f64, loss: f64) -> Result<Cases, Failure> {
    let (mut a, mut b) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for _ in 0..n {
        let (x, y) = truth(chance, gain, loss);
        a.push(Scored::pass(x));
        b.push(Scored::pass(y));
    }
    Ok(Cases::new(a, b)?)
}

fn truth(chance: &mut Chance, gain: f64, loss: f64) -> (bool, bool) {
    let u = chance.uniform();
    if u < gain {
        (false, true)
    } else if u < gain + loss {
        (true, false)
    } else {
        let both = chance.happens(0.6);
        (both, both)
    }
}

/// Scores in `[0, 1]` of two bots that differ by chance alone, unevenly spread.
fn graded(chance: &mut Chance, n: usize) -> Result<Cases, Failure> {
    let score = |chance: &mut Chance, ease: f64| {
        let u = chance.uniform();
        Scored::graded((ease + 0.4 * (u * u - 1.0 / 3.0)).clamp(0.0, 1.0))
    };
    let (mut a, mut b) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for _ in 0..n {
        let ease = chance.between(0.2, 0.8);
        a.push(score(chance, ease));
        b.push(score(chance, ease));
    }
    Ok(Cases::new(a, b)?)
}

/// Conversations in which one bot or the other is better throughout.
fn conversations(chance: &mut Chance, groups: usize, size: usize) -> Result<Cases, Failure> {
    let (mut a, mut b, mut of) = (Vec::new(), Vec::new(), Vec::new());
    for group in 0..groups {
        let lean = chance.between(-0.3, 0.3);
        for _ in 0..size {
            let u = chance.between(0.3, 0.7);
            a.push(Scored::pass(chance.happens(u - lean)));
            b.push(Scored::pass(chance.happens(u + lean)));
            of.push(group);
        }
    }
    Ok(Cases::new(a, b)?.groups(of)?)
}

/// How likely cases of one suite are passed, whichever of the equal bots answers.
fn eases(chance: &mut Chance, n: usize) -> Vec<f64> {
    (0..n).map(|_| chance.between(0.1, 0.9)).collect()
}

fn answers(chance: &mut Chance, eases: &[f64]) -> Vec<bool> {
    eases.iter().map(|ease| chance.happens(*ease)).collect()
}

fn scored(passed: &[bool]) -> Vec<Scored> {
    passed.iter().map(|passed| Scored::pass(*passed)).collect()
}

/// Of equal variants the best on dev goes to the gate, or, as others do it, wins where it looks better.
fn best_of(chance: &mut Chance, variants: usize, dev: usize, gate: usize, gated: bool) -> Outcome {
    let right = |answers: &[bool]| answers.iter().filter(|right| **right).count();
    let on_dev = eases(chance, dev);
    let base = right(&answers(chance, &on_dev));
    let best = (0..variants)
        .map(|_| right(&answers(chance, &on_dev)))
        .max();
    if !gated {
        return Ok(best > Some(base));
    }
    let on_gate = eases(chance, gate);
    let (a, b) = (answers(chance, &on_gate), answers(chance, &on_gate));
    one(&Cases::new(scored(&a), scored(&b))?)
}

/// Equal variants, each compared on the same cases with the same answers of the bot in force; the first that
/// passes is promoted.
fn looks(chance: &mut Chance, variants: u32, n: usize) -> Outcome {
    let rules = Rules::default();
    let on_gate = eases(chance, n);
    let a = scored(&answers(chance, &on_gate));
    for k in 1..=variants {
        let b = scored(&answers(chance, &on_gate));
        let cases = Cases::new(a.clone(), b)?;
        if weigh(&cases, &rules, alpha_at(rules.alpha, k))?.passes() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Equal bots by people's truth, 30 % discordant; the judge, who errs anyway, passes more of the variant's
/// failures, which adds so much to its rate. People label the answers of some cases, at random.
fn judged(chance: &mut Chance, n: usize, labelled: usize, unearned: f64) -> Result<Cases, Failure> {
    let (mut a, mut b, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    let label = |passed: bool| f64::from(u8::from(passed));
    for i in 0..n {
        let (x, y) = truth(chance, 0.15, 0.15);
        let sees = |chance: &mut Chance, passed: bool, kinder: f64| {
            let right = if passed { 0.9 } else { 0.85 - kinder };
            passed == chance.happens(right)
        };
        // 43 % of the variant's answers are failures.
        a.push(Scored::pass(sees(chance, x, 0.0)));
        b.push(Scored::pass(sees(chance, y, unearned / 0.43)));
        // Cases come in no order: the first are as random as any.
        pairs.push((i < labelled).then(|| (label(x), label(y))));
    }
    let labels = Labels {
        pairs,
        ..Labels::default()
    };
    Ok(Cases::new(a, b)?.judged(labels)?)
}

/// The same cases, on which the variant costs half.
fn cheaper(cases: &Cases) -> Result<Cases, Failure> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (_, x, y) in cases.both() {
        let with = |score: f64, cost: f64| {
            let mut scored = Scored::pass(score == 1.0);
            scored.cost = Some(cost);
            scored
        };
        a.push(with(x, 2.0));
        b.push(with(y, 1.0));
    }
    Ok(Cases::new(a, b)?)
}

/// A true gain as a design assumes it.
fn gained(chance: &mut Chance, design: &Design, n: usize) -> Result<Cases, Failure> {
    let gain = f64::midpoint(design.discordance, design.effect);
    let loss = design.discordance - gain;
    let (mut a, mut b, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    let label = |passed: bool| f64::from(u8::from(passed));
    for _ in 0..n {
        let (mut x, mut y) = truth(chance, gain, loss);
        if let Some(judge) = design.judge {
            pairs.push((label(x), label(y)));
            for passed in [&mut x, &mut y] {
                let right = if *passed { judge.tpr } else { judge.tnr };
                *passed = *passed == chance.happens(right);
            }
        }
        a.push(Scored::pass(x));
        let fails = chance.happens(design.errors);
        b.push(if fails {
            Scored::default()
        } else {
            Scored::pass(y)
        });
    }
    let mut of = vec![Vec::new(); design.slices.len()];
    for case in 0..n {
        let mut u = chance.uniform();
        for (slice, share) in of.iter_mut().zip(&design.slices) {
            if (0.0..*share).contains(&u) {
                slice.push(case);
            }
            u -= share;
        }
    }
    let named = |(i, cases): (usize, Vec<usize>)| Slice {
        name: format!("{i}"),
        cases,
    };
    let slices = of.into_iter().enumerate().map(named).collect();
    let cases = Cases::new(a, b)?.slices(slices)?;
    let Some(judge) = design.judge else {
        return Ok(cases);
    };
    // A random part of the cases, in any order.
    let wanted = (judge.labelled * n as f64).round() as usize;
    let mut order: Vec<usize> = (0..n).collect();
    for i in 0..wanted.min(n) {
        let other = i + chance.below(n - i);
        order.swap(i, other);
    }
    let mut labels = vec![None; n];
    for &case in &order[..wanted.min(n)] {
        labels[case] = Some(pairs[case]);
    }
    Ok(cases.judged(Labels {
        pairs: labels,
        ..Labels::default()
    })?)
}
