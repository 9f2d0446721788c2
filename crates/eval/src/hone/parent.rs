//! The bot that is honed: the bytes of its cartridge and what they say, and variants of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith_core::digest::Digest;
use botsmith_core::yaml::Source;
use botsmith_nanobots::Cartridge;
use botsmith_nanobots::cartridge::{Format, Options, Profile, fetch};
use botsmith_nanobots::provider::ProviderKind;
use serde_json::Value;

use crate::Result;

/// A cartridge may have this many bytes.
const MAX_BYTES: u64 = 4 << 20;

/// The bot that is honed.
#[derive(Clone, Debug)]
pub struct Parent {
    path: PathBuf,
    text: Arc<str>,
    format: Format,
    profile: Profile,
    /// As written; `extends` and Markdown blocks are merged.
    value: Value,
}

impl Parent {
    /// Reads a cartridge's file. Its environment is not looked up: secrets never come near a variant.
    ///
    /// # Errors
    /// If it cannot be read, or is no cartridge.
    pub fn read(path: impl AsRef<Path>, profile: Profile) -> Result<Self> {
        let source = Source::read(path.as_ref(), MAX_BYTES)?;
        let extension = path.as_ref().extension().unwrap_or_default();
        let format = Format::of(&extension.to_string_lossy())?;
        let value = value(&source, format, profile)?;
        Ok(Self {
            path: source.path().to_owned(),
            text: source.text().into(),
            format,
            profile,
            value,
        })
    }

    /// The cartridge's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// How it is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What it says, as written: `ENV/NAME` stands where the environment is put in.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// blake3 of its bytes.
    pub fn hash(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// What another text in this file's place would say.
    pub(super) fn reading(&self, text: &str) -> Result<Value> {
        value(&Source::new(&self.path, text), self.format, self.profile)
    }

    /// The value at a path of keys, if there is one that is not null.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        fetch(&self.value, path)
    }

    /// Its provider, where it names one that is known.
    pub fn provider(&self) -> Option<ProviderKind> {
        let id = self.at(&["provider", "id"])?.as_str()?;
        ProviderKind::parse(id).ok()
    }
}

fn value(source: &Source, format: Format, profile: Profile) -> Result<Value> {
    let options = Options::default().profile(profile);
    Ok(Cartridge::read(source, format, &options)?
        .original()
        .clone())
}
