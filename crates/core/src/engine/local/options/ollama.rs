//! Ollama's settings that change no answer here: those of its server, and those that are off.
//!
//! A cartridge often lists options at the values that ollama has anyway. Such a value is passed over; another
//! one would change the answer in a way that the engine does not know, so it is an error that says what is not
//! done.

use serde_json::Value;

use crate::engine::error::{EngineError, Result};

/// Names that change how fast an answer comes and what memory it takes, not what it is.
const PASSED_OVER: &[&str] = &[
    "f16_kv",
    "keep_alive",
    "logits_all",
    "low_vram",
    "main_gpu",
    "model",
    "num_batch",
    "num_gpu",
    "num_gqa",
    "num_keep",
    "num_thread",
    "numa",
    "stream",
    "use_mlock",
    "use_mmap",
];

/// What a setting must be to change nothing.
#[derive(Clone, Copy, Debug)]
enum Off {
    /// This number.
    Is(f64),
    /// This number, or more.
    From(f64),
    /// Any number: it steers what another setting has switched off.
    AnyNumber,
    False,
    /// Nothing at all: there is no value that changes nothing, but an empty text.
    Empty,
}

/// Names that would change the answer, what they must be not to, and what is not done.
const OFF: &[(&str, Off, &str)] = &[
    ("mirostat", Off::Is(0.0), "the sampler Mirostat"),
    ("mirostat_eta", Off::AnyNumber, "the sampler Mirostat"),
    ("mirostat_tau", Off::AnyNumber, "the sampler Mirostat"),
    ("template", Off::Empty, "a template in Go's language"),
    ("tfs_z", Off::From(1.0), "tail-free sampling"),
    ("typical_p", Off::From(1.0), "locally typical sampling"),
    ("vocab_only", Off::False, "a model without weights"),
];

/// Whether `name` is one of them, and may be passed over.
///
/// # Errors
/// [`EngineError::Setting`] for a value that would change the answer.
pub(super) fn is_passed_over(name: &str, value: &Value) -> Result<bool> {
    if PASSED_OVER.contains(&name) {
        return Ok(true);
    }
    let Some((_, off, what)) = OFF.iter().find(|(known, ..)| *known == name) else {
        return Ok(false);
    };
    let number = value.as_f64();
    let (is_off, wanted) = match off {
        Off::Is(only) => (number == Some(*only), format!("{only} is wanted")),
        Off::From(least) => (
            number.is_some_and(|number| number >= *least),
            format!("{least} is wanted"),
        ),
        Off::AnyNumber => (number.is_some(), "a number is wanted".to_owned()),
        Off::False => (*value == Value::Bool(false), "false is wanted".to_owned()),
        Off::Empty => (value == "", "leave it out".to_owned()),
    };
    match is_off {
        true => Ok(true),
        false => Err(EngineError::Setting(format!(
            "`{name}` is {}: {what} is not done here, {wanted}",
            crate::hint::shown(&value.to_string())
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_off_is_passed_over_and_what_is_on_is_an_error_that_names_it() {
        let off = [
            ("mirostat", json!(0)),
            ("mirostat", json!(0.0)),
            ("mirostat_tau", json!(5.0)),
            ("mirostat_eta", json!(0.1)),
            ("tfs_z", json!(1)),
            ("typical_p", json!(1.0)),
            ("vocab_only", json!(false)),
            ("template", json!("")),
            ("num_gpu", json!(99)),
            ("f16_kv", json!(true)),
        ];
        for (name, value) in off {
            assert!(is_passed_over(name, &value).unwrap(), "{name}");
        }
        assert!(!is_passed_over("temperature", &json!(1)).unwrap());
        for (name, value, said) in [
            (
                "mirostat",
                json!(2),
                "`mirostat` is 2: the sampler Mirostat is not done here, 0 is wanted",
            ),
            ("mirostat_tau", json!("x"), "a number is wanted"),
            (
                "tfs_z",
                json!(0.9),
                "`tfs_z` is 0.9: tail-free sampling is not done here, 1 is wanted",
            ),
            (
                "typical_p",
                json!(0.5),
                "locally typical sampling is not done here",
            ),
            ("typical_p", json!(null), "`typical_p` is null"),
            (
                "vocab_only",
                json!(true),
                "a model without weights is not done here",
            ),
            (
                "template",
                json!("{{ .Prompt }}"),
                "a template in Go's language is not done here, leave it out",
            ),
        ] {
            let error = is_passed_over(name, &value).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
