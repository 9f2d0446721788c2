//! What annotates: the columns of a document alone, or a pipeline from a file, with its layers.

use std::path::Path;

use botsmith::core::yaml;
use botsmith::eval::Result;
use botsmith::nlp::{Analyser, Analysis, Doc, Given, Pipeline, PipelineBuilder};

/// The longest pipeline file.
const MAX_FILE: u64 = 64 << 20;

/// What annotates.
pub(super) enum Annotator {
    /// A model.
    Columns(Box<Pipeline>),
    /// Stages.
    Stages(Box<Analyser>),
}

/// What was annotated.
pub(super) enum Annotated {
    /// Columns alone.
    Doc(Box<Doc>),
    /// With layers.
    Analysis(Box<Analysis>),
}

impl Annotator {
    /// The pipeline in a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let source = yaml::Source::read(path, MAX_FILE)?;
        let analyser = PipelineBuilder::from_yaml(&source)?.build()?;
        Ok(Self::Stages(Box::new(analyser)))
    }

    /// Annotates a text.
    pub(super) fn text(&self, text: String, given: Given) -> Result<Annotated> {
        Ok(match self {
            Self::Columns(pipeline) => {
                Annotated::Doc(Box::new(pipeline.annotate_given(text, given)?))
            }
            Self::Stages(stages) => stages.analyse_given(text, given)?.into(),
        })
    }

    /// Annotates a document anew: its sentences, tokens and words stay.
    pub(super) fn doc(&self, doc: Doc) -> Result<Annotated> {
        Ok(match self {
            Self::Columns(pipeline) => Annotated::Doc(Box::new(pipeline.retag(&doc)?)),
            Self::Stages(stages) => match stages.pipeline() {
                Some(pipeline) => stages.analyse_doc(pipeline.retag(&doc)?)?.into(),
                None => stages.analyse_doc(doc)?.into(),
            },
        })
    }
}

impl From<Analysis> for Annotated {
    fn from(analysis: Analysis) -> Self {
        Self::Analysis(Box::new(analysis))
    }
}

impl Annotated {
    pub(super) fn doc(&self) -> &Doc {
        match self {
            Self::Doc(doc) => doc,
            Self::Analysis(analysis) => &analysis.doc,
        }
    }

    pub(super) fn to_json(&self) -> String {
        match self {
            Self::Doc(doc) => doc.to_json(),
            Self::Analysis(analysis) => analysis.to_json(),
        }
    }
}
