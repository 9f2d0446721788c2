//! The form that an answer must have: `output-schema`.
//!
//! A model that can be held to a JSON Schema is; any other is told it in words. Either way the answer
//! is checked here. One that does not fit goes back to the model once, with what is wrong about it.

use botsmith_core::chat::OutputFormat;
use botsmith_core::schema::Schema;
use serde_json::Value;

use crate::{Error, Result};

/// How many complaints about an answer are told, to the model and to the user.
const COMPLAINTS: usize = 5;

/// A schema, ready to check answers.
#[derive(Debug)]
pub(crate) struct Shape {
    schema: Value,
    checks: Schema,
}

impl Shape {
    /// Of a JSON Schema.
    pub(crate) fn new(schema: &Value) -> Result<Self> {
        match Schema::new(schema) {
            Ok(checks) => Ok(Self {
                schema: schema.clone(),
                checks,
            }),
            Err(error) => Err(Error::Output {
                reason: format!("the schema itself is wrong: {error}"),
            }),
        }
    }

    /// For a model that can be held to it.
    pub(crate) fn format(&self) -> OutputFormat {
        OutputFormat::JsonSchema {
            name: "answer".into(),
            schema: self.schema.clone(),
        }
    }

    /// For any other: what its system text says.
    pub(crate) fn instruction(&self) -> String {
        format!(
            "Answer with one JSON value and nothing else: no words around it, no code fence. \
             It must fit this JSON Schema:\n{}",
            self.schema
        )
    }

    /// The JSON of an answer that fits, or the complaints.
    pub(crate) fn read(&self, text: &str) -> Result<Value, String> {
        let value = parse(text)?;
        let complaints: Vec<_> = self
            .checks
            .misfits(&value, COMPLAINTS)
            .iter()
            .map(|error| {
                let place = match error.place() {
                    "" => "the whole",
                    place => place,
                };
                let words: String = error.to_string().chars().take(300).collect();
                format!("{place}: {words}")
            })
            .collect();
        match complaints.is_empty() {
            true => Ok(value),
            false => Err(complaints.join("; ")),
        }
    }
}

/// The JSON value of an answer: the whole of it, or what its one code fence holds.
fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim();
    serde_json::from_str(text).or_else(|error| {
        fenced(text)
            .and_then(|inside| serde_json::from_str(inside).ok())
            .ok_or_else(|| format!("it is no JSON: {error}"))
    })
}

/// What stands between the first and the last code fence.
fn fenced(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("```")?;
    let (inside, _) = after.rsplit_once("```")?;
    let (_, body) = inside.split_once('\n')?;
    Some(body.trim())
}

/// What the model is told about an answer that does not fit.
pub(crate) fn complaint(reason: &str) -> String {
    format!(
        "Your answer does not fit the JSON Schema that it must have: {reason}. \
         Answer again, with the JSON value only."
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_read_plain_or_fenced_and_complaints_name_the_place() {
        let shape = Shape::new(&json!({
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
        }))
        .unwrap();
        assert_eq!(shape.read(" {\"n\": 1}\n").unwrap(), json!({"n": 1}));
        assert_eq!(
            shape.read("Here:\n```json\n{\"n\": 2}\n```\n").unwrap(),
            json!({"n": 2})
        );
        assert!(
            shape
                .read("{\"n\": \"x\"}")
                .unwrap_err()
                .starts_with("/n: ")
        );
        assert!(shape.read("{}").unwrap_err().contains("\"n\""));
        assert!(shape.read("one").unwrap_err().starts_with("it is no JSON"));
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        let error = Shape::new(&json!({"type": "nonsense"})).unwrap_err();
        assert!(
            error.to_string().contains("the schema itself is wrong"),
            "{error}"
        );
    }
}
