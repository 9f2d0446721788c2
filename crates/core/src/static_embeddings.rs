//! Vectors of texts without a model that computes: each token has a vector in a table, a text's is their mean.
//!
//! In: texts. Out: one vector of length 1 a text, or one a token. The table that [`english`](StaticEmbeddings::english)
//! gives is inside the crate: it is distilled from all-MiniLM-L6-v2 by `scripts/distil-embeddings`
//! (`models/README.md` says from what and how near it comes), in the way of `model2vec`
//! (<https://github.com/MinishLab/model2vec>) and then by regression. What a token weighs in the mean is in the length of
//! its vector. Words are taken as they are: their order, and a "not" among them, changes little. Nothing is fetched.

mod file;
mod wordpiece;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::Vectors;
use crate::digest::Digest;
use file::{HEADER, Layout};

/// `Result` with [`StaticError`].
pub type Result<T, E = StaticError> = std::result::Result<T, E>;

/// The table inside the crate.
static ENGLISH: &[u8] = include_bytes!("../models/static-english.bse");

/// What can be wrong with a file of token vectors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaticError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no table of token vectors, or not whole.
    #[error("{} is no table of token vectors: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        reason: String,
    },
    /// Tokens and vectors that make no table.
    #[error("no table of token vectors can be made: {0}")]
    Unfit(String),
}

impl StaticError {
    /// The stable code, as in `docs/src/errors.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "BS-CORE-002",
            Self::Damaged { .. } | Self::Unfit(_) => "BS-CORE-023",
        }
    }
}

/// A token of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticToken {
    /// Its row in the table.
    pub id: u32,
    /// First byte of the word that it is part of.
    pub start: usize,
    /// One past the word's last byte.
    pub end: usize,
}

/// A table of token vectors.
///
/// ```
/// use botsmith_core::static_embeddings::StaticEmbeddings;
/// let english = StaticEmbeddings::english();
/// let near = english.similarity("The cat sleeps.", "A kitten is sleeping.");
/// let far = english.similarity("The cat sleeps.", "Interest rates went up.");
/// assert!(near > far);
/// ```
#[derive(Clone)]
pub struct StaticEmbeddings {
    bytes: Cow<'static, [u8]>,
    layout: Layout,
    digest: Digest,
}

impl std::fmt::Debug for StaticEmbeddings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticEmbeddings")
            .field("tokens", &self.len())
            .field("width", &self.width())
            .finish_non_exhaustive()
    }
}

