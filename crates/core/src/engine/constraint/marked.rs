//! Any text, in which a grammar holds what follows a mark: a call of a tool that nobody demands.
//!
//! Until a mark was written nothing is looked at but the text; behind it the grammar says which tokens may
//! come, until it is complete, and then any text may come again. A mark can end in the middle of a token: the
//! rest of that token is given to the grammar, and where it does not take it, the stretch is left as it is.

use llguidance::Matcher as Inner;
use llguidance::toktrie::{TokEnv, TokTrie};

use super::super::error::Result;
use super::{Allowed, Grammar, follow};

/// Any text, with marks behind which a grammar holds it.
///
/// ```
/// use botsmith_core::engine::{Grammar, MarkedText};
/// let mut text = MarkedText::default();
/// text.marks = vec![("<n>".into(), Grammar::Regex("[0-9]+</n>".into()))];
/// let grammar = Grammar::Marked(text);
/// assert!(grammar.leaves_the_beginning_free());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MarkedText {
    /// What stands before a held stretch, and what the stretch must be. Empty marks are ignored.
    pub marks: Vec<(String, Grammar)>,
    /// Whether a mark counts only where nothing but blanks stands before it.
    pub only_first: bool,
    /// The two ends of a thought, in which no mark counts; one may stand at the beginning.
    pub thought: Option<(String, String)>,
    /// Whether the text begins inside of a thought.
    pub thinking: bool,
}

/// Where a text is.
enum At {
    Thought,
    Free,
    Held(Box<Inner>),
}

/// Follows one text.
pub(super) struct Following {
    tokens: TokEnv,
    /// Each mark with the beginning of its stretch.
    marks: Vec<(Vec<u8>, Inner)>,
    only_first: bool,
    thought: Option<(Vec<u8>, Vec<u8>)>,
    at: At,
    /// Bytes that are not looked at yet, or may be the beginning of a mark.
    tail: Vec<u8>,
    /// Whether only blanks stand before the tail.
    blank: bool,
}

/// Where `part` begins in `text`.
fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

impl Following {
    /// Reads every grammar, so that a broken one is told before the first token.
    pub(super) fn new(
        text: &MarkedText,
        tokens: TokEnv,
        mut begin: impl FnMut(&Grammar) -> Result<Inner>,
    ) -> Result<Self> {
        let mut marks = Vec::new();
        for (mark, grammar) in text.marks.iter().filter(|(mark, _)| !mark.is_empty()) {
            marks.push((mark.clone().into_bytes(), begin(grammar)?));
        }
        let ends = |(open, close): &(String, String)| {
            (open.clone().into_bytes(), close.clone().into_bytes())
        };
        let thought = text.thought.as_ref();
        let thought = thought.filter(|(open, close)| !open.is_empty() && !close.is_empty());
        Ok(Self {
            tokens,
            marks,
            only_first: text.only_first,
            at: match text.thinking && thought.is_some() {
                true => At::Thought,
                false => At::Free,
            },
            thought: thought.map(ends),
            tail: Vec::new(),
            blank: true,
        })
    }

    pub(super) fn allowed(&mut self) -> Result<Allowed> {
        match &mut self.at {
            At::Held(inner) => follow::allowed(inner),
            At::Thought | At::Free => Ok(Allowed::ANY),
        }
    }

    pub(super) fn take(&mut self, token: u32) -> Result<()> {
        if let At::Held(inner) = &mut self.at {
            if follow::take(inner, token)? {
                self.at = At::Free;
                self.blank = false;
            }
            return Ok(());
        }
        let word = self.tokens.tok_trie().token(token);
        let word = match word.first() {
            Some(&TokTrie::SPECIAL_TOKEN_MARKER) => &word[1..],
            _ => word,
        };
        self.tail.extend_from_slice(word);
        self.look();
        Ok(())
    }

    /// Goes through the tail as far as it is certain.
    fn look(&mut self) {
        loop {
            match &self.at {
                At::Held(_) => return,
                At::Thought => {
                    let Some((_, close)) = &self.thought else {
                        self.at = At::Free;
                        continue;
                    };
                    let Some(at) = find(&self.tail, close) else {
                        let held = close.len() - 1;
                        self.forget(held);
                        return;
                    };
                    self.tail.drain(..at + close.len());
                    self.at = At::Free;
                }
                At::Free => {
                    if !self.leave() {
                        return;
                    }
                }
            }
        }
    }

