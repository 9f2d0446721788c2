//! A bot: a cartridge with a model behind it.

use std::sync::Arc;

use botsmith_core::chat::{Call, ChatModel, ChatRequest, ChatResponse, Message};
use serde::{Deserialize, Serialize};

use crate::tools::ToolTrace;
use crate::{Cartridge, Result};

/// A cartridge with a model behind it. Cheap to clone; answers any number of questions at once.
#[derive(Clone, Debug)]
pub struct Bot {
    cartridge: Arc<Cartridge>,
    model: Arc<dyn ChatModel>,
}

/// One turn of a bot: what it said, and what happened on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Turn {
    /// What the bot said, output adapter and affixes left out.
    pub text: String,
    /// The last answer of the model; usage and cost are those of all rounds together.
    pub response: ChatResponse,
    /// Calls of tools, in order.
    pub tools: Vec<ToolTrace>,
    /// Messages that this turn added to the conversation: the user's, the model's, the tools'.
    pub messages: Vec<Message>,
    /// Times that the model was asked.
    pub rounds: usize,
    /// Time to the whole answer, in seconds.
    pub seconds: f64,
    /// What the user should know: turns that were dropped for want of room, an answer that was repaired.
    pub notes: Vec<String>,
}

impl Bot {
    /// A bot of this cartridge that asks `model`.
    pub fn new(cartridge: Cartridge, model: Arc<dyn ChatModel>) -> Self {
        Self {
            cartridge: Arc::new(cartridge),
            model,
        }
    }

    /// The cartridge.
    pub fn cartridge(&self) -> &Cartridge {
        &self.cartridge
    }

    /// The model.
    pub fn model(&self) -> &dyn ChatModel {
        &*self.model
    }

    /// Answers a conversation that ends with a user's message, and remembers nothing.
    ///
    /// # Errors
    /// If the model does not answer, a tool is missing, or a limit is reached.
    pub async fn ask(&self, conversation: &[Message], call: &Call) -> Result<Turn> {
        let request = ChatRequest::new(conversation.to_vec());
        let response = self.model.chat(&request, call).await?;
        Ok(Turn {
            text: response.text.clone(),
            response,
            rounds: 1,
            ..Turn::default()
        })
    }
}
