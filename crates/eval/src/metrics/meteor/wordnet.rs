//! Synonyms from the database files of Princeton WordNet (3.0, 3.1), read as nltk reads them.
//!
//! The format is that of `wndb(5WN)`, <https://wordnet.princeton.edu/documentation/wndb5wn>:
//! `index.POS` names the synsets of each lemma, `data.POS` the lemmas of each synset, `POS.exc`
//! irregular forms, for POS in noun, verb, adj, adv. Only lemmas are kept.

#![allow(clippy::doc_markdown, reason = "WordNet is a name")]

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use botsmith_core::Error as CoreError;

use crate::{Error, Result};

/// Parts of speech: the name of their files.
const FILES: [&str; 4] = ["noun", "verb", "adj", "adv"];

/// Suffixes that are taken off to find a lemma, and what takes their place.
const ENDINGS: [&[(&str, &str)]; 4] = [
    &[
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ],
    &[
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
    ],
    &[("er", ""), ("est", ""), ("er", "e"), ("est", "e")],
    &[],
];

type Bytes = Box<[u8]>;
/// Start and end of a part of a list.
type Part = (u32, u32);

/// The words of a WordNet, by the synsets that they share.
pub struct WordNet {
    folder: PathBuf,
    version: String,
    /// For each lemma and part of speech its part of `senses`.
    lemmas: HashMap<Bytes, [Part; 4]>,
    /// Indices of synsets.
    senses: Vec<u32>,
    /// For each synset its part of `words`.
    synsets: Vec<Part>,
    /// Parts of `letters`: the words of the synsets, without those of several words.
    words: Vec<Part>,
    letters: Vec<u8>,
    /// Irregular forms: the lemmas that each may stand for.
    irregular: [HashMap<Bytes, Vec<Bytes>>; 4],
}

/// Memory of a look-up, used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Forms {
    form: Vec<u8>,
    found: Vec<Part>,
}

impl fmt::Debug for WordNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordNet")
            .field("folder", &self.folder)
            .field("version", &self.version)
            .field("lemmas", &self.lemmas.len())
            .field("synsets", &self.synsets.len())
            .finish_non_exhaustive()
    }
}

impl WordNet {
    /// Reads the database files in a folder (`dict/` of WordNet, `corpora/wordnet` of nltk).
    ///
    /// # Errors
    /// If one of the twelve files cannot be read, or a line is not of the format; the message
    /// names the file and line, what was found and what was wanted.
    pub fn open(folder: &Path) -> Result<Self> {
        let mut wordnet = Self {
            folder: folder.to_owned(),
            version: String::new(),
            lemmas: HashMap::new(),
            senses: Vec::new(),
            synsets: Vec::new(),
            words: Vec::new(),
            letters: Vec::new(),
            irregular: Default::default(),
        };
        for (pos, name) in FILES.iter().enumerate() {
            let mut offsets = HashMap::new();
            wordnet.read(&format!("data.{name}"), |wordnet, line| {
                wordnet.data(line, &mut offsets)
            })?;
            wordnet.read(&format!("index.{name}"), |wordnet, line| {
                wordnet.index(line, pos, name, &offsets)
            })?;
            wordnet.read(&format!("{name}.exc"), |wordnet, line| {
                let mut words = line
                    .split(u8::is_ascii_whitespace)
                    .filter(|w| !w.is_empty());
                if let Some(form) = words.next() {
                    wordnet.irregular[pos].insert(form.into(), words.map(Bytes::from).collect());
                }
                Ok(())
            })?;
        }
        Ok(wordnet)
    }

    /// The folder that it was read from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version that the files give in their licence (`3.0`); empty if they give none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Calls `found` with each word of every synset of the word, in any part of speech; some come
    /// more than once.
    pub(super) fn synonyms<'a>(
        &'a self,
        word: &[u8],
        forms: &mut Forms,
        mut found: impl FnMut(&'a [u8]),
    ) {
        forms.found.clear();
        for (pos, endings) in ENDINGS.iter().enumerate() {
            self.add(word, pos, &mut forms.found);
            if let Some(lemmas) = self.irregular[pos].get(word) {
                for lemma in lemmas {
                    self.add(lemma, pos, &mut forms.found);
                }
                continue;
            }
            for (old, new) in *endings {
                if let Some(stem) = word.strip_suffix(old.as_bytes()) {
                    forms.form.clear();
                    forms.form.extend_from_slice(stem);
                    forms.form.extend_from_slice(new.as_bytes());
                    self.add(&forms.form, pos, &mut forms.found);
                }
            }
        }
        for senses in &forms.found {
            for &synset in part(&self.senses, *senses) {
                for &word in part(&self.words, self.synsets[synset as usize]) {
                    found(part(&self.letters, word));
                }
            }
        }
    }

