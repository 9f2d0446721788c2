//! A folder with a bot, its suite and its cases, and a honing over them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use botsmith_core::config::{Config, Environment, MemoryFiles, Overrides as Flags};
use botsmith_core::store::{self, StateStore};
use botsmith_eval::Result;
use botsmith_eval::hone::{
    Examples, Honing, Means, Options, Parent, Proposer, Said, Search, Split, Use, bot_of,
};
use botsmith_eval::suite::Suite;
use botsmith_nanobots::Workshop;
use botsmith_nanobots::cartridge::Profile;
use serde_json::json;
use tempfile::TempDir;

/// Answers in dollars until an example shows that euros are wanted.
pub(crate) const LEARNER: &str = "\
# The price bot.
meta: {name: Prices, version: 1.0.0}
behaviors:
  interaction:
    directive: Say what it costs.   # short
provider:
  id: script
  settings:
    answers:
      - when: /price of (\\d+)/
        say: \"{{ match[1] }} {% if messages | length > 2 %}EUR{% else %}dollars{% endif %}\"
    otherwise: I do not know.
";

pub(crate) const SUITE: &str = "\
version: 1
name: prices
dataset: cases.jsonl
bots: [{name: prices, cartridge: prices.yml}]
evaluators: [equals]
";

pub(crate) struct Place {
    folder: TempDir,
    pub(crate) store: Arc<dyn StateStore>,
}

impl Place {
    /// A folder with the learner, `cases` cases and the suite.
    pub(crate) fn new(cases: usize) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            store: store::open("memory:").unwrap(),
        };
        let mut rows = String::new();
        for i in 0..cases {
            writeln!(
                rows,
                "{}",
                json!({"id": id(i), "input": question(i), "reference": right(i)})
            )
            .unwrap();
        }
        place.write("cases.jsonl", &rows);
        place.write("prices.yml", LEARNER);
        place.write("suite.yaml", SUITE);
        place
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.at(name), text).unwrap();
    }

    pub(crate) fn suite(&self) -> Suite {
        Suite::load(self.at("suite.yaml")).unwrap()
    }

    pub(crate) fn parent(&self) -> Parent {
        Parent::read(self.at("prices.yml"), Profile::Native).unwrap()
    }

    pub(crate) fn workshop(&self) -> Workshop {
        let environment = Environment::new(self.folder.path());
        let config =
            Config::load(&environment, &MemoryFiles::default(), &Flags::default()).unwrap();
        Workshop::new(environment, config)
    }

    /// Searches with what people said.
    pub(crate) fn search(
        &self,
        said: Vec<Said>,
        proposers: &[Box<dyn Proposer>],
        options: Options,
    ) -> Result<Search> {
        let (suite, workshop) = (self.suite(), self.workshop());
        let live = bot_of(&suite, "prices")?;
        let means = Means::new(&*self.store, &workshop);
        Honing::open(suite, live, self.parent(), said, means, options)?.search(proposers)
    }
}

pub(crate) fn id(i: usize) -> String {
    format!("case-{i}")
}

pub(crate) fn question(i: usize) -> String {
    let things = ["pears", "lamps", "chairs", "books", "tickets"];
    format!(
        "What is the price of {} {}?",
        i + 1,
        things[i % things.len()]
    )
}

pub(crate) fn right(i: usize) -> String {
    format!("{} EUR", i + 1)
}

/// Numbers of the cases of a use, of so many.
pub(crate) fn of(wanted: Use, cases: usize) -> Vec<usize> {
    let split = Split::default();
    (0..cases)
        .filter(|i| split.of_key(&id(*i)) == wanted)
        .collect()
}

/// A correction of each of these cases.
pub(crate) fn corrections(cases: &[usize]) -> Vec<Said> {
    cases
        .iter()
        .map(|i| Said::of(id(*i)).correction(right(*i)))
        .collect()
}

pub(crate) fn examples() -> Vec<Box<dyn Proposer>> {
    vec![Box::new(Examples)]
}
