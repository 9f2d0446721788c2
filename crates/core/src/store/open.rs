//! From a URL to a store.

use std::sync::Arc;

use super::{MemoryStore, StateStore};
use crate::hint;
use crate::{Error, Result};

/// The store of a project that says nothing else.
pub const DEFAULT_URL: &str = "sqlite:.botsmith/state.db";

/// The file that `sqlite:` alone means, relative to the working directory.
#[cfg(feature = "sqlite")]
const DEFAULT_PATH: &str = ".botsmith/state.db";

const SCHEMES: [&str; 8] = [
    "memory",
    "sqlite",
    "redis",
    "rediss",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
];

/// Opens the store at `url`, and makes it first if it is not there: for commands that write.
///
/// A store that is there but cannot be written to opens too; writes then say that it is read-only.
///
/// ```
/// let store = botsmith_core::store::open("memory:")?;
/// assert_eq!(store.url(), "memory:");
///
/// let error = botsmith_core::store::open("sqllite:runs.db").unwrap_err();
/// assert!(error.to_string().contains("did you mean `sqlite:runs.db`?"));
/// # Ok::<(), botsmith_core::Error>(())
/// ```
///
/// # Errors
/// An unknown scheme; a file that is damaged, foreign or of a newer schema; a folder that cannot
/// be made or written.
pub fn open(url: &str) -> Result<Arc<dyn StateStore>> {
    match scheme(url)? {
        Scheme::Memory => Ok(Arc::new(MemoryStore::new())),
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite(path) => Ok(Arc::new(super::SqliteStore::open(path)?)),
        #[cfg(feature = "redis")]
        Scheme::Redis => Ok(Arc::new(super::RedisStore::open(url)?)),
    }
}

/// Opens the store at `url` if there is one; makes nothing: for commands that only look.
///
/// There is never one at `memory:`, since every opening would make its own.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite:{}/none/state.db", folder.path().display());
/// # #[cfg(feature = "sqlite")]
/// assert!(botsmith_core::store::open_existing(&url)?.is_none());
/// # Ok::<(), botsmith_core::Error>(())
/// ```
///
/// # Errors
/// As [`open`].
pub fn open_existing(url: &str) -> Result<Option<Arc<dyn StateStore>>> {
    match scheme(url)? {
        Scheme::Memory => Ok(None),
        #[cfg(feature = "sqlite")]
        Scheme::Sqlite(path) => Ok(super::SqliteStore::open_existing(path)?
            .map(|store| Arc::new(store) as Arc<dyn StateStore>)),
        #[cfg(feature = "redis")]
        Scheme::Redis => Ok(super::RedisStore::open_existing(url)?
            .map(|store| Arc::new(store) as Arc<dyn StateStore>)),
    }
}

enum Scheme {
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite(std::path::PathBuf),
    #[cfg(feature = "redis")]
    Redis,
}

