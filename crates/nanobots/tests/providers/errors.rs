//! What goes wrong, at every vendor: the class, the vendor's own words, and what to do.

use std::time::Duration;

use botsmith_core::chat::{Call, ErrorClass};
use serde_json::json;

use crate::answers::{read, text};
use crate::server::{Reply, Server, Then};
use crate::vendors::{KEY, all, one, request};

#[tokio::test]
async fn a_bad_status_has_its_class_and_the_vendor_s_words() {
    for vendor in all() {
        for (status, class) in [
            (401, ErrorClass::Auth),
            (403, ErrorClass::Auth),
            (404, ErrorClass::Load),
            (429, ErrorClass::RateLimit),
            (500, ErrorClass::Server),
            (503, ErrorClass::Server),
            (400, ErrorClass::Request),
        ] {
            let mut reply = Reply::json(status, &(vendor.error)(status));
            if let Reply::Whole { headers, .. } = &mut reply {
                headers.push(("Retry-After".into(), "7".into()));
            }
            let server = Server::with(reply).await;
            let model = vendor.open(&server.address);
            let whole = model.chat(&request(), &Call::default()).await.unwrap_err();
            let (events, streamed) = read(&*model, &request(), &Call::default()).await;
            assert!(events.is_empty());
            for error in [whole, streamed.unwrap()] {
                let shown = error.to_string();
                assert_eq!(error.class, class, "{} {status}: {shown}", vendor.id);
                assert!(shown.contains("these are my words"), "{shown}");
                assert!(shown.starts_with(vendor.id), "{shown}");
                assert_eq!(error.status, Some(status));
                assert_eq!(error.retry_after, Some(Duration::from_secs(7)), "{shown}");
                assert!(!error.began);
                assert!(!shown.contains(KEY), "{shown}");
                if class == ErrorClass::Auth && vendor.id != "ollama" {
                    assert!(shown.contains("_API_KEY"), "names the variable: {shown}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_json_is_shown_in_part() {
    for vendor in all() {
        for body in ["<html>Welcome to the gateway</html>", "{\"half\": "] {
            let server = Server::start(vec![
                Reply::Whole {
                    status: 200,
                    headers: vec![("content-type".into(), "text/html".into())],
                    body: body.into(),
                },
                Reply::stream(
                    vendor.form,
                    &format!("data: {body}\n\n{body}\n\n"),
                    5,
                    Then::End,
                ),
            ])
            .await;
            let model = vendor.open(&server.address);
            let error = model.chat(&request(), &Call::default()).await.unwrap_err();
            assert_eq!(error.class, ErrorClass::Protocol, "{error}");
            assert!(error.to_string().contains(body.trim()), "{error}");
            let (_, error) = read(&*model, &request(), &Call::default()).await;
            assert_eq!(
                error.map(|error| error.class),
                Some(ErrorClass::Protocol),
                "{}",
                vendor.id
            );
        }
    }
}

#[tokio::test]
async fn json_of_another_interface_is_no_answer() {
    for vendor in all() {
        let server = Server::with(Reply::json(200, &json!({"hello": "world"}))).await;
        let model = vendor.open(&server.address);
        let error = model.chat(&request(), &Call::default()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Protocol, "{}: {error}", vendor.id);
        assert!(error.to_string().contains("\"hello\""), "{error}");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_is_an_error_that_says_that_it_had_begun() {
    for vendor in all() {
        let half = vendor.stream.find(", Ada").unwrap();
        for then in [Then::Cut, Then::End] {
            // A maritaca stream has no last event: only a broken connection tells.
            if vendor.id == "maritaca" && then == Then::End {
                continue;
            }
            let reply = Reply::stream(vendor.form, &vendor.stream[..half], 20, then);
            let server = Server::with(reply).await;
            let model = vendor.open(&server.address);
            let (events, error) = read(&*model, &request(), &Call::default()).await;
            assert_eq!(text(&events), "Hello", "{}", vendor.id);
            let error = error.unwrap_or_else(|| panic!("{} was cut", vendor.id));
            assert_eq!(error.class, ErrorClass::Network, "{}: {error}", vendor.id);
            assert!(error.began, "{}", vendor.id);
        }
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_has_the_vendor_s_words() {
    for vendor in all() {
        let Some(event) = &vendor.error_event else {
            continue;
        };
        let first = vendor.stream.find(", Ada").unwrap();
        let first = vendor.stream[..first].rfind('\n').unwrap() + 1;
        // Anthropic's events begin with their name, one line up.
        let first = match vendor.stream[first..].starts_with("data") && vendor.id == "anthropic" {
            true => vendor.stream[..first - 1].rfind('\n').unwrap() + 1,
            false => first,
        };
        let broken = format!("{}{event}", &vendor.stream[..first]);
        let server = Server::with(Reply::stream(vendor.form, &broken, 13, Then::End)).await;
        let model = vendor.open(&server.address);
        let (events, error) = read(&*model, &request(), &Call::default()).await;
        assert_eq!(text(&events), "Hello", "{}", vendor.id);
        let error = error.unwrap();
        assert!(error.to_string().contains("these are my words"), "{error}");
        assert_eq!(error.class, ErrorClass::Server, "{}: {error}", vendor.id);
        assert!(error.began, "{}", vendor.id);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    for vendor in all() {
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let model = vendor.open(&address);
        let error = model.chat(&request(), &Call::default()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Load, "{error}");
        let wanted = format!("is the server running at {address}?");
        assert!(error.to_string().contains(&wanted), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_gets_no_key() {
    let mut other = Server::with(Reply::json(200, &one("anthropic").plain)).await;
    let server = Server::with(Reply::Whole {
        status: 307,
        headers: vec![(
            "location".into(),
            format!("{}/v1/messages?key=x", other.address),
        )],
        body: String::new(),
    })
    .await;
    let model = one("anthropic").open(&server.address);
    let error = model.chat(&request(), &Call::default()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Load);
    assert!(error.to_string().contains(&other.address), "{error}");
    assert!(!error.to_string().contains("key=x"), "{error}");
    assert!(other.seen().is_empty());
    let _ = &mut other;
}

#[tokio::test]
async fn a_key_or_model_that_is_missing_is_missed_before_anything_is_sent() {
    use botsmith_nanobots::provider::{OpenOptions, ProviderConfig, open};
    for (id, variable) in [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("google", "GOOGLE_API_KEY"),
        ("mistral", "MISTRAL_API_KEY"),
        ("cohere", "COHERE_API_KEY"),
        ("maritaca", "MARITACA_API_KEY"),
    ] {
        let config = ProviderConfig::from_provider(&json!({"id": id, "settings": {"model": "m"}}));
        let model = open(&config.unwrap(), &OpenOptions::default()).unwrap();
        let error = model.chat(&request(), &Call::default()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Auth, "{error}");
        assert!(error.to_string().contains(variable), "{error}");
    }
    let config = ProviderConfig::from_provider(&json!({"id": "ollama"})).unwrap();
    let model = open(&config, &OpenOptions::default()).unwrap();
    let error = model.chat(&request(), &Call::default()).await.unwrap_err();
    assert!(
        error.to_string().contains("provider.settings.model"),
        "{error}"
    );
}

#[test]
fn the_local_engine_and_wrong_addresses_are_refused_at_once() {
    use botsmith_nanobots::provider::{OpenOptions, ProviderConfig, open};
    let refused = |provider: serde_json::Value| {
        let config = ProviderConfig::from_provider(&provider).unwrap();
        open(&config, &OpenOptions::default()).unwrap_err()
    };
    let error = refused(json!({"id": "local"}));
    assert_eq!(error.class, ErrorClass::Unsupported);
    assert!(error.to_string().contains("engine"), "{error}");
    for address in ["nonsense", "ftp://host", "http://"] {
        let error = refused(json!({"id": "ollama", "credentials": {"address": address}}));
        assert_eq!(error.class, ErrorClass::Load, "{address}");
        assert!(error.to_string().contains("credentials.address"), "{error}");
    }
}
