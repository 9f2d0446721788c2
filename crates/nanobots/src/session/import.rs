//! State files of the reference implementation, ruby-nano-bots 3.4: read, never written.
//!
//! A file is `base64url(nonce || box)` with XSalsa20-Poly1305 under SHA-256 of the password (`UNSAFE` where
//! none is set); inside is JSON with a `history`. Names in its paths are encrypted under a fixed nonce,
//! the first 24 bytes of the same hash. That is weak (no key derivation, one nonce for all names, and
//! the nonce is part of the key), so what is imported is kept in our own way; see [`Vault`](super::Vault).

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use botsmith_core::SecretString;
use crypto_secretbox::aead::Aead;
use crypto_secretbox::{Key, KeyInit, Nonce, XSalsa20Poly1305};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Event;
use crate::{Error, Result};

/// The variable that holds the reference's password.
pub const PASSWORD: &str = "NANO_BOTS_ENCRYPTION_PASSWORD";

/// The largest state file that is read, in bytes (256 MiB).
const MAX_FILE: usize = 256 << 20;

const NONCE: usize = 24;

fn key(password: &str) -> [u8; 32] {
    let password = if password.is_empty() {
        "UNSAFE"
    } else {
        password
    };
    Sha256::digest(password.as_bytes()).into()
}

fn cipher(key: &[u8; 32]) -> XSalsa20Poly1305 {
    XSalsa20Poly1305::new(Key::from_slice(key))
}

/// `text` as the reference encrypts names: the same text gives the same words. To find its files; never
/// to keep a secret.
pub fn soft_encrypt(password: &str, text: &str) -> String {
    let key = key(password);
    let nonce = &key[..NONCE];
    let sealed = cipher(&key)
        .encrypt(Nonce::from_slice(nonce), text.as_bytes())
        .expect("a name is far shorter than what the cipher takes");
    URL_SAFE.encode([nonce, &sealed].concat())
}

fn wrong(reason: impl Into<String>) -> Error {
    Error::State {
        session: "state.json".into(),
        reason: reason.into(),
    }
}

/// The history in a state file of the reference. Files of versions that did not encrypt are read too.
///
/// # Errors
/// [`Error::State`] when the password is another one, or what is inside is no history.
pub fn reference_state(bytes: &[u8], password: &SecretString) -> Result<Vec<Event>> {
    if bytes.len() > MAX_FILE {
        return Err(wrong(format!(
            "the file has {} bytes, at most {MAX_FILE} are read",
            bytes.len()
        )));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| wrong("the file is no text"))?
        .trim();
    let content = match text.starts_with('{') {
        true => text.as_bytes().to_vec(),
        false => open(text, password)?,
    };
    let content: Value = serde_json::from_slice(&content)
        .map_err(|error| wrong(format!("what the file holds is no JSON: {error}")))?;
    let Some(Value::Array(events)) = content.get("history") else {
        return Err(wrong("what the file holds has no list `history`"));
    };
    events
        .iter()
        .enumerate()
        .map(|(place, event)| {
            let mut event = event.clone();
            if let Value::Object(fields) = &mut event {
                // Early versions kept no times.
                fields.entry("at").or_insert_with(|| "".into());
                fields.entry("message").or_insert(Value::Null);
            }
            serde_json::from_value(event)
                .map_err(|error| wrong(format!("`history[{place}]` is no event: {error}")))
        })
        .collect()
}

fn open(text: &str, password: &SecretString) -> Result<Vec<u8>> {
    let sealed = URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| wrong("the file is neither JSON nor base64url: no state file"))?;
    if sealed.len() < NONCE {
        return Err(wrong("the file is too short for a state file"));
    }
    let (nonce, sealed) = sealed.split_at(NONCE);
    let key = key(password.expose());
    cipher(&key)
        .decrypt(Nonce::from_slice(nonce), sealed)
        .map_err(|_| {
            wrong(format!(
                "it cannot be decrypted: the password is another one, or the file is damaged; set {PASSWORD} to the one that it was written with"
            ))
        })
}

