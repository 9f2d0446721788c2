//! Who counts, and when the loop stops: simulated raters with known faults.

use botsmith_eval::feedback::{Question, Record, Rules, Standing, Verdict, agreement};

/// Draws without a dependency (xorshift64*).
struct Draw(u64);

impl Draw {
    fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rater {
    /// Right in nine of ten.
    Good,
    Random,
    Inverted,
    /// Always says yes.
    Constant,
}

fn labels(raters: &[Rater], items: usize, seed: u64) -> Vec<Record> {
    let mut draw = Draw::new(seed);
    let mut records = Vec::new();
    for item in 0..items {
        let truth = draw.share() < 0.6;
        for (at, rater) in raters.iter().enumerate() {
            let right = draw.share() < 0.9;
            let up = match rater {
                Rater::Good => truth == right,
                Rater::Random => draw.share() < 0.5,
                Rater::Inverted => truth != right,
                Rater::Constant => true,
            };
            records.push(said(item, &format!("r{at}"), up, 1));
        }
    }
    records
}

fn said(item: usize, rater: &str, up: bool, round: u32) -> Record {
    Record {
        case: format!("c{item}"),
        rater: rater.into(),
        question: "verdict".into(),
        value: if up { "up" } else { "down" }.into(),
        round,
        ..Record::default()
    }
}

fn rules() -> Rules {
    let mut rules = Rules::default();
    rules.draws = 100;
    rules
}

fn stand(records: &[Record]) -> Standing {
    Standing::of(&Question::verdict(), records, &rules(), 7).unwrap()
}

#[test]
fn one_rater_in_three_at_random_inverted_or_asleep_is_excluded_or_the_loop_halts() {
    for bad in [Rater::Random, Rater::Inverted, Rater::Constant] {
        for items in [12, 30, 60] {
            let (mut automatic, mut caught) = (0, 0);
            for seed in 0..12 {
                let found = stand(&labels(&[Rater::Good, bad, Rater::Good], items, seed));
                let safe = found.halted() || !found.counts("r1");
                automatic += u32::from(found.may_be_automatic() && !safe);
                caught += u32::from(safe);
                assert!(
                    found.counts("r0") && found.counts("r2"),
                    "{bad:?} {items} {seed}: {found:?}"
                );
            }
            assert_eq!(
                automatic, 0,
                "{bad:?} with {items} items: never promoted on"
            );
            if items >= 60 {
                assert!(
                    caught >= 11,
                    "{bad:?} with {items} items: caught in {caught} of 12"
                );
            }
        }
    }
}

#[test]
fn three_good_raters_are_sound_and_nobody_is_excluded() {
    let mut sound = 0;
    for seed in 0..12 {
        let found = stand(&labels(&[Rater::Good; 3], 80, seed));
        assert!(
            ["r0", "r1", "r2"].iter().all(|r| found.counts(r)),
            "{seed}: {found:?}"
        );
        sound += u32::from(found.may_be_automatic());
    }
    assert!(sound >= 11, "{sound} of 12");
}

#[test]
fn two_who_contradict_each_other_stop_the_loop_and_nobody_is_blamed() {
    let found = stand(&labels(&[Rater::Good, Rater::Inverted], 30, 1));
    assert_eq!(found.verdict, Verdict::Halted);
    assert!(
        found
            .reasons
            .iter()
            .any(|r| r.contains("the rubric is the defect")),
        "{found:?}"
    );
    assert!(found.counts("r0") && found.counts("r1"));
    // From 50 doubly labelled answers the value itself decides.
    let found = stand(&labels(&[Rater::Good, Rater::Random], 400, 2));
    assert!(found.halted() && found.alpha.unwrap().value < 0.2);
}

#[test]
fn few_shared_answers_settle_nothing() {
    let found = stand(&labels(&[Rater::Good, Rater::Inverted], 6, 1));
    assert_eq!(found.verdict, Verdict::Undecided);
    let found = stand(&labels(&[Rater::Good, Rater::Good], 20, 1));
    assert_eq!(found.verdict, Verdict::Undecided);
    assert!(!found.may_be_automatic() && !found.halted());
    // Who shares nothing with anybody is not vouched for by the others.
    let mut records = labels(&[Rater::Good, Rater::Good], 80, 3);
    records.extend((100..150).map(|item| said(item, "loner", true, 1)));
    let found = stand(&records);
    assert_eq!(found.verdict, Verdict::Sound);
    assert!(
        found.counts("loner") && !found.may_be_automatic(),
        "{found:?}"
    );
}

#[test]
fn one_rater_is_one_view_and_halts_who_contradicts_themselves() {
    let mut records = labels(&[Rater::Good], 60, 1);
    let found = stand(&records);
    assert_eq!(found.verdict, Verdict::OneView);
    assert!(
        found
            .reasons
            .iter()
            .any(|r| r.contains("one person's view"))
    );
    assert!(!found.may_be_automatic() && !found.halted());
    let first: Vec<bool> = records.iter().map(|r| r.value == "up").collect();
    let again = |turned: bool| {
        let second = first.iter().take(20).enumerate();
        second
            .map(move |(item, up)| said(item, "r0", *up != turned, 2))
            .collect::<Vec<_>>()
    };
    let mut steady = records.clone();
    steady.extend(again(false));
    let found = stand(&steady);
    assert_eq!(found.verdict, Verdict::OneView);
    let self_agreement = found.raters[0].again.as_ref().unwrap();
    assert_eq!((self_agreement.n, self_agreement.raw), (20, 1.0));
    assert!(!found.may_be_automatic());
    records.extend(again(true));
    assert!(stand(&records).halted());
}

#[test]
fn kappas_go_with_alpha_and_disputes_come_with_who_said_what() {
    let stars = |item: usize, rater: &str, value: i64| Record {
        case: format!("c{item}"),
        rater: rater.into(),
        question: "stars".into(),
        value: value.into(),
        ..Record::default()
    };
    let question: Question = serde_json::from_str(
        r#"{"name": "stars", "ask": "?", "kind": "rating", "min": 1, "max": 5}"#,
    )
    .unwrap();
    let (mut records, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new());
    for (item, (x, y)) in [
        (1, 1),
        (2, 3),
        (5, 1),
        (4, 4),
        (3, 3),
        (2, 2),
        (5, 5),
        (1, 2),
    ]
    .into_iter()
    .enumerate()
    {
        records.push(stars(item, "ana", x));
        records.push(stars(item, "ben", y));
        a.push(x);
        b.push(y);
    }
    let found = agreement::of(&question, &records, &rules(), 1).unwrap();
    let confusion = botsmith_eval::stats::Confusion::new(&a, &b).unwrap();
    let cohen = found.cohen.unwrap();
    assert_eq!(
        cohen.quadratic,
        confusion.kappa(botsmith_eval::stats::Weights::Quadratic)
    );
    assert_eq!(
        cohen.plain,
        confusion.kappa(botsmith_eval::stats::Weights::None)
    );
    let disputes: Vec<_> = found.disputes.iter().map(|d| d.case.as_str()).collect();
    assert_eq!(disputes, ["c2", "c1", "c7"]);
    assert_eq!(found.disputes[0].said[1].value, 1);
    let fleiss = found.fleiss.unwrap();
    assert_eq!((fleiss.raters, fleiss.n), (2, 8));
    let standing = &found.standing;
    for (value, interval) in [
        (standing.raw, standing.raw_interval),
        (cohen.plain, cohen.plain_interval),
        (cohen.linear, cohen.linear_interval),
        (cohen.quadratic, cohen.quadratic_interval),
        (fleiss.fleiss, fleiss.fleiss_interval),
        (fleiss.randolph, fleiss.randolph_interval),
    ] {
        let (value, interval) = (value.unwrap(), interval.unwrap());
        assert!(
            interval.contains(value) && interval.width() > 0.1,
            "{value} {interval}"
        );
    }
    assert!(found.standing.raw == Some(0.625));
}

#[test]
fn more_answers_make_every_interval_narrower_and_labels_have_no_weights() {
    let intervals = |items| {
        let records = labels(&[Rater::Good, Rater::Good], items, 3);
        let found = agreement::of(&Question::verdict(), &records, &rules(), 1).unwrap();
        let (cohen, fleiss) = (found.cohen.unwrap(), found.fleiss.unwrap());
        assert_eq!(
            (cohen.linear_interval, cohen.quadratic_interval),
            (None, None)
        );
        [
            found.standing.raw_interval,
            cohen.plain_interval,
            fleiss.fleiss_interval,
            fleiss.randolph_interval,
            found.standing.alpha.unwrap().interval,
        ]
        .map(|interval| interval.unwrap().width())
    };
    let (few, many) = (intervals(50), intervals(800));
    for (few, many) in few.iter().zip(many) {
        assert!(many < 0.5 * few, "{few} {many}");
    }
}
