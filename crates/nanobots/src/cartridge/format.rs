//! Which files are cartridges: the ending of a name -> [`Format`].

use crate::{Error, Result};

/// How a cartridge is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, or JSON, which is YAML.
    Yaml,
    /// Markdown with fenced blocks of YAML and code.
    Markdown,
}

impl Format {
    /// The endings of cartridges, in the order in which they are tried.
    pub const EXTENSIONS: [&'static str; 6] = ["yml", "yaml", "markdown", "mdown", "mkdn", "md"];

    /// The format that an ending stands for; case and a leading point do not matter.
    ///
    /// ```
    /// use botsmith_nanobots::cartridge::Format;
    /// assert_eq!(Format::of(".YAML")?, Format::Yaml);
    /// let error = Format::of("json").unwrap_err().to_string();
    /// assert!(error.starts_with("Unknown cartridge format: 'json'"));
    /// # Ok::<(), botsmith_nanobots::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] for any other ending.
    pub fn of(extension: &str) -> Result<Self> {
        let plain = extension.to_lowercase().replace('.', "");
        match plain.trim() {
            "yml" | "yaml" => Ok(Self::Yaml),
            "markdown" | "mdown" | "mkdn" | "md" => Ok(Self::Markdown),
            _ => Err(Error::UnknownFormat {
                extension: botsmith_core::hint::shown(extension),
            }),
        }
    }
}
