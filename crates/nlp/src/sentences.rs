//! Tokens -> sentences: a small network says of each token whether a sentence ends with it.
//!
//! A blank line always ends one. Between blank lines the network sees the whole paragraph, both
//! ways; full stops are only one thing that it looks at, since much text has none.

use pulp::Arch;

use crate::cache::{Cache, Extra};
use crate::engine::{Bounds, ContextRows, Engine, Sequence};
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
/// Tokens of several paragraphs that are looked at together at least, where there are so many.
const BATCH: usize = 128;
/// In [`Room::sources`]: a product that is not kept.
const NEW: u32 = 1 << 31;

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
    sums: Vec<i32>,
    cache: Cache,
    /// Products of the rows that are no features, and zeros.
    fixed: Vec<i16>,
    /// Paragraphs of a batch, counted from its first token.
    bounds: Vec<Bounds>,
    /// Where each token's product is, and its kind of white space.
    sources: Vec<(u32, u8)>,
    /// Tokens whose products are not kept, with the hashes of their forms.
    fresh: Vec<(u32, u64)>,
    vectors: Vec<i16>,
    products: Vec<i16>,
    wanted: Vec<u32>,
}

impl Splitter {
    pub(crate) fn room(&self, arch: Arch, bytes: &[u8]) -> Room {
        let width = self.engine.product_len();
        let (mut sums, mut vectors) = (Vec::new(), Vec::new());
        for row in 0..2 + SPACES {
            let rows = [row as u32];
            self.engine
                .vector(arch, bytes, &rows, &mut sums, &mut vectors);
        }
        let mut fixed = vec![0; (2 + SPACES + 1) * width];
        self.engine.products(&vectors, &mut sums, width, &mut fixed);
        vectors.clear();
        Room {
            sequence: Sequence::default(),
            features: Features::default(),
            rows: Vec::new(),
            sums,
            cache: Cache::new(2048, width),
            fixed,
            bounds: Vec::new(),
            sources: Vec::new(),
            fresh: Vec::new(),
            vectors,
            products: Vec::new(),
            wanted: Vec::new(),
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
        let ends_paragraph = |at: usize| {
            at == tokens.len()
                || is_blank_line(&text[tokens[at - 1].1 as usize..tokens[at].0 as usize])
        };
        let mut first = 0;
        while first < tokens.len() {
            room.bounds.clear();
            let mut start = first;
            let mut whole = true;
            // A part of a paragraph closes the batch: what follows begins where its last sentence does.
            while whole && start < tokens.len() && start - first < BATCH {
                let mut end = start + 1;
                while end - start < BLOCK && !ends_paragraph(end) {
                    end += 1;
                }
                whole = ends_paragraph(end);
                room.bounds.push(start - first..end - first);
                start = end;
            }
            self.read(arch, bytes, text, &tokens[first..start], room);
            let mut at = 0;
            let last = room.bounds.len() - 1;
            for (index, paragraph) in room.bounds.iter().enumerate() {
                let from = ends.len();
                for token in paragraph.start..paragraph.end - 1 {
                    let dense = room.sequence.dense(&self.engine, at);
                    at += 1;
                    if self.engine.heads.score(dense, 1) > self.engine.heads.score(dense, 0) {
                        ends.push(first + token + 1);
                    }
                }
                // The last sentence of a part may go on behind it, unless it is all there is.
                if index < last || whole || ends.len() == from {
                    ends.push(first + paragraph.end);
                }
            }
            first = ends.last().copied().unwrap_or(start);
        }
    }

    /// Computes the dense vectors of all tokens but the last of each paragraph.
    fn read(&self, arch: Arch, bytes: &[u8], text: &str, tokens: &[(u32, u32)], room: &mut Room) {
        let engine = &self.engine;
        let width = engine.product_len();
        let Room {
            sequence,
            features,
            rows,
            sums,
            cache,
            fixed,
            bounds,
            sources,
            fresh,
            vectors,
            products,
            wanted,
        } = room;
        let form = |at: usize| clipped(&text[tokens[at].0 as usize..tokens[at].1 as usize]);
        sources.clear();
        fresh.clear();
        vectors.clear();
        wanted.clear();
        for paragraph in &*bounds {
            for at in paragraph.clone() {
                let form = form(at);
                let key = hash(2, form.as_bytes());
                let source = cache.get(key, form).map_or_else(
                    || {
                        features.of(form);
                        rows.clear();
                        let hashes = features.hashes.iter();
                        let found = hashes.filter_map(|h| self.features.find(bytes, *h));
                        rows.extend(found.map(row));
                        engine.vector(arch, bytes, rows, sums, vectors);
                        fresh.push((at as u32, key));
                        NEW | (fresh.len() as u32 - 1)
                    },
                    |slot| {
                        cache.touch(slot);
                        slot as u32
                    },
                );
                // The first token of a paragraph has nothing before it.
                let kind = match at == paragraph.start {
                    true => SPACES,
                    false => space(&text[tokens[at - 1].1 as usize..tokens[at].0 as usize]),
                };
                sources.push((source, kind as u8));
                if at + 1 < paragraph.end {
                    wanted.push(at as u32);
                }
            }
        }
        products.resize(fresh.len() * width, 0);
        if !fresh.is_empty() {
            engine.products(vectors, sums, width, products);
        }
        let fixed = |row: usize| &fixed[row * width..][..width];
        let nothing = fixed(2 + SPACES);
        engine.read(
            arch,
            bounds,
            |at| {
                let (source, kind) = sources[at];
                let product = match source & NEW {
                    0 => cache.product(source as usize),
                    _ => &products[(source & !NEW) as usize * width..][..width],
                };
                [product, fixed(2 + kind as usize)]
            },
            [
                [fixed(BEFORE as usize), nothing],
                [fixed(BEHIND as usize), nothing],
            ],
            sequence,
        );
        for ((at, key), product) in fresh.iter().zip(products.chunks_exact(width)) {
            cache.put(*key, form(*at as usize), Extra::default(), product);
        }
        engine.think(arch, bytes, wanted, &ContextRows::default(), sequence);
    }
}
