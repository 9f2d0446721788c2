//! Stages -> [`Analyser`], or an error that names the stages that do not fit.

use std::any::Any;
use std::path::PathBuf;

use botsmith_core::Diagnostic;
use botsmith_core::yaml::{Cursor, Source, parse};

use super::{Analyser, Annotate, Stage, StageKinds};
use crate::pipeline::Columns;
use crate::{Error, Model, Pipeline, Result};

/// Where the model comes from.
#[derive(Debug)]
enum From {
    English,
    File(PathBuf),
    Model(Box<Model>),
}

/// A stage, and where it stands in a file.
#[derive(Debug)]
struct Listed {
    stage: Box<dyn Stage>,
    place: Option<Diagnostic>,
}

/// Puts a pipeline together.
///
/// ```
/// # #[cfg(feature = "english")] {
/// use botsmith_nlp::PipelineBuilder;
///
/// let analyser = PipelineBuilder::new().annotation().build()?;
/// let analysis = analyser.analyse("She was running late.")?;
/// assert_eq!(analysis.doc.words().nth(2).map(|word| word.lemma()), Some("run"));
/// # }
/// # Ok::<(), botsmith_nlp::Error>(())
/// ```
#[derive(Debug)]
pub struct PipelineBuilder {
    from: From,
    stages: Vec<Listed>,
}

impl Default for PipelineBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl PipelineBuilder {
    /// Begins without stages, over the English model. It is read only where a stage asks for tokens.
    pub fn new() -> Self {
        Self {
            from: From::English,
            stages: Vec::new(),
        }
    }

    /// Takes another model.
    #[must_use]
    pub fn model(mut self, model: Model) -> Self {
        self.from = From::Model(Box::new(model));
        self
    }

