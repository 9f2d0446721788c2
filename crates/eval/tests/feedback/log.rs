//! The log: nothing is lost, nothing is said twice, edits are new records.

use botsmith_core::store;
use botsmith_eval::feedback::{Against, Filter, Log, Record, Source, State};

fn said(at: u64, case: &str, rater: &str, value: &str) -> Record {
    Record {
        at,
        run: "r".into(),
        case: case.into(),
        bot: "a".into(),
        rater: rater.into(),
        question: "verdict".into(),
        value: value.into(),
        ..Record::default()
    }
}

#[test]
fn edits_are_new_records_and_the_log_keeps_all_of_them() {
    let store = store::open("memory:").unwrap();
    let log = Log::open(&*store);
    let first = log.append(said(1, "c", "ana", "up")).unwrap().record;
    let other = log.append(said(2, "c", "ben", "up")).unwrap().record;
    let edit = Record {
        replaces: Some(first.id.clone()),
        ..said(3, "c", "ana", "down")
    };
    let edit = log.append(edit).unwrap().record;
    assert_eq!(
        log.current(&Filter::default()).unwrap(),
        [other.clone(), edit.clone()]
    );
    assert_eq!(
        log.all(&Filter::default()).unwrap(),
        [first.clone(), other.clone(), edit.clone()]
    );
    // What was replaced cannot be replaced again, nor can somebody else's word be.
    for replaces in [&first.id, &other.id] {
        let late = Record {
            replaces: Some(replaces.clone()),
            ..said(4, "c", "ana", "up")
        };
        let error = log.append(late).unwrap_err();
        assert_eq!(error.code(), "BS-EVAL-020");
        assert!(error.to_string().contains(&edit.id), "{error}");
    }
    // Taken back: nothing of ana's counts, and she may say it anew.
    let back = Record {
        state: State::Withdrawn,
        value: serde_json::Value::Null,
        ..said(5, "c", "ana", "")
    };
    log.append(back).unwrap();
    assert_eq!(log.current(&Filter::default()).unwrap(), [other]);
    log.append(said(6, "c", "ana", "up")).unwrap();
    assert_eq!(log.current(&Filter::default()).unwrap().len(), 2);
    assert_eq!(log.all(&Filter::default()).unwrap().len(), 5);
}

#[test]
fn records_of_another_store_may_replace_what_is_not_here() {
    let store = store::open("memory:").unwrap();
    let log = Log::open(&*store);
    let edit = |at, value: &str| Record {
        replaces: Some("elsewhere".into()),
        ..said(at, "c", "ana", value)
    };
    assert!(log.append(edit(1, "up")).is_err());
    let first = log.import(edit(1, "up")).unwrap().record;
    assert_eq!(first.replaces, None);
    let second = log.import(edit(2, "down")).unwrap().record;
    assert_eq!(second.replaces, Some(first.id));
    assert_eq!(log.current(&Filter::default()).unwrap(), [second]);
}

#[test]
fn the_same_record_twice_is_one_record() {
    let store = store::open("memory:").unwrap();
    let log = Log::open(&*store);
    assert!(log.append(said(1, "c", "ana", "up")).unwrap().new);
    assert!(!log.append(said(1, "c", "ana", "up")).unwrap().new);
    let own = Record {
        id: "from-elsewhere".into(),
        ..said(1, "d", "ana", "up")
    };
    assert!(log.append(own.clone()).unwrap().new);
    assert!(!log.append(own).unwrap().new);
    assert_eq!(log.all(&Filter::default()).unwrap().len(), 2);
}

#[test]
fn drafts_discards_and_implicit_thumbs_do_not_count() {
    let store = store::open("memory:").unwrap();
    let log = Log::open(&*store);
    let with = |state, source| Record {
        state,
        source,
        ..said(1, &format!("{state:?}{source:?}"), "ana", "up")
    };
    for record in [
        with(State::Draft, Source::Expert),
        with(State::Discarded, Source::Expert),
        with(State::Submitted, Source::Implicit),
        with(State::Submitted, Source::User),
    ] {
        log.append(record).unwrap();
    }
    let mut filter = Filter::default();
    let current = log.current(&filter).unwrap();
    assert_eq!(current.len(), 2);
    assert_eq!(current.iter().filter(|r| r.counts()).count(), 1);
    filter.every_state = true;
    assert_eq!(log.current(&filter).unwrap().len(), 4);
}

#[test]
fn filters_find_what_was_said_of_the_other_of_a_pair() {
    let store = store::open("memory:").unwrap();
    let log = Log::open(&*store);
    let pair = Record {
        against: Some(Against {
            bot: "b".into(),
            ..Against::default()
        }),
        ..said(1, "c", "ana", "a")
    };
    log.append(pair).unwrap();
    log.append(said(2, "d", "ben", "up")).unwrap();
    for (field, value, wanted) in [
        ("bot", "b", 1),
        ("bot", "a", 2),
        ("rater", "ben", 1),
        ("case", "c", 1),
        ("run", "other", 0),
        ("question", "verdict", 2),
    ] {
        let mut filter = Filter::default();
        let value = Some(value.to_owned());
        match field {
            "bot" => filter.bot = value,
            "rater" => filter.rater = value,
            "case" => filter.case = value,
            "run" => filter.run = value,
            _ => filter.question = value,
        }
        assert_eq!(log.current(&filter).unwrap().len(), wanted, "{filter:?}");
    }
}

#[test]
fn records_that_lack_what_they_are_about_are_refused() {
    let store = store::open("memory:").unwrap();
    let log = Log::open(&*store);
    let whole = || said(1, "c", "ana", "up");
    for (record, wanted) in [
        (
            Record {
                case: String::new(),
                ..whole()
            },
            "no case",
        ),
        (
            Record {
                rater: " ".into(),
                ..whole()
            },
            "no rater",
        ),
        (
            Record {
                value: serde_json::Value::Null,
                ..whole()
            },
            "no value",
        ),
        (
            Record {
                probability: Some(0.0),
                ..whole()
            },
            "above 0",
        ),
        (
            Record {
                comment: Some("x".repeat(5 << 20)),
                ..whole()
            },
            "bytes",
        ),
        (
            Record {
                replaces: Some("gone".into()),
                ..whole()
            },
            "no record `gone`",
        ),
    ] {
        let error = log.append(record).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    assert!(log.all(&Filter::default()).unwrap().is_empty());
}

#[test]
fn writers_at_once_lose_nothing_and_leave_one_latest_word() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("s.db").display());
    let store = store::open(&url).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                let log = Log::open(&**store);
                for i in 0..10 {
                    log.append(said(writer * 100 + i, "c", "ana", "up"))
                        .unwrap();
                }
            });
        }
    });
    let log = Log::open(&*store);
    assert_eq!(log.all(&Filter::default()).unwrap().len(), 40);
    assert_eq!(log.current(&Filter::default()).unwrap().len(), 1);
}
