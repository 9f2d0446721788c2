//! Fitting one network: passes over shuffled examples, dropout of features, a rate that falls,
//! weights averaged over the last passes, and an early end when tuning data gain no more.
//!
//! Where there is a teacher, it sees the very examples that the network learns from, with the same
//! features dropped, and what it would say is a part of the aim.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::loss::Goal;
use super::net::{Dropout, Example, How, Net, Work};
use super::rng::Rng;

/// Batches that are made ahead of the one that is learned from.
const AHEAD: usize = 8;

/// How to fit.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) epochs: usize,
    /// Words in one step, about.
    pub(crate) batch: usize,
    /// The highest rate of learning, and the share of it in the last pass.
    pub(crate) rate: f32,
    pub(crate) last_rate: f32,
    pub(crate) dropout: Dropout,
    pub(crate) goal: Goal,
    /// Passes without a gain before it ends.
    pub(crate) patience: usize,
    /// Share of the passes, the last ones, over which weights are averaged.
    pub(crate) averaged: f32,
}

/// One pass, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    pub(crate) epoch: usize,
    pub(crate) epochs: usize,
    /// Nats a word, over all columns.
    pub(crate) loss: f64,
    /// Share right on tuning data, as `judge` says.
    pub(crate) right: f64,
}

/// What is learned from, and who helps.
pub(crate) struct Lesson<'a> {
    /// Words of each example.
    pub(crate) lengths: &'a [usize],
    /// Makes an example for training, with features dropped.
    pub(crate) example: &'a (dyn Fn(usize, &mut Rng) -> Example + Sync),
    pub(crate) teacher: Option<&'a Net>,
    /// Rates the network on tuning data.
    pub(crate) judge: &'a dyn Fn(&Net, &mut Work) -> f64,
    /// Hears of each pass.
    pub(crate) watch: &'a dyn Fn(Pass),
}

/// One step's examples, and what the teacher says of them.
struct Batch {
    examples: Vec<Example>,
    taught: Option<Vec<f32>>,
    /// Whether a pass ends with it.
    last: bool,
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

/// Makes all batches of all passes; ends early where nobody takes them.
fn make(plan: &Plan, lesson: &Maker<'_>, mut rng: Rng, out: &SyncSender<Batch>) {
    let mut work = Work::default();
    for _ in 0..plan.epochs {
        let batches = batches(lesson.lengths, plan.batch, &mut rng);
        let count = batches.len();
        for (number, batch) in batches.into_iter().enumerate() {
            let examples: Vec<Example> = batch
                .iter()
                .map(|at| (lesson.example)(*at, &mut rng))
                .collect();
            let taught = lesson.teacher.map(|teacher| {
                let batch: Vec<&Example> = examples.iter().collect();
                teacher.probabilities(&batch, &mut work)
            });
            let batch = Batch {
                examples,
                taught,
                last: number + 1 == count,
            };
            if out.send(batch).is_err() {
                return;
            }
        }
    }
}

/// What the maker of batches needs of a lesson.
struct Maker<'a> {
    lengths: &'a [usize],
    example: &'a (dyn Fn(usize, &mut Rng) -> Example + Sync),
    teacher: Option<&'a Net>,
}

/// Fits `net`. A second thread makes the batches, some ahead.
pub(crate) fn fit(net: &mut Net, plan: &Plan, lesson: &Lesson<'_>, rng: &mut Rng) {
    let maker = Maker {
        lengths: lesson.lengths,
        example: lesson.example,
        teacher: lesson.teacher,
    };
    let seed = rng.next();
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(AHEAD);
        scope.spawn(|| {
            let send = send;
            make(plan, &maker, Rng::new(seed), &send);
        });
        steps(net, plan, lesson, &receive, rng);
        // The maker stops where nobody listens any more.
        drop(receive);
    });
}

/// Learns from batch after batch.
fn steps(
    net: &mut Net,
    plan: &Plan,
    lesson: &Lesson<'_>,
    batches: &Receiver<Batch>,
    rng: &mut Rng,
) {
    let words: usize = lesson.lengths.iter().sum();
    let steps = (plan.epochs * words.div_ceil(plan.batch)).max(1) as f32;
    let warm = (steps * 0.1).clamp(1.0, 200.0);
    let (mut step, mut best, mut stale) = (0usize, 0f64, 0);
    let (mut epoch, mut loss) = (0, 0.0);
    let mut work = Work::default();
    let mut average = Average::default();
    let first_averaged = (plan.epochs as f32 * (1.0 - plan.averaged)).ceil() as usize;
    for batch in batches {
        let examples: Vec<&Example> = batch.examples.iter().collect();
        let done = step as f32 / steps;
        let falling = 1.0 - done * (1.0 - plan.last_rate);
        let how = How {
            drop: plan.dropout,
            goal: &plan.goal,
            rate: plan.rate * (step as f32 / warm).min(1.0) * falling.max(plan.last_rate),
            taught: batch.taught.as_deref(),
        };
        loss += net.learn(&examples, how, rng, &mut work);
        step += 1;
        if !batch.last {
            continue;
        }
        if epoch >= first_averaged {
            average.add(net);
        }
        epoch += 1;
        let right = (lesson.judge)(net, &mut work);
        (lesson.watch)(Pass {
            epoch,
            epochs: plan.epochs,
            loss: loss / words.max(1) as f64,
            right,
        });
        loss = 0.0;
        stale = if right > best { 0 } else { stale + 1 };
        best = best.max(right);
        if stale >= plan.patience {
            break;
        }
    }
    let last = ((lesson.judge)(net, &mut work), net.clone());
    if average.take(net) && (lesson.judge)(net, &mut work) < last.0 {
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