    /// Takes the model in a file, which is read by [`PipelineBuilder::build`].
    #[must_use]
    pub fn model_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.from = From::File(path.into());
        self
    }

    /// Adds a stage behind the others.
    #[must_use]
    pub fn stage(mut self, stage: impl Stage) -> Self {
        self.stages.push(Listed {
            stage: Box::new(stage),
            place: None,
        });
        self
    }

    /// Adds `tokenise`, `sentences`, `tag`, `morphology` and `lemma`: what [`Pipeline::annotate`] does.
    #[must_use]
    pub fn annotation(mut self) -> Self {
        for stage in &Annotate::ALL[1..] {
            self = self.stage(*stage);
        }
        self
    }

    /// Reads `language` or `model`, and `stages`, with the stages of this crate. A model's path is
    /// relative to the file.
    ///
    /// ```
    /// use botsmith_core::yaml::Source;
    /// use botsmith_nlp::PipelineBuilder;
    ///
    /// let source = Source::new("pipeline.yaml", "stages: [tokenise, tag]");
    /// let misfit = PipelineBuilder::from_yaml(&source)?.build().unwrap_err().to_string();
    /// assert!(misfit.starts_with(
    ///     "stage `tag` needs sentences, which `sentences` gives; put `sentences` before it"
    /// ));
    /// assert!(misfit.contains("pipeline.yaml:1:20"));
    /// # Ok::<(), botsmith_nlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Core`] with file, line, column and the nearest valid word.
    pub fn from_yaml(source: &Source) -> Result<Self> {
        Self::from_yaml_with(source, &StageKinds::builtin())
    }

    /// As [`PipelineBuilder::from_yaml`], with kinds of stages of your own.
    ///
    /// # Errors
    /// As [`PipelineBuilder::from_yaml`].
    pub fn from_yaml_with(source: &Source, kinds: &StageKinds) -> Result<Self> {
        let root = parse(source)?;
        let fields = Cursor::new(source, &root).fields()?;
        let mut builder = Self::new();
        let language = fields.get("language");
        if let Some(at) = fields.get("model") {
            if let Some(language) = &language {
                let error = "a pipeline has a `language` or a `model`, not both";
                return Err(language.diagnostic(error).code("BS-NLP-020").into());
            }
            let folder = source.path().parent().unwrap_or(source.path());
            builder = builder.model_file(folder.join(at.name()?));
        }
        if let Some(at) = language {
            at.one_of(&[("en", ())])?;
        }
        for at in fields.required("stages")?.items()? {
            builder.stages.push(Listed {
                stage: kinds.read(&at)?,
                place: Some(at.diagnostic("").code("BS-NLP-020")),
            });
        }
        fields.finish()?;
        Ok(builder)
    }

    /// Checks that the stages fit, reads the model if one is needed, and puts the pipeline together.
    ///
    /// # Errors
    /// Where stages do not fit each other or the model: [`Error::Pipeline`], or [`Error::Core`] with the
    /// place in the file for a pipeline from YAML. Where there is no such model: as [`Model::load`].
    pub fn build(self) -> Result<Analyser> {
        self.check()?;
        let has = |wanted: Annotate| self.stages.iter().any(|at| column(at) == Some(wanted));
        let columns = Columns {
            normalise: has(Annotate::Normalise),
            sentences: has(Annotate::Sentences),
            tags: has(Annotate::Tag),
            feats: has(Annotate::Morphology),
            lemmas: has(Annotate::Lemma),
        };
        let pipeline = match (has(Annotate::Tokenise), self.from) {
            (false, _) => None,
            (true, From::English) => Some(Pipeline::english()?),
            (true, From::File(path)) => Some(Pipeline::load(path)?),
            (true, From::Model(model)) => Some(Pipeline::new(*model)),
        };
        if let Some(pipeline) = &pipeline {
            check_model(&self.stages, pipeline.model())?;
        }
        Ok(Analyser {
            pipeline,
            columns,
            stages: self.stages.into_iter().map(|at| at.stage).collect(),
        })
    }

    fn check(&self) -> Result<()> {
        for (number, at) in self.stages.iter().enumerate() {
            let (stage, name) = (&at.stage, at.stage.name());
            let before = &self.stages[..number];
            let tokenised = before.iter().find(|at| at.gives("tokens"));
            if let Some(tokenised) = tokenised.filter(|_| stage.masks()) {
                return Err(at.misfit(format!(
                    "stage `{name}` changes what `{0}` sees; put `{name}` before `{0}`",
                    tokenised.stage.name()
                )));
            }
            for fact in stage.gives() {
                if let Some(other) = before.iter().find(|at| at.gives(fact)) {
                    return Err(at.misfit(format!(
                        "stage `{name}` gives {fact}, which `{}` gives already; leave one out",
                        other.stage.name()
                    )));
                }
            }
            for need in stage.needs() {
                if before.iter().any(|at| at.gives(need)) {
                    continue;
                }
                let later = self.stages[number..].iter().find(|at| at.gives(need));
                return Err(at.misfit(match (later, StageKinds::giver(need)) {
                    (Some(later), _) if later.stage.name() != name => format!(
                        "stage `{name}` needs {need}, which `{0}` gives; move `{0}` before it",
                        later.stage.name()
                    ),
                    (_, Some(giver)) => format!(
                        "stage `{name}` needs {need}, which `{giver}` gives; put `{giver}` before it"
                    ),
                    _ => format!("stage `{name}` needs {need}, which no stage before it gives"),
                }));
            }
        }
        Ok(())
    }
}

/// What the model cannot give, no stage over it can.
fn check_model(stages: &[Listed], model: &Model) -> Result<()> {
    let known = &model.info().columns;
    for at in stages {
        let wanted: &[&str] = match column(at) {
            Some(Annotate::Tag) => &["upos", "xpos"],
            Some(Annotate::Morphology) => &["feats"],
            Some(Annotate::Lemma) => &["lemma"],
            _ => continue,
        };
        if !wanted
            .iter()
            .any(|wanted| known.iter().any(|known| known == wanted))
        {
            return Err(at.misfit(format!(
                "stage `{}` needs a model with the column {}; this model ({}) has {}",
                at.stage.name(),
                wanted.join(" or "),
                model.info().train,
                known.join(", ")
            )));
        }
    }
    Ok(())
}

fn column(at: &Listed) -> Option<Annotate> {
    let stage: &dyn Any = &*at.stage;
    stage.downcast_ref().copied()
}

impl Listed {
    fn gives(&self, fact: &str) -> bool {
        self.stage.gives().contains(&fact)
    }

    fn misfit(&self, reason: String) -> Error {
        match &self.place {
            Some(place) => {
                let mut place = place.clone();
                place.message = reason;
                place.into()
            }
            None => Error::Pipeline { reason },
        }
    }
}
