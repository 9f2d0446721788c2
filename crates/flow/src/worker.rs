//! A worker: claims steps that it can run, does them, commits what came of them.
//!
//! In: a [`FlowStore`] and the [`Kinds`] with what each does. One thread claims and commits, in batches;
//! attempts run as tasks of a runtime of the worker's own; leases are renewed by a third thread, which
//! nothing that a step does can block (`worker/heart.rs`). Every claim recovers what others left. A
//! worker that drains claims no more, finishes what it has, and gives the rest back.
//!
//! It knows no schedule and starts no runs.

mod attempt;
mod builtin;
mod command;
mod control;
mod heart;
#[cfg(feature = "http")]
pub(crate) mod http;
mod notify;
mod prepare;
mod running;
mod slots;
mod task;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use botsmith_core::secret::SecretString;

pub use notify::Notify;
pub use running::{Happened, Running, Tally};
pub(crate) use slots::Hold;
pub use task::{Action, Task};
pub(crate) use task::{Async, Blocking, Does};

pub(crate) use builtin::act;

use crate::{Claimant, Error, FlowStore, Kinds, Result};
use slots::Slots;

/// The most steps that a worker does at once.
const MOST: usize = 4096;

/// A secret by its name; `None` where there is none, or why it cannot be had.
pub(crate) type Secrets =
    Arc<dyn Fn(&str) -> std::result::Result<Option<SecretString>, String> + Send + Sync>;
type Watch = Arc<dyn Fn(&Happened) + Send + Sync>;

/// Does the steps of runs.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::store::MemoryStore;
/// use botsmith_core::yaml::Source;
/// use botsmith_flow::{FlowStore, Kind, Kinds, Type, Worker, Workflow};
/// use serde_json::json;
///
/// let greet = Kind::new("greet", "Says hello.")
///     .takes("name", Type::Text, "To whom.")
///     .gives(Type::Text)
///     .does(|task| async move { Ok(json!(format!("hello {}", task.with()["name"].as_str().unwrap_or("you")))) });
/// let kinds = Kinds::builtin().with(greet);
/// let text = "
/// version: 1
/// name: hello
/// steps:
///   names: {uses: map, over: [Ada, Alan], step: {uses: greet, with: {name: '{{ item }}'}}}
/// ";
/// let workflow = Workflow::parse(&Source::new("hello.yaml", text), &kinds)?;
/// let flows = Arc::new(FlowStore::open(Arc::new(MemoryStore::new()))?);
/// let worker = Worker::new(flows.clone(), kinds).concurrency(2);
///
/// let run = botsmith_flow::run(worker, "hello-1", &workflow, &json!({}))?;
/// assert_eq!(flows.output(&run.id, "names")?, Some(json!(["hello Ada", "hello Alan"])));
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a worker does nothing before it is started"]
pub struct Worker {
    flows: Arc<FlowStore>,
    kinds: Kinds,
    concurrency: usize,
    batch: usize,
    labels: BTreeSet<String>,
    devices: BTreeSet<String>,
    memory: u32,
    slots: PathBuf,
    lease: Duration,
    poll: Duration,
    folder: PathBuf,
    commands: bool,
    secrets: Option<Secrets>,
    watch: Option<Watch>,
    notices: Vec<Notify>,
}

impl Worker {
    /// A worker of these flows that can do those of `kinds` that say what they do, four steps at once.
    pub fn new(flows: Arc<FlowStore>, kinds: Kinds) -> Self {
        Self {
            flows,
            kinds,
            concurrency: 4,
            batch: 64,
            labels: BTreeSet::new(),
            devices: BTreeSet::new(),
            memory: 0,
            slots: std::env::temp_dir().join("botsmith-slots"),
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(200),
            folder: PathBuf::from("."),
            commands: false,
            secrets: None,
            watch: None,
            notices: Vec::new(),
        }
    }

    /// How many steps it does at once, 1 to 4096.
    pub fn concurrency(mut self, steps: usize) -> Self {
        self.concurrency = steps;
        self
    }

    /// How many steps one write commits at most, and claims; 64 without this. Fewer make each write smaller and no
    /// later: the writes of steps that are over at the same time are sent together.
    pub fn batch(mut self, steps: usize) -> Self {
        self.batch = steps.max(1);
        self
    }

