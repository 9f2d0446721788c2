//! Special functions behind the tests and intervals: normal, Student t, binomial and beta, with
//! quantiles. Relative accuracy is about 1e-13 unless a function says otherwise.
//!
//! Every logarithm, exponential and error function comes from `libm`, which is the same code on
//! every platform, and not from the system's library, whose last digits differ: the same seed has
//! to give the same bytes everywhere.
//!
//! Sources: Wichura 1988, algorithm AS 241 (<https://doi.org/10.2307/2347330>); Loader 2000, "Fast
//! and accurate computation of binomial probabilities"; Didonato & Morris 1992, algorithm 708, for
//! the incomplete beta function.

pub(super) use libm::{asin, erfc, exp, log, log1p};

const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_7;
const LN_2PI: f64 = 1.837_877_066_409_345_3;

/// P(Z <= x) of the standard normal distribution.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The two-sided p-value of a standard normal deviate.
pub(super) fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() * std::f64::consts::FRAC_1_SQRT_2)
}

/// P(X >= x) of chi-square with one degree of freedom.
pub(super) fn chi_square_1_upper(x: f64) -> f64 {
    erfc((x / 2.0).sqrt())
}

fn ratio(top: [f64; 8], bottom: [f64; 8], x: f64) -> f64 {
    let horner = |terms: [f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
    horner(top) / horner(bottom)
}

/// The x with P(Z <= x) = `p`; infinite at 0 and 1. AS 241 (PPND16), about 1e-16.
#[allow(clippy::excessive_precision)] // the digits of the published tables
pub(super) fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(
            [
                3.387_132_872_796_366_608_0,
                1.331_416_678_917_843_774_5e2,
                1.971_590_950_306_551_442_7e3,
                1.373_169_376_550_946_112_5e4,
                4.592_195_393_154_987_145_7e4,
                6.726_577_092_700_870_085_3e4,
                3.343_057_558_358_812_810_5e4,
                2.509_080_928_730_122_672_7e3,
            ],
            [
                1.0,
                4.231_333_070_160_091_125_2e1,
                6.871_870_074_920_579_083_0e2,
                5.394_196_021_424_751_107_7e3,
                2.121_379_430_158_659_586_7e4,
                3.930_789_580_009_271_061_0e4,
                2.872_908_573_572_194_267_4e4,
                5.226_495_278_852_854_561_0e3,
            ],
            0.180_625 - q * q,
        );
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = (-log(tail)).sqrt();
    let x = if r <= 5.0 {
        ratio(
            [
                1.423_437_110_749_683_577_34,
                4.630_337_846_156_545_295_90,
                5.769_497_221_460_691_405_50,
                3.647_848_324_763_204_605_04,
                1.270_458_252_452_368_382_58,
                2.417_807_251_774_506_117_70e-1,
                2.272_384_498_926_918_458_33e-2,
                7.745_450_142_783_414_076_40e-4,
            ],
            [
                1.0,
                2.053_191_626_637_758_821_87,
                1.676_384_830_183_803_849_40,
                6.897_673_349_851_000_045_50e-1,
                1.481_039_764_274_800_745_90e-1,
                1.519_866_656_361_645_719_66e-2,
                5.475_938_084_995_344_946_00e-4,
                1.050_750_071_644_416_843_24e-9,
            ],
            r - 1.6,
        )
    } else {
        ratio(
            [
                6.657_904_643_501_103_777_20,
                5.463_784_911_164_114_369_90,
                1.784_826_539_917_291_335_80,
                2.965_605_718_285_048_912_30e-1,
                2.653_218_952_657_612_309_30e-2,
                1.242_660_947_388_078_438_60e-3,
                2.711_555_568_743_487_578_15e-5,
                2.010_334_399_292_288_132_65e-7,
            ],
            [
                1.0,
                5.998_322_065_558_879_376_90e-1,
                1.369_298_809_227_358_053_10e-1,
                1.487_536_129_085_061_485_25e-2,
                7.868_691_311_456_132_591_00e-4,
                1.846_318_317_510_054_681_80e-5,
                1.421_511_758_316_445_888_70e-7,
                2.044_263_103_389_939_785_64e-15,
            ],
            r - 5.0,
        )
    };
    x.copysign(q)
}

/// ln(n!) less Stirling's formula, for real `n` > 0.
fn stirling_error(n: f64) -> f64 {
    if n <= 15.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * log(n) + n - LN_SQRT_2PI;
    }
    let n2 = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / n2) / n2) / n2) / n2)
        / n
}

/// x ln(x/m) + m - x, without cancellation where `x` is near `m`.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * log(x / m) + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// C(n, x) p^x q^(n-x) for real 0 <= x <= n, with q = 1 - p given apart.
fn binomial_term(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if p == 0.0 {
        return f64::from(u8::from(x == 0.0));
    }
    if q == 0.0 {
        return f64::from(u8::from(x == n));
    }
    if x == 0.0 {
        return exp(n * log1p(-p));
    }
    if x == n {
        return exp(n * log1p(-q));
    }
    let c = stirling_error(n)
        - stirling_error(x)
        - stirling_error(n - x)
        - deviance(x, n * p)
        - deviance(n - x, n * q);
    exp(c - 0.5 * (LN_2PI + log(x) + log((n - x) / n)))
}

/// P(X = k) of Binomial(n, p).
pub(super) fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    binomial_term(k as f64, n as f64, p, 1.0 - p)
}

/// P(X <= k) of Binomial(n, p).
pub(super) fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_tails((n - k) as f64, k as f64 + 1.0, 1.0 - p, p).0
}

