//! The text of a workflow file -> its steps, each key read with its place.
//!
//! What holds between steps is checked in `check.rs`, what stands in templates in `text.rs`, single keys in
//! `read/keys.rs`.

mod inputs;
mod inside;
mod keys;
mod notify;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use botsmith_core::Error as CoreError;
use botsmith_core::hint::shown;
use botsmith_core::yaml::{Cursor, Fields, Mark, Source, parse};
use serde_json::Value;

use super::check::{self, Named};
use super::kind::{Kind, Kinds, Type};
use super::place::{Place, wrong};
use super::text::{Never, Texts};
use super::{Files, Step, Work, Workflow, scan, sorted};
use crate::{Concurrency, Error, OnFailure, Result, Retry, RunIf};
use keys::{belongs, milliseconds, order, retry, step_name};

/// How deep workflows may stand in workflows, and steps in steps.
const DEPTH: usize = 8;

/// Reads a workflow; `chain` are the files that led here.
pub(super) fn workflow(
    source: &Source,
    kinds: &Kinds,
    files: &Files<'_>,
    chain: &[PathBuf],
) -> Result<Workflow> {
    let node = parse(source)?;
    let mut chain = chain.to_vec();
    chain.push(source.path().to_owned());
    let reader = Reader {
        kinds,
        files,
        chain,
        limits: RefCell::default(),
    };
    reader.workflow(&Cursor::new(source, &node)).map_err(coded)
}

/// An error of the shape of the file gets this crate's code.
fn coded(error: Error) -> Error {
    match error {
        Error::Core(CoreError::Invalid(diagnostic)) if diagnostic.code == "BS-CORE-001" => {
            CoreError::from(diagnostic.code("BS-FLOW-010")).into()
        }
        other => other,
    }
}

struct Reader<'r> {
    kinds: &'r Kinds,
    files: &'r Files<'r>,
    chain: Vec<PathBuf>,
    /// Concurrency keys with their limits.
    limits: RefCell<BTreeMap<String, u32>>,
}

/// Where a step stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spot {
    Steps,
    Finally,
    Inside(usize),
}

