//! A bot's tools, found by the names that models use for them.
//!
//! A model's name for a tool fits when both are the same after slugging, `-` as `_`. In profile `compat`
//! each call has to fit exactly one tool, and its arguments are taken as they come; in `native` a call
//! that fits none, or whose arguments do not fit the tool's schema, goes back to the model as words.

use std::sync::Arc;

use botsmith_core::chat::{BoxFuture, Call, ToolCall, ToolSpec};
use serde_json::{Map, Value, json};

use super::offload::off_thread;
use crate::cartridge::ToolSource;
use crate::sandbox::{self, Function, Language, Limits};
use crate::session::slug;
use crate::tools::{Tool, ToolFailure};
use crate::{Error, Result};

/// How many complaints about arguments a model is told.
const COMPLAINTS: usize = 5;

/// The tools of a bot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Toolbelt {
    tools: Vec<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    key: String,
    spec: ToolSpec,
    tool: Code,
}

/// What a tool runs.
#[derive(Clone, Debug)]
enum Code {
    Tool(Arc<dyn Tool>),
    Function(Arc<FunctionTool>),
    /// Languages of its code: none, or more than one.
    Unusable(Vec<String>),
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
    /// The languages of a tool that cannot be run: the turn ends when it is meant to start.
    pub(crate) unusable: Option<Vec<String>>,
}

impl Prepared {
    /// The error of a tool that cannot be run.
    pub(crate) fn check(&self) -> Result<()> {
        let tool = self.call.label.clone();
        match &self.unusable {
            None => Ok(()),
            Some(languages) if languages.is_empty() => Err(Error::MissingSource { tool }),
            Some(languages) => Err(Error::ConflictingTools {
                tool,
                languages: languages.clone(),
            }),
        }
    }
}

/// What names are compared by.
fn key(name: &str) -> String {
    slug(name).replace('-', "_")
}

impl Toolbelt {
    /// Tools of a cartridge, and others.
    pub(crate) fn new(
        sources: Vec<ToolSource>,
        others: Vec<Arc<dyn Tool>>,
        sandboxed: bool,
        limits: Limits,
    ) -> Self {
        let own = sources
            .into_iter()
            .map(|source| held(source, sandboxed, limits));
        let others = others.into_iter().map(|tool| Held {
            key: key(&tool.spec().name),
            spec: tool.spec().clone(),
            tool: Code::Tool(tool),
        });
        Self {
            tools: own.chain(others).collect(),
        }
    }

    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|held| held.spec.clone()).collect()
    }

    /// Finds the tool of each call. `strict`: as profile `compat` does.
    pub(crate) fn prepare(&self, calls: &[ToolCall], strict: bool) -> Result<Vec<Prepared>> {
        calls
            .iter()
            .map(|call| self.prepare_one(call, calls, strict))
            .collect()
    }

    fn prepare_one(&self, call: &ToolCall, all: &[ToolCall], strict: bool) -> Result<Prepared> {
        let wanted = key(&call.name);
        let mut fits = self.tools.iter().filter(|held| held.key == wanted);
        let held = fits.next();
        let missing = || Error::MissingTool {
            asked: all.iter().map(|call| call.name.clone()).collect(),
            known: self
                .tools
                .iter()
                .map(|held| held.spec.name.clone())
                .collect(),
        };
        if strict && (held.is_none() || fits.next().is_some()) {
            return Err(missing());
        }
        let parameters = call.parsed();
        let mut prepared = PreparedCall {
            id: call.id.clone(),
            label: held.map_or_else(|| call.name.clone(), |held| held.spec.name.clone()),
            name: call.name.clone(),
            parameters: parameters.as_ref().map_or(Value::Null, Clone::clone),
            source: None,
        };
        let (Some(held), Ok(arguments)) = (held, &parameters) else {
            let words = match &parameters {
                Err(error) => format!("the arguments are no JSON: {error}"),
                Ok(_) => missing().to_string(),
            };
            return Ok(Prepared {
                call: prepared,
                found: Err(words),
                unusable: None,
            });
        };
        let (tool, unusable): (Arc<dyn Tool>, _) = match &held.tool {
            Code::Tool(tool) => (Arc::clone(tool), None),
            Code::Function(tool) => {
                prepared.source = Some(tool.function.clone());
                (Arc::clone(tool) as Arc<dyn Tool>, None)
            }
            Code::Unusable(languages) => (
                Arc::new(FunctionTool::unusable(held.spec.clone())),
                Some(languages.clone()),
            ),
        };
        let found = match strict {
            true => None,
            false => misfit(&held.spec.parameters, arguments),
        };
        Ok(Prepared {
            call: prepared,
            found: found.map_or(Ok(tool), Err),
            unusable,
        })
    }
}

