//! A rater's way through the work: what is next, what was said, one step back.
//!
//! A state without a screen: the terminal and the notebook both drive it. It makes records; whoever
//! drives it appends them to the log and tells it so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Result;

use super::draw::ticket;
use super::others::{Others, is_first_word};
use super::shares::shares;
use super::{Item, Log, Plan, Question, Record, Source, State, Work};

/// Keeps the draws of one seed apart.
const ORDER: u64 = 0x0bde_0000;
const SWAP: u64 = 0x5a9_0000;
const AGAIN: u64 = 0xa6a1_0000;

/// A rater at work.
///
/// ```
/// use botsmith_eval::feedback::{Plan, Session, Work};
/// let session = Session::new(Work::default(), Plan::default(), "ana", &[], 7);
/// assert!(session.step().is_none(), "nothing to do");
/// assert_eq!(session.progress().total, 0);
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    items: Vec<Item>,
    plan: Plan,
    rater: String,
    seed: u64,
    round: u32,
    /// Item and question, in the order they are asked.
    steps: Vec<(usize, usize)>,
    at: usize,
    /// Those that were done before this session.
    before: usize,
    drafts: BTreeMap<(usize, usize), Record>,
    said: Vec<(usize, Record)>,
    others: Others,
    /// How many entries of the log were taken in since it began.
    read: u64,
}

/// One question about one item.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What is shown.
    pub item: &'a Item,
    /// What is asked.
    pub question: &'a Question,
    /// Whether `b` stands first.
    pub swapped: bool,
    /// Whether bots are hidden.
    pub blind: bool,
    /// Whether the answer may teach a bot; else it only judges.
    pub teaches: bool,
    /// What the rater had begun to say.
    pub draft: Option<&'a Record>,
}

/// How far a rater is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Questions answered, those of earlier sittings included.
    pub done: usize,
    /// Questions in all.
    pub total: usize,
}

impl Session {
    /// The rater's questions that are not answered yet. `said`: the records of the run in every state, edits
    /// resolved; those given under other words than the plan's are passed over. An item that as many others have
    /// labelled as are wanted, one or two, is left out. Every rater has an order of their own; where the plan names
    /// its raters they begin with their share, and what two raters label is asked of the two whose share it is in.
    pub fn new(
        work: Work,
        plan: Plan,
        rater: impl Into<String>,
        said: &[Record],
        seed: u64,
    ) -> Self {
        let rater = rater.into();
        let items = work.items;
        let order = ticket(seed ^ ORDER, &rater);
        let mut others = Others::default();
        let mut mine: BTreeMap<(String, &str), &Record> = BTreeMap::new();
        for record in said {
            others.hear(record, &plan, &rater);
            if record.rater == rater && is_first_word(record, &plan) {
                mine.insert((record.unit(), record.question.as_str()), record);
            }
        }
        let place = plan.raters.iter().position(|known| *known == rater);
        let shares = match place {
            Some(_) => shares(&items, plan.raters.len(), seed),
            None => vec![Vec::new(); items.len()],
        };
        let in_share = |at: usize| {
            let share: &[usize] = &shares[at];
            share.is_empty() || place.is_some_and(|place| share.contains(&place))
        };
        let mut sequence: Vec<usize> = (0..items.len()).collect();
        sequence.sort_by_cached_key(|&at| {
            let ticket = ticket(order, &items[at].subject.key());
            (!in_share(at), ticket)
        });
        let (mut steps, mut drafts, mut before) = (Vec::new(), BTreeMap::new(), 0);
        for at in sequence {
            for (q, question) in plan.questions.iter().enumerate() {
                if !items[at].takes(question) {
                    continue;
                }
                let key = (items[at].record(question).unit(), question.name.as_str());
                match mine.get(&key).map(|record| (record, record.state)) {
                    Some((_, State::Submitted | State::Discarded)) => before += 1,
                    Some((record, State::Draft)) => {
                        drafts.insert((at, q), Record::clone(record));
                        steps.push((at, q));
                    }
                    _ if others.fill(&items[at], question) => {}
                    _ if items[at].double && !in_share(at) => {}
                    _ => steps.push((at, q)),
                }
            }
        }
        Self {
            items,
            plan,
            rater,
            seed,
            round: 1,
            steps,
            at: 0,
            before,
            drafts,
            said: Vec::new(),
            others,
            read: 0,
        }
    }

    /// Takes in what others have said since, so that nobody is asked what enough others have labelled. To be called
    /// between two questions; the first call reads the whole log, later ones what is new.
    ///
    /// # Errors
    /// If the store fails.
    pub fn catch_up(&mut self, log: &Log<'_>) -> Result<()> {
        if self.round > 1 {
            return Ok(());
        }
        let (new, read) = log.since(self.read)?;
        self.read = read;
        let runs: BTreeSet<&str> = self.items.iter().map(|item| item.run.as_str()).collect();
        for record in new
            .iter()
            .filter(|record| runs.contains(record.run.as_str()))
        {
            self.others.hear(record, &self.plan, &self.rater);
        }
        let (mut at, now) = (0, self.at);
        let (items, plan, drafts, others) = (&self.items, &self.plan, &self.drafts, &self.others);
        self.steps.retain(|step| {
            at += 1;
            let asked = at <= now;
            asked
                || drafts.contains_key(step)
                || !others.fill(&items[step.0], &plan.questions[step.1])
        });
        Ok(())
    }

