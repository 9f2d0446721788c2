//! A suite: bots x dataset x evaluators x gate, one YAML file, format v1.
//!
//! [`Suite::load`] reads and checks all of it before anything runs: every error names file, line,
//! column and field, and the nearest valid word. The format is documented in `docs/src/suite.md`,
//! and as JSON Schema by [`schema`].

mod bot;
mod gate;
mod hone;
pub(crate) mod live;
mod matrix;
mod overrides;
mod reports;
mod schema;
mod slice;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use botsmith_core::digest::Digest;
use botsmith_core::yaml::{Cursor, Fields, Node, Source, Value as Yaml, parse};

use crate::Result;
use crate::dataset::{DataSource, DatasetSpec, Files};
use crate::evaluators::{Configured, Panel, Registry};
use crate::extract::Extract;
use crate::feedback::Plan;
use crate::run::Manifest;

pub use bot::{BotAnswers, BotSpec};
pub use gate::{Bound, GateRule, Limits, Measure};
pub use hone::HoneSpec;
pub use live::{BotSource, LiveBot};
pub use overrides::Overrides;
pub use reports::Reports;
pub use schema::schema;
pub use slice::Slice;

/// A suite file may have this many bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Answers of one bot to one case at most: all answers of a case are in memory at once.
pub const MAX_REPEATS: usize = 10_000;

/// A suite, read and checked.
#[derive(Debug)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The file that it came from.
    pub path: PathBuf,
    /// Its text, as read.
    pub text: String,
    /// Where cases come from.
    pub dataset: DatasetSpec,
    /// What answers.
    pub bots: Vec<BotSpec>,
    /// What judges.
    pub panel: Panel,
    /// Groups of cases to report by.
    pub slices: Vec<Slice>,
    /// What must hold.
    pub gate: Vec<GateRule>,
    /// How its bots are honed.
    pub hone: HoneSpec,
    /// Answers a case and bot; `None`: as many as are recorded.
    pub repeat: Option<usize>,
    /// Seed of everything random.
    pub seed: u64,
    /// Report files to write.
    pub reports: Reports,
    /// What people are asked about the answers; `None`: the suite does not say.
    pub feedback: Option<Plan>,
    /// What makes this suite's judgements what they are, as canonical JSON: every key but
    /// `report` and `feedback`, overrides included.
    pub(crate) identity: serde_json::Value,
}

