//! The cases of a suite with their rows, split by what they may be used for.
//!
//! A case of train is handed out as [`TrainCase`], which nothing outside of this file can make: what
//! takes one cannot be given a case of dev or gate by mistake.

use std::collections::HashMap;
use std::sync::Arc;

use botsmith_core::digest::Digest;

use crate::dataset::{DataSource, Place, Row};
use crate::promotion::MUST_PASS;
use crate::run::chosen;
use crate::suite::Suite;
use crate::{Case, Result};

use super::split::key;
use super::{Split, Use};

/// A case with its row.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) case: Case,
    pub(super) row: Row,
    pub(super) of: Use,
}

/// All cases of a suite, in the order of the dataset.
#[derive(Debug)]
pub struct Cases {
    place: Place,
    all: Vec<Known>,
    by_id: HashMap<String, usize>,
}

/// A case that may teach: it is of train.
#[derive(Clone, Copy, Debug)]
pub struct TrainCase<'a> {
    known: &'a Known,
    at: usize,
}

impl<'a> TrainCase<'a> {
    /// The case.
    pub fn case(&self) -> &'a Case {
        &self.known.case
    }

    /// Its place among all cases, from 0.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What it goes with: its group, else its id.
    pub fn key(&self) -> &'a str {
        key(&self.known.case)
    }
}

impl Cases {
    /// Reads the cases that a suite judges and splits them.
    ///
    /// # Errors
    /// If the dataset cannot be read, or holds an id twice.
    pub fn read(suite: &Suite, split: &Split) -> Result<Self> {
        let all: Vec<Known> = chosen(suite)?
            .into_iter()
            .map(|(row, case)| Known {
                of: split.of(&case),
                case,
                row,
            })
            .collect();
        let ids = all.iter().enumerate();
        Ok(Self {
            place: suite.dataset.source.place(),
            by_id: ids.map(|(at, known)| (known.case.id.clone(), at)).collect(),
            all,
        })
    }

    /// How many there are of a use.
    pub fn count(&self, of: Use) -> usize {
        self.of(of).count()
    }

    /// The cases that may teach.
    pub fn train(&self) -> impl Iterator<Item = TrainCase<'_>> {
        let all = self.all.iter().enumerate();
        all.filter(|(_, known)| known.of == Use::Train)
            .map(|(at, known)| TrainCase { known, at })
    }

    /// Which case has an id.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The case at a place.
    pub(super) fn known(&self, at: usize) -> &Known {
        &self.all[at]
    }

    /// The case at a place, if there is one.
    pub(super) fn get(&self, at: usize) -> Option<&Known> {
        self.all.get(at)
    }

    /// The cases of a use, with their places.
    pub(super) fn of(&self, of: Use) -> impl Iterator<Item = (usize, &Known)> {
        let all = self.all.iter().enumerate();
        all.filter(move |(_, known)| known.of == of)
    }

    /// The places of the cases of train and dev that must pass: the gate asks about them for that alone.
    pub(super) fn must_pass_beside_gate(&self) -> Vec<usize> {
        let all = self.all.iter().enumerate();
        let others = all.filter(|(_, known)| known.of != Use::Gate);
        others
            .filter(|(_, known)| known.case.tags.iter().any(|tag| tag == MUST_PASS))
            .map(|(at, _)| at)
            .collect()
    }

    /// The places of the cases of a use in an order that only their ids decide: the first so many are
    /// as good as a random draw, and stay the first when cases are added.
    pub(super) fn drawn(&self, of: Use, seed: u64) -> Vec<usize> {
        let mut places: Vec<_> = self
            .of(of)
            .map(|(at, known)| {
                let text = format!("hone {seed} {}", known.case.id);
                (*Digest::of(text.as_bytes()).as_bytes(), at)
            })
            .collect();
        places.sort_unstable();
        places.into_iter().map(|(_, at)| at).collect()
    }

    /// Some of the cases as a dataset of their own.
    pub(super) fn source(&self, places: &[usize]) -> DataSource {
        let rows = places.iter().map(|at| self.all[*at].row.clone());
        DataSource::Inline {
            place: self.place.clone(),
            rows: Arc::new(rows.collect()),
        }
    }
}
