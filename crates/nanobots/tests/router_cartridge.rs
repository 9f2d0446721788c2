//! The router that a cartridge's `fallbacks`, `routing` and `cache` make.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;

use botsmith_core::chat::{Call, ChatModel, ChatRequest, ErrorClass, Message, ModelError};
use botsmith_core::store::MemoryStore;
use botsmith_nanobots::cartridge::{Cartridge, Profile};
use botsmith_nanobots::provider::{OpenOptions, ProviderConfig};
use botsmith_nanobots::router::{self, AnswerCache, CacheBound, Router, RouterOptions};
use serde_json::{Value, json};

fn script(model: &str, otherwise: &Value) -> Value {
    json!({"id": "script", "settings": {"model": model, "otherwise": otherwise}})
}

fn open(provider: &Value, native: &Value) -> Result<Router, ModelError> {
    let value = json!({"meta": {"name": "demo"}, "provider": provider, "botsmith": native});
    let cartridge = Cartridge::from_value(&value, Profile::Native).unwrap();
    let config = ProviderConfig::of(&cartridge)?;
    let mut options = RouterOptions::default();
    options.retry.attempts = 1;
    let cache = AnswerCache::new(Arc::new(MemoryStore::new()), CacheBound::default());
    options.cache = Some(Arc::new(cache));
    router::open(
        &config,
        cartridge.native(),
        &OpenOptions::default(),
        options,
    )
}

async fn ask(
    router: &Router,
    text: &str,
    tag: Option<&str>,
) -> Result<(String, usize), ModelError> {
    let mut request = ChatRequest::new(vec![Message::user(text)]);
    request.tags.extend(tag.map(str::to_owned));
    let answer = router.chat(&request, &Call::default()).await?;
    Ok((answer.model, answer.hops.len()))
}

#[tokio::test]
async fn fallbacks_take_over_after_the_failures_that_they_name() {
    let fallbacks = json!([
        {"provider": script("spare", &json!("x")), "on": ["rate-limit"]},
        {"provider": script("last", &json!("x")), "on": ["rate-limit", "auth"]},
    ]);
    for (class, wanted) in [
        ("rate-limit", Some("spare")),
        ("auth", Some("last")),
        ("server", None),
    ] {
        let router = open(
            &script("own", &json!({"fail": class})),
            &json!({"fallbacks": fallbacks}),
        )
        .unwrap();
        let outcome = ask(&router, "hello", None).await;
        match wanted {
            Some(model) => assert_eq!(outcome.unwrap(), (model.to_owned(), 2), "{class}"),
            None => assert_eq!(outcome.unwrap_err().class, ErrorClass::Server),
        }
    }
}

#[tokio::test]
async fn routing_chooses_the_provider_before_anything_is_asked() {
    let native = json!({
        "fallbacks": [{"provider": script("large", &json!("x"))}],
        "routing": [
            {"when": {"tag": "legal"}, "provider": script("lawyer", &json!("x"))},
            {"when": {"input-longer-than": 20}, "use": 1},
            {"when": {"language": "pt"}, "use": 0},
        ],
    });
    let router = open(&script("own", &json!("x")), &native).unwrap();
    let cases = [
        ("hello", None, "own"),
        ("a question of more than twenty letters", None, "large"),
        ("hello", Some("legal"), "lawyer"),
    ];
    for (text, tag, wanted) in cases {
        assert_eq!(
            ask(&router, text, tag).await.unwrap(),
            (wanted.to_owned(), 1),
            "{text}"
        );
    }
}

#[tokio::test]
async fn answers_are_kept_only_where_the_cartridge_wants_it() {
    let request = ChatRequest::new(vec![Message::user("hello")]);
    for (cache, wanted) in [
        (json!(true), true),
        (json!({"ttl": "1h"}), true),
        (json!({"ttl": 0}), false),
        (json!(false), false),
    ] {
        let router = open(&script("own", &json!("x")), &json!({"cache": cache})).unwrap();
        let first = router.chat(&request, &Call::default()).await.unwrap();
        let second = router.chat(&request, &Call::default()).await.unwrap();
        assert_eq!((first.cached, second.cached), (false, wanted), "{cache}");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_made_ready_is_replaced_where_a_fallback_takes_over() {
    let broken = json!({"id": "script", "settings": {}});
    let spare = json!({"fallbacks": [{"provider": script("spare", &json!("x"))}]});
    let router = open(&broken, &spare).unwrap();
    assert_eq!(ask(&router, "hello", None).await.unwrap().0, "spare");
    assert!(open(&broken, &json!({})).is_err());
    let wrong = json!({"fallbacks": [{"provider": broken}]});
    assert!(open(&script("own", &json!("x")), &wrong).is_err());
}
