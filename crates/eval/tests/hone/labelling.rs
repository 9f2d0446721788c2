//! What people say of both answers to the gate's cases, from the review to the verdict.

use std::collections::BTreeMap;

use botsmith_eval::feedback::{Log, Plan, Reason, Record, Session, Sitting};
use botsmith_eval::hone::{End, Heard, Story, Use};
use botsmith_eval::promotion::{Decision, Scale};
use serde_json::json;

use super::common::{Place, corrections, of};
use super::gating::{course, judged};

const CASES: usize = 220;

fn sitting(runs: &[String; 2], rater: &str) -> Sitting {
    Sitting {
        run: runs[0][..12].to_owned(),
        beside: Some(runs[1][..12].to_owned()),
        rater: rater.to_owned(),
        budget: Some(64),
        ..Sitting::default()
    }
}

/// Has the finalist tried, with what people have said so far.
fn honed(place: &Place) -> Story {
    let heard = Heard::of(&Log::open(&*place.store), "prices", &Plan::default(), 0).unwrap();
    course(place, corrections(&of(Use::Train, CASES)[..4]), |course| {
        course.labels = heard.labels;
    })
}

/// Says of what is asked whether it is in euros; every answer is kept.
fn label(place: &Place, session: &mut Session) -> Vec<Record> {
    let log = Log::open(&*place.store);
    let mut said = Vec::new();
    while let Some(step) = session.step() {
        assert!(step.blind && !step.teaches);
        let up = step.item.a.text.contains("EUR");
        let record = session.answer(&json!(up), 2, None).unwrap().unwrap();
        let record = log.append(record).unwrap().record;
        session.kept(record.clone());
        said.push(record);
    }
    said
}

#[test]
fn both_answers_to_a_random_part_of_the_gate_are_labelled_blind_and_decide() {
    let place = judged(CASES);
    let story = honed(&place);
    assert_eq!(story.gate.unwrap().decision, Decision::Advisory);
    let runs = story.runs.unwrap();

    let mut session = sitting(&runs, "ana").session(&*place.store).unwrap();
    let said = label(&place, &mut session);
    let gate = of(Use::Gate, CASES).len();
    let mut cases: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &said {
        cases.entry(&record.case).or_default().push(record);
    }
    assert!(
        cases.len() >= 50 && cases.len() < gate,
        "{} of {gate}",
        cases.len()
    );
    for of in cases.values() {
        let of_runs: Vec<bool> = of.iter().map(|record| record.run == runs[0]).collect();
        assert!(of_runs == [true, false] || of_runs == [false, true]);
        assert!(
            of.iter()
                .all(|r| r.blind && r.chosen == Some(Reason::Random))
        );
        let share = cases.len() as f64 / gate as f64;
        assert!(
            of.iter()
                .all(|r| r.probability.is_some_and(|p| (p - share).abs() < 1e-9))
        );
    }
    // Mixed: neither one run after the other, nor both answers of a case in a row.
    let firsts = said[..cases.len()]
        .iter()
        .filter(|r| r.run == runs[0])
        .count();
    assert!(
        (cases.len() / 4..=3 * cases.len() / 4).contains(&firsts),
        "{firsts}"
    );
    let in_a_row = said
        .windows(2)
        .filter(|two| two[0].case == two[1].case)
        .count();
    assert!(in_a_row < cases.len() / 4, "{in_a_row}");
    // Whoever comes next gets the same cases, and only those that two label.
    let next = sitting(&runs, "ben").session(&*place.store).unwrap();
    assert!((2..cases.len()).contains(&next.progress().total));

    let again = honed(&place);
    let verdict = again.gate.unwrap();
    let tested = verdict.tested.unwrap();
    assert_eq!(
        (again.end, verdict.decision),
        (End::Ready, Decision::Passed),
        "{:?}",
        again.reasons
    );
    assert_eq!(
        (tested.scale, tested.labelled, tested.n, verdict.look),
        (Scale::Human, cases.len(), gate, 1)
    );
}

#[test]
fn two_runs_that_cannot_be_labelled_together_say_why() {
    let place = judged(CASES);
    let runs = honed(&place).runs.unwrap();
    let refused = |sitting: &Sitting| sitting.session(&*place.store).unwrap_err().to_string();
    let mut itself = sitting(&runs, "ana");
    itself.beside = Some(itself.run.clone());
    assert!(
        refused(&itself).contains("beside itself"),
        "{}",
        refused(&itself)
    );
    place.write(
        "pairs.yaml",
        "feedback: {questions: [{name: better, kind: pairwise}]}\n",
    );
    let mut pairs = sitting(&runs, "ana");
    pairs.suite = Some(place.at("pairs.yaml"));
    assert!(
        refused(&pairs).contains("only about pairs"),
        "{}",
        refused(&pairs)
    );
}
