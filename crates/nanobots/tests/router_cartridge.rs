//! The router that a cartridge's `fallbacks`, `routing` and `cache` make.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use botsmith_core::chat::{
    Call, ChatModel, ChatRequest, ChatResponse, ErrorClass, FnModel, Message, ModelError,
};
use botsmith_core::store::MemoryStore;
use botsmith_nanobots::cartridge::{Cartridge, Format, Options, Profile};
use botsmith_nanobots::provider::{OpenOptions, ProviderConfig};
use botsmith_nanobots::router::{self, AnswerCache, CacheBound, CacheMode, Router, RouterOptions};
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
async fn all_answers_are_kept_only_where_the_cartridge_says_always() {
    let request = ChatRequest::new(vec![Message::user("hello")]);
    for (cache, wanted) in [
        (json!("always"), CacheMode::Always),
        (json!({"mode": "always", "ttl": "1h"}), CacheMode::Always),
        (json!("deterministic"), CacheMode::Deterministic),
        (json!(true), CacheMode::Deterministic),
        (json!("off"), CacheMode::Off),
    ] {
        let value = json!({"botsmith": {"cache": cache}});
        let cartridge = Cartridge::from_value(&value, Profile::Native).unwrap();
        assert_eq!(cartridge.native().cache.mode, wanted, "{cache}");
        // A model whose answers may differ: only `always` keeps one.
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let model = FnModel::new("varies", move |_request, _call| {
            let n = counted.fetch_add(1, Ordering::SeqCst);
            async move { Ok(ChatResponse::text(format!("answer {n}"))) }
        });
        let mut options = RouterOptions::default();
        options.cache_mode = cartridge.native().cache.mode;
        let store = Arc::new(MemoryStore::new());
        options.cache = Some(Arc::new(AnswerCache::new(store, CacheBound::default())));
        let target = router::Target::new(Arc::new(model));
        let router = Router::new(vec![target], options).unwrap();
        for _ in 0..2 {
            router.chat(&request, &Call::default()).await.unwrap();
        }
        let asked = calls.load(Ordering::SeqCst);
        assert_eq!(
            asked,
            if wanted == CacheMode::Always { 1 } else { 2 },
            "{cache}"
        );
    }
    let value = json!({"botsmith": {"cache": "alway"}});
    let error = Cartridge::from_value(&value, Profile::Native).unwrap_err();
    assert!(
        error.to_string().contains("did you mean `always`?"),
        "{error}"
    );
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

/// A server that refuses each request with the request's own words.
fn quoting_server() -> (String, Arc<Mutex<String>>) {
    let told = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&told);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut seen = Vec::new();
            let mut piece = [0; 4096];
            // The body is one JSON object, whose braces are balanced only at its end.
            let open = |seen: &[u8]| {
                let count = |brace| seen.iter().copied().filter(|byte| *byte == brace).count();
                count(b'{') == 0 || count(b'{') != count(b'}')
            };
            while open(&seen) {
                match stream.read(&mut piece).unwrap() {
                    0 => break,
                    n => seen.extend(&piece[..n]),
                }
            }
            let said = String::from_utf8_lossy(&seen).into_owned();
            heard.lock().unwrap().push_str(&said);
            let body = json!({"error": {"message": format!("I do not like {said}")}}).to_string();
            let head = format!("HTTP/1.1 400 No\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body.as_bytes());
        }
    });
    (address, told)
}

#[tokio::test]
async fn what_fallbacks_and_rules_have_of_the_environment_is_in_no_error() {
    let (address, told) = quoting_server();
    let other = format!(
        "{{id: openai, credentials: {{access-token: ENV/KEY, address: '{address}'}}, \
         settings: {{model: m, metadata: {{customer: ENV/CUSTOMER}}}}}}"
    );
    let text = format!(
        "provider: {{id: script, settings: {{otherwise: {{fail: server}}}}}}\nbotsmith:\n  \
         fallbacks: [{{provider: {other}}}]\n  routing: [{{when: {{tag: x}}, provider: {other}}}]\n"
    );
    let environment = BTreeMap::from([
        ("KEY".to_owned(), "planted-key".to_owned()),
        ("CUSTOMER".to_owned(), "planted-setting".to_owned()),
    ]);
    let options = Options::default().variables(&environment);
    let cartridge = Cartridge::parse(&text, Format::Yaml, &options).unwrap();
    let config = ProviderConfig::of(&cartridge).unwrap();
    let mut options = RouterOptions::default();
    options.retry.attempts = 1;
    let opening = OpenOptions::default();
    let router = router::open(&config, cartridge.native(), &opening, options).unwrap();
    for tag in [None, Some("x")] {
        let error = ask(&router, "hello", tag).await.unwrap_err();
        let shown = format!(
            "{error} {error:?} {router:?} {cartridge:?} {:?}",
            cartridge.native()
        );
        assert!(shown.contains("I do not like"), "{shown}");
        assert!(!shown.contains("planted"), "{shown}");
    }
    let told = told.lock().unwrap();
    for sent in ["planted-key", "planted-setting"] {
        assert_eq!(told.matches(sent).count(), 2, "{told}");
    }
}
