//! Settings of bots: another provider, model or address than the cartridges', and a table of prices.
//!
//! This crate knows no provider: words are kept as they are, and checked where bots are opened.

use std::path::{Path, PathBuf};

use super::layers::Layers;
use super::{Origin, Setting};
use crate::Result;
use crate::yaml::Fields;

/// What is changed of all bots; `None`: as their cartridges say.
///
/// | key | variable | what |
/// |---|---|---|
/// | `provider` | `BOTSMITH_PROVIDER` | a provider's id: `ollama` |
/// | `model` | `BOTSMITH_MODEL` | a model's name |
/// | `address` | `BOTSMITH_ADDRESS` | where the provider is asked: `http://127.0.0.1:8080` |
/// | `prices` | `BOTSMITH_PRICES` | a file of prices, over the built-in ones |
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BotSettings {
    /// The provider's id.
    pub provider: Option<Setting<String>>,
    /// The model's name.
    pub model: Option<Setting<String>>,
    /// The provider's address.
    pub address: Option<Setting<String>>,
    /// A file of prices.
    pub prices: Option<Setting<PathBuf>>,
}

impl BotSettings {
    /// Reads the keys of `botsmith.yaml`. Paths are relative to `folder`.
    pub(super) fn apply_file(
        &mut self,
        fields: &Fields<'_>,
        file: &Path,
        folder: &Path,
    ) -> Result<()> {
        let text = |key: &'static str| -> Result<Option<Setting<String>>> {
            let Some(at) = fields.get(key) else {
                return Ok(None);
            };
            let origin = Origin::File {
                path: file.to_owned(),
                line: at.mark().line,
            };
            Ok(Some(Setting::new(at.name()?.to_owned(), origin)))
        };
        self.provider = text("provider")?;
        self.model = text("model")?;
        self.address = text("address")?;
        self.prices = text("prices")?.map(|found| path(found, folder));
        Ok(())
    }

    /// Reads the variables.
    pub(super) fn apply_variables(&mut self, layers: &Layers) -> Result<()> {
        for (name, setting) in [
            ("BOTSMITH_PROVIDER", &mut self.provider),
            ("BOTSMITH_MODEL", &mut self.model),
            ("BOTSMITH_ADDRESS", &mut self.address),
        ] {
            if let Some(found) = layers.get(name)? {
                let value = found.value.expose().trim().to_owned();
                *setting = Some(Setting::new(value, found.origin));
            }
        }
        if let Some(found) = layers.get("BOTSMITH_PRICES")? {
            let value = found.value.expose().trim().to_owned();
            self.prices = Some(path(Setting::new(value, found.origin), &found.folder));
        }
        Ok(())
    }

    /// Those that are set, as a person may read them.
    pub(super) fn listed(&self) -> Vec<(&'static str, String, &Origin)> {
        let texts = [
            ("provider", &self.provider),
            ("model", &self.model),
            ("address", &self.address),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, found)| Some((name, found.as_ref()?)))
            .map(|(name, found)| (name, found.value.clone(), &found.origin));
        let prices = self
            .prices
            .iter()
            .map(|found| ("prices", found.value.display().to_string(), &found.origin));
        texts.chain(prices).collect()
    }
}

fn path(found: Setting<String>, folder: &Path) -> Setting<PathBuf> {
    Setting::new(folder.join(found.value), found.origin)
}
