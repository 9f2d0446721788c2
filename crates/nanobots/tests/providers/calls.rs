//! Deadlines, cancellation, and servers that fall silent.

use std::time::{Duration, Instant};

use botsmith_core::chat::{Call, CancelToken, ErrorClass};
use botsmith_nanobots::provider::open;
use futures_util::StreamExt as _;

use crate::answers::{read, text};
use crate::server::{Reply, Server, Then};
use crate::vendors::{all, one, options, request};

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let mut options = options();
    options.http.first_byte = Duration::from_millis(50);
    options.http.silence = Duration::from_millis(50);
    for vendor in all() {
        let half = vendor.stream.find(", Ada").unwrap();
        let mut server = Server::start(vec![
            Reply::Silence,
            Reply::stream(vendor.form, &vendor.stream[..half], 1000, Then::Stall),
        ])
        .await;
        let model = open(&vendor.config(&server.address), &options).unwrap();
        let error = model.chat(&request(), &Call::default()).await.unwrap_err();
        assert_eq!(
            (error.class, error.began),
            (ErrorClass::Timeout, false),
            "{error}"
        );
        server.closed().await;
        let (events, error) = read(&*model, &request(), &Call::default()).await;
        assert_eq!(text(&events), "Hello", "{}", vendor.id);
        let error = error.unwrap();
        assert_eq!(
            (error.class, error.began),
            (ErrorClass::Timeout, true),
            "{error}"
        );
        server.closed().await;
    }
}

#[tokio::test]
async fn a_cancelled_call_closes_its_connection() {
    for vendor in all() {
        let half = vendor.stream.find(", Ada").unwrap();
        let mut server = Server::start(vec![
            Reply::Silence,
            Reply::stream(vendor.form, &vendor.stream[..half], 1000, Then::Stall),
        ])
        .await;
        let model = vendor.open(&server.address);
        let token = CancelToken::new();
        let call = Call::default().cancelled_by(token.clone());
        let asked = request();
        let asking = model.chat(&asked, &call);
        let cancelling = async {
            while server.seen().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            token.cancel();
        };
        let (answer, ()) = tokio::join!(asking, cancelling);
        assert_eq!(answer.unwrap_err().class, ErrorClass::Cancelled);
        server.closed().await;

        let token = CancelToken::new();
        let call = Call::default().cancelled_by(token.clone());
        let mut stream = model.stream(&asked, &call);
        stream.next().await.unwrap().unwrap();
        token.cancel();
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!((error.class, error.began), (ErrorClass::Cancelled, true));
        server.closed().await;
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_closes_its_connection() {
    let vendor = one("openai");
    let half = vendor.stream.find(", Ada").unwrap();
    let reply = Reply::stream(vendor.form, &vendor.stream[..half], 1000, Then::Stall);
    let mut server = Server::with(reply).await;
    let model = vendor.open(&server.address);
    let (asked, call) = (request(), Call::default());
    let mut stream = model.stream(&asked, &call);
    stream.next().await.unwrap().unwrap();
    drop(stream);
    server.closed().await;
}

#[tokio::test]
async fn a_deadline_holds() {
    let mut server = Server::with(Reply::Silence).await;
    let model = one("anthropic").open(&server.address);
    let call = Call::within(Duration::from_millis(40));
    let error = model.chat(&request(), &call).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);
    assert!(error.to_string().contains("time is up"), "{error}");
    server.closed().await;
    // One that has passed already: nothing is waited for.
    let call = Call {
        deadline: Some(Instant::now()),
        ..Call::default()
    };
    let (events, error) = read(&*model, &request(), &call).await;
    assert!(events.is_empty());
    assert_eq!(error.map(|error| error.class), Some(ErrorClass::Timeout));
}

#[tokio::test]
async fn an_answer_that_had_ended_needs_no_end_of_its_connection() {
    let vendor = one("openai");
    let end = vendor.stream.find("data: [DONE]").unwrap();
    for then in [Then::Cut, Then::Stall] {
        let mut options = options();
        options.http.silence = Duration::from_millis(50);
        let reply = Reply::stream(vendor.form, &vendor.stream[..end], 1000, then);
        let server = Server::with(reply).await;
        let model = open(&vendor.config(&server.address), &options).unwrap();
        let (events, error) = read(&*model, &request(), &Call::default()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text(&events), "Hello, Ada");
    }
}
