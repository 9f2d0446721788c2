//! A pipeline that has been built: text -> [`Analysis`].

use rayon::prelude::*;

use super::{Analysis, Layers, Mask, Stage};
use crate::pipeline::Columns;
use crate::{Doc, DocBuilder, Given, Pipeline, Result};

/// What annotates text and runs stages over it; made by [`super::PipelineBuilder`]. One serves any number
/// of threads.
#[derive(Debug)]
pub struct Analyser {
    /// None where no stage asks for tokens.
    pub(super) pipeline: Option<Pipeline>,
    pub(super) columns: Columns,
    pub(super) stages: Vec<Box<dyn Stage>>,
}

impl Analyser {
    /// Analyses one text.
    ///
    /// # Errors
    /// [`crate::Error::TooLong`] past [`crate::doc::MAX_TEXT`] bytes, and those of the stages.
    pub fn analyse(&self, text: impl Into<String>) -> Result<Analysis> {
        self.analyse_given(text, Given::Nothing)
    }

    /// Analyses one text of which something is known.
    ///
    /// # Errors
    /// As [`Analyser::analyse`].
    pub fn analyse_given(&self, text: impl Into<String>, given: Given) -> Result<Analysis> {
        let text = text.into();
        let (mut mask, mut layers) = (Mask::default(), Layers::default());
        for stage in self.stages.iter().filter(|stage| stage.masks()) {
            stage.prepare(&text, &mut mask, &mut layers)?;
        }
        let doc = match &self.pipeline {
            Some(pipeline) => pipeline.annotate_as(text, given, self.columns, &mask)?,
            None => DocBuilder::new(text)?.build(),
        };
        self.finish(doc, layers)
    }

    /// Runs the stages beyond the columns over a document that was annotated elsewhere. What a stage
    /// needs must be there; parts of its text are not hidden.
    ///
    /// # Errors
    /// Those of the stages.
    pub fn analyse_doc(&self, doc: Doc) -> Result<Analysis> {
        self.finish(doc, Layers::default())
    }

    /// Analyses many texts on all threads of the current rayon pool, in order.
    ///
    /// # Errors
    /// As [`Analyser::analyse`], for the first text that fails.
    pub fn analyse_all<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Analysis>> {
        texts
            .par_iter()
            .map(|text| self.analyse(text.as_ref()))
            .collect()
    }

    /// The names of its stages, in order.
    pub fn stages(&self) -> impl ExactSizeIterator<Item = &str> {
        self.stages.iter().map(|stage| stage.name())
    }

    /// The pipeline that fills the columns; none where no stage asks for tokens.
    pub fn pipeline(&self) -> Option<&Pipeline> {
        self.pipeline.as_ref()
    }

    fn finish(&self, doc: Doc, mut layers: Layers) -> Result<Analysis> {
        for stage in &self.stages {
            stage.run(&doc, &mut layers)?;
        }
        Ok(Analysis { doc, layers })
    }
}
