//! The folder layout of `sentence-transformers`: which steps follow the encoder, and what goes in front of a text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde_json::Value;

use super::pooling::Pooling;
use crate::engine::config::Config;
use crate::engine::encoder::{Activation, WIDTH};
use crate::engine::error::{EngineError, Result};
use crate::engine::files::{ModelFiles, Module, modules, read_limited};
use crate::engine::gguf::Gguf;
use crate::engine::linear::Linear;
use crate::engine::weights::Weights;

/// What the transformer is there for, as newer folders say it.
const TASK: &str = "feature-extraction";

/// What such a folder says.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The folder of the encoder, where it is another one.
    pub(super) transformer: Option<PathBuf>,
    /// `None` where nothing says it.
    pub(super) pooling: Option<Pooling>,
    /// Whether the tokens of a prompt count in the pooling.
    pub(super) pools_prompt: bool,
    pub(super) dense: Vec<Dense>,
    pub(super) normalise: bool,
    /// The most tokens of a text.
    pub(super) limit: Option<usize>,
    pub(super) lower: bool,
    /// The file that says of the tokenizer that it puts its ending token after each text.
    pub(super) ends: Option<PathBuf>,
    pub(super) prompts: BTreeMap<String, String>,
    pub(super) default_prompt: Option<String>,
}

/// A dense step.
#[derive(Debug)]
pub(super) struct Dense {
    linear: Linear,
    activation: Option<Activation>,
    width: usize,
}

impl Dense {
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self.activation {
            Some(activation) => activation.after(&self.linear, x),
            None => self.linear.forward(x),
        }
    }
}

impl Layout {
    pub(super) fn read(files: &ModelFiles) -> Result<Self> {
        let mut layout = Self {
            pools_prompt: true,
            ..Self::default()
        };
        if let Some(path) = files.gguf() {
            layout.pooling = of_gguf(path)?;
            return Ok(layout);
        }
        for module in modules(files.top())? {
            layout.step(files.top(), &module)?;
        }
        let home = layout.transformer.as_deref().unwrap_or(&files.folder);
        // Older folders name the longest text beside the model, newer ones with the tokenizer, where 1e30 is none.
        for (file, key) in [
            ("sentence_bert_config.json", "max_seq_length"),
            ("tokenizer_config.json", "model_max_length"),
        ] {
            let path = home.join(file);
            if !path.is_file() {
                continue;
            }
            let settings = config(&path)?;
            let limit = settings.get(key).and_then(Value::as_u64);
            layout.limit = layout.limit.or(limit
                .filter(|n| (1..1 << 24).contains(n))
                .map(|n| n as usize));
            if file == "sentence_bert_config.json" {
                layout.lower = settings.bool_or("do_lower_case", false)?;
                check_task(&settings)?;
            } else if settings.get("add_eos_token") == Some(&Value::Bool(true)) {
                layout.ends = Some(path);
            }
        }
        let prompts = files.top().join("config_sentence_transformers.json");
        if prompts.is_file() {
            let settings = config(&prompts)?;
            for (name, text) in settings
                .get("prompts")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let text = text.as_str().ok_or_else(|| {
                    settings.error(
                        "prompts",
                        format!("the prompt `{}` is no text", crate::hint::shown(name)),
                    )
                })?;
                layout.prompts.insert(name.clone(), text.to_owned());
            }
            layout.default_prompt =
                (settings.get("default_prompt_name").and_then(Value::as_str)).map(str::to_owned);
        }
        Ok(layout)
    }

    fn step(&mut self, top: &Path, module: &Module) -> Result<()> {
        let folder = &module.folder;
        match module.name() {
            "Transformer" => self.transformer = (folder != top).then(|| folder.clone()),
            "Pooling" => {
                let (mode, prompt) = pooling(&config(&folder.join("config.json"))?)?;
                (self.pooling, self.pools_prompt) = (Some(mode), prompt);
            }
            "Dense" => self.dense.push(dense(folder)?),
            "Normalize" => self.normalise = true,
            _ => {
                return Err(EngineError::Unsupported {
                    what: "module",
                    found: crate::hint::shown(&module.kind),
                    known: "Transformer, Pooling, Dense, Normalize".into(),
                });
            }
        }
        Ok(())
    }
}

fn config(path: &Path) -> Result<Config> {
    let bytes = read_limited(path, 1 << 20)?;
    Config::parse(path, &String::from_utf8_lossy(&bytes))
}

