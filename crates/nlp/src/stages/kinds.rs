//! Names of stages in YAML -> stages.

use std::collections::BTreeMap;
use std::fmt;

use botsmith_core::yaml::{Cursor, Fields, Node, Value};

use super::{Annotate, Stage};
use crate::Result;
use crate::chunks::Chunks;
use crate::clauses::Clauses;
use crate::keyphrases::Keyphrases;
use crate::language::LanguageId;
use crate::matcher::{Matcher, PhraseMatcher};

/// Reads the options under a stage's name; they are null where the bare name stands.
type Read = Box<dyn Fn(&Cursor<'_>) -> Result<Box<dyn Stage>> + Send + Sync>;

/// Kinds of stages by name: what a pipeline file can hold.
///
/// ```
/// use botsmith_core::yaml::Source;
/// use botsmith_nlp::PipelineBuilder;
/// use botsmith_nlp::stages::{Annotate, StageKinds};
///
/// let mut kinds = StageKinds::builtin();
/// kinds.register("words", |_| Ok(Box::new(Annotate::Tokenise)));
/// let source = Source::new("pipeline.yaml", "stages: [wrods]");
/// let error = PipelineBuilder::from_yaml_with(&source, &kinds).unwrap_err().to_string();
/// assert!(error.contains("did you mean `words`?"));
/// ```
pub struct StageKinds(BTreeMap<String, Read>);

impl fmt::Debug for StageKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl StageKinds {
    /// All stages of this crate.
    pub fn builtin() -> Self {
        let mut kinds = Self(BTreeMap::new());
        for stage in Annotate::ALL {
            let name = stage.name().to_owned();
            kinds.register(&name, move |at| {
                bare(at)?;
                Ok(Box::new(stage))
            });
        }
        kinds.register("matcher", |at| Ok(Box::new(Matcher::read(at)?)));
        kinds.register("phrases", |at| Ok(Box::new(PhraseMatcher::read(at)?)));
        kinds.register("chunks", |at| {
            bare(at)?;
            Ok(Box::new(Chunks))
        });
        kinds.register("clauses", |at| {
            bare(at)?;
            Ok(Box::new(Clauses))
        });
        kinds.register("keyphrases", |at| {
            let mut stage = Keyphrases::default();
            if let Some(fields) = options(at)? {
                if let Some(at) = fields.get("top") {
                    stage.top = at.count()?;
                }
                fields.finish()?;
            }
            Ok(Box::new(stage))
        });
        kinds.register("language-id", |at| {
            let mut stage = LanguageId::default();
            if let Some(fields) = options(at)? {
                if let Some(at) = fields.get("min-confidence") {
                    stage.min_confidence = at.number_in(0.0, 1.0)?;
                }
                fields.finish()?;
            }
            Ok(Box::new(stage))
        });
        super::texts::register(&mut kinds);
        kinds
    }

    /// Adds a kind; one of the same name is replaced. `read` gets the value under the stage's name, null
    /// where the bare name stands in the list.
    pub fn register(
        &mut self,
        name: &str,
        read: impl Fn(&Cursor<'_>) -> Result<Box<dyn Stage>> + Send + Sync + 'static,
    ) -> &mut Self {
        self.0.insert(name.to_owned(), Box::new(read));
        self
    }

    /// All names, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Reads one item of `stages`: a name, or a name with options.
    pub(super) fn read(&self, at: &Cursor<'_>) -> Result<Box<dyn Stage>> {
        let null = Node::new(Value::Null, at.mark());
        let (name, options) = match at.node().value {
            Value::Map(_) => at.single()?,
            _ => (at.name()?, at.over(&null)),
        };
        if let Some(read) = self.0.get(name) {
            return read(&options);
        }
        let shown = botsmith_core::hint::shown(name);
        let unknown = at.diagnostic(format!("there is no stage `{shown}`"));
        let names = self.0.keys().map(String::as_str);
        Err(unknown.nearest(name, names).code("BS-NLP-020").into())
    }

    /// The stage of this crate that gives a fact.
    pub(super) fn giver(fact: &str) -> Option<&'static str> {
        GIVERS
            .iter()
            .find(|(known, _)| *known == fact)
            .map(|(_, stage)| *stage)
    }
}

/// Facts that other stages need, and who gives them.
const GIVERS: [(&str, &str); 5] = [
    ("tokens", "tokenise"),
    ("sentences", "sentences"),
    ("tags", "tag"),
    ("morphology", "morphology"),
    ("lemmas", "lemma"),
];

/// The options of a stage; none where its bare name stands.
pub(super) fn options<'a>(at: &Cursor<'a>) -> Result<Option<Fields<'a>>> {
    match at.is_null() {
        true => Ok(None),
        false => Ok(Some(at.fields()?)),
    }
}

/// Checks that a stage that takes no options has none.
pub(super) fn bare(at: &Cursor<'_>) -> Result<()> {
    match options(at)? {
        Some(fields) => Ok(fields.finish()?),
        None => Ok(()),
    }
}
