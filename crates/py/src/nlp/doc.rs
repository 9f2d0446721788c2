//! A document and the views into it. Each view is a reference and a number.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use botsmith::nlp::{self as rust, conllu, evaluate, render};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use super::QUICK;
use crate::doorway;
use crate::fault::Fault;
use crate::offsets::Offsets;

#[derive(Debug)]
struct Held {
    doc: rust::Doc,
    offsets: OnceLock<Offsets>,
}

impl Held {
    fn span(&self, span: Range<usize>) -> (u32, u32) {
        let text = self.doc.text();
        let offsets = self.offsets.get_or_init(|| Offsets::of(text));
        offsets.span(text, span)
    }
}

/// An annotated text; never changes.
///
/// Examples
/// --------
///     >>> from botsmith import nlp
///     >>> doc = nlp.load("en")("She was late. Why?")
///     >>> len(doc), doc[0].text, [sentence.text for sentence in doc.sentences]
///     (6, 'She', ['She was late.', 'Why?'])
///     >>> doc.lemmas
///     ['she', 'be', 'late', '.', 'why', '?']
#[pyclass(frozen, sequence, module = "botsmith.nlp")]
#[derive(Clone, Debug)]
pub(crate) struct Doc(Arc<Held>);

impl Doc {
    pub(crate) fn new(doc: rust::Doc) -> Self {
        let offsets = OnceLock::new();
        Self(Arc::new(Held { doc, offsets }))
    }

    pub(crate) fn rust(&self) -> &rust::Doc {
        &self.0.doc
    }

    /// Makes something of the whole document: of a long one apart, where Ctrl-C is heard.
    fn read<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&rust::Doc) -> T + Send + 'static,
    ) -> PyResult<T> {
        let doc = self.clone();
        let quickly = self.rust().text().len() < QUICK;
        doorway::by_size(py, quickly, move || Ok::<_, Fault>(work(doc.rust())))
    }

    fn column<'py>(
        &self,
        py: Python<'py>,
        text: impl for<'a> Fn(rust::Word<'a>) -> &'a str,
        few: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let words = self.rust().words();
        match few {
            true => PyList::new(py, words.map(|word| PyString::intern(py, text(word)))),
            false => PyList::new(py, words.map(|word| PyString::new(py, text(word)))),
        }
    }
}

/// `[index]` of something with `length` parts, counted from the end where it is negative.
fn at(index: isize, length: usize, what: &str) -> PyResult<usize> {
    let from_end = length.checked_add_signed(index);
    let found = if index < 0 {
        from_end
    } else {
        index.try_into().ok()
    };
    found
        .filter(|at| *at < length)
        .ok_or_else(|| PyIndexError::new_err(format!("no {what} {index}: there are {length}")))
}

#[pymethods]
impl Doc {
    /// The original text.
    #[getter]
    fn text(&self) -> &str {
        self.rust().text()
    }

    /// All sentences, in order.
    #[getter]
    fn sentences(&self) -> Vec<Sentence> {
        let held = &self.0;
        (0..self.rust().sentences().len())
            .map(|index| Sentence {
                held: Arc::clone(held),
                index,
            })
            .collect()
    }

    /// All tokens, in order.
    #[getter]
    fn tokens(&self) -> Vec<Token> {
        tokens(&self.0, 0..self.rust().tokens().len())
    }

    /// All words, in order.
    #[getter]
    fn words(&self) -> Vec<Word> {
        words(&self.0, 0..self.rust().words().len())
    }

