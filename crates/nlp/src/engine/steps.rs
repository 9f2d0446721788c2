//! The steps of the network that are no matrix products, each compiled for the widest registers.

use pulp::NullaryFnOnce;

use super::{
    Bounds, ContextRows, Engine, MAX_WIDTH, POINT, REACH, STATE_POINT, Sequence, TOP, Table,
    WINDOW, resize,
};

// The work of each step as a type: a closure would not be compiled for the wider registers.

pub(super) struct Vector<'a> {
    pub(super) table: &'a Table,
    pub(super) bytes: &'a [u8],
    pub(super) rows: &'a [u32],
    pub(super) sums: &'a mut [i32],
}

impl NullaryFnOnce for Vector<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.table.touch(self.bytes, self.rows);
        for row in self.rows {
            self.table.add(self.bytes, *row as usize, 16, self.sums);
        }
    }
}

pub(super) struct Contexts<'a> {
    pub(super) table: &'a Table,
    pub(super) bytes: &'a [u8],
    pub(super) of_words: &'a ContextRows,
    pub(super) width: usize,
    pub(super) sums: &'a mut [i32],
}

impl NullaryFnOnce for Contexts<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.table.touch(self.bytes, &self.of_words.rows);
        let mut from = 0;
        for (end, sums) in self
            .of_words
            .ends
            .iter()
            .zip(self.sums.chunks_exact_mut(self.width))
        {
            for row in &self.of_words.rows[from..*end as usize] {
                self.table.add(self.bytes, *row as usize, POINT, sums);
            }
            from = *end as usize;
        }
    }
}

pub(super) struct Convolution<'a, 'p, F, const N: usize> {
    pub(super) engine: &'a Engine,
    pub(super) sentences: &'a [Bounds],
    pub(super) products: F,
    pub(super) outside: [[&'p [i16]; N]; 2],
    pub(super) hidden: &'a mut [i16],
}

impl<'p, F: Fn(usize) -> [&'p [i16]; N], const N: usize> NullaryFnOnce
    for Convolution<'_, 'p, F, N>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let hidden = self.engine.hidden;
        let bias = &self.engine.window_bias[..hidden];
        let mut sums = [0; MAX_WIDTH];
        for sentence in self.sentences {
            for centre in sentence.clone() {
                let parts: [[&[i16]; N]; WINDOW] = std::array::from_fn(|slot| {
                    let word = (centre + slot).wrapping_sub(REACH);
                    let product = match word {
                        _ if centre + slot < sentence.start + REACH => self.outside[0],
                        _ if word >= sentence.end => self.outside[1],
                        _ => (self.products)(word),
                    };
                    product.map(|product| &product[slot * hidden..][..hidden])
                });
                let sums = &mut sums[..hidden];
                sums.copy_from_slice(bias);
                for n in 0..N {
                    let [a, b, c, d, e] = parts.map(|part| part[n]);
                    let five = a.iter().zip(b).zip(c).zip(d).zip(e);
                    for (sum, ((((a, b), c), d), e)) in sums.iter_mut().zip(five) {
                        *sum += i32::from(*a)
                            + i32::from(*b)
                            + i32::from(*c)
                            + i32::from(*d)
                            + i32::from(*e);
                    }
                }
                let out = &mut self.hidden[centre * hidden..][..hidden];
                for (out, sum) in out.iter_mut().zip(&*sums) {
                    *out = (*sum).clamp(0, TOP) as i16;
                }
            }
        }
    }
}

pub(super) struct Recurrences<'a> {
    pub(super) engine: &'a Engine,
    pub(super) sentences: &'a [Bounds],
    pub(super) sequence: &'a mut Sequence,
}

impl NullaryFnOnce for Recurrences<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Engine { hidden, state, .. } = *self.engine;
        let width = hidden + 2 * state;
        let Sequence {
            hidden: inputs,
            gates,
            summary,
            carried,
            ..
        } = self.sequence;
        summary.resize(inputs.len() / hidden * width, 0);
        for (row, inputs) in summary
            .chunks_exact_mut(width)
            .zip(inputs.chunks_exact(hidden))
        {
            row[..hidden].copy_from_slice(inputs);
        }
        for sentence in self.sentences {
            for direction in 0..2 {
                resize(carried, state);
                let carried = &mut carried[..state];
                for step in 0..sentence.len() {
                    let t = match direction {
                        0 => sentence.start + step,
                        _ => sentence.end - 1 - step,
                    };
                    let gates = &gates[t * 4 * state..][..4 * state];
                    let forget = &gates[direction * state..][..state];
                    let fresh = &gates[(2 + direction) * state..][..state];
                    let out = &mut summary[t * width + hidden + direction * state..][..state];
                    for i in 0..state {
                        // 0.2 x + 0.5, 15 digits behind the point.
                        let x = forget[i].clamp(-(4 << POINT), 4 << POINT);
                        let keep = (((x * 13107) >> 12) + 16384).clamp(0, 32768);
                        let fresh = fresh[i].clamp(-(1 << POINT), 1 << POINT) << (14 - POINT);
                        carried[i] = fresh + (((carried[i] - fresh) * keep) >> 15);
                        out[i] = (carried[i] >> (14 - STATE_POINT)) as i16;
                    }
                }
            }
        }
    }
}
