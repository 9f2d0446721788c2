//! Variables in layers: the real environment over `.env` files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{CODE, Environment, Files, Origin, dotenv};
use crate::hint::{nearest, shown};
use crate::yaml::Source;
use crate::{Diagnostic, Error, Result, SecretString};

/// Variables of ours that a configuration reads.
const KNOWN: [&str; 9] = [
    "BOTSMITH_STORE",
    "BOTSMITH_STORE_FILE",
    "BOTSMITH_COLOR",
    "BOTSMITH_QUIET",
    "BOTSMITH_THREADS",
    "BOTSMITH_PROVIDER",
    "BOTSMITH_MODEL",
    "BOTSMITH_ADDRESS",
    "BOTSMITH_PRICES",
];

/// Variables of ours that only tests read.
const OF_TESTS: [&str; 4] = [
    "BOTSMITH_GOLDENS",
    "BOTSMITH_PROMPTFOO",
    "BOTSMITH_CONFORMANCE",
    "BOTSMITH_REDIS_URL",
];

/// A secret is a line or a key file, never more.
const SECRET_BYTES: u64 = 64 << 10;

/// The layers, the strongest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers(Vec<Layer>);

#[derive(Clone, Debug)]
struct Layer {
    /// `None` for the environment itself.
    file: Option<PathBuf>,
    /// What relative paths are relative to.
    folder: PathBuf,
    variables: BTreeMap<String, Variable>,
}

#[derive(Clone, Debug)]
struct Variable {
    /// `None` if it is no UTF-8.
    value: Option<SecretString>,
    /// 0 in the environment.
    line: usize,
}

/// A variable that is set.
pub(super) struct Found {
    pub(super) value: SecretString,
    pub(super) origin: Origin,
    /// What relative paths in the value are relative to.
    pub(super) folder: PathBuf,
}

impl Found {
    /// An error about the value.
    pub(super) fn problem(&self, message: impl Into<String>) -> Diagnostic {
        problem(&self.origin, message)
    }

    /// An error that shows the value: only for variables that hold no secret.
    pub(super) fn wanted(&self, wanted: &str) -> Diagnostic {
        let found = shown(self.value.expose());
        self.problem(format!("expected {wanted}, found `{found}`"))
    }
}

fn problem(origin: &Origin, message: impl Into<String>) -> Diagnostic {
    let message = message.into();
    match origin {
        Origin::DotEnv { path, line, name } => {
            Diagnostic::new(path, message).at(*line, 0).field(name)
        }
        Origin::SecretFile { name, path } => Diagnostic::new(path, message).field(name),
        Origin::Variable { name } => Diagnostic::new("environment", message).field(name),
        _ => Diagnostic::new("environment", message),
    }
    .code(CODE)
}

impl Layers {
    pub(super) fn push_environment(&mut self, environment: &Environment) {
        let variables = environment.variables.iter().map(|(name, value)| {
            let value = value.to_str().map(SecretString::new);
            (name.clone(), Variable { value, line: 0 })
        });
        self.0.push(Layer {
            file: None,
            folder: environment.folder.clone(),
            variables: variables.collect(),
        });
    }

    pub(super) fn push_dotenv(&mut self, source: &Source, folder: PathBuf) -> Result<()> {
        let variables = dotenv::parse(source)?.into_iter().map(|variable| {
            let value = Some(variable.value);
            let line = variable.line;
            (variable.name, Variable { value, line })
        });
        self.0.push(Layer {
            file: Some(source.path().to_owned()),
            folder,
            variables: variables.collect(),
        });
        Ok(())
    }

    /// A variable from the strongest layer that has it; empty counts as absent.
    pub(super) fn get(&self, name: &str) -> Result<Option<Found>> {
        for layer in &self.0 {
            if let Some(found) = layer.get(name)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// As [`Layers::get`]; a variable `NAME_FILE` names a file that holds the value.
    pub(super) fn secret(&self, name: &str, files: &dyn Files) -> Result<Option<Found>> {
        let file_name = format!("{name}_FILE");
        for layer in &self.0 {
            match (layer.get(name)?, layer.get(&file_name)?) {
                (Some(_), Some(by_file)) => {
                    let message = format!("`{name}` and `{file_name}` are both set");
                    return Err(by_file.problem(message).hint("remove one of them").into());
                }
                (Some(found), None) => return Ok(Some(found)),
                (None, Some(by_file)) => return by_file.read(file_name, files).map(Some),
                (None, None) => {}
            }
        }
        Ok(None)
    }

    /// Variables of ours that nobody reads.
    pub(super) fn unknown(&self) -> Vec<Diagnostic> {
        let of_layer = |layer: &Layer| {
            let ours = layer.variables.keys().filter(|name| {
                let name = name.as_str();
                name.starts_with("BOTSMITH_") && !KNOWN.contains(&name) && !OF_TESTS.contains(&name)
            });
            let warning = |name: &String| {
                let message = format!("nothing reads the variable `{}`", shown(name));
                let diagnostic = problem(&layer.origin(name), message);
                match nearest(name, KNOWN) {
                    Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
                    None => diagnostic,
                }
            };
            ours.map(warning).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of_layer).collect()
    }
}

impl Layer {
    fn origin(&self, name: &str) -> Origin {
        let name = name.to_owned();
        match &self.file {
            None => Origin::Variable { name },
            Some(path) => Origin::DotEnv {
                path: path.clone(),
                line: self
                    .variables
                    .get(&name)
                    .map_or(0, |variable| variable.line),
                name,
            },
        }
    }

    fn get(&self, name: &str) -> Result<Option<Found>> {
        let Some(variable) = self.variables.get(name) else {
            return Ok(None);
        };
        let origin = self.origin(name);
        let Some(value) = variable.value.clone() else {
            return Err(problem(&origin, "the value is not valid UTF-8").into());
        };
        Ok((!value.expose().is_empty()).then(|| Found {
            value,
            origin,
            folder: self.folder.clone(),
        }))
    }
}

impl Found {
    /// Reads the file that this names.
    fn read(self, name: String, files: &dyn Files) -> Result<Self> {
        let path = self.folder.join(Path::new(self.value.expose()));
        let bytes = files
            .read(&path, SECRET_BYTES)
            .map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
        let Some(bytes) = bytes else {
            let message = format!("no file `{}`", shown(&path.display().to_string()));
            return Err(self
                .problem(message)
                .hint("it must hold the secret alone")
                .into());
        };
        let origin = Origin::SecretFile { name, path };
        let fail = |message: &str| Err(problem(&origin, message).into());
        if bytes.len() as u64 > SECRET_BYTES {
            return fail("a secret of more than 64 KiB");
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return fail("the secret is not valid UTF-8");
        };
        // Editors end a file with a line end that is no part of the secret.
        let text = text
            .trim_start_matches('\u{feff}')
            .trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return fail("the secret's file is empty");
        }
        Ok(Self {
            value: SecretString::new(text),
            origin,
            folder: self.folder,
        })
    }
}
