//! What a program is given by its surroundings: variables, a working directory, files.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Variables and the working directory.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The variables by name.
    pub variables: BTreeMap<String, OsString>,
    /// The working directory, absolute.
    pub folder: PathBuf,
}

impl Environment {
    /// An environment without variables.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            variables: BTreeMap::new(),
            folder: folder.into(),
        }
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The environment of this process. Variables whose names are no UTF-8 are left out.
    ///
    /// # Errors
    /// If the working directory is gone or may not be looked at.
    pub fn of_process() -> io::Result<Self> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value))
        });
        Ok(Self {
            variables: variables.collect(),
            folder: std::env::current_dir()?,
        })
    }
}

// Values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("folder", &self.folder)
            .finish()
    }
}

/// Where files are read.
pub trait Files: Send + Sync {
    /// The first `max_bytes + 1` bytes of a file; `None` if there is no file of that name.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            // A folder above may be closed to us: nothing there is ours to read.
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::PermissionDenied => Ok(None),
                    _ => Err(error),
                };
            }
        };
        // Some people keep a virtual environment in a folder called `.env`.
        if metadata.is_dir() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let limit = max_bytes.saturating_add(1);
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// Files in memory, for tests and for programs that bring their own. `./name` is `name`.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(BTreeMap<PathBuf, Vec<u8>>);

impl MemoryFiles {
    /// Adds a file.
    #[must_use]
    pub fn with(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.into(), content.into());
        self
    }

    /// The names of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }
}

impl<P: Into<PathBuf>, C: Into<Vec<u8>>, const N: usize> From<[(P, C); N]> for MemoryFiles {
    fn from(files: [(P, C); N]) -> Self {
        Self(
            files
                .map(|(path, content)| (path.into(), content.into()))
                .into(),
        )
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let limit = usize::try_from(max_bytes)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let file = self.0.get(path.strip_prefix(".").unwrap_or(path));
        Ok(file.map(|bytes| bytes.iter().copied().take(limit).collect()))
    }
}
