//! A cartridge from somewhere else: fetched, looked at, and only then kept.
//!
//! A path or an https address in; the bytes with their checksum and what the cartridge would do out
//! ([`Pulled`]): its tools, whether it wants out of the sandbox, where it would send what it is told. The
//! decision to keep it is somebody else's; [`Pulled::keep`] writes it. Nothing of it is run.

use std::path::{Path, PathBuf};

use botsmith_core::Diagnostic;
use botsmith_core::digest::Digest;
use botsmith_core::yaml::Source;

use crate::cartridge::{Cartridge, Format, Options};
use crate::interface::safety;
use crate::provider::ProviderConfig;
use crate::{Error, Result};

/// A cartridge is small; a larger file is a mistake or an attack.
const MAX_BYTES: u64 = 1 << 20;

/// A cartridge that was fetched and not kept yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pulled {
    /// Where it came from.
    pub from: String,
    /// The name of its file.
    pub file: String,
    /// The cartridge.
    pub cartridge: Cartridge,
    /// blake3 of its bytes.
    pub digest: Digest,
    /// What it brings and wants.
    pub contents: Contents,
    bytes: Vec<u8>,
}

/// What a cartridge brings and wants, before it is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Contents {
    /// Tools, each with its language: `clock (lua)`.
    pub tools: Vec<String>,
    /// Whether its code is held in the sandbox.
    pub sandboxed: bool,
    /// Whether a person is asked before a tool runs.
    pub confirmed: bool,
    /// Addresses and services that it would send to.
    pub network: Vec<String>,
    /// Programs that it would start.
    pub programs: Vec<String>,
    /// Variables of the environment that it reads.
    pub environment: Vec<String>,
}

impl Contents {
    /// Of a cartridge.
    pub fn of(cartridge: &Cartridge) -> Self {
        let safe = safety(cartridge.value());
        let mut contents = Self {
            sandboxed: safe.sandboxed,
            confirmed: safe.confirmable,
            ..Self::default()
        };
        for tool in cartridge.tools() {
            let languages: Vec<_> = tool.code.iter().map(|(language, _)| *language).collect();
            let languages = match languages.is_empty() {
                true => "no code".to_owned(),
                false => languages.join(", "),
            };
            contents.tools.push(format!("{} ({languages})", tool.name));
        }
        // As written, never with the environment put in: this is shown.
        let written = cartridge.original();
        let extensions = &written["botsmith"];
        let items = |key: &str| extensions[key].as_array().into_iter().flatten();
        let others = items("fallbacks").chain(items("routing"));
        let others = others.filter_map(|item| item.get("provider"));
        for provider in written.get("provider").into_iter().chain(others) {
            contents.provider(provider);
        }
        for (name, server) in extensions["mcp"].as_object().into_iter().flatten() {
            if let Some(url) = server["url"].as_str() {
                contents.network.push(format!("{url} (MCP server {name})"));
            } else {
                let words = texts(&server["command"]).join(" ");
                let program = format!("{words} (MCP server {name})");
                contents.programs.push(program);
            }
        }
        names_in(cartridge.original(), &mut contents.environment);
        contents
    }

    fn provider(&mut self, provider: &serde_json::Value) {
        let Some(id) = provider.get("id").and_then(serde_json::Value::as_str) else {
            return;
        };
        match id {
            "script" | "replay" | "local" => {}
            "command" => {
                let words = texts(&provider["settings"]["run"]);
                let shown = match words.is_empty() {
                    true => "a program of provider command".to_owned(),
                    false => words.join(" "),
                };
                self.programs.push(shown);
            }
            id => {
                let config = ProviderConfig::from_provider(provider).ok();
                let address = config.as_ref().and_then(|config| config.address());
                self.network.push(match address {
                    Some(address) => format!("{id} at {address}"),
                    None => id.to_owned(),
                });
            }
        }
    }
}

/// The texts of a list, or of a single text.
fn texts(value: &serde_json::Value) -> Vec<&str> {
    match value.as_array() {
        Some(items) => items.iter().filter_map(serde_json::Value::as_str).collect(),
        None => value.as_str().into_iter().collect(),
    }
}

