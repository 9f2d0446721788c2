//! A service account of Google Cloud, and the signed claim that gets a token for it.
//!
//! The account's JSON file (or its text) -> a JWT signed with RS256, as
//! <https://developers.google.com/identity/protocols/oauth2/service-account> describes. Sends
//! nothing: the HTTP file trades the claim for a token. Does not look for the credentials of the
//! `gcloud` command.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use botsmith_core::SecretString;
use botsmith_core::chat::{ErrorClass, ModelError};
use serde_json::{Value, json};

use super::super::ProviderConfig;

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// A service account.
#[derive(Clone)]
pub(in super::super) struct Account {
    email: String,
    key: SecretString,
    key_id: Option<String>,
    pub(in super::super) token_uri: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// The account that the credentials give as text (`file-contents`, where [`load`] puts that of a
/// file, too).
pub(in super::super) fn given(config: &ProviderConfig) -> Result<Option<Account>, ModelError> {
    config
        .credential("file-contents")
        .map(|text| parse(text.expose()))
        .transpose()
}

fn wrong(what: &str) -> ModelError {
    ModelError::new(
        ErrorClass::Auth,
        "google",
        format!("the service account cannot be used: {what}"),
    )
    .hint("give `credentials.file-path` the JSON file of a service account, or use `api-key`")
}

fn parse(text: &str) -> Result<Account, ModelError> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Err(wrong("it is not JSON"));
    };
    let field = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let token_uri = field("token_uri").unwrap_or_else(|| TOKEN_URI.into());
    let local = token_uri.starts_with("http://127.0.0.1:");
    if !token_uri.starts_with("https://") && !local {
        return Err(wrong("its `token_uri` is not https"));
    }
    Ok(Account {
        email: field("client_email").ok_or_else(|| wrong("it has no `client_email`"))?,
        key: SecretString::new(
            field("private_key").ok_or_else(|| wrong("it has no `private_key`"))?,
        ),
        key_id: field("private_key_id"),
        token_uri,
    })
}

impl Account {
    /// The signed claim at `now`, in seconds since 1970. It is good for an hour.
    pub(in super::super) fn assertion(&self, now: u64) -> Result<SecretString, ModelError> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(id) = &self.key_id {
            header["kid"] = json!(id);
        }
        let claims = json!({"iss": self.email, "scope": SCOPE, "aud": self.token_uri,
            "iat": now, "exp": now + 3600});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(&header), encode(&claims));
        let der = der(self.key.expose()).ok_or_else(|| wrong("its key is not in PEM"))?;
        let key = ring::rsa::KeyPair::from_pkcs8(&der)
            .map_err(|_| wrong("its key is no RSA key in PKCS #8"))?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(
            &ring::signature::RSA_PKCS1_SHA256,
            &ring::rand::SystemRandom::new(),
            text.as_bytes(),
            &mut signature,
        )
        .map_err(|_| wrong("its key does not sign"))?;
        Ok(SecretString::new(format!(
            "{text}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }
}

fn der(pem: &str) -> Option<Vec<u8>> {
    let inner = pem
        .split_once("-----BEGIN PRIVATE KEY-----")?
        .1
        .split_once("-----END PRIVATE KEY-----")?
        .0;
    let packed: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(packed).ok()
}
