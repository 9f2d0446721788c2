//! A worker over a real graph whose steps a test holds up, breaks, and counts.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use candle_core::Device;

use super::super::{Context, Worker};
use super::EVER;
use crate::engine::config::Config;
use crate::engine::decoder::{
    Decoder, DeviceGraph, Graph, LogitAt, Logits, Step, Stop, Summaries, shape,
};
use crate::engine::error::{EngineError, Result};
use crate::engine::files::ModelFiles;
use crate::engine::kv::Slab;
use crate::engine::tokenizer::Tokenizer;
use crate::engine::weights::Weights;

#[derive(Debug)]
pub(super) struct Gate {
    /// Steps that may go on; the others stay where they begin.
    pub(super) allowed: usize,
    /// Whether the next step panics.
    pub(super) breaks: bool,
    /// The tokens of each step that was begun.
    steps: Vec<usize>,
}

/// The graph of a model, with a gate before every step.
#[derive(Debug)]
pub(super) struct Gated {
    graph: DeviceGraph,
    gate: Mutex<Gate>,
    changed: Condvar,
}

impl Gated {
    pub(super) fn set(&self, change: impl FnOnce(&mut Gate)) {
        change(&mut self.gate.lock().unwrap());
        self.changed.notify_all();
    }

    /// Lets so many more steps through, and no further one.
    pub(super) fn allow(&self, steps: usize) {
        self.set(|gate| gate.allowed = steps);
    }

    pub(super) fn open(&self) {
        self.allow(usize::MAX);
    }

    /// Waits until so many steps were begun.
    pub(super) fn begun(&self, steps: usize) {
        let gate = self.gate.lock().unwrap();
        let wait = (self.changed).wait_timeout_while(gate, EVER, |gate| gate.steps.len() < steps);
        assert!(!wait.unwrap().1.timed_out(), "step {steps} never came");
    }

    pub(super) fn tokens(&self) -> usize {
        self.steps().iter().sum()
    }

    /// The tokens of each step that was begun.
    pub(super) fn steps(&self) -> Vec<usize> {
        self.gate.lock().unwrap().steps.clone()
    }

    fn enter(&self, step: &Step, stop: Stop<'_>) -> Result<()> {
        let mut gate = self.gate.lock().unwrap();
        gate.steps.push(step.tokens.len());
        self.changed.notify_all();
        if std::mem::take(&mut gate.breaks) {
            drop(gate);
            panic!("a row too many");
        }
        while gate.allowed == 0 {
            // A step that takes long looks as well.
            drop(gate);
            if stop() {
                return Err(EngineError::Cancelled);
            }
            gate = self.gate.lock().unwrap();
            gate = (self.changed.wait_timeout(gate, Duration::from_millis(1)))
                .unwrap()
                .0;
        }
        gate.allowed -= 1;
        Ok(())
    }
}

impl Slab for Gated {
    fn copy(&self, from: u32, to: u32) -> Result<()> {
        self.graph.copy(from, to)
    }
}

impl Graph for Gated {
    fn reserve(&self, blocks: u32) -> Result<()> {
        self.graph.reserve(blocks)
    }

    fn forward(&self, step: &Step, stop: Stop<'_>) -> Result<Logits> {
        self.enter(step, stop)?;
        self.graph.forward(step, stop)
    }

    fn summarise(&self, step: &Step, picks: &[LogitAt], stop: Stop<'_>) -> Result<Summaries> {
        self.enter(step, stop)?;
        self.graph.summarise(step, picks, stop)
    }

    fn free(&self) -> Option<u64> {
        self.graph.free()
    }
}

/// A worker with memory for so many blocks.
pub(super) fn worker(blocks: u64, step: usize, parallel: usize) -> (Arc<Worker>, Arc<Gated>) {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models");
    let files = ModelFiles::open(models.join("decoder-llama3")).expect("the model");
    let shape = shape(&Config::open(&files).expect("a configuration")).expect("a shape");
    let weights = Weights::open(&files, &Device::Cpu).expect("weights");
    let gated = Arc::new(Gated {
        graph: DeviceGraph::load(shape.clone(), &weights).expect("a graph"),
        gate: Mutex::new(Gate {
            allowed: usize::MAX,
            breaks: false,
            steps: Vec::new(),
        }),
        changed: Condvar::new(),
    });
    let limit = shape.context;
    let decoder = Decoder::over(shape, Arc::clone(&gated) as Arc<dyn Graph>);
    let pool = decoder.pool(decoder.kv_shape().bytes() * blocks);
    let path = models.join("decoder-tokenizer.json");
    let json = std::fs::read(&path).expect("the tokenizer");
    let worker = Worker::new(Arc::new(Context {
        pool: pool.expect("a pool"),
        decoder,
        tokenizer: Tokenizer::from_json(&path, &json).expect("a tokenizer"),
        limit,
        step,
        parallel,
        ends: Arc::from([]),
        grammars: OnceLock::new(),
    }));
    (Arc::new(worker), gated)
}
