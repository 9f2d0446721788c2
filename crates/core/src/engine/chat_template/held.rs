//! Values that a template keeps: how deep they may nest, and that they are what they are by themselves.
//!
//! Values are dropped, compared and printed by recursion. A slice is no list but a view of another value, so a slice
//! of a slice of a slice nests too, though nobody sees it: what is kept is made a list.

use minijinja::value::{Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, functions};

use super::guard::look;

/// Levels that a value may nest: no schema of a tool has so many.
const DEPTH: usize = 100;
/// What an item of a list counts, beside its text.
const ITEM: usize = 16;

/// Makes the filter that the rewritten template calls, and the function that makes values that last.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter(
        "_held",
        |state: &mut State<'_, '_>, value: Value, in_namespace: Option<bool>| {
            let list = held(state, &value, DEPTH, in_namespace == Some(true))?;
            Ok::<_, Error>(list.unwrap_or(value))
        },
    );
    environment.add_function(
        "namespace",
        |state: &mut State<'_, '_>, values: Option<ValueOrKwargs>| {
            let values = values.map(ValueOrKwargs::into_value).unwrap_or_default();
            if values.kind() != ValueKind::Map {
                return functions::namespace(
                    (!values.is_undefined()).then_some(ValueOrKwargs::from(values)),
                );
            }
            let list = held(state, &values, DEPTH, false)?;
            functions::namespace(Some(list.unwrap_or(values).into()))
        },
    );
}

/// The same value with lists in the place of views, where it has any.
///
/// # Errors
/// If it nests too deep, or holds more than is looked through; if it goes into a namespace and has one inside, for
/// one that holds itself is never dropped.
fn held(
    state: &mut State<'_, '_>,
    value: &Value,
    depth: usize,
    in_namespace: bool,
) -> Result<Option<Value>, Error> {
    let kind = value.kind();
    if !matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
        return Ok(None);
    }
    if depth == 0 {
        return Err(invalid(format!(
            "it keeps a value that nests deeper than {DEPTH} lists and dictionaries"
        )));
    }
    let is_namespace = is_namespace(value);
    if is_namespace && in_namespace {
        return Err(invalid("it puts a namespace into a namespace".into()));
    }
    let mut changed = kind == ValueKind::Iterable;
    let mut items = Vec::new();
    let mut keys = Vec::new();
    for item in value.try_iter()? {
        look(state, ITEM)?;
        let item = match kind {
            ValueKind::Map => {
                let under = value.get_item(&item)?;
                keys.push(item);
                under
            }
            _ => item,
        };
        let list = held(state, &item, depth - 1, in_namespace)?;
        changed |= list.is_some();
        items.push(list.unwrap_or(item));
    }
    Ok(match kind {
        // What is in a namespace was held when it came there.
        _ if !changed || is_namespace => None,
        ValueKind::Map => Some(keys.into_iter().zip(items).collect()),
        _ => Some(Value::from(items)),
    })
}

fn is_namespace(value: &Value) -> bool {
    let object = value.as_object();
    object.is_some_and(|object| object.type_name().ends_with("::Namespace"))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// All that a value holds, in bytes; `most` where it nests too deep, and more than that where there is more.
pub(super) fn bytes(value: &Value, most: usize) -> usize {
    fn of(value: &Value, most: usize, depth: usize) -> usize {
        if let Some(text) = value.as_str() {
            return text.len();
        }
        let is_map = value.kind() == ValueKind::Map;
        if !is_map && !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
            return 1;
        }
        if depth == 0 {
            return most.saturating_add(1);
        }
        let mut bytes = ITEM;
        for item in value.try_iter().into_iter().flatten() {
            bytes = bytes.saturating_add(ITEM + of(&item, most, depth - 1));
            if is_map && let Ok(value) = value.get_item(&item) {
                bytes = bytes.saturating_add(of(&value, most, depth - 1));
            }
            if bytes > most {
                break;
            }
        }
        bytes
    }
    of(value, most, 2 * DEPTH)
}
