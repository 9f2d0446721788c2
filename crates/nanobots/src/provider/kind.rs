//! The ids that a cartridge may name under `provider.id`, and what each needs.

use botsmith_core::chat::{ErrorClass, ModelError};
use botsmith_core::hint;

/// A kind of provider: the value of `provider.id`.
///
/// ```
/// use botsmith_nanobots::provider::ProviderKind;
/// assert_eq!(ProviderKind::parse("ollama").unwrap(), ProviderKind::Ollama);
/// let error = ProviderKind::parse("olama").unwrap_err();
/// assert!(error.to_string().contains("did you mean `ollama`?"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProviderKind {
    /// `openai`: `OpenAI` and every server that speaks its chat completions.
    OpenAi,
    /// `ollama`.
    Ollama,
    /// `mistral`.
    Mistral,
    /// `google`: Gemini by the Generative Language API or Vertex AI.
    Google,
    /// `anthropic`.
    Anthropic,
    /// `cohere`.
    Cohere,
    /// `maritaca`.
    Maritaca,
    /// `local`: the engine in this process.
    Local,
    /// `http`: any endpoint, by a template.
    Http,
    /// `command`: a program.
    Command,
    /// `replay`: recorded answers.
    Replay,
    /// `script`: a table of pattern and answer.
    Script,
}

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::OpenAi,
        Self::Ollama,
        Self::Mistral,
        Self::Google,
        Self::Anthropic,
        Self::Cohere,
        Self::Maritaca,
        Self::Local,
        Self::Http,
        Self::Command,
        Self::Replay,
        Self::Script,
    ];

    /// The id, as in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
            Self::Mistral => "mistral",
            Self::Google => "google",
            Self::Anthropic => "anthropic",
            Self::Cohere => "cohere",
            Self::Maritaca => "maritaca",
            Self::Local => "local",
            Self::Http => "http",
            Self::Command => "command",
            Self::Replay => "replay",
            Self::Script => "script",
        }
    }

    /// The kind with this id.
    ///
    /// # Errors
    /// [`ErrorClass::Unsupported`] if there is none; the message has the nearest id and all of them.
    pub fn parse(id: &str) -> Result<Self, ModelError> {
        if let Some(kind) = Self::ALL.into_iter().find(|kind| kind.as_str() == id) {
            return Ok(kind);
        }
        let ids = Self::ALL.map(Self::as_str);
        let known = format!("a provider is one of {}", hint::list(ids));
        Err(ModelError::new(
            ErrorClass::Unsupported,
            "provider",
            format!("Unsupported provider \"{}\"", hint::shown(id)),
        )
        .hint(match hint::nearest(id, ids) {
            Some(near) => format!("did you mean `{near}`? {known}"),
            None => known,
        }))
    }

    /// Where it answers if the cartridge gives no address.
    pub fn default_address(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com"),
            Self::Ollama => Some("http://localhost:11434"),
            Self::Mistral => Some("https://api.mistral.ai"),
            Self::Google => Some("https://generativelanguage.googleapis.com"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Cohere => Some("https://api.cohere.com"),
            Self::Maritaca => Some("https://chat.maritaca.ai"),
            _ => None,
        }
    }

    /// The name of its key under `credentials`.
    pub fn key_name(self) -> &'static str {
        match self {
            Self::OpenAi => "access-token",
            _ => "api-key",
        }
    }

    /// The environment variables that usually hold its key, first choice first.
    pub fn key_variables(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["OPENAI_API_KEY"],
            Self::Ollama => &["OLLAMA_API_KEY"],
            Self::Mistral => &["MISTRAL_API_KEY"],
            Self::Google => &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
            Self::Anthropic => &["ANTHROPIC_API_KEY"],
            Self::Cohere => &["COHERE_API_KEY", "CO_API_KEY"],
            Self::Maritaca => &["MARITACA_API_KEY"],
            _ => &[],
        }
    }

    /// The environment variables that usually hold its address, first choice first.
    pub fn address_variables(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["OPENAI_API_ADDRESS", "OPENAI_BASE_URL"],
            Self::Ollama => &["OLLAMA_API_ADDRESS"],
            Self::Mistral => &["MISTRAL_API_ADDRESS"],
            Self::Cohere => &["COHERE_API_ADDRESS"],
            Self::Maritaca => &["MARITACA_API_ADDRESS"],
            _ => &[],
        }
    }

    /// Whether its interface has tools of its own; the others get them by
    /// a protocol in the prompt.
    pub fn has_tools(self) -> bool {
        matches!(
            self,
            Self::OpenAi | Self::Ollama | Self::Mistral | Self::Google | Self::Anthropic
        )
    }

    /// Whether its interface can hold an answer to a JSON Schema.
    pub fn has_json_schema(self) -> bool {
        self.has_tools() || self == Self::Cohere
    }
}

impl std::fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_read_back() {
        for kind in ProviderKind::ALL {
            assert_eq!(ProviderKind::parse(kind.as_str()).unwrap(), kind);
        }
    }

    #[test]
    fn an_unknown_id_is_named_in_the_words_of_the_reference() {
        let error = ProviderKind::parse("nonesuch").unwrap_err();
        assert_eq!(error.class, ErrorClass::Unsupported);
        let text = error.to_string();
        assert!(text.contains("Unsupported provider \"nonesuch\""), "{text}");
        assert!(text.contains("`maritaca`"), "{text}");
    }
}
