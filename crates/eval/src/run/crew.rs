//! The bots and judges of a suite, opened, and the asking of one case after the other.

use std::sync::mpsc::Sender;

use botsmith_core::chat::{Call, CancelToken};
use botsmith_nanobots::Bot;
use futures_util::future::{Either, select, try_join_all};
use futures_util::stream::{StreamExt, TryStreamExt, unfold};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

use botsmith_core::digest::Digest;

use crate::ask::{Ask, Bots, Limiter, traced};
use crate::evaluators::{Judges, Question};
use crate::suite::{BotSource, LiveBot, Suite};
use crate::template::Template;
use crate::{Answer, Case, Error, Outcome, Result, Verdict};

use super::Manifest;
use super::commit::{Note, What};
use super::kept::Slot;

/// A case and what is wanted of it.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) case: Case,
    /// The line of its row.
    pub(super) line: usize,
    /// Answers that are there, and those to ask for.
    pub(super) answers: Vec<(Slot, Option<Answer>)>,
    /// Verdicts that are not there yet: by place in `answers`, and place of the evaluator.
    pub(super) verdicts: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct OpenBot {
    name: String,
    bot: Bot,
    ask: Ask,
    limiter: Limiter,
}

/// The bots and judges of a suite, opened.
#[derive(Debug, Default)]
pub(super) struct Crew {
    bots: Vec<Option<OpenBot>>,
    judges: Judges,
    /// Cases in work at once.
    width: usize,
    /// What decides their answers beyond the suite's text; null where nobody is asked.
    identity: Value,
}

impl Crew {
    /// Opens all that the suite asks. `concurrency` is for bots that name none of their own.
    pub(super) fn open(
        suite: &Suite,
        bots: Option<&dyn Bots>,
        concurrency: Option<std::num::NonZeroUsize>,
    ) -> Result<Self> {
        Self::opened(suite, bots, concurrency, true)
    }

    /// Opens the judges alone: the answers are there.
    pub(super) fn judging(
        suite: &Suite,
        bots: Option<&dyn Bots>,
        concurrency: Option<std::num::NonZeroUsize>,
    ) -> Result<Self> {
        Self::opened(suite, bots, concurrency, false)
    }

    fn opened(
        suite: &Suite,
        bots: Option<&dyn Bots>,
        concurrency: Option<std::num::NonZeroUsize>,
        answers: bool,
    ) -> Result<Self> {
        let live = suite.bots.iter().filter_map(|bot| bot.live());
        let asks = answers && live.count() > 0;
        if !asks && super::kept::asking(suite).is_empty() {
            return Ok(Self::default());
        }
        let Some(opener) = bots else {
            return Err(Error::Invalid(
                "the suite asks bots, and nothing was given that opens them: set `RunOptions::bots`"
                    .into(),
            ));
        };
        let (mut bots, mut identities, mut width) = (Vec::new(), Vec::new(), 0);
        for spec in &suite.bots {
            let Some(live) = spec.live().filter(|_| answers) else {
                bots.push(None);
                identities.push(Value::Null);
                continue;
            };
            let bot = opener.open(&live.source)?;
            check_variables(&bot, live)?;
            identities.push(identity(&bot, &live.source));
            let mut pace = live.pace;
            pace.concurrency = concurrency.or(pace.concurrency);
            let mut ask = live.ask.clone();
            ask.timeout = Some(pace.timeout());
            width += pace.concurrency();
            bots.push(Some(OpenBot {
                name: spec.name.clone(),
                bot,
                ask,
                limiter: Limiter::new(&pace),
            }));
        }
        let judges = Judges::open(&suite.panel, opener, concurrency)?;
        let judged: Vec<_> = judges.iter().map(|(_, judge)| judge.identity()).collect();
        let asked = judges.iter().map(|(_, judge)| judge.concurrency());
        width += asked.sum::<usize>();
        Ok(Self {
            bots,
            judges,
            width: width.clamp(1, 1024),
            identity: json!({"bots": identities, "judges": judged}),
        })
    }

    /// Whether anybody is asked.
    pub(super) fn asks(&self) -> bool {
        !self.identity.is_null()
    }

    /// What decides answers and verdicts beyond the suite's text.
    pub(super) fn identity(&self) -> &Value {
        &self.identity
    }