    /// What it offers besides: a step that `requires` one of these is done by workers that have it.
    pub fn labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.labels.extend(labels.into_iter().map(Into::into));
        self
    }

    /// The devices that it may use, such as `cuda:0`. A step that requires `device:cuda:0`, or
    /// `device:cuda` for any of the sort, holds it alone on this host while it runs.
    pub fn devices(mut self, devices: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.devices.extend(devices.into_iter().map(Into::into));
        self
    }

    /// How much memory steps that require `memory:NGiB` may hold together on this host, in GiB.
    pub fn memory(mut self, gib: u32) -> Self {
        self.memory = gib;
        self
    }

    /// The folder of the locks of devices and memory, the same for all workers of this host. Without
    /// this, `botsmith-slots` in the folder of temporary files.
    pub fn slots(mut self, folder: impl Into<PathBuf>) -> Self {
        self.slots = folder.into();
        self
    }

    /// How long a step that is not renewed stays this worker's; it is renewed three times as often.
    /// 30 s without this, and 100 ms at least.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long it waits at most before it looks for steps again; 200 ms without this.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// The folder that relative paths of steps start from; the working directory without this.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Whether it does steps of kind `command`. Not without this: a workflow could start any program.
    pub fn allow_commands(mut self, allowed: bool) -> Self {
        self.commands = allowed;
        self
    }

    /// What `secret('NAME')` stands for. It is asked when a step runs; where an output or an error
    /// holds the secret, `***` is stored instead.
    pub fn secrets<F>(self, find: F) -> Self
    where
        F: Fn(&str) -> Option<SecretString> + Send + Sync + 'static,
    {
        self.try_secrets(move |name| Ok(find(name)))
    }

    /// As [`secrets`](Self::secrets), where finding one may fail: the step then fails with the secret's name and
    /// the reason, which must not hold the secret.
    pub fn try_secrets<F>(mut self, find: F) -> Self
    where
        F: Fn(&str) -> std::result::Result<Option<SecretString>, String> + Send + Sync + 'static,
    {
        self.secrets = Some(Arc::new(find));
        self
    }

    /// Tells of what it does, from its own thread; it waits for the answer.
    pub fn watch(mut self, watch: impl Fn(&Happened) + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }

    /// Tells people: somebody's word is needed, a run failed, a run is done. May be given several times.
    pub fn notify(mut self, to: Notify) -> Self {
        self.notices.push(to);
        self
    }

    /// The flows that it works on.
    pub fn flows(&self) -> &Arc<FlowStore> {
        &self.flows
    }

    /// Everything that a step can require of it, while its devices are free.
    pub fn offers(&self) -> BTreeSet<String> {
        let mut offers = self.labels.clone();
        for kind in self.kinds.iter() {
            let does = kind.action().is_some() || control::is_control(kind.name());
            if does && (kind.name() != "command" || self.commands) {
                offers.insert(format!("kind:{}", kind.name()));
                offers.extend(kind.requirement());
            }
        }
        for device in &self.devices {
            offers.extend(slots::names(device));
        }
        offers.extend((1..=self.memory).map(|gib| format!("memory:{gib}GiB")));
        offers
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`Error::Worker`] for options that do not fit and when threads or the folder of slots cannot be
    /// made; the store's, when it cannot be reached.
    pub fn start(self) -> Result<Running> {
        let refuse = |reason: String| Err(Error::Worker { reason });
        if !(1..=MOST).contains(&self.concurrency) {
            return refuse(format!(
                "it would do {} steps at once, 1 to {MOST} are wanted",
                self.concurrency
            ));
        }
        if self.lease < Duration::from_millis(100) {
            return refuse("a lease is 100 ms or longer".into());
        }
        let slots = match self.devices.is_empty() && self.memory == 0 {
            true => None,
            false => Some(Slots::open(&self.slots, &self.devices, self.memory)?),
        };
        let claimant = Claimant::new(self.offers());
        Running::start(self, claimant, slots)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("flows", &self.flows)
            .field("concurrency", &self.concurrency)
            .field("labels", &self.labels)
            .field("devices", &self.devices)
            .finish_non_exhaustive()
    }
}
