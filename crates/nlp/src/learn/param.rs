//! Parameters and their Adam state (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>).
//! Tables are updated lazily: a row's moments move only in steps that touch it.

use super::rng::Rng;

const B1: f32 = 0.9;
const B2: f32 = 0.98;
const EPSILON: f32 = 1e-8;

/// A matrix `[rows x width]` with its gradient and moments.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) width: usize,
    pub(crate) value: Vec<f32>,
    pub(crate) grad: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    /// Whether steps leave it as it is.
    pub(crate) frozen: bool,
}

/// What one step of the optimiser needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) rate: f32,
    /// `1 - B1^t` and `1 - B2^t`.
    pub(crate) correction: (f32, f32),
}

impl Step {
    pub(crate) fn new(number: i32, rate: f32) -> Self {
        let power = |base: f64| {
            let mut result = 1.0;
            for _ in 0..number.min(4000) {
                result *= base;
            }
            (1.0 - result) as f32
        };
        Self {
            rate,
            correction: (power(f64::from(B1)), power(f64::from(B2))),
        }
    }
}

impl Param {
    /// Uniform in `[-scale, scale]`.
    pub(crate) fn new(rows: usize, width: usize, scale: f32, rng: &mut Rng) -> Self {
        let size = rows * width;
        Self {
            width,
            value: (0..size)
                .map(|_| (rng.unit() * 2.0 - 1.0) * scale)
                .collect(),
            grad: vec![0.0; size],
            first: vec![0.0; size],
            second: vec![0.0; size],
            frozen: false,
        }
    }

    /// Keeps some rows, in this order.
    pub(crate) fn keep_rows(&mut self, rows: &[usize]) {
        let width = self.width;
        for values in [
            &mut self.value,
            &mut self.grad,
            &mut self.first,
            &mut self.second,
        ] {
            *values = rows
                .iter()
                .flat_map(|row| values[row * width..][..width].iter().copied())
                .collect();
        }
    }

    /// Keeps the first columns of every row, and makes rows `width` wide.
    pub(crate) fn keep_columns(&mut self, count: usize, width: usize) {
        let old = self.width;
        for values in [
            &mut self.value,
            &mut self.grad,
            &mut self.first,
            &mut self.second,
        ] {
            *values = values
                .chunks_exact(old)
                .flat_map(|row| {
                    let padding = std::iter::repeat_n(0.0, width - count);
                    row[..count].iter().copied().chain(padding)
                })
                .collect();
        }
        self.width = width;
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.value[row * self.width..][..self.width]
    }

    pub(crate) fn grad_row(&mut self, row: usize) -> &mut [f32] {
        &mut self.grad[row * self.width..][..self.width]
    }

    pub(crate) fn step(&mut self, step: Step) {
        let size = self.value.len();
        self.range(0..size, step);
    }

    pub(crate) fn step_row(&mut self, row: usize, step: Step) {
        self.range(row * self.width..(row + 1) * self.width, step);
    }

    fn range(&mut self, range: std::ops::Range<usize>, step: Step) {
        if self.frozen {
            self.grad[range].fill(0.0);
            return;
        }
        let value = &mut self.value[range.clone()];
        let grad = &mut self.grad[range.clone()];
        let first = &mut self.first[range.clone()];
        let second = &mut self.second[range];
        let (c1, c2) = (1.0 / step.correction.0, 1.0 / step.correction.1);
        for (((v, g), m), s) in value.iter_mut().zip(grad).zip(first).zip(second) {
            *m += (1.0 - B1) * (*g - *m);
            *s += (1.0 - B2) * (*g * *g - *s);
            *v -= step.rate * *m * c1 / ((*s * c2).sqrt() + EPSILON);
            *g = 0.0;
        }
    }
}
