//! Many phrases at once -> where they stand, by Aho and Corasick 1975
//! (<https://doi.org/10.1145/360825.360855>, crate `aho-corasick`).
//!
//! Time grows with the text and the matches, not with the number of phrases. A phrase matches where words
//! begin and end only. Any white space in a text or a phrase counts as one blank.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Keep, Match};
use crate::stages::{Layers, Stage};
use crate::{Doc, Error, Result, Span};

/// How phrases and text are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compare {
    /// As written.
    #[default]
    Exact,
    /// In lower case.
    IgnoreCase,
    /// By lemmas, in lower case: a phrase is given as lemmas with blanks between (`run out of time`).
    Lemma,
}

/// Finds phrases in documents.
///
/// ```
/// use botsmith_nlp::matcher::{Compare, PhraseMatcher};
/// use botsmith_nlp::DocBuilder;
///
/// let mut builder = DocBuilder::new("In new York".into())?;
/// for span in [0..2, 3..6, 7..11] {
///     builder.token(span);
/// }
/// let doc = builder.build();
/// let matcher = PhraseMatcher::new(Compare::IgnoreCase, [("city", "New York"), ("other", "Yor")])?;
/// let found = matcher.find(&doc);
/// assert_eq!(found.len(), 1);
/// assert_eq!((&*found[0].name, found[0].span.bytes.clone()), ("city", 3..11));
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
#[derive(Debug)]
pub struct PhraseMatcher {
    layer: String,
    compare: Compare,
    keep: Keep,
    across: bool,
    /// One name a phrase.
    names: Vec<Arc<str>>,
    automaton: AhoCorasick,
}

