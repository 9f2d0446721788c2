//! Laws of the stream decoders: whatever comes, wherever it is cut.

use botsmith_core::chat::{ChatEvent, ChatRequest, ChatResponse, ErrorClass};
use botsmith_nanobots::provider::{StreamDecoder, decode_answer};
use proptest::prelude::*;

use crate::vendors::{Vendor, all, request, roll};

type Outcome = (Vec<ChatEvent>, Result<ChatResponse, (ErrorClass, bool)>);

fn read(vendor: &Vendor, request: &ChatRequest, bytes: &[u8], size: usize) -> Outcome {
    let mut decoder = StreamDecoder::new(&vendor.config("http://127.0.0.1:9"), request);
    let mut events = Vec::new();
    for piece in bytes.chunks(size.max(1)) {
        let fed = decoder.feed(piece);
        events.extend(decoder.take());
        if let Err(error) = fed {
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

fn check(vendor: &Vendor, bytes: &[u8], tools: bool, size: usize) {
    let mut asked = request();
    if tools {
        asked.tools = vec![roll()];
    }
    let whole = read(vendor, &asked, bytes, bytes.len());
    assert_eq!(whole, read(vendor, &asked, bytes, size), "{}", vendor.id);
    if let (events, Ok(response)) = &whole {
        assert_eq!(crate::answers::text(events), response.text, "{}", vendor.id);
    }
    let _ = decode_answer(&vendor.config("http://127.0.0.1:9"), &asked, bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_stream_is_the_same_wherever_it_is_cut(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
        tools: bool,
        size in 1_usize..40,
    ) {
        for vendor in all() {
            for stream in [&vendor.stream, &vendor.call_stream] {
                let mut bytes = stream.as_bytes().to_vec();
                for (at, byte) in &damage {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                check(&vendor, &bytes, tools, size);
                check(&vendor, &bytes[..end.index(bytes.len())], tools, size);
            }
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..9) {
        for vendor in all() {
            check(&vendor, &bytes, true, size);
        }
    }
}
