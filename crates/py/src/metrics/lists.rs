//! Two Python lists -> pairs of texts -> a score each.
//!
//! Tuples hold what the lists hold, whatever becomes of those meanwhile. On one thread, short texts are judged where the
//! caller is, block by block: a block's texts are taken over, judged and let go while they are in the core's cache.
//! Everything else is taken over as a whole and goes to a thread of its own, so that Ctrl-C is heard while one text is
//! judged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use botsmith::eval::metric::Metric as Judge;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString};

use crate::bounds;
use crate::doorway;

/// Bytes of text that are judged between two looks for signals, where all come at once.
const QUICK: usize = 1 << 16;
/// Bytes of text in a block. A smaller one would ask for the interpreter more often, which other threads may have.
const BLOCK: usize = 1 << 18;
/// Bytes of text between two looks at the clock.
const STEP: usize = 1 << 13;
/// Bytes of a pair that may take long by itself.
const LONG: usize = 1 << 14;
/// Time between two looks for signals.
const LOOK: Duration = Duration::from_millis(100);

/// References of one candidate: one, or several of which the best counts.
enum References {
    One(PyBackedStr),
    Many(Vec<PyBackedStr>),
}

/// A pair as the metric reads it.
pub(super) struct Pair(PyBackedStr, References);

impl Pair {
    fn take(candidate: Bound<'_, PyAny>, references: Bound<'_, PyAny>) -> PyResult<Self> {
        let text = PyBackedStr::try_from(candidate.cast_into::<PyString>()?)?;
        let of = match references.cast_into::<PyString>() {
            Ok(one) => References::One(one.try_into()?),
            Err(several) => {
                let texts = several.into_inner().try_iter()?;
                let texts = texts.map(|text| text?.cast_into::<PyString>()?.try_into());
                References::Many(texts.collect::<PyResult<_>>()?)
            }
        };
        Ok(Self(text, of))
    }

    pub(super) fn texts(&self) -> (&str, &[PyBackedStr]) {
        let references = match &self.1 {
            References::One(one) => std::slice::from_ref(one),
            References::Many(many) => many,
        };
        (&self.0, references)
    }

    fn bytes(&self) -> usize {
        let (text, references) = self.texts();
        text.len() + references.iter().map(|text| text.len()).sum::<usize>()
    }
}

/// Pairs that are judged together.
pub(super) struct Block {
    pairs: Vec<Pair>,
    bytes: usize,
    /// Bytes of its longest pair.
    longest: usize,
}

impl Block {
    /// All pairs of two lists.
    pub(super) fn whole(
        candidates: &Bound<'_, PyList>,
        references: &Bound<'_, PyList>,
    ) -> PyResult<Self> {
        let (candidates, references) = (candidates.to_tuple(), references.to_tuple());
        let count = count(candidates.len(), references.len())?;
        Self::next(&mut candidates.iter().zip(&references), count, usize::MAX)
    }

    /// The next pairs, until they have so many bytes.
    fn next<'py>(
        each: &mut impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)>,
        room: usize,
        most: usize,
    ) -> PyResult<Self> {
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
    pub(super) fn judged<T: Send + 'static>(
        self,
        py: Python<'_>,
        work: impl FnOnce(&[Pair]) -> Result<T, botsmith::eval::Error> + Send + 'static,
    ) -> PyResult<T> {
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
fn count(candidates: usize, references: usize) -> PyResult<usize> {
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
    let count = count(candidates.len(), references.len())?;
    let mut scores = Vec::with_capacity(count);
    let mut each = candidates.iter().zip(&references);
    let mut room = count.min(64);
    while scores.len() < count {
        let block = Block::next(&mut each, room, BLOCK)?;
        room = block.pairs.len();
        if block.longest < LONG {
            judge_here(py, judge, &block.pairs, &mut scores)?;
        } else {
            let judge = Arc::clone(judge);
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
    pairs: &[Pair],
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
fn step(pairs: &[Pair]) -> usize {
    let mut bytes = 0;
    let few = pairs.iter().take_while(|pair| {
        let before = bytes;
        bytes += pair.bytes();
        before < STEP
    });
    few.count()
}
