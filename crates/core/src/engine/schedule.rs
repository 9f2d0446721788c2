//! Who computes next: one thread for all that is asked of a decoder, answers and scores alike.
//!
//! A turn is a step over the answers under way (`generate/step.rs`) and a step over the scores
//! (`score.rs`), so that both share one memory for keys and values without taking it from each other
//! unseen. The thread is there while there is work. What holds, whoever asks:
//!
//! - What is called off leaves at the next look, whether it is being computed or still waits.
//! - A prompt that begins like one that is being read waits for that beginning and takes it over.
//! - Nobody fails for memory that others hold: who is short waits until they are done. Answers go
//!   before scores, and a score that is short before answers that came after it.
//! - A panic ends all that was asked with [`EngineError::Panicked`]; the next request starts anew.

mod scoring;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::constraint::Grammars;
use super::decoder::Decoder;
use super::error::{EngineError, Result};
use super::generate::{Active, GenerateRequest, Generation, Outbox, called_off};
use super::kv::Pool;
use super::score::{Job, Scored};
use super::tokenizer::Tokenizer;
use crate::chat::Call;
use scoring::{Scoring, Slot};

/// What answers and scores are made with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) decoder: Decoder,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) pool: Pool,
    /// Tokens that prompt and answer may have together.
    pub(crate) limit: usize,
    /// Tokens that one step reads at most.
    pub(crate) step: usize,
    /// Answers under way at once, at most; as many scores besides.
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

    /// A token that the model does not know would end the step of all that stand beside it.
    fn knows<'a>(&self, tokens: impl Iterator<Item = &'a u32>) -> Result<()> {
        let rows = self.decoder.shape().vocabulary;
        match tokens.max() {
            Some(&largest) if largest as usize >= rows => {
                Err(EngineError::Vocabulary { largest, rows })
            }
            _ => Ok(()),
        }
    }
}

/// What waits to be taken up, and whether its thread is there.
#[derive(Debug, Default)]
struct Queue {
    answers: VecDeque<Active>,
    scores: VecDeque<Scoring>,
    /// Requests that have come.
    tickets: u64,
    working: bool,
}

impl Queue {
    fn lock(shared: &Mutex<Self>) -> MutexGuard<'_, Self> {
        shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what is called off while it waits.
    fn sweep(shared: &Mutex<Self>) {
        let off = {
            let mut queue = Self::lock(shared);
            queue.scores.retain(Scoring::goes_on);
            if queue.answers.iter().all(|one| one.called_off().is_none()) {
                return;
            }
            let all = std::mem::take(&mut queue.answers).into_iter();
            let (off, waiting): (VecDeque<_>, _) = all.partition(|one| one.called_off().is_some());
            queue.answers = waiting;
            off
        };
        // Who is told may ask for something else at once: the queue is not locked here.
        for one in off {
            one.end_if_called_off();
        }
    }
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

    /// Takes a request for an answer.
    ///
    /// # Errors
    /// [`EngineError::Context`] for a prompt that does not fit; [`EngineError::Vocabulary`] for a token
    /// that there is not; [`EngineError::Setting`] for sampling that is out of range.
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
        self.context.knows(request.prompt.iter())?;
        if let Some(refusal) = request.sampling.refusal() {
            return Err(EngineError::Setting(refusal));
        }
        let outbox = Arc::new(Outbox::default());
        let ends = Arc::clone(&self.context.ends);
        let matcher = match &request.grammar {
            Some(grammar) => Some(self.context.grammars()?.matcher(grammar)?),
            None => None,
        };
        let mut active = Active::new(
            request,
            limit,
            ends,
            call.clone(),
            Arc::clone(&outbox),
            matcher,
        );
        let generation = Generation::new(outbox, call);
        self.put(|queue| {
            active.ticket = queue.tickets;
            queue.answers.push_back(active);
        })?;
        Ok(generation)
    }

    /// Scores texts; waits until it is done, or called off.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`] for a token that there is not; [`EngineError::KvBudget`] where a text
    /// does not fit with nothing beside it; [`EngineError::Cancelled`], [`EngineError::Deadline`].
    pub(crate) fn score(&self, texts: Vec<Scored>, call: &Call) -> Result<Vec<Vec<f64>>> {
        self.context
            .knows(texts.iter().flat_map(|text| &text.tokens))?;
        if let Some(error) = called_off(call) {
            return Err(error);
        }
        let job = Job::new(texts);
        let slot = Arc::new(Slot::default());
        let (put, call_there) = (Arc::clone(&slot), call.clone());
        self.put(|queue| {
            let ticket = queue.tickets;
            queue
                .scores
                .push_back(Scoring::new(job, call_there, put, ticket));
        })?;
        slot.wait(call)
    }

    /// Puts a request into the queue, and starts a thread where there is none.
    fn put(&self, request: impl FnOnce(&mut Queue)) -> Result<()> {
        let mut queue = Queue::lock(&self.queue);
        queue.tickets += 1;
        request(&mut queue);
        if !std::mem::replace(&mut queue.working, true) {
            let (context, shared) = (Arc::clone(&self.context), Arc::clone(&self.queue));
            let thread = std::thread::Builder::new().name("botsmith-engine".into());
            if let Err(error) = thread.spawn(move || turns::run(&context, &shared)) {
                // Without a thread before, nothing else waits.
                queue.working = false;
                queue.answers.clear();
                queue.scores.clear();
                return Err(EngineError::Step(format!(
                    "no thread for the engine: {error}"
                )));
            }
        }
        Ok(())
    }
}
