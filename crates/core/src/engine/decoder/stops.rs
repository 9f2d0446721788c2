//! How soon reading a prompt ends when nobody wants it: counted in looks at the stop signal, of which there is one before
//! every layer of every step.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Device;

use super::{Decoder, shape};
use crate::engine::config::Config;
use crate::engine::error::EngineError;
use crate::engine::files::ModelFiles;
use crate::engine::kv::Pool;
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
fn a_prompt_stops_at_the_next_layer_and_leaves_nothing_behind() {
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
        looks >= steps * decoder.shape().layers,
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
