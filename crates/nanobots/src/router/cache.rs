//! Answers kept in a store, for requests that are equal to the byte.
//!
//! The key is the blake3 hash of the canonical request with provider, model and revision, so that
//! another model never answers from this one's memory. What is kept holds the answer and not the
//! question, no key and no credential. Bounded: past the limit those that were kept longest go.
//! A store that fails costs a question, never an answer; [`AnswerCache::stats`] tells.
//!
//! The store blocks, so its work runs on tokio's blocking threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use botsmith_core::chat::{ChatRequest, ChatResponse, ModelInfo};
use botsmith_core::digest::Digest;
use botsmith_core::store::{MAX_TIME_MS, Outcome, StateStore, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Target;
use super::flight::Flights;
use crate::provider::key::{canonical, request_value};

/// The partition that holds all answers.
const PARTITION: &str = "cache/answers";
/// The record that counts them.
const SIZE: &str = "size";
/// The index of when each was kept.
const KEPT: &str = "kept";
/// Times that a write is tried when another process writes too.
const TRIES: usize = 8;

/// Which answers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheMode {
    /// Those of requests whose answer is the same each time: temperature 0, or a seed, or a
    /// model that is deterministic by itself.
    #[default]
    Deterministic,
    /// All.
    Always,
    /// None.
    Off,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheBound {
    /// Answers at most.
    pub entries: u64,
    /// Bytes of all answers at most.
    pub bytes: u64,
    /// Bytes of one answer at most; longer ones are not kept.
    pub longest: usize,
}

impl Default for CacheBound {
    fn default() -> Self {
        Self {
            entries: 10_000,
            bytes: 256 << 20,
            longest: 1 << 20,
        }
    }
}

/// What a cache has done since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests that were answered from it.
    pub hits: u64,
    /// Requests that it could have answered, and did not.
    pub misses: u64,
    /// Answers kept.
    pub kept: u64,
    /// Answers that had to go.
    pub dropped: u64,
    /// Times that the store failed.
    pub failures: u64,
    /// What it said the last time.
    pub last_failure: Option<String>,
}

/// Answers in a store. Share one among the routers of a process: equal requests at the same time
/// are then asked once.
#[derive(Debug)]
pub struct AnswerCache {
    store: Arc<dyn StateStore>,
    bound: CacheBound,
    pub(super) flights: Flights,
    hits: AtomicU64,
    misses: AtomicU64,
    kept: AtomicU64,
    dropped: AtomicU64,
    failures: Mutex<(u64, Option<String>)>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Size {
    entries: u64,
    bytes: u64,
}

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// When, by the store's clock, in milliseconds since 1970.
    at_ms: u64,
    response: ChatResponse,
}

const VERSION: u32 = 1;

impl AnswerCache {
    /// A cache in `store`.
    pub fn new(store: Arc<dyn StateStore>, bound: CacheBound) -> Self {
        Self {
            store,
            bound,
            flights: Flights::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            kept: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failures: Mutex::default(),
        }
    }

    /// The key of a request to a model that adds `settings` of its own.
    ///
    /// ```
    /// use botsmith_core::chat::{ChatRequest, Message, ModelInfo};
    /// use botsmith_nanobots::router::AnswerCache;
    /// let request = ChatRequest::new(vec![Message::user("Hello!")]);
    /// let key = |model| AnswerCache::key(&request, &ModelInfo::new("openai", model), &().into());
    /// assert_eq!(key("a"), key("a"));
    /// assert_ne!(key("a"), key("b"));
    /// ```
    pub fn key(request: &ChatRequest, info: &ModelInfo, settings: &Value) -> Digest {
        let model = request.model.as_deref().unwrap_or(&info.model);
        let parts = json!({
            "provider": info.provider,
            "model": model,
            "revision": info.revision,
            "settings": settings,
            "request": request_value(request),
        });
        Digest::of(canonical(&parts).as_bytes())
    }

