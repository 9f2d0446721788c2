//! Scores of a word -> how wrong they are, and which way is better: softmax with cross-entropy.
//!
//! What is aimed at is the gold label, with a little spread over the others, or a mixture of it with what
//! a teacher says (Hinton et al. 2015, <https://arxiv.org/abs/1503.02531>).

/// No gold label: the column takes no part in the loss.
pub(crate) const NO_LABEL: u32 = u32::MAX;

/// What is aimed at.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    /// Weight of each column in the loss.
    pub(crate) weights: Vec<f32>,
    /// Share of the gold label that is spread over all.
    pub(crate) smoothing: f32,
    /// Share of the teacher in the aim, where there is one; the gold label has the rest.
    pub(crate) taught: f32,
}

/// Scores -> probabilities.
pub(crate) fn softmax(scores: &mut [f32]) {
    let top = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = exp(*score - top);
        sum += *score;
    }
    let unit = 1.0 / sum;
    for score in scores.iter_mut() {
        *score *= unit;
    }
}

impl Goal {
    /// Turns scores into the slope of the loss; returns the loss at the gold label, in nats.
    pub(crate) fn slope(&self, scores: &mut [f32], gold: usize, taught: Option<&[f32]>) -> f32 {
        softmax(scores);
        let loss = -libm::logf(scores[gold].max(1e-30));
        let own = match taught {
            Some(taught) => {
                for (score, aim) in scores.iter_mut().zip(taught) {
                    *score -= self.taught * aim;
                }
                1.0 - self.taught
            }
            None => 1.0,
        };
        let share = own * self.smoothing / scores.len() as f32;
        for score in scores.iter_mut() {
            *score -= share;
        }
        scores[gold] -= own * (1.0 - self.smoothing);
        loss
    }
}

/// `e^x` for `x <= 0`, the same bits everywhere (the system's own differs between systems).
fn exp(x: f32) -> f32 {
    if x < -80.0 {
        return 0.0;
    }
    let scaled = x * std::f32::consts::LOG2_E;
    let whole = scaled.floor();
    let f = (scaled - whole) * std::f32::consts::LN_2;
    let series = 1.0
        + f * (1.0
            + f * (0.5 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f * (1.0 / 120.0 + f / 720.0)))));
    series * f32::from_bits(((127 + whole as i32) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_mixture() {
        let goal = Goal {
            weights: vec![1.0],
            smoothing: 0.2,
            taught: 0.75,
        };
        let scores = [1.0f32, -0.5, 0.25];
        let mut probabilities = scores;
        softmax(&mut probabilities);
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let taught = [0.5, 0.25, 0.25];
        let mut slope = scores;
        let loss = goal.slope(&mut slope, 0, Some(&taught));
        assert!((loss + probabilities[0].ln()).abs() < 1e-5);
        for label in 0..3 {
            let gold = if label == 0 { 0.8 } else { 0.0 } + 0.2 / 3.0;
            let aim = 0.75 * taught[label] + 0.25 * gold;
            assert!((slope[label] - (probabilities[label] - aim)).abs() < 1e-6);
        }
    }
}
