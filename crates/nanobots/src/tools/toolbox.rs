//! The tools of a bot, found by the names that models use for them.

use std::sync::Arc;

use botsmith_core::chat::{ToolCall, ToolSpec};
use botsmith_core::hint::{is_unprintable, shown};
use serde_json::Value;

use super::{Bounds, Checked, FunctionTool, Tool};
use crate::sandbox::Limits;
use crate::slug::tool_key;
use crate::{Error, Result};

/// Tools, each with another name.
///
/// ```
/// use botsmith_core::chat::ToolCall;
/// use botsmith_nanobots::sandbox::Limits;
/// use botsmith_nanobots::tools::{Bounds, Toolbox};
/// let cartridge = serde_json::json!({"tools": [{"name": "get-weather", "lua": "return 'rain'"}]});
/// let toolbox = Toolbox::from_cartridge(&cartridge, true, Limits::default(), Bounds::default()).unwrap();
/// let call = ToolCall { id: "1".into(), name: "get_weather".into(), arguments: "{}".into() };
/// assert_eq!(toolbox.prepare(&[call]).unwrap()[0].label, "get-weather");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Toolbox {
    tools: Vec<Arc<dyn Tool>>,
}

/// A call that has found its tool.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name as its owner wrote it.
    pub label: String,
    /// The name as the model wrote it.
    pub name: String,
    /// The arguments.
    pub parameters: Value,
    /// The tool.
    pub tool: Arc<dyn Tool>,
}

impl Toolbox {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tools under `tools:` of a cartridge, in order. `sandboxed: false` opens the whole
    /// library to them: say so only where the cartridge wants it and the user allows it.
    ///
    /// # Errors
    /// If a tool has no name, or one that cannot be shown. Missing code is an error when it is
    /// called, as in the reference implementation.
    pub fn from_cartridge(
        cartridge: &Value,
        sandboxed: bool,
        limits: Limits,
        bounds: Bounds,
    ) -> Result<Self> {
        let mut toolbox = Self::new();
        let items = cartridge.get("tools").and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            let tool = FunctionTool::from_item(item, sandboxed, limits);
            toolbox.push(Arc::new(tool), bounds)?;
        }
        Ok(toolbox)
    }

    /// Adds a tool, checked and bounded.
    ///
    /// # Errors
    /// If its name is empty or cannot be shown.
    pub fn push(&mut self, tool: Arc<dyn Tool>, bounds: Bounds) -> Result<()> {
        let name = &tool.spec().name;
        let reason = if name.trim().is_empty() {
            "a tool needs a name"
        } else if name.contains(is_unprintable) {
            "a tool's name has no control characters"
        } else if name.chars().count() > 256 {
            "a tool's name has at most 256 characters"
        } else {
            self.tools.push(Arc::new(Checked::new(tool, bounds)));
            return Ok(());
        };
        Err(Error::ToolName {
            tool: shown(name).to_string(),
            reason,
        })
    }

    /// Whether a tool answers to this name.
    pub fn has(&self, name: &str) -> bool {
        let key = tool_key(name);
        self.tools
            .iter()
            .any(|tool| tool_key(&tool.spec().name) == key)
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
    pub fn prepare(&self, calls: &[ToolCall]) -> Result<Vec<Prepared>> {
        let missing = || Error::MissingTool {
            asked: calls.iter().map(|call| call.name.clone()).collect(),
            known: self.specs().into_iter().map(|spec| spec.name).collect(),
        };
        let mut prepared = Vec::with_capacity(calls.len());
        for call in calls {
            let key = tool_key(&call.name);
            for tool in &self.tools {
                let label = &tool.spec().name;
                if tool_key(label) != key {
                    continue;
                }
                prepared.push(Prepared {
                    id: call.id.clone(),
                    label: label.clone(),
                    name: call.name.clone(),
                    parameters: call.parsed().map_err(|error| Error::Arguments {
                        tool: label.clone(),
                        reason: error.to_string(),
                    })?,
                    tool: Arc::clone(tool),
                });
            }
        }
        match prepared.len() == calls.len() {
            true => Ok(prepared),
            false => Err(missing()),
        }
    }
}
