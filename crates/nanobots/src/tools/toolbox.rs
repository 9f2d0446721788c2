//! The tools of a bot, found by the names that models use for them.

use std::sync::Arc;

use botsmith_core::chat::{ToolCall, ToolSpec};
use botsmith_core::hint::{is_unprintable, shown};
use serde_json::Value;

use super::{Bounds, Checked, FunctionTool, Tool};
use crate::cartridge::ToolSource;
use crate::sandbox::{Function, Limits};
use crate::session::slug;
use crate::{Error, Result};

/// Tools, each checked and bounded.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::chat::{ToolCall, ToolSpec};
/// use botsmith_nanobots::tools::{Bounds, FnTool, Toolbox};
/// let spec = ToolSpec { name: "get-weather".into(), description: None, parameters: true.into() };
/// let mut toolbox = Toolbox::new();
/// let rain = FnTool::new(spec, |_, _| async { Ok("rain".into()) });
/// toolbox.push(Arc::new(rain), Bounds::default())?;
/// let call = ToolCall { id: "1".into(), name: "get_weather".into(), arguments: "{}".into() };
/// assert_eq!(toolbox.prepare(&[call])?[0].label, "get-weather");
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Toolbox {
    tools: Vec<Arc<dyn Tool>>,
}

/// A call that has found its tool.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PreparedCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name, as its owner wrote it.
    pub label: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// The arguments.
    pub parameters: Value,
    /// The tool's code, where it is a function of the cartridge.
    pub source: Option<Function>,
}

/// A call on its way.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) call: PreparedCall,
    /// What to run; or the words for the model why nothing is run.
    pub(crate) found: Result<Arc<dyn Tool>, String>,
}

impl Prepared {
    /// The error of a tool that cannot be run.
    pub(crate) fn check(&self) -> Result<()> {
        self.found.as_ref().map_or(Ok(()), |tool| tool.ready())
    }
}

/// What names are compared by: the slug, with `_` for `-`.
fn key(name: &str) -> String {
    slug(name).replace('-', "_")
}

impl Toolbox {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tools of a cartridge, in order. `sandboxed: false` opens the whole library to them: say
    /// so only where the cartridge wants it and the user allows it.
    ///
    /// # Errors
    /// If a name cannot be shown. Missing code is an error when it is called, as in the reference
    /// implementation.
    pub fn from_sources(
        sources: Vec<ToolSource>,
        sandboxed: bool,
        limits: Limits,
        bounds: Bounds,
    ) -> Result<Self> {
        let mut toolbox = Self::new();
        for source in sources {
            let tool = FunctionTool::from_source(source, sandboxed, limits);
            toolbox.push(Arc::new(tool), bounds)?;
        }
        Ok(toolbox)
    }

    /// Adds a tool, checked and bounded.
    ///
    /// # Errors
    /// If its name cannot be shown to a person who is asked whether it may run.
    pub fn push(&mut self, tool: Arc<dyn Tool>, bounds: Bounds) -> Result<()> {
        let name = &tool.spec().name;
        let reason = if name.contains(is_unprintable) {
            "a tool's name has no control characters"
        } else if name.chars().count() > 256 {
            "a tool's name has at most 256 characters"
        } else {
            self.tools.push(Arc::new(Checked::new(tool, bounds)));
            return Ok(());
        };
        Err(Error::ToolName {
            tool: shown(name),
            reason,
        })
    }

    /// Whether a tool answers to this name.
    pub fn has(&self, name: &str) -> bool {
        self.fitting(name).next().is_some()
    }

    /// The tools, checked, in order.
    pub fn tools(&self) -> &[Arc<dyn Tool>] {
        &self.tools
    }

    /// What models see of the tools.
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|tool| tool.spec().clone()).collect()
    }

    /// Finds the tool of each call: names match after slugging and `-` to `_`.
    ///
    /// # Errors
    /// [`Error::MissingTool`] unless each call finds exactly one; [`Error::Arguments`] where they
    /// are no JSON.
    pub fn prepare(&self, calls: &[ToolCall]) -> Result<Vec<PreparedCall>> {
        let prepared = self.match_calls(calls, true)?;
        prepared
            .into_iter()
            .map(|item| match item.found {
                Ok(_) => Ok(item.call),
                Err(reason) => Err(Error::Arguments {
                    tool: item.call.label,
                    reason,
                }),
            })
            .collect()
    }

    /// As [`prepare`](Self::prepare), with the tools to run. Unless `strict`, a call that fits no
    /// tool or whose arguments do not fit goes back to the model as words.
    pub(crate) fn match_calls(&self, calls: &[ToolCall], strict: bool) -> Result<Vec<Prepared>> {
        calls
            .iter()
            .map(|call| self.match_one(call, calls, strict))
            .collect()
    }

    fn fitting(&self, name: &str) -> impl Iterator<Item = &Arc<dyn Tool>> {
        let wanted = key(name);
        self.tools
            .iter()
            .filter(move |tool| key(&tool.spec().name) == wanted)
    }

    fn match_one(&self, call: &ToolCall, all: &[ToolCall], strict: bool) -> Result<Prepared> {
        let mut fits = self.fitting(&call.name);
        let tool = fits.next();
        let missing = || Error::MissingTool {
            asked: all.iter().map(|call| call.name.clone()).collect(),
            known: self.specs().into_iter().map(|spec| spec.name).collect(),
        };
        if strict && (tool.is_none() || fits.next().is_some()) {
            return Err(missing());
        }
        let parameters = call.parsed();
        let found = match (tool, &parameters) {
            (None, _) => Err(missing().to_string()),
            (Some(_), Err(error)) => Err(format!("the arguments are no JSON: {error}")),
            (Some(tool), Ok(_)) if strict => Ok(Arc::clone(tool)),
            (Some(tool), Ok(arguments)) => match tool.check(arguments) {
                Ok(()) => Ok(Arc::clone(tool)),
                Err(failure) => Err(failure.0),
            },
        };
        Ok(Prepared {
            call: PreparedCall {
                id: call.id.clone(),
                label: tool.map_or_else(|| call.name.clone(), |tool| tool.spec().name.clone()),
                name: call.name.clone(),
                parameters: parameters.unwrap_or_default(),
                source: tool.and_then(|tool| tool.function().cloned()),
            },
            found,
        })
    }
}
