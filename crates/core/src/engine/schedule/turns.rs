//! The engine's thread: it takes up what waits, and gives each kind of work its turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::super::error::EngineError;
use super::super::generate::{Active, Watch, step};
use super::super::kv::Sequence;
use super::super::score::{self, Job, Plan};
use super::scoring::Scoring;
use super::{Context, Queue};

/// Beside answers, a step over scores takes this part of the tokens that it may: who reads an answer
/// waits for every one.
const BESIDE: usize = 4;
/// How often a step looks at what waits.
const SWEEP: Duration = Duration::from_millis(20);

/// Works until nothing waits.
pub(super) fn run(context: &Context, queue: &Mutex<Queue>) {
    let mut desk = Desk::default();
    let work = || {
        while desk.take_up(context, queue) {
            desk.turn(context, queue);
        }
    };
    let Err(panic) = catch_unwind(AssertUnwindSafe(work)) else {
        return;
    };
    // What they hold is free before a new thread begins, and they are told after one may.
    desk.put_down(context);
    for answer in &mut desk.answers {
        answer.begin(Sequence::default());
    }
    let (answers, scores) = {
        let mut queue = Queue::lock(queue);
        queue.working = false;
        let scores = std::mem::take(&mut queue.scores);
        (std::mem::take(&mut queue.answers), scores)
    };
    let error = || EngineError::panicked(&*panic);
    for answer in desk.answers.iter().chain(&answers) {
        answer.fail(error());
    }
    for score in desk.scores.iter().chain(&scores) {
        score.fail(error());
    }
}

/// What is being computed.
#[derive(Debug, Default)]
struct Desk {
    answers: Vec<Active>,
    /// In the order in which they came.
    scores: Vec<Scoring>,
}

impl Desk {
    /// Takes up what waits, as far as there is room. Whether there is anything to do; if not, the
    /// queue has no thread from then on.
    fn take_up(&mut self, context: &Context, queue: &Mutex<Queue>) -> bool {
        Queue::sweep(queue);
        self.answers.retain(|one| !one.end_if_called_off());
        self.scores.retain(Scoring::goes_on);
        let mut queue = Queue::lock(queue);
        while self.scores.len() < context.parallel
            && let Some(next) = queue.scores.pop_front()
        {
            self.scores.push(next);
        }
        self.admit(context, &mut queue);
        queue.working = !self.answers.is_empty() || !self.scores.is_empty();
        queue.working
    }

    fn admit(&mut self, context: &Context, queue: &mut Queue) {
        let short = self.scores.first().filter(|score| score.short);
        let before = short.map_or(u64::MAX, |score| score.ticket);
        // Those that are passed over.
        let mut at = 0;
        while self.answers.len() < context.parallel
            && at < context.parallel
            && let Some(next) = queue.answers.get(at)
        {
            if next.ticket > before {
                at += 1;
                continue;
            }
            let remembered = context.pool.remembered(next.before_last());
            // One that came later never holds it up, so it waits for few and not for ever.
            let read_by_others = (self.answers.iter())
                .filter(|other| other.ticket < next.ticket)
                .map(|other| other.will_read(next.before_last()))
                .max();
            if read_by_others > Some(remembered.len()) {
                at += 1;
                continue;
            }
            let mut next = queue.answers.remove(at).expect("it was looked at");
            next.begin(remembered);
            // The whole prompt has to fit beside what the others will take at their next step;
            // else it would be put back at once, for ever.
            let others: usize = self.answers.iter().map(Active::blocks).sum();
            if !self.answers.is_empty() && next.blocks() + others > context.pool.free() {
                next.begin(Sequence::default());
                queue.answers.insert(at, next);
                return;
            }
            self.answers.push(next);
        }
    }

