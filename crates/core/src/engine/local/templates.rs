//! The chat templates of a model: one for all conversations, perhaps another for those with tools.
//!
//! As transformers has it: a template named `tool_use` is taken where tools are on offer, else the one named
//! `default`, which is also what a single template is called. Further names are not read.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::chat_template::ChatTemplate;
use super::super::error::Result;
use super::super::files::{ModelFiles, read_limited};
use super::super::gguf::Gguf;
use super::super::tool_calls::ToolFormat;

/// The longest chat template file that is read, in bytes.
const TEMPLATE_BYTES: u64 = 1 << 20;
/// The name of the template for conversations with tools.
const TOOL_USE: &str = "tool_use";

/// The templates as they are written.
#[derive(Debug, Default)]
pub(super) struct Sources {
    default: Option<String>,
    tool_use: Option<String>,
}

impl Sources {
    /// Those in a file's metadata.
    pub(super) fn of_gguf(gguf: &Gguf) -> Self {
        let text = |key: &str| gguf.text(key).map(str::to_owned);
        Self {
            default: text("tokenizer.chat_template"),
            tool_use: text("tokenizer.chat_template.tool_use"),
        }
    }

    /// Those of a folder: files of their own, else in `tokenizer_config.json`.
    pub(super) fn of_folder(files: &ModelFiles) -> Result<Self> {
        let file = |name: &str| -> Result<Option<String>> {
            let Some(path) = files.beside(name) else {
                return Ok(None);
            };
            let bytes = read_limited(&path, TEMPLATE_BYTES)?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        };
        if let Some(default) = file("chat_template.jinja")? {
            let further = Path::new("additional_chat_templates").join(format!("{TOOL_USE}.jinja"));
            return Ok(Self {
                default: Some(default),
                tool_use: file(&further.to_string_lossy())?,
            });
        }
        let about = files.json("tokenizer_config.json")?.unwrap_or_default();
        Ok(match about.get("chat_template") {
            Some(Value::String(text)) => Self {
                default: Some(text.clone()),
                tool_use: None,
            },
            Some(Value::Array(list)) => {
                let named = |wanted: &str| {
                    let is = |one: &&Value| one.get("name").and_then(Value::as_str) == Some(wanted);
                    let one = list.iter().find(is)?;
                    one.get("template")?.as_str().map(str::to_owned)
                };
                Self {
                    default: named("default"),
                    tool_use: named(TOOL_USE),
                }
            }
            Some(Value::Object(named)) => {
                let text = |name: &str| named.get(name)?.as_str().map(str::to_owned);
                Self {
                    default: text("default"),
                    tool_use: text(TOOL_USE),
                }
            }
            _ => Self::default(),
        })
    }

    /// The templates, ready to render; `special` holds the names of special tokens and their texts.
    pub(super) fn read(self, special: &Map<String, Value>) -> Result<Templates> {
        let read = |source: Option<String>| {
            source
                .map(|source| ChatTemplate::new(&source, special.clone()))
                .transpose()
        };
        Ok(Templates {
            default: read(self.default)?,
            tool_use: read(self.tool_use)?,
        })
    }
}

/// The templates of a model.
#[derive(Debug)]
pub(super) struct Templates {
    default: Option<ChatTemplate>,
    tool_use: Option<ChatTemplate>,
}

impl Templates {
    /// The template of a conversation with tools on offer, or without.
    pub(super) fn of(&self, with_tools: bool) -> Option<&ChatTemplate> {
        let tool_use = self.tool_use.as_ref().filter(|_| with_tools);
        tool_use.or(self.default.as_ref())
    }

    /// How calls are written, where the model knows tools.
    pub(super) fn tool_format(&self) -> Option<ToolFormat> {
        self.of(true).and_then(ToolFormat::of)
    }
}
