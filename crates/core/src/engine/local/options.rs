//! Settings of a chat request -> sampling: the neutral words, then ollama's, which win.
//!
//! Ollama's names are those of its `options`
//! (<https://docs.ollama.com/modelfile#valid-parameters-and-values>), so that a cartridge written for
//! it runs here. Those that steer its own server (`num_gpu`, `num_thread`, `keep_alive`, …) have no
//! meaning here and are passed over, as are those that are off (`options/ollama.rs`); what would change
//! the answer and is not known is an error. `tool_choice` is `OpenAI`'s.

mod ollama;

use serde_json::{Map, Value};

use super::super::error::{EngineError, Result};
use super::super::sampling::SamplingOptions;
use crate::chat::{ChatRequest, ToolChoice};

/// How an answer is made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) sampling: SamplingOptions,
    pub(super) max_tokens: Option<usize>,
    pub(super) stop: Vec<String>,
    /// Names that the chat template is given, such as `enable_thinking`.
    pub(super) template: Map<String, Value>,
    pub(super) tool_choice: ToolChoice,
    /// Whether the only message is the prompt as it stands.
    pub(super) raw: bool,
    /// Whether penalties pass over line ends.
    spares_lines: bool,
}

/// The name by which chat templates are told whether the model thinks.
pub(super) const SWITCH: &str = "enable_thinking";

/// Names that are known.
const KNOWN: &[&str] = &[
    "chat_template_kwargs",
    "frequency_penalty",
    "logit_bias",
    "max_tokens",
    "min_p",
    "num_ctx",
    "num_predict",
    "options",
    "penalize_newline",
    "presence_penalty",
    "raw",
    "repeat_last_n",
    "repeat_penalty",
    "repetition_penalty",
    "seed",
    "stop",
    "temperature",
    "think",
    "tool_choice",
    "top_k",
    "top_logprobs",
    "top_p",
];

/// What a request wants, on top of what the model's makers recommend.
pub(super) fn wanted(request: &ChatRequest, recommended: &SamplingOptions) -> Result<Wanted> {
    let neutral = &request.sampling;
    let mut sampling = recommended.clone();
    let set = |to: &mut f32, from: Option<f64>| {
        if let Some(value) = from {
            *to = value as f32;
        }
    };
    set(&mut sampling.temperature, neutral.temperature);
    set(&mut sampling.top_p, neutral.top_p);
    set(&mut sampling.presence_penalty, neutral.presence_penalty);
    set(&mut sampling.frequency_penalty, neutral.frequency_penalty);
    if let Some(k) = neutral.top_k {
        sampling.top_k = k as usize;
    }
    sampling.seed = neutral.seed.unwrap_or(sampling.seed);
    sampling.top_logprobs = neutral.top_logprobs.unwrap_or(0) as usize;
    let mut wanted = Wanted {
        sampling,
        max_tokens: neutral.max_tokens.map(|most| most as usize),
        stop: neutral.stop.clone(),
        template: Map::new(),
        tool_choice: request.tool_choice.clone(),
        raw: false,
        spares_lines: false,
    };
    for (name, value) in &request.native {
        match (name.as_str(), value) {
            ("options", Value::Object(options)) => {
                for (name, value) in options {
                    wanted.take(name, value)?;
                }
            }
            _ => wanted.take(name, value)?,
        }
    }
    if let Some(refusal) = wanted.sampling.refusal() {
        return Err(EngineError::Setting(refusal));
    }
    let sampling = &wanted.sampling;
    let penalised = sampling.repetition_penalty != 1.0
        || sampling.presence_penalty != 0.0
        || sampling.frequency_penalty != 0.0;
    if wanted.spares_lines && penalised {
        return Err(EngineError::Setting(
            "`penalize_newline` is false: penalties here are for all tokens, true is wanted, or no penalty".into(),
        ));
    }
    Ok(wanted)
}

