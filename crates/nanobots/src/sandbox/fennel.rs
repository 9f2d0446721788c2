//! Fennel in, Lua out: `fennel.lua` 1.5.3 in a virtual machine of its own.
//!
//! <https://fennel-lang.org>, vendored under `vendor/fennel`. Users' code never runs in that
//! machine: forms that would run code, load files or paste Lua while compiling are closed, and
//! only the names on the list are known. What comes out runs in the sandbox like any other Lua, so
//! that a form that slips through gains nothing.
//!
//! Loading the compiler takes tens of milliseconds, so idle ones and recent results are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, LuaOptions, MultiValue, StdLib, Value as LuaValue};

use super::machine::{error_text, is_memory, watch};
use super::meter::Meter;
use super::{Limits, SandboxError};

const SOURCE: &str = include_str!("../../vendor/fennel/fennel.lua");
const SETUP: &str = include_str!("fennel.lua");

/// Compilers that wait for work, at most.
const IDLE: usize = 2;
/// Results that are kept, at most, and bytes of each.
const KEPT: usize = 256;
const KEPT_BYTES: usize = 64 << 10;

/// Names that sandboxed Fennel knows without the basics.
const LIBRARIES: [&str; 3] = ["math", "string", "table"];
/// The basics.
const BASICS: [&str; 17] = [
    "_G", "_VERSION", "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget",
    "rawlen", "rawset", "select", "tonumber", "tostring", "type", "xpcall",
];

struct Compiler {
    lua: Lua,
    compile: Function,
    /// What the compiler itself takes, in bytes.
    base: usize,
}

/// Lua for `source`, in which `names` are known.
pub(super) fn compile(
    source: &str,
    names: &[&str],
    sandboxed: bool,
    limits: &Limits,
    meter: &Arc<Meter>,
) -> Result<Arc<str>, SandboxError> {
    static KEEP: Mutex<Option<HashMap<[u8; 32], Arc<str>>>> = Mutex::new(None);
    let key = key(source, names, sandboxed, limits.basics);
    let kept = KEEP.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = kept.as_ref().and_then(|kept| kept.get(&key)) {
        return Ok(Arc::clone(code));
    }
    drop(kept);
    let code: Arc<str> = fresh(source, names, sandboxed, limits, meter)?.into();
    if code.len() <= KEPT_BYTES {
        let mut kept = KEEP.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get_or_insert_with(HashMap::new);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&code));
    }
    Ok(code)
}

fn key(source: &str, names: &[&str], sandboxed: bool, basics: bool) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(&[u8::from(sandboxed), u8::from(basics)]);
    for name in names {
        hash.update(&(name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
    }
    hash.update(&[255]);
    hash.update(source.as_bytes());
    *hash.finalize().as_bytes()
}

fn fresh(
    source: &str,
    names: &[&str],
    sandboxed: bool,
    limits: &Limits,
    meter: &Arc<Meter>,
) -> Result<String, SandboxError> {
    static WAITING: Mutex<Vec<Compiler>> = Mutex::new(Vec::new());
    let waiting = || WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    // Open code may run macros in its compiler, so it gets one that nobody uses after it.
    let compiler = match sandboxed {
        true => waiting().pop(),
        false => None,
    };
    let compiler = compiler
        .map_or_else(|| Compiler::new(sandboxed), Ok)
        .map_err(|error| broken(&error))?;
    let result = compiler.run(source, names, sandboxed, limits, meter);
    // One that was stopped in the middle may be in any state.
    if sandboxed && meter.stopped().is_none() {
        let mut waiting = waiting();
        if waiting.len() < IDLE {
            waiting.push(compiler);
        }
    }
    result
}

fn broken(error: &mlua::Error) -> SandboxError {
    SandboxError::Compile {
        language: "fennel",
        message: error_text(error).chars().take(2000).collect(),
    }
}

impl Compiler {
    fn new(sandboxed: bool) -> mlua::Result<Self> {
        let libraries = match sandboxed {
            true => StdLib::MATH | StdLib::STRING | StdLib::TABLE,
            false => StdLib::ALL_SAFE,
        };
        let lua = Lua::new_with(libraries, LuaOptions::new())?;
        let fennel = lua
            .load(SOURCE)
            .set_name("=fennel.lua")
            .set_mode(ChunkMode::Text)
            .into_function()?;
        let compile = lua
            .load(SETUP)
            .set_name("=setup")
            .call((fennel, sandboxed))?;
        lua.gc_collect()?;
        let base = lua.used_memory();
        Ok(Self { lua, compile, base })
    }

    fn run(
        &self,
        source: &str,
        names: &[&str],
        sandboxed: bool,
        limits: &Limits,
        meter: &Arc<Meter>,
    ) -> Result<String, SandboxError> {
        let known = sandboxed.then(|| {
            let basics = if limits.basics { &BASICS[..] } else { &[] };
            let all = LIBRARIES.iter().chain(basics).chain(names);
            all.map(|name| (*name).to_owned()).collect::<Vec<_>>()
        });
        let result = self
            .lua
            .set_memory_limit(self.base.saturating_add(limits.memory))
            .and_then(|_| watch(&self.lua, meter))
            .and_then(|()| self.compile.call::<MultiValue>((source, known)));
        self.lua.remove_global_hook();
        let mut result = result.map_err(|error| {
            if is_memory(&error) {
                meter.out_of_memory();
            }
            meter.stopped().unwrap_or_else(|| broken(&error))
        })?;
        let fine = matches!(result.pop_front(), Some(LuaValue::Boolean(true)));
        let text = match result.pop_front() {
            Some(LuaValue::String(text)) => String::from_utf8_lossy(&text.as_bytes()).into_owned(),
            Some(LuaValue::Error(error)) => {
                if is_memory(&error) {
                    meter.out_of_memory();
                }
                error_text(&error)
            }
            other => format!("{other:?}"),
        };
        if !fine && text.contains("not enough memory") {
            meter.out_of_memory();
        }
        if let Some(why) = meter.stopped() {
            return Err(why);
        }
        match fine {
            true => Ok(text),
            false => Err(SandboxError::Compile {
                language: "fennel",
                message: text.chars().take(2000).collect(),
            }),
        }
    }
}

/// The name under which compiled Fennel looks for a global of this name.
pub(super) fn mangled(name: &str) -> String {
    const KEYWORDS: [&str; 22] = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
        "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    ];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = !name.is_empty() && !name.as_bytes()[0].is_ascii_digit();
    if begins && name.bytes().all(plain) && !KEYWORDS.contains(&name) {
        return name.to_owned();
    }
    let mut out = String::from("__fnl_global__");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push('_');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
    }
    out
}
