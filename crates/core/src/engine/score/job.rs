//! The texts of one call: what is read of them, what is to be read next, and what was found.

use super::super::error::{EngineError, Result};
use super::super::kv::{Pool, Sequence};
use super::Scored;
use super::trie::{Trie, Want};

/// A node of the tree of texts that can be read, since its parent was.
#[derive(Debug)]
pub(super) struct Branch {
    node: usize,
    /// As much of its path as was read or taken over.
    pub(super) sequence: Sequence,
}

/// A call.
#[derive(Debug)]
pub(crate) struct Job {
    texts: Vec<Scored>,
    trie: Trie,
    /// Last in, first out: few branches are half read at a time.
    ready: Vec<Branch>,
    found: Vec<Vec<f64>>,
    /// Nodes with nothing after them that were read.
    ends: usize,
    failed: Option<EngineError>,
}

impl Job {
    pub(crate) fn new(texts: Vec<Scored>) -> Self {
        let found = texts
            .iter()
            .map(|text| vec![0.0; text.tokens.len().saturating_sub(text.first)])
            .collect();
        let trie = Trie::new(&texts);
        let branch = |node: &usize| Branch {
            node: *node,
            sequence: Sequence::default(),
        };
        let ready = trie.roots().iter().map(branch).collect();
        Self {
            texts,
            trie,
            ready,
            found,
            ends: 0,
            failed: None,
        }
    }

    /// Whether there is nothing more to read.
    pub(crate) fn is_done(&self) -> bool {
        self.ready.is_empty() || self.failed.is_some()
    }

    /// The log-probability of each scored token, in nats, text by text.
    ///
    /// # Errors
    /// What ended it before it was done.
    pub(crate) fn found(self) -> Result<Vec<Vec<f64>>> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self.found),
        }
    }

    /// Texts that were read to their end, equal ones counted once: how far it has come for good.
    pub(crate) fn scored(&self) -> usize {
        self.ends
    }

    /// Whether it holds memory.
    pub(crate) fn holds(&self) -> bool {
        self.ready.iter().any(|branch| branch.sequence.len() > 0)
    }

    /// Gives its memory up; what was read is remembered as long as nobody needs the room. Whether it
    /// held any.
    pub(crate) fn put_down(&mut self, pool: &Pool) -> bool {
        let held = self.holds();
        for branch in &mut self.ready {
            let path = path(&self.texts, &self.trie, branch.node);
            pool.remember(path, &branch.sequence);
            branch.sequence = Sequence::default();
        }
        held
    }

    /// The branch to be read next.
    pub(super) fn next(&mut self) -> Option<Branch> {
        self.ready.pop()
    }

    /// Makes a branch the next one.
    pub(super) fn ready(&mut self, branch: Branch) {
        self.ready.push(branch);
    }

    /// Takes what is remembered of a branch's path, where that is more than it has. Whether it is.
    pub(super) fn take_over(&self, branch: &mut Branch, pool: &Pool) -> bool {
        // What is asked for has to be read, even if it was read before.
        let about = self.trie.node(branch.node);
        let needed = about.wants.first().map_or(about.end, |want| want.row);
        if branch.sequence.len() >= needed {
            return false;
        }
        let found = pool.remembered(&self.path(branch)[..needed]);
        let more = found.len() > branch.sequence.len();
        if more {
            branch.sequence = found;
        }
        more
    }

    /// The tokens up to a branch's end.
    pub(super) fn path(&self, branch: &Branch) -> &[u32] {
        path(&self.texts, &self.trie, branch.node)
    }

    /// How much of the beginning of `tokens` it reads, or has read.
    pub(super) fn common(&self, tokens: &[u32]) -> usize {
        self.trie.common(&self.texts, tokens)
    }

    pub(super) fn wants(&self, branch: &Branch) -> &[Want] {
        &self.trie.node(branch.node).wants
    }

    pub(super) fn token(&self, text: usize, at: usize) -> u32 {
        self.texts[text].tokens[at]
    }

    /// The log-probability of a text's token at `at`.
    pub(super) fn set(&mut self, text: usize, at: usize, value: f64) {
        let first = self.texts[text].first;
        self.found[text][at - first] = value;
    }

    pub(super) fn fail(&mut self, error: impl FnOnce() -> EngineError) {
        if self.failed.is_none() {
            self.failed = Some(error());
        }
    }

    /// Remembers what was read of a branch. Where that is all of it, those that go on from it are
    /// ready, else it is itself.
    pub(super) fn put_back(&mut self, branch: Branch, pool: &Pool) {
        let about = self.trie.node(branch.node);
        pool.remember(self.path(&branch), &branch.sequence);
        if branch.sequence.len() < about.end {
            self.ready.push(branch);
            return;
        }
        self.ends += usize::from(about.children.is_empty());
        for child in &about.children {
            self.ready.push(Branch {
                node: *child,
                sequence: branch.sequence.clone(),
            });
        }
    }
}

fn path<'a>(texts: &'a [Scored], trie: &Trie, node: usize) -> &'a [u32] {
    let about = trie.node(node);
    &texts[about.text].tokens[..about.end]
}
