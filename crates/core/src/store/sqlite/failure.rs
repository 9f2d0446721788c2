//! From what SQLite says to an error that says what to do.

use std::fs;
use std::io::{self, ErrorKind};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use super::Location;
use crate::Error;

impl Location {
    /// The error for a failed call of SQLite.
    pub(super) fn failure(&self, error: &rusqlite::Error) -> Error {
        let url = self.url.clone();
        let reason = error.to_string();
        let Some(sqlite) = error.sqlite_error() else {
            // A column of another type, a text that is not UTF-8: not written by us.
            return Error::StoreCorrupt { url, reason };
        };
        match sqlite.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::StoreBusy {
                url,
                waited_s: self.busy.as_secs(),
            },
            ErrorCode::DiskFull => Error::StoreFull { url, reason },
            // The one way in which growing the shared index can fail.
            ErrorCode::SystemIoFailure if sqlite.extended_code == SQLITE_IOERR_SHMSIZE => {
                Error::StoreFull { url, reason }
            }
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                Error::StoreReadOnly { url, reason }
            }
            // SQLite keeps to itself what the system said.
            ErrorCode::CannotOpen => match self.folder_error() {
                Some(error) => self.file_failure("in its folder no file can be made", &error),
                None => Error::StoreOpen {
                    url,
                    reason: "its file cannot be opened; may this user read it?".to_owned(),
                },
            },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Error::StoreCorrupt { url, reason }
            }
            ErrorCode::Unknown if reason.contains("no such ") => {
                Error::StoreCorrupt { url, reason }
            }
            _ => Error::Store { url, reason },
        }
    }

    /// The error for a file or folder that the system refused.
    pub(super) fn file_failure(&self, what: &str, error: &io::Error) -> Error {
        let url = self.url.clone();
        let reason = format!("{what}: {error}");
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Error::StoreReadOnly { url, reason }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::StoreFull { url, reason },
            _ => Error::StoreOpen { url, reason },
        }
    }

    /// What the system says when a file is made in the store's folder. The store's own file is
    /// not tried: closing it would take this process's locks from all who have it open
    /// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
    fn folder_error(&self) -> Option<io::Error> {
        let mut name = self.path.clone().into_os_string();
        name.push(format!("-try-{}", std::process::id()));
        let made = fs::File::create_new(&name);
        if made.is_ok() {
            // Left behind only if someone takes away the permission at this moment.
            let _ = fs::remove_file(&name);
        }
        made.err()
    }
}
