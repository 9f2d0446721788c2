//! The thread that answers: it admits, reads and chooses step by step, and ends when nothing waits.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use super::super::constraint::Grammars;
use super::super::decoder::{Decoder, Logits, Span};
use super::super::error::{EngineError, Result};
use super::super::kv::{Pool, Sequence};
use super::super::tokenizer::Tokenizer;
use super::GenerateRequest;
use super::active::{Active, Row, Watch};
use super::handle::{Generation, Outbox};
use crate::chat::Call;

/// What answers are made with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) decoder: Decoder,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) pool: Pool,
    /// Tokens that prompt and answer may have together.
    pub(crate) limit: usize,
    /// Tokens that one step reads at most.
    pub(crate) step: usize,
    /// Answers under way at once, at most.
    pub(crate) parallel: usize,
    /// Tokens that end an answer.
    pub(crate) ends: Arc<[u32]>,
    /// Made when the first grammar comes.
    pub(crate) grammars: OnceLock<Grammars>,
}

impl Context {
    fn grammars(&self) -> Result<&Grammars> {
        if let Some(grammars) = self.grammars.get() {
            return Ok(grammars);
        }
        let rows = self.decoder.shape().vocabulary;
        let grammars = Grammars::new(&self.tokenizer, rows, &self.ends)?;
        Ok(self.grammars.get_or_init(|| grammars))
    }
}

/// The queue, and whether its thread is there.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Active>,
    working: bool,
}

/// Takes requests.
#[derive(Debug)]
pub(crate) struct Worker {
    context: Arc<Context>,
    queue: Arc<Mutex<Queue>>,
}

impl Worker {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            queue: Arc::default(),
        }
    }

    /// Takes a request.
    ///
    /// # Errors
    /// [`EngineError::Context`] for a prompt that does not fit; [`EngineError::Setting`] for sampling
    /// that is out of range.
    pub(crate) fn submit(&self, request: GenerateRequest, call: Call) -> Result<Generation> {
        let limit = self.context.limit;
        let prompt = request.prompt.len();
        let fits = match request.max_tokens {
            Some(most) => prompt.saturating_add(most) <= limit,
            None => prompt < limit,
        };
        if !fits {
            return Err(EngineError::Context {
                prompt,
                answer: request.max_tokens,
                limit,
            });
        }
        if prompt == 0 {
            return Err(EngineError::Setting("the prompt has no tokens".into()));
        }
        if let Some(refusal) = request.sampling.refusal() {
            return Err(EngineError::Setting(refusal));
        }
        let outbox = Arc::new(Outbox::default());
        let ends = Arc::clone(&self.context.ends);
        let matcher = match &request.grammar {
            Some(grammar) => Some(self.context.grammars()?.matcher(grammar)?),
            None => None,
        };
        let active = Active::new(
            request,
            limit,
            ends,
            call.clone(),
            Arc::clone(&outbox),
            matcher,
        );
        let generation = Generation::new(outbox, call);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting.push_back(active);
        if !std::mem::replace(&mut queue.working, true) {
            let (context, shared) = (Arc::clone(&self.context), Arc::clone(&self.queue));
            let thread = std::thread::Builder::new().name("botsmith-engine".into());
            let started = thread.spawn(move || work(&context, &shared));
            if let Err(error) = started {
                queue.working = false;
                queue.waiting.clear();
                return Err(EngineError::Step(format!(
                    "no thread for the engine: {error}"
                )));
            }
        }
        Ok(generation)
    }
}

fn work(context: &Context, queue: &Mutex<Queue>) {
    let mut active: Vec<Active> = Vec::new();
    loop {
        {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            while active.len() < context.parallel
                && let Some(mut next) = queue.waiting.pop_front()
            {
                let unread = &next.tokens[..next.tokens.len() - 1];
                next.begin(context.pool.remembered(unread));
                // The whole prompt has to fit beside what the others will take at their next step;
                // else it would be put back at once, for ever.
                let others: usize = active.iter().map(Active::blocks).sum();
                let wanted = next.blocks() + others;
                if !active.is_empty() && wanted > context.pool.free() {
                    next.begin(Sequence::default());
                    queue.waiting.push_front(next);
                    break;
                }
                active.push(next);
            }
            if active.is_empty() {
                queue.working = false;
                return;
            }
        }
        active.retain(|one| match one.called_off() {
            Some(error) => {
                one.fail(error);
                false
            }
            None => true,
        });
        if active.is_empty() {
            continue;
        }
        if let Err(error) = step(context, &mut active) {
            shed(queue, &mut active, error);
        }
    }
}

