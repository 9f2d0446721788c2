//! Where a session lives: whose it is, under which key, in which partition of a store.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::{Vault, import, slug};
use crate::cartridge::fetch;

/// What stands first in our partitions, as the specification asks of each implementation.
pub const IMPLEMENTATION: &str = "botsmith";

/// Variables that say something about state, by name.
pub type Variables = BTreeMap<String, String>;

/// Whether a key means that nothing is kept: none, blank, or `-`.
///
/// ```
/// use botsmith_nanobots::session::is_stateless;
/// assert!([None, Some(""), Some(" - ")].into_iter().all(is_stateless));
/// assert!(!is_stateless(Some("notes")));
/// ```
pub fn is_stateless(key: Option<&str>) -> bool {
    key.is_none_or(|key| matches!(key.trim(), "" | "-"))
}

/// The end user: what the caller says at run time (`NANO_BOTS_END_USER` of `runtime`), else
/// `provider.settings.user` (openai only), else the environment's variable of that name, else
/// `unknown`. Blank counts as unsaid.
pub fn end_user(cartridge: &Value, environment: &Variables, runtime: &Variables) -> String {
    let said = |value: Option<String>| {
        value
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    let openai = fetch(cartridge, &["provider", "id"]).and_then(Value::as_str) == Some("openai");
    let setting = match openai {
        true => fetch(cartridge, &["provider", "settings", "user"]).map(plain),
        false => None,
    };
    said(runtime.get("NANO_BOTS_END_USER").cloned())
        .or_else(|| said(setting))
        .or_else(|| said(environment.get("NANO_BOTS_END_USER").cloned()))
        .unwrap_or_else(|| "unknown".into())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Author, name and version of a cartridge as parts of a path.
fn identity(cartridge: &Value) -> [String; 3] {
    let meta = |key: &str, otherwise: &str| {
        fetch(cartridge, &["meta", key]).map_or_else(|| otherwise.to_owned(), plain)
    };
    [
        slug(&meta("author", "None")),
        slug(&meta("name", "Unknown")),
        slug(&meta("version", "0.0.0").replace('.', "-")),
    ]
}

/// The partition of a session. With a vault, user and key stand in it as keyed hashes only.
pub(super) fn partition(cartridge: &Value, user: &str, key: &str, vault: Option<&Vault>) -> String {
    let [author, name, version] = identity(cartridge).map(short);
    let hidden = |part: &str| match vault {
        Some(vault) => format!("sealed-{}", vault.name(part)),
        None => readable(part),
    };
    let (user, key) = (hidden(user), hidden(key));
    format!("session/{IMPLEMENTATION}/{author}/{name}/{version}/{user}/{key}")
}

/// A part of a partition's name: signs that could be mistaken are escaped, long ones are hashed.
fn readable(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'.' | b'_' | b'@' | b'-' => {
                escaped.push(char::from(byte));
            }
            other => {
                let _ = write!(escaped, "%{other:02X}");
            }
        }
    }
    short(escaped)
}

/// A part as it is, or its hash where it is long.
fn short(part: String) -> String {
    match part.len() {
        0..=80 => part,
        _ => format!("~{}", blake3::hash(part.as_bytes()).to_hex()),
    }
}

/// The file in which the reference implementation keeps a session, for importing it: the cartridge's
/// `state.path` or `state.directory`, else the environment's `NANO_BOTS_STATE_PATH` or
/// `NANO_BOTS_STATE_DIRECTORY`, else `HOME/.local/state/nano-bots`; then author, name, version, and user
/// and key under its own encryption. Its password is the environment's `NANO_BOTS_ENCRYPTION_PASSWORD`
/// unless one is given.
pub fn reference_state_path(
    cartridge: &Value,
    key: &str,
    environment: &Variables,
    runtime: &Variables,
    password: Option<&str>,
) -> String {
    let said = |value: Option<String>| value.filter(|value| !value.is_empty());
    let variable = |name: &str| said(environment.get(name).cloned());
    let root = said(fetch(cartridge, &["state", "path"]).map(plain))
        .or_else(|| said(fetch(cartridge, &["state", "directory"]).map(plain)))
        .or_else(|| variable("NANO_BOTS_STATE_PATH"))
        .or_else(|| variable("NANO_BOTS_STATE_DIRECTORY"))
        .unwrap_or_else(|| {
            let home = variable("HOME").unwrap_or_else(|| "~".into());
            format!("{}/.local/state/nano-bots", cut(&home))
        });
    let password = password
        .map(str::to_owned)
        .or_else(|| variable(import::PASSWORD))
        .unwrap_or_default();
    let hidden = |part: &str| import::soft_encrypt(&password, part);
    let [author, name, version] = identity(cartridge);
    format!(
        "{}/ruby-nano-bots/{author}/{name}/{version}/{}/{}/state.json",
        cut(&root),
        hidden(&end_user(cartridge, environment, runtime)),
        hidden(key.trim())
    )
}

/// Without one slash at the end.
fn cut(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_never_share_a_partition_and_none_is_too_long() {
        let cartridge = serde_json::json!({"meta": {"author": "a".repeat(500), "name": "n"}});
        let of = |user: &str, key: &str| partition(&cartridge, user, key, None);
        assert_ne!(of("a/b", "c"), of("a", "b/c"));
        assert_ne!(of("a%2Fb", "c"), of("a/b", "c"));
        assert_ne!(of("ä", "c"), of("a", "c"));
        let long = of(&"ü".repeat(4000), &"k\n".repeat(4000));
        assert!(
            long.len() <= botsmith_core::store::MAX_NAME,
            "{}",
            long.len()
        );
        assert!(!long.contains(char::is_control));
    }
}