    /// What it has done since it was made.
    pub fn stats(&self) -> CacheStats {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        CacheStats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            kept: self.kept.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            failures: failures.0,
            last_failure: failures.1.clone(),
        }
    }

    /// The answer kept under `key`, if it is no older than `ttl`.
    pub(super) async fn find(
        self: &Arc<Self>,
        key: Digest,
        ttl: Option<Duration>,
    ) -> Option<ChatResponse> {
        let found = self
            .blocking(move |cache| {
                let record = cache.store.get(PARTITION, &record_key(&key))?;
                // Of another version, or damaged: as good as not there.
                let kept = record.and_then(|r| serde_json::from_slice::<Kept>(&r.value).ok());
                let kept = kept.filter(|kept| kept.version == VERSION);
                let Some(ttl) = ttl.filter(|_| kept.is_some()) else {
                    return Ok(kept);
                };
                let now = cache.store.now_ms()?;
                let young =
                    |kept: &Kept| u128::from(now.saturating_sub(kept.at_ms)) < ttl.as_millis();
                Ok(kept.filter(young))
            })
            .await
            .flatten();
        let count = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        count.fetch_add(1, Ordering::Relaxed);
        found.map(|kept| kept.response)
    }

    /// Keeps an answer. What belongs to one asking (hops, cost) is not kept.
    pub(super) async fn keep(self: &Arc<Self>, key: Digest, response: &ChatResponse) {
        let mut response = response.clone();
        (response.hops, response.cost, response.cached) = (Vec::new(), None, false);
        self.blocking(move |cache| {
            let kept = Kept {
                version: VERSION,
                at_ms: cache.store.now_ms()?,
                response,
            };
            match serde_json::to_vec(&kept) {
                Ok(value) if value.len() <= cache.bound.longest => {
                    cache.write(&record_key(&key), &value, kept.at_ms)
                }
                _ => Ok(()),
            }
        })
        .await;
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> botsmith_core::Result<T> + Send + 'static,
    ) -> Option<T> {
        let cache = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&cache)).await;
        match done {
            Ok(Ok(value)) => Some(value),
            Ok(Err(error)) => self.failed(error.to_string()),
            Err(error) => self.failed(error.to_string()),
        }
    }

    fn failed<T>(&self, reason: String) -> Option<T> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures = (failures.0 + 1, Some(reason));
        None
    }

    fn write(&self, key: &str, value: &[u8], now: u64) -> botsmith_core::Result<()> {
        let added = value.len() as u64;
        for _ in 0..TRIES {
            let found = self.store.get_many(PARTITION, &[SIZE, key])?;
            let [size_record, old] = found.as_slice() else {
                return Ok(());
            };
            let mut size: Size = size_record
                .as_ref()
                .and_then(|record| serde_json::from_slice(&record.value).ok())
                .unwrap_or_default();
            if let Some(old) = old {
                size.entries = size.entries.saturating_sub(1);
                size.bytes = size.bytes.saturating_sub(old.value.len() as u64);
            }
            size.entries += 1;
            size.bytes += added;
            let mut write = Transaction::new()
                .unchanged(SIZE, size_record.as_ref())
                .unchanged(key, old.as_ref());
            let mut gone = 0;
            if size.entries > self.bound.entries || size.bytes > self.bound.bytes {
                let oldest = self.store.due(PARTITION, KEPT, MAX_TIME_MS, 256)?;
                for due in oldest.iter().filter(|due| due.member != key) {
                    if size.entries <= self.bound.entries && size.bytes <= self.bound.bytes {
                        break;
                    }
                    let record = self.store.get(PARTITION, &due.member)?;
                    size.entries = size.entries.saturating_sub(1);
                    let bytes = record.map_or(0, |record| record.value.len() as u64);
                    size.bytes = size.bytes.saturating_sub(bytes);
                    write = write
                        .delete(due.member.as_str())
                        .clear_due(KEPT, due.member.as_str());
                    gone += 1;
                }
            }
            let size = json!({"entries": size.entries, "bytes": size.bytes});
            write = write
                .put(SIZE, size.to_string())
                .put(key, value)
                .set_due(KEPT, key, now);
            if let Outcome::Committed(_) = self.store.transact(PARTITION, write)? {
                self.kept.fetch_add(1, Ordering::Relaxed);
                self.dropped.fetch_add(gone, Ordering::Relaxed);
                return Ok(());
            }
        }
        // Others write so fast that this one answer is not worth more tries.
        Ok(())
    }
}

fn record_key(key: &Digest) -> String {
    format!("answer/{key}")
}

