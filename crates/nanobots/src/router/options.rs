//! How a router works.

use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::ErrorClass;

use super::{AnswerCache, CacheMode, CommonWords, Cooldown, DetectLanguage, Prices, Retry, Rule};

/// How a router works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouterOptions {
    /// How one target is asked again.
    pub retry: Retry,
    /// Failures after which the next target is asked, where it does not say so itself.
    pub on: Vec<ErrorClass>,
    /// When a target rests.
    pub cooldown: Cooldown,
    /// Who is asked first; the first rule that holds wins.
    pub rules: Vec<Rule>,
    /// What tells the language for rules.
    pub detect: Arc<dyn DetectLanguage>,
    /// Where answers are kept; `None`: nowhere.
    pub cache: Option<Arc<AnswerCache>>,
    /// Which are.
    pub cache_mode: CacheMode,
    /// How old a kept answer may be; `None`: of any age.
    pub cache_ttl: Option<Duration>,
    /// What answers cost.
    pub prices: Arc<Prices>,
}

impl Default for RouterOptions {
    fn default() -> Self {
        Self {
            retry: Retry::default(),
            on: Self::ON.to_vec(),
            cooldown: Cooldown::default(),
            rules: Vec::new(),
            detect: Arc::new(CommonWords),
            cache: None,
            cache_mode: CacheMode::default(),
            cache_ttl: None,
            prices: Arc::new(Prices::built_in()),
        }
    }
}

impl RouterOptions {
    /// The failures after which another target may do better. A wrong key or a wrong request is left
    /// to be mended.
    pub const ON: [ErrorClass; 6] = [
        ErrorClass::Load,
        ErrorClass::RateLimit,
        ErrorClass::ContextTooLong,
        ErrorClass::Server,
        ErrorClass::Network,
        ErrorClass::Timeout,
    ];
}
