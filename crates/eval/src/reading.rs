//! Text -> [`Doc`] by the English pipeline, for evaluators that look at language.
//!
//! One pipeline serves the process; it is read from the crate's own bytes when first asked for. Several
//! evaluators judge one answer one after another on one thread: each thread keeps the texts it read
//! last, so that an answer is read once.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use botsmith_nlp::{Doc, Pipeline};

use crate::Result;

/// Texts that a thread keeps: an answer, its references, its context, its question.
const KEPT: usize = 8;
/// Longer texts are not kept, so that a thread holds little.
const LONGEST_KEPT: usize = 1 << 20;

thread_local! {
    static LAST: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
}

/// A text that was read, and how.
struct Known {
    markdown: bool,
    doc: Arc<Doc>,
}

/// The English pipeline.
///
/// # Errors
/// If this build holds no English model.
pub(crate) fn pipeline() -> Result<&'static Pipeline> {
    static ENGLISH: OnceLock<Pipeline> = OnceLock::new();
    if let Some(pipeline) = ENGLISH.get() {
        return Ok(pipeline);
    }
    let pipeline = Pipeline::english()?;
    Ok(ENGLISH.get_or_init(|| pipeline))
}

/// What is known of an English text: sentences, tokens, tags, morphology, lemmas.
///
/// # Errors
/// If this build holds no English model, or the text is longer than a document can be.
pub(crate) fn read(text: &str) -> Result<Arc<Doc>> {
    known_or(text, false)
}

/// As [`read`], of the prose of an answer in Markdown: code, markup, formulas and addresses are not
/// tagged as language ([`Pipeline::annotate_markdown`]).
///
/// # Errors
/// As [`read`].
pub(crate) fn read_answer(text: &str) -> Result<Arc<Doc>> {
    known_or(text, true)
}

fn known_or(text: &str, markdown: bool) -> Result<Arc<Doc>> {
    let known = LAST.with_borrow_mut(|last| {
        let same = |known: &Known| known.markdown == markdown && known.doc.text() == text;
        let place = last.iter().position(same)?;
        let known = last.remove(place);
        let doc = Arc::clone(&known.doc);
        last.push(known);
        Some(doc)
    });
    if let Some(doc) = known {
        return Ok(doc);
    }
    let doc = Arc::new(match markdown {
        true => pipeline()?.annotate_markdown(text)?,
        false => pipeline()?.annotate(text)?,
    });
    if text.len() <= LONGEST_KEPT {
        LAST.with_borrow_mut(|last| {
            if last.len() == KEPT {
                last.remove(0);
            }
            last.push(Known {
                markdown,
                doc: Arc::clone(&doc),
            });
        });
    }
    Ok(doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once_while_few_others_are() {
        let first = read("She left.").expect("the model is inside");
        let again = read("She left.").expect("the model is inside");
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(
            first.words().next().map(botsmith_nlp::Word::upos),
            Some("PRON")
        );
        for number in 0..KEPT {
            read(&format!("Text {number}.")).expect("the model is inside");
        }
        let later = read("She left.").expect("the model is inside");
        assert!(!Arc::ptr_eq(&first, &later));
        assert_eq!(first, later);
    }

    #[test]
    fn an_answer_in_markdown_is_read_apart_from_the_same_bare_text() {
        let text = "**She** left.";
        let (bare, answer) = (
            read(text).expect("inside"),
            read_answer(text).expect("inside"),
        );
        assert!(bare.tokens().len() > answer.tokens().len());
        assert_eq!(answer.tokens().len(), 3);
        assert!(Arc::ptr_eq(&answer, &read_answer(text).expect("inside")));
    }
}