    /// Some answers that the rater has labelled, to be labelled again without a look at what they said:
    /// how far a rater agrees with themselves. At most `wanted` answers, those included that were
    /// labelled again before.
    pub fn again(
        work: Work,
        plan: Plan,
        rater: impl Into<String>,
        said: &[Record],
        wanted: usize,
        seed: u64,
    ) -> Self {
        let rater = rater.into();
        let of = |second: bool| -> BTreeSet<(String, String)> {
            said.iter()
                .filter(|r| r.rater == rater && r.counts() && plan.asks_as(r))
                .filter(|r| (r.round >= 2) == second)
                .map(|r| (r.unit(), r.question.clone()))
                .collect()
        };
        let (first, second) = (of(false), of(true));
        let mut items = work.items;
        items.retain(|item| {
            let asked = plan.questions.iter().filter(|q| item.takes(q));
            asked
                .clone()
                .any(|q| first.contains(&(item.record(q).unit(), q.name.clone())))
        });
        items.sort_by_cached_key(|item| ticket(seed ^ AGAIN, &item.subject.key()));
        items.truncate(wanted);
        let mut session = Self::new(Work { items }, plan, rater, &[], seed ^ AGAIN);
        session.round = 2;
        let (items, plan) = (&session.items, &session.plan);
        let key = |(at, q): &(usize, usize)| {
            let question = &plan.questions[*q];
            (items[*at].record(question).unit(), question.name.clone())
        };
        let labelled: Vec<_> = session
            .steps
            .iter()
            .copied()
            .filter(|s| first.contains(&key(s)))
            .collect();
        let open: Vec<_> = labelled
            .iter()
            .copied()
            .filter(|s| !second.contains(&key(s)))
            .collect();
        session.before = labelled.len() - open.len();
        session.steps = open;
        session
    }

    /// What is asked now; `None` when all is done.
    pub fn step(&self) -> Option<Step<'_>> {
        let &(at, q) = self.steps.get(self.at)?;
        let item = &self.items[at];
        Some(Step {
            item,
            question: &self.plan.questions[q],
            swapped: item.b.is_some() && self.swapped(item),
            blind: self.plan.blind || self.round == 2,
            teaches: self.plan.split.of_key(&item.group).teaches(),
            draft: self.drafts.get(&(at, q)),
        })
    }

    fn swapped(&self, item: &Item) -> bool {
        let seed = ticket(self.seed ^ SWAP, &self.rater);
        ticket(seed, &item.subject.key()) & 1 == 1
    }

    /// How far the rater is.
    pub fn progress(&self) -> Progress {
        Progress {
            done: self.before + self.said.len(),
            total: self.before + self.steps.len(),
        }
    }

    /// The plan that is worked on.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn record(&self, at: u64, seconds: Option<f64>) -> Option<Record> {
        let step = self.step()?;
        let mut record = step.item.record(step.question);
        record.at = at;
        record.rater.clone_from(&self.rater);
        record.source = Source::Expert;
        record.seconds = seconds;
        record.blind = step.blind;
        record.swapped = step.swapped;
        record.round = self.round;
        record.wording = Some(self.plan.wording(step.question));
        record.from = "review".into();
        record.replaces = step.draft.map(|draft| draft.id.clone());
        Some(record)
    }

    /// The record that answers the question of now, to be appended. `value` of a pair: as shown, `a` is
    /// the first. `at`: milliseconds since 1970.
    ///
    /// # Errors
    /// Where it is no answer to the question.
    pub fn answer(&self, value: &Value, at: u64, seconds: Option<f64>) -> Result<Option<Record>> {
        let (Some(step), Some(mut record)) = (self.step(), self.record(at, seconds)) else {
            return Ok(None);
        };
        let turned = match value.as_str() {
            Some("a") if step.swapped => Value::from("b"),
            Some("b") if step.swapped => Value::from("a"),
            _ => value.clone(),
        };
        let value = if step.question.kind.of_two() {
            &turned
        } else {
            value
        };
        record.value = step.question.check(value, Some(&step.item.a.text))?;
        record.say(&step.question.kind);
        Ok(Some(record))
    }

    /// The record of what the rater has begun to say.
    ///
    /// # Errors
    /// Where it is no answer to the question.
    pub fn draft(&self, value: &Value, at: u64) -> Result<Option<Record>> {
        let record = self.answer(value, at, None)?;
        Ok(record.map(|record| Record {
            state: State::Draft,
            ..record
        }))
    }

    /// The record that this cannot be judged.
    pub fn discard(&self, at: u64, why: Option<String>) -> Option<Record> {
        let record = self.record(at, None)?;
        Some(Record {
            state: State::Discarded,
            comment: why,
            ..record
        })
    }

    /// Goes on to the next question, after the record was kept.
    pub fn kept(&mut self, record: Record) {
        if record.state == State::Draft {
            if let Some(step) = self.steps.get(self.at) {
                self.drafts.insert(*step, record);
            }
            self.skip();
        } else if let Some(step) = self.steps.get(self.at) {
            self.drafts.remove(step);
            self.said.push((self.at, record));
            self.at += 1;
        }
    }

    /// Puts the question of now to the end.
    pub fn skip(&mut self) {
        if self.at < self.steps.len() {
            let step = self.steps.remove(self.at);
            self.steps.push(step);
        }
    }

    /// The record that takes back what was said last in this sitting, to be appended.
    pub fn undo(&self, at: u64) -> Option<Record> {
        let (_, last) = self.said.last()?;
        Some(Record {
            id: String::new(),
            at,
            value: Value::Null,
            comment: None,
            correction: None,
            seconds: None,
            state: State::Withdrawn,
            replaces: Some(last.id.clone()),
            ..last.clone()
        })
    }

    /// Goes back to what was said last, after it was taken back.
    pub fn undone(&mut self) {
        if let Some((at, _)) = self.said.pop() {
            // What was put to the end since then stays there: the step is found by its place.
            self.at = at;
        }
    }
}
