//! What answers for a bot: one [`ChatModel`](botsmith_core::chat::ChatModel) a provider.
