//! Takes secrets out of text before anybody sees it: values of credentials, as they are, as they
//! stand in a URL, and as they stand in JSON.

use botsmith_core::SecretString;
use serde_json::Value;

use super::ProviderConfig;
use super::credentials::is_plain;

/// Shorter values are no secrets: hiding every `a` would leave no message readable.
const SHORTEST: usize = 4;

/// What must not be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn of(config: &ProviderConfig) -> Self {
        let mut found = Vec::new();
        for (name, value) in &config.credentials {
            let value = value.expose();
            if !is_plain(name) {
                found.push(value.to_owned());
                found.push(value.trim().to_owned());
                private_parts(value, &mut found);
            } else if let Some((user, _)) =
                after_scheme(value).and_then(|rest| rest.split_once('@'))
            {
                found.push(user.to_owned());
                found.extend(user.split(':').map(str::to_owned));
            }
        }
        found.extend(config.hidden.iter().map(|value| value.expose().to_owned()));
        let mut all = Self::default();
        for value in found {
            all.add(&value);
        }
        all
    }

    /// These values.
    #[cfg(feature = "mcp")]
    pub(crate) fn these(values: &[SecretString]) -> Self {
        let mut all = Self::default();
        for value in values {
            all.add(value.expose());
        }
        all
    }

    /// Adds a secret that was not in the cartridge: a token got for one of its keys.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let quoted = Value::from(secret).to_string();
        for form in [
            secret.to_owned(),
            percent(secret),
            quoted[1..quoted.len() - 1].to_owned(),
        ] {
            if !self.0.iter().any(|known| known.expose() == form) {
                self.0.push(SecretString::new(form));
            }
        }
        // The longest first: a secret may begin with another one.
        self.0
            .sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    /// Adds all of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        for secret in &other.0 {
            self.add(secret.expose());
        }
    }

    /// `text` with every secret replaced by `***`.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for secret in &self.0 {
            if shown.contains(secret.expose()) {
                shown = shown.replace(secret.expose(), "***");
            }
        }
        shown
    }

    /// The same in every text of a JSON value, keys of maps included.
    pub(crate) fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hide(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.hide_in(value)),
            Value::Object(map) => {
                let hidden = std::mem::take(map)
                    .into_iter()
                    .map(|(key, mut value)| {
                        self.hide_in(&mut value);
                        (self.hide(&key), value)
                    })
                    .collect();
                *map = hidden;
            }
            _ => {}
        }
    }
}

/// The secrets in a service account, which is JSON: its key and the key's id.
fn private_parts(text: &str, found: &mut Vec<String>) {
    if let Ok(Value::Object(account)) = serde_json::from_str::<Value>(text) {
        for name in ["private_key", "private_key_id"] {
            if let Some(part) = account.get(name).and_then(Value::as_str) {
                found.push(part.to_owned());
                found.extend(
                    part.lines()
                        .filter(|line| !line.starts_with("-----"))
                        .map(str::to_owned),
                );
            }
        }
    }
}

fn after_scheme(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    Some(rest.split('/').next().unwrap_or(rest))
}

/// An address that may be shown: no user, no password, no query; its host is the one that is asked, as
/// <https://url.spec.whatwg.org> reads it.
pub(crate) fn shown_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else {
        return botsmith_core::hint::shown(url);
    };
    // However many there are, and `\\` is one of them.
    let rest = rest.trim_start_matches(['/', '\\']);
    let (host, path) = match rest.find(['/', '\\']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}{path}")
}

fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_in_all_the_forms_in_which_they_are_written() {
        let config = ProviderConfig::from_provider(&json!({"id": "openai", "credentials": {
            "access-token": "sk-\"x/y", "address": "http://me:word@host/v1"}}))
        .unwrap();
        let secrets = config.secrets();
        let text = "sk-\"x/y | sk-%22x%2Fy | sk-\\\"x/y | me:word | host";
        assert_eq!(secrets.hide(text), "*** | *** | *** | *** | host");
        let mut body = json!({"sk-\"x/y": ["a sk-\"x/y b", 1]});
        secrets.hide_in(&mut body);
        assert_eq!(body, json!({"***": ["a *** b", 1]}));
    }

    #[test]
    fn an_address_is_shown_without_user_and_query() {
        assert_eq!(shown_url("http://u:p@h:1/a?key=k"), "http://h:1/a");
        assert_eq!(shown_url("http://h"), "http://h");
        assert_eq!(shown_url("http:///a@h/b"), "http://h/b");
        assert_eq!(shown_url("http://h\\@a/b"), "http://h\\@a/b");
    }
}
