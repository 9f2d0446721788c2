//! `answers-question`: whether the answer holds the kind of phrase that the question asks for.
//!
//! English. How questions are read is said in [`crate::language::question`], what phrases answer them
//! in [`crate::language::phrases`]. Whether the phrase is the right one is not asked.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, evidence};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::language::markup::plain;
use crate::language::phrases::Reply;
use crate::language::question::{Kind, Question, questions};
use crate::reading::read;
use crate::stats::Scale;
use crate::template::Template;
use crate::{Result, Score, Verdict};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "answers-question",
        about: "Whether the answer holds the kind of phrase that the question asks for: a date for `when`, a number for `how many`, a reason for `why` (English); passes where each question of the input is answered.",
        formula: "questions with such a phrase in the answer / questions; skipped where the input asks none",
        range: Range::UNIT,
        decides: true,
        compares: false,
        options: &[
            OptionDocs {
                name: "question",
                schema: r#"{"type": "string"}"#,
                about: "what is asked, instead of the case's input; may be a template over the case",
                required: false,
            },
            OptionDocs {
                name: "kind",
                schema: r#"{"enum": ["who", "where", "when", "how-many", "how-much", "how-long", "how-often", "why", "which", "yes-no", "how", "what"]}"#,
                about: "what kind of question it is, where its words do not tell",
                required: false,
            },
            OptionDocs {
                name: "any",
                schema: r#"{"type": "boolean", "default": false}"#,
                about: "whether one answered question of several is enough to pass",
                required: false,
            },
        ],
        example: "- answers-question   # \"When do you open?\" and \"We sell plants.\" give 0 and fail",
        scalar: None,
    },
    build,
};

/// Questions that are looked at; each of them is looked for in the whole answer.
const MOST_QUESTIONS: usize = 50;

#[derive(Debug)]
struct AnswersQuestion {
    question: Option<Template>,
    kind: Option<Kind>,
    any: bool,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    Ok(Box::new(AnswersQuestion {
        question: options
            .get("question")
            .map(|at| Template::read(&at))
            .transpose()?,
        kind: options
            .get("kind")
            .map(|at| at.one_of(&Kind::ALL))
            .transpose()?,
        any: super::builtin::flag(options, "any")?,
    }))
}

impl Evaluator for AnswersQuestion {
    fn scale(&self, _: &Docs) -> Scale {
        Scale::Graded
    }

    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let rendered = self
            .question
            .as_ref()
            .map(|question| question.render(subject.case))
            .transpose()?;
        let asked_plain = plain(rendered.as_deref().unwrap_or(&subject.case.input));
        let asked_doc = read(&asked_plain.text)?;
        let asked: Vec<_> = asked_doc.words().collect();
        let mut questions = match self.kind {
            Some(kind) => vec![Question {
                words: 0..asked.len(),
                kind,
            }],
            None => questions(&asked_doc),
        };
        questions.truncate(MOST_QUESTIONS);
        if questions.is_empty() {
            return Ok(Verdict::Skipped("the input asks no question".into()));
        }
        let answer_plain = plain(subject.text);
        let doc = read(&answer_plain.text)?;
        let reply = Reply::new(&doc, &answer_plain, subject.text);
        let mut score = Score::pass_fail(true);
        let mut open = Vec::new();
        for question in &questions {
            match reply.answer(question, &asked) {
                Some(span) => score = evidence(score, subject, (span.start, span.end), true),
                None => open.push(question.kind),
            }
        }
        let answered = questions.len() - open.len();
        score.value = answered as f64 / questions.len() as f64;
        score.passed = Some(open.is_empty() || (self.any && answered > 0));
        if let Some(kind) = open.first() {
            let mut reason = format!(
                "the question asks {:?}, and {} is not in the answer",
                kind.word(),
                kind.wants()
            );
            if let Some(span) = reply.put_off().first() {
                score = evidence(score, subject, (span.start, span.end), false);
                reason.push_str("; it puts the question off");
            }
            if open.len() > 1 {
                reason = format!(
                    "{reason}; {} of {} questions are open",
                    open.len(),
                    questions.len()
                );
            }
            score = score.because(reason);
        }
        Ok(score.into())
    }
}
