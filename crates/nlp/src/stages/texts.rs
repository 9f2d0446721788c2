//! Stages over whole texts: `markdown`, `counts`, `readability`, `lexical-diversity`.
//!
//! Each adds a layer of its name: [`Layout`], [`Counts`], [`Readability`], [`Diversity`].

use botsmith_core::yaml::Cursor;
use serde::Serialize;

use super::kinds::bare;
use super::{Layers, Mask, Stage, StageKinds};
use crate::lexical_diversity::{Unit, Vocabulary};
use crate::markdown::Layout;
use crate::readability::{Counts, Readability};
use crate::{Doc, Result};

/// Keeps code, markup and formulas out of the tags; see [`crate::markdown`]. Stands before
/// `tokenise`.
///
/// ```
/// # #[cfg(feature = "english")] {
/// use botsmith_nlp::PipelineBuilder;
/// use botsmith_nlp::stages::Markdown;
///
/// let analyser = PipelineBuilder::new().stage(Markdown).annotation().build()?;
/// let analysis = analyser.analyse("Run `make`:\n\n```sh\nmake\n```\n")?;
/// assert_eq!(analysis.doc.words().map(|word| word.form()).collect::<Vec<_>>(), ["Run", "make", ":"]);
/// # }
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

impl Stage for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn gives(&self) -> Vec<&str> {
        vec!["markdown"]
    }

    fn masks(&self) -> bool {
        true
    }

    fn prepare(&self, text: &str, mask: &mut Mask, layers: &mut Layers) -> Result<()> {
        let layout = Layout::of(text);
        layout.hide(text, mask);
        layers.put("markdown", layout);
        Ok(())
    }

    fn run(&self, _: &Doc, _: &mut Layers) -> Result<()> {
        Ok(())
    }
}

/// Sentences, words, letters, syllables and more as numbers; see [`Counts`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CountStage;

impl Stage for CountStage {
    fn name(&self) -> &'static str {
        "counts"
    }

    fn needs(&self) -> Vec<&str> {
        vec!["tokens", "sentences"]
    }

    fn gives(&self) -> Vec<&str> {
        vec!["counts"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put("counts", Counts::of_doc(doc));
        Ok(())
    }
}

/// How hard the text is to read; see [`Readability`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadabilityStage;

impl Stage for ReadabilityStage {
    fn name(&self) -> &'static str {
        "readability"
    }

    fn needs(&self) -> Vec<&str> {
        vec!["tokens", "sentences"]
    }

    fn gives(&self) -> Vec<&str> {
        vec!["readability"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        layers.put("readability", Readability::of_doc(doc));
        Ok(())
    }
}

/// How varied the words are; see [`crate::lexical_diversity`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DiversityStage {
    /// What of a word is compared.
    pub unit: Unit,
    /// Words of a window of MATTR, at least 1.
    pub window: usize,
    /// The threshold of MTLD, between 0 and 1.
    pub threshold: f64,
    /// Words of a sample of HD-D, at least 1.
    pub sample: usize,
}

impl Default for DiversityStage {
    fn default() -> Self {
        Self {
            unit: Unit::Form,
            window: Vocabulary::WINDOW,
            threshold: Vocabulary::THRESHOLD,
            sample: Vocabulary::SAMPLE,
        }
    }
}

/// The layer of [`DiversityStage`]; a measure for which the text is too short is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Diversity {
    /// Words.
    pub words: usize,
    /// Different words.
    pub types: usize,
    /// Type-token ratio.
    pub ttr: Option<f64>,
    /// Different words / root of words.
    pub root_ttr: Option<f64>,
    /// Mean type-token ratio of windows.
    pub mattr: Option<f64>,
    /// Mean words before the type-token ratio falls to the threshold.
    pub mtld: Option<f64>,
    /// Expected type-token ratio of a sample.
    pub hdd: Option<f64>,
    /// Yule's K.
    pub yules_k: Option<f64>,
}

/// A number of words, at least 1.
fn size(at: &Cursor<'_>) -> Result<usize> {
    match at.count()? {
        0 => Err(at.error("must be 1 or more").into()),
        size => Ok(size),
    }
}

impl DiversityStage {
    fn read(at: &Cursor<'_>) -> Result<Self> {
        let mut stage = Self::default();
        if at.is_null() {
            return Ok(stage);
        }
        let fields = at.fields()?;
        if let Some(at) = fields.get("unit") {
            stage.unit = at.one_of(&[("form", Unit::Form), ("lemma", Unit::Lemma)])?;
        }
        if let Some(at) = fields.get("window") {
            stage.window = size(&at)?;
        }
        if let Some(at) = fields.get("threshold") {
            stage.threshold = at.number_in(0.01, 0.99)?;
        }
        if let Some(at) = fields.get("sample") {
            stage.sample = size(&at)?;
        }
        fields.finish()?;
        Ok(stage)
    }
}

impl Stage for DiversityStage {
    fn name(&self) -> &'static str {
        "lexical-diversity"
    }

    fn needs(&self) -> Vec<&str> {
        match self.unit {
            Unit::Form => vec!["tokens"],
            Unit::Lemma => vec!["tokens", "lemmas"],
        }
    }

    fn gives(&self) -> Vec<&str> {
        vec!["lexical-diversity"]
    }

    fn run(&self, doc: &Doc, layers: &mut Layers) -> Result<()> {
        let words = Vocabulary::of_doc(doc, self.unit);
        let diversity = Diversity {
            words: words.len(),
            types: words.types(),
            ttr: words.ttr(),
            root_ttr: words.root_ttr(),
            mattr: words.mattr(self.window),
            mtld: words.mtld(self.threshold),
            hdd: words.hdd(self.sample),
            yules_k: words.yules_k(),
        };
        layers.put("lexical-diversity", diversity);
        Ok(())
    }
}

/// Makes these stages known to pipeline files.
pub(super) fn register(kinds: &mut StageKinds) {
    kinds.register("markdown", |at| {
        bare(at)?;
        Ok(Box::new(Markdown))
    });
    kinds.register("counts", |at| {
        bare(at)?;
        Ok(Box::new(CountStage))
    });
    kinds.register("readability", |at| {
        bare(at)?;
        Ok(Box::new(ReadabilityStage))
    });
    kinds.register("lexical-diversity", |at| {
        Ok(Box::new(DiversityStage::read(at)?))
    });
}
