//! Neutral sampling in each provider's own words, in both directions.
//!
//! [`Sampling`] -> keys of the request's body, and settings of a cartridge -> [`Sampling`], by one
//! table, so that a cartridge for one provider keeps its meaning on another. What a provider has no
//! word for is left out.

use botsmith_core::chat::{OutputFormat, Sampling};
use serde_json::{Map, Value, json};

use super::ProviderKind;

#[derive(Clone, Copy)]
pub(super) enum Neutral {
    Temperature,
    TopP,
    TopK,
    MaxTokens,
    Stop,
    Seed,
    Presence,
    Frequency,
    Logprobs,
}

use Neutral::{Frequency, Logprobs, MaxTokens, Presence, Seed, Stop, Temperature, TopK, TopP};

const ALL: [Neutral; 9] = [
    Temperature,
    TopP,
    TopK,
    MaxTokens,
    Stop,
    Seed,
    Presence,
    Frequency,
    Logprobs,
];

/// Where a provider wants it: the map (if not the body itself) and the key.
pub(super) fn place(
    kind: ProviderKind,
    what: Neutral,
) -> Option<(Option<&'static str>, &'static str)> {
    let flat = |key| Some((None, key));
    match kind {
        ProviderKind::Ollama | ProviderKind::Local => {
            let key = match what {
                Temperature => "temperature",
                TopP => "top_p",
                TopK => "top_k",
                MaxTokens => "num_predict",
                Stop => "stop",
                Seed => "seed",
                Presence => "presence_penalty",
                Frequency => "frequency_penalty",
                Logprobs => return None,
            };
            Some((Some("options"), key))
        }
        ProviderKind::Google => {
            let key = match what {
                Temperature => "temperature",
                TopP => "topP",
                TopK => "topK",
                MaxTokens => "maxOutputTokens",
                Stop => "stopSequences",
                Seed => "seed",
                Presence => "presencePenalty",
                Frequency => "frequencyPenalty",
                Logprobs => "logprobs",
            };
            Some((Some("generationConfig"), key))
        }
        ProviderKind::Mistral => match what {
            Temperature => flat("temperature"),
            TopP => flat("top_p"),
            MaxTokens => flat("max_tokens"),
            Stop => flat("stop"),
            Seed => flat("random_seed"),
            Presence => flat("presence_penalty"),
            Frequency => flat("frequency_penalty"),
            TopK | Logprobs => None,
        },
        ProviderKind::Anthropic => match what {
            Temperature => flat("temperature"),
            TopP => flat("top_p"),
            TopK => flat("top_k"),
            MaxTokens => flat("max_tokens"),
            Stop => flat("stop_sequences"),
            Seed | Presence | Frequency | Logprobs => None,
        },
        ProviderKind::Cohere => match what {
            Temperature => flat("temperature"),
            TopP => flat("p"),
            TopK => flat("k"),
            MaxTokens => flat("max_tokens"),
            Stop => flat("stop_sequences"),
            Seed => flat("seed"),
            Presence => flat("presence_penalty"),
            Frequency => flat("frequency_penalty"),
            Logprobs => None,
        },
        ProviderKind::Maritaca => match what {
            Temperature => flat("temperature"),
            TopP => flat("top_p"),
            MaxTokens => flat("max_tokens"),
            Stop => flat("stopping_tokens"),
            _ => None,
        },
        _ => flat(match what {
            Temperature => "temperature",
            TopP => "top_p",
            TopK => "top_k",
            MaxTokens => "max_tokens",
            Stop => "stop",
            Seed => "seed",
            Presence => "presence_penalty",
            Frequency => "frequency_penalty",
            Logprobs => "top_logprobs",
        }),
    }
}

fn value(sampling: &Sampling, what: Neutral) -> Option<Value> {
    match what {
        Temperature => sampling.temperature.map(Value::from),
        TopP => sampling.top_p.map(Value::from),
        TopK => sampling.top_k.map(Value::from),
        MaxTokens => sampling.max_tokens.map(Value::from),
        Stop => (!sampling.stop.is_empty()).then(|| json!(sampling.stop)),
        Seed => sampling.seed.map(Value::from),
        Presence => sampling.presence_penalty.map(Value::from),
        Frequency => sampling.frequency_penalty.map(Value::from),
        Logprobs => sampling.top_logprobs.map(Value::from),
    }
}

/// Writes what is wanted into a body, over what stands there.
pub(super) fn write(kind: ProviderKind, sampling: &Sampling, body: &mut Map<String, Value>) {
    for what in ALL {
        let (Some(value), Some((map, key))) = (value(sampling, what), place(kind, what)) else {
            continue;
        };
        let target = match map {
            None => &mut *body,
            Some(map) => {
                let inner = body.entry(map).or_insert_with(|| json!({}));
                match inner {
                    Value::Object(inner) => inner,
                    // A settings map that is no map: the provider will say so.
                    _ => continue,
                }
            }
        };
        target.insert(key.into(), value);
        match (what, kind) {
            (Logprobs, ProviderKind::Google) => {
                target.insert("responseLogprobs".into(), json!(true));
            }
            (Logprobs, _) => {
                target.insert("logprobs".into(), json!(true));
            }
            _ => {}
        }
    }
}

