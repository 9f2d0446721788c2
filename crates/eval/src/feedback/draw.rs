//! Seeded order: the same seed and names give the same order on every machine.

use botsmith_core::digest::Digest;

/// A number that looks random, from a seed and a name; all bits matter alike.
pub(super) fn ticket(seed: u64, name: &str) -> u64 {
    let mut bytes = seed.to_le_bytes().to_vec();
    bytes.extend_from_slice(name.as_bytes());
    let digest = Digest::of(&bytes);
    let first = digest.as_bytes().first_chunk::<8>();
    u64::from_le_bytes(*first.expect("a digest has 32 bytes"))
}
