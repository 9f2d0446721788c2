//! A tool whose code stands in its cartridge: arguments in as the table `parameters`, text out.

use botsmith_core::chat::{BoxFuture, Call, ToolSpec};
use serde_json::Value;

use super::{Tool, ToolFailure, parameters};
use crate::cartridge::ToolSource;
use crate::sandbox::{self, Function, Language, Limits};
use crate::{Error, Result};

/// Lua or Fennel that a model may call.
///
/// ```
/// use botsmith_core::chat::ToolSpec;
/// use botsmith_nanobots::sandbox::{Function, Language, Limits};
/// use botsmith_nanobots::tools::{FunctionTool, Tool};
/// let spec = ToolSpec { name: "dice".into(), description: None, parameters: true.into() };
/// let code = Function::new(Language::Lua, "return math.random(6)");
/// let dice = FunctionTool::new(spec, code, true, Limits::default());
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

    /// A tool of a cartridge. One without code, or with code in two languages, is not
    /// [ready](Tool::ready).
    pub fn from_source(source: ToolSource, sandboxed: bool, limits: Limits) -> Self {
        let code = source.code.into_iter().filter_map(|(name, text)| {
            let mut all = Language::ALL.into_iter();
            Some(Function::new(
                all.find(|language| language.as_str() == name)?,
                text,
            ))
        });
        Self {
            spec: ToolSpec {
                name: source.name,
                description: source.description,
                parameters: parameters::schema(source.parameters),
            },
            functions: code.collect(),
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
