//! Streams of models: any bytes give events or an error, the same wherever they are cut.
//! Covers: crates/nanobots/src/provider crates/nanobots/src/provider.rs
#![no_main]

use botsmith_core::chat::{ChatEvent, ChatRequest, ChatResponse, ErrorClass, ToolSpec};
use botsmith_nanobots::provider::{ProviderConfig, ProviderKind, StreamDecoder, decode_answer};
use libfuzzer_sys::fuzz_target;

type Outcome = (Vec<ChatEvent>, Result<ChatResponse, (ErrorClass, bool)>);

fn read<'a>(
    config: &ProviderConfig,
    request: &ChatRequest,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let mut decoder = StreamDecoder::new(config, request);
    let mut events = Vec::new();
    for piece in pieces {
        let fed = decoder.feed(piece);
        events.extend(decoder.take());
        if let Err(error) = fed {
            assert!(error.to_string().chars().count() < 2_000);
            return (events, Err((error.class, error.began)));
        }
    }
    match decoder.finish() {
        Ok((rest, response)) => {
            events.extend(rest);
            (events, Ok(response))
        }
        Err(error) => (events, Err((error.class, error.began))),
    }
}

fuzz_target!(|data: &[u8]| {
    let [kind, cut, bytes @ ..] = data else {
        return;
    };
    // The first seven are the vendors'.
    let config = ProviderConfig::new(ProviderKind::ALL[usize::from(*kind) % 7]);
    let mut request = ChatRequest::default();
    if *kind >= 128 {
        request.tools = vec![ToolSpec {
            name: "roll".into(),
            description: None,
            parameters: serde_json::Value::Null,
        }];
    }
    let whole = read(&config, &request, std::iter::once(bytes));
    let pieces = read(&config, &request, bytes.chunks(usize::from(*cut) % 32 + 1));
    assert_eq!(whole, pieces);
    if let (events, Ok(response)) = &whole {
        let text: String = events
            .iter()
            .filter_map(|event| match event {
                ChatEvent::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(text, response.text);
    }
    let _ = decode_answer(&config, &request, bytes);
});
