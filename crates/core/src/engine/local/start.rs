//! What a chat is begun with beside its request: a grammar of the caller's own, a prompt as it stands.
//!
//! Both are of a model in this process alone, so the request that all providers share does not know them.

use super::super::constraint::Grammar;
use super::super::error::{EngineError, Result};
use crate::chat::{ChatRequest, ToolChoice};

/// How a chat is begun; see [`LocalModel::begin_chat_with`](super::LocalModel::begin_chat_with).
///
/// ```
/// use botsmith_core::engine::{ChatStart, Grammar};
/// let mut start = ChatStart::default();
/// start.grammar = Some(Grammar::Regex("yes|no".into()));
/// assert!(!start.raw);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatStart {
    /// What the answer must be; goes with neither tools nor the request's own `output`. Where the chat
    /// template has opened a thought, it is closed first: the grammar governs from the first token.
    pub grammar: Option<Grammar>,
    /// Whether the text of the only message is the prompt as it stands: no chat template is written
    /// around it, and no thought is looked for in the answer.
    pub raw: bool,
}

impl ChatStart {
    /// The prompt, where it is taken as it stands.
    ///
    /// # Errors
    /// [`EngineError::Setting`] where the request wants what does not go with this.
    pub(super) fn prompt(
        &self,
        request: &ChatRequest,
        choice: &ToolChoice,
        raw: bool,
    ) -> Result<Option<String>> {
        let wrong = |words: &str| Err(EngineError::Setting(words.to_owned()));
        if self.grammar.is_some() && !request.output.is_text() {
            return wrong("the answer is held by a schema and by a grammar: give one of them");
        }
        let tools = !request.tools.is_empty() && *choice != ToolChoice::None;
        if tools && self.grammar.is_some() {
            return wrong(
                "a grammar of your own leaves no place for calls of tools: give a schema, or no tools",
            );
        }
        if !raw {
            return Ok(None);
        }
        if tools {
            return wrong("tools are written by the chat template: a prompt as it stands has none");
        }
        match request.messages.as_slice() {
            [only] => Ok(Some(only.content.text())),
            all => Err(EngineError::Setting(format!(
                "a prompt as it stands is one text, {} messages were given",
                all.len()
            ))),
        }
    }
}
