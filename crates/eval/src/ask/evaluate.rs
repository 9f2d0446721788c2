//! A bot evaluated in one call: cases in, judged answers out.

use botsmith_core::chat::Call;
use botsmith_nanobots::Bot;

use super::Ask;
use crate::evaluators::{Panel, Question};
use crate::run::{AnswerRecord, CaseRecord};
use crate::{Case, Outcome, Result};

/// Asks a bot for its answers to some cases, one after the other, and judges them. Nothing is
/// stored. Dropping the future stops the work; so does the cancel token of `call`, whose deadline
/// holds for each answer.
///
/// Evaluators that ask a model of their own need [`Panel::open`] first; without it they give
/// [`Verdict::Failed`](crate::Verdict).
///
/// ```
/// use std::sync::Arc;
/// use botsmith_core::{chat::{Call, ChatResponse, FnModel}, yaml::{Cursor, Source, parse}};
/// use botsmith_eval::{Case, ask::{Ask, evaluate_bot}, evaluators::{Panel, Registry}, extract::Extract};
/// use botsmith_nanobots::{Bot, Cartridge, cartridge::Profile};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let model = FnModel::new("adder", |_, _| async { Ok(ChatResponse::text("It is 4.")) });
/// let cartridge = Cartridge::from_value(&serde_json::json!({}), Profile::Native)?;
/// let bot = Bot::new(cartridge, Arc::new(model))?;
///
/// let source = Source::new("evaluators", "- number-equals");
/// let list = parse(&source)?;
/// let panel = Panel::read(&Cursor::new(&source, &list), &Registry::builtin(), &Extract::default())?;
/// let case = Case { id: "sum".into(), input: "2 + 2?".into(), references: vec!["4".into()], ..Case::default() };
/// let records = evaluate_bot(&bot, &[case], &panel, &Ask::default(), &Call::default()).await?;
/// assert_eq!(records[0].answers[0].overall, Some(1.0));
/// # Ok::<(), botsmith_eval::Error>(()) }).unwrap();
/// ```
///
/// # Errors
/// If a case cannot be asked or judged at all: a template fails, or a reference is missing. A bot
/// that does not answer is no error.
pub async fn evaluate_bot(
    bot: &Bot,
    cases: &[Case],
    panel: &Panel,
    ask: &Ask,
    call: &Call,
) -> Result<Vec<CaseRecord>> {
    let mut records = Vec::with_capacity(cases.len());
    for (i, case) in cases.iter().enumerate() {
        let answer = ask.answer(bot, case, call).await?;
        let mut record = AnswerRecord {
            repeat: 1,
            answer,
            ..AnswerRecord::default()
        };
        if record.answer.outcome == Outcome::Answered {
            let prepared = panel.prepare(case)?;
            let question = Question {
                case,
                bot: "",
                answer: &record.answer,
                others: &[],
            };
            let asked = panel
                .judges()
                .ask_all(panel, &prepared, &question, call)
                .await?;
            record.verdicts = panel.judge_asked(&prepared, &record.answer, asked)?;
            record.overall = panel.overall(&record.verdicts);
        }
        records.push(CaseRecord {
            case: case.clone(),
            line: i + 1,
            answers: vec![record],
            ..CaseRecord::default()
        });
    }
    Ok(records)
}
