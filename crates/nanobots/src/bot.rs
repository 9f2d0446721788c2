//! A bot: a cartridge with a model behind it.
//!
//! A cartridge, a model and some choices go in; out comes something that answers. [`Bot::ask`]
//! remembers nothing and decorates nothing: suites and programs use it. A [`Session`] remembers,
//! decorates and streams: people use it. Both go through the same rounds between model and tools.

mod belt;
mod budget;
mod builder;
mod clock;
mod guard;
mod offload;
mod opening;
mod permission;
mod rounds;
mod shape;
mod spent;
mod stage;
mod turn;

use std::sync::Arc;

use botsmith_core::chat::{Call, ChatModel, Message};

use crate::interface::Safety;
use crate::session::{Session, SessionOptions};
use crate::{Cartridge, Result};

pub use crate::tools::PreparedCall;
pub use budget::{ByteEstimate, TokenCounter};
pub use builder::BotBuilder;
pub use clock::{Clock, SystemClock};
pub use opening::Behavior;
pub use permission::{Asker, Permission};
pub use turn::Turn;

pub(crate) use offload::off_thread;
pub(crate) use opening::{Parts, compose};
pub(crate) use rounds::run;
pub(crate) use stage::{Silent, Stage};

/// A cartridge with a model behind it. Cheap to clone; answers any number of questions at once.
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::chat::{Call, ChatResponse, FnModel, Message};
/// use botsmith_nanobots::{Bot, Cartridge, cartridge::Profile};
///
/// let cartridge = serde_json::json!({"behaviors": {"interaction": {"directive": "Repeat what is said."}}});
/// let parrot = FnModel::new("parrot", |request, _call| async move {
///     Ok(ChatResponse::text(request.last_user().unwrap_or_default()))
/// });
/// let bot = Bot::new(Cartridge::from_value(&cartridge, Profile::Native)?, Arc::new(parrot))?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// let turn = runtime.block_on(bot.ask(&[Message::user("Ahoy!")], &Call::default()))?;
/// assert_eq!(turn.text, "Ahoy!");
/// # Ok::<(), botsmith_nanobots::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bot {
    pub(crate) inner: Arc<Inner>,
}

/// What a bot is made of.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) cartridge: Cartridge,
    pub(crate) model: Arc<dyn ChatModel>,
    pub(crate) belt: belt::Belt,
    pub(crate) permission: Permission,
    pub(crate) safety: Safety,
    pub(crate) store: Option<Arc<dyn botsmith_core::store::StateStore>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counter: Arc<dyn TokenCounter>,
    pub(crate) shape: Option<shape::Shape>,
    pub(crate) limits: spent::TurnLimits,
    pub(crate) context: crate::cartridge::Context,
    pub(crate) examples: Vec<Message>,
    pub(crate) sampling: botsmith_core::chat::Sampling,
    pub(crate) tags: Vec<String>,
    pub(crate) sandbox: crate::sandbox::Limits,
}

impl Bot {
    /// A bot of this cartridge that asks `model`; [`Bot::builder`] has more choices.
    ///
    /// # Errors
    /// As [`BotBuilder::build`].
    pub fn new(cartridge: Cartridge, model: Arc<dyn ChatModel>) -> Result<Self> {
        Self::builder(cartridge, model).build()
    }

    /// A bot of this cartridge that asks `model`, to be told more.
    pub fn builder(cartridge: Cartridge, model: Arc<dyn ChatModel>) -> BotBuilder {
        BotBuilder::new(cartridge, model)
    }

    /// The cartridge.
    pub fn cartridge(&self) -> &Cartridge {
        &self.inner.cartridge
    }

    /// The model.
    pub fn model(&self) -> &dyn ChatModel {
        &*self.inner.model
    }

    /// What the cartridge allows, and which words are a yes.
    pub fn safety(&self) -> &Safety {
        &self.inner.safety
    }

    /// Answers a conversation that ends with a user's message, and remembers nothing.
    ///
    /// Directive, backdrop, instruction and examples of the cartridge come before the conversation;
    /// tools run; the answer is held to `output-schema`. Adapters and affixes belong to an interface
    /// and are left to [`Session`].
    ///
    /// # Errors
    /// If the model does not answer, a tool is missing, a limit is reached, or the answer has not the
    /// form that the cartridge wants.
    pub async fn ask(&self, conversation: &[Message], call: &Call) -> Result<Turn> {
        let (history, new) = match conversation.split_last() {
            Some((last, before)) if last.role == botsmith_core::chat::Role::User => {
                (before, Some(last.clone()))
            }
            _ => (conversation, None),
        };
        let parts = Parts {
            behavior: Behavior::Interaction,
            history: history.to_vec(),
            new,
        };
        run(self, parts, &mut Silent, call).await
    }

    /// The request that a conversation would make, as it is before any provider puts it in its words.
    ///
    /// # Errors
    /// If the conversation is over the context budget and the cartridge wants that to fail.
    pub fn request(
        &self,
        behavior: Behavior,
        conversation: &[Message],
    ) -> Result<botsmith_core::chat::ChatRequest> {
        let parts = Parts {
            behavior,
            history: conversation.to_vec(),
            new: None,
        };
        Ok(compose(self, parts, &mut Vec::new())?.request)
    }

    /// Finds the tools that a model asks for, without running them.
    ///
    /// # Errors
    /// [`Error::MissingTool`](crate::Error::MissingTool) in profile `compat`, where a call fits no tool
    /// or more than one.
    pub fn prepare(&self, calls: &[botsmith_core::chat::ToolCall]) -> Result<Vec<PreparedCall>> {
        let strict = self.cartridge().profile() == crate::cartridge::Profile::Compat;
        let prepared = self.inner.belt.known().match_calls(calls, strict)?;
        Ok(prepared.into_iter().map(|prepared| prepared.call).collect())
    }

    /// A conversation that is remembered; see [`SessionOptions`] for where.
    ///
    /// # Errors
    /// If the store cannot be read, or what it holds is damaged or sealed with another password.
    pub fn session(&self, options: SessionOptions) -> Result<Session> {
        Session::open(self.clone(), options)
    }
}
