//! What may be said about a bot before it is there.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{ChatModel, Message, Sampling};
use botsmith_core::store::StateStore;
use serde_json::{Map, Value};

use super::belt::Belt;
use super::shape::Shape;
use super::spent::TurnLimits;
use super::{Bot, ByteEstimate, Clock, Inner, Permission, SystemClock, TokenCounter};
use crate::cartridge::Profile;
use crate::interface::safety;
use crate::tools::{Bounds, Tool, Toolbox};
use crate::{Cartridge, Result, sandbox};

/// Makes a [`Bot`]; see [`Bot::builder`].
#[derive(Debug)]
#[must_use = "a builder makes nothing until `build`"]
pub struct BotBuilder {
    cartridge: Cartridge,
    model: Arc<dyn ChatModel>,
    tools: Vec<Arc<dyn Tool>>,
    permission: Permission,
    store: Option<Arc<dyn StateStore>>,
    clock: Arc<dyn Clock>,
    counter: Arc<dyn TokenCounter>,
    sampling: Sampling,
    tags: Vec<String>,
    variables: Map<String, Value>,
    output_schema: Option<Value>,
    sandbox: Option<sandbox::Limits>,
    unsandboxed: bool,
    programs: bool,
    path: Option<OsString>,
}

impl BotBuilder {
    pub(super) fn new(cartridge: Cartridge, model: Arc<dyn ChatModel>) -> Self {
        Self {
            cartridge,
            model,
            tools: Vec::new(),
            permission: Permission::default(),
            store: None,
            clock: Arc::new(SystemClock),
            counter: Arc::new(ByteEstimate),
            sampling: Sampling::default(),
            tags: Vec::new(),
            variables: Map::new(),
            output_schema: None,
            sandbox: None,
            unsandboxed: false,
            programs: false,
            path: None,
        }
    }

    /// Adds a tool to those of the cartridge.
    pub fn tool(mut self, tool: Arc<dyn Tool>) -> Self {
        self.tools.push(tool);
        self
    }

    /// Who decides whether a tool may run, where the cartridge wants its user asked.
    pub fn permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// Where sessions are kept that name no store of their own.
    pub fn store(mut self, store: Arc<dyn StateStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// The clock that stamps history.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What counts tokens for a context budget.
    pub fn counter(mut self, counter: Arc<dyn TokenCounter>) -> Self {
        self.counter = counter;
        self
    }

    /// How tokens are chosen, in words that every provider understands. Settings of the cartridge win.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// Labels of this bot's requests, for routing.
    pub fn tags(mut self, tags: Vec<String>) -> Self {
        self.tags = tags;
        self
    }

    /// Values for the variables that the cartridge declares.
    pub fn variables(mut self, variables: Map<String, Value>) -> Self {
        self.variables = variables;
        self
    }

    /// The form of the answer, where the cartridge asks for none.
    pub fn output_schema(mut self, schema: Value) -> Self {
        self.output_schema = Some(schema);
        self
    }

    /// What adapters and tools of the cartridge may use; by default what their profile has.
    pub fn sandbox(mut self, limits: sandbox::Limits) -> Self {
        self.sandbox = Some(limits);
        self
    }

    /// Whether the cartridge's code may leave the sandbox where the cartridge says
    /// `safety: {functions: {sandboxed: false}}`. Without this it stays inside whatever the cartridge
    /// says; the caps hold either way.
    pub fn unsandboxed(mut self, allowed: bool) -> Self {
        self.unsandboxed = allowed;
        self
    }

    /// Lets the cartridge start programs that serve tools (`mcp` with `command`), found in `path`, which is
    /// also the `PATH` that they see.
    pub fn programs(mut self, path: Option<OsString>) -> Self {
        (self.programs, self.path) = (true, path);
        self
    }

    /// The bot.
    ///
    /// # Errors
    /// If a variable is missing or wrong, `output-schema` is no schema, or the cartridge wants to start a
    /// program and may not.
    pub fn build(self) -> Result<Bot> {
        let cartridge = match self.cartridge.is_bound() && self.variables.is_empty() {
            true => self.cartridge,
            false => self.cartridge.with_variables(&self.variables)?,
        };
        let mut safety = safety(cartridge.value());
        // A cartridge cannot leave the sandbox by itself.
        safety.sandboxed |= !self.unsandboxed;
        let sandbox = self
            .sandbox
            .unwrap_or_else(|| sandbox::Limits::default().for_profile(cartridge.profile()));
        let bounds = Bounds {
            // The reference implementation takes arguments as they come.
            schema: cartridge.profile() == Profile::Native,
            ..Bounds::default()
        };
        let mut belt = Toolbox::from_sources(cartridge.tools(), safety.sandboxed, sandbox, bounds)?;
        for tool in self.tools {
            belt.push(tool, bounds)?;
        }
        let native = cartridge.native();
        if !self.programs
            && let Some((name, _)) = native.mcp.iter().find(|(_, server)| {
                matches!(
                    server.transport,
                    crate::cartridge::Transport::Command { .. }
                )
            })
        {
            let message =
                format!("tool server `{name}` is a program, and starting programs is not allowed");
            return Err(cartridge
                .diagnostic(&["botsmith", "mcp", name], message)
                .hint("allow it with `--allow-command`, if you trust the cartridge")
                .into());
        }
        let limits = TurnLimits {
            tokens: native.limits.tokens,
            time: native
                .limits
                .seconds
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            tool_rounds: native.limits.tool_rounds,
            cost: native.limits.cost,
        };
        let examples = native.examples.iter().flat_map(|example| {
            [
                Message::user(example.user.as_str()),
                Message::assistant(example.assistant.as_str()),
            ]
        });
        Ok(Bot {
            inner: Arc::new(Inner {
                belt: Belt::new(belt, bounds).servers(native.mcp.clone(), self.path),
                shape: native
                    .output_schema
                    .as_ref()
                    .or(self.output_schema.as_ref())
                    .map(Shape::new)
                    .transpose()?,
                context: native.context,
                examples: examples.collect(),
                limits,
                model: self.model,
                permission: self.permission,
                safety,
                store: self.store,
                clock: self.clock,
                counter: self.counter,
                cartridge,
                sampling: self.sampling,
                tags: self.tags,
                sandbox,
            }),
        })
    }
}
