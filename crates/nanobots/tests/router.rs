//! The router against models that fail as they are told, on a clock that stands still while nobody
//! waits.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use botsmith_core::chat::{
    Call, CancelToken, ChatEvent, ChatModel, ChatRequest, ChatResponse, ErrorClass, FnModel,
    Message, ModelError, ModelInfo, Usage,
};
use botsmith_core::store::{self, MemoryStore, StateStore};
use botsmith_nanobots::provider::ScriptModel;
use botsmith_nanobots::router::{
    AnswerCache, CacheBound, CacheMode, Cooldown, Limiter, Limits, Retry, Router, RouterOptions,
    Rule, Target,
};
use futures_util::StreamExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use Do::{Fail, FailFor, Hang, Say};

/// What a model does when it is asked; the last one over and over.
#[derive(Clone, Copy, Debug)]
enum Do {
    Say(&'static str),
    Fail(ErrorClass),
    /// Fails and asks to wait so many seconds.
    FailFor(ErrorClass, u64),
    /// Takes so many seconds to answer.
    Hang(u64),
}

/// A target that does what it is told, and how often it was asked.
fn target(name: &str, acts: &[Do]) -> (Target, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let acts = Arc::new(Mutex::new(VecDeque::from(acts.to_vec())));
    let count = Arc::clone(&asked);
    let model = FnModel::new(name, move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        let act = {
            let mut acts = acts.lock().unwrap();
            match acts.len() {
                1 => acts[0],
                _ => acts.pop_front().unwrap(),
            }
        };
        async move {
            match act {
                Say(text) => {
                    let mut answer = ChatResponse::text(text);
                    answer.usage = Some(Usage {
                        input_tokens: 1000,
                        output_tokens: 1000,
                        cached_tokens: 0,
                    });
                    Ok(answer)
                }
                Fail(class) => Err(ModelError::new(class, "function", class.as_str())),
                FailFor(class, seconds) => {
                    let wait = Some(Duration::from_secs(seconds));
                    Err(ModelError::new(class, "function", "busy").retry_after(wait))
                }
                Hang(seconds) => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    Ok(ChatResponse::text("slow"))
                }
            }
        }
    });
    (Target::new(Arc::new(model)).named(name), asked)
}

fn router(targets: Vec<Target>, change: impl FnOnce(&mut RouterOptions)) -> Router {
    let mut options = RouterOptions::default();
    change(&mut options);
    Router::new(targets, options)
        .unwrap()
        .with_rng(fastrand::Rng::with_seed(1))
}

fn question() -> ChatRequest {
    ChatRequest::new(vec![Message::user("How far is the moon?")])
}

