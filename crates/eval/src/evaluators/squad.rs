//! `exact-match`, `token-f1`: as the official SQuAD v1.1 script computes them (Rajpurkar et al.
//! 2016, <https://doi.org/10.18653/v1/D16-1264>; `evaluate-v1.1.py`).
//!
//! Normalisation: lower case; ASCII punctuation removed; the articles a, an, the removed; white
//! space made single. Two texts of which nothing is left match exactly, and have a token F1 of 0.

#![allow(clippy::doc_markdown, reason = "SQuAD is a name")]

use std::cell::RefCell;

use botsmith_core::yaml::Fields;
use unicode_normalization::char::is_combining_mark;

use super::builtin::{Builtin, VALUE, Wanted, whole};
use super::{Docs, Evaluator, Range, Scope, Subject};
use crate::{Result, Score, Verdict, text};

pub(super) const EXACT_MATCH: Builtin = Builtin {
    docs: Docs {
        name: "exact-match",
        about: "Whether answer and reference are the same after SQuAD's normalisation (case, punctuation, articles, white space).",
        formula: "max over references of [normalise(answer) = normalise(reference)]",
        range: Range::UNIT,
        decides: true,
        compares: true,
        options: &[VALUE],
        example: "- exact-match   # reference \"Eiffel Tower\": \"the Eiffel tower.\" gives 1",
        scalar: Some("value"),
    },
    build: |options, _| Ok(Box::new(ExactMatch(Wanted::read(options)?))),
};

pub(super) const TOKEN_F1: Builtin = Builtin {
    docs: Docs {
        name: "token-f1",
        about: "How many words answer and reference share, after SQuAD's normalisation.",
        formula: "max over references of 2PR / (P + R); P and R are shared words (as a multiset) by words of the answer and of the reference",
        range: Range::UNIT,
        decides: false,
        compares: true,
        options: &[VALUE],
        example: "- token-f1: {threshold: 0.5}   # reference \"the cat sat\": \"a cat\" gives 0.667",
        scalar: Some("value"),
    },
    build,
};

/// Whether two texts are the same after [SQuAD's normalisation](squad_normalise).
///
/// ```
/// use botsmith_eval::evaluators::exact_match;
/// assert!(exact_match("The Eiffel Tower!", "eiffel tower"));
/// ```
pub fn exact_match(answer: &str, reference: &str) -> bool {
    matches_any(answer, std::iter::once(reference))
}

/// Token F1 after [SQuAD's normalisation](squad_normalise), in `[0, 1]`.
///
/// ```
/// use botsmith_eval::evaluators::token_f1;
/// assert_eq!(token_f1("a cat", "the cat sat"), 2.0 / 3.0);
/// ```
pub fn token_f1(answer: &str, reference: &str) -> f64 {
    best_f1(answer, std::iter::once(reference))
}

/// A text as SQuAD's script normalises it.
///
/// ```
/// use botsmith_eval::evaluators::squad_normalise;
/// assert_eq!(squad_normalise("An apple,  the tree & a U.S. dog"), "apple tree us dog");
/// ```
pub fn squad_normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    normalise_into(text, &mut out);
    out
}

/// Python's `\w`: letters, digits and other numbers, without marks and circled letters.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let circled = matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    c.is_alphanumeric() && !circled && !is_combining_mark(c)
}

/// Python's `str.split()`: Unicode white space and the four ASCII separators.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

fn normalise_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        normalise_chars(text.chars().map(|c| c.to_ascii_lowercase()), out);
    } else {
        // As a whole: the lower case of Σ depends on its place.
        normalise_chars(text.to_lowercase().chars(), out);
    }
}

fn normalise_chars(chars: impl Iterator<Item = char>, out: &mut String) {
    // Where the current run of word characters starts in `out`.
    let mut run = 0;
    for c in chars {
        if c.is_ascii_punctuation() {
            continue;
        }
        if is_word(c) {
            out.push(c);
            continue;
        }
        drop_article(out, run);
        if is_space(c) {
            push_space(out);
        } else {
            out.push(c);
        }
        run = out.len();
    }
    drop_article(out, run);
    if out.ends_with(' ') {
        out.pop();
    }
}

fn drop_article(out: &mut String, run: usize) {
    if matches!(&out[run..], "a" | "an" | "the") {
        out.truncate(run);
        push_space(out);
    }
}

