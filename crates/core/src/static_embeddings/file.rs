//! The file of a table of token vectors: bytes in, where everything lies out; and how it is written.
//!
//! All numbers are little-endian, and every section begins at a multiple of 64 bytes, so that a file can be mapped and
//! read where it lies. Nothing is copied but the header.
//!
//! ```text
//! 0    magic "BSSTATIC", version u32, width u32, tokens u32, slots (power of 2) u32, bytes of text u32, bytes of about u32
//! 32   blake3 of the 32 bytes before and of all from 64 on
//! 64   rows      i8  [tokens × width]
//!      scales    f32 [tokens]            value = byte · scale; what the token weighs is in the scale
//!      ends      u32 [tokens]            where each token's text ends
//!      slots     u16 [2^slots]           open addressing by FNV-1a of the token's text; 65,535 is free
//!      text      the tokens, one after another, UTF-8
//!      about     a line on where the table comes from, UTF-8
//! ```

mod coarse;

use std::ops::Range;

use crate::Vectors;

pub(super) const HEADER: usize = 64;
/// The largest file that is read, in bytes.
pub(super) const MOST: u64 = 512 << 20;
const MAGIC: &[u8; 8] = b"BSSTATIC";
const VERSION: u32 = 1;
const WIDTH: usize = 4096;
/// Most tokens: a slot has 16 bits, and one value is for free ones.
const TOKENS: usize = FREE as usize;
const FREE: u16 = u16::MAX;
/// The largest scale: sums over any text that fits into memory stay finite.
const SCALE: f32 = 1e18;
/// What goes on a word begins with this in a vocabulary.
const GOES_ON: &[u8] = b"##";

/// Where everything lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) width: usize,
    pub(super) tokens: usize,
    /// Bytes of the longest token.
    pub(super) longest: usize,
    rows: usize,
    scales: usize,
    ends: usize,
    slots: usize,
    mask: usize,
    text: usize,
    about: Range<usize>,
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The next multiple of 64.
fn aligned(at: usize) -> usize {
    at.div_ceil(64) * 64
}

fn hash(piece: &[u8], from: u64) -> u64 {
    piece.iter().fold(from, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// The first slot of a hash.
fn slot(hash: u64, mask: usize) -> usize {
    (hash ^ (hash >> 32)) as usize & mask
}

fn checksum(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..32]).update(&bytes[HEADER..]);
    *hasher.finalize().as_bytes()
}

impl Layout {
    /// Reads the header and holds the rest against it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
            return Err("it does not begin as one".into());
        }
        let [version, width, tokens, slots, text, about] =
            [8, 12, 16, 20, 24, 28].map(|at| word(bytes, at));
        if version != VERSION {
            return Err(format!(
                "it has version {version}, this build reads version {VERSION}"
            ));
        }
        let (width, tokens) = (width as usize, tokens as usize);
        if !(1..=WIDTH).contains(&width) || !(1..=TOKENS).contains(&tokens) {
            return Err(format!(
                "{tokens} tokens of width {width}; 1 to {TOKENS} of 1 to {WIDTH} are wanted"
            ));
        }
        if !(1..=20).contains(&slots) || 1 << slots <= tokens {
            return Err(format!("2^{slots} slots for {tokens} tokens"));
        }
        if text as usize > bytes.len() || about as usize > bytes.len() {
            return Err(format!(
                "it has {} bytes, its header calls for {text} of text and {about} about itself",
                bytes.len()
            ));
        }
        let scales = aligned(HEADER + width * tokens);
        let ends = aligned(scales + 4 * tokens);
        let slots_at = aligned(ends + 4 * tokens);
        let text_at = aligned(slots_at + (2 << slots));
        let about_at = aligned(text_at + text as usize);
        let mut layout = Self {
            width,
            tokens,
            longest: 0,
            rows: HEADER,
            scales,
            ends,
            slots: slots_at,
            mask: (1 << slots) - 1,
            text: text_at,
            about: about_at..about_at + about as usize,
        };
        if bytes.len() != layout.about.end {
            return Err(format!(
                "it has {} bytes, its header calls for {}",
                bytes.len(),
                layout.about.end
            ));
        }
        if checksum(bytes) != bytes[32..HEADER] {
            return Err("its checksum is another: it is damaged".into());
        }
        layout.check(bytes)?;
        Ok(layout)
    }

    /// Whether what the sections say of each other holds.
    fn check(&mut self, bytes: &[u8]) -> Result<(), String> {
        let utf8 = |range: Range<usize>, what: &str| {
            std::str::from_utf8(&bytes[range]).map_err(|_| format!("its {what} is no UTF-8"))
        };
        utf8(self.about.clone(), "line about itself")?;
        let mut start = 0;
        for id in 0..self.tokens {
            let end = word(bytes, self.ends + 4 * id) as usize;
            if end <= start || self.text + end > self.about.start {
                return Err(format!("token {id} ends at byte {end} of the text"));
            }
            utf8(self.text + start..self.text + end, "text of a token")?;
            self.longest = self.longest.max(end - start);
            start = end;
            let scale = self.scale(bytes, id);
            if !(0.0..=SCALE).contains(&scale) {
                return Err(format!(
                    "token {id} has the scale {scale}; 0 to {SCALE:e} is wanted"
                ));
            }
        }
        let mut used = 0;
        for at in 0..=self.mask {
            let id = self.slot(bytes, at);
            if id != FREE && usize::from(id) >= self.tokens {
                return Err(format!("slot {at} names token {id} of {}", self.tokens));
            }
            used += usize::from(id != FREE);
        }
        match used == self.tokens {
            true => Ok(()),
            false => Err(format!("{used} slots are taken by {} tokens", self.tokens)),
        }
    }

    pub(super) fn about<'a>(&self, bytes: &'a [u8]) -> &'a str {
        std::str::from_utf8(&bytes[self.about.clone()]).expect("checked when it was read")
    }

    pub(super) fn token<'a>(&self, bytes: &'a [u8], id: usize) -> &'a str {
        std::str::from_utf8(self.token_bytes(bytes, id)).expect("checked when it was read")
    }

    fn token_bytes<'a>(&self, bytes: &'a [u8], id: usize) -> &'a [u8] {
        let start = match id {
            0 => 0,
            id => word(bytes, self.ends + 4 * (id - 1)) as usize,
        };
        let end = word(bytes, self.ends + 4 * id) as usize;
        &bytes[self.text + start..self.text + end]
    }

    fn slot(&self, bytes: &[u8], at: usize) -> u16 {
        let at = self.slots + 2 * at;
        u16::from_le_bytes([bytes[at], bytes[at + 1]])
    }

    fn scale(&self, bytes: &[u8], id: usize) -> f32 {
        f32::from_bits(word(bytes, self.scales + 4 * id))
    }

    /// The token of a piece, which begins a word or goes on one.
    pub(super) fn find(&self, bytes: &[u8], piece: &[u8], goes_on: bool) -> Option<u32> {
        let mark: &[u8] = if goes_on { GOES_ON } else { b"" };
        let mut at = slot(hash(piece, hash(mark, BASIS)), self.mask);
        // There is a free slot, as there are more than tokens.
        loop {
            let id = self.slot(bytes, at);
            if id == FREE {
                return None;
            }
            let token = self.token_bytes(bytes, usize::from(id));
            if token.strip_prefix(mark).is_some_and(|rest| rest == piece) {
                return Some(u32::from(id));
            }
            at = (at + 1) & self.mask;
        }
    }

    /// Adds a token's vector to `to`.
    pub(super) fn add(&self, bytes: &[u8], id: usize, to: &mut [f32]) {
        let scale = self.scale(bytes, id);
        let row = self.rows + id * self.width;
        for (to, byte) in to.iter_mut().zip(&bytes[row..row + self.width]) {
            *to += f32::from(byte.cast_signed()) * scale;
        }
    }
}