/// One step over all answers.
fn step(context: &Context, active: &mut Vec<Active>) -> Result<()> {
    let mut left = context.step.max(active.len());
    // One token of each that is being answered comes before prompts that wait.
    let answering = active.iter().filter(|one| one.unread() == 1).count();
    left = left.saturating_sub(answering);
    let takes: Vec<usize> = active
        .iter()
        .map(|one| match one.unread() {
            1 => 1,
            unread => {
                let take = unread.min(left);
                left -= take;
                take
            }
        })
        .collect();
    let offs: Vec<_> = active.iter().map(Active::unread).collect();
    let wanted: Vec<Vec<usize>> = takes
        .iter()
        .zip(&offs)
        .map(|(take, unread)| {
            if take == unread {
                vec![take - 1]
            } else {
                vec![]
            }
        })
        .collect();
    let plain = active.iter().all(Active::takes_likeliest);
    let watched: Vec<_> = active.iter().map(Active::watch).collect();
    let stop = || watched.iter().all(Watch::is_called_off);
    let mut spans = Vec::new();
    for ((one, take), wanted) in active.iter_mut().zip(&takes).zip(&wanted) {
        if *take == 0 {
            continue;
        }
        let from = one.sequence.len();
        spans.push(Span {
            tokens: &one.tokens[from..from + take],
            sequence: &mut one.sequence,
            wanted,
        });
    }
    // A device need not hand out whole rows where the likeliest token is all that anybody wants.
    let (logits, found) = match plain && !context.decoder.is_host() {
        true => {
            let found = (context.decoder).summarise(&context.pool, &mut spans, &[], &stop)?;
            (Logits::default(), found.rows)
        }
        false => (
            context.decoder.forward(&context.pool, &mut spans, &stop)?,
            Vec::new(),
        ),
    };
    drop(spans);
    drop(watched);
    let mut rows = logits
        .rows()
        .map(Row::Logits)
        .chain(found.into_iter().map(Row::Summary));
    // Each with the row that it chooses its next token by, if it wanted one.
    let choosing: Vec<(&mut Active, Option<Row<'_>>)> = active
        .iter_mut()
        .zip(takes.iter().zip(&wanted))
        .map(|(one, (take, wanted))| {
            let row = (*take > 0 && !wanted.is_empty())
                .then(|| rows.next().expect("a row for every span that wanted one"));
            (one, row)
        })
        .collect();
    for (one, _) in choosing.iter().filter(|(_, row)| row.is_some()) {
        if !one.remembered {
            context.pool.remember(&one.tokens, &one.sequence);
        }
    }
    // A row has a number for every token there is: looking through many of them takes its time.
    let goes_on: Vec<bool> = choosing
        .into_par_iter()
        .map(|(one, row)| {
            let Some(row) = row else {
                return true;
            };
            one.remembered = true;
            one.take(row, &context.tokenizer).unwrap_or_else(|error| {
                one.fail(error);
                false
            })
        })
        .collect();
    let mut goes_on = goes_on.into_iter();
    active.retain(|_| goes_on.next().expect("one word for every answer"));
    Ok(())
}

/// After an error: where memory was short, the newest answer waits until others are done and reads
/// again then; any other error ends all of the step.
fn shed(queue: &Mutex<Queue>, active: &mut Vec<Active>, error: EngineError) {
    match error {
        EngineError::KvBudget { .. } if active.len() > 1 => {
            let mut last = active.pop().expect("there is more than one");
            last.begin(Sequence::default());
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.waiting.push_front(last);
        }
        EngineError::Cancelled => {}
        error => {
            let words = error.to_string();
            let mut error = Some(error);
            for one in active.drain(..) {
                let again = || EngineError::Step(words.clone());
                one.fail(error.take().unwrap_or_else(again));
            }
        }
    }
}
