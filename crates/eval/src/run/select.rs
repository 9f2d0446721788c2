//! Which rows of a dataset become cases.

use std::collections::BinaryHeap;
use std::collections::HashMap;

use crate::dataset::{DatasetSpec, Place, Row, Rows};
use crate::suite::Suite;
use crate::{Case, Result};

/// The rows of a suite's dataset that are judged, in file order, with their cases; ids are those that a
/// run gives.
///
/// # Errors
/// If the dataset cannot be read, or two rows bring the same id.
pub(crate) fn chosen(suite: &Suite) -> Result<Vec<(Row, Case)>> {
    let spec = &suite.dataset;
    let selection = Selection::new(spec, suite.seed)?;
    let limit = spec.limit.unwrap_or(usize::MAX);
    // Of each id: how often it was seen, and on which line first.
    let mut seen: HashMap<String, (usize, usize)> = HashMap::new();
    let mut all = Vec::new();
    let mut rows = spec.source.rows()?;
    while let Some(batch) = rows.next_batch()? {
        for row in batch.rows()? {
            if all.len() >= limit {
                return Ok(all);
            }
            let Some(mut case) = selection.case(&row)? else {
                continue;
            };
            let own = !case.id.is_empty();
            if !own {
                case.id = case.content_id();
            }
            let (times, first) = seen.entry(case.id.clone()).or_insert((0, row.line));
            *times += 1;
            if *times > 1 && own {
                let message = format!("id `{}` stands twice: first on line {first}", case.id);
                return Err(selection.place.at(row.line, message).into());
            }
            if *times > 1 {
                case.id = format!("{}#{times}", case.id);
            }
            all.push((row, case));
        }
    }
    Ok(all)
}

/// Decides row by row; a sample is drawn beforehand.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    spec: &'a DatasetSpec,
    place: Place,
    /// Numbers of the rows that are in the sample, sorted.
    sample: Option<Vec<usize>>,
}

impl<'a> Selection<'a> {
    /// Prepares the selection; a sample reads the whole dataset once.
    pub(super) fn new(spec: &'a DatasetSpec, seed: u64) -> Result<Self> {
        let mut selection = Self {
            spec,
            place: spec.source.place(),
            sample: None,
        };
        if let Some(size) = spec.sample {
            selection.sample = Some(selection.draw(size, seed)?);
        }
        Ok(selection)
    }

    /// The case of a row, if it is to be judged.
    pub(super) fn case(&self, row: &Row) -> Result<Option<Case>> {
        if let Some(sample) = &self.sample
            && sample.binary_search(&row.number).is_err()
        {
            return Ok(None);
        }
        let case = self.spec.mapping.case(row, &self.place)?;
        let holds = self.holds(&case);
        let holds = holds.map_err(|error| self.place.of_case(row.line, error))?;
        Ok(holds.then_some(case))
    }

    fn holds(&self, case: &Case) -> Result<bool> {
        let tags = &self.spec.tags;
        if !tags.is_empty() && !case.tags.iter().any(|tag| tags.contains(tag)) {
            return Ok(false);
        }
        self.spec
            .filter
            .as_ref()
            .map_or(Ok(true), |filter| filter.holds(case))
    }

    /// The rows with the `size` least hashes of seed and number: uniform, in one pass, and adding
    /// rows at the end changes little of the sample.
    fn draw(&self, size: usize, seed: u64) -> Result<Vec<usize>> {
        let mut least: BinaryHeap<([u8; 16], usize)> = BinaryHeap::new();
        let mut rows = self.spec.source.rows()?;
        while let Some(batch) = rows.next_batch()? {
            for row in batch.rows()? {
                let number = row.number;
                if self.case(&row)?.is_none() {
                    continue;
                }
                let mut hasher = blake3::Hasher::new();
                hasher.update(&seed.to_le_bytes());
                hasher.update(&(number as u64).to_le_bytes());
                let hash = *hasher.finalize().as_bytes();
                least.push((hash[..16].try_into().expect("32 bytes have 16"), number));
                if least.len() > size {
                    least.pop();
                }
            }
        }
        let mut numbers: Vec<_> = least.into_iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Reads ahead of who judges: whether the next batch has cases within the dataset's limit.
pub(super) struct Ahead<'a> {
    selection: &'a Selection<'a>,
    /// Nothing where there is no limit.
    rows: Option<Box<dyn Rows>>,
    cases: usize,
}

impl<'a> Ahead<'a> {
    pub(super) fn new(selection: &'a Selection<'a>) -> Result<Self> {
        let limited = selection.spec.limit.is_some();
        Ok(Self {
            selection,
            rows: limited.then(|| selection.spec.source.rows()).transpose()?,
            cases: 0,
        })
    }

    /// Asked once for each batch, in order.
    pub(super) fn wants(&mut self) -> Result<bool> {
        let Some(rows) = &mut self.rows else {
            return Ok(true);
        };
        let limit = self.selection.spec.limit.unwrap_or(usize::MAX);
        let wanted = self.cases < limit;
        if wanted && let Some(batch) = rows.next_batch()? {
            for row in batch.rows()? {
                self.cases += usize::from(self.selection.case(&row)?.is_some());
            }
        }
        Ok(wanted)
    }
}
