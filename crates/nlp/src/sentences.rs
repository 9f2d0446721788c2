//! Tokens -> sentences: a small network says of each token whether a sentence ends with it.
//!
//! A blank line always ends one. Between blank lines the network sees the whole paragraph, both
//! ways; full stops are only one thing that it looks at, since much text has none.

use pulp::Arch;

use crate::cache::{Cache, Extra};
use crate::engine::{Engine, Sequence};
use crate::features::{Features, clipped, hash};
use crate::lexicon::Lexicon;
use crate::tokenise::is_blank_line;

/// Rows of the table before those of features: outside on the left, outside on the right, and kinds of
/// white space before a token.
pub(crate) const BEFORE: u32 = 0;
pub(crate) const BEHIND: u32 = 1;
/// Kinds of white space.
pub(crate) const SPACES: usize = 3;
/// Tokens looked at together; a longer paragraph is looked at in parts that begin at a sentence.
const BLOCK: usize = 256;

/// Which kind of white space stands before a token: none, a blank, a line end.
pub(crate) fn space(text: &str) -> usize {
    match text.is_empty() {
        true => 0,
        false => 1 + usize::from(text.contains('\n')),
    }
}

/// Row of the table of a feature at `place` in the lexicon.
pub(crate) fn row(place: usize) -> u32 {
    (place + 2 + SPACES) as u32
}

/// Ends a sentence at each line end: appends as [`Splitter::split`] does.
pub(crate) fn lines(text: &str, tokens: &[(u32, u32)], ends: &mut Vec<usize>) {
    for (at, pair) in tokens.windows(2).enumerate() {
        if text[pair[0].1 as usize..pair[1].0 as usize].contains('\n') {
            ends.push(at + 1);
        }
    }
    if !tokens.is_empty() {
        ends.push(tokens.len());
    }
}

/// The splitter.
#[derive(Debug)]
pub(crate) struct Splitter {
    pub(crate) features: Lexicon,
    pub(crate) engine: Engine,
}

/// Room for splitting, kept between texts.
#[derive(Debug)]
pub(crate) struct Room {
    sequence: Sequence,
    features: Features,
    rows: Vec<u32>,
    vector: Vec<i32>,
    cache: Cache,
    /// Products of the rows that are no features.
    fixed: Vec<i16>,
}

impl Splitter {
    pub(crate) fn room(&self, arch: Arch, bytes: &[u8]) -> Room {
        let width = self.engine.product_len();
        let mut fixed = vec![0; (2 + SPACES) * width];
        let mut vector = Vec::new();
        for (row, out) in fixed.chunks_exact_mut(width).enumerate() {
            self.engine
                .product(arch, bytes, &[row as u32], &mut vector, out);
        }
        Room {
            sequence: Sequence::default(),
            features: Features::default(),
            rows: Vec::new(),
            vector,
            cache: Cache::new(2048, width),
            fixed,
        }
    }

    /// Appends the number of the last token of each sentence, and one more: `ends[k]` tokens are in
    /// the first `k + 1` sentences.
    pub(crate) fn split(
        &self,
        arch: Arch,
        bytes: &[u8],
        text: &str,
        tokens: &[(u32, u32)],
        room: &mut Room,
        ends: &mut Vec<usize>,
    ) {
        let gap = |at: usize| match at {
            0 => &text[..tokens[0].0 as usize],
            _ => &text[tokens[at - 1].1 as usize..tokens[at].0 as usize],
        };
        let mut start = 0;
        while start < tokens.len() {
            let mut end = start + 1;
            while end < tokens.len() && end - start < BLOCK && !is_blank_line(gap(end)) {
                end += 1;
            }
            let whole = end == tokens.len() || is_blank_line(gap(end));
            self.run(arch, bytes, text, tokens, start..end, room, gap);
            let from = ends.len();
            for at in start..end - 1 {
                let dense = room.sequence.dense(&self.engine, at - start);
                if self.engine.heads.score(dense, 1) > self.engine.heads.score(dense, 0) {
                    ends.push(at + 1);
                }
            }
            // The last sentence of a part may go on behind it, unless it is all there is.
            if whole || ends.len() == from {
                ends.push(end);
            }
            start = ends.last().copied().unwrap_or(end);
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one caller, which holds them all"
    )]
    fn run<'t>(
        &self,
        arch: Arch,
        bytes: &[u8],
        text: &'t str,
        tokens: &[(u32, u32)],
        range: std::ops::Range<usize>,
        room: &mut Room,
        gap: impl Fn(usize) -> &'t str,
    ) {
        let engine = &self.engine;
        let width = engine.product_len();
        let len = range.len().cast_signed();
        let Room {
            sequence,
            features,
            rows,
            vector,
            cache,
            fixed,
        } = room;
        let fixed = |row: usize| &fixed[row * width..][..width];
        engine.begin(range.len(), sequence);
        for (place, row) in [(-2, BEFORE), (-1, BEFORE), (len, BEHIND), (len + 1, BEHIND)] {
            engine.add(arch, place, fixed(row as usize), sequence);
        }
        for (place, at) in range.clone().enumerate() {
            let form = clipped(&text[tokens[at].0 as usize..tokens[at].1 as usize]);
            let slot = cache.find(hash(2, form.as_bytes()), form, |out| {
                features.of(form);
                rows.clear();
                rows.extend(
                    features
                        .hashes
                        .iter()
                        .filter_map(|h| self.features.find(bytes, *h))
                        .map(row),
                );
                engine.product(arch, bytes, rows, vector, out);
                Extra::default()
            });
            engine.add(arch, place.cast_signed(), cache.product(slot), sequence);
            if place > 0 {
                let kind = 2 + space(gap(at));
                engine.add(arch, place.cast_signed(), fixed(kind), sequence);
            }
        }
        engine.finish(arch, sequence);
    }
}
