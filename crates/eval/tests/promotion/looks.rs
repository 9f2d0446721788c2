//! Looks: taken before anything is compared, counted whoever takes them, each of one measure.

use std::sync::Barrier;

use botsmith_core::audit::Audit;
use botsmith_core::store::{MemoryStore, SqliteStore, StateStore};
use botsmith_eval::promotion::{Compared, GateSet, Looks, Measure, Rules, Verdict, alpha_at};
use botsmith_nanobots::versions::Versions;
use serde_json::json;

use super::{ada, cases, equals, take};

#[test]
fn looks_that_many_take_at_once_are_counted_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let set = GateSet::new("refunds", "salt", (0..40).map(|i: u32| i.to_string()));
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (path, set, start) = (&path, &set, &start);
            scope.spawn(move || {
                let store = SqliteStore::open(path).unwrap();
                start.wait();
                for i in 0..3 {
                    // The same variant from two threads is one look.
                    let variant = format!("variant-{}-{i}", thread / 2);
                    let rules = Rules::default();
                    take(&store, set, &variant, &rules).unwrap();
                }
            });
        }
    });
    let store = SqliteStore::open(&path).unwrap();
    let looks = Looks::new(&store).list(&set).unwrap();
    let numbers: Vec<_> = looks.iter().map(|look| look.k).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    for look in &looks {
        assert_eq!(look.alpha, alpha_at(0.05, look.k));
    }
    assert_eq!(Audit::new(&store).verify(None).unwrap().entries, 6);
}

#[test]
fn a_look_keeps_its_rules_and_its_first_verdict() {
    let store = MemoryStore::new();
    let (looks, set) = (Looks::new(&store), GateSet::new("refunds", "salt", ["a"]));
    let first = take(&store, &set, "variant", &Rules::default()).unwrap();
    let refused = Verdict::of(&cases(2, 4), &first, &[]).unwrap();
    looks.settle(&set, &first, &refused, &ada()).unwrap();
    let passed = Verdict::of(&cases(40, 0), &first, &[]).unwrap();
    looks.settle(&set, &first, &passed, &ada()).unwrap();
    // Asked again with a margin, and after a better result.
    let again = take(&store, &set, "variant", &Rules::default().margin(0.1)).unwrap();
    assert_eq!((again.k, again.rules.margin), (1, None));
    assert_eq!(again.verdict.unwrap()["decision"], "refused");
    // Against another bot in force it is another look.
    let measure = equals();
    let newer = Compared::new("variant", "newer bot", &measure);
    let other = looks.take(&set, newer, &Rules::default(), &ada()).unwrap();
    assert_eq!(other.k, 2);
    let actions: Vec<_> = Audit::new(&store).entries(0, 9).unwrap();
    let actions: Vec<_> = actions
        .iter()
        .map(|entry| entry.event.action.as_str())
        .collect();
    assert_eq!(actions, ["look", "gate", "look"]);
}

#[test]
fn a_verdict_is_of_one_metric_and_of_one_definition_of_its_evaluator() {
    let store = MemoryStore::new();
    let (looks, set) = (Looks::new(&store), GateSet::new("refunds", "salt", ["a"]));
    let first = take(&store, &set, "variant", &Rules::default()).unwrap();
    let passed = Verdict::of(&cases(40, 0), &first, &[]).unwrap();
    looks.settle(&set, &first, &passed, &ada()).unwrap();
    let others = [
        Measure::new("sevens", "equals"),
        Measure::new("equals", json!({"equals": {"ignore-case": true}})),
    ];
    for (k, measure) in (2..).zip(&others) {
        let compared = Compared::new("variant", "bot", measure);
        for _ in 0..2 {
            let look = looks
                .take(&set, compared, &Rules::default(), &ada())
                .unwrap();
            assert_eq!((look.k, &look.verdict), (k, &None), "{measure:?}");
            assert_eq!(look.alpha, alpha_at(0.05, k));
        }
    }
    let again = take(&store, &set, "variant", &Rules::default()).unwrap();
    assert_eq!(again.verdict.unwrap()["decision"], "passed");
}

