//! A whole course: outlook, search, gate, versions.

use botsmith_core::digest::Digest;
use botsmith_eval::calibration::{Held, Hold};
use botsmith_eval::feedback::{Log, Plan, Reason, Record, Source};
use botsmith_eval::hone::{
    Course, End, Examples, Heard, Honing, Means, Options, Said, Story, Use, bot_of,
};
use botsmith_eval::promotion::{Decision, Looks, Rules};
use botsmith_eval::run::{RunOptions, Runner, Runs};
use botsmith_nanobots::versions::{By, Versions};
use serde_json::json;

use super::common::{LEARNER, Place, SUITE, corrections, id, of, right};

/// Runs a course with examples proposed; `change` changes it.
pub(crate) fn course(
    place: &Place,
    said: Vec<Said>,
    change: impl FnOnce(&mut Course<'_>),
) -> Story {
    let (suite, workshop) = (place.suite(), place.workshop());
    let live = bot_of(&suite, "prices").unwrap();
    let means = Means::new(&*place.store, &workshop);
    let mut honing =
        Honing::open(suite, live, place.parent(), said, means, Options::default()).unwrap();
    let versions = Versions::of(&*place.store, "prices.yml");
    let mut course = Course::new(versions, By::new("ada", 1));
    course.proposers = vec![Box::new(Examples)];
    change(&mut course);
    let mut planned = false;
    let story = honing
        .run(&course, |plan| {
            assert_eq!((plan.end, plan.spent.answers), (End::Planned, 0));
            planned = true;
            true
        })
        .unwrap();
    assert!(planned || story.end == End::Refused);
    story
}

const CASES: usize = 120;

#[test]
fn a_weak_bot_whose_corrections_help_passes_the_gate_and_waits_for_a_yes() {
    let place = Place::new(CASES);
    let before = std::fs::read(place.at("prices.yml")).unwrap();
    let story = course(&place, corrections(&of(Use::Train, CASES)[..4]), |_| {});
    let verdict = story.gate.as_ref().unwrap();
    assert_eq!(
        (story.end, verdict.decision),
        (End::Ready, Decision::Passed),
        "{:?}",
        story.reasons
    );
    let tested = verdict.tested.as_ref().unwrap();
    assert_eq!(
        (tested.n, tested.difference),
        (of(Use::Gate, CASES).len(), 1.0)
    );
    assert_eq!((story.outlook.look, verdict.look), (1, 1));
    assert_eq!(
        std::fs::read(place.at("prices.yml")).unwrap(),
        before,
        "nothing changes the bot yet"
    );
    // It is kept with its parent and its evidence.
    let versions = Versions::of(&*place.store, "prices.yml");
    let kept = versions
        .find(&story.finalist.as_ref().unwrap().version)
        .unwrap();
    assert_eq!(kept.parent.as_deref(), Some(story.parent.as_str()));
    assert_eq!(kept.gate().unwrap().difference, Some(1.0));
    assert_eq!(kept.evidence["hone"]["proposer"], "examples");
    assert!(
        String::from_utf8(versions.bytes(&kept.hash).unwrap())
            .unwrap()
            .contains("EUR")
    );
    assert!(story.next[1].starts_with("botsmith bot promote prices.yml "));
    // The same once more: the same look, the same verdict, nobody asked.
    let again = course(&place, corrections(&of(Use::Train, CASES)[..4]), |_| {});
    assert_eq!((again.spent.asked, again.gate), (0, story.gate));
}

#[test]
fn a_gain_on_dev_alone_is_refused_with_the_cases_that_it_would_take() {
    let place = Place::new(CASES);
    // With examples it is right where dev asks, and nowhere else.
    let dev: Vec<String> = of(Use::Dev, CASES)
        .iter()
        .map(|i| format!("'{}'", i + 1))
        .collect();
    let lucky = format!("messages | length > 2 and match[1] in [{}]", dev.join(", "));
    place.write(
        "prices.yml",
        &LEARNER.replace("messages | length > 2", &lucky),
    );
    let story = course(&place, corrections(&of(Use::Train, CASES)[..4]), |_| {});
    assert_eq!(story.tried[0].difference, Some(1.0), "dev is full of it");
    assert_eq!(story.end, End::Refused);
    let verdict = story.gate.unwrap();
    assert_eq!(verdict.decision, Decision::Refused);
    assert!(
        story.reasons[0].starts_with("no better"),
        "{:?}",
        story.reasons
    );
    let needed = verdict.needed.unwrap();
    assert!(needed.cases > of(Use::Gate, CASES).len() as u64);
    let last = story.reasons.last().unwrap();
    assert!(
        last.contains(&format!("would take {} gate cases", needed.cases)),
        "{last}"
    );
    assert!(story.next.is_empty());
}

#[test]
fn no_gain_on_dev_spends_no_look() {
    let place = Place::new(CASES);
    place.write("prices.yml", &LEARNER.replace("EUR", "dollars"));
    let story = course(&place, corrections(&of(Use::Train, CASES)[..4]), |_| {});
    assert_eq!((story.end, story.gate), (End::Refused, None));
    assert!(
        story.reasons[0].contains("no look at the gate's cases was spent"),
        "{:?}",
        story.reasons
    );
    assert!(
        story.reasons[1].starts_with("a true gain of 5.0 points would take "),
        "{:?}",
        story.reasons
    );
    let (suite, workshop) = (place.suite(), place.workshop());
    let live = bot_of(&suite, "prices").unwrap();
    let means = Means::new(&*place.store, &workshop);
    let honing = Honing::open(
        suite,
        live,
        place.parent(),
        Vec::new(),
        means,
        Options::default(),
    )
    .unwrap();
    assert_eq!(
        Looks::new(&*place.store).taken(&honing.gate_set()).unwrap(),
        0
    );
    assert_eq!(honing.outlook(&Rules::default()).unwrap().look, 1);
}

#[test]
fn too_few_gate_cases_are_refused_before_anything_is_spent() {
    let place = Place::new(24);
    let story = course(&place, corrections(&of(Use::Train, 24)), |_| {});
    assert_eq!((story.end, story.spent.answers), (End::Refused, 0));
    assert!(
        story.reasons[0].contains("fresh cases"),
        "{:?}",
        story.reasons
    );
    assert!(story.baseline.is_none());
}

#[test]
fn a_variant_becomes_the_bot_by_itself_only_where_nothing_speaks_against_it() {
    let place = Place::new(CASES);
    let said = || corrections(&of(Use::Train, CASES)[..4]);
    let story = course(&place, said(), |course| {
        course.auto = true;
        course.doubts = vec!["one person's view".into()];
    });
    assert_eq!(story.end, End::Ready);
    assert!(
        story
            .reasons
            .iter()
            .any(|why| why.ends_with("one person's view")),
        "{:?}",
        story.reasons
    );

    let place = Place::new(CASES);
    let story = course(&place, said(), |course| course.auto = true);
    assert_eq!(story.end, End::Promoted, "{:?}", story.reasons);
    let text = std::fs::read_to_string(place.at("prices.yml")).unwrap();
    assert!(
        text.starts_with("# The price bot.\nmeta: {name: Prices, version: 1.0.1}\n"),
        "{text}"
    );
    assert!(text.contains("botsmith:\n  examples:\n"));
    let promoted = story.finalist.unwrap().promoted;
    let versions = Versions::of(&*place.store, "prices.yml");
    assert_eq!(versions.pointer().unwrap().current, promoted);
}

#[test]
fn regression_cases_are_written_and_never_into_the_gate() {
    let place = Place::new(CASES);
    let file = place.at("suite.regressions.jsonl");
    let story = course(&place, corrections(&of(Use::Train, CASES)[..4]), |course| {
        course.regressions = Some(file.clone());
    });
    let kept = story.regressions.unwrap();
    assert_eq!(
        (kept.found, kept.added),
        (of(Use::Train, CASES).len(), kept.found)
    );
    let rows = std::fs::read_to_string(&file).unwrap();
    for i in of(Use::Gate, CASES) {
        assert!(!rows.contains(&format!("\"{}\"", id(i))), "case {i}");
    }
}

pub(crate) fn record(i: usize, rater: &str, question: &str, value: serde_json::Value) -> Record {
    Record {
        at: 1,
        suite: "prices".into(),
        run: "r".into(),
        case: id(i),
        bot: "prices".into(),
        answer_hash: format!("{i}"),
        rater: rater.into(),
        question: question.into(),
        value,
        ..Record::default()
    }
}

#[test]
fn what_people_said_comes_out_of_the_log() {
    let place = Place::new(CASES);
    let (train, gate) = (of(Use::Train, CASES), of(Use::Gate, CASES));
    let log = Log::open(&*place.store);
    for i in &train[..3] {
        let said = Record {
            correction: Some(right(*i)),
            comment: Some("euros, please".into()),
            ..record(*i, "ana", "verdict", json!("down"))
        };
        log.append(said).unwrap();
    }
    let passing = Record {
        source: Source::Implicit,
        correction: Some("what a user pasted".into()),
        ..record(train[3], "visitor", "verdict", json!("down"))
    };
    log.append(passing).unwrap();
    let of_gate = Record {
        correction: Some(right(gate[0])),
        ..record(gate[0], "ana", "verdict", json!("down"))
    };
    log.append(of_gate).unwrap();
    let heard = Heard::of(&log, "prices", &Plan::default(), 1).unwrap();
    assert_eq!(heard.said.len(), 5, "all is guarded");
    let teaching: Vec<_> = heard.said.iter().filter(|said| said.teaches).collect();
    assert_eq!(teaching.len(), 4, "an implicit word is no truth");
    assert!(heard.halted.is_none());
    assert!(!heard.doubts.is_empty(), "one rater is one view");
    assert_eq!(heard.labels.as_ref().unwrap().1.len(), 4);

    let story = course(&place, heard.said, |course| {
        course.auto = true;
        course.doubts = heard.doubts;
    });
    assert_eq!(story.end, End::Ready);
    assert_eq!(story.tried[0].about, "1 correction as an example");
    assert!(
        story
            .reasons
            .iter()
            .any(|why| why.starts_with("not promoted by itself"))
    );
}

#[test]
fn raters_who_disagree_stop_the_loop() {
    let place = Place::new(CASES);
    let log = Log::open(&*place.store);
    for i in 0..60 {
        for (rater, up) in [("ana", i % 2 == 0), ("ben", i % 3 == 0)] {
            let value = json!(if up { "up" } else { "down" });
            log.append(record(i, rater, "verdict", value)).unwrap();
        }
    }
    let heard = Heard::of(&log, "prices", &Plan::default(), 1).unwrap();
    let halted = heard.halted.clone().unwrap();
    let story = course(&place, corrections(&of(Use::Train, CASES)), |course| {
        course.halted = Some(halted.clone());
    });
    assert_eq!((story.end, story.spent.answers), (End::Refused, 0));
    assert_eq!(story.reasons, [halted]);
}

#[test]
fn what_is_said_of_another_suite_guards_and_teaches_nothing_here() {
    let place = Place::new(CASES);
    let train = of(Use::Train, CASES);
    let log = Log::open(&*place.store);
    // Two suites whose cases have the same ids, and questions of one name.
    for (suite, rater) in [("prices", "ana"), ("poems", "cleo")] {
        for i in &train[..54] {
            let up = (suite == "prices") == (i % 3 == 0);
            let said = Record {
                suite: suite.into(),
                correction: Some(format!("{suite} {i}")),
                answer_hash: format!("{suite} {i}"),
                ..record(*i, rater, "verdict", json!(if up { "up" } else { "down" }))
            };
            log.append(said.clone()).unwrap();
            if suite == "prices" {
                log.append(Record {
                    rater: "ben".into(),
                    ..said
                })
                .unwrap();
            } else {
                // Over there nobody agrees with anybody.
                let value = json!(if i % 2 == 0 { "up" } else { "down" });
                log.append(Record {
                    rater: "dan".into(),
                    value,
                    ..said
                })
                .unwrap();
            }
        }
    }
    // Of a run that is gone, without a suite: of no suite.
    let lost = Record {
        suite: String::new(),
        correction: Some("lost".into()),
        ..record(train[0], "eve", "verdict", json!("down"))
    };
    log.append(lost).unwrap();

    let heard = Heard::of(&log, "prices", &Plan::default(), 1).unwrap();
    assert_eq!(heard.said.len(), 217, "all is guarded");
    let teaching = heard.said.iter().filter(|said| said.teaches);
    let teaching: Vec<&str> = teaching
        .filter_map(|said| said.correction.as_deref())
        .collect();
    assert_eq!(teaching.len(), 108);
    assert!(
        teaching.iter().all(|words| words.starts_with("prices ")),
        "{teaching:?}"
    );
    assert_eq!(heard.halted, None, "raters of the other suite disagree");
    assert!(heard.doubts.is_empty(), "{:?}", heard.doubts);
    let raters = heard.labels.unwrap().1;
    assert!(raters.iter().all(|said| said.suite == "prices"));
    let there = Heard::of(&log, "poems", &Plan::default(), 1).unwrap();
    assert!(there.halted.is_some());
}

#[test]
fn once_the_guidelines_are_mended_what_was_said_before_stops_nothing_and_teaches_nothing() {
    let place = Place::new(CASES);
    let log = Log::open(&*place.store);
    let asked = |guidelines: &str| {
        let mut plan = Plan::default();
        plan.questions[0].guidelines = Some(guidelines.into());
        plan
    };
    let (vague, mended) = (asked("Is it fine?"), asked("Is it in euros?"));
    let said = |plan: &Plan, i: usize, rater: &str, up: bool| {
        let said = Record {
            wording: Some(plan.wording(&plan.questions[0])),
            correction: Some(format!("{rater} {i}")),
            ..record(i, rater, "verdict", json!(if up { "up" } else { "down" }))
        };
        log.append(said).unwrap();
    };
    for i in 0..60 {
        said(&vague, i, "ana", i % 2 == 0);
        said(&vague, i, "ben", i % 3 == 0);
    }
    let before = Heard::of(&log, "prices", &vague, 1).unwrap();
    assert!(before.halted.is_some());
    let between = Heard::of(&log, "prices", &mended, 1).unwrap();
    assert_eq!(between.halted, None);
    let told = "120 labels to `verdict` were given when it read otherwise and do not count";
    assert!(
        between.doubts.iter().any(|doubt| doubt == told),
        "{:?}",
        between.doubts
    );
    for i in 100..150 {
        said(&mended, i, "ana", i % 2 == 0);
        said(&mended, i, "ben", i % 2 == 0);
    }
    let after = Heard::of(&log, "prices", &mended, 1).unwrap();
    assert_eq!((after.halted, after.doubts.len()), (None, 0));
    assert_eq!(after.labels.unwrap().1.len(), 100);
    let teaching = after.said.iter().filter(|said| said.teaches);
    assert_eq!((teaching.count(), after.said.len()), (100, 220));
    assert!(
        Heard::of(&log, "prices", &vague, 1)
            .unwrap()
            .halted
            .is_some()
    );
}

/// The same, said blind of an answer that was drawn at random with this chance.
pub(crate) fn drawn(record: Record, chance: f64) -> Record {
    Record {
        blind: true,
        chosen: Some(Reason::Random),
        probability: Some(chance),
        ..record
    }
}

/// It dislikes dollars.
const JUDGE: &str = "provider: {id: script, settings: {answers: [{when: dollars, say: {reason: no, met: [false]}}], otherwise: {say: {reason: yes, met: [true]}}}}\n";

/// A place where a judge makes the scores.
pub(crate) fn judged(cases: usize) -> Place {
    let place = Place::new(cases);
    place.write("judge.yml", JUDGE);
    place.write(
        "suite.yaml",
        &SUITE.replace(
            "evaluators: [equals]",
            "evaluators: [{judge: {cartridge: judge.yml, criteria: [The currency is right.], name: fine}}]",
        ),
    );
    place
}

/// Has the bot judged, and the judge held against two people who label every answer.
fn held(place: &Place, cases: usize, answer: impl Fn(usize) -> String) -> Held {
    let workshop = place.workshop();
    let mut options = RunOptions::default();
    options.bots = Some(&workshop);
    let finished = Runner::new(&*place.store).with(options).run(&place.suite());
    let id = finished.unwrap().report.run;
    let log = Log::open(&*place.store);
    for i in 0..cases {
        for rater in ["ana", "ben"] {
            let text = answer(i);
            let up = if text == right(i) { "up" } else { "down" };
            let said = Record {
                run: id.clone(),
                answer_hash: Digest::of(text.as_bytes()).to_string(),
                ..record(i, rater, "verdict", json!(up))
            };
            log.append(said).unwrap();
        }
    }
    let run = Runs::new(&*place.store).open(&id).unwrap();
    Hold::default().of(&*place.store, &[run]).unwrap()
}

#[test]
fn only_a_judge_whose_stored_calibration_lets_it_gate_may_promote_by_itself() {
    let cases = 260;
    let place = judged(cases);
    // It is right on every second case, with examples on all.
    let even = "messages | length > 2 or match[1] | int is even";
    place.write(
        "prices.yml",
        &LEARNER.replace("messages | length > 2", even),
    );
    let answer = |i: usize| match (i + 1) % 2 {
        0 => right(i),
        _ => format!("{} dollars", i + 1),
    };
    let question = Plan::default().questions[0].clone();
    let mut labels = Vec::new();
    for i in of(Use::Gate, cases) {
        for text in [answer(i), right(i)] {
            let up = if text == right(i) { "up" } else { "down" };
            labels.push(Record {
                answer_hash: Digest::of(text.as_bytes()).to_string(),
                ..drawn(record(i, "ana", &question.name, json!(up)), 1.0)
            });
        }
    }
    let honed = || {
        let said = corrections(&of(Use::Train, cases)[..4]);
        course(&place, said, |course| {
            course.auto = true;
            course.labels = Some((question.clone(), labels.clone()));
        })
    };
    let waits = |story: &Story, why: &str| {
        assert_eq!(story.end, End::Ready, "{:?}", story.reasons);
        assert_eq!(story.gate.as_ref().unwrap().decision, Decision::Passed);
        assert!(
            story.reasons.iter().any(|reason| reason.contains(why)),
            "{:?}",
            story.reasons
        );
    };
    waits(
        &honed(),
        "not promoted by itself: the judge is not calibrated",
    );

    let found = held(&place, cases, answer);
    assert!(found.standing.gates(), "{:?}", found.standing);
    // The verdict stands; who may act on it is said anew. A judge that has changed since may not.
    place.write("judge.yml", &format!("meta: {{name: Another}}\n{JUDGE}"));
    waits(
        &honed(),
        "the prompt changed since the judge was calibrated",
    );

    place.write("judge.yml", JUDGE);
    let story = honed();
    assert_eq!(story.end, End::Promoted, "{:?}", story.reasons);
    assert_eq!(story.gate.unwrap().look, 1, "all of it was one look");
}

#[test]
fn where_a_judge_makes_the_scores_people_decide() {
    let cases = 220;
    let place = judged(cases);
    let said = || corrections(&of(Use::Train, cases)[..4]);
    let story = course(&place, said(), |_| {});
    let verdict = story.gate.clone().unwrap();
    assert_eq!(
        (story.end, verdict.decision),
        (End::Advisory, Decision::Advisory),
        "{:?}",
        story.reasons
    );
    assert!(!verdict.auto.allowed);
    let runs = story.runs.unwrap();
    assert_ne!(runs[0], runs[1]);

    // People look at both answers to the gate's cases, blind, and agree.
    let plan = Plan::default();
    let question = plan.questions[0].clone();
    let mut labels = Vec::new();
    let hash = |text: String| Digest::of(text.as_bytes()).to_string();
    for i in of(Use::Gate, cases) {
        for (text, up) in [(format!("{} dollars", i + 1), false), (right(i), true)] {
            let said = record(
                i,
                "ana",
                &question.name,
                json!(if up { "up" } else { "down" }),
            );
            labels.push(Record {
                answer_hash: hash(text),
                ..drawn(said, 1.0)
            });
        }
    }
    let again = course(&place, said(), |course| {
        course.labels = Some((question, labels));
    });
    let verdict = again.gate.unwrap();
    let tested = verdict.tested.unwrap();
    assert_eq!(
        (tested.labelled, verdict.look),
        (of(Use::Gate, cases).len(), 1)
    );
    assert_eq!(
        (again.end, verdict.decision),
        (End::Ready, Decision::Passed),
        "{:?}",
        again.reasons
    );
}
