//! The working room of one call, and the sentences in it that wait to be tagged together.

use std::ops::Range;

use super::Pipeline;
use crate::doc::DocBuilder;
use crate::{sentences, tagger, tokenise};

#[derive(Debug)]
pub(super) struct Room {
    pub(super) tokens: Vec<(u32, u32)>,
    pub(super) ends: Vec<usize>,
    pub(super) lower: String,
    pub(super) tokenise: tokenise::Room,
    pub(super) sentences: sentences::Room,
    pub(super) tagger: tagger::Room,
    /// Sentences that wait to be tagged, as ranges of words.
    pub(super) sentences_of_words: Vec<Range<usize>>,
}

/// Words that are tagged at once at least, where there are so many.
const BATCH: usize = 128;

impl Room {
    /// Lets a sentence wait to be tagged.
    pub(super) fn wait(&mut self, words: Range<usize>) {
        if !words.is_empty() {
            self.sentences_of_words.push(words);
        }
    }

    /// Tags the sentences that wait, once there are enough words or where `all` is said.
    pub(super) fn tag(
        &mut self,
        pipeline: &Pipeline,
        lemmas: bool,
        all: bool,
        builder: &mut DocBuilder,
    ) {
        let (Some(first), Some(last)) = (
            self.sentences_of_words.first(),
            self.sentences_of_words.last(),
        ) else {
            return;
        };
        if all || last.end - first.start >= BATCH {
            let bytes = &pipeline.model.bytes;
            let sentences = &self.sentences_of_words;
            let room = &mut self.tagger;
            pipeline
                .model
                .tagger
                .tag(pipeline.arch, bytes, sentences, lemmas, room, builder);
            self.sentences_of_words.clear();
        }
    }
}
