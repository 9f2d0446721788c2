//! What the host gives to `prelude.lua`: the meter, patterns with a budget, words of its own errors.

use std::sync::Arc;

use mlua::{Error as LuaError, Integer, Lua, LuaString, MultiValue, Table, Value as LuaValue};

use super::machine::{error_text, is_memory};
use super::meter::{Meter, Stopped};
use super::{Limits, pattern};

/// The functions that the prelude needs.
pub(super) fn table(
    lua: &Lua,
    sandboxed: bool,
    limits: &Limits,
    meter: &Arc<Meter>,
) -> mlua::Result<Table> {
    let host = lua.create_table()?;
    host.set("open", !sandboxed)?;
    host.set("basics", limits.basics)?;
    if let Some(methods) = lua.type_metatable::<LuaString>() {
        host.set("methods", methods)?;
    }
    let own = Arc::clone(meter);
    let charge = move |_: &Lua, steps: Integer| {
        own.charge(u64::try_from(steps).unwrap_or(u64::MAX))
            .map_err(LuaError::external)
    };
    host.set("charge", lua.create_function(charge)?)?;
    let own = Arc::clone(meter);
    let check = move |_: &Lua, ()| own.check().map_err(LuaError::external);
    host.set("check", lua.create_function(check)?)?;
    let own = Arc::clone(meter);
    let exhausted = move |_: &Lua, ()| {
        own.out_of_memory();
        own.check().map_err(LuaError::external)
    };
    host.set("exhausted", lua.create_function(exhausted)?)?;
    let own = Arc::clone(meter);
    let message = move |_: &Lua, value: LuaValue| {
        let LuaValue::Error(error) = value else {
            return Ok(value.type_name().to_owned());
        };
        if is_memory(&error) {
            own.out_of_memory();
        }
        own.check().map_err(LuaError::external)?;
        Ok(error_text(&error))
    };
    host.set("message", lua.create_function(message)?)?;
    let memory = |lua: &Lua, ()| Ok(lua.used_memory() as f64 / 1024.0);
    host.set("memory", lua.create_function(memory)?)?;
    host.set(
        "points",
        lua.create_function(|_, text: LuaString| Ok(shows_address(&text.as_bytes())))?,
    )?;
    host.set("plain", lua.create_function(|_, wanted| Ok(plain(wanted)))?)?;
    let own = Arc::clone(meter);
    let seek = move |lua: &Lua,
                     (subject, wanted, from, not_end, anchors): (
        LuaString,
        LuaString,
        Integer,
        Integer,
        bool,
    )| {
        let bytes = subject.as_bytes();
        let from = usize::try_from(from - 1).unwrap_or(usize::MAX);
        let not_end = usize::try_from(not_end - 1).ok();
        let found = pattern::seek(&bytes, &wanted.as_bytes(), from, not_end, anchors, &own);
        match found {
            Ok(None) => Ok(MultiValue::new()),
            Ok(Some(found)) => {
                let mut out = Vec::with_capacity(2 + found.captures.len());
                out.push(LuaValue::Integer(place(found.start)));
                out.push(LuaValue::Integer(place(found.end) - 1));
                for capture in found.captures {
                    out.push(match capture {
                        pattern::Capture::Position(at) => LuaValue::Integer(place(at)),
                        pattern::Capture::Piece(start, end) => {
                            LuaValue::String(lua.create_string(&bytes[start..end])?)
                        }
                    });
                }
                Ok(MultiValue::from_vec(out))
            }
            Err(pattern::Fault::Stopped) => Err(LuaError::external(Stopped)),
            Err(pattern::Fault::Pattern(what)) => Err(LuaError::RuntimeError(what)),
        }
    };
    host.set("seek", lua.create_function(seek)?)?;
    Ok(host)
}

/// `string.find` without patterns: first and last byte of the match, from 1.
fn plain((subject, wanted, from): (LuaString, LuaString, Integer)) -> MultiValue {
    let (subject, wanted) = (subject.as_bytes(), wanted.as_bytes());
    let from = usize::try_from(from - 1).unwrap_or(usize::MAX);
    let found = subject
        .get(from..)
        .and_then(|rest| memchr::memmem::find(rest, &wanted));
    found.map_or_else(MultiValue::new, |at| {
        let (first, last) = (place(from + at), place(from + at + wanted.len()) - 1);
        MultiValue::from_vec(vec![LuaValue::Integer(first), LuaValue::Integer(last)])
    })
}

/// A byte's place as Lua counts: from 1.
fn place(offset: usize) -> Integer {
    Integer::try_from(offset).map_or(Integer::MAX, |offset| offset.saturating_add(1))
}

/// Whether a format has `%p`.
fn shows_address(format: &[u8]) -> bool {
    let mut bytes = format.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'%' {
            let letter = bytes.find(|byte| !b"-+ #.0123456789".contains(byte));
            if letter == Some(&b'p') {
                return true;
            }
        }
    }
    false
}
