//! The blocks of prompts that were read, by their tokens: a prefix tree with one block a node.
//!
//! A prompt that begins like a remembered one takes its blocks over, and of the block in which they
//! part the tokens before. Leaves that nobody holds are given up in the order in which they were
//! last used. Only equal tokens from the very beginning share, since keys and values depend on all
//! tokens before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BLOCK, Block, Sequence};

/// The tree.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    root: Children,
    clock: u64,
}

type Children = BTreeMap<[u32; BLOCK], Node>;

#[derive(Debug)]
struct Node {
    block: Arc<Block>,
    used: u64,
    children: Children,
}

fn key(tokens: &[u32]) -> [u32; BLOCK] {
    tokens.try_into().expect("a whole block of tokens")
}

impl Tree {
    /// The longest remembered beginning of `tokens`.
    pub(super) fn find(&mut self, tokens: &[u32]) -> Sequence {
        self.clock += 1;
        let clock = self.clock;
        let mut found = Sequence::default();
        let mut children = &mut self.root;
        loop {
            let rest = &tokens[found.length..];
            if rest.len() >= BLOCK && children.contains_key(&key(&rest[..BLOCK])) {
                let node = children
                    .get_mut(&key(&rest[..BLOCK]))
                    .expect("it was there a line above");
                node.used = clock;
                found.blocks.push(Arc::clone(&node.block));
                found.length += BLOCK;
                children = &mut node.children;
                continue;
            }
            // The neighbours in order share the most.
            let common =
                |other: &[u32; BLOCK]| other.iter().zip(rest).take_while(|(a, b)| a == b).count();
            let mut low = [0; BLOCK];
            let length = rest.len().min(BLOCK);
            low[..length].copy_from_slice(&rest[..length]);
            let after = children.range(low..).next();
            let before = children.range(..low).next_back();
            let best = [before, after]
                .into_iter()
                .flatten()
                .map(|(tokens, node)| (common(tokens), node))
                .max_by_key(|(common, _)| *common);
            if let Some((common, node)) = best
                && common > 0
            {
                found.blocks.push(Arc::clone(&node.block));
                found.length += common;
            }
            return found;
        }
    }

    /// Remembers the whole blocks of `sequence`.
    pub(super) fn insert(&mut self, tokens: &[u32], sequence: &Sequence) {
        self.clock += 1;
        let clock = self.clock;
        let whole = tokens.len().min(sequence.length) / BLOCK;
        let mut children = &mut self.root;
        for (at, block) in sequence.blocks.iter().take(whole).enumerate() {
            let node = children
                .entry(key(&tokens[at * BLOCK..(at + 1) * BLOCK]))
                .or_insert_with(|| Node {
                    block: Arc::clone(block),
                    used: clock,
                    children: Children::new(),
                });
            node.used = clock;
            children = &mut node.children;
        }
    }

    /// Blocks that nobody else holds. An inner one counts: its leaves go first.
    pub(super) fn evictable(&self) -> usize {
        fn count(children: &Children) -> usize {
            children
                .values()
                .map(|node| {
                    count(&node.children) + usize::from(Arc::strong_count(&node.block) == 1)
                })
                .sum()
        }
        count(&self.root)
    }

    /// Gives up blocks, those first that were not used for longest, until `wanted` are free.
    pub(super) fn evict(&mut self, wanted: usize) {
        let mut freed = 0;
        while freed < wanted {
            let mut ages = Vec::new();
            leaves(&self.root, &mut ages);
            if ages.is_empty() {
                return;
            }
            ages.sort_unstable();
            let oldest = ages[(wanted - freed - 1).min(ages.len() - 1)];
            let mut left = wanted - freed;
            prune(&mut self.root, oldest, &mut left);
            freed = wanted - left;
        }
    }
}

/// When the leaves that nobody holds were last used.
fn leaves(children: &Children, ages: &mut Vec<u64>) {
    for node in children.values() {
        match node.children.is_empty() {
            false => leaves(&node.children, ages),
            true if Arc::strong_count(&node.block) == 1 => ages.push(node.used),
            true => {}
        }
    }
}

/// Takes out up to `left` leaves that were last used at `oldest` or before.
fn prune(children: &mut Children, oldest: u64, left: &mut usize) {
    children.retain(|_, node| {
        if *left == 0 {
            return true;
        }
        if !node.children.is_empty() {
            prune(&mut node.children, oldest, left);
            return true;
        }
        let goes = node.used <= oldest && Arc::strong_count(&node.block) == 1;
        *left -= usize::from(goes);
        !goes
    });
}