/// What settings in a provider's own words say, in neutral ones.
pub(super) fn read(kind: ProviderKind, settings: &Map<String, Value>) -> Sampling {
    let found = |what| {
        let (map, key) = place(kind, what)?;
        let map = match map {
            None => settings,
            Some(map) => settings.get(map)?.as_object()?,
        };
        map.get(key)
    };
    let float = |what| found(what).and_then(Value::as_f64);
    let count = |what| {
        let n = found(what).and_then(Value::as_u64)?;
        u32::try_from(n).ok()
    };
    let mut sampling = Sampling::default();
    sampling.temperature = float(Temperature);
    sampling.top_p = float(TopP);
    sampling.top_k = count(TopK);
    sampling.max_tokens = count(MaxTokens).or_else(|| {
        let newer = settings.get("max_completion_tokens")?.as_u64()?;
        u32::try_from(newer).ok()
    });
    sampling.seed = found(Seed).and_then(Value::as_u64);
    sampling.presence_penalty = float(Presence);
    sampling.frequency_penalty = float(Frequency);
    sampling.top_logprobs = count(Logprobs);
    sampling.stop = match found(Stop) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many
            .iter()
            .filter_map(|stop| stop.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    sampling
}

/// The form of answer that settings in a provider's own words ask for.
pub(super) fn output(kind: ProviderKind, settings: &Map<String, Value>) -> OutputFormat {
    let schema = |schema: &Value, name: Option<&Value>| OutputFormat::JsonSchema {
        name: name.and_then(Value::as_str).unwrap_or("answer").to_owned(),
        schema: schema.clone(),
    };
    match kind {
        ProviderKind::OpenAi | ProviderKind::Mistral | ProviderKind::Cohere => {
            let Some(format) = settings.get("response_format") else {
                return OutputFormat::Text;
            };
            let named = format.get("json_schema");
            match named
                .and_then(|named| named.get("schema"))
                .or(format.get("schema"))
            {
                Some(found) => schema(found, named.and_then(|named| named.get("name"))),
                None if format.get("type").and_then(Value::as_str) == Some("json_object") => {
                    OutputFormat::Json
                }
                None => OutputFormat::Text,
            }
        }
        ProviderKind::Ollama | ProviderKind::Local => match settings.get("format") {
            Some(Value::String(format)) if format == "json" => OutputFormat::Json,
            Some(found @ Value::Object(_)) => schema(found, None),
            _ => OutputFormat::Text,
        },
        ProviderKind::Google => {
            let generation = settings.get("generationConfig");
            let found = |key| generation.and_then(|generation| generation.get(key));
            match found("responseJsonSchema").or(found("responseSchema")) {
                Some(found) => schema(found, None),
                None if found("responseMimeType").and_then(Value::as_str)
                    == Some("application/json") =>
                {
                    OutputFormat::Json
                }
                None => OutputFormat::Text,
            }
        }
        _ => OutputFormat::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_wherever_there_is_a_word_for_it() {
        let mut all = Sampling::default();
        all.temperature = Some(0.5);
        all.top_p = Some(0.9);
        all.top_k = Some(40);
        all.max_tokens = Some(100);
        all.stop = vec!["END".into()];
        all.seed = Some(7);
        all.presence_penalty = Some(0.1);
        all.frequency_penalty = Some(-0.1);
        all.top_logprobs = Some(3);
        for kind in ProviderKind::ALL {
            let mut body = Map::new();
            write(kind, &all, &mut body);
            let back = read(kind, &body);
            for what in ALL {
                let expected = place(kind, what).and_then(|_| value(&all, what));
                assert_eq!(value(&back, what), expected, "{kind}");
            }
        }
    }

    #[test]
    fn the_form_of_the_answer_is_found_in_each_provider_s_words() {
        let schema = json!({"type": "object"});
        let wanted = |name: &str| OutputFormat::JsonSchema {
            name: name.into(),
            schema: schema.clone(),
        };
        let cases = [
            (
                ProviderKind::OpenAi,
                json!({"response_format": {"type": "json_object"}}),
                OutputFormat::Json,
            ),
            (
                ProviderKind::OpenAi,
                json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}}),
                wanted("n"),
            ),
            (
                ProviderKind::Ollama,
                json!({"format": "json"}),
                OutputFormat::Json,
            ),
            (
                ProviderKind::Ollama,
                json!({"format": schema}),
                wanted("answer"),
            ),
            (
                ProviderKind::Google,
                json!({"generationConfig": {"responseMimeType": "application/json", "responseSchema": schema}}),
                wanted("answer"),
            ),
            (
                ProviderKind::Google,
                json!({"generationConfig": {"responseMimeType": "application/json"}}),
                OutputFormat::Json,
            ),
            (ProviderKind::Maritaca, json!({}), OutputFormat::Text),
        ];
        for (kind, settings, expected) in cases {
            assert_eq!(
                output(kind, settings.as_object().unwrap()),
                expected,
                "{kind}"
            );
        }
    }
}
