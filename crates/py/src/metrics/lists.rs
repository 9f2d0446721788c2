//! Two Python lists -> pairs of texts -> a score each.
//!
//! Tuples hold what the lists hold, whatever becomes of those meanwhile. On one thread, short texts are judged where the
//! caller is, block by block: a block's texts are read where they lie in the tuples, which costs no counting of references,
//! and judged while they are in the core's cache. Everything else is taken over as a whole and goes to a thread of its
//! own, so that Ctrl-C is heard while one text is judged.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith::eval::metric::Metric as Judge;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::bounds;
use crate::doorway;

/// Bytes of text that are judged between two looks for signals, where all come at once.
const QUICK: usize = 1 << 16;
/// Bytes of text in a block. A smaller one would ask for the interpreter more often, which other threads may have.
const BLOCK: usize = 1 << 18;
/// Bytes of text between two looks at the clock.
const STEP: usize = 1 << 15;
/// Bytes of a pair that may take long by itself.
const LONG: usize = 1 << 14;
/// Time between two looks for signals.
const LOOK: Duration = Duration::from_millis(100);

/// A text of a list, and how it is held.
pub(super) trait Text<'a>: AsRef<str> + Send + Sync + Sized {
    /// One that lies in a tuple, which holds it.
    fn of_tuple(text: Borrowed<'a, '_, PyAny>) -> PyResult<Self>;
    /// One that nothing else may hold.
    fn of_any(text: Bound<'_, PyString>) -> PyResult<Self>;
}

/// Held by itself, on any thread.
impl Text<'_> for PyBackedStr {
    fn of_tuple(text: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        text.cast::<PyString>()?.to_owned().try_into()
    }

    fn of_any(text: Bound<'_, PyString>) -> PyResult<Self> {
        text.try_into()
    }
}

/// Read where it lies.
impl<'a> Text<'a> for Cow<'a, str> {
    fn of_tuple(text: Borrowed<'a, '_, PyAny>) -> PyResult<Self> {
        text.extract().map(Cow::Borrowed)
    }

    fn of_any(text: Bound<'_, PyString>) -> PyResult<Self> {
        Ok(Cow::Owned(text.to_str()?.to_owned()))
    }
}

/// References of one candidate: one, or several of which the best counts.
enum References<T> {
    One(T),
    Many(Vec<T>),
}

/// A pair as the metric reads it.
pub(super) struct Pair<T>(T, References<T>);

impl<T: AsRef<str>> Pair<T> {
    fn take<'a>(
        candidate: Borrowed<'a, '_, PyAny>,
        references: Borrowed<'a, '_, PyAny>,
    ) -> PyResult<Self>
    where
        T: Text<'a>,
    {
        let text = T::of_tuple(candidate)?;
        // The first question is answered here, the second by the interpreter.
        let one = references.is_exact_instance_of::<PyString>()
            || references.is_instance_of::<PyString>();
        let of = if one {
            References::One(T::of_tuple(references)?)
        } else {
            let texts = references.try_iter()?;
            let texts = texts.map(|text| T::of_any(text?.cast_into()?));
            References::Many(texts.collect::<PyResult<_>>()?)
        };
        Ok(Self(text, of))
    }

    pub(super) fn texts(&self) -> (&str, &[T]) {
        let references = match &self.1 {
            References::One(one) => std::slice::from_ref(one),
            References::Many(many) => many,
        };
        (self.0.as_ref(), references)
    }

    fn bytes(&self) -> usize {
        let (text, references) = self.texts();
        let bytes = references.iter().map(|text| text.as_ref().len());
        text.len() + bytes.sum::<usize>()
    }
}

impl Pair<Cow<'_, str>> {
    fn into_owned(self) -> Pair<Cow<'static, str>> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let of = match self.1 {
            References::One(one) => References::One(own(one)),
            References::Many(many) => References::Many(many.into_iter().map(own).collect()),
        };
        Pair(own(self.0), of)
    }
}

/// Pairs that are judged together.
pub(super) struct Block<T> {
    pairs: Vec<Pair<T>>,
    bytes: usize,
    /// Bytes of its longest pair.
    longest: usize,
}

impl Block<PyBackedStr> {
    /// All pairs of two lists.
    pub(super) fn whole(
        candidates: &Bound<'_, PyList>,
        references: &Bound<'_, PyList>,
    ) -> PyResult<Self> {
        let (candidates, references) = (candidates.to_tuple(), references.to_tuple());
        let count = count(&candidates, &references)?;
        let mut each = candidates.iter_borrowed().zip(references.iter_borrowed());
        Self::next(&mut each, count, usize::MAX)
    }
}

