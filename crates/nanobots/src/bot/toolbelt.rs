//! A bot's tools, found by the names that models use for them.

use std::sync::Arc;

use botsmith_core::chat::{ToolCall, ToolSpec};
use serde_json::Value;

use crate::tools::Tool;
use crate::{Error, Result};

/// The tools of a bot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Toolbelt {
    tools: Vec<Arc<dyn Tool>>,
}

/// A call that has found its tool, or the words for the model why it has not.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) call: ToolCall,
    /// The tool's name as its owner wrote it.
    pub(crate) label: String,
    pub(crate) arguments: Value,
    pub(crate) found: Result<Arc<dyn Tool>, String>,
}

impl Toolbelt {
    pub(crate) fn new(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self { tools }
    }

    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|tool| tool.spec().clone()).collect()
    }

    /// Finds the tool of each call. `strict`: a call of no tool ends the turn; else the model is told.
    pub(crate) fn prepare(&self, calls: &[ToolCall], strict: bool) -> Result<Vec<Prepared>> {
        let key = |name: &str| name.trim().to_lowercase().replace('-', "_");
        let known = || {
            self.tools
                .iter()
                .map(|tool| tool.spec().name.clone())
                .collect()
        };
        calls
            .iter()
            .map(|call| {
                let tool = self
                    .tools
                    .iter()
                    .find(|tool| key(&tool.spec().name) == key(&call.name));
                if tool.is_none() && strict {
                    return Err(Error::MissingTool {
                        asked: calls.iter().map(|call| call.name.clone()).collect(),
                        known: known(),
                    });
                }
                let arguments = call.parsed();
                Ok(Prepared {
                    call: call.clone(),
                    label: tool.map_or_else(|| call.name.clone(), |tool| tool.spec().name.clone()),
                    found: match (tool, &arguments) {
                        (None, _) => Err(format!("there is no tool `{}`", call.name)),
                        (_, Err(error)) => Err(format!("the arguments are no JSON: {error}")),
                        (Some(tool), Ok(_)) => Ok(Arc::clone(tool)),
                    },
                    arguments: arguments.unwrap_or_default(),
                })
            })
            .collect()
    }
}