impl Wanted {
    fn take(&mut self, name: &str, value: &Value) -> Result<()> {
        let wrong = |wanted: &str| {
            let value = crate::hint::shown(&value.to_string());
            EngineError::Setting(format!("`{name}` is {value}, {wanted} is wanted"))
        };
        let number = || {
            value
                .as_f64()
                .map(|number| number as f32)
                .ok_or_else(|| wrong("a number"))
        };
        let flag = || value.as_bool().ok_or_else(|| wrong("true or false"));
        let whole = || value.as_i64().ok_or_else(|| wrong("a whole number"));
        match name {
            "temperature" => self.sampling.temperature = number()?,
            "top_p" => self.sampling.top_p = number()?,
            "min_p" => self.sampling.min_p = number()?,
            "presence_penalty" => self.sampling.presence_penalty = number()?,
            "frequency_penalty" => self.sampling.frequency_penalty = number()?,
            "repeat_penalty" | "repetition_penalty" => self.sampling.repetition_penalty = number()?,
            // Ollama: -1 looks at everything, 0 at nothing.
            "repeat_last_n" => self.sampling.repeat_last_n = usize::try_from(whole()?).ok(),
            "top_k" => self.sampling.top_k = usize::try_from(whole()?).unwrap_or(0),
            "top_logprobs" => {
                self.sampling.top_logprobs =
                    usize::try_from(whole()?).map_err(|_| wrong("a number from 0"))?;
            }
            "seed" => self.sampling.seed = whole()?.cast_unsigned(),
            // Ollama: below 0 there is no limit.
            "num_predict" | "max_tokens" => self.max_tokens = usize::try_from(whole()?).ok(),
            "stop" => {
                self.stop = match value {
                    Value::String(text) => vec![text.clone()],
                    Value::Array(list) => {
                        let texts: Option<Vec<String>> = list
                            .iter()
                            .map(|text| text.as_str().map(str::to_owned))
                            .collect();
                        texts.ok_or_else(|| wrong("a list of texts"))?
                    }
                    _ => return Err(wrong("a text or a list of texts")),
                };
            }
            "logit_bias" => {
                let map = value
                    .as_object()
                    .ok_or_else(|| wrong("a map of token ids"))?;
                for (id, bias) in map {
                    let id = id.parse().map_err(|_| wrong("a map of token ids"))?;
                    let bias = bias.as_f64().ok_or_else(|| wrong("a map to numbers"))?;
                    self.sampling.logit_bias.insert(id, bias as f32);
                }
            }
            "think" => {
                self.template.insert(SWITCH.into(), value.clone());
            }
            "chat_template_kwargs" => {
                let map = value.as_object().ok_or_else(|| wrong("a map"))?;
                self.template.extend(map.clone());
            }
            "tool_choice" => {
                self.tool_choice = tool_choice(value)
                    .ok_or_else(|| wrong("`auto`, `none`, `required` or a tool's name"))?;
            }
            "raw" => self.raw = flag()?,
            "penalize_newline" => self.spares_lines = !flag()?,
            // How much fits was settled when the model was loaded.
            "num_ctx" => {
                let tokens = value.as_u64().filter(|tokens| *tokens > 0);
                tokens.ok_or_else(|| wrong("a whole number from 1"))?;
            }
            name if ollama::is_passed_over(name, value)? => {}
            name => {
                let near = crate::hint::nearest(name, KNOWN.iter().copied());
                let near =
                    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let name = crate::hint::shown(name);
                return Err(EngineError::Setting(format!(
                    "the engine has no setting `{name}`{near}"
                )));
            }
        }
        Ok(())
    }
}

/// A choice of tools: a word or a name, or a name in `OpenAI`'s shape, `{"type": "function", "function": {"name": …}}`.
fn tool_choice(value: &Value) -> Option<ToolChoice> {
    let name = match value {
        Value::String(word) => match word.as_str() {
            "auto" => return Some(ToolChoice::Auto),
            "none" => return Some(ToolChoice::None),
            "required" => return Some(ToolChoice::Required),
            name => name,
        },
        Value::Object(map) => map.get("function")?.get("name")?.as_str()?,
        _ => return None,
    };
    (!name.is_empty()).then(|| ToolChoice::Named(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ollamas_names_win_over_neutral_ones_and_unknown_ones_are_named() {
        let mut request = ChatRequest::default();
        request.sampling.temperature = Some(0.2);
        request.sampling.stop = vec!["a".into()];
        let native = json!({"options": {
            "temperature": 0.7, "num_predict": 5, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.1,
            "repeat_last_n": -1, "seed": 42, "stop": ["b", "c"], "num_gpu": 3,
        }});
        request.native = native.as_object().unwrap().clone();
        let wanted = super::wanted(&request, &SamplingOptions::default()).unwrap();
        assert_eq!(wanted.sampling.temperature, 0.7);
        assert_eq!(
            (
                wanted.max_tokens,
                wanted.sampling.top_k,
                wanted.sampling.seed
            ),
            (Some(5), 40, 42)
        );
        assert_eq!(wanted.sampling.repeat_last_n, None);
        assert_eq!(wanted.stop, ["b", "c"]);
        for (native, said) in [
            (json!({"temprature": 1}), "did you mean `temperature`?"),
            (
                json!({"temperature": "hot"}),
                "`temperature` is \"hot\", a number is wanted",
            ),
            (json!({"top_p": 2}), "`top_p` is 2, wanted 0 to 1"),
            (json!({"mirostat": 1}), "`mirostat` is 1"),
            (
                json!({"num_ctx": "8k"}),
                "`num_ctx` is \"8k\", a whole number from 1 is wanted",
            ),
            (json!({"num_ctx": 0}), "`num_ctx` is 0"),
            (json!({"raw": 1}), "`raw` is 1, true or false is wanted"),
            (
                json!({"tool_choice": 3}),
                "`auto`, `none`, `required` or a tool's name is wanted",
            ),
            (
                json!({"tool_choice": {"type": "function"}}),
                "a tool's name is wanted",
            ),
            (
                json!({"penalize_newline": false, "repeat_penalty": 1.1}),
                "penalties here are for all tokens",
            ),
        ] {
            request.native = native.as_object().unwrap().clone();
            let error = super::wanted(&request, &SamplingOptions::default()).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    #[test]
    fn a_choice_of_tools_is_read_in_every_shape() {
        let read = |native: Value| {
            let request = ChatRequest {
                tool_choice: ToolChoice::Required,
                native: native.as_object().unwrap().clone(),
                ..ChatRequest::default()
            };
            super::wanted(&request, &SamplingOptions::default()).unwrap()
        };
        let named = ToolChoice::Named("add".into());
        for (value, wanted) in [
            (json!("auto"), ToolChoice::Auto),
            (json!("none"), ToolChoice::None),
            (json!("required"), ToolChoice::Required),
            (json!("add"), named.clone()),
            (
                json!({"type": "function", "function": {"name": "add"}}),
                named,
            ),
        ] {
            assert_eq!(read(json!({"tool_choice": value})).tool_choice, wanted);
        }
        assert_eq!(read(json!({})).tool_choice, ToolChoice::Required);
        let lines = json!({"penalize_newline": false, "raw": true, "repeat_penalty": 1});
        assert!(read(lines).raw);
    }
}