/// P(heads <= k) of `n` throws of a fair coin; without any rounding up to 50 throws, so that a
/// p-value of 1/16 is exactly that.
pub(super) fn coin_cdf(k: u64, n: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    if n > 1000 {
        return binomial_cdf(k, n, 0.5);
    }
    if k > n / 2 {
        return 1.0 - coin_cdf(n - k - 1, n);
    }
    let (mut ways, mut sum) = (1.0, 1.0);
    for i in 1..=k {
        ways = ways * (n - i + 1) as f64 / i as f64;
        sum += ways;
    }
    // 2^-n is exact; n <= 1000 keeps it and the sum in range.
    sum * libm::ldexp(1.0, -(n as i32))
}

/// The two-sided exact p-value of `k` successes of `n` at probability one half.
pub(super) fn binomial_half_two_sided(k: u64, n: u64) -> f64 {
    (2.0 * coin_cdf(k.min(n - k), n)).min(1.0)
}

/// The continued fraction of I_x(a, b) / (x^a y^b / B(a, b)), for x <= a / (a + b).
///
/// This is BFRAC of Didonato & Morris 1992, algorithm 708 (<https://doi.org/10.1145/131766.131776>):
/// unlike DLMF 8.17.22 it never subtracts near-equal terms where one parameter is far larger.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let distance = if a > b {
        (a + b) * y - b
    } else {
        a - (a + b) * x
    };
    let c = 1.0 + distance;
    let (c0, c1) = (b / a, 1.0 + 1.0 / a);
    let (mut p, mut s) = (1.0, a + 1.0);
    let (mut top, mut top_before) = (1.0, 0.0);
    let (mut bottom, mut bottom_before) = (c / c1, 1.0);
    let mut ratio = c1 / c;
    // It needs about sqrt(max(a, b)) steps; the bound is only there to end on hostile input.
    let limit = 1000 + (20.0 * a.max(b).sqrt()) as u64;
    for step in 1..=limit {
        let n = step as f64;
        let t = n / a;
        let w = n * (b - n) * x;
        let e = a / s;
        let alpha = p * (p + c0) * e * e * (w * x);
        let e = (1.0 + t) / (c1 + t + t);
        let beta = n + w / s + e * (c + n * (1.0 + y));
        p = 1.0 + t;
        s += 2.0;
        (top, top_before) = (alpha * top_before + beta * top, top);
        (bottom, bottom_before) = (alpha * bottom_before + beta * bottom, bottom);
        let before = ratio;
        ratio = top / bottom;
        if (ratio - before).abs() <= 1e-16 * ratio {
            break;
        }
        top_before /= bottom;
        bottom_before /= bottom;
        top = ratio;
        bottom = 1.0;
    }
    ratio
}

/// The regularised incomplete beta function I_x(a, b) and 1 - I_x(a, b), for a, b > 0. `y` is
/// 1 - x, given apart so that neither loses digits to the other.
fn beta_tails(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    // x^a y^b / B(a, b) is a binomial term: Loader's form keeps its digits for large a and b.
    let scale = a * b / (a + b);
    if x * (a + b) <= a {
        let lower = scale * binomial_term(a, a + b, x, y) * beta_fraction(a, b, x, y);
        (lower, 1.0 - lower)
    } else {
        let upper = scale * binomial_term(b, a + b, y, x) * beta_fraction(b, a, y, x);
        (1.0 - upper, upper)
    }
}

/// P(X <= x) of Beta(a, b).
pub(crate) fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    beta_tails(a, b, x, 1.0 - x).0
}

/// The x with P(X <= x) = `p` of Beta(a, b): Newton's steps inside a shrinking bracket.
pub(super) fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let (mut lo, mut hi) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..2000 {
        let (lower, upper) = beta_tails(a, b, x, 1.0 - x);
        // The smaller tail has the digits.
        let excess = if p <= 0.5 {
            lower - p
        } else {
            (1.0 - p) - upper
        };
        if excess == 0.0 {
            return x;
        }
        if excess > 0.0 {
            hi = x;
        } else {
            lo = x;
        }
        // density = x^(a-1) y^(b-1) / B(a, b)
        let density = binomial_term(a, a + b, x, 1.0 - x) * a * b / (a + b) / (x * (1.0 - x));
        let newton = x - excess / density;
        let next = if newton > lo && newton < hi {
            newton
        } else {
            f64::midpoint(lo, hi)
        };
        if (next - x).abs() <= 1e-16 * x || hi - lo <= 1e-16 * hi {
            return next;
        }
        x = next;
    }
    x
}

/// P(|T| >= |t|) of Student's t with `df` > 0 degrees of freedom.
pub(super) fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let below = df / (df + t * t);
    let above = t * t / (df + t * t);
    beta_tails(df / 2.0, 0.5, below, above).0
}

/// P(T >= t) of Student's t.
pub(crate) fn t_upper(t: f64, df: f64) -> f64 {
    let half = 0.5 * t_two_sided(t, df);
    if t >= 0.0 { half } else { 1.0 - half }
}

/// The t with P(T <= t) = `p` of Student's t with `df` > 0 degrees of freedom.
pub(crate) fn t_quantile(p: f64, df: f64) -> f64 {
    if p == 0.5 {
        return 0.0;
    }
    let two_tails = 2.0 * p.min(1.0 - p);
    let size = if two_tails < 0.5 {
        let x = beta_quantile(df / 2.0, 0.5, two_tails);
        (df * (1.0 - x) / x).sqrt()
    } else {
        let y = beta_quantile(0.5, df / 2.0, 1.0 - two_tails);
        (df * y / (1.0 - y)).sqrt()
    };
    size.copysign(p - 0.5)
}

#[cfg(test)]
mod tests;
