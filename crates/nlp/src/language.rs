//! Text -> the language that it is written in, by script and trigrams (Cavnar and Trenkle 1994; crate
//! `whatlang`, 70 languages), with a confidence and the answer "not sure".
//!
//! The first 64 KiB decide. Short texts, names and code are most often not sure. A text in several
//! languages counts as the one that it has most of; languages that are close (Danish and Norwegian) are
//! mistaken for each other.

use serde::Serialize;

use crate::stages::{Layers, Stage};
use crate::{Doc, Result};

/// Bytes that are looked at.
const LOOK: usize = 64 << 10;

/// Which language a text is in.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Language {
    /// Its ISO 639-3 code (`eng`); none where that is not sure.
    pub code: Option<&'static str>,
    /// The code of the likeliest language, sure or not; none where the text holds no letters.
    pub likeliest: Option<&'static str>,
    /// The English name of the likeliest.
    pub name: Option<&'static str>,
    /// The script that most letters are in (`Latin`).
    pub script: Option<String>,
    /// 0 to 1: how far the likeliest is ahead of the second.
    pub confidence: f64,
}

/// The stage `language-id`: layer `language`, a [`Language`].
///
/// ```
/// let identify = botsmith_nlp::language::LanguageId::default();
/// let german = identify.identify("Wir haben das Paket gestern an Ihre neue Adresse geschickt.");
/// assert_eq!((german.code, german.name), (Some("deu"), Some("German")));
/// let unsure = identify.identify("OK 3");
/// assert_eq!(unsure.code, None);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LanguageId {
    /// The least confidence, 0 to 1, to be sure.
    pub min_confidence: f64,
}

impl Default for LanguageId {
    /// Sure from 0.9 on, as `whatlang` itself advises.
    fn default() -> Self {
        Self {
            min_confidence: 0.9,
        }
    }
}

impl LanguageId {
    /// The language of a text.
    pub fn identify(&self, text: &str) -> Language {
        let mut end = text.len().min(LOOK);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let Some(info) = whatlang::detect(&text[..end]) else {
            return Language {
                code: None,
                likeliest: None,
                name: None,
                script: None,
                confidence: 0.0,
            };
        };
        // A few letters fit some language by chance, whatever the trigrams say.
        let letters = text[..end]
            .chars()
            .filter(|c| c.is_alphabetic())
            .take(LETTERS)
            .count();
        let enough = letters == LETTERS || is_own(info.script());
        let sure = info.confidence() >= self.min_confidence && enough;
        let code = info.lang().code();
        Language {
            code: sure.then_some(code),
            likeliest: Some(code),
            name: Some(info.lang().eng_name()),
            script: Some(info.script().name().to_owned()),
            confidence: info.confidence(),
        }
    }
}

/// Letters below which a text in a script of several languages is never sure.
const LETTERS: usize = 12;

/// Whether one language alone is written in a script.
fn is_own(script: whatlang::Script) -> bool {
    use whatlang::Script;
    !matches!(
        script,
        Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari | Script::Hebrew
    )
}

impl Stage for LanguageId {
    fn name(&self) -> &'static str {
        "language-id"
    }

    fn gives(&self) -> Vec<&str> {
        vec!["language"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put("language", self.identify(doc.text()));
        Ok(())
    }
}
