//! A rater's way through the work.

use std::collections::BTreeSet;

use botsmith_core::yaml::Source as Text;
use botsmith_eval::feedback::{
    Filter, Log, Plan, Reason, Record, Session, Sitting, Source, State, Wordings, Work,
};
use botsmith_eval::hone::Split;
use serde_json::json;

use crate::common::{World, plan, world};

fn everything(world: &World) -> Vec<Record> {
    let mut filter = Filter::of_run(world.run.as_str());
    filter.every_state = true;
    Log::open(&*world.store).current(&filter).unwrap()
}

fn work(world: &World, plan: &Plan) -> Work {
    Work::of_run(&world.open(), plan, &Log::open(&*world.store), 7).unwrap()
}

fn sit(world: &World, plan: &Plan, rater: &str) -> Session {
    Session::new(
        work(world, plan),
        plan.clone(),
        rater,
        &everything(world),
        7,
    )
}

/// Answers everything; gives what was seen, in order.
fn label(world: &World, session: &mut Session, how: impl Fn(&str) -> &'static str) -> Vec<String> {
    let log = Log::open(&*world.store);
    let mut seen = Vec::new();
    while let Some(step) = session.step() {
        let key = step.item.subject.key();
        let value = json!(how(&step.item.a.text));
        seen.push(key);
        let at = 1_000 + seen.len() as u64;
        let record = session.answer(&value, at, Some(1.5)).unwrap().unwrap();
        let kept = log.append(record).unwrap().record;
        session.kept(kept);
    }
    seen
}

#[test]
fn two_raters_share_what_is_labelled_twice_and_split_the_rest() {
    let world = world(60);
    let plan = plan("budget: 46\ndouble: 0.15");
    let chosen = work(&world, &plan);
    assert_eq!(chosen.items.len(), 40);
    let double: BTreeSet<_> = chosen
        .items
        .iter()
        .filter(|i| i.double)
        .map(|i| i.subject.key())
        .collect();
    assert_eq!(double.len(), 6);
    let reasons: BTreeSet<_> = chosen
        .items
        .iter()
        .map(|i| format!("{:?}", i.reason))
        .collect();
    assert!(
        reasons.contains("Random") && reasons.contains("Doubt"),
        "{reasons:?}"
    );
    let ana = label(&world, &mut sit(&world, &plan, "ana"), |_| "up");
    assert_eq!(ana.len(), 40);
    let ben = label(&world, &mut sit(&world, &plan, "ben"), |_| "down");
    assert_eq!(ben.iter().cloned().collect::<BTreeSet<_>>(), double);
    // Every rater has an order of their own.
    let of_both: Vec<_> = ana
        .iter()
        .filter(|key| double.contains(*key))
        .cloned()
        .collect();
    assert_ne!(of_both, ben);
    let records = Log::open(&*world.store)
        .current(&Filter::default())
        .unwrap();
    assert_eq!(records.len(), 46);
    assert!(
        records
            .iter()
            .all(|r| r.blind && r.answer_hash.len() == 64 && r.suite == "numbers")
    );
    assert!(
        records
            .iter()
            .all(|r| r.probability.is_some_and(|p| p > 0.0))
    );
    let weights: f64 = records
        .iter()
        .filter(|r| r.rater == "ana")
        .map(Record::weight)
        .sum();
    assert!(
        (weights - 120.0).abs() < 1e-6,
        "the weights stand for all answers: {weights}"
    );
}

#[test]
fn a_session_goes_on_where_it_was_left_and_one_step_back_is_one_step_back() {
    let world = world(10);
    let plan = Plan {
        budget: 8,
        ..Plan::default()
    };
    let log = Log::open(&*world.store);
    let mut session = sit(&world, &plan, "ana");
    let total = session.progress().total;
    let first = session.step().unwrap().item.subject.clone();
    for at in 0..3 {
        let record = session.answer(&json!("up"), at, None).unwrap().unwrap();
        let kept = log.append(record).unwrap().record;
        session.kept(kept);
    }
    let third = session.undo(9).unwrap();
    assert_eq!(third.state, State::Withdrawn);
    log.append(third.clone()).unwrap();
    session.undone();
    assert_eq!(session.step().unwrap().item.subject.case, third.case);
    assert_eq!(
        (session.progress().done, session.progress().total),
        (2, total)
    );
    // The next day: two are done, and the one that was taken back is asked first.
    let next = sit(&world, &plan, "ana");
    assert_eq!((next.progress().done, next.progress().total), (2, total));
    assert_eq!(next.step().unwrap().item.subject.case, third.case);
    assert_ne!(next.step().unwrap().item.subject, first);
    // A word on it anew is an edit of what was taken back.
    let again = next.answer(&json!("down"), 20, None).unwrap().unwrap();
    assert!(log.append(again).unwrap().record.replaces.is_some());
}

