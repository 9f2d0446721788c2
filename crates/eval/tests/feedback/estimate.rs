//! What people would let pass of all answers of a run.

use botsmith_eval::calibration::{Estimates, Estimating};
use botsmith_eval::feedback::{Log, Record, Source};
use serde_json::json;

use super::common::{World, world};

const CASES: usize = 400;

/// People let an answer of `a` pass where its number is even, and every third of `b`.
fn passes(bot: &str, i: usize) -> bool {
    match bot {
        "a" => i.is_multiple_of(2),
        _ => i.is_multiple_of(3),
    }
}

/// Labels these cases of a bot; with a chance, where they were drawn.
fn label(world: &World, bot: &str, cases: impl Iterator<Item = usize>, chance: Option<f64>) {
    let log = Log::open(&*world.store);
    for i in cases {
        let up = passes(bot, i);
        let record = Record {
            run: world.run.clone(),
            suite: "numbers".into(),
            case: format!("c{i}"),
            bot: bot.into(),
            rater: "ana".into(),
            source: Source::Expert,
            question: "verdict".into(),
            value: json!(if up { "up" } else { "down" }),
            probability: chance,
            at: 1 + i as u64,
            ..Record::default()
        };
        log.append(record).unwrap();
    }
}

fn estimate(world: &World, metric: Option<&str>) -> botsmith_eval::Result<Estimates> {
    let mut wanted = Estimating::default();
    wanted.metric = metric.map(str::to_owned);
    wanted.of(&*world.store, &world.open())
}

#[test]
fn a_judge_that_agrees_makes_the_interval_narrower_and_labels_take_out_what_it_is_wrong_about() {
    let world = world(CASES);
    // `equals` says of `a` what people say; of `b` it lets nothing pass.
    label(&world, "a", (0..CASES).step_by(5), None);
    label(&world, "b", (0..CASES).step_by(5), None);
    let with = estimate(&world, Some("equals")).unwrap();
    let alone = estimate(&world, None).unwrap();
    assert_eq!(
        (&*with.question, with.metric.as_deref()),
        ("verdict", Some("equals"))
    );
    assert_eq!((alone.metric, alone.bots[0].judge), (None, None));
    let (a, b) = (&with.bots[0], &with.bots[1]);
    assert_eq!(
        (a.answers, a.labels, a.judge, b.judge),
        (CASES, 80, Some(0.5), Some(0.0))
    );
    let of = |estimate: &botsmith_eval::calibration::Estimate| estimate.people.unwrap();
    assert!((of(a).value - 0.5).abs() < 1e-9, "{:?}", of(a));
    let labels = of(&alone.bots[0]).interval;
    assert!(
        of(a).interval.width() < 0.7 * labels.width(),
        "{:?} {labels:?}",
        of(a).interval
    );
    assert!(of(b).interval.contains(1.0 / 3.0), "{:?}", of(b));
    let gap = &with.differences[0];
    assert_eq!(
        (&*gap.a, &*gap.b, gap.cases, gap.labels),
        ("a", "b", CASES, 80)
    );
    let difference = gap.people.unwrap();
    assert!(
        difference.interval.contains(1.0 / 3.0 - 0.5),
        "{difference:?}"
    );
}

#[test]
fn labels_weigh_by_the_chance_that_they_had_and_those_without_one_are_left_out() {
    let world = world(CASES);
    // All even cases were asked for, and one in four of the odd ones: their plain mean is far off.
    label(&world, "a", (0..CASES).step_by(2), Some(1.0));
    label(&world, "a", (1..CASES).step_by(8), Some(0.25));
    label(&world, "a", (3..CASES).step_by(8), None);
    let found = estimate(&world, None).unwrap();
    let people = found.bots[0].people.unwrap();
    assert_eq!((found.left_out.unweighted, found.bots[0].labels), (50, 250));
    assert!((people.value - 0.5).abs() < 1e-9, "{people:?}");
    assert!(people.least_inclusion < 0.5, "{people:?}");
}

#[test]
fn too_few_labels_give_no_number_but_the_reason() {
    let world = world(CASES);
    assert!(
        estimate(&world, None)
            .unwrap_err()
            .to_string()
            .contains("verdict of numbers")
    );
    label(&world, "a", 0..6, None);
    let found = estimate(&world, None).unwrap();
    let (a, gap) = (&found.bots[0], &found.differences[0]);
    assert_eq!((a.people, a.labels, gap.labels), (None, 6, 0));
    assert!(
        a.why_not.as_ref().unwrap().contains("at least 10 labels"),
        "{:?}",
        a.why_not
    );
    assert!(gap.why_not.is_some());
    let error = estimate(&world, Some("equal")).unwrap_err().to_string();
    assert!(error.contains("equal"), "{error}");
}
