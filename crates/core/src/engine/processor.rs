//! What the engine's kernels find on the processor of this machine: its instructions, and which kernels these mean.
//!
//! Kernels choose for themselves, each time; here is said what they choose. Candle's choice for quantised matrices is in its
//! `quantized/repack_x86.rs`.

use super::tiled;

const AVX2: &str = "AVX2";
const AVX512: &str = "AVX-512";
const AVX512_VNNI: &str = "AVX-512 VNNI";
const AVX_VNNI: &str = "AVX-VNNI";
const NEON: &str = "NEON";

/// The instructions that kernels look for, and which kernels therefore run.
///
/// ```
/// let processor = botsmith_core::engine::Processor::here();
/// assert!(!processor.dense.is_empty() && !processor.quantised.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Processor {
    /// What kernels look for, by name, and whether it is there.
    pub features: Vec<(&'static str, bool)>,
    /// The instructions that dense matrices, attention and the loops between them are computed with.
    pub dense: &'static str,
    /// What multiplies quantised matrices whose rows are a multiple of 256 long.
    pub quantised: &'static str,
}

impl Processor {
    /// That of this machine.
    pub fn here() -> Self {
        Self::of(found(), tiled::is_fast())
    }

    fn of(features: Vec<(&'static str, bool)>, tiles: bool) -> Self {
        let has = |name| features.contains(&(name, true));
        let dense = [AVX512, AVX2, NEON].into_iter().find(|name| has(name));
        let quantised = match () {
            () if tiles => "tiles by AVX-512 VNNI",
            () if has(AVX_VNNI) && has(AVX2) => "Candle's kernels by AVX-VNNI",
            () if has(AVX2) => "Candle's kernels by AVX2",
            () if has(NEON) => "Candle's kernels by NEON",
            () => "Candle's kernels without vector instructions",
        };
        Self {
            dense: dense.unwrap_or("no vector instructions"),
            quantised,
            features,
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn found() -> Vec<(&'static str, bool)> {
    vec![
        (AVX2, pulp::x86::V3::try_new().is_some()),
        (AVX512, pulp::x86::V4::try_new().is_some()),
        (AVX512_VNNI, is_x86_feature_detected!("avx512vnni")),
        (AVX_VNNI, is_x86_feature_detected!("avxvnni")),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn found() -> Vec<(&'static str, bool)> {
    vec![(NEON, cfg!(target_feature = "neon"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_mean_kernels() {
        let plain = "Candle's kernels without vector instructions";
        for (features, tiles, dense, quantised) in [
            (&[][..], false, "no vector instructions", plain),
            (&[(AVX2, false)], false, "no vector instructions", plain),
            (&[(AVX2, true)], false, AVX2, "Candle's kernels by AVX2"),
            (
                &[(AVX2, true), (AVX_VNNI, true)],
                false,
                AVX2,
                "Candle's kernels by AVX-VNNI",
            ),
            (
                &[(AVX2, true), (AVX512, true)],
                false,
                AVX512,
                "Candle's kernels by AVX2",
            ),
            (
                &[(AVX2, true), (AVX512, true), (AVX512_VNNI, true)],
                true,
                AVX512,
                "tiles by AVX-512 VNNI",
            ),
            (&[(NEON, true)], false, NEON, "Candle's kernels by NEON"),
        ] {
            let found = Processor::of(features.to_vec(), tiles);
            assert_eq!((found.dense, found.quantised), (dense, quantised));
            assert_eq!(found.features, features);
        }
    }

    #[test]
    fn tiles_are_said_where_they_are_made() {
        let here = Processor::here();
        assert_eq!(here.quantised.starts_with("tiles"), tiled::is_fast());
        assert!(!here.features.is_empty());
    }
}
