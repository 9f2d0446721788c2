//! Comparisons in an expression, watched: a text compared with a number is an error, where the engine
//! would call every text greater than every number.
//!
//! The engine has no hook on its operators, so the expression is rewritten before it is compiled:
//! `level > 2` becomes `level|… (2, 0) > 2`, with a filter that looks at both sides and gives the left
//! one on. It is asked only where the engine comes to the comparison, so a guard
//! (`level is number and level > 2`) keeps working. A field that stands for itself (`flag and …`) is
//! watched likewise: the text `false` is not false. Sides that reckon (`a + 1 > b`) are left alone.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, Value};

/// The kind of the errors of this file, which no filter has otherwise.
const OWN: ErrorKind = ErrorKind::NonPrimitive;

/// Whether it is an error of this file.
pub(super) fn is_own(error: &Error) -> bool {
    error.kind() == OWN
}

/// The filter of comparisons.
const COMPARED: &str = "botsmith_compared";
/// The filter of fields that stand for themselves.
const HELD: &str = "botsmith_held";

/// The expression with watched comparisons; their filters are added to the environment.
pub(super) fn watch(env: &mut Environment<'static>, source: &str) -> String {
    let (mut inserts, mut watched) = (Vec::new(), Vec::new());
    let tokens = tokens(source);
    let at = |i: usize| tokens.get(i).map_or("", |token| &source[token.0..token.1]);
    for from in 0..tokens.len() {
        let before = if from == 0 { "" } else { at(from - 1) };
        let of_test = before == "is" || before == "not" && from > 1 && at(from - 2) == "is";
        if !begins(at(from)) || of_test || matches!(before, "." | "|") || RECKONS.contains(&before)
        {
            continue;
        }
        let to = operand(&tokens, source, from);
        let left = &source[tokens[from].0..tokens[to - 1].1];
        let end = tokens[to - 1].1;
        if COMPARES.contains(&at(to)) {
            let signed = usize::from(at(to + 1) == "-");
            if !begins(at(to + 1 + signed)) {
                continue;
            }
            let last = operand(&tokens, source, to + 1 + signed);
            if RECKONS.contains(&at(last)) {
                continue;
            }
            let right = &source[tokens[to + 1].0..tokens[last - 1].1];
            let index = watched.len();
            inserts.push((end, format!("|{COMPARED}({right}, {index})")));
            watched.push((left.to_owned(), at(to).to_owned(), right.to_owned()));
        } else if alone(before, at(to), from > 1 && calls(at(from - 2))) && is_path(left) {
            let index = watched.len();
            inserts.push((end, format!("|{HELD}({index})")));
            watched.push((left.to_owned(), String::new(), String::new()));
        }
    }
    let held = watched.clone();
    env.add_filter(HELD, move |value: Value, index: usize| {
        match held
            .get(index)
            .and_then(|(name, ..)| of_truth(name, &value))
        {
            Some(reason) => Err(Error::new(OWN, reason)),
            None => Ok(value),
        }
    });
    env.add_filter(COMPARED, move |left: Value, right: &Value, index: usize| {
        let sides = watched.get(index);
        match sides.and_then(|sides| mixed((&sides.0, &left), &sides.1, (&sides.2, right))) {
            Some(reason) => Err(Error::new(OWN, reason)),
            None => Ok(left),
        }
    });
    let mut text = source.to_owned();
    inserts.sort_by_key(|(at, _)| *at);
    for (at, insert) in inserts.into_iter().rev() {
        text.insert_str(at, &insert);
    }
    text
}