/// The bytes of a table.
pub(super) fn write(tokens: &[&str], vectors: &Vectors, about: &str) -> Result<Vec<u8>, String> {
    if tokens.len() != vectors.len() {
        return Err(format!(
            "{} vectors for {} tokens",
            vectors.len(),
            tokens.len()
        ));
    }
    let width = vectors.width();
    if !(1..=WIDTH).contains(&width) || !(1..=TOKENS).contains(&tokens.len()) {
        return Err(format!(
            "{} tokens of width {width}; 1 to {TOKENS} of 1 to {WIDTH} are wanted",
            tokens.len()
        ));
    }
    if let Some(value) = vectors
        .values()
        .iter()
        .find(|x| !(0.0..=127.0 * SCALE).contains(&x.abs()))
    {
        return Err(format!(
            "a value is {value}; it has to be finite and not huge"
        ));
    }
    if tokens.iter().any(|token| token.is_empty()) {
        return Err("a token is empty".into());
    }
    let bits = (tokens.len() * 2).next_power_of_two().ilog2();
    let slots = slots(tokens, (1 << bits) - 1)?;
    let table = vectors.to_int8();
    let text: Vec<u8> = tokens.iter().flat_map(|token| token.bytes()).collect();
    let mut bytes = MAGIC.to_vec();
    let sizes = [width, tokens.len(), bits as usize, text.len(), about.len()];
    bytes.extend(VERSION.to_le_bytes());
    for size in sizes {
        let size = u32::try_from(size).map_err(|_| "a section is larger than 4 GB".to_owned())?;
        bytes.extend(size.to_le_bytes());
    }
    bytes.extend([0; 32]);
    let section = |bytes: &mut Vec<u8>, content: &mut dyn Iterator<Item = u8>| {
        bytes.resize(aligned(bytes.len()), 0);
        bytes.extend(content);
    };
    section(
        &mut bytes,
        &mut table.values.iter().map(|value| value.cast_unsigned()),
    );
    section(
        &mut bytes,
        &mut table.scales.iter().flat_map(|scale| scale.to_le_bytes()),
    );
    let ends = tokens.iter().scan(0_u32, |end, token| {
        *end += token.len() as u32;
        Some(*end)
    });
    section(&mut bytes, &mut ends.flat_map(u32::to_le_bytes));
    section(
        &mut bytes,
        &mut slots.iter().flat_map(|slot| slot.to_le_bytes()),
    );
    section(&mut bytes, &mut text.iter().copied());
    section(&mut bytes, &mut about.bytes());
    let sum = checksum(&bytes);
    bytes[32..HEADER].copy_from_slice(&sum);
    Ok(bytes)
}

/// The slots of the tokens, each in the first free one from its own.
fn slots(tokens: &[&str], mask: usize) -> Result<Vec<u16>, String> {
    let mut slots = vec![FREE; mask + 1];
    for (id, token) in tokens.iter().enumerate() {
        let mut at = slot(hash(token.as_bytes(), BASIS), mask);
        while slots[at] != FREE {
            if tokens[usize::from(slots[at])] == *token {
                return Err(format!("the token `{token}` stands twice"));
            }
            at = (at + 1) & mask;
        }
        slots[at] = id as u16;
    }
    Ok(slots)
}

#[cfg(test)]
mod tests;
