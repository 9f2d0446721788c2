//! Where measures come from: options -> the table inside, or a model of this machine.

use std::sync::{Arc, OnceLock};

use botsmith_core::Diagnostic;
use botsmith_core::yaml::Fields;

use super::super::OptionDocs;
use super::Backend;
use super::backend::{StaticCosine, StaticTokens};
use crate::Result;
use crate::metrics::bertscore::Idf;

pub(in super::super) const MODEL: OptionDocs = OptionDocs {
    name: "model",
    schema: r#"{"type": "string"}"#,
    about: "a model of this machine in place of the table of English token vectors inside: a folder or a file, from the suite's folder on, or `hf:org/name` once `botsmith model pull` has fetched it; needs a build with the engine",
    required: false,
};

pub(in super::super) const DEVICE: OptionDocs = OptionDocs {
    name: "device",
    schema: r#"{"type": "string", "default": "auto"}"#,
    about: "where the model computes: `auto`, `cpu`, `cuda:N` or `metal`",
    required: false,
};

/// What is measured of a pair.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "semantic"),
    allow(dead_code, reason = "only a build with the engine reads all of it")
)]
pub(in super::super) enum What {
    /// The cosine of the texts' vectors.
    Cosine,
    /// `BERTScore` over token vectors; tokens weighed by these documents, where there are any.
    Tokens(Vec<String>),
    /// The probability of the class of this name; without one: of the last class.
    Class(Option<String>),
    /// How likely the second text is after the first.
    Likelihood,
}

/// See the module.
#[derive(Debug)]
pub(in super::super) struct Source {
    what: What,
    model: Option<Model>,
    opened: OnceLock<Arc<dyn Backend>>,
}

/// A model as the suite names it.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "semantic"),
    allow(dead_code, reason = "only a build with the engine reads it")
)]
pub(super) struct Model {
    pub(super) name: String,
    pub(super) device: Option<String>,
    pub(super) folder: std::path::PathBuf,
    pub(super) named_at: Box<Diagnostic>,
}

impl Source {
    /// Reads `model` and `device`; `needed` where the table inside cannot measure this.
    ///
    /// # Errors
    /// At the place of `model` where it is no name, or missing.
    pub(in super::super) fn read(options: &Fields<'_>, what: What, needed: bool) -> Result<Self> {
        let at = match needed {
            true => Some(options.required("model")?),
            false => options.get("model"),
        };
        let opened = OnceLock::new();
        let Some(at) = at else {
            return Ok(Self {
                what,
                model: None,
                opened,
            });
        };
        let folder = at
            .source()
            .path()
            .parent()
            .map(std::path::Path::to_path_buf);
        let device = options.get("device").map(|at| at.name().map(str::to_owned));
        Ok(Self {
            what,
            opened,
            model: Some(Model {
                name: at.name()?.to_owned(),
                device: device.transpose()?,
                folder: folder.unwrap_or_default(),
                named_at: Box::new(at.diagnostic("")),
            }),
        })
    }

    /// Whether a model measures.
    pub(in super::super) fn is_model(&self) -> bool {
        self.model.is_some()
    }

    /// What measures; a model is read when this is first asked.
    ///
    /// # Errors
    /// At the place of `model`, where it cannot be read or this build has no engine.
    pub(in super::super) fn backend(&self) -> Result<Arc<dyn Backend>> {
        if let Some(opened) = self.opened.get() {
            return Ok(Arc::clone(opened));
        }
        let backend: Arc<dyn Backend> = match (&self.model, &self.what) {
            #[cfg(feature = "semantic")]
            (Some(model), what) => super::local::open(model, what)?,
            #[cfg(not(feature = "semantic"))]
            (Some(model), _) => {
                let mut at = (*model.named_at).clone();
                at.message = "this build has no engine for models of this machine".into();
                let remedy = "build botsmith with the feature `engine` (botsmith-eval: `semantic`)";
                return Err(at.hint(remedy).into());
            }
            (None, What::Tokens(documents)) => Arc::new(StaticTokens {
                idf: static_idf(documents),
            }),
            (None, _) => Arc::new(StaticCosine),
        };
        Ok(Arc::clone(self.opened.get_or_init(|| backend)))
    }
}

fn static_idf(documents: &[String]) -> Option<Idf<u32>> {
    let table = botsmith_core::static_embeddings::StaticEmbeddings::english();
    let ids = |text: &String| {
        table
            .tokens(text)
            .into_iter()
            .map(|token| token.id)
            .collect::<Vec<_>>()
    };
    (!documents.is_empty()).then(|| Idf::new(documents.iter().map(ids)))
}
