//! The filters and functions of Jinja that differ from minijinja's, or that make text grow.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};

use super::guard::{charge, left};
use super::letters::lines;
use super::python::{Dumps, printed};

/// Blanks of one level of indentation, at most.
const INDENT: usize = 64;

/// Puts them in; takes out those that no chat template needs and that can make much out of little.
pub(super) fn install(environment: &mut Environment<'static>) {
    for name in [
        "batch",
        "slice",
        "chain",
        "zip",
        "format",
        "pprint",
        "urlencode",
    ] {
        environment.remove_filter(name);
    }
    environment.add_filter("tojson", tojson);
    environment.add_filter("string", |state: &mut State<'_, '_>, value: Value| {
        let text = printed(&value, left(state));
        charge(state, text.len())?;
        Ok::<_, Error>(text)
    });
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment.add_filter("indent", indent);
    environment.add_filter(
        "trim",
        |state: &mut State<'_, '_>, value: Value, args: Option<String>| {
            let args: Vec<Value> = args.into_iter().map(Value::from).collect();
            super::methods::call(
                state,
                &Value::from(printed(&value, left(state))),
                "strip",
                &args,
            )
        },
    );
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// `json.dumps` with transformers' arguments.
#[allow(
    clippy::needless_pass_by_value,
    reason = "minijinja gives named arguments by value"
)]
fn tojson(
    state: &mut State<'_, '_>,
    value: &Value,
    indent: Option<Value>,
    options: Kwargs,
) -> Result<Value, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => options.get::<Option<Value>>("indent")?,
    };
    let indent = match indent {
        None => None,
        Some(value) if value.is_none() => None,
        Some(value) => Some(match (value.as_str(), value.as_usize()) {
            (Some(text), _) if text.len() <= INDENT => text.to_owned(),
            (_, Some(blanks)) if blanks <= INDENT => " ".repeat(blanks),
            _ => return Err(invalid(format!("`tojson`: indent of more than {INDENT}"))),
        }),
    };
    let separators = options.get::<Option<Vec<String>>>("separators")?;
    let (between_items, after_key) = match separators.as_deref() {
        Some([items, keys]) if items.len() + keys.len() <= INDENT => (items.clone(), keys.clone()),
        Some(_) => return Err(invalid("`tojson`: separators are two short texts")),
        None if indent.is_some() => (",".into(), ": ".into()),
        None => (", ".into(), ": ".into()),
    };
    let dumps = Dumps {
        ensure_ascii: options
            .get::<Option<bool>>("ensure_ascii")?
            .unwrap_or(false),
        indent,
        between_items,
        after_key,
        sort_keys: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        most: left(state),
    };
    options.assert_all_used()?;
    let text = dumps.write(value)?;
    charge(state, text.len())?;
    Ok(Value::from(text))
}

/// The text with every `from` replaced; what it will take is counted before it is made.
pub(super) fn replaced(
    state: &mut State<'_, '_>,
    text: &str,
    from: &str,
    to: &str,
    most: Option<usize>,
) -> Result<String, Error> {
    let most = most.unwrap_or(usize::MAX);
    let places = match from {
        "" => text.chars().count() + 1,
        from => text.matches(from).count(),
    };
    let grown = places.min(most).saturating_mul(to.len());
    charge(state, text.len().saturating_add(grown))?;
    Ok(text.replacen(from, to, most))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "minijinja gives only texts by reference, and what is none is written out here"
)]
fn replace(
    state: &mut State<'_, '_>,
    value: &Value,
    from: String,
    to: String,
    count: Option<usize>,
) -> Result<String, Error> {
    replaced(state, &printed(value, left(state)), &from, &to, count)
}

/// The items as one text.
pub(super) fn joined(
    state: &mut State<'_, '_>,
    items: &Value,
    between: &str,
) -> Result<String, Error> {
    let mut out = String::new();
    for (at, item) in items.try_iter()?.enumerate() {
        let text = printed(&item, left(state));
        let between = if at > 0 { between } else { "" };
        charge(state, between.len() + text.len())?;
        out.push_str(between);
        out.push_str(&text);
    }
    Ok(out)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "minijinja gives named arguments by value"
)]
fn join(
    state: &mut State<'_, '_>,
    items: Value,
    between: Option<String>,
    options: Kwargs,
) -> Result<String, Error> {
    let named = options.get::<Option<String>>("d")?;
    let attribute = options.get::<Option<String>>("attribute")?;
    options.assert_all_used()?;
    let items = match attribute {
        None => items,
        Some(name) => {
            let mut picked = Vec::new();
            for item in items.try_iter()? {
                picked.push(item.get_attr(&name)?);
            }
            Value::from(picked)
        }
    };
    let between = between.or(named).unwrap_or_default();
    joined(state, &items, &between)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "minijinja gives named arguments by value"
)]
fn indent(
    state: &mut State<'_, '_>,
    value: &Value,
    width: Option<Value>,
    first: Option<bool>,
    options: Kwargs,
) -> Result<String, Error> {
    let width = match width {
        Some(width) => Some(width),
        None => options.get::<Option<Value>>("width")?,
    };
    let margin = match width {
        None => "    ".to_owned(),
        Some(width) if width.kind() == ValueKind::String => printed(&width, left(state)),
        Some(width) => match width.as_usize() {
            Some(width) if width <= INDENT => " ".repeat(width),
            _ => return Err(invalid(format!("`indent`: more than {INDENT} blanks"))),
        },
    };
    if margin.len() > INDENT {
        return Err(invalid(format!("`indent`: more than {INDENT} bytes")));
    }
    let first = match first {
        Some(first) => first,
        None => options.get::<Option<bool>>("first")?.unwrap_or(false),
    };
    let blank = options.get::<Option<bool>>("blank")?.unwrap_or(false);
    options.assert_all_used()?;
    // Every line gets its end, so that an empty last one is a line too.
    let text = printed(value, left(state)) + "\n";
    let lines = lines(&text);
    charge(state, text.len() + lines.len() * margin.len())?;
    let mut out = String::new();
    for (at, line) in lines.into_iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if (at > 0 || first) && (blank || !line.is_empty() || (at == 0 && first)) {
            out.push_str(&margin);
        }
        out.push_str(line);
    }
    Ok(out)
}
