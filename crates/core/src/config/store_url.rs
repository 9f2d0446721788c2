//! The URL of a store.

use std::fmt;
use std::path::Path;

use crate::hint::{list, nearest, shown};

/// Where state lives: `memory:`, `sqlite:PATH`, `redis://…`, `rediss://…`, `redis+cluster://…` or
/// `redis+sentinel://…` (`rediss` for TLS). A relative path has been made absolute. `Display` and `Debug` mask the
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

/// What is wrong with a URL, without showing it.
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) hint: String,
}

impl From<Problem> for crate::Diagnostic {
    fn from(problem: Problem) -> Self {
        Self::new("store", problem.message).hint(problem.hint)
    }
}

const SCHEMES: [&str; 8] = [
    "memory:",
    "sqlite:",
    "redis://",
    "rediss://",
    "redis+cluster://",
    "redis+sentinel://",
    "rediss+cluster://",
    "rediss+sentinel://",
];

impl StoreUrl {
    /// The URL without configuration.
    pub const DEFAULT: &'static str = "sqlite:.botsmith/state.db";

    /// Checks the scheme and makes a relative path one under `folder`.
    pub(super) fn parse(url: &str, folder: &Path) -> Result<Self, Problem> {
        let url = url.trim();
        // `store: memory:` is no YAML; the bare word means nothing else.
        if url == "memory" {
            return Ok(Self("memory:".to_owned()));
        }
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(Problem {
                message: "a store's URL starts with its kind, like `sqlite:`".into(),
                hint: format!("write `sqlite:{}` if this is a file", shown(url)),
            });
        };
        let known = SCHEMES
            .iter()
            .find(|known| known.split(':').next() == Some(scheme));
        let Some(known) = known else {
            let words = SCHEMES.map(|known| known.split(':').next().unwrap_or(known));
            return Err(Problem {
                message: format!("`{}:` is no kind of store", shown(scheme)),
                hint: match nearest(scheme, words) {
                    Some(near) => format!("did you mean `{near}:`?"),
                    None => format!("valid here: {}", list(SCHEMES)),
                },
            });
        };
        match scheme {
            "memory" if !rest.is_empty() => Err(Problem {
                message: "`memory:` takes nothing after the colon".into(),
                hint: "a store in memory is gone when the program ends".into(),
            }),
            "memory" => Ok(Self(url.to_owned())),
            "sqlite" => match rest {
                "" | "//" => Err(Problem {
                    message: "`sqlite:` lacks the path of its file".into(),
                    hint: format!("write `{}`", Self::DEFAULT),
                }),
                _ => {
                    // `sqlite:///a` and `sqlite://a` are read as `/a` and `a`.
                    let path = Path::new(rest.strip_prefix("//").unwrap_or(rest));
                    let path = path.strip_prefix(".").unwrap_or(path);
                    Ok(Self(format!("sqlite:{}", folder.join(path).display())))
                }
            },
            _ if rest.strip_prefix("//").is_none_or(str::is_empty) => Err(Problem {
                message: format!("`{scheme}:` lacks its host"),
                hint: format!("write `{known}localhost:6379`"),
            }),
            _ => Ok(Self(url.to_owned())),
        }
    }

    /// The URL as it is, password included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = self.0.split_once("://").and_then(|(scheme, rest)| {
            // A password may hold `@` and `/`; what follows the last `@` holds none of it.
            let (user, host) = rest.rsplit_once('@')?;
            let user = user.split(':').next().unwrap_or_default();
            Some(format!("{scheme}://{user}:***@{host}"))
        });
        f.write_str(masked.as_deref().unwrap_or(&self.0))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}
