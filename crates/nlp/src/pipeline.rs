//! Text -> [`Doc`]: tokens, sentences, multi-word tokens, tags, lemmas.
//!
//! One pipeline serves any number of threads; each call borrows its own working room, which is kept
//! for the next call. Answers depend on the text and the model alone.

mod room;

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use pulp::Arch;
use rayon::prelude::*;

use self::room::Room;
use crate::doc::{Doc, DocBuilder, Tags};
use crate::features::clipped;
use crate::model::Model;
use crate::multiword::{Filter, Split, words};
use crate::stages::mask::{Mask, Masked};
use crate::stages::normalise::normal;
use crate::{Result, sentences, tokenise};

/// What annotates text in one language.
#[derive(Debug)]
pub struct Pipeline {
    model: Model,
    tags: Arc<Tags>,
    rooms: Mutex<Vec<Room>>,
    arch: Arch,
    filter: Filter,
}

/// What of a text is already known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Given {
    /// Nothing: tokens and sentences are found.
    #[default]
    Nothing,
    /// A sentence a line; tokens are found.
    Sentences,
    /// A sentence a line, and tokens with white space between; each token is one word.
    Tokens,
}

/// What is found out about a text, beyond its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says whether one column is filled"
)]
pub(crate) struct Columns {
    /// Whether forms are normalised.
    pub(crate) normalise: bool,
    /// Whether sentences are found; else the text is one.
    pub(crate) sentences: bool,
    /// Whether words are tagged; FEATS and lemmas come only with tags.
    pub(crate) tags: bool,
    pub(crate) feats: bool,
    pub(crate) lemmas: bool,
}

impl Columns {
    /// What [`Pipeline::annotate`] fills.
    const ALL: Self = Self {
        normalise: false,
        sentences: true,
        tags: true,
        feats: true,
        lemmas: true,
    };
}

/// Rooms that are kept at most; more threads than this make their own.
const KEPT: usize = 64;