    fn turn(&mut self, context: &Context, queue: &Mutex<Queue>) {
        let looks = Looks::new(&self.answers, queue);
        if !self.answers.is_empty() {
            let stop = || looks.look();
            let mut done = step(context, &mut self.answers, &stop);
            if matches!(done, Err(EngineError::KvBudget { .. })) && self.put_down(context) {
                done = step(context, &mut self.answers, &stop);
            }
            if let Err(error) = done {
                self.shed(queue, error);
            }
        }
        if !self.scores.is_empty() {
            self.score(context, &looks);
        }
    }

    /// Takes the memory from all scores. Whether one had any.
    fn put_down(&mut self, context: &Context) -> bool {
        let mut some = false;
        for score in &mut self.scores {
            some |= score.job.put_down(&context.pool);
        }
        some
    }

    /// After an error: where memory was short, the newest answer waits until others are done and reads
    /// again then; any other error ends all of the step.
    fn shed(&mut self, queue: &Mutex<Queue>, error: EngineError) {
        match error {
            EngineError::KvBudget { .. } if self.answers.len() > 1 => {
                let mut last = self.answers.pop().expect("there is more than one");
                last.begin(Sequence::default());
                Queue::lock(queue).answers.push_front(last);
            }
            // They leave when what waits is taken up.
            EngineError::Cancelled => {}
            error => {
                let words = error.to_string();
                let mut error = Some(error);
                for one in self.answers.drain(..) {
                    let again = || EngineError::Step(words.clone());
                    one.fail(error.take().unwrap_or_else(again));
                }
            }
        }
    }

    /// A step over the scores.
    fn score(&mut self, context: &Context, looks: &Looks<'_>) {
        let answering = !self.answers.is_empty();
        let others = self.scores.iter().skip(1);
        let plan = Plan {
            tokens: match answering {
                true => (context.step / BESIDE).max(1),
                false => context.step,
            },
            // What the answers take at their next step is theirs.
            kept: self.answers.iter().map(Active::blocks).sum(),
            alone: !answering && !others.into_iter().any(|other| other.job.holds()),
            single: self.scores.first().is_some_and(|score| score.short),
        };
        let (mut jobs, calls): (Vec<&mut Job>, Vec<_>) = (self.scores.iter_mut())
            .map(|score| (&mut score.job, &score.watch))
            .unzip();
        let stop = || {
            looks.look();
            !calls.iter().any(|call| call.goes_on())
        };
        let scored = |jobs: &[&mut Job]| jobs.first().map_or(0, |job| job.scored());
        let before = scored(&jobs);
        let enough = score::step(&context.decoder, &context.pool, &mut jobs, plan, &stop);
        let more = scored(&jobs) > before;
        if let Some(first) = self.scores.first_mut() {
            // With every text that it scores it makes room for answers again.
            first.short = !enough || (first.short && !more);
        }
        if !enough {
            self.put_down(context);
        }
        for score in self.scores.extract_if(.., |score| score.job.is_done()) {
            score.finish();
        }
    }
}

/// Looks at what is called off while a step is computed.
struct Looks<'a> {
    answers: Vec<Watch>,
    queue: &'a Mutex<Queue>,
    began: Instant,
    /// When the queue was last looked at, in milliseconds since it began.
    swept: AtomicU64,
}

impl<'a> Looks<'a> {
    fn new(answers: &[Active], queue: &'a Mutex<Queue>) -> Self {
        Self {
            answers: answers.iter().map(Active::watch).collect(),
            queue,
            began: Instant::now(),
            swept: AtomicU64::new(0),
        }
    }

    /// Ends the streams of what is called off, of those that wait too. Whether all answers of the step
    /// are.
    fn look(&self) -> bool {
        let now = self.began.elapsed().as_millis() as u64;
        let swept = self.swept.load(Ordering::Relaxed);
        if now >= swept + SWEEP.as_millis() as u64 {
            self.swept.store(now, Ordering::Relaxed);
            Queue::sweep(self.queue);
        }
        let wanted = self.answers.iter().filter(|answer| !answer.ends()).count();
        wanted == 0
    }
}
