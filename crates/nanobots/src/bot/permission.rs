//! Who decides whether a tool may run.

use std::fmt;
use std::sync::Arc;

use botsmith_core::chat::BoxFuture;

use crate::interface::ToolFeedback;

/// Someone who can be asked.
pub trait Asker: Send + Sync {
    /// The raw words of the answer to "may this tool run?"; the cartridge says which words mean yes.
    /// The question itself has been shown already.
    fn answer<'a>(&'a self, question: &'a ToolFeedback) -> BoxFuture<'a, String>;
}

impl<F> Asker for F
where
    F: Fn(&ToolFeedback) -> String + Send + Sync,
{
    fn answer<'a>(&'a self, question: &'a ToolFeedback) -> BoxFuture<'a, String> {
        let answer = self(question);
        Box::pin(std::future::ready(answer))
    }
}

/// What happens when a cartridge wants its user asked (`safety.tools.confirmable`, on by default).
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Permission {
    /// Nobody is there to be asked: the tool does not run, and the model is told.
    #[default]
    Deny,
    /// The answer is yes already.
    Allow,
    /// Ask.
    Ask(Arc<dyn Asker>),
}

impl Permission {
    /// Asks a closure, which gives the words of the answer.
    ///
    /// ```
    /// use botsmith_nanobots::bot::Permission;
    /// let permission = Permission::ask(|question| match question.name.as_str() {
    ///     "clock" => "yes".into(),
    ///     _ => "no".into(),
    /// });
    /// assert_eq!(format!("{permission:?}"), "Ask");
    /// ```
    pub fn ask(asker: impl Fn(&ToolFeedback) -> String + Send + Sync + 'static) -> Self {
        Self::Ask(Arc::new(asker))
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deny => "Deny",
            Self::Allow => "Allow",
            Self::Ask(_) => "Ask",
        })
    }
}
