//! Training: a Universal Dependencies treebank -> a [`Model`](crate::Model) file.

mod fit;
mod gemm;
mod multiword;
mod net;
mod param;
mod quantise;
mod rng;
mod splitter;
mod tagger;
mod tokeniser;
mod train;
mod words;

pub use train::{Columns, Progress, TrainOptions, Treebank, train};
