//! Parts -> text on several threads: each part is annotated, numbered and written on its own, and printed in
//! order. No thread waits for the parts beside its own; so many parts are under way that all have work, and no
//! more, so that memory does not grow with the input.

use std::collections::VecDeque;
use std::sync::mpsc;

use botsmith::eval::{Error, Result};
use rayon::{Scope, ThreadPool};

use super::Work;
use super::annotate::Annotated;
use super::input::{Job, Source};
use crate::cli::output;

/// Parts under way for each thread: one at work, and some that wait, for parts differ.
const AHEAD: usize = 3;

/// Where a part stands.
enum Part {
    Annotating,
    /// What it holds up to the first error.
    Annotated(Vec<(Annotated, usize)>, Option<Error>),
    Writing,
    Written(String, Option<Error>),
}

/// Annotates and prints all of `source`; `sentences` counts those printed so far, `seen` hears of bytes read.
pub(super) fn spread(
    work: &Work,
    pool: &ThreadPool,
    source: &mut Source<'_>,
    sentences: &mut usize,
    seen: impl Fn(usize),
) -> Result<()> {
    pool.in_place_scope(|scope| {
        let (send, done) = mpsc::channel();
        let mut line = Line {
            work,
            scope,
            send,
            parts: VecDeque::new(),
            printed: 0,
            numbered: 0,
            sentences,
        };
        let most = pool.current_num_threads() * AHEAD;
        let mut more = true;
        loop {
            // Who waits for an answer before writing on gets it before we wait for what is written.
            while more && line.parts.len() < most && (line.parts.is_empty() || !source.waits()) {
                let mut jobs = Vec::new();
                let read = source.read(1, &mut jobs);
                more = matches!(read, Ok(true));
                line.annotate(jobs, read.err());
                seen(source.bytes());
            }
            if line.parts.is_empty() {
                return Ok(());
            }
            let (number, part) = done.recv().expect("the line holds a sender");
            let at = number - line.printed;
            line.parts[at] = part;
            line.settle()?;
        }
    })
}

/// The parts under way, the first of which is printed next.
struct Line<'line, 'scope> {
    work: &'scope Work,
    scope: &'line Scope<'scope>,
    send: mpsc::Sender<(usize, Part)>,
    parts: VecDeque<Part>,
    /// Parts printed, and parts whose sentences have their numbers.
    printed: usize,
    numbered: usize,
    sentences: &'line mut usize,
}

impl Line<'_, '_> {
    /// Sends a part to be annotated; `then` is an error behind it.
    fn annotate(&mut self, jobs: Vec<Job>, then: Option<Error>) {
        let number = self.printed + self.parts.len();
        self.parts.push_back(Part::Annotating);
        let (work, send) = (self.work, self.send.clone());
        self.scope.spawn(move |_| {
            let mut found = Vec::with_capacity(jobs.len());
            let mut wrong = None;
            for job in jobs {
                match work.annotate(job) {
                    Ok(one) => found.push(one),
                    Err(error) => {
                        wrong = Some(error);
                        break;
                    }
                }
            }
            // Nobody listens once an earlier part has failed.
            let _ = send.send((number, Part::Annotated(found, wrong.or(then))));
        });
    }

    /// Numbers what can be numbered, and prints what can be printed: both in order.
    fn settle(&mut self) -> Result<()> {
        while let Some(part) = self.parts.get_mut(self.numbered - self.printed) {
            let (found, then) = match std::mem::replace(part, Part::Writing) {
                Part::Annotated(found, then) => (found, then),
                other => {
                    *part = other;
                    break;
                }
            };
            let (work, send, number) = (self.work, self.send.clone(), self.numbered);
            let mut first = *self.sentences;
            *self.sentences += sentences(&found);
            self.numbered += 1;
            self.scope.spawn(move |_| {
                let mut text = String::new();
                for (found, before) in &found {
                    work.write(found, *before, first, &mut text);
                    first += found.doc().sentences().len();
                }
                let _ = send.send((number, Part::Written(text, then)));
            });
        }
        while let Some(Part::Written(..)) = self.parts.front() {
            if let Some(Part::Written(text, then)) = self.parts.pop_front() {
                self.printed += 1;
                output::print(&text)?;
                then.map_or(Ok(()), Err)?;
            }
        }
        Ok(())
    }
}

fn sentences(found: &[(Annotated, usize)]) -> usize {
    let each = found.iter();
    each.map(|(found, _)| found.doc().sentences().len()).sum()
}
