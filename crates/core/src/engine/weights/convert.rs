//! Bytes of a file as numbers that the kernels take.

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};

use crate::engine::header::{Entry, Stored};
use crate::engine::tiled;

/// Dense numbers as f32.
pub(super) fn to_f32(stored: Stored, bytes: &[u8]) -> Vec<f32> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let (chunks, _) = bytes.as_chunks::<N>();
        chunks.iter().map(|chunk| number(*chunk)).collect()
    }
    match stored {
        Stored::F32 => each(bytes, f32::from_le_bytes),
        Stored::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Stored::Bf16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Stored::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Stored::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
        Stored::I32 => each(bytes, |b| i32::from_le_bytes(b) as f32),
        Stored::U8 | Stored::Quantised(_) => each(bytes, |[b]: [u8; 1]| f32::from(b)),
    }
}

/// Where the 16-bit scales of a block stand, in bytes from its start.
fn scales(kind: GgmlDType) -> &'static [usize] {
    match kind {
        GgmlDType::Q4_0 | GgmlDType::Q5_0 | GgmlDType::Q8_0 => &[0],
        GgmlDType::Q4_1 | GgmlDType::Q5_1 | GgmlDType::Q4K | GgmlDType::Q5K => &[0, 2],
        GgmlDType::Q2K => &[80, 82],
        GgmlDType::Q3K => &[108],
        GgmlDType::Q6K => &[208],
        _ => &[],
    }
}

/// The first block whose scale is no finite number: it makes all of its values bad.
pub(super) fn bad_block(kind: GgmlDType, bytes: &[u8]) -> Option<usize> {
    let scales = scales(kind);
    bytes.chunks_exact(kind.type_size()).position(|block| {
        scales
            .iter()
            .any(|&at| !f16::from_le_bytes([block[at], block[at + 1]]).is_finite())
    })
}

/// `Q4_0` and `Q5_0` as `Q8_0`: the scale stays and the small integers are written out, so every value is the same.
pub(super) fn for_cpu(kind: GgmlDType, bytes: Vec<u8>) -> (GgmlDType, Vec<u8>) {
    let block = kind.type_size();
    let mut wide = Vec::with_capacity(bytes.len() / block * 34);
    match kind {
        GgmlDType::Q4_0 => {
            for block in bytes.chunks_exact(block) {
                wide.extend(&block[..2]);
                wide.extend(block[2..].iter().map(|b| (b & 15).wrapping_sub(8)));
                wide.extend(block[2..].iter().map(|b| (b >> 4).wrapping_sub(8)));
            }
        }
        GgmlDType::Q5_0 => {
            for block in bytes.chunks_exact(block) {
                wide.extend(&block[..2]);
                let high = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
                let bit = |at: usize| ((high >> at) as u8 & 1) << 4;
                let low = &block[6..];
                wide.extend(
                    (low.iter().enumerate()).map(|(at, b)| ((b & 15) | bit(at)).wrapping_sub(16)),
                );
                wide.extend(
                    (low.iter().enumerate())
                        .map(|(at, b)| ((b >> 4) | bit(at + 16)).wrapping_sub(16)),
                );
            }
        }
        _ => return (kind, bytes),
    }
    (GgmlDType::Q8_0, wide)
}

/// Rows of each head as two halves again, where the converter wrote them in turn.
pub(super) fn without_interleaving(bytes: &[u8], rows: usize, heads: usize) -> Vec<u8> {
    let row = bytes.len() / rows;
    let half = rows / heads / 2;
    let mut back = Vec::with_capacity(bytes.len());
    for head in 0..heads {
        for side in 0..2 {
            for at in 0..half {
                let from = (head * half * 2 + at * 2 + side) * row;
                back.extend(&bytes[from..from + row]);
            }
        }
    }
    back
}