    /// The form of each word.
    #[getter]
    fn forms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.column(py, |word| word.form(), false)
    }

    /// The lemma of each word.
    #[getter]
    fn lemmas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.column(py, |word| word.lemma(), false)
    }

    /// The universal part of speech of each word.
    #[getter]
    fn upos<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.column(py, |word| word.upos(), true)
    }

    /// The treebank's part of speech of each word.
    #[getter]
    fn xpos<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.column(py, |word| word.xpos(), true)
    }

    /// The features of each word, as `Name=Value|…`.
    #[getter]
    fn feats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.column(py, |word| word.feats().as_str(), true)
    }

    /// A column of numbers as the bytes of 32-bit integers: offsets in code points, and numbers of words,
    /// tokens and sentences.
    fn numbers<'py>(&self, py: Python<'py>, column: &str) -> PyResult<Bound<'py, PyBytes>> {
        let (held, doc) = (&*self.0, self.rust());
        let words = || doc.words().map(|word| held.span(word.span()));
        let tokens = || doc.tokens().map(|token| held.span(token.span()));
        let numbers: Vec<u32> = match column {
            "word_start" => words().map(|span| span.0).collect(),
            "word_end" => words().map(|span| span.1).collect(),
            "word_token" => doc
                .words()
                .map(|word| word.token().index() as u32)
                .collect(),
            "token_start" => tokens().map(|span| span.0).collect(),
            "token_end" => tokens().map(|span| span.1).collect(),
            "token_word" => doc
                .tokens()
                .map(|token| token.word_range().start as u32)
                .collect(),
            "sentence_token" => {
                let sentences = doc.sentences();
                sentences
                    .map(|sentence| sentence.token_range().start as u32)
                    .collect()
            }
            other => {
                return Err(PyValueError::new_err(format!(
                    "no column of numbers `{other}`"
                )));
            }
        };
        let bytes: Vec<u8> = numbers.into_iter().flat_map(u32::to_ne_bytes).collect();
        Ok(PyBytes::new(py, &bytes))
    }

    fn __len__(&self) -> usize {
        self.rust().tokens().len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<Token> {
        let index = at(index, self.rust().tokens().len(), "token")?;
        Ok(Token {
            held: Arc::clone(&self.0),
            index,
        })
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.tokens()
            .into_bound_py_any(py)?
            .call_method0("__iter__")
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Self>()
            .is_ok_and(|other| other.get().rust() == self.rust())
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.text().hash(&mut hasher);
        hasher.finish()
    }

    /// The document as CoNLL-U.
    fn to_conllu(&self, py: Python<'_>) -> PyResult<String> {
        self.read(py, conllu::write)
    }

    /// The document as JSON, as `botsmith nlp tag --format json` writes it: its offsets are bytes.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        self.read(py, rust::Doc::to_json)
    }

    /// The document as one picture: each word with its lemma, tags and features.
    fn to_svg(&self, py: Python<'_>) -> PyResult<String> {
        self.read(py, |doc| render::svg(std::slice::from_ref(doc)))
    }

    fn __str__(&self) -> &str {
        self.text()
    }

    fn __repr__(&self) -> String {
        let (text, doc) = (short(self.text()), self.rust());
        let (tokens, sentences) = (doc.tokens().len(), doc.sentences().len());
        format!("<Doc {text:?}, {tokens} tokens, {sentences} sentences>")
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py()
            .import("botsmith._html")?
            .call_method1("doc", (slf,))
    }

    /// Everything that it holds, in a versioned and checksummed form.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.read(py, rust::Doc::to_bytes)?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Restored<'py>> {
        let restore = py.import("botsmith._native")?.getattr("from_bytes")?;
        Ok((restore.unbind(), (self.to_bytes(py)?, "pickle")))
    }
}

fn tokens(held: &Arc<Held>, range: Range<usize>) -> Vec<Token> {
    range
        .map(|index| Token {
            held: Arc::clone(held),
            index,
        })
        .collect()
}

fn words(held: &Arc<Held>, range: Range<usize>) -> Vec<Word> {
    range
        .map(|index| Word {
            held: Arc::clone(held),
            index,
        })
        .collect()
}

/// How a document is pickled: a function, and its bytes with their name.
type Restored<'py> = (Py<PyAny>, (Bound<'py, PyBytes>, &'static str));

