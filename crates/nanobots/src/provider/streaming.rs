//! Whether a provider's own flag allows streaming, and where each provider has it.

use serde_json::{Map, Value};

use super::ProviderKind;
use crate::cartridge::{Profile, fetch};

/// Whether a cartridge's provider allows streaming, also where the rest of `provider` is wrong.
pub fn provider_streams(cartridge: &Value, profile: Profile) -> bool {
    let map = |key| match fetch(cartridge, &["provider", key]) {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    };
    let kind = fetch(cartridge, &["provider", "id"])
        .and_then(Value::as_str)
        .and_then(|id| ProviderKind::parse(id).ok())
        .unwrap_or(ProviderKind::OpenAi);
    streams(kind, &map("settings"), &map("options"), profile)
}

pub(super) fn streams(
    kind: ProviderKind,
    settings: &Map<String, Value>,
    options: &Map<String, Value>,
    profile: Profile,
) -> bool {
    let off = |map: &Map<String, Value>| map.get("stream") == Some(&Value::Bool(false));
    match kind {
        ProviderKind::Google => !off(options),
        ProviderKind::Maritaca => !off(options) && (profile == Profile::Compat || !off(settings)),
        ProviderKind::OpenAi
        | ProviderKind::Ollama
        | ProviderKind::Mistral
        | ProviderKind::Anthropic
        | ProviderKind::Cohere => !off(settings),
        _ => !off(settings) && !off(options),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn streaming_is_off_only_where_the_provider_s_own_flag_says_so() {
        let cases = [
            (json!({"id": "openai"}), true, true),
            (
                json!({"id": "openai", "settings": {"stream": false}}),
                false,
                false,
            ),
            (
                json!({"id": "google", "settings": {"stream": false}}),
                true,
                true,
            ),
            (
                json!({"id": "google", "options": {"stream": false}}),
                false,
                false,
            ),
            (
                json!({"id": "maritaca", "settings": {"stream": false}}),
                true,
                false,
            ),
            (
                json!({"id": "maritaca", "options": {"stream": false}}),
                false,
                false,
            ),
            (
                json!({"id": "ollama", "options": {"stream": false}}),
                true,
                true,
            ),
            (json!({"id": "nonesuch"}), true, true),
        ];
        for (provider, compat, native) in cases {
            let cartridge = json!({ "provider": provider });
            assert_eq!(
                provider_streams(&cartridge, Profile::Compat),
                compat,
                "{cartridge}"
            );
            assert_eq!(
                provider_streams(&cartridge, Profile::Native),
                native,
                "{cartridge}"
            );
        }
    }
}
