//! From the vectors of a text's tokens to one vector.

use std::ops::Range;

use candle_core::{Device, Tensor};

use crate::engine::error::Result;

/// How tokens become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pooling {
    /// The mean of all tokens.
    #[default]
    Mean,
    /// The first token.
    Cls,
    /// The last token.
    Last,
    /// The largest value of each dimension.
    Max,
}

impl Pooling {
    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
            Self::Last => "lasttoken",
            Self::Max => "max",
        }
    }
}

/// `[tokens, width]` to `[texts, width]`; the first `unused` tokens of each text count for nothing in means and maxima. A text
/// without a token has zeros, as `sentence-transformers` has it.
pub(crate) fn pool(
    hidden: &Tensor,
    spans: &[Range<usize>],
    pooling: Pooling,
    unused: usize,
) -> Result<Tensor> {
    let width = hidden.dim(1)?;
    let pick = |at: &dyn Fn(&Range<usize>) -> usize| -> Result<Tensor> {
        let rows: Vec<u32> = spans.iter().map(|span| at(span) as u32).collect();
        Ok(hidden.index_select(&Tensor::new(rows, hidden.device())?, 0)?)
    };
    // Its row would be another text's.
    let empty = spans.iter().any(Range::is_empty);
    match pooling {
        Pooling::Cls if !empty => return pick(&|span| span.start),
        Pooling::Last if !empty => return pick(&|span| span.end - 1),
        _ => {}
    }
    let values: Vec<f32> = hidden.flatten_all()?.to_vec1()?;
    let mut pooled = Vec::with_capacity(spans.len() * width);
    for span in spans {
        let counted = match pooling {
            Pooling::Cls => span.start..span.end.min(span.start + 1),
            Pooling::Last => span.end.saturating_sub(1).max(span.start)..span.end,
            _ => (span.start + unused).min(span.end)..span.end,
        };
        let rows = values[counted.start * width..counted.end * width].chunks_exact(width);
        let count = rows.len().max(1) as f32;
        let mut row = match pooling {
            Pooling::Max if !span.is_empty() => vec![f32::NEG_INFINITY; width],
            _ => vec![0.0; width],
        };
        for token in rows {
            for (sum, value) in row.iter_mut().zip(token) {
                match pooling {
                    Pooling::Max => *sum = sum.max(*value),
                    _ => *sum += value,
                }
            }
        }
        if pooling == Pooling::Mean {
            for sum in &mut row {
                *sum /= count;
            }
        }
        pooled.extend(row);
    }
    Ok(Tensor::from_vec(pooled, (spans.len(), width), &Device::Cpu)?.to_device(hidden.device())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_takes_what_it_says() {
        let hidden = Tensor::new(
            &[[1_f32, 8.0], [3.0, 2.0], [5.0, 5.0], [7.0, -7.0]],
            &Device::Cpu,
        )
        .expect("a tensor");
        let spans = [0..3, 3..4];
        for (pooling, unused, wanted) in [
            (Pooling::Mean, 0, [[3.0, 5.0], [7.0, -7.0]]),
            (Pooling::Mean, 1, [[4.0, 3.5], [0.0, 0.0]]),
            (Pooling::Cls, 0, [[1.0, 8.0], [7.0, -7.0]]),
            (Pooling::Last, 0, [[5.0, 5.0], [7.0, -7.0]]),
            (Pooling::Max, 0, [[5.0, 8.0], [7.0, -7.0]]),
        ] {
            let pooled = pool(&hidden, &spans, pooling, unused).expect("pooled");
            assert_eq!(
                pooled.to_vec2::<f32>().expect("rows"),
                wanted,
                "{pooling:?}"
            );
        }
    }

    #[test]
    fn a_text_without_a_token_has_zeros_and_takes_no_others_row() {
        let hidden = Tensor::new(&[[1_f32, 8.0], [3.0, 2.0], [5.0, 5.0]], &Device::Cpu);
        let hidden = hidden.expect("a tensor");
        let spans = [0..0, 0..2, 2..2, 2..3, 3..3];
        for (pooling, wanted) in [
            (Pooling::Mean, [2.0, 5.0]),
            (Pooling::Cls, [1.0, 8.0]),
            (Pooling::Last, [3.0, 2.0]),
            (Pooling::Max, [3.0, 8.0]),
        ] {
            let pooled = pool(&hidden, &spans, pooling, 0).expect("pooled");
            let nothing = [0.0, 0.0];
            assert_eq!(
                pooled.to_vec2::<f32>().expect("rows"),
                [nothing, wanted, nothing, [5.0, 5.0], nothing],
                "{pooling:?}"
            );
        }
    }
}
