//! Where in a JSON answer its parts stand, as JSON Pointers (RFC 6901).
//!
//! A place in the settings in, [`Pointers`] out; a JSON value in, a [`ChatResponse`] out. What is not
//! where it should be is an error that says how far the pointer leads and what stands there.

use botsmith_core::chat::{ChatResponse, ErrorClass, ModelError, Usage};
use botsmith_core::hint;
use botsmith_core::yaml::{Cursor, Fields};
use botsmith_core::{Error, Result};
use serde_json::Value;

/// Where the parts of an answer stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointers {
    pub(super) answer: Option<String>,
    reasoning: Option<String>,
    model: Option<String>,
    error: Option<String>,
    input_tokens: Option<String>,
    output_tokens: Option<String>,
}

impl Pointers {
    /// Reads `answer`, `reasoning`, `answered-model`, `error` and `usage: {input, output}`.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let place = |key| fields.get(key).as_ref().map(pointer).transpose();
        let mut pointers = Self {
            answer: place("answer")?,
            reasoning: place("reasoning")?,
            model: place("answered-model")?,
            error: place("error")?,
            ..Self::default()
        };
        if let Some(usage) = fields.get("usage") {
            let usage = usage.fields()?;
            pointers.input_tokens = usage.get("input").as_ref().map(pointer).transpose()?;
            pointers.output_tokens = usage.get("output").as_ref().map(pointer).transpose()?;
            usage.finish()?;
        }
        Ok(pointers)
    }

    /// The answer in `value`.
    ///
    /// # Errors
    /// Class `server` with the words that `error` points to; class `protocol` where nothing stands at
    /// `answer`.
    pub(super) fn response(
        &self,
        provider: &str,
        value: &Value,
    ) -> std::result::Result<ChatResponse, ModelError> {
        if let Some(words) = self.error(value) {
            return Err(ModelError::new(ErrorClass::Server, provider, words));
        }
        let pointer = self.answer.as_deref().unwrap_or_default();
        let Some(found) = value.pointer(pointer).filter(|found| !found.is_null()) else {
            return Err(ModelError::new(
                ErrorClass::Protocol,
                provider,
                format!(
                    "nothing stands at `{pointer}` in the answer{}",
                    reach(value, pointer)
                ),
            )
            .hint("check `provider.settings.answer`"));
        };
        let mut response = ChatResponse::text(text(found));
        response.reasoning = text_at(self.reasoning.as_ref(), value);
        response.model = text_at(self.model.as_ref(), value).unwrap_or_default();
        response.usage = self.usage(value);
        Ok(response)
    }

    /// The provider's own words for what went wrong, if it says so.
    pub(super) fn error(&self, value: &Value) -> Option<String> {
        text_at(self.error.as_ref(), value)
    }

    /// The tokens used, where they are counted.
    pub(super) fn usage(&self, value: &Value) -> Option<Usage> {
        let count = |place: &Option<String>| value.pointer(place.as_deref()?)?.as_u64();
        let (input, output) = (count(&self.input_tokens), count(&self.output_tokens));
        (input.is_some() || output.is_some()).then(|| Usage {
            input_tokens: input.unwrap_or(0),
            output_tokens: output.unwrap_or(0),
            cached_tokens: 0,
        })
    }
}

/// The text at a place; `None` where there is none, or `false`.
fn text_at(place: Option<&String>, value: &Value) -> Option<String> {
    match value.pointer(place?)? {
        Value::Null | Value::Bool(false) => None,
        found => Some(text(found)).filter(|text| !text.is_empty()),
    }
}

/// Text as it is, everything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A JSON Pointer: empty, or starting with `/`.
pub(super) fn pointer(at: &Cursor<'_>) -> Result<String> {
    let text = at.text()?;
    match text.is_empty() || text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err(Error::from(
            at.diagnostic("a JSON Pointer starts with `/`")
                .hint(format!(
                    "did you mean `/{}`?",
                    hint::shown(&text.replace('.', "/"))
                )),
        )),
    }
}

/// How far a pointer leads, and what stands there. Names only: values may be long, or private.
fn reach(value: &Value, pointer: &str) -> String {
    let ends = pointer.match_indices('/').map(|(at, _)| at);
    let parts: Vec<_> = ends
        .chain([pointer.len()])
        .map(|end| &pointer[..end])
        .collect();
    let Some((path, last)) = parts
        .into_iter()
        .rev()
        .find_map(|path| Some((path, value.pointer(path)?)))
    else {
        return String::new();
    };
    let there = match last {
        Value::Object(fields) if fields.is_empty() => "an empty map".to_owned(),
        Value::Object(fields) => {
            let names: Vec<_> = fields.keys().take(8).map(|key| hint::shown(key)).collect();
            format!(
                "a map with {}",
                hint::list(names.iter().map(String::as_str)).replace(" or ", " and ")
            )
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Null => "null".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Bool(_) => "a Boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
    };
    match path {
        "" => format!(", which is {there}"),
        path => format!("; at `{path}` is {there}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(settings: &Value) -> Result<Pointers> {
        super::super::own_settings::read("provider.settings", settings, |at| {
            let fields = at.fields()?;
            let pointers = Pointers::read(&fields)?;
            fields.finish()?;
            Ok(pointers)
        })
    }

    #[test]
    fn parts_are_found_and_what_is_missing_says_how_far_it_got() {
        let settings = json!({"answer": "/choices/0/text", "error": "/error/message",
            "usage": {"input": "/used/in", "output": "/used/out"}, "answered-model": "/model"});
        let pointers = read(&settings).unwrap();
        let whole =
            json!({"choices": [{"text": "Hi!"}], "used": {"in": 3}, "model": "m", "error": null});
        let answer = pointers.response("http", &whole).unwrap();
        assert_eq!((answer.text.as_str(), answer.model.as_str()), ("Hi!", "m"));
        assert_eq!(answer.usage.unwrap().input_tokens, 3);

        let cases = [
            (
                json!({"choices": [{"message": 1, "index": 0}]}),
                "at `/choices/0` is a map with `message` and `index`",
            ),
            (json!({"choices": []}), "at `/choices` is a list of 0"),
            (json!("x"), "in the answer, which is text"),
            (
                json!({"error": {"message": "overloaded"}}),
                "http: overloaded",
            ),
        ];
        for (value, wanted) in cases {
            let error = pointers.response("http", &value).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let error = read(&json!({"answer": "choices.0.text"}))
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `/choices/0/text`?"), "{error}");
    }
}