fn push_space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Buffers that are used again, so that judging allocates nothing.
#[derive(Default)]
struct Scratch {
    answer: String,
    reference: String,
    /// Tokens as a key that orders most of them, and their place.
    answer_tokens: Vec<(u64, u32, u32)>,
    reference_tokens: Vec<(u64, u32, u32)>,
}

fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    thread_local! {
        static SCRATCH: RefCell<Scratch> = RefCell::default();
    }
    SCRATCH.with_borrow_mut(|scratch| {
        let result = work(scratch);
        // One huge answer does not keep its memory for ever.
        if scratch.answer.capacity() + scratch.reference.capacity() > 1 << 20 {
            *scratch = Scratch::default();
        }
        result
    })
}

fn tokens(text: &str, out: &mut Vec<(u64, u32, u32)>) {
    out.clear();
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b' ', &bytes[start..]).map_or(bytes.len(), |n| start + n);
        let mut head = [0; 8];
        let short = (end - start).min(8);
        head[..short].copy_from_slice(&bytes[start..start + short]);
        // Texts are bounded far below 4 GiB by every reader of them.
        out.push((u64::from_be_bytes(head), start as u32, end as u32));
        start = end + 1;
    }
    let slice = |t: &(u64, u32, u32)| &bytes[t.1 as usize..t.2 as usize];
    out.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| slice(a).cmp(slice(b))));
}

impl Scratch {
    /// Token F1 of the normalised answer with a reference.
    fn f1(&mut self, reference: &str) -> f64 {
        normalise_into(reference, &mut self.reference);
        tokens(&self.answer, &mut self.answer_tokens);
        tokens(&self.reference, &mut self.reference_tokens);
        let shared = self.shared();
        if shared == 0 {
            return 0.0;
        }
        let precision = shared as f64 / self.answer_tokens.len() as f64;
        let recall = shared as f64 / self.reference_tokens.len() as f64;
        // In the script's order, so that the bits are the same.
        (2.0 * precision * recall) / (precision + recall)
    }

    /// The size of the multiset intersection of the sorted tokens.
    fn shared(&self) -> usize {
        let (mut i, mut j, mut shared) = (0, 0, 0);
        while let (Some(a), Some(b)) = (self.answer_tokens.get(i), self.reference_tokens.get(j)) {
            let x = &self.answer[a.1 as usize..a.2 as usize];
            let y = &self.reference[b.1 as usize..b.2 as usize];
            match a.0.cmp(&b.0).then_with(|| x.cmp(y)) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    i += 1;
                    j += 1;
                }
            }
        }
        shared
    }
}

fn matches_any<'a>(answer: &str, mut references: impl Iterator<Item = &'a str>) -> bool {
    with_scratch(|scratch| {
        normalise_into(answer, &mut scratch.answer);
        references.any(|reference| {
            normalise_into(reference, &mut scratch.reference);
            scratch.answer == scratch.reference
        })
    })
}

fn best_f1<'a>(answer: &str, references: impl Iterator<Item = &'a str>) -> f64 {
    with_scratch(|scratch| {
        normalise_into(answer, &mut scratch.answer);
        references
            .map(|reference| scratch.f1(reference))
            .fold(0.0, f64::max)
    })
}

#[derive(Debug)]
struct ExactMatch(Wanted);

impl Evaluator for ExactMatch {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.0.texts(subject, "exact-match")?;
        let equal = matches_any(subject.text, wanted.iter());
        if equal {
            return Ok(whole(Score::pass_fail(true), subject, true).into());
        }
        let reason = format!(
            "expected {}, found {}",
            text::alternatives(wanted.iter()),
            text::quote(subject.text)
        );
        Ok(Score::pass_fail(false).because(reason).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        let each = references.iter().copied();
        let plain = self.0.is_references();
        plain.then(|| f64::from(u8::from(matches_any(candidate, each))))
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.0.is_references()
    }
}

#[derive(Debug)]
struct TokenF1(Wanted);

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(TokenF1(Wanted::read(options)?)))
}

impl Evaluator for TokenF1 {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.0.texts(subject, "token-f1")?;
        Ok(Score::graded(best_f1(subject.text, wanted.iter())).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        let each = references.iter().copied();
        let plain = self.0.is_references();
        plain.then(|| best_f1(candidate, each))
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.0.is_references()
    }
}
