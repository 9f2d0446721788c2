//! Tiled matrices have the numbers of Candle's, and every kernel gives the same products.

use candle_core::quantized::{QStorage, QTensor};
use candle_core::{Device, Tensor};

use super::*;

const KINDS: [GgmlDType; 5] = [
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
    GgmlDType::Q4_0,
    GgmlDType::Q8_0,
];
/// More rows than go together.
const GROUP_AND_MORE: usize = 19;

/// Numbers that look random, from a seed.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// A matrix of this kind: tiled, and its numbers as Candle reads them.
fn matrix(kind: GgmlDType, rows: usize, columns: usize) -> (Tiled, Vec<f32>) {
    let numbers = Tensor::from_vec(noise(rows * columns, 7), (rows, columns), &Device::Cpu)
        .expect("a tensor");
    let file = QTensor::quantize(&numbers, kind).expect("quantised");
    let bytes = file.data().expect("bytes").into_owned();
    let read = QStorage::from_data((&bytes).into(), &Device::Cpu, kind).expect("storage");
    let numbers = QTensor::new(read, (rows, columns))
        .expect("a tensor")
        .dequantize(&Device::Cpu)
        .expect("numbers")
        .flatten_all()
        .expect("flat")
        .to_vec1()
        .expect("numbers");
    let tiled = Tiled::new(kind, &bytes, rows, columns, &|| false)
        .expect("not cancelled")
        .expect("tiled");
    (tiled, numbers)
}

/// `x Wᵀ` by the plain kernels, of a matrix of one part.
fn by_plain(tiled: &Tiled, x: &[f32]) -> Vec<f32> {
    let part = &tiled.parts[0];
    let acts = Rows::new(x, tiled.columns, tiled.columns, part.tiles.is_fine());
    let mut all = vec![0.0; x.len() / tiled.columns * tiled.rows];
    for (first, rows, acts) in acts.groups() {
        for strip in 0..part.strips() {
            let mut out = vec![[0.0; SIDE]; rows];
            part.tiles.plain(strip, acts, &mut out);
            let column = strip * SIDE;
            let width = SIDE.min(tiled.rows - column);
            for (at, out) in out.iter().enumerate() {
                let begin = (first + at) * tiled.rows + column;
                all[begin..begin + width].copy_from_slice(&out[..width]);
            }
        }
    }
    all
}

#[test]
fn every_number_is_that_of_the_file() {
    for kind in KINDS {
        let (rows, columns) = (37, 512);
        let (tiled, numbers) = matrix(kind, rows, columns);
        for (row, numbers) in numbers.chunks(columns).enumerate() {
            assert_eq!(tiled.row(row), numbers, "{kind:?}, row {row}");
        }
    }
}

/// What multiplies tiles on this machine is the fast kernels where it has their instructions. Elsewhere they are not run, and
/// the plain ones, which all other tests of this file then hold, are compared with themselves.
#[test]
#[allow(clippy::print_stdout, reason = "it says what it skips")]
fn the_fast_kernels_give_the_plain_ones_numbers_bit_for_bit() {
    if !is_fast() {
        println!("skipped: kernels by AVX-512 VNNI, which this processor has not");
    }
    let columns = 768;
    for kind in KINDS {
        let (tiled, _) = matrix(kind, 16, columns);
        for rows in 1..=GROUP_AND_MORE {
            let x = noise(rows * columns, rows as u64);
            let plain = by_plain(&tiled, &x);
            let fast = tiled.multiply(&x, columns);
            let bits = |numbers: &[f32]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&plain), bits(&fast), "{kind:?}, {rows} rows");
        }
    }
}

#[test]
fn products_are_those_of_the_numbers_up_to_the_rounding() {
    for kind in KINDS {
        let (rows, columns, many) = (53, 1024, 5);
        let (tiled, numbers) = matrix(kind, rows, columns);
        let x = noise(many * columns, 3);
        // What the machine takes, and the plain kernels, which it may never take.
        let got = [tiled.multiply(&x, columns), by_plain(&tiled, &x)].concat();
        for (x, got) in x.chunks(columns).cycle().zip(got.chunks(rows)) {
            for (row, got) in numbers.chunks(columns).zip(got) {
                let wanted: f64 = row
                    .iter()
                    .zip(x)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum();
                // Each of the 1,024 is rounded to a 254th of the largest of its block.
                assert!(
                    (f64::from(*got) - wanted).abs() < 0.2,
                    "{kind:?}: {got} {wanted}"
                );
            }
        }
    }
}

