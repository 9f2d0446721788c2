//! One virtual machine for one call: code and values in, text out, within the caps.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use botsmith_core::chat::{Call, CancelToken};
use mlua::chunk::ChunkMode;
use mlua::{
    Error as LuaError, HookTriggers, Lua, LuaOptions, MultiValue, StdLib, Table, Value as LuaValue,
    VmState,
};
use serde_json::Value;

use super::meter::{Meter, Stopped};
use super::{Function, Language, Limits, SandboxError, fennel, host, values};

/// Instructions between two calls of the hook.
const STRIDE: u32 = 256;

/// How long open code may go on after its time before the caller leaves it behind.
const GRACE: Duration = Duration::from_millis(200);

pub(super) fn run(
    function: &Function,
    given: &[(&str, Value)],
    sandboxed: bool,
    limits: &Limits,
    call: &Call,
) -> Result<String, SandboxError> {
    let meter = Arc::new(Meter::new(limits, call));
    let compiled;
    let (code, fennel) = match function.language {
        Language::Fennel => {
            let names: Vec<_> = given.iter().map(|(name, _)| *name).collect();
            compiled = fennel::compile(&function.source, &names, sandboxed, limits, &meter)?;
            (&*compiled, true)
        }
        _ => (function.source.as_str(), false),
    };
    let machine = Machine::new(sandboxed, limits, &meter)?;
    machine
        .call(code, fennel, given, limits)
        .map_err(|error| failure(&meter, &error))?
}

/// Runs open code on a thread of its own: a blocking call of `os` or `io` knows no hook, so the
/// caller stops waiting when the time is over.
pub(super) fn run_aside(
    function: &Function,
    given: &[(&str, Value)],
    limits: &Limits,
    call: &Call,
) -> Result<String, SandboxError> {
    let stop = CancelToken::new();
    let inner = Call {
        deadline: call.deadline,
        cancel: stop.clone(),
    };
    let (send, receive) = channel();
    let (function, limits) = (function.clone(), *limits);
    let given: Vec<(String, Value)> = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let started = std::thread::Builder::new()
        .name("botsmith-function".into())
        .spawn(move || {
            let given: Vec<_> = given
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect();
            let _ = send.send(run(&function, &given, false, &limits, &inner));
        });
    if let Err(error) = started {
        return Err(SandboxError::Unsupported {
            language: "lua",
            reason: format!("no thread for it: {error}"),
        });
    }
    let time = call
        .left()
        .map_or(limits.time, |left| left.min(limits.time));
    let end = Instant::now().checked_add(time.saturating_add(GRACE));
    loop {
        match receive.recv_timeout(Duration::from_millis(20)) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Disconnected) => return Err(SandboxError::Cancelled),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if call.cancel.is_cancelled() {
            stop.cancel();
            return Err(SandboxError::Cancelled);
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            stop.cancel();
            return Err(SandboxError::Time(time));
        }
    }
}

/// What an error of the virtual machine means.
pub(super) fn failure(meter: &Meter, error: &LuaError) -> SandboxError {
    if is_memory(error) {
        meter.out_of_memory();
    }
    meter.stopped().unwrap_or_else(|| SandboxError::Compile {
        language: "lua",
        message: bounded(&error_text(error)),
    })
}

/// Whether memory ran out, however deep the error lies.
pub(super) fn is_memory(error: &LuaError) -> bool {
    match error {
        LuaError::MemoryError(_) => true,
        LuaError::CallbackError { cause, .. } | LuaError::WithContext { cause, .. } => {
            is_memory(cause)
        }
        _ => false,
    }
}

/// An error's words, without the host's traceback and names of kinds.
pub(super) fn error_text(error: &LuaError) -> String {
    match error {
        LuaError::RuntimeError(text)
        | LuaError::MemoryError(text)
        | LuaError::SyntaxError { message: text, .. } => text
            .split("\nstack traceback:")
            .next()
            .unwrap_or_default()
            .to_owned(),
        LuaError::CallbackError { cause, .. } | LuaError::WithContext { cause, .. } => {
            error_text(cause)
        }
        other => other.to_string(),
    }
}

