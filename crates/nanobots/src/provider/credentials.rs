//! The names of credentials that each provider takes, and which of them are no secrets.

use super::ProviderKind;

/// Names under `credentials`, with dashes; empty where any name will do.
pub(super) fn names(kind: ProviderKind) -> &'static [&'static str] {
    match kind {
        ProviderKind::OpenAi => &["address", "access-token", "organization", "project"],
        ProviderKind::Ollama => &["address", "api-key"],
        ProviderKind::Anthropic => &["address", "api-key", "anthropic-version"],
        ProviderKind::Mistral | ProviderKind::Cohere | ProviderKind::Maritaca => {
            &["address", "api-key"]
        }
        ProviderKind::Google => &[
            "address",
            "service",
            "api-key",
            "region",
            "file-path",
            "file-contents",
            "project-id",
            "version",
        ],
        _ => &[],
    }
}

/// Whether the credential may be shown: it says where, not who.
pub(super) fn is_plain(name: &str) -> bool {
    matches!(
        name.replace('_', "-").as_str(),
        "address"
            | "service"
            | "region"
            | "project-id"
            | "project"
            | "organization"
            | "version"
            | "anthropic-version"
            | "file-path"
    )
}