/// Where arguments do not fit their schema, in words for the model. A schema that is none fits all.
fn misfit(schema: &Value, arguments: &Value) -> Option<String> {
    let validator = jsonschema::validator_for(schema).ok()?;
    let complaints: Vec<_> = validator
        .iter_errors(arguments)
        .take(COMPLAINTS)
        .map(|error| {
            let place = error.instance_path().to_string();
            let words: String = error.to_string().chars().take(300).collect();
            match place.is_empty() {
                true => words,
                false => format!("{place}: {words}"),
            }
        })
        .collect();
    (!complaints.is_empty()).then(|| {
        format!(
            "the arguments do not fit the tool's schema: {}",
            complaints.join("; ")
        )
    })
}

fn held(source: ToolSource, sandboxed: bool, limits: Limits) -> Held {
    let spec = ToolSpec {
        name: source.name,
        description: source.description,
        parameters: parameters(source.parameters),
    };
    let languages: Vec<_> = source
        .code
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let mut code = source.code.into_iter();
    let tool = match (code.next(), code.next()) {
        (Some((name, text)), None) => {
            let language = match name {
                "lua" => Language::Lua,
                "fennel" => Language::Fennel,
                _ => Language::Clojure,
            };
            Code::Function(Arc::new(FunctionTool {
                spec: spec.clone(),
                function: Function {
                    language,
                    source: text,
                },
                sandboxed,
                limits,
            }))
        }
        _ => Code::Unusable(languages),
    };
    Held {
        key: key(&spec.name),
        spec,
        tool,
    }
}

/// The schema of the arguments: as written; an empty object where nothing is; made of the list of
/// `{name, type, description, items}` that early cartridges wrote.
fn parameters(written: Option<Value>) -> Value {
    let Some(Value::Array(items)) = written else {
        return written.unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    };
    let mut properties = Map::new();
    let mut required = Vec::new();
    for item in items {
        let Some(name) = item.get("name").and_then(Value::as_str) else {
            continue;
        };
        let mut property = json!({"type": item.get("type").cloned().unwrap_or("string".into())});
        for key in ["description", "items", "enum"] {
            if let Some(value) = item.get(key) {
                property[key] = value.clone();
            }
        }
        if item.get("required") == Some(&Value::Bool(true)) {
            required.push(Value::from(name));
        }
        properties.insert(name.to_owned(), property);
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

/// A function of a cartridge as a tool.
#[derive(Debug)]
struct FunctionTool {
    spec: ToolSpec,
    function: Function,
    sandboxed: bool,
    limits: Limits,
}

impl FunctionTool {
    /// Stands for a tool that never runs.
    fn unusable(spec: ToolSpec) -> Self {
        Self {
            spec,
            function: Function {
                language: Language::Lua,
                source: String::new(),
            },
            sandboxed: true,
            limits: Limits::default(),
        }
    }
}

impl Tool for FunctionTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, _call: Call) -> BoxFuture<'_, Result<String, ToolFailure>> {
        let (function, sandboxed, limits) = (self.function.clone(), self.sandboxed, self.limits);
        Box::pin(async move {
            off_thread(move || {
                let values = [("parameters", arguments)];
                sandbox::run(&function, &values, sandboxed, &limits)
            })
            .await
            .map_err(|error| ToolFailure(error.to_string()))
        })
    }
}
