//! A word's form -> hashes of its features: the form itself, its beginnings and endings, its shape.
//!
//! Features depend on the form alone, never on its neighbours: so a word's vector is computed
//! once and kept.

/// The longest form looked at whole, in bytes; of a longer one its beginning counts.
const LONGEST_FORM: usize = 256;
/// The longest shape, and the most characters whose places are kept.
const LONGEST: usize = 64;
const PREFIXES: usize = 4;
const SUFFIXES: usize = 5;

/// FNV-1a over bytes, then mixed: stable for ever, since models hold the values.
#[inline]
pub(crate) fn hash(kind: u8, bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ u64::from(kind).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        hash = (hash ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        hash ^= hash >> 32;
    }
    let mut tail = bytes.len() as u64;
    for &byte in chunks.remainder() {
        tail = tail << 8 | u64::from(byte);
    }
    hash = (hash ^ tail).wrapping_mul(0x9fb2_1c65_1e98_df25);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 32)
}

/// The beginning of a form that is too long to be a word.
pub(crate) fn clipped(form: &str) -> &str {
    match form.len() > LONGEST_FORM {
        true => {
            let end = (0..=LONGEST_FORM)
                .rev()
                .find(|at| form.is_char_boundary(*at));
            &form[..end.unwrap_or(0)]
        }
        false => form,
    }
}

/// Room for one word's features, kept between words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Features {
    /// The lower-cased form.
    pub(crate) lower: String,
    shape: String,
    starts: Vec<u32>,
    /// Hash of the last three characters, lower-cased.
    pub(crate) suffix: u64,
    /// The hashes: that of the lower-cased form first, then that of the form where it differs.
    pub(crate) hashes: Vec<u64>,
    /// How many of the hashes are of the whole form.
    pub(crate) whole: usize,
}

impl Features {
    /// Computes the features of `form`.
    pub(crate) fn of(&mut self, form: &str) {
        let form = clipped(form);
        self.lower.clear();
        self.shape.clear();
        self.starts.clear();
        self.hashes.clear();
        for c in form.chars() {
            if c.is_ascii() {
                self.lower.push(c.to_ascii_lowercase());
            } else {
                self.lower.extend(c.to_lowercase());
            }
        }
        self.hashes.push(hash(1, self.lower.as_bytes()));
        if self.lower != form {
            self.hashes.push(hash(2, form.as_bytes()));
        }
        self.whole = self.hashes.len();
        let lower = self.lower.as_str();
        self.starts
            .extend(lower.char_indices().map(|(at, _)| at as u32).take(LONGEST));
        let count = self.starts.len();
        for length in 1..=PREFIXES.min(count) {
            let end = self
                .starts
                .get(length)
                .map_or(lower.len(), |&at| at as usize);
            self.hashes
                .push(hash(2 + length as u8, &lower.as_bytes()[..end]));
        }
        let mut start = lower.len();
        self.suffix = hash(13, lower.as_bytes());
        for length in 1..=SUFFIXES.min(count) {
            start = lower[..start]
                .char_indices()
                .next_back()
                .map_or(0, |(at, _)| at);
            let found = hash(10 + length as u8, &lower.as_bytes()[start..]);
            if length == 3 {
                self.suffix = found;
            }
            self.hashes.push(found);
        }
        self.shape_of(form);
    }

    /// `McDonald's 42` -> `XxXx'x d`, runs cut to one; and what of it says most, at its own.
    fn shape_of(&mut self, form: &str) {
        let mut last = '\0';
        let (mut upper, mut low, mut digit, mut other, mut length) = (0u32, 0u32, 0u32, 0u32, 0u32);
        let first_upper = form.chars().next().is_some_and(char::is_uppercase);
        for c in form.chars() {
            length += 1;
            let class = if c.is_lowercase() {
                low += 1;
                'x'
            } else if c.is_uppercase() {
                upper += 1;
                'X'
            } else if c.is_numeric() {
                digit += 1;
                'd'
            } else if c.is_alphabetic() {
                low += 1;
                'a'
            } else {
                other += 1;
                c
            };
            if class != last && self.shape.len() < LONGEST {
                self.shape.push(class);
            }
            last = class;
        }
        let case = match (upper, low) {
            (0, 0) => 0u8,
            (0, _) => 1,
            (1, _) if first_upper => 2,
            (_, 0) => 3,
            _ if first_upper => 4,
            _ => 5,
        };
        let kinds = u8::from(digit > 0) | u8::from(other > 0) << 1 | u8::from(low + upper > 0) << 2;
        self.hashes.push(hash(20, self.shape.as_bytes()));
        self.hashes.push(hash(21, &[case, kinds]));
        self.hashes.push(hash(22, &[case, length.min(12) as u8]));
    }
}

/// Context features of a word.
pub(crate) const CONTEXTS: usize = 8;
/// What stands for the form of a word outside the sentence.
const OUTSIDE: u64 = 0x6f75_7473_6964_6521;

/// Hashes of pairs and triples of forms around the word at `at`; `form(i)` and `ending(i)` give
/// hashes of the lower-cased form and of its last three characters.
pub(crate) fn contexts(
    at: usize,
    len: usize,
    form: impl Fn(usize) -> u64,
    ending: impl Fn(usize) -> u64,
) -> [u64; CONTEXTS] {
    let near = |offset: isize| match at.checked_add_signed(offset) {
        Some(place) if place < len => form(place),
        _ => OUTSIDE,
    };
    let mix = |kind: u64, a: u64, b: u64, c: u64| {
        let mut sum =
            (a ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0x9fb2_1c65_1e98_df25);
        sum = (sum ^ b ^ sum >> 32).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        sum = (sum ^ c ^ sum >> 29).wrapping_mul(0x94d0_49bb_1331_11eb);
        sum ^ sum >> 31
    };
    let (b2, b1, here, a1, a2) = (near(-2), near(-1), form(at), near(1), near(2));
    let tail = ending(at);
    [
        mix(1, b1, here, 0),
        mix(2, here, a1, 0),
        mix(3, b2, b1, here),
        mix(4, here, a1, a2),
        mix(5, b1, here, a1),
        mix(6, b1, a1, 0),
        mix(7, b1, tail, 0),
        mix(8, tail, a1, 0),
    ]
}
