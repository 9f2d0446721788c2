//! `mcp:`: servers of the Model Context Protocol, whose tools the bot has beside its own.
//!
//! ```yaml
//! mcp:
//!   files: {command: [files-server, --root, .], env: {TOKEN: ENV/FILES_TOKEN}}
//!   web: {url: "https://example.org/mcp", headers: {Authorization: ENV/WEB_AUTH}, tools: [search]}
//! ```

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use botsmith_core::SecretString;
use botsmith_core::hint::shown;
use botsmith_core::yaml::{Cursor, Fields};

use super::super::Result;
use super::plain_name;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// How it is reached.
    pub transport: Transport,
    /// The only tools of it that the bot has; `None`: all.
    pub tools: Option<Vec<String>>,
    /// How long a call may take; `None`: the default of tools.
    pub timeout: Option<Duration>,
    /// What must not be shown, should the server repeat it: what came out of the environment, and what
    /// stands under a name that says so.
    pub hidden: Vec<SecretString>,
}

/// Whether a name of a header or variable says that its value is a secret.
fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "key", "token", "secret", "password", "cookie"]
        .iter()
        .any(|word| name.contains(word))
}

/// The texts of `real` that must not be shown: those that are not as written, and those under the name
/// of a secret.
fn hidden(written: &Value, real: &Value, found: &mut Vec<SecretString>) {
    match (written, real) {
        (Value::Object(written), Value::Object(real)) => {
            for (name, real) in real {
                match real.as_str() {
                    Some(text) if names_a_secret(name) => {
                        found.push(SecretString::new(text));
                    }
                    _ => hidden(&written[name], real, found),
                }
            }
        }
        (Value::Array(written), Value::Array(real)) => {
            for (written, real) in written.iter().zip(real) {
                hidden(written, real, found);
            }
        }
        (written, Value::String(text)) if written != real => found.push(SecretString::new(text)),
        _ => {}
    }
}

/// How a server is reached.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// A process that speaks on its standard input and output.
    Command {
        /// The program and its arguments, never run through a shell; not empty. The environment is put in.
        command: Vec<String>,
        /// Variables that it gets besides those of every process.
        env: IndexMap<String, SecretString>,
        /// The folder that it runs in, as written.
        folder: Option<String>,
    },
    /// An address, over streamable HTTP.
    Http {
        /// The address.
        url: String,
        /// Headers of each request.
        headers: IndexMap<String, SecretString>,
    },
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments and addresses may hold what came out of the environment.
        match self {
            Self::Command { command, env, .. } => f
                .debug_struct("Command")
                .field("program", &command.first())
                .field("env", &env.keys().collect::<Vec<_>>())
                .finish_non_exhaustive(),
            Self::Http { headers, .. } => f
                .debug_struct("Http")
                .field("headers", &headers.keys().collect::<Vec<_>>())
                .finish_non_exhaustive(),
        }
    }
}

impl Server {
    /// A server that is reached this way, with all its tools.
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            tools: None,
            timeout: None,
            hidden: Vec::new(),
        }
    }

    pub(super) fn read(name: &str, at: &Cursor<'_>, real: &Value) -> Result<Self> {
        if !plain_name(name) {
            let message = format!("`{}` is no name of a server", shown(name));
            let hint = "letters, digits, `_`, `-` and `.`, at most 64";
            return Err(at.diagnostic(message).hint(hint).into());
        }
        let fields = at.fields()?;
        let transport = match (fields.get("command"), fields.get("url")) {
            (Some(at), None) => {
                let written = at.texts()?;
                if written
                    .first()
                    .is_none_or(|program| program.trim().is_empty())
                {
                    return Err(at.error("expected a program and its arguments").into());
                }
                let text = |value: &Value| value.as_str().map(str::to_owned);
                let command = match &real["command"] {
                    Value::Array(items) => items
                        .iter()
                        .zip(written)
                        .map(|(real, written)| text(real).unwrap_or(written))
                        .collect(),
                    one => vec![text(one).unwrap_or_else(|| written.concat())],
                };
                Transport::Command {
                    command,
                    env: secrets(fields.get("env"), &real["env"])?,
                    folder: fields
                        .get("folder")
                        .map(|at| at.name().map(str::to_owned))
                        .transpose()?,
                }
            }
            (None, Some(at)) => {
                let url = real["url"].as_str().unwrap_or_default();
                if !url.starts_with("http://") && !url.starts_with("https://") {
                    return Err(at
                        .error("expected an address that starts with http:// or https://")
                        .into());
                }
                Transport::Http {
                    url: url.to_owned(),
                    headers: secrets(fields.get("headers"), &real["headers"])?,
                }
            }
            _ => {
                let diagnostic = at.diagnostic("a server needs either `command` or `url`");
                let hint = "`command: [program, argument]`, or `url: https://…`";
                return Err(diagnostic.hint(hint).into());
            }
        };
        let mut secret = Vec::new();
        hidden(&at.node().to_json(), real, &mut secret);
        let server = Self {
            transport,
            hidden: secret,
            tools: fields.get("tools").map(|at| at.texts()).transpose()?,
            timeout: fields.get("timeout").map(|at| at.duration()).transpose()?,
        };
        fields.finish()?;
        Ok(server)
    }
}

/// A mapping of texts; a null value (a variable that is not set) is left out.
fn secrets(at: Option<Cursor<'_>>, real: &Value) -> Result<IndexMap<String, SecretString>> {
    let mut secrets = IndexMap::new();
    let fields = at.map(|at| at.fields()).transpose()?;
    for (name, at) in fields.iter().flat_map(Fields::entries) {
        if at.is_null() {
            continue;
        }
        let written = at.text()?;
        match &real[name] {
            Value::Null => {}
            Value::String(text) => {
                secrets.insert(name.to_owned(), SecretString::new(text));
            }
            _ => {
                secrets.insert(name.to_owned(), SecretString::new(written));
            }
        }
    }
    Ok(secrets)
}
