//! The blocks of prompts that were read, by their tokens: a prefix tree with one block a node.
//!
//! A prompt that begins like a remembered one takes its blocks over, and of the block in which they
//! part the tokens before. Leaves that nobody holds are given up in the order in which they were
//! last used. Only equal tokens from the very beginning share, since keys and values depend on all
//! tokens before.
//!
//! A long text is a path of thousands of nodes, so the tree is one flat map, by parent and tokens:
//! nothing that walks it, and not its end either, goes down by a call a level.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::{BLOCK, Block, Sequence};

/// The tree.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<Place, Node>,
    /// Where each node stands, by its number.
    places: HashMap<u64, Place>,
    /// Numbers given out; a child's is larger than its parent's.
    numbers: u64,
    clock: u64,
}

/// The number of the parent, and the tokens.
type Place = (u64, [u32; BLOCK]);

/// The parent of those that have none.
const ROOT: u64 = 0;

#[derive(Debug)]
struct Node {
    number: u64,
    block: Arc<Block>,
    used: u64,
    children: usize,
}

impl Node {
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.block) > 1
    }
}

fn key(tokens: &[u32]) -> [u32; BLOCK] {
    tokens.try_into().expect("a whole block of tokens")
}

impl Tree {
    /// The longest remembered beginning of `tokens`.
    pub(super) fn find(&mut self, tokens: &[u32]) -> Sequence {
        self.clock += 1;
        let mut found = Sequence::default();
        let mut parent = ROOT;
        loop {
            let rest = &tokens[found.length..];
            if rest.len() >= BLOCK
                && let Some(node) = self.nodes.get_mut(&(parent, key(&rest[..BLOCK])))
            {
                node.used = self.clock;
                found.blocks.push(Arc::clone(&node.block));
                found.length += BLOCK;
                parent = node.number;
                continue;
            }
            // The neighbours in order share the most.
            let mut low = [0; BLOCK];
            let length = rest.len().min(BLOCK);
            low[..length].copy_from_slice(&rest[..length]);
            let low = (parent, low);
            let after = self.nodes.range(low..).next();
            let before = self.nodes.range(..low).next_back();
            let best = [before, after]
                .into_iter()
                .flatten()
                .filter(|((of, _), _)| *of == parent)
                .map(|((_, tokens), node)| {
                    let common = tokens.iter().zip(rest).take_while(|(a, b)| a == b);
                    (common.count(), node)
                })
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
        let whole = tokens.len().min(sequence.length) / BLOCK;
        let mut parent: Option<Place> = None;
        let mut number = ROOT;
        for (at, block) in sequence.blocks.iter().take(whole).enumerate() {
            let place = (number, key(&tokens[at * BLOCK..(at + 1) * BLOCK]));
            if let Some(node) = self.nodes.get_mut(&place) {
                node.used = self.clock;
                number = node.number;
            } else {
                self.numbers += 1;
                number = self.numbers;
                let node = Node {
                    number,
                    block: Arc::clone(block),
                    used: self.clock,
                    children: 0,
                };
                self.nodes.insert(place, node);
                self.places.insert(number, place);
                if let Some(parent) = parent.and_then(|place| self.nodes.get_mut(&place)) {
                    parent.children += 1;
                }
            }
            parent = Some(place);
        }
    }

    /// Blocks that could be given up: nobody holds them, nor one that goes on from them. An inner one
    /// counts: its leaves go first.
    pub(super) fn evictable(&self) -> usize {
        let mut count = 0;
        let mut held: HashSet<u64> = HashSet::new();
        // Children have larger numbers than their parents, so from the end they come first.
        for ((parent, _), node) in self.nodes.iter().rev() {
            if node.is_held() || held.contains(&node.number) {
                held.insert(*parent);
            } else {
                count += 1;
            }
        }
        count
    }

    /// Gives up blocks, those first that were not used for longest, until `wanted` are free.
    pub(super) fn evict(&mut self, wanted: usize) {
        let leaf = |place: &Place, node: &Node| {
            let goes = node.children == 0 && !node.is_held();
            goes.then_some(Reverse((node.used, *place)))
        };
        let leaves = self.nodes.iter();
        let leaves = leaves.filter_map(|(place, node)| leaf(place, node));
        let mut leaves: BinaryHeap<_> = leaves.collect();
        for _ in 0..wanted {
            let Some(Reverse((_, place))) = leaves.pop() else {
                return;
            };
            if let Some(node) = self.nodes.remove(&place) {
                self.places.remove(&node.number);
            }
            if let Some(above) = self.places.get(&place.0)
                && let Some(parent) = self.nodes.get_mut(above)
            {
                parent.children -= 1;
                leaves.extend(leaf(above, parent));
            }
        }
    }
}
