//! Tokens for a service account of Google Cloud: got with a signed claim, kept until shortly before
//! they run out.

use std::path::Path;

use botsmith_core::SecretString;
use botsmith_core::chat::{ErrorClass, ModelError};
use serde_json::Value;

use super::google::{self, Account};
use super::limits::HttpLimits;
use super::{ProviderConfig, ProviderKind, failure, http};

/// Seconds before its end at which a token is no longer used.
const MARGIN: u64 = 60;

/// Bytes of an account's file, and of the answer with a token.
const LONGEST: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Tokens {
    config: ProviderConfig,
    account: Account,
    client: reqwest::Client,
    /// The last token, and when it ends, in seconds since 1970.
    last: tokio::sync::Mutex<Option<(SecretString, u64)>>,
}

impl Tokens {
    /// Tokens for the account that the credentials name, if they name one and have no key. What is
    /// in the account's file goes into the configuration, so that nothing shows it.
    pub(super) fn of(
        config: &mut ProviderConfig,
        folder: &Path,
        limits: &HttpLimits,
    ) -> Result<Option<Self>, ModelError> {
        if config.kind != ProviderKind::Google || config.key().is_some() {
            return Ok(None);
        }
        if let (None, Some(path)) = (
            config.credential("file-contents"),
            config.plain("file-path"),
        ) {
            let path = folder.join(path);
            let cannot = |why: String| {
                ModelError::new(
                    ErrorClass::Auth,
                    "google",
                    format!("cannot read {}: {why}", path.display()),
                )
                .hint("`credentials.file-path` is the JSON file of a service account")
            };
            let size = std::fs::metadata(&path).map_err(|error| cannot(error.to_string()))?;
            if size.len() > LONGEST as u64 {
                return Err(cannot("it is too long for an account".into()));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| cannot(error.to_string()))?;
            config
                .credentials
                .insert("file-contents".into(), SecretString::new(text));
        }
        let Some(account) = google::given(config)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            client: http::client("google", &account.token_uri, limits)?,
            config: config.clone(),
            account,
            last: tokio::sync::Mutex::new(None),
        }))
    }

    /// A token that is good at `now`, in seconds since 1970.
    pub(super) async fn get(&self, now: u64) -> Result<SecretString, ModelError> {
        let mut last = self.last.lock().await;
        if let Some((token, end)) = &*last
            && *end > now + MARGIN
        {
            return Ok(token.clone());
        }
        let (token, seconds) = self.fetch(now).await?;
        *last = Some((token.clone(), now + seconds));
        Ok(token)
    }

    async fn fetch(&self, now: u64) -> Result<(SecretString, u64), ModelError> {
        let secrets = self.config.secrets();
        let uri = &self.account.token_uri;
        let broken = |error| http::failure("google", &secrets, uri, error);
        // The claim has only letters, digits, `-`, `_` and `.`: nothing to escape.
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={}",
            self.account.assertion(now)?.expose()
        );
        let mut response = self
            .client
            .post(uri)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .map_err(broken)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                break;
            }
        }
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let token = value.get("access_token").and_then(Value::as_str);
        if let Some(token) = token.filter(|_| status == 200) {
            let seconds = value.get("expires_in").and_then(Value::as_u64);
            return Ok((SecretString::new(token), seconds.unwrap_or(MARGIN)));
        }
        let why = value
            .get("error_description")
            .and_then(Value::as_str)
            .unwrap_or("no token was given");
        let why = failure::excerpt(&secrets, why);
        let message = format!("HTTP {status} for the service account: {why}");
        Err(ModelError::new(ErrorClass::Auth, "google", message)
            .status(status)
            .hint("check that the account and its key still exist"))
    }
}
