//! The pair of gated recurrences, one each way: `c = f c + (1 - f) z`, with `f` and `z` made of the word
//! alone (Bradbury et al. 2016, <https://arxiv.org/abs/1611.01576>).

use super::zeros;

/// A gate, straight between -2.5 and 2.5.
fn gate(x: f32) -> f32 {
    (0.2 * x + 0.5).clamp(0.0, 1.0)
}

/// Sizes that both directions need.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) state: usize,
    /// Width of a row of `out`, and where the states begin in it.
    pub(super) width: usize,
    pub(super) first: usize,
}

/// Gates of one sentence -> states, into rows of `out`.
pub(super) fn forward(sizes: Sizes, gates: &[f32], out: &mut [f32], carried: &mut Vec<f32>) {
    let Sizes {
        state,
        width,
        first,
    } = sizes;
    let len = gates.len() / (4 * state);
    for direction in 0..2 {
        zeros(carried, state);
        for step in 0..len {
            let t = if direction == 0 { step } else { len - 1 - step };
            let row = &gates[t * 4 * state..][..4 * state];
            let forget = &row[direction * state..][..state];
            let fresh = &row[(2 + direction) * state..][..state];
            let out = &mut out[t * width + first + direction * state..][..state];
            for (((carried, x), raw), out) in carried.iter_mut().zip(forget).zip(fresh).zip(out) {
                let f = gate(*x);
                *carried = f * *carried + (1.0 - f) * raw.clamp(-1.0, 1.0);
                *out = *carried;
            }
        }
    }
}

/// Slopes of the states, in rows of `slopes` -> slopes of the gates.
pub(super) fn backward(
    sizes: Sizes,
    gates: &[f32],
    slopes: &[f32],
    d_gates: &mut [f32],
    carried: &mut Vec<f32>,
) {
    let Sizes {
        state,
        width,
        first,
    } = sizes;
    let len = gates.len() / (4 * state);
    let mut back = vec![0f32; state];
    for direction in 0..2 {
        let place = |step: usize| if direction == 0 { step } else { len - 1 - step };
        // The states once more: those that went on are masked.
        zeros(carried, (len + 1) * state);
        for step in 0..len {
            let row = &gates[place(step) * 4 * state..][..4 * state];
            let (before, after) = carried.split_at_mut((step + 1) * state);
            for i in 0..state {
                let f = gate(row[direction * state + i]);
                let z = row[(2 + direction) * state + i].clamp(-1.0, 1.0);
                after[i] = f * before[step * state + i] + (1.0 - f) * z;
            }
        }
        back.fill(0.0);
        for step in (0..len).rev() {
            let t = place(step);
            let row = &gates[t * 4 * state..][..4 * state];
            let slope = &slopes[t * width + first + direction * state..][..state];
            let d_row = &mut d_gates[t * 4 * state..][..4 * state];
            for i in 0..state {
                let d = back[i] + slope[i];
                let x = row[direction * state + i];
                let f = gate(x);
                let raw = row[(2 + direction) * state + i];
                if x > -2.5 && x < 2.5 {
                    d_row[direction * state + i] =
                        d * (carried[step * state + i] - raw.clamp(-1.0, 1.0)) * 0.2;
                }
                if raw > -1.0 && raw < 1.0 {
                    d_row[(2 + direction) * state + i] = d * (1.0 - f);
                }
                back[i] = d * f;
            }
        }
    }
}
