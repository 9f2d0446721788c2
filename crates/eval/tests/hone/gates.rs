//! What a gate's verdict is bound to, and what it asks about besides its own cases.

use std::fmt::Write as _;

use botsmith_core::digest::Digest;
use botsmith_eval::feedback::{Plan, Reason, Record};
use botsmith_eval::hone::{Course, End, Examples, Honing, Means, Options, Story, Use, bot_of};
use botsmith_eval::promotion::{Decision, Looks, Rules, Scale};
use botsmith_nanobots::versions::{By, Promotion, Versions};
use serde_json::json;

use super::common::{LEARNER, Place, SUITE, corrections, id, of, question, right};
use super::gating::{course, drawn, judged, record};

const CASES: usize = 120;

fn honed(place: &Place) -> Story {
    course(place, corrections(&of(Use::Train, CASES)[..4]), |_| {})
}

/// Honed for a metric of the suite.
fn honed_by(place: &Place, metric: &str) -> Story {
    let (suite, workshop) = (place.suite(), place.workshop());
    let live = bot_of(&suite, "prices").unwrap();
    let means = Means::new(&*place.store, &workshop);
    let mut options = Options::default();
    options.metric = Some(metric.to_owned());
    let said = corrections(&of(Use::Train, CASES)[..4]);
    let mut honing = Honing::open(suite, live, place.parent(), said, means, options).unwrap();
    let versions = Versions::of(&*place.store, "prices.yml");
    let mut course = Course::new(versions, By::new("ada", 1));
    course.proposers = vec![Box::new(Examples)];
    honing.run(&course, |_| true).unwrap()
}

/// The cases of a place, with tags on one of them.
fn tagged(place: &Place, tagged: usize, tags: &[&str]) {
    let mut rows = String::new();
    for i in 0..CASES {
        let tags: &[&str] = if i == tagged { tags } else { &[] };
        let row = json!({"id": id(i), "input": question(i), "reference": right(i), "tags": tags});
        writeln!(rows, "{row}").unwrap();
    }
    place.write("cases.jsonl", &rows);
}

/// A bot that is right about one case until it is shown examples, and wrong about it then.
fn unlearns(place: &Place, case: usize) {
    let learns =
        "(messages | length > 2) != (match[1] == 'N')".replace('N', &(case + 1).to_string());
    let bot = LEARNER.replace("messages | length > 2", &learns);
    place.write("prices.yml", &bot);
}

#[test]
fn a_verdict_is_not_reused_for_another_metric_or_definition() {
    let place = Place::new(CASES);
    let two = "evaluators: [equals, {equals: {ignore-case: true, name: lenient}}]";
    place.write("suite.yaml", &SUITE.replace("evaluators: [equals]", two));
    let first = honed(&place).gate.unwrap();
    assert_eq!((first.decision, first.look), (Decision::Passed, 1));

    let lenient = honed_by(&place, "lenient").gate.unwrap();
    assert_eq!(lenient.look, 2, "another metric is another look");
    assert!(lenient.alpha_of_look < first.alpha_of_look);
    assert_eq!(honed_by(&place, "lenient").gate.unwrap().look, 2);
    assert_eq!(
        honed(&place).gate.unwrap().look,
        1,
        "what was passed stands"
    );

    let other = SUITE.replace(
        "evaluators: [equals]",
        "evaluators: [{equals: {ignore-case: true}}]",
    );
    place.write("suite.yaml", &other);
    let redefined = honed(&place).gate.unwrap();
    assert_eq!(
        redefined.look, 3,
        "the same name for another rule is another look"
    );
}

#[test]
fn alpha_is_the_one_that_the_first_look_stated() {
    let place = Place::new(CASES);
    assert_eq!(honed(&place).end, End::Ready);
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
    );
    let honing = honing.unwrap();
    assert_eq!(honing.stated_alpha().unwrap(), Some(0.05));
    // Said before anybody is asked.
    let error = honing.outlook(&Rules::default().alpha(0.45)).unwrap_err();
    assert!(error.to_string().contains("stated 0.05"), "{error}");
    assert_eq!(
        Looks::new(&*place.store).taken(&honing.gate_set()).unwrap(),
        1
    );
}

#[test]
fn a_case_of_train_that_must_pass_is_asked_of_the_finalist_and_refuses_it_when_lost() {
    let taught = of(Use::Train, CASES)[7];
    let place = Place::new(CASES);
    tagged(&place, taught, &["regression", "must-pass"]);
    unlearns(&place, taught);
    let story = honed(&place);
    assert_eq!((story.end, story.cases.must_pass), (End::Refused, 1));
    let verdict = story.gate.unwrap();
    assert_eq!(
        verdict.reasons,
        [format!("1 cases that must pass are lost: `{}`", id(taught))]
    );
    assert_eq!(
        verdict.cases,
        of(Use::Gate, CASES).len(),
        "it is no gate case"
    );
    assert!(
        verdict.tested.unwrap().holds,
        "on the gate's cases it is better"
    );

    // One that the bot fails anyway cannot be lost.
    let place = Place::new(CASES);
    tagged(&place, taught, &["regression", "must-pass"]);
    let story = honed(&place);
    assert_eq!(story.end, End::Ready, "{:?}", story.reasons);
    let guard = &story.gate.unwrap().guards[0];
    assert_eq!(
        guard.saw,
        "none of 1 is lost, 1 of them cases of train and dev"
    );
}

