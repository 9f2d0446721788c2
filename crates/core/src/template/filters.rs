//! The filters and tests that templates may use. Those that make text count what they make: a template is given
//! so many bytes for all its filters together, and no single one makes more than a template may give.

use std::borrow::Cow;
use std::fmt::Write as _;

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, tests};

use super::{Bounded, OUTPUT, too_long};

/// Bytes that all filters of one template read and make.
const WORK: usize = 64 << 20;
/// What is counted for each byte of a text that becomes a list.
const ITEM: usize = 32;
/// Where a template's work is counted while it is rendered.
const SPENT: &str = "botsmith spent";

/// What every template may use.
pub(super) fn few(env: &mut Environment<'static>) {
    env.add_filter("upper", |state: &mut State<'_, '_>, value: &Value| {
        let text = given(state, value)?;
        Ok::<_, Error>(text.to_uppercase())
    });
    env.add_filter("lower", |state: &mut State<'_, '_>, value: &Value| {
        let text = given(state, value)?;
        Ok::<_, Error>(text.to_lowercase())
    });
    env.add_filter("title", |state: &mut State<'_, '_>, value: &Value| {
        let text = given(state, value)?;
        Ok::<_, Error>(filters::title(text))
    });
    env.add_filter("capitalize", capitalize);
    env.add_filter("trim", trim);
    env.add_filter("length", filters::length);
    env.add_filter("default", filters::default);
    env.add_filter("first", filters::first);
    env.add_filter("last", filters::last);
    env.add_filter(
        "sort",
        |state: &mut State<'_, '_>, value: Value, options: Kwargs| {
            // Texts are put in lower case each time that they are compared.
            spend(state, weight(&value)?.saturating_mul(16))?;
            filters::sort(state, value, options)
        },
    );
    env.add_filter(
        "unique",
        |state: &mut State<'_, '_>, value: Value, options: Kwargs| {
            spend(state, weight(&value)?)?;
            filters::unique(state, value, options)
        },
    );
    env.add_filter("reverse", |state: &mut State<'_, '_>, value: &Value| {
        spend(state, value.as_str().map_or(0, str::len))?;
        filters::reverse(value)
    });
    env.add_filter("lines", |state: &mut State<'_, '_>, value: &Value| {
        spend(
            state,
            value.as_str().map_or(0, str::len).saturating_mul(ITEM),
        )?;
        filters::lines(value)
    });
    env.add_filter("round", filters::round);
    env.add_filter("int", filters::int);
    env.add_filter("items", filters::items);
    env.add_filter("join", join);
    env.add_filter("tojson", json);
    env.add_test("defined", tests::is_defined);
    env.add_test("none", tests::is_none);
    env.add_test("string", tests::is_string);
    env.add_test("number", tests::is_number);
    env.add_test("sequence", tests::is_sequence);
    env.add_test("mapping", tests::is_mapping);
    env.add_test("odd", tests::is_odd);
    env.add_test("even", tests::is_even);
    env.add_test("startingwith", tests::is_startingwith);
    env.add_test("endingwith", tests::is_endingwith);
}

/// What else is safe of minijinja's own.
pub(super) fn more(env: &mut Environment<'static>) {
    env.add_filter("float", filters::float);
    env.add_filter("abs", filters::abs);
    env.add_filter("sum", filters::sum);
    env.add_filter("min", filters::min);
    env.add_filter("max", filters::max);
    env.add_filter("bool", filters::bool);
    env.add_filter("count", filters::length);
    env.add_filter("d", filters::default);
    env.add_filter("attr", filters::attr);
    env.add_filter("dictsort", filters::dictsort);
    env.add_filter("map", filters::map);
    env.add_filter("select", filters::select);
    env.add_filter("reject", filters::reject);
    env.add_filter("selectattr", filters::selectattr);
    env.add_filter("rejectattr", filters::rejectattr);
    env.add_filter("string", string);
    env.add_filter("replace", replace);
    env.add_filter("list", |state: &mut State<'_, '_>, value: Value| {
        spend(
            state,
            value.as_str().map_or(0, str::len).saturating_mul(ITEM),
        )?;
        filters::list(state, value)
    });
    env.add_filter(
        "split",
        |state: &mut State<'_, '_>, value: &Value, rest: Rest<Value>| {
            spend(
                state,
                value.as_str().map_or(0, str::len).saturating_mul(ITEM),
            )?;
            let between = rest.first().filter(|between| !between.is_none());
            let between = between.map(|between| text(between).map(|text| text.as_ref().into()));
            let most = rest.get(1).and_then(Value::as_i64);
            filters::split(value, between.transpose()?, most)
        },
    );
    env.add_test("undefined", tests::is_undefined);
    env.add_test("boolean", tests::is_boolean);
    env.add_test("integer", tests::is_integer);
    env.add_test("float", tests::is_float);
    env.add_test("iterable", tests::is_iterable);
    env.add_test("true", tests::is_true);
    env.add_test("false", tests::is_false);
    env.add_test("divisibleby", tests::is_divisibleby);
    env.add_test("lower", tests::is_lower);
    env.add_test("upper", tests::is_upper);
    env.add_test("in", tests::is_in);
    for name in ["eq", "equalto", "=="] {
        env.add_test(name, tests::is_eq);
    }
    for name in ["ne", "!="] {
        env.add_test(name, tests::is_ne);
    }
    for name in ["lt", "lessthan", "<"] {
        env.add_test(name, tests::is_lt);
    }
    for name in ["le", "<="] {
        env.add_test(name, tests::is_le);
    }
    for name in ["gt", "greaterthan", ">"] {
        env.add_test(name, tests::is_gt);
    }
    for name in ["ge", ">="] {
        env.add_test(name, tests::is_ge);
    }
}

