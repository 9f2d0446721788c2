//! A table of token vectors -> the same with fewer values a byte, which packs better.

use super::{HEADER, Layout, SCALE, checksum};

impl Layout {
    /// The same table with bytes of at most `most`; a vector keeps its largest value.
    pub(in crate::static_embeddings) fn coarser(&self, bytes: &[u8], most: u8) -> Vec<u8> {
        let mut coarse = bytes.to_vec();
        for id in 0..self.tokens {
            let row = &mut coarse[self.rows + id * self.width..][..self.width];
            let largest = row.iter().map(|byte| byte.cast_signed().unsigned_abs());
            let largest = largest.max().unwrap_or_default();
            if largest <= most {
                continue;
            }
            for byte in row {
                let share = f32::from(byte.cast_signed()) / f32::from(largest);
                *byte = ((share * f32::from(most)).round() as i8).cast_unsigned();
            }
            let scale = self.scale(bytes, id) * (f32::from(largest) / f32::from(most));
            // At the edge of what is allowed, a value becomes smaller rather than the file unreadable.
            let at = self.scales + 4 * id;
            coarse[at..at + 4].copy_from_slice(&scale.min(SCALE).to_le_bytes());
        }
        let sum = checksum(&coarse);
        coarse[32..HEADER].copy_from_slice(&sum);
        coarse
    }
}
