//! A decoder on this CPU: keys and values in blocks of main memory.

use super::super::error::Result;
use super::graph::Logits;
use super::looks::{rows_at_once, stopped};
use super::stack::Stack;
use super::{Shape, Span, Stop};

/// Rows that go through the output layer at once: each takes a number for every token there is.
pub(super) const HEAD_ROWS: usize = 32;

/// Where the rows of a batch come from.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    /// Position of each row in its text.
    pub(super) positions: Vec<usize>,
    /// First row of each span.
    pub(super) starts: Vec<usize>,
    /// Rows that are asked for.
    pub(super) wanted: Vec<u32>,
}

impl Packed {
    pub(super) fn of(spans: &[Span<'_>]) -> Self {
        let mut packed = Self::default();
        for span in spans {
            let start = packed.positions.len();
            let from = span.sequence.len();
            packed.positions.extend(from..from + span.tokens.len());
            packed.starts.push(start);
            packed
                .wanted
                .extend(span.wanted.iter().map(|at| (start + at) as u32));
        }
        packed
    }
}

impl Stack {
    /// Reads all spans, for which room was made: the logits of the wanted rows.
    pub(super) fn read(
        &self,
        shape: &Shape,
        spans: &mut [Span<'_>],
        stop: Stop<'_>,
    ) -> Result<Logits> {
        let tokens: Vec<u32> = spans.iter().flat_map(|span| span.tokens).copied().collect();
        let packed = Packed::of(spans);
        let body = &self.body;
        let mut x = body.embedded(shape, &tokens)?;
        for (number, layer) in body.layers.iter().enumerate() {
            stopped(stop)?;
            // After the last layer's keys and values only the wanted rows matter.
            let last = number + 1 == body.layers.len();
            let rope = shape.rope_of[number].map(|rope| &body.ropes[rope]);
            x = match layer.forward(shape, number, x, spans, &packed, rope, last, stop)? {
                Some(x) => x,
                None => return Ok(Logits::default()),
            };
        }
        // Its table is read anew for every part: twice the work between looks.
        let at_once = HEAD_ROWS.min(rows_at_once(shape.hidden * shape.vocabulary / 2));
        self.logits(&body.norm.forward(&x)?, at_once, stop)
    }

    /// The logits of normalised hidden states, so many rows at once.
    pub(super) fn logits(
        &self,
        hidden: &candle_core::Tensor,
        at_once: usize,
        stop: Stop<'_>,
    ) -> Result<Logits> {
        let rows = hidden.dim(0)?;
        let mut numbers = Vec::new();
        for from in (0..rows).step_by(at_once) {
            stopped(stop)?;
            let part = hidden.narrow(0, from, at_once.min(rows - from))?;
            let part = self.head.forward(&part)?.flatten_all()?.to_vec1::<f32>()?;
            match numbers.is_empty() {
                true => numbers = part,
                false => numbers.extend(part),
            }
        }
        Ok(Logits::new(numbers, rows).expect("a row of logits for every row"))
    }
}
