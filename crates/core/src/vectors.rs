//! Vectors of one width in one piece of memory, and the same in bytes.

/// Vectors, one after another.
///
/// ```
/// use botsmith_core::Vectors;
/// let vectors = Vectors::from_rows(2, vec![3.0, 4.0, 0.0, 2.0]);
/// assert_eq!(vectors.row(1), [0.0, 2.0]);
/// assert!((vectors.cosine(0, 1) - 0.8).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    width: usize,
    values: Vec<f32>,
}

impl Vectors {
    #[cfg(feature = "engine")]
    pub(crate) fn new(count: usize, width: usize) -> Self {
        Self {
            width,
            values: vec![0.0; count * width],
        }
    }

    /// Vectors from their values, one after another; what does not fill a vector is dropped.
    pub fn from_rows(width: usize, mut values: Vec<f32>) -> Self {
        let whole = values.len().checked_div(width).unwrap_or(0) * width;
        values.truncate(whole);
        Self { width, values }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How wide they are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The vector at `index`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// All vectors in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// All values, one vector after another.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, without a copy.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// The cosine of the angle between two vectors, -1 to 1; 0 where one has no length.
    pub fn cosine(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (self.row(a), self.row(b));
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        let lengths = (dot(a, a) * dot(b, b)).sqrt();
        if lengths > 0.0 {
            dot(a, b) / lengths
        } else {
            0.0
        }
    }

    /// The vectors in bytes, with a scale for each: a quarter of the memory.
    pub fn to_int8(&self) -> Int8Vectors {
        let mut scales = Vec::with_capacity(self.len());
        let mut values = Vec::with_capacity(self.values.len());
        for row in self.rows() {
            let largest = row.iter().fold(0_f32, |most, value| most.max(value.abs()));
            let scale = largest / 127.0;
            scales.push(scale);
            let step = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            values.extend(row.iter().map(|value| (value * step).round() as i8));
        }
        Int8Vectors {
            width: self.width,
            values,
            scales,
        }
    }

    #[cfg(feature = "engine")]
    pub(crate) fn set(&mut self, index: usize, row: &[f32], normalise: bool) {
        let to = &mut self.values[index * self.width..(index + 1) * self.width];
        to.copy_from_slice(row);
        if normalise {
            let length: f64 = row
                .iter()
                .map(|value| f64::from(*value) * f64::from(*value))
                .sum();
            let scale = (1.0 / length.sqrt().max(1e-12)) as f32;
            for value in to {
                *value *= scale;
            }
        }
    }

    #[cfg(feature = "engine")]
    pub(crate) fn select(self, which: &[usize]) -> Self {
        if which.len() == self.len() {
            // As many as there are, and each at least once: they are in order.
            return self;
        }
        let values = which
            .iter()
            .flat_map(|&at| self.row(at).iter().copied())
            .collect();
        Self {
            width: self.width,
            values,
        }
    }
}

/// Vectors in bytes: value = byte · scale of its vector.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Int8Vectors {
    /// How wide they are.
    pub width: usize,
    /// The bytes, one vector after another.
    pub values: Vec<i8>,
    /// A scale for each vector.
    pub scales: Vec<f32>,
}

impl Int8Vectors {
    /// The vectors as f32 again, each value within half a scale of what it was.
    pub fn to_f32(&self) -> Vectors {
        let rows = self
            .values
            .chunks_exact(self.width.max(1))
            .zip(&self.scales);
        let values =
            rows.flat_map(|(row, scale)| row.iter().map(move |value| f32::from(*value) * scale));
        Vectors::from_rows(self.width, values.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_stay_within_half_a_scale(values in proptest::collection::vec(-1e3_f32..1e3, 6)) {
            let vectors = Vectors::from_rows(3, values);
            let bytes = vectors.to_int8();
            let back = bytes.to_f32();
            for (at, (a, b)) in vectors.values().iter().zip(back.values()).enumerate() {
                prop_assert!((a - b).abs() <= bytes.scales[at / 3] * 0.501);
            }
        }
    }

    #[test]
    fn nothing_has_no_direction() {
        let vectors = Vectors::from_rows(2, vec![0.0, 0.0, 1.0, 0.0]);
        assert_eq!(vectors.cosine(0, 1), 0.0);
        assert_eq!(vectors.to_int8().to_f32(), vectors);
        assert!(Vectors::from_rows(0, vec![1.0]).is_empty());
    }
}
