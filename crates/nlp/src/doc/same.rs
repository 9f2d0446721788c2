//! When two documents are the same: same text, same spans, same words, whatever the ids of their
//! tags and the places of their strings.

use super::Doc;

impl PartialEq for Doc {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
            && self.token_start == other.token_start
            && self.token_end == other.token_end
            && self.token_word == other.token_word
            && self.sentence_token == other.sentence_token
            && self.word_start == other.word_start
            && self.word_end == other.word_end
            && self.extras == other.extras
            && self.words().zip(other.words()).all(|(a, b)| {
                a.form() == b.form()
                    && a.lemma() == b.lemma()
                    && a.upos() == b.upos()
                    && a.xpos() == b.xpos()
                    && a.feats().as_str() == b.feats().as_str()
            })
    }
}

impl Eq for Doc {}