/// Whether texts go in as they are and vectors of their tokens come out: newer folders may say otherwise.
fn check_task(settings: &Config) -> Result<()> {
    let task = settings.text_or("transformer_task", TASK)?;
    if task != TASK {
        return Err(EngineError::Unsupported {
            what: "task of an embedder",
            found: crate::hint::shown(task),
            known: TASK.into(),
        });
    }
    match settings.section("modality_config") {
        Some(kinds) if kinds.get("message").is_some() => Err(kinds.error(
            "message",
            "texts of this model go through its chat template, which is not done here",
        )),
        _ => Ok(()),
    }
}

fn pooling(config: &Config) -> Result<(Pooling, bool)> {
    let modes = [
        ("pooling_mode_mean_tokens", "mean", Some(Pooling::Mean)),
        ("pooling_mode_cls_token", "cls", Some(Pooling::Cls)),
        ("pooling_mode_lasttoken", "lasttoken", Some(Pooling::Last)),
        ("pooling_mode_max_tokens", "max", Some(Pooling::Max)),
        (
            "pooling_mode_mean_sqrt_len_tokens",
            "mean_sqrt_len_tokens",
            None,
        ),
        ("pooling_mode_weightedmean_tokens", "weightedmean", None),
    ];
    let mut found = Vec::new();
    for (key, name, mode) in modes {
        if config.bool_or(key, false)?
            || config.get("pooling_mode").and_then(Value::as_str) == Some(name)
        {
            found.push((name, mode));
        }
    }
    let prompt = config.bool_or("include_prompt", true)?;
    match found.as_slice() {
        [] if config.get("pooling_mode").is_none() => Ok((Pooling::Mean, prompt)),
        [(_, Some(mode))] => Ok((*mode, prompt)),
        _ => {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            let names = match names.is_empty() {
                true => config.text_or("pooling_mode", "")?.to_owned(),
                false => names.join(" + "),
            };
            Err(EngineError::Unsupported {
                what: "pooling",
                found: crate::hint::shown(&names),
                known: "one of mean, cls, lasttoken, max".into(),
            })
        }
    }
}

fn dense(folder: &Path) -> Result<Dense> {
    let config = config(&folder.join("config.json"))?;
    let (inputs, width) = (
        config.count("in_features", WIDTH)?,
        config.count("out_features", WIDTH)?,
    );
    let function = config.text_or("activation_function", "torch.nn.modules.activation.Tanh")?;
    let activation = match function.rsplit('.').next().unwrap_or_default() {
        "Identity" => None,
        "Tanh" => Some(Activation::Tanh),
        "ReLU" => Some(Activation::Relu),
        "GELU" => Some(Activation::Gelu),
        _ => {
            return Err(EngineError::Unsupported {
                what: "activation",
                found: crate::hint::shown(function),
                known: "Identity, Tanh, ReLU, GELU".into(),
            });
        }
    };
    // A few vectors a batch: the processor does that everywhere.
    let weights = Weights::open(&ModelFiles::open(folder)?, &Device::Cpu)?;
    Ok(Dense {
        linear: weights.linear("linear", inputs, width)?,
        activation,
        width,
    })
}

/// The pooling that a GGUF file names.
fn of_gguf(path: &Path) -> Result<Option<Pooling>> {
    let gguf = Gguf::open(path)?;
    match gguf.integer(&format!("{}.pooling_type", gguf.architecture())) {
        None | Some(0) => Ok(None),
        Some(1) => Ok(Some(Pooling::Mean)),
        Some(2) => Ok(Some(Pooling::Cls)),
        Some(3) => Ok(Some(Pooling::Last)),
        Some(other) => Err(EngineError::Unsupported {
            what: "pooling",
            found: other.to_string(),
            known: "1 (mean), 2 (cls), 3 (last)".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poolings_of_both_spellings_are_read() {
        let read = |text: &str| pooling(&Config::parse("config.json", text).expect("settings"));
        assert_eq!(
            read(r#"{"pooling_mode_cls_token": true}"#).expect("cls").0,
            Pooling::Cls
        );
        assert_eq!(
            read(r#"{"pooling_mode": "lasttoken"}"#).expect("last").0,
            Pooling::Last
        );
        assert_eq!(read("{}").expect("default").0, Pooling::Mean);
        for text in [
            r#"{"pooling_mode": "other"}"#,
            r#"{"pooling_mode_weightedmean_tokens": true}"#,
            r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#,
        ] {
            assert_eq!(read(text).expect_err(text).code(), "BS-ENG-005");
        }
    }
}