/// The classes of the hops, `-` for the one that answered.
fn trail(answer: &ChatResponse) -> String {
    let words = answer.hops.iter().map(|hop| {
        let how = hop.class.map_or("-", ErrorClass::as_str);
        format!("{}:{how}", hop.model)
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn failures_lead_to_another_attempt_or_to_another_target_or_to_an_error() {
    use ErrorClass::{
        Auth, ContextTooLong, Load, Network, Protocol, RateLimit, Refused, Request, Server, Timeout,
    };
    type Case<'a> = (
        &'a str,
        &'a [Do],
        &'a [Do],
        Result<&'a str, ErrorClass>,
        (usize, usize),
    );
    let cases: &[Case<'_>] = &[
        ("answers", &[Say("a")], &[Say("b")], Ok("a:-"), (1, 0)),
        (
            "passes",
            &[Fail(Server), Say("a")],
            &[Say("b")],
            Ok("a:server a:-"),
            (2, 0),
        ),
        (
            "twice",
            &[Fail(Network), Fail(Timeout), Say("a")],
            &[Say("b")],
            Ok("a:network a:timeout a:-"),
            (3, 0),
        ),
        (
            "down",
            &[Fail(Server)],
            &[Say("b")],
            Ok("a:server a:server a:server b:-"),
            (3, 1),
        ),
        ("load", &[Fail(Load)], &[Say("b")], Ok("a:load b:-"), (1, 1)),
        (
            "long",
            &[Fail(ContextTooLong)],
            &[Say("b")],
            Ok("a:context-too-long b:-"),
            (1, 1),
        ),
        (
            "soon",
            &[FailFor(RateLimit, 5), Say("a")],
            &[Say("b")],
            Ok("a:rate-limit a:-"),
            (2, 0),
        ),
        (
            "too late",
            &[FailFor(RateLimit, 99)],
            &[Say("b")],
            Ok("a:rate-limit b:-"),
            (1, 1),
        ),
        ("key", &[Fail(Auth)], &[Say("b")], Err(Auth), (1, 0)),
        ("wrong", &[Fail(Request)], &[Say("b")], Err(Request), (1, 0)),
        (
            "refused",
            &[Fail(Refused)],
            &[Say("b")],
            Err(Refused),
            (1, 0),
        ),
        (
            "nonsense",
            &[Fail(Protocol)],
            &[Say("b")],
            Err(Protocol),
            (1, 0),
        ),
        ("both", &[Fail(Load)], &[Fail(Server)], Err(Server), (1, 3)),
    ];
    for (name, one, two, wanted, counts) in cases {
        let (a, asked_a) = target("a", one);
        let (b, asked_b) = target("b", two);
        let router = router(vec![a, b], |_| {});
        let outcome = router.chat(&question(), &Call::default()).await;
        let found = outcome.as_ref().map(trail).map_err(|error| error.class);
        assert_eq!(found, wanted.map(str::to_owned), "{name}");
        let found = (
            asked_a.load(Ordering::SeqCst),
            asked_b.load(Ordering::SeqCst),
        );
        assert_eq!(found, *counts, "{name}");
        if *name == "both" {
            let error = outcome.unwrap_err().to_string();
            assert!(
                error.contains("before that: function a load, function b server"),
                "{error}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_classes_that_lead_on_can_be_chosen() {
    let (a, _) = target("a", &[Fail(ErrorClass::Auth)]);
    let (b, _) = target("b", &[Say("b")]);
    let router = router(vec![a, b], |options| options.on = vec![ErrorClass::Auth]);
    let answer = router.chat(&question(), &Call::default()).await.unwrap();
    assert_eq!(trail(&answer), "a:auth b:-");
    assert_eq!(
        (answer.provider.as_str(), answer.model.as_str()),
        ("function", "b")
    );
}

#[tokio::test(start_paused = true)]
async fn waits_end_with_the_deadline_and_the_cancel_token() {
    let (a, asked) = target("a", &[FailFor(ErrorClass::RateLimit, 20)]);
    let (b, _) = target("b", &[Say("b")]);
    let both = router(vec![a, b], |_| {});
    let start = Instant::now();
    let call = Call::within(Duration::from_secs(10));
    // A wait of 20 s does not fit: the other target is asked at once.
    assert_eq!(both.chat(&question(), &call).await.unwrap().text, "b");
    assert_eq!(
        (asked.load(Ordering::SeqCst), start.elapsed()),
        (1, Duration::ZERO)
    );

    let (a, _) = target("a", &[Hang(3600)]);
    let slow = router(vec![a], |_| {});
    let error = slow.chat(&question(), &call).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);
    assert!(start.elapsed() <= Duration::from_secs(10));

    let token = CancelToken::new();
    let call = Call::default().cancelled_by(token.clone());
    let request = question();
    let (outcome, ()) = tokio::join!(slow.chat(&request, &call), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        token.cancel();
    });
    assert_eq!(outcome.unwrap_err().class, ErrorClass::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_leads_on() {
    let (a, _) = target("a", &[Hang(3600)]);
    let (b, _) = target("b", &[Say("b")]);
    let router = router(vec![a.within(Duration::from_secs(2)), b], |options| {
        options.retry.attempts = 1;
    });
    let answer = router.chat(&question(), &Call::default()).await.unwrap();
    assert_eq!(trail(&answer), "a:timeout b:-");
    assert!((answer.hops[0].seconds - 2.0).abs() < 0.01);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_keeps_failing_rests_and_is_tried_by_one() {
    let acts = [Fail(ErrorClass::Server), Fail(ErrorClass::Server), Hang(1)];
    let (a, asked) = target("a", &acts);
    let (b, _) = target("b", &[Say("b")]);
    let router = router(vec![a, b], |options| {
        options.retry.attempts = 1;
        options.cooldown = Cooldown {
            failures: 2,
            rest: Duration::from_secs(60),
        };
    });
    let request = question();
    let call = Call::default();
    for _ in 0..5 {
        assert_eq!(router.chat(&request, &call).await.unwrap().text, "b");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let answer = router.chat(&request, &call).await.unwrap();
    assert!(
        answer.hops[0]
            .error
            .as_deref()
            .unwrap()
            .contains("rests for 60 s more")
    );

    tokio::time::sleep(Duration::from_secs(61)).await;
    let many = futures_util::future::join_all((0..4).map(|_| router.chat(&request, &call))).await;
    let texts: Vec<_> = many
        .into_iter()
        .map(|answer| answer.unwrap().text)
        .collect();
    assert_eq!(texts, ["slow", "b", "b", "b"]);
    assert_eq!(router.chat(&request, &call).await.unwrap().text, "slow");
}

#[tokio::test(start_paused = true)]
async fn where_all_rest_the_one_that_rested_longest_is_asked() {
    let (a, _) = target("a", &[Fail(ErrorClass::Load), Say("a")]);
    let (b, _) = target("b", &[Fail(ErrorClass::Load), Say("b")]);
    let router = router(vec![a, b], |options| {
        options.cooldown.failures = 1;
    });
    assert!(router.chat(&question(), &Call::default()).await.is_err());
    let answer = router.chat(&question(), &Call::default()).await.unwrap();
    assert_eq!(answer.text, "a");
}

fn script(settings: &Value) -> Target {
    let model = ScriptModel::from_settings(settings).unwrap();
    Target::new(Arc::new(model))
}

#[tokio::test(start_paused = true)]
async fn a_stream_leads_on_before_its_first_piece_and_never_after() {
    let good = json!({"model": "good", "otherwise": "one two"});
    for (after, wanted) in [(0, Ok("one two")), (1, Err("bad "))] {
        let bad = json!({"model": "bad", "otherwise": {"say": "bad bad", "fail": {"class": "network", "after": after}}});
        let router = router(vec![script(&bad), script(&good)], |options| {
            options.retry.attempts = 2;
        });
        let request = question();
        let call = Call::default();
        let events: Vec<_> = router.stream(&request, &call).collect().await;
        let mut text = String::new();
        for event in &events {
            if let Ok(ChatEvent::Text(piece)) = event {
                text.push_str(piece);
            }
        }
        match (wanted, events.last().unwrap()) {
            (Ok(whole), Ok(ChatEvent::Done(done))) => {
                assert_eq!((text.as_str(), done.text.as_str()), (whole, whole));
                assert_eq!(trail(done), "bad:network bad:network good:-");
            }
            (Err(part), Err(error)) => {
                assert_eq!(text, part);
                assert!(error.began);
            }
            (_, last) => panic!("{after}: {last:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rules_choose_who_is_asked_first_and_the_rest_stand_by() {
    let names = ["small", "large", "expert"];
    let mut targets: Vec<_> = names
        .iter()
        .map(|name| target(name, &[Say("x")]).0)
        .collect();
    targets[2] = targets[2].clone().only_by_rule();
    let router = router(targets, |options| {
        options.rules = vec![
            Rule {
                tags: vec!["law".into()],
                ..Rule::to("expert")
            },
            Rule {
                longer_than: Some(1000),
                ..Rule::to("large")
            },
        ];
    });
    let route = |text: &str, tag: Option<&str>| {
        let mut request = ChatRequest::new(vec![Message::user(text)]);
        request.tags.extend(tag.map(str::to_owned));
        let names: Vec<_> = router
            .route(&request)
            .iter()
            .map(|t| t.name.clone())
            .collect();
        names.join(" ")
    };
    assert_eq!(route("short", None), "small large");
    assert_eq!(route(&"long ".repeat(300), None), "large small");
    assert_eq!(route("short", Some("law")), "expert small large");

    let (a, _) = target("a", &[Say("a")]);
    let mut options = RouterOptions::default();
    options.rules = vec![Rule::to("aa")];
    let error = Router::new(vec![a], options).unwrap_err().to_string();
    assert!(error.contains("did you mean `a`?"), "{error}");
    assert!(Router::new(Vec::new(), RouterOptions::default()).is_err());
}

#[tokio::test(start_paused = true)]
async fn another_provider_gets_neither_the_model_nor_the_settings_of_the_first() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let model = |provider: &str, class: Option<ErrorClass>| {
        let seen = Arc::clone(&seen);
        let answer = move |request: ChatRequest, _| {
            let what = (request.model.clone(), request.native.len());
            seen.lock().unwrap().push(what);
            async move {
                match class {
                    Some(class) => Err(ModelError::new(class, "p", "no")),
                    None => Ok(ChatResponse::text("yes")),
                }
            }
        };
        let info = ModelInfo::new(provider, "own");
        Target::new(Arc::new(FnModel::with_info(info, answer)))
    };
    let load = Some(ErrorClass::Load);
    let targets = vec![
        model("p", load),
        model("p", load).named("second").asking_for("other"),
        model("q", None),
    ];
    let router = router(targets, |_| {});
    let mut request = question();
    request.model = Some("mine".into());
    request.native.insert("k".into(), json!(1));
    router.chat(&request, &Call::default()).await.unwrap();
    let wanted = [
        (Some("mine".to_owned()), 1),
        (Some("other".to_owned()), 1),
        (None, 0),
    ];
    assert_eq!(*seen.lock().unwrap(), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_leaves_no_time_leads_on() {
    let (a, asked) = target("a", &[Say("a")]);
    let (b, _) = target("b", &[Say("b")]);
    let limits = Limits {
        per_minute: Some(1),
        ..Limits::default()
    };
    let a = a.limited(Arc::new(Limiter::new(limits)));
    let router = router(vec![a, b], |_| {});
    for wanted in ["a", "b", "b"] {
        let call = Call::within(Duration::from_secs(5));
        assert_eq!(router.chat(&question(), &call).await.unwrap().text, wanted);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn fifty_equal_requests_at_once_are_asked_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("state.db").display());
    let stores: [Arc<dyn StateStore>; 2] =
        [Arc::new(MemoryStore::new()), store::open(&url).unwrap()];
    for store in stores {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let model = FnModel::new("m", move |_, _| {
            count.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(ChatResponse::text("far"))
            }
        });
        let cache = Arc::new(AnswerCache::new(store, CacheBound::default()));
        let router = router(vec![Target::new(Arc::new(model))], |options| {
            options.cache = Some(Arc::clone(&cache));
        });
        let mut request = question();
        request.sampling.temperature = Some(0.0);
        let call = Call::default();
        let answers =
            futures_util::future::join_all((0..50).map(|_| router.chat(&request, &call))).await;
        let fresh = answers
            .iter()
            .filter(|answer| !answer.as_ref().unwrap().cached)
            .count();
        assert_eq!((asked.load(Ordering::SeqCst), fresh), (1, 1));

        let again = router.chat(&request, &call).await.unwrap();
        assert_eq!(
            (again.text.as_str(), again.cached, again.cost),
            ("far", true, Some(0.0))
        );
        assert!(again.hops.len() == 1 && again.hops[0].cached);
        let events: Vec<_> = router.stream(&request, &call).collect().await;
        assert!(matches!(&events[0], Ok(ChatEvent::Text(text)) if text == "far"));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert_eq!(cache.stats().failures, 0);

        // Warm sampling is asked anew each time, another question too.
        request.sampling.temperature = Some(0.7);
        for _ in 0..2 {
            assert!(!router.chat(&request, &call).await.unwrap().cached);
        }
        request.sampling.temperature = Some(0.0);
        request.messages.push(Message::user("And the sun?"));
        assert!(!router.chat(&request, &call).await.unwrap().cached);
        assert_eq!(asked.load(Ordering::SeqCst), 4);
    }
}

#[tokio::test]
async fn failures_are_shared_while_they_fly_and_never_kept() {
    let (a, asked) = target("a", &[Fail(ErrorClass::Auth), Say("a")]);
    let cache = Arc::new(AnswerCache::new(
        Arc::new(MemoryStore::new()),
        CacheBound::default(),
    ));
    let router = router(vec![a], |options| {
        options.cache = Some(cache);
        options.cache_mode = CacheMode::Always;
    });
    assert!(router.chat(&question(), &Call::default()).await.is_err());
    let answer = router.chat(&question(), &Call::default()).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.cached), ("a", false));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_waits_takes_over_when_the_one_who_asks_leaves() {
    let (a, asked) = target("a", &[Hang(60), Say("a")]);
    let cache = Arc::new(AnswerCache::new(
        Arc::new(MemoryStore::new()),
        CacheBound::default(),
    ));
    let router = router(vec![a], |options| {
        options.cache = Some(cache);
        options.cache_mode = CacheMode::Always;
    });
    let request = question();
    let leaves = Call::within(Duration::from_millis(500));
    let stays = Call::default();
    let (left, stayed) = tokio::join!(router.chat(&request, &leaves), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        router.chat(&request, &stays).await
    });
    assert_eq!(left.unwrap_err().class, ErrorClass::Timeout);
    assert_eq!(stayed.unwrap().text, "a");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn cost_comes_from_the_table_and_is_unknown_where_the_table_is_silent() {
    let answer = |provider: &'static str, model: &'static str| {
        let answer = |_, _| async {
            let mut answer = ChatResponse::text("x");
            answer.usage = Some(Usage {
                input_tokens: 1_000_000,
                output_tokens: 1_000_000,
                cached_tokens: 0,
            });
            Ok(answer)
        };
        FnModel::with_info(ModelInfo::new(provider, model), answer)
    };
    for (provider, model, cost) in [
        ("openai", "gpt-4o-mini", Some(0.75)),
        ("openai", "gpt-unknown", None),
        ("function", "gpt-4o-mini", None),
    ] {
        let router = router(vec![Target::new(Arc::new(answer(provider, model)))], |_| {});
        let found = router.chat(&question(), &Call::default()).await.unwrap();
        assert_eq!(found.cost, cost, "{provider} {model}");
    }
}

fn act() -> impl Strategy<Value = Do> {
    let classes = ErrorClass::WORDS.map(|(_, class)| class);
    prop_oneof![
        2 => proptest::sample::select(classes.to_vec()).prop_map(Fail),
        1 => (0_u64..100).prop_map(|seconds| FailFor(ErrorClass::RateLimit, seconds)),
        1 => (0_u64..50).prop_map(Hang),
        1 => Just(Say("x")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_more_attempts_than_allowed_and_never_past_the_deadline(
        scripts in proptest::collection::vec(proptest::collection::vec(act(), 1..6), 1..4),
        attempts in 0_u32..5,
        seconds in 0_u64..60,
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut targets = Vec::new();
            let mut counts = Vec::new();
            for (at, script) in scripts.iter().enumerate() {
                let (target, count) = target(&at.to_string(), script);
                targets.push(target);
                counts.push(count);
            }
            let router = router(targets, |options| {
                options.retry = Retry { attempts, ..Retry::default() };
            }).with_rng(fastrand::Rng::with_seed(seed));
            let start = Instant::now();
            let call = Call::within(Duration::from_secs(seconds));
            let outcome = router.chat(&question(), &call).await;
            // The timer counts in milliseconds.
            assert!(start.elapsed() <= Duration::from_secs(seconds) + Duration::from_millis(1));
            for count in &counts {
                assert!(count.load(Ordering::SeqCst) <= attempts.max(1) as usize);
            }
            if let Ok(answer) = outcome {
                let asked: usize = counts.iter().map(|count| count.load(Ordering::SeqCst)).sum();
                assert_eq!(answer.hops.len(), asked);
                assert!(answer.hops.last().unwrap().error.is_none());
            }
        });
    }
}
