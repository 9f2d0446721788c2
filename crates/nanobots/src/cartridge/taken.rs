//! What a cartridge takes out of the environment besides keys: texts that its bot is told or says.
//!
//! A cartridge in; the values, to be kept out of what is shown, and one digest of them out, so that two runs
//! with other values are two runs. Values of credentials are in neither: a new key changes no answer.

use botsmith_core::SecretString;
use botsmith_core::digest::Digest;
use serde_json::Value;

use super::{Cartridge, is_placeholder};

/// Keys whose values are no secrets, and which messages should show.
const PLAIN: [&str; 12] = [
    "id",
    "model",
    "stream",
    "address",
    "url",
    "service",
    "region",
    "project-id",
    "version",
    "path",
    "file-path",
    "timeout",
];

/// Keys below which credentials stand.
const CREDENTIALS: [&str; 4] = ["credentials", "headers", "env", "environment"];

impl Cartridge {
    /// Every value that the environment put in, less those of places that messages should show.
    pub(crate) fn environment_texts(&self) -> Vec<SecretString> {
        let mut texts: Vec<SecretString> = Vec::new();
        self.taken(&mut |path, _, value| {
            let last = path.last().copied().unwrap_or_default();
            let plain = PLAIN.contains(&last.replace('_', "-").as_str());
            if !plain && !texts.iter().any(|known| known.expose() == value) {
                texts.push(SecretString::new(value));
            }
        });
        texts
    }

    /// A digest of the values that the environment put in where no credentials stand; `None` if there are
    /// none. It is keyed by the cartridge as written, so that the same value gives another digest in another
    /// cartridge. Left out are who asks (`provider.settings.user`) and the cartridge's own suite, which change
    /// no answer.
    ///
    /// ```
    /// use botsmith_nanobots::cartridge::{Cartridge, Format, Options};
    /// let digest = |directive: &str, key: &str| {
    ///     let environment = [("D", directive), ("K", key)].map(|(n, v)| (n.to_owned(), v.to_owned()));
    ///     let environment = std::collections::BTreeMap::from(environment);
    ///     let text = "behaviors: {interaction: {directive: ENV/D}}\nprovider: {credentials: {api-key: ENV/K}}";
    ///     let options = Options::default().variables(&environment);
    ///     Cartridge::parse(text, Format::Yaml, &options).unwrap().environment_digest()
    /// };
    /// assert_ne!(digest("be kind", "k1"), digest("be rude", "k1"));
    /// assert_eq!(digest("be kind", "k1"), digest("be kind", "k2"));
    /// ```
    pub fn environment_digest(&self) -> Option<Digest> {
        let mut list: Vec<(String, String, String)> = Vec::new();
        self.taken(&mut |path, name, value| {
            let key = path.iter().any(|part| CREDENTIALS.contains(part));
            let beside = matches!(
                path,
                ["provider", "settings", "user"] | ["botsmith", "evaluate", ..]
            );
            if !key && !beside {
                list.push((path.join("."), name.to_owned(), value.to_owned()));
            }
        });
        if list.is_empty() {
            return None;
        }
        let why = "JSON values serialise";
        let written = serde_json::to_vec(&self.original).expect(why);
        let values = serde_json::to_vec(&list).expect(why);
        let digest = blake3::keyed_hash(Digest::of(&written).as_bytes(), &values);
        Some(Digest::from_bytes(*digest.as_bytes()))
    }

    /// Calls `with` for every place where a variable of the environment was put in: its path, the variable's
    /// name, its value.
    fn taken(&self, with: &mut dyn FnMut(&[&str], &str, &str)) {
        walk(&self.original, &self.value, &mut Vec::new(), with);
    }
}

fn walk<'a>(
    written: &'a Value,
    real: &'a Value,
    path: &mut Vec<&'a str>,
    with: &mut dyn FnMut(&[&str], &str, &str),
) {
    match (written, real) {
        (Value::String(placed), Value::String(text)) => {
            if let Some(name) = is_placeholder(placed) {
                with(path, name, text);
            }
        }
        (Value::Object(written), Value::Object(real)) => {
            for (key, written) in written {
                if let Some(real) = real.get(key) {
                    path.push(key);
                    walk(written, real, path, with);
                    path.pop();
                }
            }
        }
        (Value::Array(written), Value::Array(real)) => {
            for (written, real) in written.iter().zip(real) {
                walk(written, real, path, with);
            }
        }
        _ => {}
    }
}
