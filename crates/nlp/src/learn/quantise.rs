//! A trained network -> sections of a model file, in integers.
//!
//! Tables keep 4 bits a value and a scale a row; layers keep 16 bits a weight, with as many digits
//! behind the point as fit without any sum overflowing.

use super::net::Net;
use super::param::Param;
use crate::engine::{Layer, POINT, STATE_POINT, TOP, VECTOR_TOP, WINDOW};

/// The sections of a network, under `name`.
pub(crate) fn sections(name: &str, net: &Net, out: &mut Vec<(String, Vec<u8>)>) {
    let shape = &net.shape;
    let mut push = |part: &str, bytes: Vec<u8>| out.push((format!("{name}.{part}"), bytes));
    for (part, table) in [("rows", &net.table), ("ctx", &net.contexts)] {
        let (mut rows, mut scales) = (Vec::new(), Vec::new());
        for row in table.value.chunks_exact(table.width) {
            let (scale, values) = table_row(row);
            scales.extend(scale.to_le_bytes());
            let (low, high) = values.split_at(values.len() / 2);
            rows.extend(
                low.iter()
                    .zip(high)
                    .map(|(low, high)| (low & 15) as u8 | (high << 4).cast_unsigned()),
            );
        }
        push(part, rows);
        push(&format!("{part}.s"), scales);
    }
    let point = |value: f32| (f64::from(value) * f64::from(1 << POINT)).round() as i32;
    push(
        "bias",
        net.window_bias
            .value
            .iter()
            .flat_map(|b| point(*b).to_le_bytes())
            .collect(),
    );
    let mut layer = |part: &str, layer: &Layer| {
        push(
            part,
            layer.weights.iter().flat_map(|w| w.to_le_bytes()).collect(),
        );
        let bias = layer
            .bias
            .iter()
            .copied()
            .chain([layer.shift.cast_signed()]);
        push(
            &format!("{part}.b"),
            bias.flat_map(i32::to_le_bytes).collect(),
        );
    };
    let size = shape.word * shape.hidden;
    for place in 0..WINDOW {
        let weights = &net.window.value[place * size..][..size];
        layer(
            &format!("win{place}"),
            &quantised(
                weights,
                shape.hidden,
                &vec![0.0; shape.hidden],
                |_| POINT,
                VECTOR_TOP,
            ),
        );
    }
    layer(
        "gates",
        &quantised(
            &net.gates.value,
            4 * shape.state,
            &net.gates_bias.value,
            |_| POINT,
            TOP,
        ),
    );
    let digits = |input: usize| {
        if input < shape.hidden {
            POINT
        } else {
            STATE_POINT
        }
    };
    layer(
        "dense",
        &quantised(
            &net.dense.value,
            shape.dense,
            &net.dense_bias.value,
            digits,
            TOP,
        ),
    );
    let labels: usize = shape.heads.iter().sum();
    let (_, width) = shape.offsets();
    let used: Vec<f32> = net
        .heads
        .value
        .chunks_exact(width)
        .flat_map(|row| row[..labels].iter().copied())
        .collect();
    layer(
        "heads",
        &quantised(
            &used,
            labels,
            &net.heads_bias.value[..labels],
            |_| POINT,
            TOP,
        ),
    );
}

/// Rounds a table to what its section will hold, and has it stay so.
pub(crate) fn round(table: &mut Param) {
    for row in table.value.chunks_exact_mut(table.width) {
        let (scale, values) = table_row(row);
        let unit = f32::from(scale) / 65536.0;
        for (value, short) in row.iter_mut().zip(values) {
            *value = f32::from(short) * unit;
        }
    }
    table.frozen = true;
}

/// Scale (16 digits behind the point) and values, -7 to 7, of a row: of several scales, the one with the
/// least error.
fn table_row(row: &[f32]) -> (u16, Vec<i8>) {
    let top = f64::from(row.iter().fold(0f32, |top, value| top.max(value.abs())));
    let attempt = |share: f64| {
        let scale = (top * share / 7.0 * 65536.0).ceil().clamp(1.0, 65535.0);
        let unit = scale / 65536.0;
        let values: Vec<i8> = row
            .iter()
            .map(|v| (f64::from(*v) / unit).round().clamp(-7.0, 7.0) as i8)
            .collect();
        let error: f64 = row
            .iter()
            .zip(&values)
            .map(|(v, q)| (f64::from(*v) - f64::from(*q) * unit).powi(2))
            .sum();
        (error, scale as u16, values)
    };
    let mut best = attempt(1.0);
    for step in 1..10 {
        let next = attempt(1.0 - f64::from(step) * 0.06);
        if next.0 < best.0 {
            best = next;
        }
    }
    (best.1, best.2)
}

/// `weights[inputs x outputs]` as a layer whose inputs have `digits(input)` digits behind the point
/// and are at most `top`.
fn quantised(
    weights: &[f32],
    outputs: usize,
    bias: &[f32],
    digits: impl Fn(usize) -> u32,
    top: i32,
) -> Layer {
    let inputs = weights.len() / outputs;
    for shift in (0..=14u32).rev() {
        let mut fits = true;
        let mut narrow = vec![0i16; weights.len()];
        for (input, row) in weights.chunks_exact(outputs).enumerate() {
            let unit = f64::from(1u32 << shift)
                * 2f64.powi(POINT.cast_signed() - digits(input).cast_signed());
            for (output, weight) in row.iter().enumerate() {
                let fixed = (f64::from(*weight) * unit).round();
                fits &= fixed.abs() <= 32767.0;
                narrow[output * inputs + input] = fixed as i16;
            }
        }
        let bias = bias.iter().map(|b| {
            (f64::from(*b) * f64::from(1u32 << shift) * f64::from(1u32 << POINT)).round() as i32
        });
        let layer = Layer {
            inputs,
            weights: narrow,
            bias: bias.collect(),
            shift,
        };
        if fits && layer.is_bounded(i64::from(top)) {
            return layer;
        }
    }
    unreachable!("training clips weights, and with no digits behind the point they fit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bits_a_value_come_near_the_row() {
        let row: Vec<f32> = (0..64u16)
            .map(|i| f32::from(i * 37 % 64) / 32.0 - 1.0)
            .collect();
        let (scale, values) = table_row(&row);
        let unit = f32::from(scale) / 65536.0;
        let errors = row
            .iter()
            .zip(values)
            .map(|(value, short)| (value - f32::from(short) * unit).powi(2));
        let mean = errors.sum::<f32>() / 64.0;
        assert!(mean <= unit * unit / 6.0, "{mean} with steps of {unit}");
    }
}
