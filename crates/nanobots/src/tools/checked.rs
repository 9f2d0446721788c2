//! A tool with what every tool needs around it: arguments that fit, an end in time, a bounded answer.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{BoxFuture, Call, ToolSpec};
use botsmith_core::schema::Schema;
use futures_util::future::{Either, select};
use serde_json::Value;

use super::{Tool, ToolFailure};
use crate::sandbox::Function;

/// Bytes of a compiled pattern of a schema at most.
const PATTERN: usize = 1 << 20;
/// Places at which arguments do not fit that are named at most.
const NAMED: usize = 5;

/// What a call of a tool may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Wall-clock time.
    pub time: Duration,
    /// Bytes of what it gives back; the rest is cut off, and the model is told.
    pub output: usize,
    /// Whether a call whose arguments do not fit the tool's schema is refused.
    pub schema: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            output: 256 << 10,
            schema: true,
        }
    }
}

/// A tool whose arguments are checked before it is called.
///
/// A schema that is itself wrong, or that names another file, checks nothing: it still tells the
/// model what is wanted.
pub struct Checked {
    tool: Arc<dyn Tool>,
    schema: Option<Schema>,
    bounds: Bounds,
}

impl Checked {
    /// Wraps `tool`.
    pub fn new(tool: Arc<dyn Tool>, bounds: Bounds) -> Self {
        let schema = Schema::linear(&tool.spec().parameters, PATTERN).ok();
        Self {
            tool,
            schema,
            bounds,
        }
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Checked").field(&self.tool).finish()
    }
}

impl Tool for Checked {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn call(&self, arguments: Value, call: Call) -> BoxFuture<'_, Result<String, ToolFailure>> {
        Box::pin(async move {
            if self.bounds.schema {
                self.check(&arguments)?;
            }
            let call = call.at_most(self.bounds.time);
            let time = call.left().unwrap_or(self.bounds.time);
            let cancelled = call.cancel.clone();
            let work = tokio::time::timeout(time, self.tool.call(arguments, call));
            let work = std::pin::pin!(work);
            let output = match select(work, std::pin::pin!(cancelled.cancelled())).await {
                Either::Left((Ok(output), _)) => output?,
                Either::Left((Err(_), _)) => {
                    return Err(ToolFailure(format!(
                        "`{}` was stopped: it took longer than {:.1} s",
                        self.spec().name,
                        time.as_secs_f64()
                    )));
                }
                Either::Right(_) => {
                    return Err(ToolFailure(format!("`{}` was cancelled", self.spec().name)));
                }
            };
            Ok(cut(output, self.bounds.output))
        })
    }

    fn check(&self, arguments: &Value) -> Result<(), ToolFailure> {
        let Some(schema) = &self.schema else {
            return Ok(());
        };
        let mut found: Vec<String> = schema
            .misfits(arguments, NAMED)
            .iter()
            .map(|error| {
                let place = error.place().trim_start_matches('/').replace('/', ".");
                let words: String = error.to_string().chars().take(300).collect();
                match place.as_str() {
                    "" => words,
                    place => format!("`{place}`: {words}"),
                }
            })
            .collect();
        if found.is_empty() {
            return Ok(());
        }
        found.insert(
            0,
            format!("the arguments of `{}` do not fit", self.spec().name),
        );
        Err(ToolFailure(found.join("; ")))
    }

    fn ready(&self) -> crate::Result<()> {
        self.tool.ready()
    }

    fn function(&self) -> Option<&Function> {
        self.tool.function()
    }
}

/// At most `most` bytes of `text`, with a word about the rest.
pub(super) fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let whole = text.len();
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        let _ = write!(text, "\n[cut after {most} of {whole} bytes]");
    }
    text
}
