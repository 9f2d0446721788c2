//! A judge, opened: asks its bots, reads what they say, and makes one verdict of it.

use botsmith_core::chat::{BoxFuture, Call, Message};
use botsmith_nanobots::Bot;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::super::json::{compile, first_error, values};
use super::super::{Judge, Question};
use super::kind::{Form, Judgement, Opinion};
use super::weighted::{Labels, weigh};
use super::words::data;
use crate::ask::{Bots, Limiter, Pace, traced, within};
use crate::run::identity;
use crate::suite::BotSource;
use crate::template::Template;
use crate::{Outcome, Result, Score, Verdict};

/// How the values of a panel become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combine {
    Mean,
    Majority,
}

#[derive(Debug)]
struct Member {
    name: String,
    bot: Bot,
    limiter: Limiter,
}

#[derive(Debug)]
pub(super) struct OpenJudge {
    members: Vec<Member>,
    judgement: Judgement,
    schema: botsmith_core::schema::Schema,
    combine: Combine,
    prompt: Option<Template>,
    /// The labels whose probabilities are read, where no reply is made.
    weighted: Option<Labels>,
    pace: Pace,
    identity: Value,
}

/// The answer under judgement, or one that it is compared with.
struct Told<'a> {
    text: &'a str,
    other: Option<&'a str>,
    references: &'a [String],
}

impl OpenJudge {
    pub(super) fn new(
        sources: &[BotSource],
        bots: &dyn Bots,
        judgement: Judgement,
        (combine, prompt, weighted): (Combine, Option<Template>, bool),
        pace: Pace,
    ) -> Result<Self> {
        let (mut members, mut identities) = (Vec::new(), Vec::new());
        for source in sources {
            let bot = bots.open(source)?;
            if weighted && bot.model().scorer().is_none() {
                return Err(source.error(format!(
                    "`weighted` reads probabilities, and provider `{}` gives none: use provider `local`, in a build with the engine",
                    bot.model().info().provider
                )));
            }
            identities.push(identity(&bot, source));
            members.push(Member {
                name: source.name.clone(),
                bot,
                limiter: Limiter::new(&pace),
            });
        }
        let labels = judgement.labels().ok().filter(|_| weighted);
        let schema = compile(&judgement.schema()).expect("our own schema is one");
        Ok(Self {
            members,
            judgement,
            schema,
            combine,
            prompt,
            weighted: labels,
            pace,
            identity: json!(identities),
        })
    }

    /// What one judge is told.
    fn words(&self, question: &Question<'_>, told: &Told<'_>) -> Result<Vec<String>> {
        let case = question.case;
        let criteria: Vec<String> = self
            .judgement
            .criteria
            .iter()
            .map(|criterion| Ok(criterion.render(case)?.into_owned()))
            .collect::<Result<_>>()?;
        let tasks = match self.weighted {
            None => vec![self.judgement.task(&criteria)],
            Some(_) => self.judgement.short_tasks(&criteria),
        };
        let answers = match told.other {
            None => vec![("answer", told.text)],
            Some(other) => vec![("answer-A", told.text), ("answer-B", other)],
        };
        let data = data(case, told.references, &answers, question.answer);
        let Some(prompt) = &self.prompt else {
            return Ok(tasks.iter().map(|task| format!("{data}\n{task}")).collect());
        };
        let data = Value::from(data);
        let (answer, other) = (
            Value::from(told.text),
            Value::from(told.other.unwrap_or("")),
        );
        let one = |task: String| {
            let task = Value::from(task);
            let mut more = vec![("data", &data), ("task", &task), ("answer", &answer)];
            if told.other.is_some() {
                more.push(("other", &other));
            }
            Ok(prompt.render_with(case, &more)?.into_owned())
        };
        tasks.into_iter().map(one).collect()
    }

    /// Asks one judge once.
    async fn opinion(
        &self,
        member: &Member,
        mut words: Vec<String>,
        call: &Call,
    ) -> Result<Opinion, String> {
        let _permit = member.limiter.enter().await;
        let call = call.clone().at_most(self.pace.timeout());
        if let Some(labels) = &self.weighted {
            return weigh(&member.bot, &words, labels, &call).await;
        }
        let words = words.pop().expect("one task, where a reply is made");
        let conversation = [Message::user(words)];
        let span = traced::span(&member.name);
        let asked = within(member.bot.ask(&conversation, &call), &call);
        let turn = match asked.instrument(span.clone()).await {
            Ok(turn) => turn,
            Err(error) => {
                let class = match &error {
                    botsmith_nanobots::Error::Model(error) => Some(error.class.as_str()),
                    _ => None,
                };
                traced::failed(&span, class);
                return Err(error.to_string());
            }
        };
        let said = &turn.response;
        traced::answered(&span, &said.provider, &said.model, said.usage.as_ref());
        if let Some(refusal) = turn.response.refusal {
            return Err(format!("declined: {refusal}"));
        }
        let reply = match turn.json {
            Some(reply) => reply,
            None => reply(&turn.text)?,
        };
        if let Some(wrong) = first_error(&self.schema, &reply) {
            return Err(format!("gave JSON of another form: {wrong}"));
        }
        let opinion = self.judgement.opinion(&reply);
        opinion.ok_or_else(|| "gave JSON of another form".to_owned())
    }