fn bounded(text: &str) -> String {
    let mut short: String = text.chars().take(2000).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Calls `meter` every so many instructions.
pub(super) fn watch(lua: &Lua, meter: &Arc<Meter>) -> mlua::Result<()> {
    let meter = Arc::clone(meter);
    let every = HookTriggers::new().every_nth_instruction(STRIDE);
    lua.set_global_hook(every, move |lua, _| {
        if meter.charge(u64::from(STRIDE)).is_ok() {
            return Ok(VmState::Continue);
        }
        // Whoever catches this is stopped at its next instruction.
        lua.set_global_hook(HookTriggers::new().every_nth_instruction(1), |_, _| {
            Err(LuaError::external(Stopped))
        })?;
        Err(LuaError::external(Stopped))
    })
}

struct Machine {
    lua: Lua,
    env: Table,
    pcall: mlua::Function,
    meter: Arc<Meter>,
}

impl Machine {
    fn new(sandboxed: bool, limits: &Limits, meter: &Arc<Meter>) -> Result<Self, SandboxError> {
        Self::build(sandboxed, limits, meter).map_err(|error| failure(meter, &error))
    }

    fn build(sandboxed: bool, limits: &Limits, meter: &Arc<Meter>) -> mlua::Result<Self> {
        let libraries = match sandboxed {
            true => StdLib::MATH | StdLib::STRING | StdLib::TABLE,
            false => StdLib::ALL_SAFE,
        };
        let lua = Lua::new_with(libraries, LuaOptions::new())?;
        let raw = lua.globals();
        let pcall = raw.get("pcall")?;
        lua.set_memory_limit(limits.memory)?;
        let host = host::table(&lua, sandboxed, limits, meter)?;
        let prelude = lua
            .load(prelude())
            .set_name("=prelude")
            .set_mode(ChunkMode::Binary);
        let env: Table = prelude.into_function()?.call((&raw, host))?;
        if sandboxed {
            // What is not in the environment is not in the machine either.
            for name in raw
                .pairs::<LuaValue, LuaValue>()
                .map(|pair| pair.map(|(name, _)| name))
                .collect::<mlua::Result<Vec<_>>>()?
            {
                raw.raw_remove(name)?;
            }
        }
        watch(&lua, meter)?;
        Ok(Self {
            lua,
            env,
            pcall,
            meter: Arc::clone(meter),
        })
    }

    fn call(
        &self,
        code: &str,
        fennel: bool,
        given: &[(&str, Value)],
        limits: &Limits,
    ) -> mlua::Result<Result<String, SandboxError>> {
        for (name, value) in given {
            let name = match fennel {
                true => fennel::mangled(name),
                false => name.replace('-', "_"),
            };
            self.env
                .raw_set(name, values::to_lua(&self.lua, value, 0)?)?;
        }
        let function = self
            .lua
            .load(code)
            .set_name(if fennel { "=fennel" } else { "=lua" })
            .set_mode(ChunkMode::Text)
            .set_environment(self.env.clone())
            .into_function()?;
        // Lua's own pcall gives the error as it was raised, without the host's traceback.
        let mut result = self.pcall.call::<MultiValue>(function)?;
        let fine = matches!(result.pop_front(), Some(LuaValue::Boolean(true)));
        let value = result.pop_front().unwrap_or_default();
        if !fine {
            match &value {
                LuaValue::String(text) if text.as_bytes() == b"not enough memory" => {
                    self.meter.out_of_memory();
                }
                LuaValue::Error(error) if is_memory(error) => self.meter.out_of_memory(),
                _ => {}
            }
        }
        if let Some(why) = self.meter.stopped() {
            return Ok(Err(why));
        }
        self.lua.remove_global_hook();
        values::to_text(&value, limits.output)
    }
}

/// The prelude as byte code: it is the same for every call.
fn prelude() -> &'static [u8] {
    static CODE: OnceLock<Vec<u8>> = OnceLock::new();
    CODE.get_or_init(|| {
        Lua::new()
            .load(include_str!("prelude.lua"))
            .set_name("=prelude")
            .into_function()
            .expect("the prelude is part of the program and compiles")
            .dump(true)
    })
}
