//! Operations that ask one rule of an interface.

use botsmith_nanobots::interface::{
    self, Action, Direction, Kind, Mode, affix, feedback_enabled, tool_value,
};
use serde_json::{Value, json};

use super::wanted::{Case, Found, mode, plain};

/// The wanted rows, each with the value that was found.
fn rows(case: &Case<'_>, value: impl Fn(&Value) -> Option<String>) -> Found {
    let rows = case.expected().as_array().ok_or("`expected` is no list")?;
    let found = rows.iter().map(|row| {
        let mut row = row.clone();
        row["value"] = json!(value(&row));
        row
    });
    Ok(found.collect())
}

fn word<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

pub fn affixes(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    rows(case, |row| {
        let direction = match word(row, "direction") {
            "input" => Direction::Input,
            _ => Direction::Output,
        };
        let kind = match word(row, "kind") {
            "prefix" => Kind::Prefix,
            _ => Kind::Suffix,
        };
        affix(
            cartridge.value(),
            mode(word(row, "interface")),
            direction,
            kind,
        )
    })
}

pub fn tool_interface_value(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    rows(case, |row| {
        let action = action(word(row, "action"))?;
        let key = match &row["key"] {
            Value::Array(parts) => parts.iter().map(plain).collect::<Vec<_>>().join("."),
            key => plain(key),
        };
        tool_value(
            cartridge.value(),
            mode(word(row, "interface")),
            action,
            &key,
        )
    })
}

fn action(word: &str) -> Option<Action> {
    Action::ALL
        .into_iter()
        .find(|action| action.as_str() == word)
}

pub fn streaming_enabled(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    let found = Mode::ALL.map(|mode| {
        let streams = interface::streaming_enabled(cartridge.value(), mode);
        (mode.as_str().to_owned(), Value::from(streams))
    });
    Ok(Value::Object(found.into_iter().collect()))
}

pub fn tool_feedback(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    let found = Mode::ALL.map(|mode| {
        let wanted = case.expected()[mode.as_str()].as_object();
        let shown = wanted.into_iter().flatten().filter_map(|(word, _)| {
            let shown = feedback_enabled(cartridge.value(), mode, action(word)?);
            Some((word.clone(), Value::from(shown)))
        });
        (mode.as_str().to_owned(), Value::Object(shown.collect()))
    });
    Ok(Value::Object(found.into_iter().collect()))
}

pub fn safety(case: &Case<'_>) -> Found {
    let safety = interface::safety(case.cartridge()?.value());
    Ok(json!({
        "sandboxed": safety.sandboxed,
        "confirmable": safety.confirmable,
        "yeses": safety.yeses,
        "default_answer": safety.default_answer,
    }))
}

pub fn prompt(case: &Case<'_>) -> Found {
    Ok(interface::prompt(case.cartridge()?.value(), true).into())
}