    /// Goes from free text into a thought or a held stretch, if the tail has the beginning of one.
    fn leave(&mut self) -> bool {
        let counts = |at: usize| self.blank && self.tail[..at].iter().all(u8::is_ascii_whitespace);
        let thought = self.thought.as_ref().and_then(|(open, _)| {
            let at = find(&self.tail, open).filter(|at| counts(*at))?;
            Some((at, at + open.len(), None))
        });
        let marked = self
            .marks
            .iter()
            .enumerate()
            .filter_map(|(number, (mark, _))| {
                let at = find(&self.tail, mark)?;
                (!self.only_first || counts(at)).then_some((at, at + mark.len(), Some(number)))
            });
        let Some((_, end, mark)) = marked.chain(thought).min_by_key(|(at, ..)| *at) else {
            let opens = self.thought.iter().map(|(open, _)| open.len());
            let marks = self.marks.iter().map(|(mark, _)| mark.len());
            let longest = opens.chain(marks).max().unwrap_or(1);
            self.blank &= self.forget(longest - 1);
            return false;
        };
        self.tail.drain(..end);
        let Some(mark) = mark else {
            self.at = At::Thought;
            return true;
        };
        self.blank = false;
        let mut inner = self.marks[mark].1.deep_clone();
        let rest = self.tokens.tok_trie().greedy_tokenize(&self.tail);
        let taken = inner.try_consume_tokens(&rest);
        if taken.is_ok_and(|taken| taken == rest.len()) && !inner.is_stopped() {
            self.tail.clear();
            self.at = At::Held(Box::new(inner));
        }
        true
    }

    /// Keeps the last `held` bytes of the tail, which may be the beginning of a mark. Whether the others are blanks.
    fn forget(&mut self, held: usize) -> bool {
        let gone = self.tail.len().saturating_sub(held);
        self.tail
            .drain(..gone)
            .all(|byte| byte.is_ascii_whitespace())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Grammars, Matcher};
    use super::*;
    use crate::engine::tokenizer::Tokenizer;
    use crate::engine::tool_calls::ToolFormat;

    fn tokenizer() -> Tokenizer {
        let file = "tests/engine/models/decoder-tokenizer.json";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Tokenizer::from_json(&path, &std::fs::read(&path).unwrap()).unwrap()
    }

    /// `<n>` before a number in `<n>12;`, outside of thoughts.
    fn text() -> MarkedText {
        MarkedText {
            marks: vec![("<n>".into(), Grammar::Regex("[0-9]{2};".into()))],
            thought: Some(("<t>".into(), "</t>".into())),
            ..MarkedText::default()
        }
    }

    fn begin(text: MarkedText) -> Matcher {
        let tokenizer = tokenizer();
        let rows = tokenizer.inner().get_vocab_size(true);
        let grammars = Grammars::new(&tokenizer, rows, &[1]).unwrap();
        grammars.matcher(&Grammar::Marked(text)).unwrap()
    }

    /// Writes a text; gives how many tokens may come next, and whether the answer may end.
    fn after(matcher: &mut Matcher, written: &str) -> (usize, bool) {
        let tokenizer = tokenizer();
        for id in tokenizer.encode(written, false).unwrap() {
            assert!(!matcher.take(id).unwrap());
        }
        let allowed = matcher.allowed().unwrap();
        let count = (0..tokenizer.inner().get_vocab_size(true) as u32)
            .filter(|id| allowed.allows(*id))
            .count();
        (count, allowed.end)
    }

    #[test]
    fn text_is_free_but_for_what_follows_a_mark() {
        let all = tokenizer().inner().get_vocab_size(true);
        let digits = 10;
        let cases = [
            ("", (all, true)),
            ("a <n", (all, true)),
            ("a <n>", (digits, false)),
            ("a <n>1", (digits, false)),
            ("a <n>12", (1, false)),
            ("a <n>12;", (all, true)),
            ("a <n>12; b <n>3", (digits, false)),
            ("a <m>1", (all, true)),
            // A thought at the beginning has no marks, one in the middle is none.
            ("<t>a <n>", (all, true)),
            (" \n<t>a <n></t><n>", (digits, false)),
            ("a<t><n>", (digits, false)),
        ];
        for (written, wanted) in cases {
            assert_eq!(after(&mut begin(text()), written), wanted, "{written:?}");
        }
    }

