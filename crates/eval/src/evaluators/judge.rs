//! `judge`: an answer judged by a model: rubric, choice, score, or one answer against another.
//!
//! The judge is a bot: a cartridge, or a panel of several. What it says is read as JSON of a schema
//! that the kind of judgement sets (`output-schema`), so that a judge that rambles is
//! [`Verdict::Failed`], never 0. Against position bias (Zheng et al. 2023,
//! <https://arxiv.org/abs/2306.05685>) two answers are compared in both orders, and a judge whose
//! word depends on the order has called a tie.
//!
//! The answer is data: it stands between tags that no text in it can close, and the judge is told so
//! (Greshake et al. 2023, <https://arxiv.org/abs/2302.12173>). That makes an answer that talks to its
//! judge less likely to be heeded; it does not make it impossible.

mod kind;
mod open;
mod weighted;
mod words;

use std::path::{Path, PathBuf};

use botsmith_core::Diagnostic;
use botsmith_core::yaml::{Cursor, Fields};
use serde_json::{Map, Value};

use super::builtin::{Builtin, flag};
use super::{Asks, Docs, Evaluator, Judge, OptionDocs, Range, Subject};
use crate::ask::{Bots, Pace};
use crate::stats::Scale;
use crate::suite::BotSource;
use crate::suite::live::provider;
use crate::template::Template;
use crate::{Result, Verdict};

use kind::Judgement;
use open::{Combine, OpenJudge};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "judge",
        about: "What a model says of the answer: whether it meets criteria, which of several labels fits, a grade, or which of two answers is better.",
        formula: "rubric: share of criteria met; choice: the label's value; score: (grade - least) / (greatest - least); pairwise: 1 won, 0.5 tie, 0 lost",
        range: Range::UNIT,
        decides: false,
        compares: false,
        options: &[
            OptionDocs {
                name: "cartridge",
                schema: r#"{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}"#,
                about: "the judge's cartridge, relative to the suite; a list is a panel of several judges",
                required: true,
            },
            OptionDocs {
                name: "kind",
                schema: r#"{"enum": ["rubric", "choice", "score", "pairwise"], "default": "rubric"}"#,
                about: "what it is asked: `rubric`: which criteria are met, passes where all are; `choice`: which label fits; `score`: a grade; `pairwise`: which of two answers is better, asked in both orders",
                required: false,
            },
            OptionDocs {
                name: "criteria",
                schema: r#"{"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}"#,
                about: "what makes an answer good, in words; may be templates over the case",
                required: true,
            },
            OptionDocs {
                name: "choices",
                schema: r#"{"type": "object", "minProperties": 2, "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}"#,
                about: "of `choice`: each label with its value, like `{good: 1, fair: 0.5, bad: 0}`",
                required: false,
            },
            OptionDocs {
                name: "scale",
                schema: r#"{"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2, "default": [1, 5]}"#,
                about: "of `score`: least and greatest grade",
                required: false,
            },
            OptionDocs {
                name: "against",
                schema: r#"{"type": "string"}"#,
                about: "of `pairwise`: the bot whose answer to the same case is the other one, or `reference`, the default: the case's first reference",
                required: false,
            },
            OptionDocs {
                name: "combine",
                schema: r#"{"enum": ["mean", "majority"], "default": "mean"}"#,
                about: "of a panel: the mean of its values, or the value that most judges gave (a mean of these where several lead). More than half of the judges must have judged, else the verdict is failed. The explanation names the agreement: the share of pairs of judges that gave the same value",
                required: false,
            },
            OptionDocs {
                name: "weighted",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether the value is read from the probabilities that the model gives its possible replies, in one pass without an answer: yes or no for each criterion of `rubric`, each label of `choice`, each whole grade of `score`, A, B or tie of `pairwise`. Finer than one reply, and the same each time; for judges on provider `local`. There is no reason given, and no pass without a `threshold`",
                required: false,
            },
            OptionDocs {
                name: "prompt",
                schema: r#"{"type": "string"}"#,
                about: "template of what the judge is told, in place of the built-in one; beside the case's fields it has `data` (question, references, answer, delimited), `task` (what to do and how to reply), `answer` and, of `pairwise`, `other`",
                required: false,
            },
            OptionDocs {
                name: "provider",
                schema: r##"{"$ref": "#/$defs/provider"}"##,
                about: "laid over the cartridge's provider",
                required: false,
            },
            OptionDocs {
                name: "model",
                schema: r#"{"type": "string"}"#,
                about: "in place of the cartridge's model",
                required: false,
            },
            OptionDocs {
                name: "variables",
                schema: r#"{"type": "object"}"#,
                about: "values of the cartridge's variables",
                required: false,
            },
            OptionDocs {
                name: "concurrency",
                schema: r#"{"type": "integer", "minimum": 1, "default": 4}"#,
                about: "questions at once, for each judge",
                required: false,
            },
            OptionDocs {
                name: "rate",
                schema: r#"{"type": "string", "pattern": "^ *[0-9]+ */ *(s|m|min|h) *$"}"#,
                about: "questions in some time, like `60/m`, for each judge",
                required: false,
            },
            OptionDocs {
                name: "timeout",
                schema: r#"{"type": ["string", "number"]}"#,
                about: "time for one verdict; two minutes by default",
                required: false,
            },
        ],
        example: "- judge: {cartridge: bots/judge.yml, kind: rubric, criteria: [The answer is polite., It names the refund.]}",
        scalar: None,
    },
    build: |options, _| build(options),
};

