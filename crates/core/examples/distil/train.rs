//! Token vectors from the teacher's vectors of texts: PCA, weights by rarity, then Adam on two losses.

use botsmith_core::Vectors;
use candle_core::{Device, Tensor};

use crate::Failure;
use crate::chance::Chance;
use crate::measure::spearman;

pub(crate) struct Settings {
    pub(crate) width: usize,
    pub(crate) rounds: usize,
    pub(crate) seed: u64,
}

/// Texts whose cosines are matched together.
const BATCH: usize = 512;
/// Texts that stay together in a batch: neighbours in their files are alike.
const RUN: usize = 32;
/// Every so many runs of texts are left out, to watch what is learnt.
const WATCHED: usize = 40;
const RATE: f32 = 0.004;
/// How much the cosines among texts count beside the direction of each.
const AMONG: f32 = 20.0;
/// SIF's constant.
const RARITY: f64 = 1e-3;

/// The vectors of all tokens, one after another. `texts` are tokens, `targets` the teacher's vectors of them, `alone`
/// those of each token by itself.
pub(crate) fn train(
    texts: &[Vec<u32>],
    targets: &Vectors,
    alone: &Vectors,
    settings: &Settings,
) -> Result<Vec<f32>, Failure> {
    let width = settings.width;
    let (axes, share) = main_axes(targets, width);
    println!(
        "{width} axes keep {:.1} % of the texts' vectors",
        100.0 * share
    );
    let goals = normed(&project(targets, &axes, width), width);
    let mut table = normed(&project(alone, &axes, width), width);
    weigh(&mut table, texts, width);

    let runs: Vec<Vec<usize>> = (0..texts.len())
        .filter(|at| !texts[*at].is_empty())
        .collect::<Vec<_>>()
        .chunks(RUN)
        .map(<[usize]>::to_vec)
        .collect();
    let (watched, learnt): (Vec<_>, Vec<_>) = runs
        .into_iter()
        .enumerate()
        .partition(|(at, _)| at % WATCHED == 0);
    let watched: Vec<usize> = watched.into_iter().flat_map(|(_, run)| run).collect();
    let mut learnt: Vec<Vec<usize>> = learnt.into_iter().map(|(_, run)| run).collect();
    println!(
        "at first: {:.4}",
        watch(&table, texts, targets, &watched, width)
    );
    let mut adam = Adam::new(table.len(), width);
    let mut chance = Chance::new(settings.seed);
    let steps = settings.rounds * learnt.len().div_ceil(BATCH / RUN);
    let mut step = 0;
    for round in 1..=settings.rounds {
        chance.shuffle(&mut learnt);
        let mut losses = (0.0, 0.0, 0_usize);
        for batch in learnt.chunks(BATCH / RUN) {
            let batch: Vec<usize> = batch.concat();
            // The rate falls to 0 in a line.
            adam.rate = RATE * (1.0 - step as f32 / steps as f32);
            step += 1;
            let (direction, among) =
                learn(&mut table, &mut adam, texts, targets, &goals, &batch, width)?;
            losses = (losses.0 + direction, losses.1 + among, losses.2 + 1);
        }
        let n = losses.2 as f32;
        let seen = watch(&table, texts, targets, &watched, width);
        println!(
            "round {round}: direction {:.4}, among {:.5}, watched {seen:.4}",
            losses.0 / n,
            losses.1 / n
        );
    }
    Ok(table)
}

/// The sums of a text's token vectors, at length 1, with what they were divided by.
fn mean(table: &[f32], tokens: &[u32], width: usize, to: &mut [f32]) -> f32 {
    to.fill(0.0);
    for token in tokens {
        let row = &table[*token as usize * width..][..width];
        to.iter_mut().zip(row).for_each(|(to, x)| *to += x);
    }
    let length = to.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
    for x in to.iter_mut() {
        *x /= length;
    }
    length
}

