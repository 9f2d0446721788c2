//! Keys are found nowhere: not in errors that quote them, not in `Debug`, not in previews.

use botsmith_core::chat::{Call, ChatModel};
use botsmith_nanobots::provider::{request_body, request_preview};
use serde_json::json;

use crate::answers::read;
use crate::server::{Reply, Server, Then};
use crate::vendors::{KEY, all, request};

#[tokio::test]
async fn a_vendor_that_quotes_the_key_does_not_show_it() {
    for vendor in all() {
        let quoted = format!("no such key: {KEY} ({KEY})");
        let error = json!({"error": {"message": quoted}, "message": quoted, "detail": quoted});
        let raw = |status| Reply::Whole {
            status,
            headers: vec![("location".into(), format!("/{KEY}?key={KEY}"))],
            body: format!("<p>{KEY}</p>"),
        };
        let stream = format!("data: {error}\n\n{error}\n");
        for reply in [
            Reply::json(401, &error),
            Reply::json(500, &error),
            Reply::json(200, &error),
            Reply::json(200, &json!({"odd": KEY})),
            raw(200),
            raw(502),
            raw(308),
            Reply::stream(vendor.form, &stream, 9, Then::End),
        ] {
            let server = Server::with(reply).await;
            let model = vendor.open(&server.address);
            let mut errors = Vec::new();
            errors.extend(model.chat(&request(), &Call::default()).await.err());
            errors.extend(read(&*model, &request(), &Call::default()).await.1);
            assert!(!errors.is_empty(), "{}", vendor.id);
            for error in errors {
                let shown = format!("{error} {error:?} {error:#?}");
                assert!(!shown.contains(KEY), "{}: {shown}", vendor.id);
            }
            let model: &dyn ChatModel = &*model;
            assert!(
                !format!("{model:?} {model:#?}").contains(KEY),
                "{}",
                vendor.id
            );
        }
    }
}

#[test]
fn previews_show_all_but_the_key() {
    for vendor in all() {
        let config = vendor.config("http://me:pass-word@127.0.0.1:9");
        let mut asked = request();
        asked.native.insert("note".into(), json!(KEY));
        for stream in [true, false] {
            let preview = request_preview(&config, &asked, stream).unwrap();
            let shown = format!("{preview} {preview:?} {}", request_body(&config, &asked));
            assert!(
                !shown.contains(KEY) && !shown.contains("pass-word"),
                "{shown}"
            );
            assert!(shown.contains("***"), "{shown}");
            let path = if stream {
                vendor.stream_path
            } else {
                vendor.path
            };
            assert_eq!(preview.url, format!("http://127.0.0.1:9{path}"));
            assert!(shown.contains("I am Ada."), "{shown}");
        }
    }
}
