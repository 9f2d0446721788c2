//! From what SQLite says to an error that says what to do.

use std::fs::OpenOptions;
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
            ErrorCode::CannotOpen => match self.file_error() {
                Some(error) => self.file_failure("its file", &error),
                None => Error::StoreOpen { url, reason },
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

    /// What the system says when the file is opened as SQLite does, which keeps that to itself.
    fn file_error(&self) -> Option<io::Error> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
            .err()
    }
}