impl Suite {
    /// Reads a suite file with the built-in evaluators.
    ///
    /// # Errors
    /// If the file cannot be read or anything in it is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, &Registry::builtin(), &Overrides::default())
    }

    /// Reads a suite file with evaluators of your own and overrides from a command line.
    ///
    /// # Errors
    /// If the file cannot be read or anything in it is wrong.
    pub fn load_with(
        path: impl AsRef<Path>,
        registry: &Registry,
        overrides: &Overrides,
    ) -> Result<Self> {
        Self::read(
            &Source::read(path.as_ref(), MAX_BYTES)?,
            registry,
            overrides,
        )
    }

    /// Reads a suite from text; relative paths in it are relative to the source's folder.
    ///
    /// ```
    /// use botsmith_core::yaml::Source;
    /// use botsmith_eval::{evaluators::Registry, suite::{Overrides, Suite}};
    /// let text = "
    /// version: 1
    /// dataset: [{input: '2 + 2?', reference: '4', said: 'It is 4.'}]
    /// bots: [{name: adder, recorded: {answer: /said}}]
    /// evaluators: [number-equals]
    /// ";
    /// let source = Source::new("suite.yaml", text);
    /// let suite = Suite::read(&source, &Registry::builtin(), &Overrides::default())?;
    /// assert_eq!(suite.bots[0].name, "adder");
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    ///
    /// # Errors
    /// If anything in it is wrong.
    pub fn read(source: &Source, registry: &Registry, overrides: &Overrides) -> Result<Self> {
        Self::read_files(source, registry, overrides, Files::MustExist)
    }

    /// The suite that a stored run was made with; its data files need not be there any more.
    ///
    /// # Errors
    /// If this build reads the stored text differently.
    pub fn stored(source: &Source, registry: &Registry, run: &Manifest) -> Result<Self> {
        let overrides = Overrides::of(&run.identity["suite"]["overrides"]);
        let mut suite = Self::read_files(source, registry, &overrides, Files::MayBeGone)?;
        // A run of a honing is of one bot, which the suite may not even name, and no gate decides over it.
        suite.bots = run
            .bots
            .iter()
            .map(|name| bot::of_run(&suite.bots, name))
            .collect();
        if run.identity["suite"]["gate"].is_null() {
            suite.gate.clear();
        }
        Ok(suite)
    }

    fn read_files(
        source: &Source,
        registry: &Registry,
        overrides: &Overrides,
        files: Files,
    ) -> Result<Self> {
        let root = parse(source)?;
        let top = Cursor::new(source, &root);
        if top.is_null() {
            return Err(source
                .diagnostic(root.mark, "the suite is empty")
                .hint("`botsmith init` makes a suite to start from")
                .into());
        }
        let fields = top.fields()?;
        check_version(&fields)?;
        let base = source.path().parent().unwrap_or(Path::new(""));
        let name = match fields.get("name") {
            Some(name) => name.name()?.to_owned(),
            None => file_stem(source.path()),
        };
        let mut dataset = DatasetSpec::read(&fields.required("dataset")?, base, files)?;
        let matrix = fields.get("matrix");
        let mut bots = match (fields.get("bots"), &matrix) {
            (None, Some(_)) => Vec::new(),
            _ => bot::read_all(&fields.required("bots")?, base, &dataset, files)?,
        };
        if let Some(at) = &matrix {
            matrix::read(at, base, &dataset, &mut bots)?;
        }
        let extract = match fields.get("extract") {
            Some(at) => Extract::read(&at)?,
            None => Extract::default(),
        };
        let evaluators = fields.required("evaluators")?;
        if matches!(&evaluators.node().value, Yaml::Seq(items) if items.is_empty()) {
            return Err(evaluators
                .diagnostic("the list is empty: nothing would be judged")
                .hint("`botsmith metric --list` names what there is, `equals` say")
                .into());
        }
        let panel = Panel::read(&evaluators, registry, &extract)?;
        let names: Vec<_> = bots.iter().map(|bot| bot.name.as_str()).collect();
        for asks in panel.evaluators().iter().filter_map(Configured::asks) {
            asks.check(&names)?;
        }
        let slices = slice::read_all(fields.get("slices").as_ref(), dataset.source.format())?;
        let gate = gate::read_all(fields.get("gate").as_ref(), &bots, &panel, &slices)?;
        let hone = HoneSpec::read(fields.get("hone").as_ref(), &panel)?;
        let repeat = fields.get("repeat").map(|at| repeats(&at)).transpose()?;
        let seed = fields
            .get("seed")
            .map(|at| at.count())
            .transpose()?
            .unwrap_or(0) as u64;
        let reports = Reports::read(fields.get("report").as_ref(), base)?;
        let feedback = match fields.get("feedback") {
            Some(at) => {
                let slices: Vec<_> = slices.iter().map(|slice| slice.name.clone()).collect();
                let metrics: Vec<_> = panel
                    .evaluators()
                    .iter()
                    .map(|e| e.name().to_owned())
                    .collect();
                let mut plan = Plan::read(&at, Some((&slices, &metrics)))?;
                plan.split = hone.split.clone();
                Some(plan)
            }
            None => None,
        };
        fields.finish()?;
        settle_variables(&mut dataset, &bots, &slices, &root);
        let mut suite = Self {
            name,
            path: source.path().to_owned(),
            text: source.text().to_owned(),
            dataset,
            bots,
            panel,
            slices,
            gate,
            hone,
            repeat,
            seed,
            reports,
            feedback,
            identity: identity(&root),
        };
        if files == Files::MustExist
            && let Some((key, message)) = suite.reports.clash(&suite.inputs())
            && let Some(report) = top.fields()?.get("report")
        {
            let at = report.fields()?.get(key).unwrap_or_else(|| report.clone());
            return Err(at.diagnostic(message).hint("name another file").into());
        }
        overrides.apply(&mut suite)?;
        Ok(suite)
    }

    /// The files that it is judged from, and what each is.
    pub(crate) fn inputs(&self) -> Vec<(String, PathBuf)> {
        let mut inputs = vec![("the suite itself".to_owned(), self.path.clone())];
        if let DataSource::File { path, .. } = &self.dataset.source {
            inputs.push(("the suite's dataset".to_owned(), path.clone()));
        }
        for bot in &self.bots {
            let source = bot.recorded().and_then(|recorded| recorded.source.as_ref());
            if let Some(DataSource::File { path, .. }) = source {
                let what = format!("the file of {}'s recorded answers", bot.name);
                inputs.push((what, path.clone()));
            }
        }
        inputs
    }

    /// blake3 of the suite's text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

