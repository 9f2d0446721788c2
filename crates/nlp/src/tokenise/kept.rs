//! Stretches -> their cuts, kept between texts: a place each, a newer one takes it over.
//!
//! Cuts depend on the stretch and on what follows alone, so that answers do not depend on what was seen
//! before.

use super::Next;
use crate::features::hash;

/// The kept cuts.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Vec<Slot>);

/// Slots: a power of two.
const SLOTS: usize = 2048;
/// The longest stretch that is kept, in bytes: a bit of a cut each.
const KEPT: usize = 31;

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    text: [u8; KEPT],
    /// 0 where nothing is kept.
    length: u8,
    next: u8,
    cuts: u32,
}

impl Kept {
    /// Where a stretch would be; none for a long one.
    pub(super) fn slot(&mut self, text: &str, next: Next) -> Option<usize> {
        if self.0.is_empty() {
            self.0.resize(SLOTS, Slot::default());
        }
        (text.len() <= KEPT)
            .then(|| hash(43, text.as_bytes()).wrapping_add(next.number()) as usize & (SLOTS - 1))
    }

    pub(super) fn cuts(&self, slot: usize, text: &str, next: Next) -> Option<u32> {
        let slot = &self.0[slot];
        let same = slot.length as usize == text.len()
            && u64::from(slot.next) == next.number()
            && slot.text[..text.len()] == *text.as_bytes();
        same.then_some(slot.cuts)
    }

    pub(super) fn keep(&mut self, slot: usize, text: &str, next: Next, cuts: u32) {
        let slot = &mut self.0[slot];
        slot.text[..text.len()].copy_from_slice(text.as_bytes());
        slot.length = text.len() as u8;
        slot.next = next.number() as u8;
        slot.cuts = cuts;
    }
}