/// What the reference's `security` command tells about an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Security {
    /// Whether encryption works: what is encrypted differs from the plain text and from time to time,
    /// and comes back.
    pub encryption: bool,
    /// Whether a password of one's own is set.
    pub password: bool,
}

/// Tries the encryption of state with this password and says whether it is one's own.
///
/// # Errors
/// None: what does not work is said.
pub fn security_check(password: Option<&str>) -> Security {
    let own = password.filter(|password| !password.is_empty() && *password != "UNSAFE");
    let vault = super::Vault::from_key(key(password.unwrap_or_default()));
    let sealed = || vault.seal("security", b"SAFE");
    let works = |one: Vec<u8>, other: Vec<u8>| {
        one != b"SAFE"
            && one != other
            && vault.unseal("security", &one).as_deref() == Ok(&b"SAFE"[..])
    };
    Security {
        encryption: works(sealed(), sealed()),
        password: own.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the reference writes a file, with a nonce of the test's choice.
    fn sealed(password: &str, content: &str) -> String {
        let key = key(password);
        let nonce = [7; NONCE];
        let sealed = cipher(&key)
            .encrypt(Nonce::from_slice(&nonce), content.as_bytes())
            .unwrap();
        URL_SAFE.encode([&nonce[..], &sealed].concat())
    }

    #[test]
    fn names_of_the_reference_readme_come_out() {
        assert_eq!(
            soft_encrypt("UNSAFE", "your-name"),
            "_O7OjYUESagb46YSeUeSfSMzoO1Yg0BZqpsAkPg4j62SeNYlgwq3kn51Ob2wmIehoA=="
        );
        assert_eq!(soft_encrypt("", "a"), soft_encrypt("UNSAFE", "a"));
    }

    #[test]
    fn a_file_is_read_with_its_password_and_with_no_other() {
        let content = r#"{"key": "k", "history": [
            {"at": "2024-01-01 10:00:00 -0300", "who": "user", "mode": "repl", "input": "hi", "message": "<hi>", "output": null},
            {"who": "AI", "message": null, "meta": {"tool_calls": [{"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]}},
            {"who": "tool", "message": "noon", "meta": {"id": "c1", "name": "clock"}}]}"#;
        let file = sealed("mine", content);
        let events = reference_state(file.as_bytes(), &SecretString::new("mine")).unwrap();
        assert_eq!(events[0].input.as_deref(), Some("hi"));
        assert_eq!(events[1].message().tool_calls[0].name, "clock");
        assert_eq!(events[2].message().tool_call_id.as_deref(), Some("c1"));
        assert_eq!(
            reference_state(content.as_bytes(), &SecretString::new("")).unwrap(),
            events
        );
        for password in ["", "Mine"] {
            let error = reference_state(file.as_bytes(), &SecretString::new(password)).unwrap_err();
            assert_eq!(error.code(), "BS-BOT-007");
            assert!(error.to_string().contains(PASSWORD), "{error}");
            assert!(!error.to_string().contains("Mine"));
        }
    }

    #[test]
    fn what_is_no_state_file_is_refused_with_the_place() {
        let mine = SecretString::new("mine");
        for (file, wanted) in [
            ("no base64!", "no state file"),
            ("AAAA", "too short"),
            (r#"{"history": 1}"#, "`history`"),
            (r#"{"history": [{"who": "nobody"}]}"#, "history[0]"),
        ] {
            let error = reference_state(file.as_bytes(), &mine)
                .unwrap_err()
                .to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn a_password_of_ones_own_is_told_from_none() {
        for (password, own) in [
            (None, false),
            (Some(""), false),
            (Some("UNSAFE"), false),
            (Some("x"), true),
        ] {
            let security = security_check(password);
            assert_eq!(
                (security.encryption, security.password),
                (true, own),
                "{password:?}"
            );
        }
    }
}
