//! The text of a workflow file -> its steps, each key read with its place.
//!
//! What holds between steps is checked in `check.rs`, what stands in templates in `text.rs`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use botsmith_core::Error as CoreError;
use botsmith_core::hint::shown;
use botsmith_core::yaml::{Cursor, Fields, Mark, Node, Source, Value as Yaml, parse};
use serde_json::{Map, Value};

use super::check::{self, Named};
use super::kind::{Kind, Kinds, Type};
use super::text::{Never, Place, Texts, Use, wrong};
use super::{Each, Files, Repeat, Step, Work, Workflow, scan, sorted, validator};
use crate::{Concurrency, Error, OnFailure, Result, Retry, RunIf};

/// How deep workflows may stand in workflows, and steps in steps.
const DEPTH: usize = 8;
/// The most attempts and iterations.
const MANY: usize = 1000;
/// The longest name of a step, in bytes.
const NAME: usize = 64;

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
        let inputs = fields.get("inputs").map(|at| inputs(&at)).transpose()?;
        let timeout_ms = fields
            .get("timeout")
            .map(|at| milliseconds(&at))
            .transpose()?;
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
            requires: fields
                .get("requires")
                .map_or(Ok(Vec::new()), |at| at.texts())?,
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
            inputs_of_below(&with, &below, texts)?;
            work.workflow = Some(Box::new(below));
        }
        Ok(())
    }

    /// A concurrency key has one limit, wherever it stands.
    fn concurrency(&self, at: &Cursor<'_>) -> Result<Concurrency> {
        let read = concurrency(at)?;
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

    fn each(&self, fields: &Fields<'_>, spot: Spot, texts: &mut Texts<'_>) -> Result<Each> {
        let over = fields.required("over")?;
        texts.value(&over, Type::List, false)?;
        let item = match fields.get("item") {
            None => "item".to_owned(),
            Some(at) => variable(&at)?,
        };
        let max_parallel = fields
            .get("max-parallel")
            .map(|at| count(&at))
            .transpose()?;
        let step = self.inner(fields, spot, texts, &[&item, "index"])?;
        Ok(Each {
            over: sorted(over.node().to_json()),
            item,
            max_parallel,
            step: Box::new(step),
        })
    }

    fn repeat(&self, fields: &Fields<'_>, spot: Spot, texts: &mut Texts<'_>) -> Result<Repeat> {
        let at_most = count(&fields.required("at-most")?)?;
        let until = fields.required("until")?;
        let names = texts.names.len();
        texts
            .names
            .extend(["output".to_owned(), "iteration".to_owned()]);
        let condition = texts.expression(&until)?;
        texts.names.truncate(names);
        let step = self.inner(fields, spot, texts, &["iteration", "previous"])?;
        Ok(Repeat {
            until: condition.text,
            at_most,
            step: Box::new(step),
        })
    }

    /// The step inside `map` or `loop`. What it reads is what the step around it needs.
    fn inner(
        &self,
        fields: &Fields<'_>,
        spot: Spot,
        texts: &mut Texts<'_>,
        names: &[&str],
    ) -> Result<Step> {
        let at = fields.required("step")?;
        let deep = if let Spot::Inside(deep) = spot {
            deep + 1
        } else {
            1
        };
        if deep > DEPTH {
            return Err(at
                .error(format!("steps stand at most {DEPTH} deep in steps"))
                .into());
        }
        let before = texts.names.len();
        texts
            .names
            .extend(names.iter().map(|name| (*name).to_owned()));
        let mut never = None;
        let step = self.step(&at, Spot::Inside(deep), texts, &mut never);
        texts.names.truncate(before);
        if let Some((place, why)) = never {
            return Err(check::unreachable(at.source(), &place, "the step inside", why).into());
        }
        Ok(Step {
            needs: BTreeSet::new(),
            ..step?
        })
    }
}

/// What a step of the graph says of its place in it.
fn order(fields: &Fields<'_>, spot: Spot, texts: &mut Texts<'_>) -> Result<RunIf> {
    if let Spot::Inside(_) = spot {
        for key in ["needs", "run-if", "on-failure"] {
            if let Some(at) = fields.get(key) {
                let message = format!("`{key}` belongs to the step around this one");
                return Err(at.error(message).into());
            }
        }
        return Ok(RunIf::Done);
    }
    if let Some(needs) = fields.get("needs") {
        for at in needs.items_or_self() {
            texts.uses.push(Use {
                step: at.name()?.to_owned(),
                place: Place::of(&at),
                wants: None,
                dashed: false,
            });
        }
    }
    let usual = if spot == Spot::Finally {
        RunIf::Always
    } else {
        RunIf::Done
    };
    let words = [
        ("done", RunIf::Done),
        ("failed", RunIf::Failed),
        ("always", RunIf::Always),
    ];
    Ok(fields
        .get("run-if")
        .map_or(Ok(usual), |at| at.one_of(&words))?)
}

