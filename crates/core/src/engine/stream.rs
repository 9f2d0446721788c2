//! Tokens as they are made -> text as it is safe to show: whole characters, nothing that may still
//! turn out to be a stop string.
//!
//! A token can end in the middle of a character, and the text of a token can depend on the ones
//! before it (a leading blank that a decoder drops), so a window of tokens is decoded and the new
//! end of it given out, as transformers' `TextIteratorStreamer` and the tokenizers crate do. It
//! does not know what a token is: the decoder comes as a closure.

/// Turns tokens into text, piece by piece.
///
/// ```
/// use botsmith_core::engine::TokenText;
/// let bytes = |ids: &[u32]| -> Result<String, ()> {
///     let bytes: Vec<u8> = ids.iter().map(|id| *id as u8).collect();
///     Ok(String::from_utf8_lossy(&bytes).into_owned())
/// };
/// let mut text = TokenText::default();
/// assert_eq!(text.push(0xC3, bytes)?, "");
/// assert_eq!(text.push(0xA9, bytes)?, "é");
/// assert_eq!(text.finish(bytes)?, "");
/// # Ok::<(), ()>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TokenText {
    window: Vec<u32>,
    /// How many tokens of the window have been given out already.
    given: usize,
}

/// Tokens that may be held back before broken bytes are given out as they are: no character has
/// more than four bytes. A text that itself has U+FFFD cannot be told from broken bytes: a character
/// cut at this limit right after several of them is given out broken.
const HELD: usize = 8;

impl TokenText {
    /// Takes the next token; gives the text that is now certain.
    ///
    /// # Errors
    /// The decoder's.
    pub fn push<E>(
        &mut self,
        token: u32,
        decode: impl Fn(&[u32]) -> Result<String, E>,
    ) -> Result<String, E> {
        self.window.push(token);
        let whole = decode(&self.window)?;
        if whole.ends_with('\u{FFFD}') && self.window.len() - self.given < HELD {
            return Ok(String::new());
        }
        self.give(&whole, &decode)
    }

    /// The text that was held back, at the end; bytes that make no character become U+FFFD.
    ///
    /// # Errors
    /// The decoder's.
    pub fn finish<E>(&mut self, decode: impl Fn(&[u32]) -> Result<String, E>) -> Result<String, E> {
        let whole = decode(&self.window)?;
        let rest = self.give(&whole, &decode)?;
        self.window.clear();
        self.given = 0;
        Ok(rest)
    }

    fn give<E>(
        &mut self,
        whole: &str,
        decode: &impl Fn(&[u32]) -> Result<String, E>,
    ) -> Result<String, E> {
        let before = decode(&self.window[..self.given])?;
        let new = match whole.strip_prefix(before.as_str()) {
            Some(new) => new.to_owned(),
            // A decoder that changes what it said: the characters beyond the old length.
            None => whole.chars().skip(before.chars().count()).collect(),
        };
        // The last given tokens stay in the window as the next ones' context.
        self.window.drain(..self.given);
        self.given = self.window.len();
        Ok(new)
    }
}

/// Holds text back while it may be the beginning of a stop string.
///
/// ```
/// use botsmith_core::engine::StopText;
/// let mut stop = StopText::new(["END".to_owned()]);
/// assert_eq!(stop.push("the E"), "the ");
/// assert_eq!(stop.push("gg E"), "Egg ");
/// assert_eq!(stop.push("ND of it"), "");
/// assert!(stop.has_stopped());
/// ```
#[derive(Clone, Debug, Default)]
pub struct StopText {
    stops: Vec<String>,
    held: String,
    stopped: bool,
}

impl StopText {
    /// Stops before any of `stops`; empty ones are ignored.
    pub fn new(stops: impl IntoIterator<Item = String>) -> Self {
        Self {
            stops: stops.into_iter().filter(|stop| !stop.is_empty()).collect(),
            ..Self::default()
        }
    }

    /// Takes more text; gives what certainly belongs to the answer.
    pub fn push(&mut self, text: &str) -> String {
        if self.stopped {
            return String::new();
        }
        self.held.push_str(text);
        let found = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()))
            .min();
        if let Some(at) = found {
            self.stopped = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let keep = self
            .held
            .char_indices()
            .map(|(at, _)| at)
            .find(|at| {
                let tail = &self.held[*at..];
                self.stops.iter().any(|stop| stop.starts_with(tail))
            })
            .unwrap_or(self.held.len());
        let rest = self.held.split_off(keep);
        std::mem::replace(&mut self.held, rest)
    }

    /// What was held back, when no more comes.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Whether a stop string was met.
    pub fn has_stopped(&self) -> bool {
        self.stopped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "decoding may fail")]
    fn lossy(ids: &[u32]) -> Result<String, ()> {
        let bytes: Vec<u8> = ids.iter().map(|id| *id as u8).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_text_and_none_has_half_a_character(text in "[\\PC--\u{FFFD}]{0,40}") {
            let mut stream = TokenText::default();
            let mut all = String::new();
            for byte in text.bytes() {
                let piece = stream.push(u32::from(byte), lossy).unwrap();
                prop_assert!(!piece.contains(char::REPLACEMENT_CHARACTER));
                all.push_str(&piece);
            }
            all.push_str(&stream.finish(lossy).unwrap());
            prop_assert_eq!(all, text);
        }

        #[test]
        fn cut_anywhere_the_text_ends_before_the_first_stop(
            text in "[abc]{0,30}",
            stops in prop::collection::vec("[abc]{1,3}", 0..3),
            size in 1usize..5,
        ) {
            let mut stop = StopText::new(stops.clone());
            let mut all = String::new();
            let chars: Vec<char> = text.chars().collect();
            for piece in chars.chunks(size) {
                all.push_str(&stop.push(&piece.iter().collect::<String>()));
            }
            all.push_str(&stop.finish());
            // The stop that is complete first wins, so a longer one that begins earlier may lose.
            let ends = (1..=text.len()).find(|end| stops.iter().any(|stop| text[..*end].ends_with(stop.as_str())));
            if ends.is_none() {
                prop_assert_eq!(&all, &text);
                prop_assert!(!stop.has_stopped());
            } else {
                prop_assert!(stop.has_stopped());
                prop_assert!(text.starts_with(&all));
                prop_assert!(stops.iter().any(|stop| text[all.len()..].starts_with(stop.as_str())));
                prop_assert!(!stops.iter().any(|stop| all.contains(stop.as_str())));
            }
        }
    }

    #[test]
    fn bytes_that_never_become_a_character_are_given_out_in_the_end() {
        let mut stream = TokenText::default();
        let mut all = String::new();
        for _ in 0..20 {
            all.push_str(&stream.push(0xFF, lossy).unwrap());
        }
        all.push_str(&stream.finish(lossy).unwrap());
        assert_eq!(all.chars().count(), 20);
    }
}
