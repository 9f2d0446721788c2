//! A bot's remembered conversation.

/// A conversation with a bot.
#[derive(Debug)]
pub struct Session {
    _private: (),
}