    #[test]
    fn a_text_may_begin_inside_of_a_thought_and_marks_may_count_at_its_beginning_only() {
        let all = tokenizer().inner().get_vocab_size(true);
        let inside = |written| {
            let mut text = text();
            text.thinking = true;
            after(&mut begin(text), written)
        };
        assert_eq!(inside("<n>"), (all, true));
        assert_eq!(inside("so</t>\n<n>"), (10, false));
        let first = |written| {
            let mut text = text();
            text.only_first = true;
            after(&mut begin(text), written)
        };
        assert_eq!(first("\n <n>"), (10, false));
        assert_eq!(first("<t>x</t> <n>"), (10, false));
        assert_eq!(first("Yes: <n>"), (all, true));
        assert_eq!(first("<n>12; <n>"), (all, true));
    }

    #[test]
    fn the_rest_of_a_token_that_ends_a_mark_belongs_to_the_grammar_if_it_takes_it() {
        let all = tokenizer().inner().get_vocab_size(true);
        // ` th` is one token: the mark ends in its middle.
        let marked = |then: &str| MarkedText {
            marks: vec![("a t".into(), Grammar::Regex(then.into()))],
            ..MarkedText::default()
        };
        let ids = tokenizer().encode("a th", false).unwrap();
        assert_eq!(ids.len(), 2);
        assert_eq!(after(&mut begin(marked("h[xy]z")), "a th"), (2, false));
        assert_eq!(after(&mut begin(marked("[xy]z")), "a th"), (all, true));
    }

    #[test]
    fn bare_json_is_a_call_from_the_name_of_a_tool_on() {
        let tool = crate::chat::ToolSpec {
            name: "add".into(),
            description: None,
            parameters: serde_json::json!({"const": 7}),
        };
        let all = tokenizer().inner().get_vocab_size(true);
        let held = || ToolFormat::Llama.held(&[&tool], |_| None);
        for (written, wanted) in [
            ("{\"name\": \"add", (all, true)),
            ("{\"name\": \"add\"", (1, false)),
            ("{\"name\": \"add\", \"parameters\": 7", (1, false)),
            ("{\"name\": \"add\", \"parameters\": 7}", (all, true)),
            ("{\"name\": \"Ada\"", (all, true)),
            ("Hm: {\"name\": \"add\"", (all, true)),
        ] {
            assert_eq!(after(&mut begin(held()), written), wanted, "{written:?}");
        }
    }

    #[test]
    fn what_the_schema_of_a_tool_refers_to_is_found_inside_of_a_call() {
        let tool = |name: &str| crate::chat::ToolSpec {
            name: name.into(),
            description: None,
            parameters: serde_json::json!({
                "type": "object", "properties": {"n": {"$ref": "#/$defs/Few"}}, "required": ["n"],
                "additionalProperties": false, "$defs": {"Few": {"enum": [3, 4]}},
            }),
        };
        let tools = [&tool("other"), &tool("add")];
        let call = r#"{"name":"add","arguments":{"n":"#;
        for (format, written) in [
            (ToolFormat::Hermes, format!("<tool_call>\n{call}")),
            (ToolFormat::Mistral, format!("[TOOL_CALLS] [{call}")),
            (ToolFormat::Phi, format!("<|tool_call|>[{call}")),
        ] {
            let mut matcher = begin(format.held(&tools, |_| None));
            after(&mut matcher, &written);
            let allowed = matcher.allowed().unwrap();
            let digit = |digit: &str| allowed.allows(tokenizer().id(digit).unwrap());
            assert!(digit("3") && digit("4") && !digit("5"), "{format:?}");
        }
    }

    #[test]
    fn a_broken_grammar_and_marks_within_marks_are_told_at_once() {
        let tokenizer = tokenizer();
        let rows = tokenizer.inner().get_vocab_size(true);
        let grammars = Grammars::new(&tokenizer, rows, &[1]).unwrap();
        for grammar in [Grammar::Regex("(".into()), Grammar::Marked(text())] {
            let mut outer = text();
            outer.marks = vec![("<n>".into(), grammar)];
            let error = grammars.matcher(&Grammar::Marked(outer)).unwrap_err();
            assert_eq!(error.code(), "BS-ENG-025");
        }
    }
}
