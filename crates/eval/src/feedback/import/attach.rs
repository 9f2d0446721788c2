//! Records against the run they are about: is it all there, and what the run knows of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use botsmith_core::hint::nearest;

use crate::dataset::Place;
use crate::run::StoredRun;
use crate::{Error, Outcome, Result};

use super::Loaded;
use crate::feedback::{Kind, Plan, Record, Side, bot_hashes, spans_in_bytes};

/// Checks records against a run and the questions of its plan, and fills in suite, run, versions and
/// hashes; the values come out as the questions have them. Records without a time were said `at`, in
/// milliseconds since 1970. `passed_over`: questions that the plan does
/// not ask, with how many records; they are left out.
///
/// # Errors
/// A case or bot that the run does not have, a record of another run, or a value that is no answer to
/// its question: file and line are named.
pub fn attach(
    path: &Path,
    loaded: Vec<Loaded>,
    run: &StoredRun<'_>,
    plan: &Plan,
    at: u64,
    passed_over: &mut BTreeMap<String, usize>,
) -> Result<Vec<Record>> {
    let place = Place::new(path);
    let wanted: BTreeSet<&str> = loaded.iter().map(|l| l.record.case.as_str()).collect();
    let mut answers: HashMap<(String, usize, usize), String> = HashMap::new();
    let mut cases: BTreeSet<String> = BTreeSet::new();
    for case in run.cases() {
        let case = case?;
        if !wanted.contains(case.case.id.as_str()) {
            continue;
        }
        for answer in case.answers {
            if answer.answer.outcome == Outcome::Answered {
                let key = (case.case.id.clone(), answer.bot, answer.repeat);
                answers.insert(key, answer.answer.text);
            }
        }
        cases.insert(case.case.id);
    }
    let hashes = bot_hashes(&run.manifest);
    let mut found = Vec::new();
    for Loaded {
        mut record,
        line,
        code_points,
    } in loaded
    {
        let wrong = |message: String, hint: Option<String>| -> Error {
            let diagnostic = place.at(line, message);
            match hint {
                Some(hint) => diagnostic.hint(hint).into(),
                None => diagnostic.into(),
            }
        };
        let Ok(question) = plan.question(&record.question) else {
            *passed_over.entry(record.question).or_default() += 1;
            continue;
        };
        if !record.run.is_empty() && !run.manifest.id.starts_with(&record.run) {
            let other = &record.run;
            return Err(wrong(
                format!("the record is about another run, {other}"),
                None,
            ));
        }
        if !cases.contains(&record.case) {
            let case = &record.case;
            return Err(wrong(format!("the run has no case `{case}`"), None));
        }
        let side = |bot: &str| -> Result<Side> {
            let names = || run.manifest.bots.iter().map(String::as_str);
            let Some(at) = names().position(|name| name == bot) else {
                let hint = match nearest(bot, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its bots are {}", run.manifest.bots.join(", ")),
                };
                return Err(wrong(format!("the run has no bot `{bot}`"), Some(hint)));
            };
            let key = (record.case.clone(), at, record.repeat);
            match answers.get(&key) {
                Some(text) => Ok(Side {
                    bot: bot.to_owned(),
                    bot_hash: hashes[at].clone(),
                    text: text.clone(),
                }),
                None => Err(wrong(
                    format!(
                        "`{bot}` did not answer case `{}` (repeat {})",
                        record.case, record.repeat
                    ),
                    None,
                )),
            }
        };
        let a = side(&record.bot)?;
        let b = match (&record.against, question.kind.of_two()) {
            (Some(other), true) => Some(side(&other.bot)?),
            (None, false) => None,
            (None, true) => {
                return Err(wrong(
                    format!(
                        "question `{}` is about two answers, the record names one",
                        question.name
                    ),
                    Some("`against` names the other bot".into()),
                ));
            }
            (Some(_), false) => {
                return Err(wrong(
                    format!(
                        "question `{}` is about one answer, the record names two",
                        question.name
                    ),
                    None,
                ));
            }
        };
        for (told, is) in [
            (&record.answer_hash, a.answer_hash()),
            (&record.bot_hash, a.bot_hash.clone()),
        ] {
            if !told.is_empty() && *told != is {
                let message = format!(
                    "the record is about another answer of `{}`: {told} is not {is}",
                    a.bot
                );
                return Err(wrong(message, None));
            }
        }
        if !record.value.is_null() {
            let value = match (&question.kind, code_points) {
                (Kind::Span { .. }, true) => spans_in_bytes(&record.value, &a.text),
                _ => record.value.clone(),
            };
            record.value = question
                .check(&value, Some(&a.text))
                .map_err(|error| wrong(error.to_string(), None))?;
            record.say(&question.kind);
        }
        record.suite.clone_from(&run.manifest.suite);
        record.run.clone_from(&run.manifest.id);
        record.answer_hash = a.answer_hash();
        record.bot_hash = a.bot_hash;
        record.against = b.map(|b| crate::feedback::Against {
            answer_hash: b.answer_hash(),
            bot: b.bot,
            bot_hash: b.bot_hash,
        });
        // Our own of before words were kept go by their run; what comes from elsewhere answers what is asked now.
        let ours = !record.id.is_empty() && ["review", "add"].contains(&record.from.as_str());
        if record.wording.is_none() && !ours {
            record.wording = Some(plan.wording(question));
        }
        // Before the time of now comes in, so that the same file read twice gives the same records; what is said
        // without a time is said now, under the words of now.
        if record.at == 0 {
            if record.id.is_empty() {
                record.id = record.timeless_id();
            }
            record.at = at;
        }
        found.push(record);
    }
    Ok(found)
}