#[test]
fn a_look_that_does_not_say_by_what_counts_and_is_nobodys_to_take_again() {
    let store = MemoryStore::new();
    let set = GateSet::new("refunds", "salt", ["a"]);
    take(&store, &set, "variant", &Rules::default()).unwrap();
    // As a store may hold it: the same look without its measure.
    let all = store.keys("audit", "looks/", None, 9).unwrap();
    let prefix = all[0].split("/set/").next().unwrap();
    let log = format!("{prefix}/log");
    let mut entry: serde_json::Value =
        serde_json::from_slice(&store.log("audit", &log, 0, 1).unwrap()[0]).unwrap();
    assert!(entry.as_object_mut().unwrap().remove("measure").is_some());
    let old = MemoryStore::new();
    let step =
        botsmith_core::store::Transaction::new().append(log, serde_json::to_vec(&entry).unwrap());
    let _ = old.transact("audit", step).unwrap();
    let look = take(&old, &set, "variant", &Rules::default()).unwrap();
    assert_eq!(look.k, 2);
    assert_eq!(look.measure, Some(equals()));
}

#[test]
fn alpha_is_stated_once_for_all_looks_at_the_same_cases() {
    let store = MemoryStore::new();
    let set = |cases: &[&str]| GateSet::new("refunds", "salt", cases);
    let looks = Looks::new(&store);
    assert_eq!(looks.alpha(&set(&["a"])).unwrap(), None);
    take(&store, &set(&["a"]), "one", &Rules::default()).unwrap();
    assert_eq!(looks.alpha(&set(&["a", "b"])).unwrap(), Some(0.05));
    let loose = Rules::default().alpha(0.45);
    let error = take(&store, &set(&["a", "b"]), "two", &loose).unwrap_err();
    assert!(
        error.to_string().contains("alpha is 0.45") && error.to_string().contains("stated 0.05"),
        "{error}"
    );
    assert_eq!(looks.taken(&set(&["a"])).unwrap(), 1, "no look was spent");
    // Fresh cases may be looked at by another one.
    assert_eq!(
        take(&store, &set(&["c"]), "two", &loose).unwrap().alpha,
        0.225
    );
}

#[test]
fn looks_end_when_there_is_nothing_left_to_spend() {
    let store = MemoryStore::new();
    let set = GateSet::new("refunds", "salt", ["a", "b"]);
    let take = |set: &GateSet, i: u32| take(&store, set, &i.to_string(), &Rules::default());
    for i in 0..20 {
        take(&set, i).unwrap();
    }
    let error = take(&set, 20).unwrap_err().to_string();
    assert!(error.contains("fresh cases"), "{error}");
    // A set with one of its cases is no fresh one, whatever its salt; another suite's is.
    assert!(take(&GateSet::new("refunds", "other", ["b", "c"]), 0).is_err());
    assert_eq!(
        take(&GateSet::new("refunds", "salt", ["c"]), 0).unwrap().k,
        1
    );
    assert_eq!(
        take(&GateSet::new("returns", "salt", ["a", "b"]), 0)
            .unwrap()
            .k,
        1
    );
}

#[test]
fn looks_and_versions_travel_with_the_audit_log() {
    let from = MemoryStore::new();
    let set = GateSet::new("refunds", "salt", ["a"]);
    let versions = Versions::of(&from, "bots/sum.yml");
    versions.adopt(b"meta: {version: 1.0.0}", &ada()).unwrap();
    take(&from, &set, "variant", &Rules::default()).unwrap();
    let (mut file, name) = (Vec::new(), std::path::Path::new("a.store"));
    botsmith_core::store::archive::export(&from, "audit", name, &mut file).unwrap();
    let to = MemoryStore::new();
    botsmith_core::store::archive::import(&to, name, &mut &file[..], false).unwrap();
    assert_eq!(Looks::new(&to).taken(&set).unwrap(), 1);
    assert_eq!(
        Versions::of(&to, "bots/sum.yml").pointer().unwrap(),
        versions.pointer().unwrap()
    );
    assert_eq!(
        Audit::new(&to as &dyn StateStore)
            .verify(None)
            .unwrap()
            .damage,
        None
    );
}