#[test]
fn a_row_has_the_same_product_alone_and_in_a_batch() {
    for kind in KINDS {
        let (tiled, _) = matrix(kind, 40, 256);
        let x = noise(35 * 256, 11);
        let all = tiled.multiply(&x, 256);
        for (x, together) in x.chunks(256).zip(all.chunks(40)) {
            assert_eq!(tiled.multiply(x, 256), together, "{kind:?}");
        }
    }
}

#[test]
fn matrices_together_give_what_each_gives() {
    let parts: Vec<Tiled> = KINDS
        .iter()
        .zip([16, 40, 7, 33, 1])
        .map(|(kind, rows)| matrix(*kind, rows, 256).0)
        .collect();
    let together = Tiled::together(&parts.iter().collect::<Vec<_>>()).expect("equal widths");
    assert_eq!(together.rows, 97);
    let x = noise(3 * 256, 5);
    let got = together.multiply(&x, 256);
    for (row, got) in got.chunks(97).enumerate() {
        let x = &x[row * 256..(row + 1) * 256];
        let wanted: Vec<f32> = parts
            .iter()
            .flat_map(|part| part.multiply(x, 256))
            .collect();
        assert_eq!(got, wanted);
    }
    let numbers = parts
        .iter()
        .flat_map(|part| (0..part.rows).map(|row| part.row(row)));
    for (row, wanted) in numbers.enumerate() {
        assert_eq!(together.row(row), wanted);
    }
    let other = matrix(GgmlDType::Q8_0, 4, 512).0;
    assert!(Tiled::together(&[&parts[0], &other]).is_none());
}

#[test]
fn rows_may_stand_apart() {
    let (tiled, _) = matrix(GgmlDType::Q4K, 16, 256);
    let x = noise(3 * 512, 9);
    let apart = tiled.multiply(&x, 512);
    for (x, got) in x.chunks(512).zip(apart.chunks(16)) {
        assert_eq!(tiled.multiply(&x[..256], 256), got);
    }
}

#[test]
fn what_is_no_number_makes_its_own_row_none() {
    let (tiled, _) = matrix(GgmlDType::Q6K, 16, 512);
    let mut x = noise(2 * 512, 2);
    x[300] = f32::NAN;
    let got = tiled.multiply(&x, 512);
    assert!(got[..16].iter().all(|number| number.is_nan()));
    assert!(got[16..].iter().all(|number| number.is_finite()));
}

#[test]
fn a_matrix_takes_hardly_more_than_in_the_file() {
    for kind in KINDS {
        let taken = bytes(kind, 1024, 1024).expect("tiled");
        let file = (1024 * 1024 / kind.block_size() * kind.type_size()) as u64;
        assert!(taken <= file * 103 / 100, "{kind:?}: {taken} for {file}");
    }
    assert_eq!(bytes(GgmlDType::Q4K, 16, 128), None, "no whole block");
    assert_eq!(bytes(GgmlDType::Q2K, 16, 256), None, "no kernel");
    let cut = Tiled::new(GgmlDType::Q4K, &[0; 143], 1, 256, &|| false);
    assert!(cut.expect("not cancelled").is_none());
    let stopped = Tiled::new(GgmlDType::Q4K, &[0; 144], 1, 256, &|| true);
    assert!(matches!(stopped, Err(EngineError::Cancelled)));
    let huge = bytes(GgmlDType::Q4_0, 1 << 62, 1 << 62).expect("a width of whole tiles");
    assert_eq!(huge, u64::MAX);
    assert!(bytes(GgmlDType::Q4K, 17, 256) > bytes(GgmlDType::Q4K, 16, 256));
}
