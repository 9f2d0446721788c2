//! The settings of provider `http`.
//!
//! A place in the settings in, [`Settings`] out; every template and pointer is checked here.

use std::time::Duration;

use botsmith_core::yaml::Cursor;
use botsmith_core::{Error, Result};
use serde_json::Value;

use crate::provider::pointers::{Pointers, pointer};
use crate::provider::template::Templates;

/// The keys, for telling them from settings of a model.
pub(super) const KEYS: [&str; 11] = [
    "url",
    "method",
    "headers",
    "body",
    "answer",
    "reasoning",
    "answered-model",
    "error",
    "usage",
    "stream",
    "timeout",
];

pub(super) struct Settings {
    pub(super) url: String,
    pub(super) method: &'static str,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    pub(super) pointers: Pointers,
    pub(super) stream: Option<Pieces>,
    pub(super) model: Option<String>,
    pub(super) timeout: Option<Duration>,
}

/// How an answer comes in pieces.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    /// Lines of JSON; else server-sent events.
    pub(super) lines: bool,
    /// Where in a piece its text stands.
    pub(super) text: String,
    /// The data that ends the stream.
    pub(super) end: Option<String>,
}

impl Settings {
    pub(super) fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let templates = Templates::default();
        let template = |at: &Cursor<'_>| {
            let tree = at.node().to_json();
            match templates.check(&tree) {
                Ok(()) => Ok(tree),
                Err(error) => {
                    let inner = match error.path.as_str() {
                        "" => String::new(),
                        path => format!(" at `{path}`"),
                    };
                    let words = format!("the template{inner} cannot be read: {}", error.reason);
                    Err(at.error(words))
                }
            }
        };
        let methods = [
            ("POST", "POST"),
            ("GET", "GET"),
            ("PUT", "PUT"),
            ("PATCH", "PATCH"),
        ];
        let mut headers = Vec::new();
        if let Some(at) = fields.get("headers") {
            for (name, value) in at.fields()?.entries() {
                template(&value)?;
                headers.push((name.to_owned(), value.text()?.to_owned()));
            }
        }
        let url = fields.required("url")?;
        template(&url)?;
        let settings = Self {
            url: url.name()?.to_owned(),
            method: match fields.get("method") {
                Some(at) => at.one_of(&methods)?,
                None => "POST",
            },
            headers,
            body: fields.get("body").map(|at| template(&at)).transpose()?,
            pointers: Pointers::read(&fields)?,
            stream: match fields.get("stream") {
                Some(at) if at.node().text().is_none() => Some(Pieces::read(&at)?),
                _ => None,
            },
            model: fields
                .get("model")
                .map(|at| at.name().map(str::to_owned))
                .transpose()?,
            timeout: fields.get("timeout").map(|at| at.duration()).transpose()?,
        };
        fields.finish()?;
        match settings.method == "GET" && settings.body.is_some() {
            false => Ok(settings),
            true => Err(Error::from(
                at.diagnostic("GET has no body")
                    .hint("put it into `url`, or use POST"),
            )),
        }
    }
}

impl Pieces {
    fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let pieces = Self {
            lines: match fields.get("as") {
                Some(at) => at.one_of(&[("events", false), ("lines", true)])?,
                None => false,
            },
            text: pointer(&fields.required("text")?)?,
            end: fields
                .get("end")
                .map(|at| at.text().map(str::to_owned))
                .transpose()?,
        };
        fields.finish()?;
        Ok(pieces)
    }
}