/// Bytes that a tensor takes once it is loaded on a CPU, in tiles or not.
pub(super) fn loaded_bytes(entry: &Entry, pack: bool) -> u64 {
    let Stored::Quantised(kind) = entry.stored else {
        return (entry.count() as u64).saturating_mul(4);
    };
    let tiled = |kind| match entry.shape.as_slice() {
        [rows, columns] if pack => tiled::bytes(kind, *rows, *columns),
        _ => None,
    };
    let in_tiles = match kind {
        GgmlDType::Q5_0 => tiled(GgmlDType::Q8_0),
        kind => tiled(kind),
    };
    if let Some(bytes) = in_tiles {
        return bytes;
    }
    let count = entry.count() as u64;
    // Q8_0 has 34 bytes for 32 values.
    let (kind, bytes) = match kind {
        GgmlDType::Q4_0 | GgmlDType::Q5_0 => (GgmlDType::Q8_0, (count / 32).saturating_mul(34)),
        kind => (kind, entry.bytes as u64),
    };
    let whole = entry
        .shape
        .last()
        .is_some_and(|width| width.is_multiple_of(256));
    // What Candle's kernels keep besides: on x86, of rows of whole blocks alone, tiles of 3072 and 5120 bytes for 4096.
    let copy = match kind {
        _ if cfg!(target_arch = "x86_64") && !whole => 0,
        GgmlDType::Q4K if cfg!(target_arch = "x86_64") => count / 4 * 3,
        GgmlDType::Q6K if cfg!(target_arch = "x86_64") => count / 4 * 5,
        GgmlDType::Q5K if cfg!(target_arch = "x86_64") => 0,
        GgmlDType::Q4K | GgmlDType::Q5K | GgmlDType::Q6K | GgmlDType::Q8_0 => bytes,
        _ => 0,
    };
    bytes.saturating_add(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};

    fn values(kind: GgmlDType, bytes: &[u8], count: usize) -> Vec<f32> {
        let storage = candle_core::quantized::QStorage::from_data(bytes.into(), &Device::Cpu, kind)
            .expect("storage");
        let tensor = QTensor::new(storage, count).expect("a tensor");
        tensor
            .dequantize(&Device::Cpu)
            .expect("numbers")
            .to_vec1()
            .expect("a vector")
    }

    #[test]
    fn four_and_five_bits_become_eight_without_a_change() {
        let numbers: Vec<f32> = (0..256_u16)
            .map(|i| f32::from(i * 37 % 256) / 100.0 - 1.3)
            .collect();
        let tensor = Tensor::from_vec(numbers, (4, 64), &Device::Cpu).expect("a tensor");
        for kind in [GgmlDType::Q4_0, GgmlDType::Q5_0] {
            let small = QTensor::quantize(&tensor, kind).expect("quantised");
            let bytes = small.data().expect("bytes").to_vec();
            let (wide_kind, wide) = for_cpu(kind, bytes.clone());
            assert_eq!(wide_kind, GgmlDType::Q8_0);
            assert_eq!(values(wide_kind, &wide, 256), values(kind, &bytes, 256));
        }
    }

    #[test]
    fn a_block_with_a_bad_scale_is_found() {
        let tensor = Tensor::zeros((2, 256), candle_core::DType::F32, &Device::Cpu).expect("zeros");
        for kind in [
            GgmlDType::Q4_0,
            GgmlDType::Q4_1,
            GgmlDType::Q5_0,
            GgmlDType::Q5_1,
            GgmlDType::Q8_0,
            GgmlDType::Q2K,
            GgmlDType::Q3K,
            GgmlDType::Q4K,
            GgmlDType::Q5K,
            GgmlDType::Q6K,
        ] {
            let mut bytes = QTensor::quantize(&tensor, kind)
                .expect("quantised")
                .data()
                .expect("bytes")
                .to_vec();
            assert_eq!(bad_block(kind, &bytes), None, "{kind:?}");
            // An infinite scale must show in the values: the place is the right one.
            let at = kind.type_size() + scales(kind)[0];
            bytes[at..at + 2].copy_from_slice(&f16::NAN.to_le_bytes());
            assert_eq!(bad_block(kind, &bytes), Some(1), "{kind:?}");
            let first = kind.block_size();
            let values = values(kind, &bytes, 512);
            assert!(values[..first].iter().all(|v| v.is_finite()), "{kind:?}");
            assert!(
                values[first..first * 2].iter().any(|v| v.is_nan()),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn rows_of_heads_are_put_back() {
        // Original rows 0..8 of two heads; the converter writes 0 2 1 3, 4 6 5 7.
        assert_eq!(
            without_interleaving(&[0, 2, 1, 3, 4, 6, 5, 7], 8, 2),
            [0, 1, 2, 3, 4, 5, 6, 7]
        );
    }
}