impl Block<Cow<'_, str>> {
    fn into_owned(self) -> Block<Cow<'static, str>> {
        Block {
            pairs: self.pairs.into_iter().map(Pair::into_owned).collect(),
            bytes: self.bytes,
            longest: self.longest,
        }
    }
}

impl<T: AsRef<str> + Send + Sync> Block<T> {
    /// The next pairs, until they have so many bytes.
    fn next<'a, 'py: 'a>(
        each: &mut impl Iterator<Item = (Borrowed<'a, 'py, PyAny>, Borrowed<'a, 'py, PyAny>)>,
        room: usize,
        most: usize,
    ) -> PyResult<Self>
    where
        T: Text<'a>,
    {
        let mut block = Self {
            pairs: Vec::with_capacity(room),
            bytes: 0,
            longest: 0,
        };
        while block.bytes < most {
            let Some((text, of)) = each.next() else { break };
            let pair = Pair::take(text, of)?;
            let bytes = pair.bytes();
            block.bytes += bytes;
            block.longest = block.longest.max(bytes);
            block.pairs.push(pair);
        }
        Ok(block)
    }

    /// Does `work` with the pairs: few at once, many where Ctrl-C is heard.
    pub(super) fn judged<R: Send + 'static>(
        self,
        py: Python<'_>,
        work: impl FnOnce(&[Pair<T>]) -> Result<R, botsmith::eval::Error> + Send + 'static,
    ) -> PyResult<R>
    where
        T: 'static,
    {
        let Self { pairs, .. } = self;
        if self.bytes < QUICK && self.longest < LONG {
            return doorway::quick(py, || work(&pairs));
        }
        // Texts go back to the caller's thread, which has the interpreter that they are of.
        let (result, pairs) =
            doorway::apart(py, move || work(&pairs).map(|result| (result, pairs)))?;
        drop(pairs);
        Ok(result)
    }
}

/// How many pairs two lists make.
fn count(candidates: &Bound<'_, PyTuple>, references: &Bound<'_, PyTuple>) -> PyResult<usize> {
    let (candidates, references) = (candidates.len(), references.len());
    match candidates == references {
        true => Ok(candidates),
        false => Err(PyValueError::new_err(format!(
            "{candidates} candidates and {references} references: each candidate needs its own"
        ))),
    }
}

/// The score of each pair, in order; none where there is nothing to judge.
pub(super) fn scores(
    py: Python<'_>,
    judge: &Arc<Judge>,
    candidates: &Bound<'_, PyList>,
    references: &Bound<'_, PyList>,
    threads: usize,
) -> PyResult<Vec<Option<f64>>> {
    let threads = bounds::threads(threads).map_err(|fault| fault.into_py(py))?;
    if threads != 1 || judge.in_batches() {
        let judge = Arc::clone(judge);
        return Block::whole(candidates, references)?
            .judged(py, move |pairs| judge.scores(pairs, threads, Pair::texts));
    }
    let (candidates, references) = (candidates.to_tuple(), references.to_tuple());
    let count = count(&candidates, &references)?;
    let mut scores = Vec::with_capacity(count);
    let mut each = candidates.iter_borrowed().zip(references.iter_borrowed());
    let mut room = count.min(64);
    while scores.len() < count {
        let block = Block::<Cow<'_, str>>::next(&mut each, room, BLOCK)?;
        room = block.pairs.len();
        if block.longest < LONG {
            judge_here(py, judge, &block.pairs, &mut scores)?;
        } else {
            let judge = Arc::clone(judge);
            let block = block.into_owned();
            scores.extend(block.judged(py, move |pairs| judge.scores(pairs, 1, Pair::texts))?);
        }
        py.check_signals()?;
    }
    Ok(scores)
}

/// Judges pairs on the caller's thread, which looks for signals between them.
fn judge_here(
    py: Python<'_>,
    judge: &Judge,
    pairs: &[Pair<Cow<'_, str>>],
    scores: &mut Vec<Option<f64>>,
) -> PyResult<()> {
    let mut rest = pairs;
    while !rest.is_empty() {
        doorway::quick(py, || {
            let begun = Instant::now();
            while !rest.is_empty() && begun.elapsed() < LOOK {
                let (now, later) = rest.split_at(step(rest));
                scores.extend(judge.scores(now, 1, Pair::texts)?);
                rest = later;
            }
            Ok::<_, botsmith::eval::Error>(())
        })?;
        if !rest.is_empty() {
            py.check_signals()?;
        }
    }
    Ok(())
}

/// How many of the pairs make a step: one at least.
fn step(pairs: &[Pair<Cow<'_, str>>]) -> usize {
    let mut bytes = 0;
    let few = pairs.iter().take_while(|pair| {
        let before = bytes;
        bytes += pair.bytes();
        before < STEP
    });
    few.count()
}