    fn add(&self, lemma: &[u8], pos: usize, found: &mut Vec<Part>) {
        if let Some(senses) = self.lemmas.get(lemma) {
            found.push(senses[pos]);
        }
    }

    /// Reads a file line by line; lines of the licence, which begin with a space, are left out.
    fn read(
        &mut self,
        name: &str,
        mut line: impl FnMut(&mut Self, &[u8]) -> Result<(), String>,
    ) -> Result<()> {
        let path = self.folder.join(name);
        let text = std::fs::read(&path).map_err(|source| {
            Error::from(CoreError::Read {
                path: path.clone(),
                source,
            })
        })?;
        for (number, content) in text.split(|b| *b == b'\n').enumerate() {
            if content.starts_with(b" ") {
                self.licence(content);
            } else if !content.is_empty() {
                line(self, content).map_err(|why| {
                    Error::Invalid(format!(
                        "{}:{}: {why}; this is no file of WordNet 3.0 or 3.1",
                        path.display(),
                        number + 1
                    ))
                })?;
            }
        }
        Ok(())
    }

    /// Finds the version in a line like `WordNet 3.0 Copyright 2006 by Princeton University`.
    fn licence(&mut self, line: &[u8]) {
        if self.version.is_empty()
            && let Ok(line) = str::from_utf8(line)
            && let Some((_, rest)) = line.split_once("WordNet ")
            && let Some((version, _)) = rest.split_once(" Copyright")
        {
            version.clone_into(&mut self.version);
        }
    }

    /// `00001740 03 n 01 entity 0 ... | gloss`: offset, file, type, words in hexadecimal, and
    /// each word with its number.
    fn data(&mut self, line: &[u8], offsets: &mut HashMap<u32, u32>) -> Result<(), String> {
        let mut fields = Fields::new(line);
        let offset = fields.number("the synset's offset", 10)?;
        fields.next("the lexicographer file")?;
        fields.next("the synset's type")?;
        let first = self.words.len() as u32;
        for _ in 0..fields.number("the count of words", 16)? {
            let word = without_marker(fields.next("a word")?);
            fields.next("a word's number")?;
            if !word.contains(&b'_') {
                let start = self.letters.len() as u32;
                self.letters.extend_from_slice(word);
                self.words.push((start, self.letters.len() as u32));
            }
        }
        offsets.insert(offset, self.synsets.len() as u32);
        self.synsets.push((first, self.words.len() as u32));
        Ok(())
    }

    /// `entity n 1 1 ~ 1 1 00001740`: lemma, part of speech, synsets, pointers and their symbols,
    /// senses, tagged senses, and each synset's offset.
    fn index(
        &mut self,
        line: &[u8],
        pos: usize,
        name: &str,
        offsets: &HashMap<u32, u32>,
    ) -> Result<(), String> {
        let mut fields = Fields::new(line);
        let lemma = fields.next("the lemma")?;
        fields.next("the part of speech")?;
        let synsets = fields.number("the count of synsets", 10)?;
        for _ in 0..fields.number("the count of pointers", 10)? {
            fields.next("a pointer")?;
        }
        fields.next("the count of senses")?;
        fields.next("the count of tagged senses")?;
        let first = self.senses.len() as u32;
        for _ in 0..synsets {
            let offset = fields.number("a synset's offset", 10)?;
            let synset = offsets
                .get(&offset)
                .ok_or_else(|| format!("there is no synset {offset:08} in data.{name}"))?;
            self.senses.push(*synset);
        }
        let senses = (first, self.senses.len() as u32);
        self.lemmas.entry(lemma.into()).or_default()[pos] = senses;
        Ok(())
    }
}

fn part<T>(list: &[T], (start, end): Part) -> &[T] {
    &list[start as usize..end as usize]
}

/// An adjective without its syntactic marker: `galore(ip)`.
fn without_marker(word: &[u8]) -> &[u8] {
    let Some(inner) = word.strip_suffix(b")") else {
        return word;
    };
    match inner.iter().rposition(|b| matches!(b, b'(' | b')')) {
        Some(at) if inner[at] == b'(' => &word[..at],
        _ => word,
    }
}

/// Fields of a line, apart by spaces.
struct Fields<'a>(std::slice::Split<'a, u8, fn(&u8) -> bool>);

impl<'a> Fields<'a> {
    fn new(line: &'a [u8]) -> Self {
        Self(line.split(u8::is_ascii_whitespace))
    }

    fn next(&mut self, what: &str) -> Result<&'a [u8], String> {
        self.0
            .find(|field| !field.is_empty())
            .ok_or_else(|| format!("the line ends where {what} was wanted"))
    }

    fn number(&mut self, what: &str, radix: u32) -> Result<u32, String> {
        let field = String::from_utf8_lossy(self.next(what)?);
        u32::from_str_radix(&field, radix)
            .map_err(|_| format!("{what} was wanted, found {}", crate::text::quote(&field)))
    }
}