/// A judge as the suite describes it.
#[derive(Debug)]
struct ModelJudge {
    sources: Vec<BotSource>,
    judgement: Judgement,
    against_at: Option<Box<Diagnostic>>,
    combine: Combine,
    prompt: Option<Template>,
    pace: Pace,
    weighted: bool,
}

fn build(options: &Fields<'_>) -> Result<Box<dyn Evaluator>> {
    let at = options.required("cartridge")?;
    let base = at.source().path().parent().map(Path::to_path_buf);
    let judgement = Judgement::read(options)?;
    let weighted = flag(options, "weighted")?;
    if let (true, Some(at)) = (weighted, options.get("weighted")) {
        judgement.labels().map_err(|why| at.error(why))?;
    }
    let mut shared = BotSource {
        output_schema: (!weighted).then(|| judgement.schema()),
        ..BotSource::default()
    };
    if let Some(at) = options.get("provider") {
        shared.provider = provider(&at)?;
    }
    if let Some(at) = options.get("model") {
        shared.set_model(at.name()?);
    }
    if let Some(at) = options.get("variables") {
        at.fields()?;
        shared.variables = match at.node().to_json() {
            Value::Object(variables) => variables,
            _ => Map::new(),
        };
    }
    let sources = sources(&at, &base.unwrap_or_default(), &shared)?;
    let combine = options.get("combine");
    let combine = combine.map_or(Ok(Combine::Mean), |at| {
        at.one_of(&[("mean", Combine::Mean), ("majority", Combine::Majority)])
    })?;
    let prompt = options.get("prompt");
    Ok(Box::new(ModelJudge {
        sources,
        judgement,
        against_at: options.get("against").map(|at| Box::new(at.diagnostic(""))),
        combine,
        prompt: prompt.map(|at| Template::read(&at)).transpose()?,
        pace: Pace::read(options)?,
        weighted,
    }))
}

fn sources(at: &Cursor<'_>, base: &Path, shared: &BotSource) -> Result<Vec<BotSource>> {
    let mut sources: Vec<BotSource> = Vec::new();
    for item in at.items_or_self() {
        let name = item.name()?;
        let path: PathBuf = base.join(name);
        sources.push(BotSource {
            name: name.to_owned(),
            cartridge: Some(path),
            named_at: Some(Box::new(item.diagnostic(""))),
            ..shared.clone()
        });
    }
    if sources.is_empty() {
        return Err(at
            .error("the list is empty: at least one judge is needed")
            .into());
    }
    Ok(sources)
}

impl Evaluator for ModelJudge {
    fn evaluate(&self, _: &Subject<'_>) -> Result<Verdict> {
        Ok(Verdict::Failed(
            "`judge` asks a model, and nobody has: a run of a suite does".into(),
        ))
    }

    fn decides(&self, _: &Docs) -> bool {
        self.judgement.decides() && !self.weighted
    }

    fn scale(&self, docs: &Docs) -> Scale {
        // A panel's value may be any share of its judges, and a rubric's any share of its criteria.
        let one = self.sources.len() == 1 && !self.judgement.shares();
        match self.decides(docs) && one {
            true => Scale::Verdicts,
            false => Scale::Graded,
        }
    }

    fn asks(&self) -> Option<&dyn Asks> {
        Some(self)
    }
}

impl Asks for ModelJudge {
    fn open(
        &self,
        bots: &dyn Bots,
        concurrency: Option<std::num::NonZeroUsize>,
    ) -> Result<Box<dyn Judge>> {
        let mut pace = self.pace;
        pace.concurrency = concurrency.or(pace.concurrency);
        let open = OpenJudge::new(
            &self.sources,
            bots,
            self.judgement.clone(),
            (self.combine, self.prompt.clone(), self.weighted),
            pace,
        )?;
        Ok(Box::new(open))
    }

    fn check(&self, bots: &[&str]) -> Result<()> {
        let Some(against) = self.judgement.against() else {
            return Ok(());
        };
        if bots.contains(&against) {
            return Ok(());
        }
        let at = self.against_at.as_deref().cloned();
        let mut at = at.unwrap_or_else(|| Diagnostic::new("suite", ""));
        at.message = format!("no bot `{against}` to compare with");
        let known = bots.iter().copied().chain(["reference"]);
        Err(at.nearest(against, known).into())
    }
}