/// Why two sides are not compared; `None` where they may be.
fn mixed(left: (&str, &Value), operator: &str, right: (&str, &Value)) -> Option<String> {
    // Which side is the text, and whether it stands first.
    let ((text, words), (other, against), first) = match (left.1.as_str(), right.1.as_str()) {
        (Some(words), None) => ((left.0, words), right, true),
        (None, Some(words)) => ((right.0, words), left, false),
        _ => return None,
    };
    let equal = matches!(operator, "==" | "!=");
    let reads_as = match against.kind() {
        ValueKind::Number if !equal || words.trim().parse::<f64>().is_ok() => "number",
        ValueKind::Bool if !equal || truth(words).is_some() => "boolean",
        // That a name is not a number is true, and no mistake.
        _ => return None,
    };
    let shown = crate::text::quote(words);
    let what = format!(
        "{} is the text {shown}, compared with the {reads_as} {against}",
        name(text)
    );
    let number = words.trim().parse::<f64>().is_ok();
    Some(match reads_as {
        "boolean" => format!("{what}: write `{text} == \"true\"`"),
        _ if !number => format!("{what}: a text and a number have no order"),
        _ if !is_path(text) => format!("{what}: write the number without quotes"),
        _ if first => format!("{what}: write `{text} | float {operator} {other}`"),
        _ => format!("{what}: write `{other} {operator} {text} | float`"),
    })
}

/// Why a text does not stand for true or false by itself.
fn of_truth(path: &str, value: &Value) -> Option<String> {
    let words = value.as_str()?;
    truth(words)?;
    Some(format!(
        "{} is the text {}, and every text that is not empty is true: write `{path} == \"true\"`",
        name(path),
        crate::text::quote(words)
    ))
}

fn truth(words: &str) -> Option<bool> {
    match words.trim() {
        words if words.eq_ignore_ascii_case("true") => Some(true),
        words if words.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn name(side: &str) -> String {
    format!("`{side}`")
}

const COMPARES: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
const RECKONS: [&str; 5] = ["+", "-", "~", "/", "%"];
const WORDS: [&str; 8] = ["and", "or", "not", "in", "is", "if", "else", "recursive"];

/// Whether an operand begins with this token.
fn begins(token: &str) -> bool {
    let first = token.chars().next();
    !WORDS.contains(&token)
        && first.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '"' | '\'' | '(' | '['))
}

/// Whether an operand between these tokens stands for itself.
fn alone(before: &str, after: &str, of_call: bool) -> bool {
    let opens = matches!(before, "" | "and" | "or" | "not" | "if") || before == "(" && !of_call;
    opens && matches!(after, "" | "and" | "or" | "else" | ")")
}

/// Whether a parenthesis after this token holds arguments.
fn calls(token: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']');
    !WORDS.contains(&token) && token.chars().next().is_some_and(word)
}

/// `level`, `vars.level`, `rows[0].level`: a field, and nothing done to it.
fn is_path(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_')
        && !matches!(text, "true" | "false" | "none" | "True" | "False" | "None")
        && !text.contains(['|', '('])
}

/// The token after an operand: a value with its steps, calls and filters.
fn operand(tokens: &[(usize, usize)], source: &str, from: usize) -> usize {
    let at = |i: usize| tokens.get(i).map_or("", |token| &source[token.0..token.1]);
    let mut i = match at(from) {
        "(" | "[" => closed(&at, from, tokens.len()),
        _ => from + 1,
    };
    loop {
        i = match at(i) {
            "." | "|" if i + 1 < tokens.len() => i + 2,
            "(" | "[" => closed(&at, i, tokens.len()),
            _ => return i,
        };
    }
}

