//! Fitting one network: passes over shuffled examples, dropout of features, a rate that falls,
//! weights averaged over the last passes, and an early end when tuning data gain no more.

use pulp::Arch;

use super::net::{Dropout, Example, Net};
use super::rng::Rng;

/// How to fit.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) epochs: usize,
    /// Words in one step, about.
    pub(crate) batch: usize,
    pub(crate) rate: f32,
    pub(crate) dropout: Dropout,
    /// Weight of each column in the loss.
    pub(crate) weights: Vec<f32>,
    pub(crate) smoothing: f32,
    /// Passes without a gain before it ends.
    pub(crate) patience: usize,
}

/// One pass, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    pub(crate) epoch: usize,
    /// Nats a word, over all columns.
    pub(crate) loss: f64,
    /// Share right on tuning data, as `judge` says.
    pub(crate) right: f64,
}

/// Shuffled numbers of examples, cut into batches of about `words` words.
fn batches(lengths: &[usize], words: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    rng.shuffle(&mut order);
    let mut batches = vec![Vec::new()];
    let mut filled = 0;
    for at in order {
        if filled >= words {
            batches.push(Vec::new());
            filled = 0;
        }
        filled += lengths[at];
        batches.last_mut().expect("begins with one").push(at);
    }
    batches
}

/// Fits `net`. `example` makes an example for training (with features dropped), `judge` rates the
/// network on tuning data, `watch` hears of each pass.
#[allow(
    clippy::too_many_arguments,
    reason = "two callers, both with named values"
)]
pub(crate) fn fit(
    arch: Arch,
    net: &mut Net,
    plan: &Plan,
    lengths: &[usize],
    rng: &mut Rng,
    example: &dyn Fn(usize, &mut Rng) -> Example,
    judge: &dyn Fn(&mut Net) -> f64,
    watch: &dyn Fn(Pass),
) {
    let words: usize = lengths.iter().sum();
    let steps = (plan.epochs * words.div_ceil(plan.batch)).max(1) as f32;
    let warm = (steps * 0.1).clamp(1.0, 200.0);
    let (mut step, mut best, mut stale) = (0usize, 0f64, 0);
    let mut average = Average::default();
    for epoch in 0..plan.epochs {
        let mut loss = 0.0;
        for batch in batches(lengths, plan.batch, rng) {
            let examples: Vec<Example> = batch.iter().map(|at| example(*at, rng)).collect();
            let batch: Vec<&Example> = examples.iter().collect();
            let done = step as f32 / steps;
            let rate = plan.rate * (step as f32 / warm).min(1.0) * (1.0 - done).max(0.02);
            loss += net.learn(
                arch,
                &batch,
                plan.dropout,
                &plan.weights,
                plan.smoothing,
                rate,
                rng,
            );
            step += 1;
        }
        if epoch * 5 >= plan.epochs * 3 {
            average.add(net);
        }
        let right = judge(net);
        watch(Pass {
            epoch: epoch + 1,
            loss: loss / words.max(1) as f64,
            right,
        });
        stale = if right > best { 0 } else { stale + 1 };
        best = best.max(right);
        if stale >= plan.patience {
            break;
        }
    }
    let last = (judge(net), net.clone());
    if average.take(net) && judge(net) < last.0 {
        *net = last.1;
    }
}

/// The mean of the parameters after several passes.
#[derive(Default)]
struct Average {
    sums: Vec<Vec<f64>>,
    count: usize,
}

impl Average {
    fn add(&mut self, net: &mut Net) {
        let params = net.params_mut();
        if self.sums.is_empty() {
            self.sums = params.iter().map(|p| vec![0.0; p.value.len()]).collect();
        }
        for (sums, param) in self.sums.iter_mut().zip(params) {
            for (sum, value) in sums.iter_mut().zip(&param.value) {
                *sum += f64::from(*value);
            }
        }
        self.count += 1;
    }

    /// Puts the mean into `net`; `false` where there is none.
    fn take(self, net: &mut Net) -> bool {
        for (sums, param) in self.sums.iter().zip(net.params_mut()) {
            for (sum, value) in sums.iter().zip(&mut param.value) {
                *value = (*sum / self.count as f64) as f32;
            }
        }
        self.count > 0
    }
}
