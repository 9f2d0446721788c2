//! A tool that is a Rust closure.

use std::fmt;
use std::future::Future;

use botsmith_core::chat::{BoxFuture, Call, ToolSpec};
use serde_json::Value;

use super::{Tool, ToolFailure};

type Calling = dyn Fn(Value, Call) -> BoxFuture<'static, Result<String, ToolFailure>> + Send + Sync;

/// A closure that a model may call.
///
/// ```
/// use botsmith_core::chat::ToolSpec;
/// use botsmith_nanobots::tools::{FnTool, Tool, ToolFailure};
/// let spec = ToolSpec {
///     name: "add".into(),
///     description: Some("Adds two numbers.".into()),
///     parameters: serde_json::json!({
///         "type": "object",
///         "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
///         "required": ["a", "b"]
///     }),
/// };
/// let add = FnTool::new(spec, |given, _call| async move {
///     match (given["a"].as_f64(), given["b"].as_f64()) {
///         (Some(a), Some(b)) => Ok((a + b).to_string()),
///         _ => Err(ToolFailure("two numbers are wanted".into())),
///     }
/// });
/// assert_eq!(add.spec().name, "add");
/// ```
pub struct FnTool {
    spec: ToolSpec,
    calling: Box<Calling>,
}

impl FnTool {
    /// A tool that calls `closure` with the arguments.
    pub fn new<F, A>(spec: ToolSpec, closure: F) -> Self
    where
        F: Fn(Value, Call) -> A + Send + Sync + 'static,
        A: Future<Output = Result<String, ToolFailure>> + Send + 'static,
    {
        Self {
            spec,
            calling: Box::new(move |arguments, call| Box::pin(closure(arguments, call))),
        }
    }
}

impl fmt::Debug for FnTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnTool")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

impl Tool for FnTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, call: Call) -> BoxFuture<'_, Result<String, ToolFailure>> {
        (self.calling)(arguments, call)
    }
}
