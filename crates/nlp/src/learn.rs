//! Training: a Universal Dependencies treebank -> a [`Model`](crate::Model) file.

mod fit;
mod gemm;
mod labels;
mod loss;
mod multiword;
mod net;
mod param;
mod prune;
mod quantise;
mod rng;
mod sentence;
mod splitter;
mod syntax;
mod tagger;
mod tokeniser;
mod train;
mod words;

pub use train::{Columns, Progress, TrainOptions, Treebank, train};
