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
    static LAST: RefCell<Vec<Arc<Doc>>> = const { RefCell::new(Vec::new()) };
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
    let known = LAST.with_borrow_mut(|last| {
        let place = last.iter().position(|doc| doc.text() == text)?;
        let doc = last.remove(place);
        last.push(Arc::clone(&doc));
        Some(doc)
    });
    if let Some(doc) = known {
        return Ok(doc);
    }
    let doc = Arc::new(pipeline()?.annotate(text)?);
    if text.len() <= LONGEST_KEPT {
        LAST.with_borrow_mut(|last| {
            if last.len() == KEPT {
                last.remove(0);
            }
            last.push(Arc::clone(&doc));
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
        assert_eq!(first.words().next().map(|word| word.upos()), Some("PRON"));
        for number in 0..KEPT {
            read(&format!("Text {number}.")).expect("the model is inside");
        }
        let later = read("She left.").expect("the model is inside");
        assert!(!Arc::ptr_eq(&first, &later));
        assert_eq!(first, later);
    }
}
