//! A store with a run: two bots, some of whose answers differ, and a judge's scores.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use botsmith_core::store::{self, StateStore};
use botsmith_core::yaml::Source;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::feedback::Plan;
use botsmith_eval::run::{Runner, Runs, StoredRun};
use botsmith_eval::suite::{Overrides, Suite};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) run: String,
    folder: TempDir,
}

/// Runs a suite of so many cases c0, c1, …: the answers of `b` are those of `a` in capitals.
pub(crate) fn world(cases: usize) -> World {
    let folder = tempfile::tempdir().unwrap();
    let rows = (0..cases).fold(String::new(), |mut rows, i| {
        let kind = ["x", "y"][i % 2];
        writeln!(
            rows,
            r#"{{"id": "c{i}", "q": "what is {i}?", "r": "é number {i}", "a": "é number {}", "b": "É NUMBER {i}", "kind": "{kind}"}}"#,
            i / 2 * 2
        )
        .unwrap();
        rows
    });
    std::fs::write(folder.path().join("cases.jsonl"), rows).unwrap();
    let text = "version: 1
name: numbers
dataset: {path: cases.jsonl, id: /id, input: /q, reference: /r}
bots: [{name: a, recorded: {answer: /a}}, {name: b, recorded: {answer: /b}}]
evaluators: [token-f1, equals, {contains: number}]
slices: [/kind]
";
    let path = folder.path().join("suite.yaml");
    std::fs::write(&path, text).unwrap();
    let source = Source::read(&path, 1 << 20).unwrap();
    let suite = Suite::read(&source, &Registry::builtin(), &Overrides::default()).unwrap();
    let store = store::open("memory:").unwrap();
    let run = Runner::new(&*store).run(&suite).unwrap().report.run;
    World { store, run, folder }
}

impl World {
    pub(crate) fn open(&self) -> StoredRun<'_> {
        Runs::new(&*self.store).open(&self.run).unwrap()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// A plan from the inside of a `feedback:` block.
pub(crate) fn plan(inside: &str) -> Plan {
    read(inside).unwrap()
}

pub(crate) fn read(inside: &str) -> botsmith_eval::Result<Plan> {
    let block = inside
        .lines()
        .fold("feedback:\n".to_owned(), |mut block, line| {
            writeln!(block, "  {line}").unwrap();
            block
        });
    Plan::of_suite(&Source::new("suite.yaml", block))
}