    /// Asks one judge; two answers are compared in both orders.
    async fn member(
        &self,
        member: &Member,
        (question, told): (&Question<'_>, &Told<'_>),
        call: &Call,
    ) -> Result<Result<Opinion, String>> {
        let first = self.words(question, told)?;
        let Some(other) = told.other else {
            return Ok(self.opinion(member, first, call).await);
        };
        let turned = Told {
            text: other,
            other: Some(told.text),
            references: told.references,
        };
        let second = self.words(question, &turned)?;
        let (first, second) = join(
            self.opinion(member, first, call),
            self.opinion(member, second, call),
        )
        .await;
        Ok(both_orders(first, second))
    }
}

/// The one JSON value of a reply. Of several none is taken: one may be quoted from the answer.
fn reply(text: &str) -> Result<Value, String> {
    let mut all = values(text);
    match (all.next(), all.next()) {
        (Some((only, _)), None) => Ok(only),
        (None, _) => Err(format!("gave no JSON: {}", crate::text::line(text, 80))),
        (Some(_), Some(_)) => Err("gave more than one JSON value".into()),
    }
}

/// The same word in both orders stands; else it is a tie.
fn both_orders(
    first: Result<Opinion, String>,
    second: Result<Opinion, String>,
) -> Result<Opinion, String> {
    let (first, second) = (first?, second?);
    if first.value == 1.0 - second.value {
        return Ok(first);
    }
    // Probabilities are no words: their mean is what is left when the order is taken out.
    if let (true, true) = (first.weighted, second.weighted) {
        return Ok(Opinion {
            value: f64::midpoint(first.value, 1.0 - second.value),
            label: format!("shown first {}, shown second {}", first.label, second.label),
            ..first
        });
    }
    Ok(Opinion {
        value: 0.5,
        label: "tie".into(),
        weighted: false,
        reason: format!(
            "the two orders disagree; shown first: {}; shown second: {}",
            first.reason, second.reason
        ),
    })
}

impl Judge for OpenJudge {
    fn identity(&self) -> Value {
        self.identity.clone()
    }

    fn concurrency(&self) -> usize {
        self.pace.concurrency()
    }

    fn ask<'a>(
        &'a self,
        question: &'a Question<'a>,
        text: &'a str,
        references: &'a [String],
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let mut told = Told {
                text,
                other: None,
                references,
            };
            if let Form::Pairwise(against) = &self.judgement.form {
                match other(question, references, against.as_deref()) {
                    Ok(other) => told.other = Some(other),
                    Err(skipped) => return Ok(Verdict::Skipped(skipped.into())),
                }
                if against.is_none() {
                    // The reference is one of the two; it is not shown as the right one too.
                    told.references = &[];
                }
            }
            let asked = self
                .members
                .iter()
                .map(|member| self.member(member, (question, &told), call));
            let opinions: Result<Vec<_>> = join_all(asked).await.into_iter().collect();
            let names = self.members.iter().map(|member| member.name.as_str());
            let opinions: Vec<_> = names.zip(opinions?).collect();
            let decides = self.judgement.decides() && self.weighted.is_none();
            Ok(verdict(&opinions, self.combine, decides))
        })
    }
}

/// The text that an answer is compared with, or why there is none.
fn other<'a>(
    question: &Question<'a>,
    references: &'a [String],
    against: Option<&str>,
) -> Result<&'a str, &'static str> {
    let Some(against) = against else {
        return references
            .first()
            .map(String::as_str)
            .ok_or("the case has no reference to compare with");
    };
    if against == question.bot {
        return Err("this is the answer that the others are compared with");
    }
    let found = question.others.iter().find(|(name, _)| *name == against);
    match found {
        Some((_, answer)) if answer.outcome == Outcome::Answered => Ok(&answer.text),
        Some(_) => Err("there is no answer to compare with"),
        None => Err("the bot to compare with is not judged in this run"),
    }
}

