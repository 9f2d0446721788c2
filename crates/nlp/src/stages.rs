//! Pipelines by configuration: text -> [`Analysis`], a [`Doc`] and what stages found beside it.
//!
//! A pipeline is a list of stages, put together in Rust ([`PipelineBuilder`]) or read from YAML
//! ([`PipelineBuilder::from_yaml`]). The first stages fill the columns of the [`Doc`] ([`Annotate`]);
//! others add a typed layer each ([`Layers`]), and anyone can write one ([`Stage`]). Each stage says what
//! it needs and what it gives; a list that does not fit is an error when it is built, not when it runs.
//! A stage that is left out costs nothing.

mod analyser;
mod analysis;
mod builder;
mod kinds;
pub(crate) mod mask;
pub(crate) mod normalise;
mod texts;

use std::any::Any;
use std::fmt::Debug;

pub use analyser::Analyser;
pub use analysis::{Analysis, Layer, Layers};
pub use builder::PipelineBuilder;
pub use kinds::StageKinds;
pub use mask::{Hidden, Mask};
pub use texts::{CountStage, Diversity, DiversityStage, Markdown, ReadabilityStage};

use crate::{Doc, Result};

/// One step of a pipeline. Pure: what it adds depends on the text and its own settings alone.
///
/// Facts that stages need and give go by name: `tokens`, `sentences`, `tags`, `morphology` and `lemmas`
/// are columns of the [`Doc`]; every other name is that of a layer.
///
/// ```
/// use botsmith_nlp::stages::{Annotate, Layers, PipelineBuilder, Stage};
/// use botsmith_nlp::{Doc, Result};
///
/// #[derive(Debug)]
/// struct LongWords(usize);
///
/// impl Stage for LongWords {
///     fn name(&self) -> &str {
///         "long-words"
///     }
///     fn needs(&self) -> Vec<&str> {
///         vec!["tokens"]
///     }
///     fn gives(&self) -> Vec<&str> {
///         vec!["long-words"]
///     }
///     fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
///         let long = doc.tokens().filter(|token| token.form().len() >= self.0);
///         layers.put("long-words", long.map(|token| token.index()).collect::<Vec<_>>());
///         Ok(())
///     }
/// }
///
/// let misfit = PipelineBuilder::new().stage(LongWords(9)).build().unwrap_err();
/// assert!(misfit.to_string().contains("put `tokenise` before it"));
/// # #[cfg(feature = "english")] {
/// let analyser = PipelineBuilder::new().stage(Annotate::Tokenise).stage(LongWords(9)).build()?;
/// let analysis = analyser.analyse("An extraordinary day")?;
/// assert_eq!(analysis.layers.get::<Vec<usize>>("long-words"), Some(&vec![1]));
/// # }
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
pub trait Stage: Any + Send + Sync + Debug {
    /// Its name, as in YAML.
    fn name(&self) -> &str;

    /// Facts that must be known before it runs.
    fn needs(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Facts that are known once it has run: the names of its layers.
    fn gives(&self) -> Vec<&str>;

    /// Whether it hides parts of the text ([`Stage::prepare`]) and so must stand before `tokenise`.
    fn masks(&self) -> bool {
        false
    }

    /// Looks at the text before there are tokens: hides parts of it, adds layers. Called for stages
    /// that say so ([`Stage::masks`]).
    ///
    /// # Errors
    /// The stage's own.
    fn prepare(&self, _text: &str, _mask: &mut Mask, _layers: &mut Layers) -> Result<()> {
        Ok(())
    }

    /// Looks at the document and adds its layers.
    ///
    /// # Errors
    /// The stage's own.
    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()>;
}

/// The stages that fill the columns of a [`Doc`]. They run together, in one pass of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotate {
    /// Curly quotes, ligatures, composed characters and the like become plain in forms of words, so that
    /// they are looked up as what they mean. The text stays.
    Normalise,
    /// Tokens, and the words in them.
    Tokenise,
    /// Sentences. Without it, the text is one.
    Sentences,
    /// UPOS and XPOS.
    Tag,
    /// FEATS. They are chosen together with the tags, so leaving them out saves no time.
    Morphology,
    /// Lemmas, which depend on the tags.
    Lemma,
}

impl Annotate {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Normalise,
        Self::Tokenise,
        Self::Sentences,
        Self::Tag,
        Self::Morphology,
        Self::Lemma,
    ];
}

impl Stage for Annotate {
    fn name(&self) -> &str {
        match self {
            Self::Normalise => "normalise",
            Self::Tokenise => "tokenise",
            Self::Sentences => "sentences",
            Self::Tag => "tag",
            Self::Morphology => "morphology",
            Self::Lemma => "lemma",
        }
    }

    fn needs(&self) -> Vec<&str> {
        match self {
            Self::Normalise | Self::Tokenise => Vec::new(),
            Self::Sentences => vec!["tokens"],
            Self::Tag => vec!["tokens", "sentences"],
            Self::Morphology | Self::Lemma => vec!["tags"],
        }
    }

    fn gives(&self) -> Vec<&str> {
        match self {
            Self::Normalise => Vec::new(),
            Self::Tokenise => vec!["tokens"],
            Self::Sentences => vec!["sentences"],
            Self::Tag => vec!["tags"],
            Self::Morphology => vec!["morphology"],
            Self::Lemma => vec!["lemmas"],
        }
    }

    /// It changes what the tokeniser's words are looked up as.
    fn masks(&self) -> bool {
        *self == Self::Normalise
    }

    fn run(&self, _: &Doc, _: &mut Layers) -> Result<()> {
        Ok(())
    }
}