/// Keys that only one kind has.
fn belongs(fields: &Fields<'_>, kind: &str) -> Result<()> {
    let owners: [(&'static str, &[&str]); 6] = [
        ("over", &["map"]),
        ("item", &["map"]),
        ("max-parallel", &["map"]),
        ("until", &["loop"]),
        ("at-most", &["loop"]),
        ("step", &["map", "loop"]),
    ];
    for (key, kinds) in owners {
        if let Some(at) = fields.get(key).filter(|_| !kinds.contains(&kind)) {
            let kinds = botsmith_core::hint::list(kinds.iter().copied());
            return Err(at
                .error(format!("`{key}` belongs to a step of kind {kinds}"))
                .into());
        }
    }
    Ok(())
}

/// Holds the inputs that a step gives to the other workflow against that workflow's schema.
fn inputs_of_below(with: &Cursor<'_>, below: &Workflow, texts: &mut Texts<'_>) -> Result<()> {
    let fields = with.fields()?;
    let given = fields.get("inputs");
    let at = given.as_ref().unwrap_or(with);
    if given
        .as_ref()
        .is_some_and(|at| matches!(at.node().value, Yaml::String(_)))
    {
        // One template for all of them: known only in the run.
        return Ok(());
    }
    let entries = match &given {
        Some(given) => given.fields()?.entries(),
        None => Vec::new(),
    };
    let none = Map::new();
    let schema = below.inputs.as_ref();
    let properties = schema
        .and_then(|schema| schema["properties"].as_object())
        .unwrap_or(&none);
    for (key, at) in &entries {
        match properties.get(*key) {
            Some(schema) => texts.value(at, Type::of_schema(schema), false)?,
            None if schema.is_some() && properties.is_empty() => {}
            None => {
                let message = format!("workflow `{}` has no input `{}`", below.name, shown(key));
                let names = properties.keys().map(String::as_str);
                return Err(wrong(at, "BS-FLOW-014", message).nearest(key, names).into());
            }
        }
    }
    let required = schema.and_then(|schema| schema["required"].as_array());
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !entries.iter().any(|(key, _)| *key == name) {
            let message = format!(
                "workflow `{}` needs the input `{}`",
                below.name,
                shown(name)
            );
            return Err(wrong(at, "BS-FLOW-014", message).into());
        }
    }
    Ok(())
}

fn step_name(at: &Cursor<'_>, name: &str, mark: Mark) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if first && name.len() <= NAME && name.chars().all(fits) {
        return Ok(());
    }
    let message = format!(
        "`{}` is no name of a step: 1 to {NAME} of a-z, A-Z, 0-9, `_` and `-`, the first no digit and no `-`",
        shown(name)
    );
    Err(at
        .source()
        .diagnostic(mark, message)
        .field(at.path())
        .into())
}

/// A name that templates can use.
fn variable(at: &Cursor<'_>) -> Result<String> {
    let name = at.name()?;
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let fits = first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits
        || name.len() > NAME
        || matches!(name, "inputs" | "steps" | "secret" | "index" | "loop")
    {
        let message = format!("`{}` cannot be the name of an item", shown(name));
        return Err(at
            .diagnostic(message)
            .hint("letters, digits and `_`, such as `row`")
            .into());
    }
    Ok(name.to_owned())
}

fn inputs(at: &Cursor<'_>) -> Result<Value> {
    at.fields()?;
    let schema = sorted(at.node().to_json());
    if let Err(error) = validator(&schema) {
        let place = error.instance_path().to_string();
        let (node, field) = find(at, &place);
        let message = format!("not a JSON Schema: {error}");
        let wrong = at.source().diagnostic(node.mark, message).field(field);
        return Err(wrong.code("BS-FLOW-017").into());
    }
    if schema.get("type").is_some_and(|kind| kind != "object") {
        let (node, field) = find(at, "/type");
        let wrong = at
            .source()
            .diagnostic(node.mark, "inputs are a mapping: `type: object`");
        return Err(wrong.field(field).code("BS-FLOW-017").into());
    }
    Ok(schema)
}

/// The node that a JSON Pointer leads to, as far as it does.
fn find<'a>(at: &Cursor<'a>, pointer: &str) -> (&'a Node, String) {
    let mut node = at.node();
    let mut field = at.path().to_owned();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let next = match &node.value {
            Yaml::Seq(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)),
            _ => node.get(&part),
        };
        let Some(next) = next else { break };
        node = next;
        field.extend([".", part.as_str()]);
    }
    (node, field)
}

fn milliseconds(at: &Cursor<'_>) -> Result<u64> {
    match u64::try_from(at.duration()?.as_millis()) {
        Ok(ms) if ms > 0 && ms < 1 << 52 => Ok(ms),
        _ => Err(at
            .error("expected a duration of 1 ms or more, below 100,000 years")
            .into()),
    }
}

fn count(at: &Cursor<'_>) -> Result<u32> {
    match at.count()? {
        count if (1..=MANY).contains(&count) => Ok(count as u32),
        count => Err(at.error(format!("{count} is outside 1 to {MANY}")).into()),
    }
}

fn retry(at: &Cursor<'_>) -> Result<Retry> {
    let fields = at.fields()?;
    let usual = Retry::default();
    let retry = Retry {
        max: count(&fields.required("max")?)?,
        base_ms: fields
            .get("base")
            .map_or(Ok(usual.base_ms), |at| milliseconds(&at))?,
        cap_ms: fields
            .get("cap")
            .map_or(Ok(usual.cap_ms), |at| milliseconds(&at))?,
        on: fields.get("on").map_or(Ok(Vec::new()), |at| at.texts())?,
    };
    if let Some(cap) = fields.get("cap").filter(|_| retry.cap_ms < retry.base_ms) {
        return Err(cap
            .error("`cap` is the longest wait: it is not below `base`")
            .into());
    }
    fields.finish()?;
    Ok(retry)
}

/// `gpu`, or `{key: gpu, limit: 2}`.
fn concurrency(at: &Cursor<'_>) -> Result<Concurrency> {
    if at.node().text().is_some() {
        return Ok(Concurrency {
            key: at.name()?.to_owned(),
            limit: 1,
        });
    }
    let fields = at.fields()?;
    let concurrency = Concurrency {
        key: fields.required("key")?.name()?.to_owned(),
        limit: fields.get("limit").map_or(Ok(1), |at| count(&at))?,
    };
    fields.finish()?;
    Ok(concurrency)
}
