//! The graph for other devices, held against that of the CPU, on the CPU.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::Device;

use super::super::{Decoder, Shape, Span, shape};
use super::DeviceGraph;
use crate::engine::config::Config;
use crate::engine::files::ModelFiles;
use crate::engine::kv::{Pool, Sequence};
use crate::engine::score::{Scored, score};
use crate::engine::weights::Weights;

fn models() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models");
    let entries = std::fs::read_dir(folder).expect("the models");
    let mut models: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.is_dir()
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("decoder-"))
        })
        .collect();
    models.sort();
    models
}

/// The decoder of a folder, on the host and in a slab.
fn both(path: &Path) -> [(Decoder, Pool); 2] {
    let files = ModelFiles::open(path).expect("the model");
    let shape: Shape = shape(&Config::open(&files).expect("a configuration")).expect("a shape");
    let weights = || Weights::open(&files, &Device::Cpu).expect("weights");
    let host = Decoder::load(shape.clone(), &weights()).expect("a decoder");
    let graph = DeviceGraph::load(shape.clone(), &weights()).expect("a decoder");
    let slab = Decoder::over(shape, Arc::new(graph));
    [host, slab].map(|decoder| {
        let bytes = decoder.kv_shape().bytes() * 40;
        let pool = decoder.pool(bytes).expect("a pool");
        (decoder, pool)
    })
}

fn near(ours: &[Vec<f32>], theirs: &[Vec<f32>], of: &Path) {
    assert_eq!(ours.len(), theirs.len(), "{}", of.display());
    for (ours, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()) {
        let far = (ours - theirs).abs();
        assert!(
            far <= 1e-4_f32.max(1e-4 * theirs.abs()),
            "{}: {ours} {theirs}",
            of.display()
        );
    }
}

#[test]
fn every_architecture_gives_the_logits_of_the_cpu_over_ragged_texts() {
    let models = models();
    assert!(models.len() >= 9, "{models:?}");
    for path in models {
        let of = both(&path).map(|(decoder, pool)| {
            let most = decoder.shape().context.min(60);
            let texts: Vec<Vec<u32>> = [1, most / 2, 3, most - 4]
                .iter()
                .map(|n| (0..*n as u32).map(|at| 4 + at * 7 % 90).collect())
                .collect();
            let mut sequences = vec![Sequence::default(); texts.len()];
            // Two steps, so that the second has tokens before it.
            let mut logits = Vec::new();
            for half in [true, false] {
                let wanted: Vec<Vec<usize>> = (texts.iter().zip(&sequences))
                    .map(|(text, sequence)| match half {
                        true => vec![],
                        false => (0..text.len() - sequence.len()).collect(),
                    })
                    .collect();
                let mut spans: Vec<Span<'_>> = (texts.iter().zip(&mut sequences).zip(&wanted))
                    .filter_map(|((text, sequence), wanted)| {
                        let from = sequence.len();
                        let to = if half { text.len() / 2 } else { text.len() };
                        (to > from).then_some(Span {
                            tokens: &text[from..to],
                            sequence,
                            wanted,
                        })
                    })
                    .collect();
                let read = decoder.forward(&pool, &mut spans, &|| false);
                logits.extend(read.expect("logits").rows().map(<[f32]>::to_vec));
            }
            logits
        });
        near(&of[1], &of[0], &path);
    }
}

#[test]
fn shared_beginnings_are_copied_in_the_slab_before_they_part() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models/decoder-llama3");
    let scores = both(&folder).map(|(decoder, pool)| {
        // They part in the middle of a block, and a remembered one is taken up again.
        let text = |end: u32| -> Scored {
            let mut tokens: Vec<u32> = (0..21).map(|at| 4 + at * 5 % 90).collect();
            tokens.extend([end, end + 1, end + 2]);
            Scored { tokens, first: 1 }
        };
        let free = pool.free();
        let first = score(&decoder, &pool, &[text(10), text(20)], 7, &|| false).expect("scores");
        let again = score(&decoder, &pool, &[text(30), text(10)], 512, &|| false).expect("scores");
        pool.forget();
        assert_eq!(pool.free(), free);
        assert_eq!(pool.used(), 0);
        [first, again].concat()
    });
    for (ours, theirs) in scores[1].iter().flatten().zip(scores[0].iter().flatten()) {
        assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
    }
}

#[test]
fn a_slab_that_is_full_is_an_error_and_gives_its_blocks_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models/decoder-llama3");
    let [_, (decoder, _)] = both(&folder);
    let pool = decoder
        .pool(decoder.kv_shape().bytes() * 2)
        .expect("a pool");
    let tokens: Vec<u32> = (4..44).collect();
    let mut sequence = Sequence::default();
    let read = |tokens: &[u32], sequence: &mut Sequence| {
        let wanted = [tokens.len() - 1];
        let mut spans = [Span {
            tokens,
            sequence,
            wanted: &wanted,
        }];
        decoder.forward(&pool, &mut spans, &|| false)
    };
    let error = read(&tokens, &mut sequence).expect_err("two blocks hold 32 tokens");
    assert_eq!(error.code(), "BS-ENG-017");
    assert_eq!(pool.used(), 0);
    let read = read(&tokens[..32], &mut sequence).expect("logits");
    assert_eq!(read.rows().len(), 1);
}
