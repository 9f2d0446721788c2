//! What an answer must be: a JSON Schema, a regular expression or a Lark grammar -> which tokens may
//! come next.
//!
//! The work is done by llguidance (<https://github.com/guidance-ai/llguidance>), with its limits on
//! the size of a grammar and the work of a step. Grammars are compiled once a request; the tables of
//! the tokenizer once a model. A grammar can also hold parts of an answer only (`constraint/marked.rs`).

mod follow;
mod marked;

use std::collections::BTreeMap;
use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{ApproximateTokEnv, SimpleVob, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher as Inner, ParserFactory};
use serde_json::Value;

use self::marked::Following;
use super::error::{EngineError, Result};
use super::tokenizer::Tokenizer;
use crate::schema_depth::{self, on_a_deep_stack};

pub use marked::MarkedText;

/// What an answer must be.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Grammar {
    /// JSON that this schema allows.
    JsonSchema(Value),
    /// Any JSON.
    Json,
    /// Text that this expression matches from beginning to end (Rust's syntax).
    Regex(String),
    /// Text of this grammar, in Lark's syntax as llguidance reads it; its rule `start`.
    Lark(String),
    /// Any text, parts of which are held.
    Marked(MarkedText),
}

/// Bytes that a grammar may have.
const TEXT: usize = 1 << 20;
/// Colons of a grammar, and so its rules.
const COLONS: usize = 4096;
/// Bytes of a grammar that is too small to nest deep.
const SHALLOW: usize = 1 << 10;

impl Grammar {
    /// Whether any text may come first, or the grammar governs from the first token.
    pub fn leaves_the_beginning_free(&self) -> bool {
        matches!(self, Self::Marked(_))
    }

    /// The grammar as llguidance takes it, and how many bytes it has.
    fn compiled(&self) -> Result<(TopLevelGrammar, usize)> {
        let wrong = |message: String| Err(EngineError::Grammar(message));
        let (what, size) = match self {
            Self::Json => ("schema", 0),
            Self::JsonSchema(schema) => {
                schema_depth::references(schema).map_err(EngineError::Grammar)?;
                ("schema", schema.to_string().len())
            }
            Self::Regex(text) => ("expression", text.len()),
            Self::Lark(text) => {
                // Each rule has one, and so has each field of a schema that stands in a grammar.
                let colons = text.matches(':').count();
                if colons > COLONS {
                    return wrong(format!(
                        "the grammar has {colons} colons, at most {COLONS} are read"
                    ));
                }
                ("grammar", text.len())
            }
            Self::Marked(_) => {
                return wrong("a stretch behind a mark cannot have marks itself".into());
            }
        };
        if size > TEXT {
            return wrong(format!(
                "the {what} has {size} bytes, at most {TEXT} are read"
            ));
        }
        let grammar = match self {
            Self::Json | Self::Marked(_) => {
                TopLevelGrammar::from_json_schema(Value::Object(serde_json::Map::new()))
            }
            Self::JsonSchema(schema) => TopLevelGrammar::from_json_schema(schema.clone()),
            Self::Regex(text) => TopLevelGrammar::from_regex(text),
            Self::Lark(text) => TopLevelGrammar::from_lark(text.clone()),
        };
        Ok((grammar, size))
    }
}

/// The tables of one tokenizer.
pub(crate) struct Grammars {
    factory: ParserFactory,
}

impl std::fmt::Debug for Grammars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grammars").finish_non_exhaustive()
    }
}

fn grammar_error(error: &impl std::fmt::Display) -> EngineError {
    let text = error.to_string();
    EngineError::Grammar(crate::hint::shown(text.trim()))
}

impl Grammars {
    /// Reads the tables; `rows` is the length of the model's logits, `ends` what ends an answer.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] for a tokenizer whose tokens' bytes are not known.
    pub(crate) fn new(tokenizer: &Tokenizer, rows: usize, ends: &[u32]) -> Result<Self> {
        let words = words(tokenizer, rows)?;
        let end = ends.first().copied().unwrap_or(0);
        let info = TokRxInfo::new(words.len() as u32, end);
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(TokTrie::from(&info, &words)));
        let mut factory =
            ParserFactory::new_simple(&environment).map_err(|error| grammar_error(&error))?;
        factory.quiet();
        factory.limits_mut().verbose_errors = false;
        Ok(Self { factory })
    }

    /// A matcher at the beginning of an answer.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] with what is wrong with the grammar.
    pub(crate) fn matcher(&self, grammar: &Grammar) -> Result<Matcher> {
        let begin = |grammar: &Grammar| {
            let (grammar, size) = grammar.compiled()?;
            let compile = || Inner::new(self.factory.create_parser(grammar));
            let inner = match size <= SHALLOW {
                true => compile(),
                false => on_a_deep_stack(compile),
            };
            match inner.get_error() {
                Some(error) => Err(grammar_error(&error)),
                None => Ok(inner),
            }
        };
        Ok(Matcher(match grammar {
            Grammar::Marked(text) => {
                let tokens = Arc::clone(self.factory.tok_env());
                Parts::Marked(Following::new(text, tokens, begin)?)
            }
            whole => Parts::Whole(begin(whole)?),
        }))
    }
}