impl PhraseMatcher {
    /// A matcher of phrases, each with a name that its matches get.
    ///
    /// # Errors
    /// [`Error::Pattern`] for a phrase that holds nothing but white space, or too many of them.
    pub fn new<N: AsRef<str>, P: AsRef<str>>(
        compare: Compare,
        phrases: impl IntoIterator<Item = (N, P)>,
    ) -> Result<Self> {
        let (mut names, mut texts) = (Vec::<Arc<str>>::new(), Vec::new());
        for (name, phrase) in phrases {
            let words: Vec<_> = phrase.as_ref().split_whitespace().collect();
            if words.is_empty() {
                return Err(Error::Pattern {
                    reason: format!("phrase {} of `{}` is empty", names.len() + 1, name.as_ref()),
                });
            }
            let text = words.join(" ");
            texts.push(match compare {
                Compare::Exact => text,
                Compare::IgnoreCase | Compare::Lemma => text.to_lowercase(),
            });
            let name = name.as_ref();
            // Most often many phrases of one name follow each other.
            match names.last() {
                Some(last) if **last == *name => names.push(Arc::clone(last)),
                _ => names.push(name.into()),
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(texts)
            .map_err(|error| Error::Pattern {
                reason: format!("these phrases cannot be searched for: {error}"),
            })?;
        Ok(Self {
            layer: "phrases".into(),
            compare,
            keep: Keep::default(),
            across: false,
            names,
            automaton,
        })
    }

    /// Which matches are kept, among those of all phrases; [`Keep::Longest`] unless said.
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// Lets matches go over ends of sentences.
    #[must_use]
    pub fn across_sentences(mut self) -> Self {
        self.across = true;
        self
    }

    /// The name of its layer in a pipeline; `phrases` unless said.
    #[must_use]
    pub fn layer(mut self, name: impl Into<String>) -> Self {
        self.layer = name.into();
        self
    }

    /// All matches, in order of where they begin, then of where they end, then of the phrases.
    pub fn find(&self, doc: &Doc) -> Vec<Match> {
        let hay = self.hay(doc);
        let mut found: Vec<(usize, usize, usize)> = Vec::new();
        for one in self.automaton.find_overlapping_iter(&hay.text) {
            let first = hay
                .words
                .binary_search_by_key(&one.start(), |word| word.start);
            let last = hay.words.binary_search_by_key(&one.end(), |word| word.end);
            if let (Ok(first), Ok(last)) = (first, last) {
                let words = (hay.words[first].first, hay.words[last].last + 1);
                found.push((words.0, words.1, one.pattern().as_usize()));
            }
        }
        found.sort_unstable();
        if self.keep != Keep::All {
            self.choose(&mut found, doc.words().len());
        }
        found
            .into_iter()
            .filter_map(|(start, end, phrase)| {
                Some(Match {
                    name: Arc::clone(&self.names[phrase]),
                    span: Span::of(doc, start..end)?,
                })
            })
            .collect()
    }

    fn choose(&self, found: &mut Vec<(usize, usize, usize)>, words: usize) {
        match self.keep {
            Keep::First => found.sort_by_key(|(start, end, _)| (*start, words - end)),
            _ => found.sort_by_key(|(start, end, _)| (words - (end - start), *start)),
        }
        let mut taken = vec![false; words];
        found.retain(|(start, end, _)| {
            let place = &mut taken[*start..*end];
            let free = !place.contains(&true);
            if free {
                place.fill(true);
            }
            free
        });
        found.sort_unstable();
    }

    /// The text that is searched, and where words stand in it.
    fn hay(&self, doc: &Doc) -> Hay {
        let mut hay = Hay {
            text: String::with_capacity(doc.text().len() + 8),
            words: Vec::with_capacity(doc.words().len()),
        };
        for token in doc.tokens() {
            let words = token.words();
            match self.compare {
                Compare::Lemma => {
                    for (number, word) in words.enumerate() {
                        if number > 0 {
                            hay.text.push(' ');
                        }
                        hay.push(word.lemma(), true, word.index()..word.index() + 1);
                    }
                }
                compare => {
                    let lower = compare == Compare::IgnoreCase;
                    let whole = token.span();
                    let spelt = words.len() == 1
                        || token.words().all(|word| word.span().len() < whole.len());
                    match spelt {
                        // A single word may have a form that is not what is written.
                        true if words.len() == 1 => {
                            let word = token.words().next().expect("a token holds a word");
                            hay.push(word.form(), lower, word.index()..word.index() + 1);
                        }
                        true => {
                            for word in token.words() {
                                hay.push(word.form(), lower, word.index()..word.index() + 1);
                            }
                        }
                        false => hay.push(token.form(), lower, token.word_range()),
                    }
                }
            }
            let apart = self.compare == Compare::Lemma || !token.space_after().is_empty();
            match token.ends_sentence() {
                // No phrase holds a line end.
                true if !self.across => hay.text.push('\n'),
                _ if apart => hay.text.push(' '),
                _ => {}
            }
        }
        hay
    }
}

struct Hay {
    text: String,
    words: Vec<Place>,
}

/// Words of the document at a place of the text that is searched.
struct Place {
    start: usize,
    end: usize,
    first: usize,
    last: usize,
}

impl Hay {
    fn push(&mut self, form: &str, lower: bool, words: std::ops::Range<usize>) {
        let start = self.text.len();
        match lower {
            true if form.is_ascii() => {
                self.text
                    .extend(form.chars().map(|c| c.to_ascii_lowercase()));
            }
            true => self.text.push_str(&form.to_lowercase()),
            false => self.text.push_str(form),
        }
        self.words.push(Place {
            start,
            end: self.text.len(),
            first: words.start,
            last: words.end - 1,
        });
    }
}

impl Stage for PhraseMatcher {
    fn name(&self) -> &'static str {
        "phrases"
    }

    fn needs(&self) -> Vec<&str> {
        let mut needs = vec!["tokens"];
        if !self.across {
            needs.push("sentences");
        }
        if self.compare == Compare::Lemma {
            needs.push("lemmas");
        }
        needs
    }

    fn gives(&self) -> Vec<&str> {
        vec![self.layer.as_str()]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put(&self.layer, self.find(doc));
        Ok(())
    }
}