#[test]
fn drafts_come_again_with_what_they_held_and_discards_do_not_come_again() {
    let world = world(6);
    let plan =
        plan("questions: [{name: faults, kind: multi-label, options: [wrong, long]}]\nbudget: 4");
    let log = Log::open(&*world.store);
    let mut session = sit(&world, &plan, "ana");
    let draft = session.draft(&json!(["long"]), 1).unwrap().unwrap();
    let kept = log.append(draft).unwrap().record;
    session.kept(kept.clone());
    let discarded = session.discard(2, Some("empty question".into())).unwrap();
    let discarded = log.append(discarded).unwrap().record;
    session.kept(discarded.clone());
    let mut next = sit(&world, &plan, "ana");
    assert_eq!(next.progress().done, 1);
    while next.step().unwrap().draft.is_none() {
        let item = next.step().unwrap().item;
        assert_ne!(
            (&item.subject.case, &item.a.bot),
            (&discarded.case, &discarded.bot)
        );
        next.skip();
    }
    assert_eq!(next.step().unwrap().draft.unwrap().value, json!(["long"]));
    let done = next
        .answer(&json!(["long", "wrong"]), 3, None)
        .unwrap()
        .unwrap();
    let done = log.append(done).unwrap().record;
    assert_eq!(done.replaces, Some(kept.id));
    assert_eq!(done.value, json!(["wrong", "long"]));
}

#[test]
fn pairs_are_shown_in_either_order_and_kept_as_they_are() {
    let world = world(40);
    let plan = plan("questions: [{name: better, kind: pairwise}]\nbudget: 46");
    let mut session = sit(&world, &plan, "ana");
    let log = Log::open(&*world.store);
    let mut orders = BTreeSet::new();
    while let Some(step) = session.step() {
        orders.insert(step.swapped);
        // The rater always takes the one in capitals, wherever it stands.
        let shown = if step.swapped { "a" } else { "b" };
        let record = session.answer(&json!(shown), 1, None).unwrap().unwrap();
        assert_eq!(
            (
                record.bot.as_str(),
                record.against.as_ref().unwrap().bot.as_str()
            ),
            ("a", "b")
        );
        assert_eq!(record.value, json!("b"));
        let kept = log.append(record).unwrap().record;
        session.kept(kept);
    }
    assert_eq!(orders.len(), 2);
}

#[test]
fn one_rater_labels_twenty_again_without_seeing_what_they_said() {
    let world = world(30);
    let plan = plan("budget: 46\nblind: false");
    label(&world, &mut sit(&world, &plan, "ana"), |_| "up");
    let again = || {
        Session::again(
            work(&world, &plan),
            plan.clone(),
            "ana",
            &everything(&world),
            20,
            7,
        )
    };
    let mut session = again();
    assert_eq!(session.progress().total, 20);
    assert!(session.step().unwrap().blind);
    label(&world, &mut session, |_| "up");
    assert!(again().step().is_none());
    let records = Log::open(&*world.store)
        .current(&Filter::default())
        .unwrap();
    assert_eq!(records.iter().filter(|r| r.round == 2).count(), 20);
}

