//! A server that comes back with an older copy of its log while a step runs: the attempt that it has
//! forgotten is fenced, though the next one has the same count.

use std::path::Path;

use botsmith_core::store;
use botsmith_flow::{Beat, Claimant, Commit, Committed, FlowStore, Output, Plan, StepPlan};
use serde_json::json;

use super::world::Redis;

pub(crate) fn run() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    std::fs::create_dir(&data).unwrap();
    let mut server = Redis::start(&data, "always");
    let open = || FlowStore::open(store::open(&server.url()).unwrap()).unwrap();
    let flows = open();
    let step = StepPlan {
        key: "a".into(),
        ..StepPlan::default()
    };
    flows
        .start("r", "restore", &Plan::new(vec![step]).unwrap(), &json!({}))
        .unwrap();
    copy_all(&data, &copy);
    let claim = |flows: &FlowStore| {
        flows
            .claim(&Claimant::new([]), 1, 60_000)
            .unwrap()
            .remove(0)
    };
    let first = claim(&flows);
    drop(flows);
    server.kill();
    std::fs::remove_dir_all(&data).unwrap();
    copy_all(&copy, &data);
    server.again();
    let flows = FlowStore::open(store::open(&server.url()).unwrap()).unwrap();
    let second = claim(&flows);
    let mut violations = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            violations.push(format!("restore: {what}"));
        }
    };
    let (old, new) = (&first.held.token, &second.held.token);
    must(
        (old.epoch, old.counter) == (new.epoch, new.counter),
        "the counter did not go back: nothing was tried",
    );
    let beat = flows
        .heartbeat(std::slice::from_ref(&first.held), 60_000)
        .unwrap();
    must(
        beat == [Beat::Fenced],
        "the stale attempt's heartbeat was taken",
    );
    let late = flows
        .commit(&[Commit::new(&first, Output::Done(json!("stale")))])
        .unwrap();
    must(
        late == [Committed::Fenced],
        "the stale attempt's commit was stored",
    );
    let right = flows
        .commit(&[Commit::new(&second, Output::Done(json!("right")))])
        .unwrap();
    must(
        right == [Committed::Stored],
        "the attempt that holds the step could not commit",
    );
    must(
        flows.output("r", "a").unwrap() == Some(json!("right")),
        "another result is stored",
    );
    println!(
        "restore   an older log came back while a step ran: {} violations",
        violations.len()
    );
    violations
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &place),
            false => drop(std::fs::copy(entry.path(), place).unwrap()),
        }
    }
}