fn scheme(url: &str) -> Result<Scheme> {
    let refuse = |reason: String| {
        Err(Error::StoreOpen {
            url: without_secrets(url),
            reason,
        })
    };
    let Some((scheme, rest)) = url.split_once(':') else {
        return refuse(match url {
            "" => format!("the URL is empty; the default is `{DEFAULT_URL}`"),
            "memory" | "sqlite" => format!("a URL ends its scheme with a colon: `{url}:`"),
            path => format!("it has no scheme; for a file, write `sqlite:{path}`"),
        });
    };
    match scheme {
        "memory" if rest.is_empty() => Ok(Scheme::Memory),
        "memory" => refuse(format!(
            "`memory:` takes no path, found `{rest}`; every opening makes its own"
        )),
        "sqlite" => sqlite(url, rest),
        "redis" | "rediss" | "redis+cluster" | "rediss+cluster" | "redis+sentinel"
        | "rediss+sentinel" => redis(url),
        // A scheme of one letter is a drive: `C:\state.db`.
        drive if drive.len() == 1 => refuse(format!("for a file, write `sqlite:{url}`")),
        other => refuse(match hint::nearest(other, SCHEMES) {
            Some(near) => format!("unknown scheme `{other}:`; did you mean `{near}:{rest}`?"),
            None => format!(
                "unknown scheme `{other}:`; known here: {}",
                hint::list(["memory:", "sqlite:PATH", "redis://HOST"])
            ),
        }),
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(url: &str, rest: &str) -> Result<Scheme> {
    let refuse = |reason: &str| {
        Err(Error::StoreOpen {
            url: url.to_owned(),
            reason: reason.to_owned(),
        })
    };
    // `sqlite:///srv/state.db` and `sqlite://state.db` are what other tools write.
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match path {
        ":memory:" => refuse("a store that is kept nowhere is `memory:`"),
        "" => Ok(Scheme::Sqlite(DEFAULT_PATH.into())),
        path if path.contains(['?', '#']) => {
            refuse("a path with `?` or `#` looks like URL parameters, and `sqlite:` takes none")
        }
        path if path.chars().any(char::is_control) => refuse("its path holds a control character"),
        path => Ok(Scheme::Sqlite(path.into())),
    }
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(url: &str, _rest: &str) -> Result<Scheme> {
    Err(Error::StoreOpen {
        url: url.to_owned(),
        reason: "this build has no SQLite support; build botsmith-core with its feature `sqlite`, or use `memory:`".to_owned(),
    })
}

#[cfg(feature = "redis")]
#[allow(clippy::unnecessary_wraps, reason = "builds without Redis refuse here")]
fn redis(_url: &str) -> Result<Scheme> {
    Ok(Scheme::Redis)
}

#[cfg(not(feature = "redis"))]
fn redis(url: &str) -> Result<Scheme> {
    Err(Error::StoreOpen {
        url: without_secrets(url),
        reason: format!(
            "this build has no Redis support; build botsmith-core with its feature `redis`, or use `{DEFAULT_URL}` or `memory:`"
        ),
    })
}

/// The URL without what stands before an `@`: user and password of a server.
pub(super) fn without_secrets(url: &str) -> String {
    match (url.split_once("//"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, server))) => format!("{scheme}//***@{server}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_says_what_would_be_right() {
        for (url, wanted) in [
            ("", "the default is `sqlite:.botsmith/state.db`"),
            ("memory", "a URL ends its scheme with a colon: `memory:`"),
            ("runs.db", "for a file, write `sqlite:runs.db`"),
            ("C:\\runs.db", "for a file, write `sqlite:C:\\runs.db`"),
            ("memory:shared", "takes no path, found `shared`"),
            ("memroy:", "did you mean `memory:`?"),
            ("sqllite:a.db", "did you mean `sqlite:a.db`?"),
            (
                "postgres://db",
                "known here: `memory:`, `sqlite:PATH` or `redis://HOST`",
            ),
        ] {
            let error = open(url).unwrap_err();
            assert_eq!(error.code(), "BS-CORE-010", "{url}");
            assert!(error.to_string().contains(wanted), "{url}: {error}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let error = open("redis://me:hunter2@127.0.0.1:1")
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("redis://***@127.0.0.1:1"), "{error}");
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn what_sqlite_cannot_take_is_refused() {
        for url in ["sqlite::memory:", "sqlite:a.db?mode=ro", "sqlite:a\0b"] {
            assert_eq!(open(url).unwrap_err().code(), "BS-CORE-010", "{url:?}");
        }
    }

    #[cfg(not(feature = "sqlite"))]
    #[test]
    fn a_build_without_sqlite_names_the_feature() {
        let error = open("sqlite:a.db").unwrap_err().to_string();
        assert!(error.contains("feature `sqlite`"), "{error}");
    }

    #[cfg(not(feature = "redis"))]
    #[test]
    fn a_build_without_redis_names_the_feature() {
        let error = open("redis://h").unwrap_err().to_string();
        assert!(error.contains("feature `redis`"), "{error}");
    }

    #[test]
    fn there_is_never_an_existing_memory_store() {
        assert!(open_existing("memory:").unwrap().is_none());
    }
}