    /// Works on tasks until there are no more, or the first error.
    pub(super) async fn work(
        &self,
        suite: &Suite,
        tasks: mpsc::Receiver<Task>,
        notes: Sender<Note>,
        cancel: &CancelToken,
    ) -> Result<()> {
        let call = Call::default().cancelled_by(cancel.clone());
        let tasks = unfold(tasks, |mut tasks| async move {
            let task = tasks.recv().await?;
            Some((task, tasks))
        });
        let all = tasks
            .map(|task| {
                let (notes, call) = (&notes, &call);
                async move {
                    let line = task.line;
                    let done = self.task(suite, task, notes, call).await;
                    done.map_err(|error| suite.dataset.source.place().of_case(line, error))
                }
            })
            .buffer_unordered(self.width)
            .try_for_each(|()| std::future::ready(Ok(())));
        match select(std::pin::pin!(all), cancel.cancelled()).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(Error::Interrupted),
        }
    }

    /// Asks the bots about one case, then the judges about the answers.
    async fn task(
        &self,
        suite: &Suite,
        task: Task,
        notes: &Sender<Note>,
        call: &Call,
    ) -> Result<()> {
        let Task {
            case,
            answers,
            verdicts,
            ..
        } = task;
        let (slots, given): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
        let answers = try_join_all(slots.iter().zip(given).map(|(slot, given)| {
            let case = &case;
            async move {
                match given {
                    Some(answer) => Ok(answer),
                    None => self.answer(*slot, case, notes, call).await,
                }
            }
        }))
        .await?;
        if verdicts.is_empty() {
            return Ok(());
        }
        let prepared = suite.panel.prepare(&case)?;
        let name = |slot: &Slot| suite.bots[slot.bot].name.as_str();
        try_join_all(verdicts.iter().map(|(at, place)| {
            let (slot, answer) = (slots[*at], &answers[*at]);
            let others: Vec<_> = slots
                .iter()
                .zip(&answers)
                .filter(|(other, _)| other.repeat == slot.repeat)
                .map(|(other, answer)| (name(other), answer))
                .collect();
            let (case, prepared, slots) = (&case, &prepared, &slots);
            async move {
                if answer.outcome != Outcome::Answered {
                    return Ok(());
                }
                let question = Question {
                    case,
                    bot: name(&slots[*at]),
                    answer,
                    others: &others,
                };
                let verdict = self
                    .judges
                    .ask(*place, &suite.panel, prepared, &question, call)
                    .await?;
                let Some(verdict) = verdict else {
                    return Ok(());
                };
                let failed = matches!(verdict, Verdict::Failed(_));
                let (key, other) = (slot.verdict(*place, failed), slot.verdict(*place, !failed));
                keep(notes, (key, other), &verdict, What::Verdict).await
            }
        }))
        .await?;
        Ok(())
    }

    async fn answer(
        &self,
        slot: Slot,
        case: &Case,
        notes: &Sender<Note>,
        call: &Call,
    ) -> Result<Answer> {
        let bot = self.bots.get(slot.bot).and_then(Option::as_ref);
        let bot = bot.expect("only bots that are asked have open slots");
        let answer = {
            let _permit = bot.limiter.enter().await;
            let span = traced::span(&bot.name);
            let asked = bot.ask.answer(&bot.bot, case, call);
            let answer = asked.instrument(span.clone()).await?;
            traced::tell(&span, &answer);
            answer
        };
        let failed = answer.outcome == Outcome::Failed;
        if failed && call.cancel.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let keys = (slot.answer(failed), slot.answer(!failed));
        keep(notes, keys, &answer, What::Answer { failed }).await?;
        Ok(answer)
    }
}

/// Each variable has a use: the cartridge declares it, or the prompt names it.
fn check_variables(bot: &Bot, live: &LiveBot) -> Result<()> {
    let declared = &bot.cartridge().native().variables;
    let prompt = live
        .ask
        .prompt
        .as_ref()
        .map(Template::names)
        .unwrap_or_default();
    for name in live.source.variables.keys() {
        if !declared.contains_key(name) && !prompt.contains(name) {
            let known = declared.keys().chain(&prompt).map(String::as_str);
            let near = botsmith_core::hint::nearest(name, known);
            let near = near.map(|near| format!("; did you mean `{near}`?"));
            return Err(live.source.error(format!(
                "variable `{name}` is of no use: the cartridge declares no such variable, and no prompt names it{}",
                near.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// Has something kept, and waits until it is.
async fn keep(
    notes: &Sender<Note>,
    (key, instead_of): (String, String),
    value: &impl serde::Serialize,
    what: What,
) -> Result<()> {
    let (kept, told) = oneshot::channel();
    let note = Note {
        key,
        instead_of,
        value: serde_json::to_vec(value).expect("our types serialise to JSON"),
        what,
        kept,
    };
    notes.send(note).map_err(|_| Error::Interrupted)?;
    told.await.map_err(|_| Error::Interrupted)
}

/// What decides a bot's answers: its cartridge as written, without its secrets, what the suite lays
/// over it, and what its model says of itself.
pub(crate) fn identity(bot: &Bot, source: &BotSource) -> Value {
    let mut cartridge = bot.cartridge().original().clone();
    if let Some(credentials) = cartridge.pointer_mut("/provider/credentials") {
        *credentials = Value::Null;
    }
    let bytes = serde_json::to_vec(&cartridge).expect("JSON values serialise");
    let info = bot.model().info();
    let mut identity = json!({
        "cartridge": Digest::of(&bytes).to_string(),
        "provider": info.provider,
        "model": info.model,
        "revision": info.revision,
        "over": source.provider,
        "variables": source.variables,
    });
    // What the environment says in it is another bot's: a digest tells them apart, and tells nothing else.
    if let Some(taken) = bot.cartridge().environment_digest() {
        identity["environment"] = taken.to_string().into();
    }
    // Two servers with one name of a model are two models.
    if let Some(address) = &info.address {
        identity["address"] = Digest::of(address.as_bytes()).to_string().into();
    }
    if info.scripted {
        identity["scripted"] = true.into();
    }
    identity
}

/// A word for each bot and judge whose answers are made up.
pub(super) fn scripted(manifest: &Manifest) -> Vec<String> {
    let is = |identity: &Value| identity["scripted"] == true;
    let asked = &manifest.identity["asked"];
    let list = |key: &str| asked[key].as_array().cloned().unwrap_or_default();
    let mut words = Vec::new();
    for (name, _) in manifest
        .bots
        .iter()
        .zip(list("bots"))
        .filter(|(_, bot)| is(bot))
    {
        words.push(format!("the answers of {name} are made up by a script"));
    }
    if list("judges")
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .any(is)
    {
        words.push("verdicts of a judge are made up by a script".to_owned());
    }
    words
}