/// The bytes of every token, by id.
fn words(tokenizer: &Tokenizer, rows: usize) -> Result<Vec<Vec<u8>>> {
    let inner = tokenizer.inner();
    let text = inner
        .to_string(false)
        .map_err(|error| grammar_error(&error))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| grammar_error(&error))?;
    let decoder = json["decoder"].to_string();
    let byte_level = decoder.contains("ByteLevel");
    let byte_fallback = decoder.contains("ByteFallback") || decoder.contains("Metaspace");
    if !byte_level && !byte_fallback {
        return Err(EngineError::Grammar(
            "the tokenizer is neither byte-level nor SentencePiece: its tokens' bytes are not known".into(),
        ));
    }
    let bytes_of = byte_level_table();
    let mut words = vec![Vec::new(); rows];
    for (token, id) in inner.get_vocab(false) {
        if let Some(word) = words.get_mut(id as usize) {
            *word = match byte_level {
                true => token
                    .chars()
                    .filter_map(|c| bytes_of.get(&c).copied())
                    .collect(),
                false => piece(&token),
            };
        }
    }
    for (id, added) in inner.get_added_tokens_decoder() {
        if let Some(word) = words.get_mut(id as usize) {
            *word = added.content.as_bytes().to_vec();
            if added.special {
                word.insert(0, TokTrie::SPECIAL_TOKEN_MARKER);
            }
        }
    }
    Ok(words)
}

/// A SentencePiece token: `▁` is a blank, `<0x0A>` a byte.
fn piece(token: &str) -> Vec<u8> {
    let byte = token
        .strip_prefix("<0x")
        .and_then(|rest| rest.strip_suffix('>'))
        .filter(|digits| digits.len() == 2)
        .and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match byte {
        Some(byte) => vec![byte],
        None => token.replace('\u{2581}', " ").into_bytes(),
    }
}

/// GPT-2's letters for bytes.
fn byte_level_table() -> BTreeMap<char, u8> {
    let mut table = BTreeMap::new();
    let mut next = 256_u32;
    for byte in 0..=255_u8 {
        let shown = matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
        let letter = if shown {
            char::from(byte)
        } else {
            next += 1;
            char::from_u32(next - 1).expect("a letter of Latin Extended-A")
        };
        table.insert(letter, byte);
    }
    table
}

/// Follows one answer.
pub(crate) struct Matcher(Parts);

/// How much of the answer is held.
#[allow(clippy::large_enum_variant, reason = "there is one an answer")]
enum Parts {
    Whole(Inner),
    Marked(Following),
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matcher").finish_non_exhaustive()
    }
}

/// The tokens that may come next.
#[derive(Debug)]
pub(crate) struct Allowed {
    /// `None`: all.
    tokens: Option<SimpleVob>,
    /// Whether the answer may end here.
    pub(crate) end: bool,
}

impl Allowed {
    const ANY: Self = Self {
        tokens: None,
        end: true,
    };

    pub(crate) fn allows(&self, token: u32) -> bool {
        let tokens = self.tokens.as_ref();
        tokens.is_none_or(|all| (token as usize) < all.len() && all.is_allowed(token))
    }
}

impl Matcher {
    /// The tokens that may come next.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] where the work of a step has no end.
    pub(crate) fn allowed(&mut self) -> Result<Allowed> {
        match &mut self.0 {
            Parts::Whole(inner) => follow::allowed(inner),
            Parts::Marked(text) => text.allowed(),
        }
    }

    /// Takes the token that was chosen. Whether the answer is complete.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] for a token that was not allowed.
    pub(crate) fn take(&mut self, token: u32) -> Result<bool> {
        match &mut self.0 {
            Parts::Whole(inner) => follow::take(inner, token),
            Parts::Marked(text) => text.take(token).map(|()| false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_bytes_go_both_ways() {
        let table = byte_level_table();
        assert_eq!(table.len(), 256);
        assert_eq!(table[&'Ġ'], b' ');
        assert_eq!(table[&'Ċ'], b'\n');
        assert_eq!(table[&'a'], b'a');
        assert_eq!(piece("▁the"), b" the");
        assert_eq!(piece("<0x0A>"), b"\n");
        assert_eq!(piece("<0x>"), b"<0x>");
    }
}