impl Pipeline {
    /// A pipeline over a model file.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::new(Model::load(path)?))
    }

    /// The English pipeline, over the model inside this crate (feature `english`).
    ///
    /// # Errors
    /// [`crate::Error::Model`] where this build holds no English model.
    pub fn english() -> Result<Self> {
        Ok(Self::new(Model::english()?))
    }

    /// A pipeline over a model.
    pub fn new(model: Model) -> Self {
        let mut tags = Tags::default();
        // Labels are one above their place in the model: 0 is `_`.
        let add = |tags: &mut Tags| {
            for tag in &model.meta.upos {
                tags.push_upos(tag);
            }
            for tag in &model.meta.xpos {
                tags.push_xpos(tag);
            }
            for feats in &model.meta.feats {
                tags.push_feats(feats);
            }
        };
        add(&mut tags);
        Self {
            filter: Filter::new(&model.meta.multiword),
            model,
            tags: Arc::new(tags),
            rooms: Mutex::default(),
            arch: Arch::new(),
        }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Annotates one text.
    ///
    /// # Errors
    /// [`crate::Error::TooLong`] past [`crate::doc::MAX_TEXT`] bytes.
    ///
    /// ```no_run
    /// let pipeline = botsmith_nlp::Pipeline::load("en.bsm")?;
    /// let doc = pipeline.annotate("She was running late.")?;
    /// let lemmas: Vec<_> = doc.words().map(|word| word.lemma()).collect();
    /// assert_eq!(lemmas, ["she", "be", "run", "late", "."]);
    /// # Ok::<(), botsmith_nlp::Error>(())
    /// ```
    pub fn annotate(&self, text: impl Into<String>) -> Result<Doc> {
        self.annotate_given(text, Given::Nothing)
    }

    /// Annotates one text of which something is known.
    ///
    /// # Errors
    /// As [`Pipeline::annotate`].
    pub fn annotate_given(&self, text: impl Into<String>, given: Given) -> Result<Doc> {
        self.annotate_as(text.into(), given, Columns::ALL, &Mask::default())
    }

    /// Annotates the prose of a text in Markdown: code, markup, addresses and formulas are not tagged as
    /// language, and blocks end sentences ([`crate::markdown`]). Offsets point into `text` as it is.
    ///
    /// # Errors
    /// As [`Pipeline::annotate`].
    ///
    /// ```
    /// # #[cfg(feature = "english")] {
    /// let pipeline = botsmith_nlp::Pipeline::english()?;
    /// let doc = pipeline.annotate_markdown("## Next steps\n\n1. Run **`make`**\n2. Wait")?;
    /// let sentences: Vec<_> = doc.sentences().map(|sentence| sentence.text()).collect();
    /// assert_eq!(sentences, ["Next steps", "Run **`make", "Wait"]);
    /// let tags: Vec<_> = doc.words().map(|word| (word.form(), word.upos())).collect();
    /// assert_eq!(tags[2..4], [("Run", "VERB"), ("make", "X")]);
    /// # }
    /// # Ok::<(), botsmith_nlp::Error>(())
    /// ```
    pub fn annotate_markdown(&self, text: impl Into<String>) -> Result<Doc> {
        let text = text.into();
        let mut mask = Mask::default();
        crate::markdown::Layout::of(&text).hide(&text, &mut mask);
        self.annotate_as(text, Given::Nothing, Columns::ALL, &mask)
    }

    /// Fills some columns of a document, of what `mask` leaves to be seen.
    pub(crate) fn annotate_as(
        &self,
        text: String,
        given: Given,
        columns: Columns,
        mask: &Mask,
    ) -> Result<Doc> {
        let mut builder = DocBuilder::with_tags(text, Arc::clone(&self.tags))?;
        let masked = mask.over(builder.text());
        self.with_room(|room| {
            room.tokens.clear();
            room.ends.clear();
            let (model, bytes) = (&self.model, &*self.model.bytes);
            let text = masked.as_ref().map_or(builder.text(), Masked::blank);
            let Room { tokens, ends, .. } = room;
            match given {
                Given::Tokens => {
                    let stretches = tokenise::stretches(text);
                    tokens.extend(stretches.map(|span| (span.start as u32, span.end as u32)));
                }
                _ => model
                    .tokeniser
                    .tokens(bytes, text, &mut room.tokenise, tokens),
            }
            let text = match &masked {
                Some(masked) => {
                    masked.add_tokens(tokens);
                    masked.filled()
                }
                None => text,
            };
            match given {
                _ if !columns.sentences => ends.extend(Some(tokens.len()).filter(|n| *n > 0)),
                Given::Nothing => {
                    model
                        .splitter
                        .split(self.arch, bytes, text, tokens, &mut room.sentences, ends);
                }
                _ => sentences::lines(text, tokens, ends),
            }
            if let Some(masked) = masked.as_ref().filter(|_| columns.sentences) {
                masked.add_ends(tokens, ends);
            }
            builder.reserve(room.tokens.len());
            let mut at = 0;
            room.sentences_of_words.clear();
            for index in 0..room.ends.len() {
                let end = room.ends[index];
                let first = builder.words();
                for &(from, to) in &room.tokens[at..end] {
                    let span = from as usize..to as usize;
                    let whole = masked.as_ref().is_some_and(|masked| masked.is_whole(from));
                    match given {
                        _ if whole => builder.token(span),
                        Given::Tokens if !columns.normalise => builder.token(span),
                        Given::Tokens => {
                            let form = normal(&builder.text()[span.clone()]).into_owned();
                            builder.single(span, &form);
                        }
                        _ => self.token(span, columns, &mut room.lower, &mut builder),
                    }
                }
                at = end;
                builder.end_sentence();
                if columns.tags {
                    room.wait(first..builder.words());
                    room.tag(self, columns.lemmas, false, &mut builder);
                }
            }
            room.tag(self, columns.lemmas, true, &mut builder);
        });
        if columns.tags && !columns.feats {
            builder.clear_feats();
        }
        if let Some(masked) = masked.filter(|_| columns.tags) {
            let opaque = self.tags.find_upos("X").unwrap_or(0);
            builder.tag_tokens(|start| masked.is_whole(start), opaque, columns.lemmas);
        }
        Ok(builder.build())
    }

    /// Annotates many texts on all threads of the current rayon pool, in order.
    ///
    /// # Errors
    /// As [`Pipeline::annotate`], for the first text that fails.
    pub fn annotate_all<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Doc>> {
        texts
            .par_iter()
            .map(|text| self.annotate(text.as_ref()))
            .collect()
    }

    /// Tags a document anew: its sentences, tokens and words stay, tags and lemmas are predicted.
    ///
    /// # Errors
    /// [`crate::Error::TooLong`] past [`crate::doc::MAX_TEXT`] bytes.
    pub fn retag(&self, doc: &Doc) -> Result<Doc> {
        let mut builder = DocBuilder::with_tags(doc.text().to_owned(), Arc::clone(&self.tags))?;
        self.with_room(|room| {
            for sentence in doc.sentences() {
                let first = builder.words();
                for token in sentence.tokens() {
                    if token.is_multiword() {
                        let forms: Vec<_> = token.words().map(crate::Word::form).collect();
                        builder.multiword(token.span(), forms.into_iter());
                    } else {
                        let word = token.words().next().expect("a token holds a word");
                        builder.single(token.span(), word.form());
                    }
                }
                builder.end_sentence();
                room.wait(first..builder.words());
                room.tag(self, true, false, &mut builder);
            }
            room.tag(self, true, true, &mut builder);
        });
        let mut tagged = builder.build();
        tagged.set_extras(doc.extras().cloned().map(Box::new));
        Ok(tagged)
    }

    fn token(
        &self,
        span: Range<usize>,
        columns: Columns,
        lower: &mut String,
        builder: &mut DocBuilder,
    ) {
        let form = clipped(&builder.text()[span.clone()]);
        if columns.normalise
            && form.len() == span.len()
            && let Cow::Owned(form) = normal(form)
        {
            return self.normal_token(span, &form, builder);
        }
        if form.len() != span.len() || form.len() < 2 || !self.filter.may_split(form) {
            return builder.token(span);
        }
        lower.clear();
        for c in form.chars() {
            if c.is_ascii() {
                lower.push(c.to_ascii_lowercase());
            } else {
                lower.extend(c.to_lowercase());
            }
        }
        match self.model.meta.multiword.find(lower) {
            Some(Split::Cuts(cuts)) => {
                let fit = cuts.iter().all(|cut| {
                    (1..form.len()).contains(&(*cut as usize))
                        && form.is_char_boundary(form.len() - *cut as usize)
                });
                match fit {
                    true => builder.cut_token(
                        span.clone(),
                        cuts.iter().map(|cut| span.end - *cut as usize),
                    ),
                    false => builder.token(span),
                }
            }
            Some(Split::Words(off, parts)) if !parts.is_empty() => {
                let words = words(form, *off, parts);
                match words.iter().any(String::is_empty) {
                    true => builder.token(span),
                    false => builder.multiword(span, words.iter().map(String::as_str)),
                }
            }
            _ => builder.token(span),
        }
    }

    /// A token whose form is not what is written.
    fn normal_token(&self, span: Range<usize>, form: &str, builder: &mut DocBuilder) {
        let parts = match self.model.meta.multiword.find(&form.to_lowercase()) {
            Some(Split::Cuts(cuts)) => {
                let mut parts = Vec::new();
                let mut from = 0;
                for cut in cuts {
                    let to = form.len().saturating_sub(*cut as usize);
                    parts.extend(form.get(from..to).map(str::to_owned));
                    from = to;
                }
                parts.extend(form.get(from..).map(str::to_owned));
                parts
            }
            Some(Split::Words(off, parts)) => words(form, *off, parts),
            Some(Split::Never) | None => Vec::new(),
        };
        match parts.len() < 2 || parts.iter().any(String::is_empty) {
            true => builder.single(span, form),
            false => builder.multiword(span, parts.iter().map(String::as_str)),
        }
    }

    fn with_room(&self, work: impl FnOnce(&mut Room)) {
        let kept = self.rooms.lock().ok().and_then(|mut rooms| rooms.pop());
        let bytes = &*self.model.bytes;
        let mut room = kept.unwrap_or_else(|| Room {
            tokens: Vec::new(),
            ends: Vec::new(),
            lower: String::new(),
            tokenise: tokenise::Room::default(),
            sentences: self.model.splitter.room(self.arch, bytes),
            tagger: self.model.tagger.room(self.arch, bytes),
            sentences_of_words: Vec::new(),
        });
        work(&mut room);
        if let Ok(mut rooms) = self.rooms.lock()
            && rooms.len() < KEPT
        {
            rooms.push(room);
        }
    }
}