/// Counts work of the template that is rendered.
fn spend(state: &mut State<'_, '_>, bytes: usize) -> Result<(), Error> {
    let spent = state.get_temp(SPENT).and_then(|spent| spent.as_usize());
    let spent = spent.unwrap_or(0).saturating_add(bytes);
    if spent > WORK {
        let message = format!("its filters do too much: more than {WORK} bytes");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    state.set_temp(SPENT, Value::from(spent));
    Ok(())
}

/// A value as the text that a filter works on. A list is none: written out, it may be of any length.
fn text(value: &Value) -> Result<Cow<'_, str>, Error> {
    match value.as_str() {
        Some(text) => Ok(Cow::Borrowed(text)),
        None if matches!(value.kind(), ValueKind::Number | ValueKind::Bool) => {
            Ok(Cow::Owned(value.to_string()))
        }
        None => {
            let message = format!("a text is wanted, not {}", value.kind());
            Err(Error::new(ErrorKind::InvalidOperation, message))
        }
    }
}

/// [`text`], counted.
fn given<'a>(state: &mut State<'_, '_>, value: &'a Value) -> Result<Cow<'a, str>, Error> {
    let text = text(value)?;
    spend(state, text.len())?;
    Ok(text)
}

/// Bytes of the texts of a list.
fn weight(list: &Value) -> Result<usize, Error> {
    let sizes = list
        .try_iter()?
        .map(|item| item.as_str().map_or(8, str::len));
    Ok(sizes.fold(0, usize::saturating_add))
}

fn capitalize(state: &mut State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = given(state, value)?;
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    Ok(first.chain(rest.flat_map(char::to_lowercase)).collect())
}

fn trim(state: &mut State<'_, '_>, value: &Value, chars: Option<&str>) -> Result<String, Error> {
    let text = given(state, value)?;
    let trimmed = match chars {
        Some(chars) => text.trim_matches(|c| chars.contains(c)),
        None => text.trim(),
    };
    Ok(trimmed.to_owned())
}

fn replace(
    state: &mut State<'_, '_>,
    value: &Value,
    from: &str,
    to: &str,
) -> Result<String, Error> {
    let text = given(state, value)?;
    let more = text.matches(from).count().saturating_mul(to.len());
    let size = text.len().saturating_add(more);
    if size > OUTPUT {
        return Err(too_long());
    }
    spend(state, size)?;
    Ok(text.replace(from, to))
}

fn join(state: &mut State<'_, '_>, items: &Value, between: Option<&str>) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    let mut joined = String::new();
    for (at, item) in items.try_iter()?.enumerate() {
        if at > 0 {
            joined.push_str(between);
        }
        match item.as_str() {
            Some(text) => joined.push_str(text),
            None if matches!(item.kind(), ValueKind::Number | ValueKind::Bool) => {
                let _ = write!(joined, "{item}");
            }
            None => {
                let message = format!("`join` takes texts and numbers, not {}", item.kind());
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        }
        if joined.len() > OUTPUT {
            return Err(too_long());
        }
    }
    spend(state, joined.len())?;
    Ok(joined)
}

fn json(state: &mut State<'_, '_>, value: &Value) -> Result<String, Error> {
    let mut written = Bounded::default();
    serde_json::to_writer(&mut written, value).map_err(|error| match error.is_io() {
        true => too_long(),
        false => Error::new(ErrorKind::BadSerialization, error.to_string()),
    })?;
    spend(state, written.0.len())?;
    Ok(written.text())
}

fn string(state: &mut State<'_, '_>, value: &Value) -> Result<String, Error> {
    let mut written = Bounded::default();
    std::io::Write::write_fmt(&mut written, format_args!("{value}")).map_err(|_| too_long())?;
    spend(state, written.0.len())?;
    Ok(written.text())
}
