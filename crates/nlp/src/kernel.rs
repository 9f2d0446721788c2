//! Integer matrix products for tagging: `out[t][o] = w[o] . x[t]`, 16-bit values, 32-bit sums.
//!
//! Where the processor has AVX2, blocks of two rows of `x` and four of `w` are multiplied at once;
//! elsewhere the compiler's own loops do. Sums of integers that cannot overflow have one result,
//! so both give the same.

/// Multiplies; `inputs` is a multiple of 16, `out` holds a row of outputs for each row of `x`.
pub(crate) fn products(x: &[i16], w: &[i16], inputs: usize, out: &mut [i32]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return simd.vectorize(wide::Blocks {
            simd,
            x,
            w,
            inputs,
            out,
        });
    }
    plain(x, w, inputs, out);
}

fn plain(x: &[i16], w: &[i16], inputs: usize, out: &mut [i32]) {
    let outputs = w.len() / inputs;
    for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact_mut(outputs)) {
        for (w, out) in w.chunks_exact(inputs).zip(out) {
            *out = dot(x, w);
        }
    }
}

/// One sum.
#[inline(always)]
pub(crate) fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| i32::from(*a) * i32::from(*b))
        .sum()
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast, i16x16, i32x8};

    pub(super) struct Blocks<'a> {
        pub(super) simd: V3,
        pub(super) x: &'a [i16],
        pub(super) w: &'a [i16],
        pub(super) inputs: usize,
        pub(super) out: &'a mut [i32],
    }

    impl NullaryFnOnce for Blocks<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self {
                simd,
                x,
                w,
                inputs,
                out,
            } = self;
            let outputs = w.len() / inputs;
            let mut pairs = x.chunks_exact(inputs * 2);
            let mut rows = out.chunks_exact_mut(outputs * 2);
            for (x, out) in pairs.by_ref().zip(rows.by_ref()) {
                block::<2>(simd, x, w, inputs, out);
            }
            let (x, out) = (pairs.remainder(), rows.into_remainder());
            if !x.is_empty() {
                block::<1>(simd, x, w, inputs, out);
            }
        }
    }

    /// `T` rows of `x` against all of `w`.
    #[inline(always)]
    fn block<const T: usize>(simd: V3, x: &[i16], w: &[i16], inputs: usize, out: &mut [i32]) {
        const O: usize = 4;
        let outputs = w.len() / inputs;
        let mut at = 0;
        while at + O <= outputs {
            let sums = sums::<T, O>(simd, x, &w[at * inputs..][..O * inputs], inputs);
            for (t, sums) in sums.iter().enumerate() {
                out[t * outputs + at..][..O].copy_from_slice(sums);
            }
            at += O;
        }
        while at < outputs {
            let sums = sums::<T, 1>(simd, x, &w[at * inputs..][..inputs], inputs);
            for (t, sums) in sums.iter().enumerate() {
                out[t * outputs + at] = sums[0];
            }
            at += 1;
        }
    }

    #[inline(always)]
    fn sums<const T: usize, const O: usize>(
        simd: V3,
        x: &[i16],
        w: &[i16],
        inputs: usize,
    ) -> [[i32; O]; T] {
        let mut wide = [[cast::<[i32; 8], i32x8>([0; 8]); O]; T];
        for from in (0..inputs).step_by(16) {
            let x: [i16x16; T] = std::array::from_fn(|t| load(&x[t * inputs + from..]));
            for o in 0..O {
                let w = load(&w[o * inputs + from..]);
                for t in 0..T {
                    let product = simd.multiply_wrapping_add_adjacent_i16x16(x[t], w);
                    wide[t][o] = simd.wrapping_add_i32x8(wide[t][o], product);
                }
            }
        }
        wide.map(|row| row.map(|sum| cast::<i32x8, [i32; 8]>(sum).iter().sum()))
    }

    #[inline(always)]
    fn load(values: &[i16]) -> i16x16 {
        let values: [i16; 16] = values[..16].try_into().expect("sixteen values");
        cast(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_plain_products_are_the_same() {
        for (rows, outputs, inputs) in [(0, 3, 16), (1, 1, 16), (2, 4, 32), (5, 7, 48), (3, 9, 16)]
        {
            let value = |i: usize| ((i * 7919 + 13) % 4093) as i16 - 2046;
            let x: Vec<i16> = (0..rows * inputs).map(value).collect();
            let w: Vec<i16> = (0..outputs * inputs).map(|i| value(i + 5)).collect();
            let (mut a, mut b) = (vec![1; rows * outputs], vec![2; rows * outputs]);
            products(&x, &w, inputs, &mut a);
            plain(&x, &w, inputs, &mut b);
            assert_eq!(a, b, "{rows} {outputs} {inputs}");
        }
    }
}