/// How a view is pickled: a function, and the document, what and which of it.
type Reduced = (Py<PyAny>, (Doc, &'static str, usize));

/// A view: the document, and which of its parts.
macro_rules! view {
    ($name:ident, $part:ident, $about:literal) => {
        #[doc = $about]
        #[pyclass(frozen, module = "botsmith.nlp")]
        #[derive(Clone, Debug)]
        pub(crate) struct $name {
            held: Arc<Held>,
            index: usize,
        }

        impl $name {
            fn rust(&self) -> rust::$name<'_> {
                let part = self.held.doc.$part(self.index);
                part.expect("a view is made for a part that is there, and documents do not change")
            }

            fn same(&self, other: &Bound<'_, PyAny>) -> bool {
                other.cast::<Self>().is_ok_and(|other| {
                    let other = other.get();
                    self.index == other.index
                        && (Arc::ptr_eq(&self.held, &other.held) || self.held.doc == other.held.doc)
                })
            }
        }
    };
}

view!(
    Sentence,
    sentence,
    "One sentence of a document.\n\nExamples\n--------\n    >>> from botsmith import nlp\n    >>> sentence = nlp.load(\"en\")(\"She was late. Why?\").sentences[1]\n    >>> sentence.text, sentence.start, len(sentence)\n    ('Why?', 14, 2)"
);
view!(
    Token,
    token,
    "One token of a document: what is written.\n\nExamples\n--------\n    >>> from botsmith import nlp\n    >>> token = nlp.load(\"en\")(\"She was late.\")[1]\n    >>> token.text, token.start, token.end, token.lemma, token.upos\n    ('was', 4, 7, 'be', 'AUX')"
);
view!(
    Word,
    word,
    "One word of a document: what is meant, and what tags belong to.\n\nExamples\n--------\n    >>> from botsmith import nlp\n    >>> doc = nlp.load(\"en\")(\"I don't.\")\n    >>> [word.form for word in doc.words], doc.words[2].lemma\n    (['I', 'do', \"n't\", '.'], 'not')"
);

#[pymethods]
impl Sentence {
    /// The document.
    #[getter]
    fn doc(&self) -> Doc {
        Doc(Arc::clone(&self.held))
    }

    /// Its number, from 0.
    #[getter]
    fn index(&self) -> usize {
        self.index
    }

    /// Its text, without the white space around it.
    #[getter]
    fn text(&self) -> &str {
        self.rust().text()
    }

    /// Where it begins, in code points.
    #[getter]
    fn start(&self) -> u32 {
        self.held.span(self.rust().span()).0
    }

    /// Where it ends, in code points.
    #[getter]
    fn end(&self) -> u32 {
        self.held.span(self.rust().span()).1
    }

    /// Its tokens.
    #[getter]
    fn tokens(&self) -> Vec<Token> {
        tokens(&self.held, self.rust().token_range())
    }

    /// Its words.
    #[getter]
    fn words(&self) -> Vec<Word> {
        words(&self.held, self.rust().word_range())
    }

    fn __len__(&self) -> usize {
        self.rust().token_range().len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<Token> {
        let range = self.rust().token_range();
        let index = range.start + at(index, range.len(), "token")?;
        Ok(Token {
            held: Arc::clone(&self.held),
            index,
        })
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.tokens()
            .into_bound_py_any(py)?
            .call_method0("__iter__")
    }

    fn __str__(&self) -> &str {
        self.text()
    }

    fn __repr__(&self) -> String {
        format!("<Sentence {} {:?}>", self.index, short(self.text()))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        self.same(other)
    }

    fn __hash__(&self) -> usize {
        self.index
    }

    fn __reduce__(&self, py: Python<'_>) -> PyResult<Reduced> {
        Ok((part(py)?, (self.doc(), "sentences", self.index)))
    }
}

#[pymethods]
impl Token {
    /// The document.
    #[getter]
    fn doc(&self) -> Doc {
        Doc(Arc::clone(&self.held))
    }

    /// Its number, from 0.
    #[getter]
    fn index(&self) -> usize {
        self.index
    }

    /// What is written.
    #[getter]
    fn text(&self) -> &str {
        self.rust().form()
    }

    /// What is written; the word of CoNLL-U for it.
    #[getter]
    fn form(&self) -> &str {
        self.rust().form()
    }

    /// Where it begins, in code points.
    #[getter]
    fn start(&self) -> u32 {
        self.held.span(self.rust().span()).0
    }

    /// Where it ends, in code points.
    #[getter]
    fn end(&self) -> u32 {
        self.held.span(self.rust().span()).1
    }

    /// Its words: one, or several of a multi-word token.
    #[getter]
    fn words(&self) -> Vec<Word> {
        words(&self.held, self.rust().word_range())
    }

    /// Whether it holds more than one word.
    #[getter]
    fn is_multiword(&self) -> bool {
        self.rust().is_multiword()
    }

    /// Whether its sentence ends with it.
    #[getter]
    fn ends_sentence(&self) -> bool {
        self.rust().ends_sentence()
    }

    /// The white space between it and the next token, or the end of the text.
    #[getter]
    fn space_after(&self) -> &str {
        self.rust().space_after()
    }

    /// The lemma of its first word.
    #[getter]
    fn lemma(&self) -> &str {
        self.first().lemma()
    }

    /// The universal part of speech of its first word.
    #[getter]
    fn upos(&self) -> &str {
        self.first().upos()
    }

    /// The treebank's part of speech of its first word.
    #[getter]
    fn xpos(&self) -> &str {
        self.first().xpos()
    }

    /// The features of its first word.
    #[getter]
    fn feats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        feats(py, self.first())
    }

    fn __str__(&self) -> &str {
        self.text()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Token {} {:?} {}>",
            self.index,
            short(self.text()),
            self.upos()
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        self.same(other)
    }

    fn __hash__(&self) -> usize {
        self.index
    }

    fn __reduce__(&self, py: Python<'_>) -> PyResult<Reduced> {
        Ok((part(py)?, (self.doc(), "tokens", self.index)))
    }
}

impl Token {
    fn first(&self) -> rust::Word<'_> {
        self.rust().words().next().expect("a token holds a word")
    }
}