/// Names of variables in placeholders, each once.
fn names_in(value: &serde_json::Value, names: &mut Vec<String>) {
    use serde_json::Value;
    match value {
        Value::String(text) => {
            if let Some(name) = crate::cartridge::is_placeholder(text)
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        Value::Object(map) => map.values().for_each(|item| names_in(item, names)),
        _ => {}
    }
}

impl Pulled {
    /// A cartridge of this machine.
    ///
    /// # Errors
    /// If it cannot be read, or is no cartridge.
    pub fn from_path(path: &Path, options: &Options<'_>) -> Result<Self> {
        let source = Source::read(path, MAX_BYTES)?;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let from = path.display().to_string();
        Self::of(
            from,
            &name.unwrap_or_default(),
            source.text().as_bytes(),
            options,
        )
    }

    fn of(from: String, name: &str, bytes: &[u8], options: &Options<'_>) -> Result<Self> {
        let extension = Path::new(name)
            .extension()
            .map(|e| e.to_string_lossy().into_owned());
        let format = Format::of(extension.as_deref().unwrap_or_default())?;
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Diagnostic::new(&from, format!("not valid UTF-8: {error}")).code("BS-BOT-002")
        })?;
        let cartridge = Cartridge::read(&Source::new(from.as_str(), text), format, options)?;
        Ok(Self {
            file: name.to_owned(),
            digest: Digest::of(bytes),
            contents: Contents::of(&cartridge),
            bytes: bytes.to_vec(),
            cartridge,
            from,
        })
    }

    /// Where [`Pulled::keep`] would write it.
    pub fn path_in(&self, folder: &Path) -> PathBuf {
        folder.join(&self.file)
    }

    /// Writes it into `folder`; says whether it was there already, to the byte. Another file of the name is
    /// left alone, unless `over`.
    ///
    /// # Errors
    /// If another file has the name, or it cannot be written.
    pub fn keep(&self, folder: &Path, over: bool) -> Result<bool> {
        let path = self.path_in(folder);
        match std::fs::read(&path) {
            Ok(bytes) if bytes == self.bytes => return Ok(true),
            Ok(_) if !over => {
                let message = "another cartridge of this name is there";
                let hint = "give it another name, or write over it with `--force`";
                return Err(Diagnostic::new(&path, message)
                    .code("BS-BOT-002")
                    .hint(hint)
                    .into());
            }
            _ => {}
        }
        let failed = |source| {
            Error::Core(botsmith_core::Error::Write {
                path: path.clone(),
                source,
            })
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        // A reader never sees half of it.
        let mut draft = path.clone().into_os_string();
        draft.push(".part");
        std::fs::write(&draft, &self.bytes)
            .and_then(|()| std::fs::rename(&draft, &path))
            .map_err(failed)?;
        Ok(false)
    }
}

#[cfg(feature = "http")]
mod fetching {
    use botsmith_core::chat::{ErrorClass, ModelError};
    use futures_util::StreamExt as _;

    use super::{MAX_BYTES, Pulled};
    use crate::Result;
    use crate::cartridge::Options;
    use crate::provider::{HttpLimits, http};

    impl Pulled {
        /// A cartridge of an https address; http only for this machine itself. Redirects stay on the
        /// same host.
        ///
        /// # Errors
        /// If it cannot be fetched, is too large, or is no cartridge.
        pub async fn from_url(url: &str, options: &Options<'_>) -> Result<Self> {
            let (name, bytes) = fetch(url).await?;
            Self::of(url.to_owned(), &name, &bytes, options)
        }
    }

    async fn fetch(url: &str) -> Result<(String, Vec<u8>)> {
        let fail = |class, message: String| ModelError::new(class, "pull", message);
        let parsed = reqwest::Url::parse(url).map_err(|error| {
            fail(
                ErrorClass::Request,
                format!("`{url}` is no address: {error}"),
            )
        })?;
        if parsed.scheme() != "https" && !http::is_this_machine(&parsed) {
            return Err(fail(
                ErrorClass::Request,
                format!("`{url}` is not encrypted: an https address is wanted"),
            )
            .into());
        }
        let name = parsed
            .path_segments()
            .and_then(|mut parts| parts.next_back())
            .unwrap_or_default()
            .to_owned();
        let client = http::client("pull", url, &HttpLimits::default())?;
        let broken = |error: reqwest::Error| {
            fail(
                ErrorClass::Network,
                format!("cannot fetch {url}: {}", http::innermost(&error)),
            )
        };
        let response = client
            .get(parsed)
            .timeout(std::time::Duration::from_secs(60))
            .send()
            .await
            .map_err(broken)?;
        let status = response.status();
        if !status.is_success() {
            return Err(fail(ErrorClass::Load, format!("{url} answers {status}"))
                .status(status.as_u16())
                .into());
        }
        let mut bytes = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(broken)?);
            if bytes.len() as u64 > MAX_BYTES {
                let message = format!("{url} is larger than {MAX_BYTES} bytes: no cartridge");
                return Err(fail(ErrorClass::Request, message).into());
            }
        }
        Ok((name, bytes))
    }
}
