//! Tags of a sentence -> noun phrases without what follows their noun (base noun phrases, as in Ramshaw and
//! Marcus 1995, <https://aclanthology.org/W95-0107>).
//!
//! A chunk is, from left to right:
//! 1. determiners and possessive pronouns (`all the`, `my`);
//! 2. modifiers: adjectives, numbers, symbols; an adverb before an adjective (`very old`); two adjectives
//!    with a comma or conjunction between; behind any of these, a participle before a noun (`the broken
//!    glass`);
//! 3. nouns and names, a number behind a name (`Chapter 3`); a hyphen or slash without blanks joins;
//! 4. after a possessive `'s`, steps 2 and 3 again (`the company's new car` is one chunk).
//!
//! A personal or demonstrative pronoun alone is a chunk as well; relative and question words are not. The
//! head is the last noun. Participles, possessives and question words are told by XPOS tags of the Penn
//! Treebank; where a model has other tags, these rules never apply. Relations between words are not known:
//! prepositional phrases and relative clauses are never part of a chunk.

use serde::Serialize;

use crate::stages::{Layers, Stage};
use crate::{Doc, Result, Sentence, Span, Word};

/// One noun phrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Chunk {
    /// Where.
    #[serde(flatten)]
    pub span: Span,
    /// The number of its head word in the document.
    pub head: usize,
}

/// All noun phrases of a tagged document, in order.
///
/// ```
/// # #[cfg(feature = "english")] {
/// let doc = botsmith_nlp::Pipeline::english()?.annotate("The old dog saw her neighbour's two cats.")?;
/// let chunks = botsmith_nlp::chunks::chunks(&doc);
/// let texts: Vec<_> = chunks.iter().map(|chunk| chunk.span.text(&doc)).collect();
/// assert_eq!(texts, ["The old dog", "her neighbour's two cats"]);
/// # }
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub fn chunks(doc: &Doc) -> Vec<Chunk> {
    let mut found = Vec::new();
    for sentence in doc.sentences() {
        of_sentence(sentence, &mut found);
    }
    found
}

/// Adds the noun phrases of a sentence.
pub(crate) fn of_sentence(sentence: Sentence<'_>, found: &mut Vec<Chunk>) {
    let doc = sentence.doc();
    let words = Words {
        doc,
        end: sentence.word_range().end,
    };
    let mut at = sentence.word_range().start;
    while at < words.end {
        if words.is_pronoun(at) {
            found.extend(Span::of(doc, at..at + 1).map(|span| Chunk { span, head: at }));
            at += 1;
            continue;
        }
        let (chunk, seen) = words.chunk(at);
        match chunk {
            Some((head, end)) => {
                found.extend(Span::of(doc, at..end).map(|span| Chunk { span, head }));
                at = end;
            }
            // No noun in what was seen: none begins in it.
            None => at = seen.max(at + 1),
        }
    }
}

struct Words<'a> {
    doc: &'a Doc,
    end: usize,
}

impl<'a> Words<'a> {
    fn get(&self, at: usize) -> Option<Word<'a>> {
        self.doc.word(at).filter(|_| at < self.end)
    }

    fn upos(&self, at: usize) -> &'a str {
        self.get(at).map_or("", Word::upos)
    }

    fn xpos(&self, at: usize) -> &'a str {
        self.get(at).map_or("", Word::xpos)
    }

    fn is_pronoun(&self, at: usize) -> bool {
        self.upos(at) == "PRON" && !self.is_possessive(at) && !self.xpos(at).starts_with('W')
    }

    fn is_possessive(&self, at: usize) -> bool {
        matches!(self.xpos(at), "PRP$" | "WP$")
    }

    fn is_noun(&self, at: usize) -> bool {
        matches!(self.upos(at), "NOUN" | "PROPN")
    }

    fn is_modifier(&self, at: usize) -> bool {
        matches!(self.upos(at), "ADJ" | "NUM" | "SYM")
    }

    fn is_participle(&self, at: usize) -> bool {
        matches!(self.xpos(at), "VBN" | "VBG") && self.upos(at) == "VERB"
    }

    /// Whether a hyphen or slash stands here between words without blanks.
    fn joins(&self, at: usize) -> bool {
        let Some(word) = self
            .get(at)
            .filter(|word| matches!(word.form(), "-" | "–" | "/"))
        else {
            return false;
        };
        let before = at.checked_sub(1).and_then(|at| self.doc.word(at));
        before.is_some_and(|before| before.span().end == word.span().start)
            && self
                .get(at + 1)
                .is_some_and(|next| next.span().start == word.span().end)
            && (self.is_noun(at + 1) || self.is_modifier(at + 1))
    }

    /// The head and the end of the chunk that begins here, and how far was looked.
    fn chunk(&self, start: usize) -> (Option<(usize, usize)>, usize) {
        let mut at = start;
        while self.upos(at) == "DET" || self.is_possessive(at) {
            at += 1;
        }
        let mut found = None;
        // Whether the last word was a noun of this chunk.
        let mut after_noun = false;
        while at < self.end {
            let adjective_before = at > start && self.upos(at - 1) == "ADJ";
            if self.is_noun(at) {
                found = Some((at, at + 1));
                after_noun = true;
            } else if after_noun {
                match found {
                    Some((head, _)) if self.upos(at) == "NUM" && self.upos(head) == "PROPN" => {
                        found = Some((head, at + 1));
                    }
                    _ if self.xpos(at) == "POS" => after_noun = false,
                    _ if self.joins(at) => after_noun = false,
                    _ => break,
                }
            } else if self.is_modifier(at)
                || (self.upos(at) == "ADV" && self.upos(at + 1) == "ADJ")
                || (at > start
                    && self.is_participle(at)
                    && (self.is_noun(at + 1) || self.upos(at + 1) == "ADJ"))
                || (adjective_before
                    && self.upos(at + 1) == "ADJ"
                    && (self.upos(at) == "CCONJ" || self.get(at).is_some_and(|w| w.form() == ",")))
                || (at > start && self.joins(at))
            {
            } else {
                break;
            }
            at += 1;
        }
        (found, at)
    }
}

/// The stage `chunks`: layer `chunks`, a [`Vec`] of [`Chunk`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Chunks;

impl Stage for Chunks {
    fn name(&self) -> &'static str {
        "chunks"
    }

    fn needs(&self) -> Vec<&str> {
        vec!["sentences", "tags"]
    }

    fn gives(&self) -> Vec<&str> {
        vec!["chunks"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put("chunks", chunks(doc));
        Ok(())
    }
}