/// The token after the bracket that closes the one at `from`.
fn closed<'a>(at: &impl Fn(usize) -> &'a str, from: usize, end: usize) -> usize {
    let mut depth = 0usize;
    for i in from..end {
        match at(i) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    end
}

/// Where each token starts and ends. What is no token is left to the engine, which has read the
/// expression before.
fn tokens(source: &str) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    let mut rest = source.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let mut end = start + c.len_utf8();
        if c.is_whitespace() {
            continue;
        }
        if c == '"' || c == '\'' {
            while let Some((at, inner)) = rest.next() {
                end = at + inner.len_utf8();
                match inner {
                    '\\' => drop(rest.next()),
                    _ if inner == c => break,
                    _ => {}
                }
            }
        } else if c.is_alphanumeric() || c == '_' {
            let number = c.is_ascii_digit();
            let word = |c: char| c.is_alphanumeric() || c == '_' || number && c == '.';
            while let Some((at, inner)) = rest.next_if(|(_, c)| word(*c)) {
                end = at + inner.len_utf8();
            }
        } else if matches!(c, '=' | '!' | '<' | '>')
            && let Some((at, _)) = rest.next_if(|(_, c)| *c == '=')
        {
            end = at + 1;
        }
        tokens.push((start, end));
    }
    tokens
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Case;
    use crate::template::Condition;

    fn holds(source: &str, vars: &serde_json::Value) -> Result<bool, String> {
        let case = Case {
            id: "7".into(),
            vars: vars.as_object().cloned().unwrap_or_default(),
            tags: vec!["vip".into()],
            ..Case::default()
        };
        let condition = Condition::new(source).unwrap();
        condition.holds(&case).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_not_compared_with_a_number_or_a_boolean() {
        let text = json!({"level": "1", "flag": "false", "name": "Ada", "n": 3, "zip": "007"});
        for (source, field) in [
            ("level > 2", "`level`"),
            ("2 < level", "`level`"),
            ("vars.level >= -2", "`vars.level`"),
            ("level == 1", "`level`"),
            ("level != 1", "`level`"),
            ("n == \"3\"", "`\"3\"`"),
            ("n > level", "`level`"),
            ("(level | trim) > 2", "`(level | trim)`"),
            ("level | trim > 2", "`level | trim`"),
            ("'vip' in tags and level > 2", "`level`"),
            ("0 < level < 5", "`level`"),
            ("name > 2", "`name`"),
            ("id > 5", "`id`"),
            ("zip == 7", "`zip`"),
            ("flag", "`flag`"),
            ("not flag", "`flag`"),
            ("(flag) or n > 1", "`flag`"),
            ("flag == true", "`flag`"),
            ("1 if flag == false else 0", "`flag`"),
            ("n if flag else 0", "`flag`"),
        ] {
            let error = holds(source, &text).expect_err(source);
            assert!(error.contains(field), "{source}: {error}");
            assert!(error.contains("case `7`"), "{source}: {error}");
        }
        let error = holds("level > 2", &text).unwrap_err();
        assert!(error.contains("write `level | float > 2`"), "{error}");
        let error = holds("2 < level", &json!({"level": "1"})).unwrap_err();
        assert!(error.contains("write `2 < level | float`"), "{error}");
    }

    #[test]
    fn what_means_something_stays_as_it_was() {
        let vars = json!({
            "level": "3", "n": 3, "on": true, "off": false, "name": "Ada", "zip": "007",
            "rows": [{"a": 1}], "empty": "", "mixed": "x",
        });
        for (source, wanted) in [
            ("level | int > 2", true),
            ("level | float >= 3.0", true),
            ("level == \"3\"", true),
            ("zip == '007'", true),
            ("id == '7' and id | int > 5", true),
            ("n > 2 and n < 4", true),
            ("0 < n < 5", true),
            ("0 < n < 2", false),
            ("rows[0].a == 1", true),
            ("name == 3", false),
            ("name != 3", true),
            ("name > 'AA'", true),
            ("on", true),
            ("off", false),
            ("not off and on == true", true),
            ("missing > 2", false),
            ("missing", false),
            ("empty", false),
            ("mixed is number and mixed > 2", false),
            ("mixed is not string or mixed | length > 0", true),
            ("input | length > 400", false),
            ("'a > 2' == name", false),
            ("n - 1 > 1", true),
            ("n + 1 == 4", true),
            ("name ~ 1 == 'Ada1'", true),
            ("'vip' in tags and (n == 3 or name == 'x')", true),
            ("tags | length == 1", true),
            ("name | default('true') == 'Ada'", true),
            ("[n, 2] | max == 3", true),
            ("n is gt 2", true),
        ] {
            assert_eq!(holds(source, &vars), Ok(wanted), "{source}");
        }
    }
}