impl StaticEmbeddings {
    /// The English table inside the crate.
    pub fn english() -> &'static Self {
        static READ: OnceLock<StaticEmbeddings> = OnceLock::new();
        READ.get_or_init(|| {
            Self::from_bytes("static-english.bse", ENGLISH).expect("a test reads the table inside")
        })
    }

    /// The table in a file.
    ///
    /// # Errors
    /// [`StaticError::Read`]; [`StaticError::Damaged`] where it is none, is cut short, or its checksum is another.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = |source| StaticError::Read {
            path: path.to_owned(),
            source,
        };
        let size = std::fs::metadata(path).map_err(read)?.len();
        if size > file::MOST {
            return Err(StaticError::Damaged {
                path: path.to_owned(),
                reason: format!("it has {size} bytes, at most {} are read", file::MOST),
            });
        }
        Self::from_bytes(path, std::fs::read(path).map_err(read)?)
    }

    /// The table in some bytes: those of a file, or of a mapping that the caller made. They are read where they lie.
    ///
    /// # Errors
    /// [`StaticError::Damaged`], which names `path`.
    pub fn from_bytes(
        path: impl AsRef<Path>,
        bytes: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self> {
        let bytes = bytes.into();
        let layout = Layout::read(&bytes).map_err(|reason| StaticError::Damaged {
            path: path.as_ref().to_owned(),
            reason,
        })?;
        Ok(Self {
            digest: Digest::of(&bytes[..HEADER]),
            layout,
            bytes,
        })
    }

    /// The bytes of a table of these tokens, as a `WordPiece` vocabulary writes them (`##ing` goes on a word), each with
    /// its row of `vectors`. `about` is a line on where it comes from.
    ///
    /// # Errors
    /// [`StaticError::Unfit`] where numbers do not match, a token stands twice, or a value is not finite.
    pub fn write(tokens: &[&str], vectors: &Vectors, about: &str) -> Result<Vec<u8>> {
        file::write(tokens, vectors, about).map_err(StaticError::Unfit)
    }

    /// The bytes of this table with rows of whole numbers from `-most` to `most` only, 1 to 127. Such a file is as long
    /// and is read as fast, but packs better: 31 takes a quarter off a zip and leaves cosines as they were to about
    /// 0.004. What is coarse already stays as it is.
    ///
    /// ```
    /// use botsmith_core::Vectors;
    /// use botsmith_core::static_embeddings::StaticEmbeddings;
    /// let vectors = Vectors::from_rows(2, vec![0.4, 1.0, -1.0, 0.1]);
    /// let fine = StaticEmbeddings::from_bytes("fine", StaticEmbeddings::write(&["yes", "no"], &vectors, "")?)?;
    /// let coarse = StaticEmbeddings::from_bytes("coarse", fine.coarser(31))?;
    /// let off = fine.similarity("yes", "no") - coarse.similarity("yes", "no");
    /// assert!(off.abs() < 0.02);
    /// # Ok::<(), botsmith_core::static_embeddings::StaticError>(())
    /// ```
    ///
    /// # Panics
    /// Where `most` is 0 or above 127.
    pub fn coarser(&self, most: u8) -> Vec<u8> {
        assert!((1..=127).contains(&most), "bytes go to 127");
        self.layout.coarser(&self.bytes, most)
    }

    /// How wide the vectors are.
    pub fn width(&self) -> usize {
        self.layout.width
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.layout.tokens
    }

    /// Whether there are none; never so.
    pub fn is_empty(&self) -> bool {
        self.layout.tokens == 0
    }

    /// Where the table comes from, in a line.
    pub fn about(&self) -> &str {
        self.layout.about(&self.bytes)
    }

    /// The digest of the table's header, its checksum included: the same for the same table alone.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// A token by its row, as the vocabulary writes it.
    pub fn token(&self, id: u32) -> Option<&str> {
        ((id as usize) < self.len()).then(|| self.layout.token(&self.bytes, id as usize))
    }

    /// The tokens of a text, in order. Words that the vocabulary cannot spell are left out.
    pub fn tokens(&self, text: &str) -> Vec<StaticToken> {
        let mut tokens = Vec::new();
        wordpiece::split(text, |word, (start, end)| {
            self.pieces(word, |id| tokens.push(StaticToken { id, start, end }));
        });
        tokens
    }

    /// The vectors of a text's tokens, one after another.
    pub fn token_vectors(&self, tokens: &[StaticToken]) -> Vectors {
        let mut values = vec![0.0; tokens.len() * self.width()];
        for (to, token) in values.chunks_exact_mut(self.width()).zip(tokens) {
            self.layout.add(&self.bytes, token.id as usize, to);
        }
        Vectors::from_rows(self.width(), values)
    }

    /// The vectors of texts, in order, each of length 1; all 0 where a text has no known token.
    ///
    /// ```
    /// use botsmith_core::static_embeddings::StaticEmbeddings;
    /// let english = StaticEmbeddings::english();
    /// let vectors = english.embed(&["a question", "an answer"]);
    /// assert_eq!((vectors.len(), vectors.width()), (2, english.width()));
    /// ```
    pub fn embed<T: AsRef<str>>(&self, texts: &[T]) -> Vectors {
        let mut values = vec![0.0; texts.len() * self.width()];
        for (to, text) in values.chunks_exact_mut(self.width()).zip(texts) {
            self.embed_into(text.as_ref(), to);
        }
        Vectors::from_rows(self.width(), values)
    }

    /// Writes the vector of a text into `to`, which is as wide; gives the number of tokens.
    ///
    /// # Panics
    /// Where `to` is of another width.
    pub fn embed_into(&self, text: &str, to: &mut [f32]) -> usize {
        assert_eq!(to.len(), self.width(), "the room is as wide as the vectors");
        to.fill(0.0);
        let mut tokens = 0;
        wordpiece::split(text, |word, _| {
            self.pieces(word, |id| {
                self.layout.add(&self.bytes, id as usize, to);
                tokens += 1;
            });
        });
        let length = to
            .iter()
            .map(|x| f64::from(*x) * f64::from(*x))
            .sum::<f64>();
        if length > 0.0 {
            // In f64: of tiny vectors the factor is beyond f32.
            let scale = 1.0 / length.sqrt();
            for x in to.iter_mut() {
                *x = (f64::from(*x) * scale) as f32;
            }
        }
        tokens
    }

    /// The cosine of two texts' vectors, -1 to 1; 1 for equal texts, 0 where one has no known token.
    pub fn similarity(&self, a: &str, b: &str) -> f64 {
        if a == b {
            return 1.0;
        }
        self.embed(&[a, b]).cosine(0, 1).clamp(-1.0, 1.0)
    }

    /// The longest known pieces of a word, from its beginning; none where a part of it is unknown.
    fn pieces(&self, word: &[u8], mut found: impl FnMut(u32)) {
        let find = |piece: &[u8], goes_on| self.layout.find(&self.bytes, piece, goes_on);
        wordpiece::pieces(word, self.layout.longest, find, &mut found);
    }
}