#[test]
fn what_users_thumbed_down_is_asked_first_and_is_no_label() {
    let world = world(60);
    let log = Log::open(&*world.store);
    for case in 0..3 {
        let thumb = Record {
            at: 1,
            run: world.run.clone(),
            case: format!("c{case}"),
            bot: "a".into(),
            rater: format!("user {case}"),
            source: Source::Implicit,
            question: "thumb".into(),
            value: "down".into(),
            ..Record::default()
        };
        log.append(thumb).unwrap();
    }
    let plan = Plan {
        budget: 20,
        ..Plan::default()
    };
    let chosen = work(&world, &plan);
    let down: BTreeSet<_> = chosen
        .items
        .iter()
        .filter(|item| item.reason == Reason::Thumbs)
        .map(|item| item.subject.case.as_str())
        .collect();
    assert!(
        !down.is_empty() && down.iter().all(|case| ["c0", "c1", "c2"].contains(case)),
        "{down:?}"
    );
    // It was chosen once: what users say later does not change it.
    let late = Record {
        at: 2,
        run: world.run.clone(),
        case: "c50".into(),
        bot: "b".into(),
        rater: "late".into(),
        source: Source::Implicit,
        question: "thumb".into(),
        value: "down".into(),
        ..Record::default()
    };
    log.append(late).unwrap();
    assert_eq!(work(&world, &plan), chosen);
    assert_eq!(sit(&world, &plan, "ana").progress().done, 0);
}

#[test]
fn whether_a_case_teaches_is_the_split_of_honing() {
    let world = world(12);
    for salt in ["botsmith", "another"] {
        let plan = Plan {
            split: Split::new(salt),
            ..Plan::default()
        };
        let mut session = sit(&world, &plan, "ana");
        let mut teach = BTreeSet::new();
        for _ in 0..session.progress().total {
            let step = session.step().unwrap();
            let case = &step.item.subject.case;
            assert_eq!(step.teaches, plan.split.of_key(case).teaches(), "{case}");
            teach.insert(step.teaches);
            session.skip();
        }
        assert_eq!(teach.len(), 2, "some teach and some do not");
    }
    let suite = "hone: {salt: another}\nfeedback: {budget: 3}";
    let plan = Plan::of_suite(&Text::new("suite.yaml", suite)).unwrap();
    assert_eq!(plan.split, Split::new("another"));
}

