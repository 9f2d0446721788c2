//! The cases of a gate that is only assumed: a design -> cases drawn one by one, pass or fail.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::{Cases, Design, Labels, Scored, Slice};
use crate::Result;

impl Design {
    /// Draws the cases of one gate.
    pub(super) fn draw(&self, n: usize, rng: &mut ChaCha8Rng) -> Result<Cases> {
        let (gain, loss) = self.gain_and_loss();
        let both = self.baseline - loss;
        let (mut a, mut b) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut labels = Vec::new();
        let labelled = self
            .judge
            .map(|judge| (judge.labelled * n as f64).round() as usize);
        for i in 0..n {
            let u = uniform(rng);
            let (mut pass_a, mut pass_b) = match u {
                u if u < gain => (false, true),
                u if u < gain + loss => (true, false),
                u if u < gain + loss + both => (true, true),
                _ => (false, false),
            };
            if let Some(judge) = self.judge {
                let label = |pass: bool| f64::from(u8::from(pass));
                // Cases come in no order, so that the first are as random as any.
                labels.push((Some(i) < labelled).then(|| (label(pass_a), label(pass_b))));
                for pass in [&mut pass_a, &mut pass_b] {
                    let right = if *pass { judge.tpr } else { judge.tnr };
                    *pass ^= uniform(rng) >= right;
                }
            }
            a.push(Scored::pass(pass_a));
            let fails = self.errors > 0.0 && uniform(rng) < self.errors;
            b.push(match fails {
                true => Scored::default(),
                false => Scored::pass(pass_b),
            });
        }
        let mut cases = Cases::new(a, b)?;
        if self.must_pass > 0.0 {
            let most = (self.must_pass * n as f64).round() as usize;
            cases = cases.must_pass((0..most.min(n)).collect())?;
        }
        if !self.slices.is_empty() {
            cases = cases.slices(self.cut(n))?;
        }
        match labels.is_empty() {
            true => Ok(cases),
            false => cases.judged(Labels {
                pairs: labels,
                ..Labels::default()
            }),
        }
    }

    /// The slices, one after the other; past the last case they begin anew, so that they may overlap.
    fn cut(&self, n: usize) -> Vec<Slice> {
        let mut from = 0;
        let cut = |(i, share): (usize, &f64)| {
            let size = ((share * n as f64).round() as usize).min(n);
            let cases = (from..from + size).map(|case| case % n).collect();
            from += size;
            Slice {
                name: format!("slice {}", i + 1),
                cases,
            }
        };
        self.slices.iter().enumerate().map(cut).collect()
    }
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