/// One step over a batch; gives both losses.
fn learn(
    table: &mut [f32],
    adam: &mut Adam,
    texts: &[Vec<u32>],
    targets: &Vectors,
    goals: &[f32],
    batch: &[usize],
    width: usize,
) -> Result<(f32, f32), Failure> {
    let n = batch.len();
    let mut means = vec![0.0; n * width];
    let lengths: Vec<f32> = batch
        .iter()
        .zip(means.chunks_exact_mut(width))
        .map(|(at, to)| mean(table, &texts[*at], width, to))
        .collect();
    let wanted: Vec<f32> = batch
        .iter()
        .flat_map(|at| targets.row(*at).iter().copied())
        .collect();
    let ours = Tensor::from_vec(means.clone(), (n, width), &Device::Cpu)?;
    let theirs = Tensor::from_vec(wanted, (n, targets.width()), &Device::Cpu)?;
    // How far each cosine is off; a text's with itself is 1 in both.
    let off = (ours.matmul(&ours.t()?)? - theirs.matmul(&theirs.t()?)?)?;
    let among = off.sqr()?.mean_all()?.to_scalar::<f32>()?;
    let pull = off.matmul(&ours)?.flatten_all()?.to_vec1::<f32>()?;
    let scale = 4.0 * AMONG / n as f32;
    let mut direction = 0.0;
    adam.begin();
    for (i, at) in batch.iter().enumerate() {
        let span = i * width..(i + 1) * width;
        let (y, goal) = (&means[span.clone()], &goals[at * width..(at + 1) * width]);
        direction += 1.0 - y.iter().zip(goal).map(|(a, b)| a * b).sum::<f32>();
        let mut slope: Vec<f32> = pull[span]
            .iter()
            .zip(goal)
            .map(|(pull, goal)| scale * pull - goal)
            .collect();
        // Only what turns the mean counts, not what makes it longer.
        let along: f32 = slope.iter().zip(y).map(|(s, y)| s * y).sum();
        slope
            .iter_mut()
            .zip(y)
            .for_each(|(s, y)| *s = (*s - along * y) / lengths[i]);
        for token in &texts[*at] {
            adam.add(*token, &slope);
        }
    }
    adam.apply(table);
    Ok((direction / n as f32, among))
}

/// Adam (Kingma and Ba 2015) over the rows that a batch has touched.
struct Adam {
    width: usize,
    rate: f32,
    slopes: Vec<f32>,
    touched: Vec<u32>,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: Vec<i32>,
}

impl Adam {
    fn new(values: usize, width: usize) -> Self {
        Self {
            width,
            rate: 0.0,
            slopes: vec![0.0; values],
            touched: Vec::new(),
            first: vec![0.0; values],
            second: vec![0.0; values],
            steps: vec![0; values / width],
        }
    }

    fn begin(&mut self) {
        self.touched.clear();
    }

    fn add(&mut self, token: u32, slope: &[f32]) {
        self.touched.push(token);
        let row = &mut self.slopes[token as usize * self.width..][..self.width];
        row.iter_mut().zip(slope).for_each(|(to, x)| *to += x);
    }

    fn apply(&mut self, table: &mut [f32]) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for token in &self.touched {
            let token = *token as usize;
            self.steps[token] += 1;
            let fresh = |beta: f32| 1.0 - beta.powi(self.steps[token]);
            let (fresh_first, fresh_second) = (fresh(0.9), fresh(0.999));
            let row = token * self.width..(token + 1) * self.width;
            for (at, value) in row.clone().zip(&mut table[row]) {
                let slope = std::mem::take(&mut self.slopes[at]);
                self.first[at] = 0.9 * self.first[at] + 0.1 * slope;
                self.second[at] = 0.999 * self.second[at] + 0.001 * slope * slope;
                let second = (self.second[at] / fresh_second).sqrt();
                *value -= self.rate * (self.first[at] / fresh_first) / (second + 1e-8);
            }
        }
    }
}