#[test]
fn a_plan_that_names_what_the_run_does_not_have_is_refused() {
    let world = world(4);
    for (block, wanted) in [("by: knd", "kind"), ("judge: token-f2", "token-f1")] {
        let plan = plan(block);
        let error = Work::of_run(&world.open(), &plan, &Log::open(&*world.store), 7).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

/// How many labels there are, and how many answers have more than two.
fn counted(world: &World) -> (usize, usize) {
    let records = Log::open(&*world.store)
        .current(&Filter::default())
        .unwrap();
    let mut units: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for record in &records {
        *units.entry(record.unit()).or_default() += 1;
    }
    (records.len(), units.values().filter(|n| **n > 2).count())
}

#[test]
fn three_raters_give_as_many_labels_as_the_budget_has_and_two_to_an_answer_at_most() {
    let world = world(60);
    let plan = plan("budget: 22\ndouble: 0.5");
    for rater in ["ana", "ben", "cleo"] {
        label(&world, &mut sit(&world, &plan, rater), |_| "up");
    }
    // 14 answers, 7 of them twice.
    assert_eq!(counted(&world), (21, 0));
}

#[test]
fn raters_whom_the_suite_names_share_the_work_and_the_pairs() {
    let world = world(60);
    let plan = plan("budget: 46\ndouble: 0.5\nraters: [ana, ben, cleo]");
    // All sit down before anybody has said anything, and take turns.
    let mut sessions = ["ana", "ben", "cleo"].map(|rater| sit(&world, &plan, rater));
    let log = Log::open(&*world.store);
    let mut asked = true;
    while asked {
        asked = false;
        for session in &mut sessions {
            session.catch_up(&log).unwrap();
            let Some(record) = session.answer(&json!("up"), 1, None).unwrap() else {
                continue;
            };
            let kept = log.append(record).unwrap().record;
            session.kept(kept);
            asked = true;
        }
    }
    // 30 answers, 15 of them twice.
    assert_eq!(counted(&world), (45, 0));
    let records = log.current(&Filter::default()).unwrap();
    let mut pairs: BTreeSet<(String, String)> = BTreeSet::new();
    for rater in ["ana", "ben", "cleo"] {
        assert_eq!(
            records.iter().filter(|r| r.rater == rater).count(),
            15,
            "{rater}"
        );
        for (a, b) in records
            .iter()
            .flat_map(|a| records.iter().map(move |b| (a, b)))
        {
            if a.rater == rater && b.rater != rater && a.unit() == b.unit() {
                pairs.insert((rater.into(), b.rater.clone()));
            }
        }
    }
    assert_eq!(
        pairs.len(),
        6,
        "everybody shares answers with everybody: {pairs:?}"
    );
}

#[test]
fn who_comes_first_leaves_to_the_others_what_they_label_twice_and_may_do_the_rest() {
    let world = world(60);
    let plan = plan("budget: 46\ndouble: 0.5\nraters: [ana, ben, cleo]");
    let seen: Vec<usize> = ["ana", "ben", "cleo"]
        .map(|rater| label(&world, &mut sit(&world, &plan, rater), |_| "up").len())
        .to_vec();
    assert_eq!(
        seen,
        [25, 10, 10],
        "15 answers once, and two thirds of 15 twice"
    );
    assert_eq!(counted(&world), (45, 0));
}

#[test]
fn what_others_label_meanwhile_is_not_asked_and_what_they_take_back_is() {
    let world = world(10);
    let plan = plan("budget: 12\ndouble: 0.1");
    let log = Log::open(&*world.store);
    let (mut ana, mut ben) = (sit(&world, &plan, "ana"), sit(&world, &plan, "ben"));
    let total = ana.progress().total;
    let record = ben.answer(&json!("up"), 1, None).unwrap().unwrap();
    let double = ben.step().unwrap().item.double;
    let kept = log.append(record).unwrap().record;
    ben.kept(kept);
    ana.catch_up(&log).unwrap();
    assert_eq!(ana.progress().total, total - usize::from(!double));
    let next = sit(&world, &plan, "ana").progress().total;
    assert_eq!(next, ana.progress().total);
    log.append(ben.undo(2).unwrap()).unwrap();
    assert_eq!(sit(&world, &plan, "ana").progress().total, total);
}

#[test]
fn after_the_guidelines_are_mended_every_answer_is_asked_again_and_the_new_word_counts() {
    let world = world(20);
    let path = world.file("asks.yaml", "feedback: {budget: 12, double: 0.1}\n");
    let sitting = |guidelines: &str| {
        let block = format!(
            "feedback: {{budget: 12, double: 0.1, questions: [{{kind: thumb, name: verdict, guidelines: {guidelines}}}]}}\n"
        );
        std::fs::write(&path, block).unwrap();
        let sitting = Sitting {
            run: world.run.clone(),
            rater: "ana".into(),
            suite: Some(path.clone()),
            ..Sitting::default()
        };
        sitting.session(&*world.store).unwrap()
    };
    let labels = label(&world, &mut sitting("Be kind."), |_| "up").len();
    let again = sitting("Be kind.");
    assert_eq!(
        (again.progress().done, again.progress().total),
        (labels, labels)
    );
    let mut mended = sitting("Be strict.");
    assert_eq!(
        (mended.progress().done, mended.progress().total),
        (0, labels)
    );
    label(&world, &mut mended, |_| "down");
    let log = Log::open(&*world.store);
    let now = log.current(&Filter::default()).unwrap();
    assert_eq!(now.len(), labels, "a word on the same answer is an edit");
    assert!(
        now.iter()
            .all(|record| record.value == "down" && record.replaces.is_some())
    );
    assert_eq!(log.all(&Filter::default()).unwrap().len(), 2 * labels);
    // How lines are broken changes nothing.
    assert_eq!(sitting("\"Be\\n  strict.\"").progress().done, labels);
    assert_eq!(
        sitting("Be kind.").progress().done,
        0,
        "the first words have no label now"
    );
}

#[test]
fn a_record_that_does_not_know_its_words_goes_by_its_runs_suite() {
    let world = world(4);
    let said = Record {
        run: world.run.clone(),
        question: "verdict".into(),
        value: "up".into(),
        ..Record::default()
    };
    let mended = plan("guidelines: Be strict.");
    let holds =
        |plan: &Plan, record: &Record| Wordings::new(&*world.store, plan).holds(record).unwrap();
    assert!(
        holds(&Plan::default(), &said),
        "the run's suite asks the usual question"
    );
    assert!(!holds(&mended, &said));
    let lost = Record {
        run: "gone".into(),
        ..said.clone()
    };
    assert!(holds(&mended, &lost), "nobody knows, and it counts");
    let split = Wordings::new(&*world.store, &mended)
        .split(vec![said, lost.clone()])
        .unwrap();
    assert_eq!((split.records, split.reworded["verdict"]), (vec![lost], 1));
}