#[test]
fn a_refused_version_is_not_made_promotable_by_renaming_the_suite() {
    let lost = of(Use::Gate, CASES)[3];
    let place = Place::new(CASES);
    tagged(&place, lost, &["must-pass"]);
    unlearns(&place, lost);
    let refused = honed(&place);
    assert_eq!(refused.end, End::Refused);

    tagged(&place, lost, &[]);
    place.write(
        "suite.yaml",
        &SUITE.replace("name: prices\n", "name: prices-2\n"),
    );
    let story = honed(&place);
    let verdict = story.gate.unwrap();
    assert_eq!((verdict.decision, verdict.look), (Decision::Passed, 1));
    assert_eq!(story.end, End::Refused, "{:?}", story.reasons);
    assert!(
        story
            .reasons
            .iter()
            .any(|why| why.contains("the gate of suite `prices` refused")),
        "{:?}",
        story.reasons
    );
    assert!(story.next.is_empty());
    let hash = story.finalist.unwrap().version;
    assert_eq!(hash, refused.finalist.unwrap().version);
    let versions = Versions::of(&*place.store, "prices.yml");
    let version = versions.get(&hash).unwrap().unwrap();
    assert!(!version.gate().unwrap().passed);
    assert_eq!(
        version.evidence["others"]["prices-2"]["gate"]["passed"],
        true
    );
    let file = place.at("prices.yml");
    let promoted = versions.promote(
        &hash,
        Some(&file),
        &Promotion::default(),
        &By::new("ada", 2),
    );
    let error = promoted.unwrap_err().to_string();
    assert!(error.contains("the gate refused"), "{error}");
}

/// Where a judge makes the scores: with examples right where dev asks and nowhere else.
fn lucky(cases: usize) -> Place {
    let place = judged(cases);
    let dev: Vec<String> = of(Use::Dev, cases)
        .iter()
        .map(|i| format!("'{}'", i + 1))
        .collect();
    let only = format!("messages | length > 2 and match[1] in [{}]", dev.join(", "));
    place.write(
        "prices.yml",
        &LEARNER.replace("messages | length > 2", &only),
    );
    place
}

/// What people say of both answers to the gate's cases, right ones up.
fn labels(cases: usize, texts: impl Fn(usize) -> Vec<String>, chance: f64) -> Vec<Record> {
    let question = Plan::default().questions[0].name.clone();
    let mut labels = Vec::new();
    for i in of(Use::Gate, cases) {
        for text in texts(i) {
            let up = if text == right(i) { "up" } else { "down" };
            labels.push(Record {
                answer_hash: Digest::of(text.as_bytes()).to_string(),
                ..drawn(record(i, "ana", &question, json!(up)), chance)
            });
        }
    }
    labels
}

fn dollars(i: usize) -> String {
    format!("{} dollars", i + 1)
}

#[test]
fn a_judge_without_labels_refuses_nothing_and_the_same_look_is_decided_when_people_have_spoken() {
    let cases = 220;
    let place = lucky(cases);
    let said = || corrections(&of(Use::Train, cases)[..4]);
    let story = course(&place, said(), |_| {});
    let verdict = story.gate.unwrap();
    assert_eq!(
        (story.end, verdict.decision),
        (End::Advisory, Decision::Advisory)
    );
    assert!(!verdict.tested.unwrap().holds, "the judge sees no gain");
    assert!(story.runs.is_some(), "what to label is said");

    let question = Plan::default().questions[0].clone();
    let spoken = labels(cases, |i| vec![dollars(i)], 1.0);
    let story = course(&place, said(), |course| {
        course.labels = Some((question, spoken));
    });
    let verdict = story.gate.unwrap();
    assert_eq!(
        (story.end, verdict.decision),
        (End::Refused, Decision::Refused)
    );
    assert_eq!(
        (verdict.look, verdict.tested.unwrap().scale),
        (1, Scale::Human)
    );
    // That one stands, whoever says what later.
    assert_eq!(
        course(&place, said(), |_| {}).gate.unwrap().decision,
        Decision::Refused
    );
}

#[test]
fn labels_that_somebody_picked_decide_nothing() {
    let cases = 220;
    let place = judged(cases);
    let question = Plan::default().questions[0].clone();
    let honed = |change: &dyn Fn(&mut Record)| {
        let mut labels = labels(cases, |i| vec![dollars(i), right(i)], 0.5);
        labels.iter_mut().for_each(change);
        course(&place, corrections(&of(Use::Train, cases)[..4]), |course| {
            course.labels = Some((question.clone(), labels));
        })
    };
    let picked: [&dyn Fn(&mut Record); 4] = [
        &|record| record.probability = None,
        &|record| record.chosen = Some(Reason::Dispute),
        &|record| record.chosen = None,
        &|record| record.round = 2,
    ];
    for change in picked {
        let story = honed(change);
        assert_eq!(story.end, End::Advisory, "{:?}", story.reasons);
        let why = story.reasons.last().unwrap();
        let n = 2 * of(Use::Gate, cases).len();
        assert!(why.contains(&format!("({n} labels are left out")), "{why}");
    }
    assert_eq!(honed(&|_| ()).end, End::Ready);
}
