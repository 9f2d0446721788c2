//! A cartridge from somewhere else: fetched, looked at, and only then kept.
//!
//! A path or an https address in; the bytes with their checksum and what the cartridge would do out
//! ([`Pulled`]): its tools, whether it wants out of the sandbox, where it would send what it is told. The
//! decision to keep it is somebody else's; [`Pulled::keep`] writes it. Nothing of it is run.

mod contents;

use std::path::{Path, PathBuf};

use botsmith_core::Diagnostic;
use botsmith_core::digest::Digest;
use botsmith_core::hint::shown;
use botsmith_core::yaml::Source;

use crate::cartridge::{Cartridge, Format, Options, beside};
use crate::provider::{ProviderConfig, refused_place};
use crate::{Error, Result};

pub use contents::Contents;

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
        hosts(&cartridge)?;
        Ok(Self {
            file: name.to_owned(),
            digest: Digest::of(bytes),
            contents: Contents::of(&cartridge),
            bytes: bytes.to_vec(),
            cartridge,
            from,
        })
    }

    /// Files that it needs beside it and that `folder` does not hold, to the byte: without them it does not
    /// load from there, or is another bot.
    pub fn needs(&self, folder: &Path) -> Vec<PathBuf> {
        let others = self.cartridge.files().skip(1).filter(|file| {
            let there = std::fs::read(folder.join(beside(&self.cartridge, file)));
            !matches!((std::fs::read(file), there), (Ok(from), Ok(to)) if from == to)
        });
        others.map(Path::to_owned).collect()
    }

    /// Checks that `folder` holds every file that it [needs](Self::needs).
    ///
    /// # Errors
    /// If one is not there, with what to do.
    pub fn complete(&self, folder: &Path) -> Result<()> {
        if let Some(missing) = self.needs(folder).first() {
            let key = match self.cartridge.native().extends {
                Some(_) => "extends",
                None => "output-schema",
            };
            let message = format!(
                "it needs `{}`, which is not in {}",
                shown(&missing.display().to_string()),
                folder.display()
            );
            let hint = "put that file there first, in the same place beside it";
            return Err(self
                .cartridge
                .diagnostic(&["botsmith", key], message)
                .code("BS-BOT-010")
                .hint(hint)
                .into());
        }
        Ok(())
    }

    /// Where [`Pulled::keep`] would write it.
    pub fn path_in(&self, folder: &Path) -> PathBuf {
        folder.join(&self.file)
    }

    /// Writes it into `folder`; says whether it was there already, to the byte. Another file of the name is
    /// left alone, unless `over`.
    ///
    /// # Errors
    /// If another file has the name, a file that it [needs](Self::needs) is not there, or it cannot be written.
    pub fn keep(&self, folder: &Path, over: bool) -> Result<bool> {
        let path = self.path_in(folder);
        self.complete(folder)?;
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

/// Refuses a cartridge that hides whom it would send to.
fn hosts(cartridge: &Cartridge) -> Result<()> {
    for named in cartridge.providers() {
        let Ok(config) = ProviderConfig::from_provider(named.written) else {
            continue;
        };
        if let Some((name, error)) = refused_place(&config, true) {
            let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
            let path = [&path[..], &["credentials", name]].concat();
            let mut problem = cartridge
                .diagnostic(&path, error.message)
                .code("BS-BOT-002");
            problem.hint = error.hint;
            return Err(problem.into());
        }
    }
    Ok(())
}

#[cfg(feature = "http")]
mod fetching {
    use botsmith_core::chat::{ErrorClass, ModelError};
    use futures_util::StreamExt as _;

    use super::{MAX_BYTES, Pulled};
    use crate::cartridge::Options;
    use crate::provider::{HttpLimits, http};
    use crate::{Error, Result};

    impl Pulled {
        /// A cartridge of an https address; http only for this machine itself. Redirects stay on the
        /// same host.
        ///
        /// # Errors
        /// If it cannot be fetched, is too large, or is no cartridge.
        pub async fn from_url(url: &str, options: &Options<'_>) -> Result<Self> {
            let (name, bytes) = fetch(url).await?;
            Self::of(url.to_owned(), &name, &bytes, options).map_err(alone)
        }
    }

    /// What an address gives is one file: others that it names must be fetched by whoever wants them.
    fn alone(error: Error) -> Error {
        match error {
            Error::Core(botsmith_core::Error::Invalid(mut problem))
                if problem.code == "BS-BOT-010" =>
            {
                problem.hint = Some(
                    "an address gives one file: fetch those that it names too, and pull it from their folder".into(),
                );
                Error::Core(botsmith_core::Error::Invalid(problem))
            }
            other => other,
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