fn check_version(fields: &Fields<'_>) -> Result<()> {
    let version = fields.required("version")?;
    match version.node().value {
        Yaml::Int(1) => Ok(()),
        Yaml::String(ref text) if text == "1" => Err(version
            .error("expected the number 1, found text: take off the quotes")
            .into()),
        _ => Err(version
            .diagnostic(format!(
                "suite format version {} is not known",
                version.node().text().unwrap_or("?")
            ))
            .hint("this build reads `version: 1`")
            .into()),
    }
}

fn file_stem(path: &Path) -> String {
    path.file_stem().map_or_else(
        || "suite".into(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

fn repeats(at: &Cursor<'_>) -> Result<usize> {
    match at.count()? {
        0 => Err(at.error("must be 1 or more").into()),
        n if n > MAX_REPEATS => Err(at
            .diagnostic(format!(
                "{n} answers a case and bot are more than {MAX_REPEATS}"
            ))
            .hint("more cases say more than more answers to the same ones")
            .into()),
        n => Ok(n),
    }
}

/// Decides which top-level fields of a row become variables: not those that hold answers (they
/// would be stored twice) nor those that are elsewhere in the case, unless a template names them.
fn settle_variables(dataset: &mut DatasetSpec, bots: &[BotSpec], slices: &[Slice], root: &Node) {
    for recorded in bots.iter().filter_map(BotSpec::recorded) {
        if recorded
            .source
            .as_ref()
            .is_none_or(|source| source.same_file(&dataset.source))
        {
            for key in recorded.fields.roots() {
                dataset.mapping.drop_key(key);
            }
        }
    }
    let mut words = BTreeSet::new();
    template_words(root, false, &mut words);
    words.extend(
        slices
            .iter()
            .filter_map(|slice| slice.root().map(str::to_owned)),
    );
    for word in &words {
        dataset.mapping.keep_key(word);
    }
}

/// Every word inside a template or an expression, or named by `from:`.
fn template_words(node: &Node, expression: bool, words: &mut BTreeSet<String>) {
    match &node.value {
        Yaml::String(text) if expression || text.contains("{{") || text.contains("{%") => {
            let split = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
            words.extend(
                text.split(split)
                    .filter(|w| !w.is_empty())
                    .map(str::to_owned),
            );
            // `a-b` may be one key or a subtraction.
            words.extend(
                text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .map(str::to_owned),
            );
        }
        Yaml::Seq(items) => items
            .iter()
            .for_each(|item| template_words(item, expression, words)),
        Yaml::Map(entries) => {
            for entry in entries {
                let expression =
                    matches!(entry.key.as_str(), "when" | "filter" | "from" | "choices");
                template_words(&entry.value, expression, words);
            }
        }
        _ => {}
    }
}

/// The suite as JSON without the keys that do not change a judgement.
fn identity(root: &Node) -> serde_json::Value {
    let mut json = root.to_json();
    if let Some(object) = json.as_object_mut() {
        object.remove("report");
        object.remove("hone");
        // What people are asked changes no score, and may be asked of answers that are there.
        object.remove("feedback");
    }
    json
}