impl Reader<'_> {
    fn workflow(&self, at: &Cursor<'_>) -> Result<Workflow> {
        let fields = at.fields()?;
        let version = fields.required("version")?;
        if version.count()? != 1 {
            let message = format!(
                "version {} is not known, this build reads 1",
                version.count()?
            );
            return Err(version.error(message).into());
        }
        let name = fields.required("name")?;
        if name.name()?.len() > 200 || name.name()?.chars().any(char::is_control) {
            return Err(name.error("a name is one line of at most 200 bytes").into());
        }
        let inputs = fields
            .get("inputs")
            .map(|at| inputs::schema(&at))
            .transpose()?;
        let timeout_ms = fields
            .get("timeout")
            .map(|at| milliseconds(&at))
            .transpose()?;
        let notify = match fields.get("notify") {
            Some(at) => notify::notices(&at, inputs.as_ref())?,
            None => Vec::new(),
        };
        let steps = fields.required("steps")?;
        let mut named = self.named(&steps, Spot::Steps, inputs.as_ref())?;
        if named.is_empty() {
            return Err(steps.error("a workflow has at least one step").into());
        }
        if let Some(finally) = fields.get("finally") {
            named.extend(self.named(&finally, Spot::Finally, inputs.as_ref())?);
        }
        let name = name.name()?.to_owned();
        fields.finish()?;
        check::between(at.source(), &named, self.kinds)?;
        let (mut steps, mut finally) = (BTreeMap::new(), BTreeMap::new());
        for named in named {
            let all = if named.last { &mut finally } else { &mut steps };
            all.insert(named.name, named.step);
        }
        for step in finally.values_mut() {
            step.needs.extend(steps.keys().cloned());
        }
        Ok(Workflow {
            name,
            inputs,
            timeout_ms,
            notify,
            steps,
            finally,
        })
    }

    fn named(&self, at: &Cursor<'_>, spot: Spot, inputs: Option<&Value>) -> Result<Vec<Named>> {
        let fields = at.fields()?;
        let marks: Vec<(&str, Mark)> = fields.keys().collect();
        let steps = fields.entries().into_iter().zip(marks);
        steps
            .map(|((name, at), (_, mark))| {
                step_name(&at, name, mark)?;
                let mut texts = Texts {
                    inputs,
                    names: Vec::new(),
                    uses: Vec::new(),
                };
                let mut never = None;
                let step = self.step(&at, spot, &mut texts, &mut never)?;
                Ok(Named {
                    name: name.to_owned(),
                    mark,
                    step,
                    uses: texts.uses,
                    never,
                    last: spot == Spot::Finally,
                })
            })
            .collect()
    }

    /// Reads one step; `never` becomes the reason why it can never run, if that can be seen here.
    fn step(
        &self,
        at: &Cursor<'_>,
        spot: Spot,
        texts: &mut Texts<'_>,
        never: &mut Option<(Place, &'static str)>,
    ) -> Result<Step> {
        let fields = at.fields()?;
        let uses = fields.required("uses")?;
        let name = uses.name()?;
        let Some(kind) = self.kinds.get(name) else {
            let message = format!("no kind of step is called `{}`", shown(name));
            let known = || self.kinds.iter().map(Kind::name);
            let known: Vec<_> = known().collect();
            return Err(wrong(&uses, "BS-FLOW-013", message)
                .nearest(name, known)
                .into());
        };
        belongs(&fields, name)?;
        let run_if = order(&fields, spot, texts)?;
        let when = match fields.get("when") {
            None => None,
            Some(at) => {
                let condition = texts.expression(&at)?;
                let asked = run_if != RunIf::Done || matches!(spot, Spot::Inside(_));
                if let Some(why) = condition.never.filter(|why| *why == Never::False || !asked) {
                    *never = Some((Place::of(&at), why.why()));
                }
                Some(condition.text)
            }
        };
        let mut work = Work {
            when,
            timeout_ms: fields
                .get("timeout")
                .map(|at| milliseconds(&at))
                .transpose()?,
            ..Work::default()
        };
        self.with(&fields, kind, texts, &mut work)?;
        match name {
            "map" => work.each = Some(self.each(&fields, spot, texts)?),
            "loop" => work.repeat = Some(self.repeat(&fields, spot, texts)?),
            _ => {}
        }
        let nothing_fails = run_if == RunIf::Failed && texts.uses.is_empty();
        if nothing_fails && spot == Spot::Steps && never.is_none() {
            let at = fields.required("run-if")?;
            *never = Some((Place::of(&at), "it needs no step that could fail"));
        }
        let step = Step {
            uses: name.to_owned(),
            needs: texts.uses.iter().map(|used| used.step.clone()).collect(),
            work,
            retry: fields
                .get("retry")
                .map_or(Ok(Retry::default()), |at| retry(&at))?,
            run_if,
            on_failure: fields.get("on-failure").map_or(Ok(OnFailure::Fail), |at| {
                at.one_of(&[("fail", OnFailure::Fail), ("continue", OnFailure::Continue)])
            })?,
            priority: fields
                .get("priority")
                .map_or(Ok(5), |at| match at.count()? {
                    level @ 0..=9 => Ok(level as u8),
                    level => Err(at.error(format!("priority {level} is outside 0 to 9"))),
                })?,
            concurrency: fields
                .get("concurrency-key")
                .map(|at| self.concurrency(&at))
                .transpose()?,
            requires: kind
                .requirement()
                .into_iter()
                .chain(
                    fields
                        .get("requires")
                        .map_or(Ok(Vec::new()), |at| at.texts())?,
                )
                .collect(),
        };
        fields.finish()?;
        Ok(step)
    }

    /// Reads `with` against what the kind takes.
    fn with(
        &self,
        fields: &Fields<'_>,
        kind: &Kind,
        texts: &mut Texts<'_>,
        work: &mut Work,
    ) -> Result<()> {
        let with = fields.get("with");
        let given = match &with {
            Some(with) => with.fields()?.entries(),
            None => Vec::new(),
        };
        let secrets = kind.name() != "workflow";
        for (key, at) in &given {
            match kind.taken.iter().find(|taken| taken.name == *key) {
                Some(taken) => texts.value(at, taken.wants, secrets)?,
                None if kind.open => texts.value(at, Type::Any, secrets)?,
                None => {
                    let message = format!("`{}` takes no `{}`", kind.name(), shown(key));
                    let names: Vec<_> =
                        kind.taken.iter().map(|taken| taken.name.as_str()).collect();
                    return Err(wrong(at, "BS-FLOW-014", message).nearest(key, names).into());
                }
            }
        }
        let there = |name: &str| given.iter().any(|(key, at)| *key == name && !at.is_null());
        if let Some(lacking) = kind
            .taken
            .iter()
            .find(|taken| taken.required && !there(&taken.name))
        {
            let message = format!(
                "`{}` needs {} as `{}` under `with`",
                kind.name(),
                lacking.wants.word(),
                lacking.name
            );
            let at = with.as_ref().unwrap_or_else(|| fields.at());
            return Err(wrong(at, "BS-FLOW-014", message).into());
        }
        let Some(with) = with else {
            return Ok(());
        };
        work.with = sorted(with.node().to_json());
        if kind.name() == "workflow" {
            let below = self.below(&with.fields()?.required("path")?)?;
            inputs::given(&with, &below, texts)?;
            work.workflow = Some(Box::new(below));
        }
        Ok(())
    }

    /// A concurrency key has one limit, wherever it stands.
    fn concurrency(&self, at: &Cursor<'_>) -> Result<Concurrency> {
        let read = keys::concurrency(at)?;
        let mut limits = self.limits.borrow_mut();
        let limit = *limits.entry(read.key.clone()).or_insert(read.limit);
        if limit != read.limit {
            let key = shown(&read.key);
            let message = format!("`{key}` has limit {limit} above and {} here", read.limit);
            return Err(at.error(message).into());
        }
        Ok(read)
    }

    /// Reads the other workflow that `path` names.
    fn below(&self, at: &Cursor<'_>) -> Result<Workflow> {
        let fail = |message: String| Err(wrong(at, "BS-FLOW-020", message).into());
        let name = at.name()?;
        if scan::is_template(name) {
            return fail(
                "the path of a workflow is read before the run: no template may stand in it".into(),
            );
        }
        let folder = at.source().path().parent().unwrap_or_else(|| "".as_ref());
        let path = folder.join(name);
        if self.chain.contains(&path) || self.chain.len() >= DEPTH {
            let path = path.clone();
            let names = self
                .chain
                .iter()
                .chain([&path])
                .map(|path| format!("`{}`", path.display()));
            let names: Vec<_> = names.collect();
            return fail(format!("workflows go in a circle: {}", names.join(" -> ")));
        }
        match (self.files)(&path) {
            Ok(source) => workflow(&source, self.kinds, self.files, &self.chain),
            Err(error) => fail(format!("`{}` cannot be read: {error}", path.display())),
        }
    }
}
