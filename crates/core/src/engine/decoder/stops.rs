//! How soon reading a prompt ends when nobody wants it: counted in looks at the stop signal, of which there are several in
//! every layer of every step.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Device;

use super::attention::Heads;
use super::host::Packed;
use super::{Decoder, Span, shape};
use crate::engine::config::Config;
use crate::engine::error::EngineError;
use crate::engine::files::ModelFiles;
use crate::engine::kv::{Pool, Sequence};
use crate::engine::score::{Scored, score};
use crate::engine::weights::Weights;

fn decoder() -> Decoder {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models/decoder-llama3");
    let files = ModelFiles::open(fixture).expect("the model");
    let shape = shape(&Config::open(&files).expect("a configuration")).expect("a shape");
    Decoder::load(
        shape,
        &Weights::open(&files, &Device::Cpu).expect("weights"),
    )
    .expect("a decoder")
}

#[test]
fn a_prompt_stops_within_a_layer_and_leaves_nothing_behind() {
    let decoder = decoder();
    let pool = Pool::new(decoder.kv_shape(), 8 << 20);
    let text = Scored {
        tokens: (0..60).map(|at| 4 + at % 200).collect(),
        first: 50,
    };
    let texts = [text];
    let free = pool.free();
    let step = 16;
    // Reads until the look with this number; gives the result and how often it looked.
    let until = |last: usize| {
        let looks = AtomicUsize::new(0);
        let stop = || looks.fetch_add(1, Ordering::SeqCst) >= last;
        let found = score(&decoder, &pool, &texts, step, &stop);
        (found, looks.into_inner())
    };
    let (whole, looks) = until(usize::MAX);
    let whole = whole.expect("scores");
    let steps = texts[0].tokens.len().div_ceil(step);
    assert!(
        // Before each of its four products, at the least.
        looks >= steps * (decoder.shape().layers - 1) * 4,
        "{looks} looks in {steps} steps"
    );
    for last in 0..looks {
        pool.forget();
        let (found, looked) = until(last);
        assert!(matches!(found, Err(EngineError::Cancelled)), "look {last}");
        assert_eq!(looked, last + 1, "nothing is computed after the signal");
        pool.forget();
        assert_eq!(pool.free(), free, "look {last}");
    }
    assert_eq!(until(usize::MAX).0.expect("scores"), whole);
}

#[test]
fn attention_over_many_tokens_stops_before_its_next_part() {
    let shape = decoder().shape().clone();
    let kv = shape.kv();
    let (before, rows) = (20_000, 512);
    let pool = Pool::new(kv, kv.bytes() * 1300);
    let mut sequence = Sequence::default();
    sequence.reserve(&pool, before + rows).expect("the room");
    sequence.advance(before);
    let packed = Packed {
        positions: (before..before + rows).collect(),
        starts: vec![0],
        wanted: Vec::new(),
    };
    let tokens = vec![4; rows];
    let spans = [Span {
        tokens: &tokens,
        sequence: &mut sequence,
        wanted: &[],
    }];
    let queries = vec![0.5; rows * shape.heads * shape.head_width];
    let looks = AtomicUsize::new(0);
    let stop = || looks.fetch_add(1, Ordering::SeqCst) >= 1;
    let heads = Heads {
        shape: &shape,
        layer: 0,
        kv,
    };
    // What one thread does between two looks is the measure of whether there is much to see.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let found = one
        .expect("a thread")
        .install(|| heads.attend(&queries, &spans, &packed, false, &stop));
    assert!(matches!(found, Err(EngineError::Cancelled)), "{found:?}");
    // One that goes on, and one that stops each thread.
    let looks = looks.into_inner();
    let most = 1 + crate::engine::ops::spread::threads();
    assert!((2..=most).contains(&looks), "{looks} looks, at most {most}");
}