/// One verdict of what all judges say.
fn verdict(
    opinions: &[(&str, Result<Opinion, String>)],
    combine: Combine,
    decides: bool,
) -> Verdict {
    let good: Vec<_> = opinions
        .iter()
        .filter_map(|(name, opinion)| Some((*name, opinion.as_ref().ok()?)))
        .collect();
    let failures = || {
        let words = opinions.iter().filter_map(|(name, opinion)| {
            let why = opinion.as_ref().err()?;
            Some(format!("judge {name}: {why}"))
        });
        words.collect::<Vec<_>>().join("; ")
    };
    if 2 * good.len() <= opinions.len() {
        return Verdict::Failed(failures());
    }
    let values: Vec<f64> = good.iter().map(|(_, opinion)| opinion.value).collect();
    let value = match combine {
        Combine::Mean => mean(&values),
        Combine::Majority => most(&values),
    };
    let score = Score {
        passed: decides.then_some(value >= 1.0),
        ..Score::graded(value)
    };
    let why = match good.as_slice() {
        [(_, only)] if opinions.len() == 1 => match only.reason.is_empty() {
            true => only.label.clone(),
            false => format!("{}: {}", only.label, only.reason),
        },
        _ => {
            let words: Vec<_> = good
                .iter()
                .map(|(name, opinion)| match opinion.reason.is_empty() {
                    true => format!("{name}: {}", opinion.label),
                    false => format!("{name}: {}: {}", opinion.label, opinion.reason),
                })
                .collect();
            let mut why = words.join("; ");
            if let Some(agreement) = agreement(&values) {
                why = format!("agreement {agreement:.2}; {why}");
            }
            if good.len() < opinions.len() {
                why = format!("{why}; {}", failures());
            }
            why
        }
    };
    score.because(why).into()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The value that most gave; the mean of those where several lead.
fn most(values: &[f64]) -> f64 {
    let votes = |value: &f64| values.iter().filter(|v| *v == value).count();
    let top = values.iter().map(votes).max().unwrap_or(0);
    let mut leading: Vec<f64> = Vec::new();
    for value in values {
        if votes(value) == top && !leading.contains(value) {
            leading.push(*value);
        }
    }
    mean(&leading)
}

/// The share of pairs of judges that gave the same value.
fn agreement(values: &[f64]) -> Option<f64> {
    let (mut same, mut pairs) = (0_usize, 0_usize);
    for (i, a) in values.iter().enumerate() {
        for b in &values[i + 1..] {
            pairs += 1;
            same += usize::from(a == b);
        }
    }
    (pairs > 0).then(|| same as f64 / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinion(value: f64) -> Opinion {
        Opinion {
            value,
            label: value.to_string(),
            reason: "so it is".into(),
            weighted: false,
        }
    }

    fn judged(verdict: Verdict) -> Score {
        match verdict {
            Verdict::Judged(score) => score,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_panel_needs_more_than_half_of_its_judges() {
        let broken = || Err("down".to_owned());
        let two = [("a", Ok(opinion(1.0))), ("b", broken())];
        assert!(
            matches!(verdict(&two, Combine::Mean, true), Verdict::Failed(why) if why == "judge b: down")
        );
        let three = [
            ("a", Ok(opinion(1.0))),
            ("b", broken()),
            ("c", Ok(opinion(0.0))),
        ];
        let score = judged(verdict(&three, Combine::Mean, true));
        assert_eq!((score.value, score.passed), (0.5, Some(false)));
        let why = score.explanation.unwrap();
        assert!(
            why.starts_with("agreement 0.00") && why.ends_with("judge b: down"),
            "{why}"
        );
    }

    #[test]
    fn a_majority_leads_and_a_draw_is_shared() {
        assert_eq!(most(&[1.0, 1.0, 0.0]), 1.0);
        assert_eq!(most(&[1.0, 0.0]), 0.5);
        assert_eq!(most(&[0.25, 0.25, 0.75, 1.0]), 0.25);
    }

    #[test]
    fn a_judge_whose_word_depends_on_the_order_calls_a_tie() {
        let at = |first, second| {
            both_orders(Ok(opinion(first)), Ok(opinion(second)))
                .unwrap()
                .value
        };
        assert_eq!(at(1.0, 0.0), 1.0, "A, then B: the same answer both times");
        assert_eq!(at(0.0, 1.0), 0.0);
        assert_eq!(at(1.0, 1.0), 0.5, "whatever stands first");
        assert_eq!(at(0.5, 0.5), 0.5);
        assert_eq!(at(1.0, 0.5), 0.5);
        assert!(both_orders(Ok(opinion(1.0)), Err("down".into())).is_err());
    }
}
