use botsmith_core::store;
use botsmith_eval::ask::Given;
use botsmith_eval::calibration::{
    Binding, Calibrations, Label, Requirements, Standing, Stored, calibrate,
};
use botsmith_eval::run::Runs;

use super::common::{Count, bot, run, says};

const SUITE: &str = "version: 1
name: support
dataset: [{input: q1, a: good}, {input: q2, a: bad}]
bots: [{name: a, recorded: {answer: /a}}]
evaluators: [{judge: {name: polite, cartridge: judge.yml, criteria: It is polite.}}, length]
gate: [{metric: polite, pass-rate: {min: 0.4}}, {metric: length, mean: {min: 0}}]
";

/// Labels of a judge that is right on so many of ten.
fn labels(right: usize) -> Vec<Label> {
    (0..200)
        .map(|i| {
            let human = i % 2 == 0;
            let says = human == (i / 2 % 10 < right);
            Label::new(if says { 1.0 } else { 0.0 }, human).judged(says)
        })
        .collect()
}

#[test]
fn a_rule_on_a_judge_is_advisory_until_its_calibration_holds() {
    let store = store::open("memory:").unwrap();
    let judge = bot(&Count::default(), |_| {
        says(r#"{"reason": "so", "met": [true]}"#)
    });
    let bots = Given::default().with("judge.yml", judge);
    let finished = run(&*store, SUITE, &bots).unwrap();
    let rules = &finished.report.gate.rules;
    assert!(finished.report.gate.passed);
    assert_eq!(
        rules[0].advisory.as_deref(),
        Some("the judge is not calibrated")
    );
    assert_eq!(rules[1].advisory, None, "a length needs no calibration");

    // The same judge with enough labels on which it agrees with people: the stored report says so.
    let manifest = Runs::new(&*store)
        .open(&finished.report.run)
        .unwrap()
        .manifest;
    let binding = Binding::of(&manifest, "polite").unwrap();
    let calibrations = Calibrations::new(&*store);
    let put = |right: usize, binding: &Binding| {
        let calibration = calibrate(&labels(right), 1).unwrap();
        let requirements = Requirements::default();
        let stored = Stored::new(binding.clone(), calibration, requirements, (5, 4), 1.0).unwrap();
        calibrations.put(&stored).unwrap();
    };
    let advisory = || {
        let run = Runs::new(&*store).open(&finished.report.run).unwrap();
        run.report.unwrap().gate.rules[0].advisory.clone()
    };
    put(9, &binding);
    assert_eq!(advisory(), None);
    assert_eq!(calibrations.standing(&binding).unwrap(), Standing::Gates);

    // One that agrees too seldom may not gate.
    put(7, &binding);
    let why = advisory().unwrap();
    assert!(why.contains("the lower bound of kappa is"), "{why}");

    // Another prompt is another judge.
    let mut other = binding.clone();
    other.prompt_hash = "else".into();
    put(9, &other);
    assert_eq!(
        advisory().unwrap(),
        "the prompt changed since the judge was calibrated"
    );
    assert_eq!(calibrations.history().unwrap().len(), 3);
}