/// Spearman's correlation over pairs of texts that nothing is learnt from: each with the next, and with one far off.
fn watch(
    table: &[f32],
    texts: &[Vec<u32>],
    targets: &Vectors,
    watched: &[usize],
    width: usize,
) -> f64 {
    let half = watched.len() / 2;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut a, mut b) = (vec![0.0; width], vec![0.0; width]);
    for i in 0..watched.len() {
        for j in [i + 1, i + half] {
            let (i, j) = (watched[i], watched[j % watched.len()]);
            mean(table, &texts[i], width, &mut a);
            mean(table, &texts[j], width, &mut b);
            ours.push(f64::from(a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>()));
            theirs.push(targets.cosine(i, j));
        }
    }
    spearman(&theirs, &ours)
}

/// SIF: a token's vector at `a / (a + p)`, where `p` is how often it stands in the texts.
fn weigh(table: &mut [f32], texts: &[Vec<u32>], width: usize) {
    let mut counts = vec![1.0_f64; table.len() / width];
    for token in texts.iter().flatten() {
        counts[*token as usize] += 1.0;
    }
    let all: f64 = counts.iter().sum();
    for (row, count) in table.chunks_exact_mut(width).zip(counts) {
        let weight = RARITY / (RARITY + count / all);
        for x in row {
            *x *= weight as f32;
        }
    }
}

fn normed(vectors: &[f32], width: usize) -> Vec<f32> {
    let mut normed = vectors.to_vec();
    for row in normed.chunks_exact_mut(width) {
        let length = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-6);
        for x in row {
            *x /= length;
        }
    }
    normed
}

/// Vectors on the axes.
fn project(vectors: &Vectors, axes: &[Vec<f64>], width: usize) -> Vec<f32> {
    let mut found = Vec::with_capacity(vectors.len() * width);
    for row in vectors.rows() {
        found.extend(axes.iter().map(|axis| {
            axis.iter()
                .zip(row)
                .map(|(a, x)| a * f64::from(*x))
                .sum::<f64>() as f32
        }));
    }
    found
}

/// The axes that keep most of the vectors' squares, and the share that they keep: orthogonal iteration on the matrix of
/// second moments.
fn main_axes(vectors: &Vectors, count: usize) -> (Vec<Vec<f64>>, f64) {
    let width = vectors.width();
    let mut moments = vec![0.0_f64; width * width];
    for row in vectors.rows() {
        for (i, x) in row.iter().enumerate() {
            let to = &mut moments[i * width..(i + 1) * width];
            to.iter_mut()
                .zip(row)
                .for_each(|(to, y)| *to += f64::from(x * y));
        }
    }
    let times = |axis: &[f64]| -> Vec<f64> {
        moments
            .chunks_exact(width)
            .map(|row| row.iter().zip(axis).map(|(m, a)| m * a).sum())
            .collect()
    };
    let mut axes: Vec<Vec<f64>> = (0..count)
        .map(|i| {
            (0..width)
                .map(|j| {
                    if i == j {
                        1.0
                    } else {
                        0.01 * ((i * 31 + j * 17) % 13) as f64
                    }
                })
                .collect()
        })
        .collect();
    for _ in 0..60 {
        axes = axes.iter().map(|axis| times(axis)).collect();
        for i in 0..count {
            let (before, rest) = axes.split_at_mut(i);
            for other in before.iter() {
                let along: f64 = rest[0].iter().zip(other).map(|(a, b)| a * b).sum();
                rest[0]
                    .iter_mut()
                    .zip(other)
                    .for_each(|(a, b)| *a -= along * b);
            }
            let length = rest[0].iter().map(|a| a * a).sum::<f64>().sqrt();
            rest[0].iter_mut().for_each(|a| *a /= length);
        }
    }
    let kept: f64 = axes
        .iter()
        .map(|axis| {
            axis.iter()
                .zip(times(axis))
                .map(|(a, b)| a * b)
                .sum::<f64>()
        })
        .sum();
    let all: f64 = (0..width).map(|i| moments[i * width + i]).sum();
    (axes, kept / all)
}
