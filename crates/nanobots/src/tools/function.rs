//! A tool whose code stands in its cartridge: arguments in as the table `parameters`, text out.

use botsmith_core::chat::{BoxFuture, Call, ToolSpec};
use serde_json::Value;

use super::item::Item;
use super::{Tool, ToolFailure};
use crate::sandbox::{self, Function, Limits};
use crate::{Error, Result};

/// Lua or Fennel that a model may call.
///
/// ```
/// use botsmith_nanobots::sandbox::Limits;
/// use botsmith_nanobots::tools::{FunctionTool, Tool};
/// let item = serde_json::json!({"name": "dice", "lua": "return math.random(6)"});
/// let dice = FunctionTool::from_item(&item, true, Limits::default());
/// assert!(dice.ready().is_ok() && dice.spec().name == "dice");
/// ```
#[derive(Clone, Debug)]
pub struct FunctionTool {
    spec: ToolSpec,
    functions: Vec<Function>,
    sandboxed: bool,
    limits: Limits,
}

impl FunctionTool {
    /// A tool with this code.
    pub fn new(spec: ToolSpec, function: Function, sandboxed: bool, limits: Limits) -> Self {
        Self {
            spec,
            functions: vec![function],
            sandboxed,
            limits,
        }
    }

    /// An item of a cartridge's `tools:`. One without code, or with code in two languages, is not
    /// [ready](Tool::ready).
    pub fn from_item(item: &Value, sandboxed: bool, limits: Limits) -> Self {
        let Item { spec, functions } = Item::read(item);
        Self {
            spec,
            functions,
            sandboxed,
            limits,
        }
    }
}

impl Tool for FunctionTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(
        &self,
        arguments: Value,
        call: Call,
    ) -> BoxFuture<'_, std::result::Result<String, ToolFailure>> {
        Box::pin(async move {
            let Some(function) = self.functions.first().filter(|_| self.functions.len() == 1)
            else {
                let why = self.ready().err().map(|error| error.to_string());
                return Err(ToolFailure(why.unwrap_or_default()));
            };
            let values = vec![("parameters".to_owned(), arguments)];
            let work =
                sandbox::run_async(function.clone(), values, self.sandboxed, self.limits, call);
            Ok(work.await?)
        })
    }

    fn ready(&self) -> Result<()> {
        match self.functions.len() {
            0 => Err(Error::MissingSource {
                tool: self.spec.name.clone(),
            }),
            1 => Ok(()),
            _ => Err(Error::ConflictingTools {
                tool: self.spec.name.clone(),
                languages: self
                    .functions
                    .iter()
                    .map(|function| function.language.to_string())
                    .collect(),
            }),
        }
    }

    fn function(&self) -> Option<&Function> {
        self.functions.first()
    }
}
