//! One HTTP client for all providers.
//!
//! TLS is rustls with ring and the certificates of the platform, set up for this client alone: no
//! process-wide default is touched. Connections are kept and used again; proxies come from the
//! environment, but never for this machine itself; a redirect is followed only to the same host.

use std::error::Error as _;
use std::sync::Arc;

use botsmith_core::chat::{ErrorClass, ModelError};

use super::limits::HttpLimits;
use super::secrets::{Secrets, shown_url};

/// A client for `url`.
pub(crate) fn client(
    id: &str,
    url: &str,
    limits: &HttpLimits,
) -> Result<reqwest::Client, ModelError> {
    let parsed = parsed(id, url)?;
    let tls = tls(parsed.scheme() == "https")
        .map_err(|error| bad(id, format!("TLS cannot be set up: {error}")))?;
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("botsmith/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .connect_timeout(limits.connect)
        .redirect(same_origin());
    if is_this_machine(&parsed) {
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| bad(id, format!("no client can be made: {}", innermost(&error))))
}

fn bad(id: &str, what: String) -> ModelError {
    ModelError::new(ErrorClass::Load, id, what).hint("check `provider.credentials.address`")
}

/// Reads an address.
///
/// # Errors
/// [`ErrorClass::Load`] if it is none, or neither http nor https.
pub(crate) fn parsed(id: &str, url: &str) -> Result<reqwest::Url, ModelError> {
    let shown = shown_url(url);
    let parsed = reqwest::Url::parse(url)
        .map_err(|error| bad(id, format!("`{shown}` is no address: {error}")))?;
    match matches!(parsed.scheme(), "http" | "https") && parsed.has_host() {
        true => Ok(parsed),
        false => Err(bad(id, format!("`{shown}` is no http or https address"))),
    }
}

fn tls(verified: bool) -> Result<rustls::ClientConfig, rustls::Error> {
    use rustls_platform_verifier::BuilderVerifierExt as _;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    Ok(match verified {
        true => builder.with_platform_verifier()?.with_no_client_auth(),
        // Plain HTTP needs no certificates, and no redirect leads from it to https.
        false => builder
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
    })
}

/// Keys go with every request; they are for the host that was named.
fn same_origin() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let same = attempt
            .previous()
            .first()
            .is_some_and(|first| first.origin() == attempt.url().origin());
        match same && attempt.previous().len() <= 3 {
            true => attempt.follow(),
            false => attempt.stop(),
        }
    })
}

pub(crate) fn is_this_machine(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// What a failure of the connection means.
pub(crate) fn failure(id: &str, secrets: &Secrets, url: &str, error: reqwest::Error) -> ModelError {
    // The URL may hold a key.
    let error = error.without_url();
    let words = secrets.hide(&innermost(&error));
    if error.is_connect() {
        let address = shown_url(url);
        let host = address
            .find("://")
            .and_then(|at| address[at + 3..].find('/').map(|end| at + 3 + end))
            .map_or(address.as_str(), |end| &address[..end]);
        return ModelError::new(ErrorClass::Load, id, format!("no connection: {words}"))
            .hint(format!("is the server running at {host}?"));
    }
    let class = match error.is_timeout() {
        true => ErrorClass::Timeout,
        false => ErrorClass::Network,
    };
    ModelError::new(class, id, format!("the connection failed: {words}"))
}

/// The cause at the bottom says most.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}