#[pymethods]
impl Word {
    /// The document.
    #[getter]
    fn doc(&self) -> Doc {
        Doc(Arc::clone(&self.held))
    }

    /// Its number, from 0.
    #[getter]
    fn index(&self) -> usize {
        self.index
    }

    /// Its form.
    #[getter]
    fn form(&self) -> &str {
        self.rust().form()
    }

    /// Where it begins, in code points.
    #[getter]
    fn start(&self) -> u32 {
        self.held.span(self.rust().span()).0
    }

    /// Where it ends, in code points.
    #[getter]
    fn end(&self) -> u32 {
        self.held.span(self.rust().span()).1
    }

    /// The token that it is in.
    #[getter]
    fn token(&self) -> Token {
        let index = self.rust().token().index();
        Token {
            held: Arc::clone(&self.held),
            index,
        }
    }

    /// Its lemma; `_` where none is known.
    #[getter]
    fn lemma(&self) -> &str {
        self.rust().lemma()
    }

    /// Its universal part of speech; `_` where none is known.
    #[getter]
    fn upos(&self) -> &str {
        self.rust().upos()
    }

    /// Its part of speech in the treebank's own tags; `_` where none is known.
    #[getter]
    fn xpos(&self) -> &str {
        self.rust().xpos()
    }

    /// Its morphological features.
    #[getter]
    fn feats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        feats(py, self.rust())
    }

    fn __str__(&self) -> &str {
        self.form()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Word {} {:?} {}>",
            self.index,
            short(self.form()),
            self.upos()
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        self.same(other)
    }

    fn __hash__(&self) -> usize {
        self.index
    }

    fn __reduce__(&self, py: Python<'_>) -> PyResult<Reduced> {
        Ok((part(py)?, (self.doc(), "words", self.index)))
    }
}

/// What views are pickled with.
fn part(py: Python<'_>) -> PyResult<Py<PyAny>> {
    Ok(py.import("botsmith.nlp")?.getattr("_part")?.unbind())
}

fn feats<'py>(py: Python<'py>, word: rust::Word<'_>) -> PyResult<Bound<'py, PyDict>> {
    let feats = PyDict::new(py);
    for (name, value) in word.feats().iter() {
        feats.set_item(name, value)?;
    }
    Ok(feats)
}

/// A text of some length as `repr` shows it.
fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads CoNLL-U; `path` is its name in errors.
#[pyfunction]
pub(crate) fn from_conllu(py: Python<'_>, text: String, path: String) -> PyResult<Doc> {
    let quickly = text.len() < QUICK;
    doorway::by_size(py, quickly, move || conllu::read(&path, &text)).map(Doc::new)
}

/// Reads what `to_json` wrote; `path` is its name in errors.
#[pyfunction]
pub(crate) fn from_json(py: Python<'_>, text: String, path: String) -> PyResult<Doc> {
    let quickly = text.len() < QUICK;
    doorway::by_size(py, quickly, move || rust::Doc::from_json(&path, &text)).map(Doc::new)
}

/// Reads what `to_bytes` wrote; `path` is its name in errors.
#[pyfunction]
pub(crate) fn from_bytes(py: Python<'_>, bytes: &[u8], path: String) -> PyResult<Doc> {
    let bytes = bytes.to_vec();
    let quickly = bytes.len() < QUICK;
    doorway::by_size(py, quickly, move || rust::Doc::from_bytes(&path, &bytes)).map(Doc::new)
}

/// How far a document agrees with a right one, as JSON: names of metrics, and precision, recall and F1 in percent.
#[pyfunction]
pub(crate) fn nlp_evaluate(py: Python<'_>, gold: &Doc, system: &Doc) -> PyResult<String> {
    let (gold, system) = (gold.clone(), system.clone());
    let quickly = gold.rust().text().len() < QUICK;
    doorway::by_size(py, quickly, move || {
        let found = evaluate::evaluate(gold.rust(), system.rust())?;
        Ok::<_, Fault>(serde_json::to_string(&found)?)
    })
}
