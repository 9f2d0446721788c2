//! The file of a bot: read, locked, and replaced by other bytes at one moment.
//!
//! The new bytes go into a draft beside the file, are brought to the disk, and take its name by a rename,
//! which a file system makes whole or not at all; then the folder is brought to the disk. A lock of the
//! operating system keeps other processes of this machine out meanwhile, and goes with the process that
//! holds it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{Error, Result};

/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// A bot's file, which nobody else changes while this lives.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    _lock: File,
}

impl Place {
    /// Waits until nobody else is at the file.
    pub(super) fn lock(path: &Path) -> Result<Self> {
        // A link stays: what it leads to is replaced. A file that is gone has no real path.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (name, lock) = handle(&path);
        let lock = lock.map_err(|source| failed(&name, source))?;
        let mut waited = Duration::ZERO;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { path, _lock: lock }),
                Err(fs::TryLockError::Error(source)) => return Err(failed(&name, source)),
                Err(fs::TryLockError::WouldBlock) if waited >= PATIENCE => {
                    let source = io::Error::other("another process has been changing it for 10 s");
                    return Err(failed(&path, source));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    std::thread::sleep(PAUSE);
                    waited += PAUSE;
                }
            }
        }
    }

    /// What stands in the file; `None` where there is none.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Core(botsmith_core::Error::Read {
                path: self.path.clone(),
                source,
            })),
        }
    }

    /// Replaces what stands in the file. `watch` is called before each write.
    pub(super) fn write(&self, bytes: &[u8], watch: &dyn Fn(&'static str)) -> Result<()> {
        self.replace(bytes, watch)
            .map_err(|source| failed(&self.path, source))
    }

    fn replace(&self, bytes: &[u8], watch: &dyn Fn(&'static str)) -> io::Result<()> {
        let draft = self.draft();
        watch("draft");
        let mut file = File::create(&draft)?;
        // In two halves, so that a test can stop between them.
        let (first, second) = bytes.split_at(bytes.len() / 2);
        watch("first half");
        file.write_all(first)?;
        watch("second half");
        file.write_all(second)?;
        if let Ok(old) = fs::metadata(&self.path) {
            fs::set_permissions(&draft, old.permissions())?;
        }
        watch("sync");
        file.sync_all()?;
        drop(file);
        watch("rename");
        fs::rename(&draft, &self.path)?;
        watch("sync of the folder");
        sync_folder(&self.path)
    }

    /// Removes what a process that was killed left beside the file.
    pub(super) fn tidy(&self) -> Result<()> {
        match fs::remove_file(self.draft()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed(&self.draft(), error))
            }
            _ => Ok(()),
        }
    }

    fn draft(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.draft"))
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What is locked: the folder, where one can be opened, so that nothing is left behind.
#[cfg(unix)]
fn handle(path: &Path) -> (PathBuf, io::Result<File>) {
    let folder = folder(path);
    (
        folder.to_owned(),
        OpenOptions::new().read(true).open(folder),
    )
}

#[cfg(not(unix))]
fn handle(path: &Path) -> (PathBuf, io::Result<File>) {
    let lock = folder(path).join(".botsmith.lock");
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock);
    (lock, open)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// Where folders cannot be opened, the system brings names to the disk by itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Core(botsmith_core::Error::Write {
        path: path.to_owned(),
        source,
    })
}