/// Whether the same request gets the same answer each time, as far as it says so itself. Words of
/// the request count before those of the target's settings.
pub(super) fn is_deterministic(request: &ChatRequest, target: &Target) -> bool {
    let native = |key: &str| request.native.get(key).filter(|value| !value.is_null());
    let temperature = match native("temperature") {
        Some(value) => value.as_f64(),
        None => request.sampling.temperature.or(target.sampling.temperature),
    };
    let seeded = ["seed", "random_seed"]
        .iter()
        .any(|key| native(key).is_some_and(Value::is_number));
    target.model.info().deterministic
        || temperature == Some(0.0)
        || seeded
        || request.sampling.seed.or(target.sampling.seed).is_some()
}

#[cfg(test)]
mod tests {
    use botsmith_core::chat::{FnModel, Message};
    use botsmith_core::store::{self, MemoryStore};

    use super::*;

    fn digest(n: usize) -> Digest {
        Digest::of(n.to_string().as_bytes())
    }

    #[tokio::test]
    async fn the_oldest_go_when_the_bound_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("s.db").display());
        let stores: [Arc<dyn StateStore>; 2] =
            [Arc::new(MemoryStore::new()), store::open(&url).unwrap()];
        for store in stores {
            let bound = CacheBound {
                entries: 3,
                ..CacheBound::default()
            };
            let cache = Arc::new(AnswerCache::new(Arc::clone(&store), bound));
            for n in 0..6 {
                let answer = ChatResponse::text(n.to_string());
                cache.keep(digest(n), &answer).await;
                // Times have whole milliseconds; equal ones would go by name.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let mut there = Vec::new();
            for n in 0..6 {
                there.push(cache.find(digest(n), None).await.map(|answer| answer.text));
            }
            let wanted = [None, None, None, Some("3"), Some("4"), Some("5")];
            assert_eq!(there, wanted.map(|text| text.map(str::to_owned)));
            let stats = cache.stats();
            assert_eq!(
                (stats.hits, stats.misses, stats.kept, stats.dropped),
                (3, 3, 6, 3)
            );
            assert_eq!(stats.failures, 0);
        }
    }

    #[tokio::test]
    async fn bytes_are_bounded_too_and_a_kept_answer_can_be_kept_again() {
        let bound = CacheBound {
            bytes: 1_000,
            longest: 600,
            ..CacheBound::default()
        };
        let store: Arc<dyn StateStore> = Arc::new(MemoryStore::new());
        let cache = Arc::new(AnswerCache::new(store, bound));
        cache
            .keep(digest(0), &ChatResponse::text("x".repeat(700)))
            .await;
        assert!(cache.find(digest(0), None).await.is_none());
        for n in [1, 1, 1, 2, 3] {
            cache
                .keep(digest(n), &ChatResponse::text("x".repeat(300)))
                .await;
        }
        let mut there = 0;
        for n in 1..4 {
            there += usize::from(cache.find(digest(n), None).await.is_some());
        }
        assert_eq!(there, 2);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let day = Some(Duration::from_secs(86_400));
        assert!(cache.find(digest(3), day).await.is_some());
        let moment = Some(Duration::from_millis(10));
        assert!(cache.find(digest(3), moment).await.is_none());
    }

    #[test]
    fn deterministic_is_what_says_so() {
        let asked = |change: &dyn Fn(&mut ChatRequest)| {
            let mut request = ChatRequest::new(vec![Message::user("a")]);
            change(&mut request);
            request
        };
        let target = |deterministic| {
            let mut info = ModelInfo::new("p", "m");
            info.deterministic = deterministic;
            let answer = |_, _| async { Ok(ChatResponse::text("x")) };
            Target::new(Arc::new(FnModel::with_info(info, answer)))
        };
        let (plain, mut cold) = (target(false), target(false));
        cold.sampling.temperature = Some(0.0);
        let nothing = asked(&|_| {});
        let heat = |temperature| asked(&|r| r.sampling.temperature = Some(temperature));
        let native = |key: &str, value: Value| {
            asked(&|r| {
                r.native.insert(key.to_owned(), value.clone());
            })
        };
        let cases = [
            (&nothing, &plain, false),
            (&nothing, &target(true), true),
            (&nothing, &cold, true),
            (&heat(0.0), &plain, true),
            (&heat(0.1), &plain, false),
            (&heat(0.1), &cold, false),
            (&native("temperature", json!(1)), &cold, false),
            (&native("temperature", json!(0)), &plain, true),
            (&native("random_seed", json!(7)), &plain, true),
            (&asked(&|r| r.sampling.seed = Some(1)), &plain, true),
        ];
        for (request, target, wanted) in cases {
            assert_eq!(is_deterministic(request, target), wanted, "{request:?}");
        }
    }
}
