//! Keys and values of tokens that a decoder has read, in counted blocks that many sequences share.
//!
//! A block holds [`BLOCK`] tokens of every layer, as f32: in main memory, or in a slab on another device
//! ([`Slab`]), where it is no more than a number here. A [`Sequence`] is a list of blocks and a length:
//! forking it copies no numbers, cutting it frees what nobody else holds, and writing into a block that
//! others hold copies that block first. The [`Pool`] counts all blocks against one budget; `kv/tree.rs`
//! keeps those of past prompts until the budget is needed.

mod tree;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use tree::Tree;

use super::error::{EngineError, Result};

/// Tokens of one block.
pub(crate) const BLOCK: usize = 16;

/// What a block's size follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KvShape {
    /// Layers of the decoder.
    pub(crate) layers: usize,
    /// Heads of keys and values.
    pub(crate) heads: usize,
    /// Numbers of one head.
    pub(crate) width: usize,
}

impl KvShape {
    /// Numbers of one head in one block.
    pub(crate) fn head(self) -> usize {
        BLOCK * self.width
    }

    fn numbers(self) -> usize {
        self.layers * 2 * self.heads * self.head()
    }

    /// Bytes of one block.
    pub(crate) fn bytes(self) -> u64 {
        self.numbers() as u64 * 4
    }
}

/// Blocks that are kept elsewhere than in main memory.
pub(crate) trait Slab: Send + Sync + std::fmt::Debug {
    /// Copies all numbers of a block into another.
    ///
    /// # Errors
    /// Those of the device.
    fn copy(&self, from: u32, to: u32) -> Result<()>;
}

/// Where blocks come from: it counts them, and gives no more than its budget.
#[derive(Debug)]
pub(crate) struct Pool {
    shape: KvShape,
    most: usize,
    used: Arc<AtomicUsize>,
    tree: Mutex<Tree>,
    home: Home,
}

/// Where the numbers of blocks are, and those that are free.
#[derive(Clone)]
enum Home {
    /// Buffers of dropped blocks: new memory has to be cleared by the system, page by page.
    Here(Arc<Mutex<Vec<Box<[f32]>>>>),
    /// Places of the slab that nobody has.
    There(Arc<dyn Slab>, Arc<Mutex<Vec<u32>>>),
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Here(_) => "Here",
            Self::There(..) => "There",
        })
    }
}

/// Buffers that are kept for later.
const SPARE: usize = 64;

impl Pool {
    /// A pool of at most `bytes`; at least two blocks.
    pub(crate) fn new(shape: KvShape, bytes: u64) -> Self {
        let most = usize::try_from(bytes / shape.bytes().max(1)).unwrap_or(usize::MAX);
        Self {
            shape,
            most: most.max(2),
            used: Arc::default(),
            tree: Mutex::new(Tree::default()),
            home: Home::Here(Arc::default()),
        }
    }

    /// A pool of the `most` blocks of a slab.
    pub(crate) fn on(slab: Arc<dyn Slab>, shape: KvShape, most: u32) -> Self {
        Self {
            shape,
            most: most as usize,
            used: Arc::default(),
            tree: Mutex::new(Tree::default()),
            home: Home::There(slab, Arc::new(Mutex::new((0..most).rev().collect()))),
        }
    }

    pub(crate) fn shape(&self) -> KvShape {
        self.shape
    }

    /// Blocks there can be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Blocks there are.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// A sequence of the longest beginning of `tokens` that is remembered; its length says how long.
    pub(crate) fn remembered(&self, tokens: &[u32]) -> Sequence {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = tree.find(tokens);
        // Where all blocks are in use, a part of one could not be copied, and holding it keeps it.
        if !found.length.is_multiple_of(BLOCK) && self.used() >= self.most && tree.evictable() == 0
        {
            found.truncate(found.length / BLOCK * BLOCK);
        }
        found
    }

    /// Remembers the whole blocks of `sequence`, whose tokens are `tokens`.
    pub(crate) fn remember(&self, tokens: &[u32], sequence: &Sequence) {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        tree.insert(tokens, sequence);
    }

    /// Forgets everything that no sequence holds.
    pub(crate) fn forget(&self) {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        tree.evict(usize::MAX);
        if let Home::Here(spare) = &self.home {
            let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
            spare.clear();
        }
    }

    /// Blocks that could be had now: unused ones and remembered ones that nobody holds.
    pub(crate) fn free(&self) -> usize {
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        self.most.saturating_sub(self.used()) + tree.evictable()
    }

    fn block(&self) -> Result<Block> {
        if self.used() >= self.most {
            let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
            tree.evict(1 + self.used() - self.most);
        }
        // Counted first: two threads must not both take the last one.
        let before = self.used.fetch_add(1, Ordering::Relaxed);
        let count = Count(Arc::clone(&self.used));
        if before >= self.most {
            drop(count);
            return Err(EngineError::KvBudget {
                tokens: self.most * BLOCK,
                bytes: self.most as u64 * self.shape.bytes(),
            });
        }
        let (numbers, place) = match &self.home {
            Home::Here(spare) => {
                let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
                let numbers = spare.pop();
                drop(spare);
                (
                    numbers.unwrap_or_else(|| vec![0.0; self.shape.numbers()].into()),
                    0,
                )
            }
            Home::There(_, free) => {
                let mut free = free.lock().unwrap_or_else(PoisonError::into_inner);
                let place = free.pop().expect("as many places as blocks are counted");
                (Box::default(), place)
            }
        };
        Ok(Block {
            numbers,
            place,
            home: self.home.clone(),
            _count: count,
        })
    }

    fn copy(&self, from: &Block, to: &mut Block) -> Result<()> {
        match &self.home {
            Home::Here(_) => to.numbers.copy_from_slice(&from.numbers),
            Home::There(slab, _) => slab.copy(from.place, to.place)?,
        }
        Ok(())
    }
}

/// One place of the budget; given back when dropped.
#[derive(Debug)]
struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keys and values of up to [`BLOCK`] tokens: `[layer][key or value][head]`, of each head keys as
/// `[number][token]`, values as `[token][number]`.
#[derive(Debug)]
pub(crate) struct Block {
    /// Nothing where a slab holds them.
    numbers: Box<[f32]>,
    /// Which block of the slab it is.
    place: u32,
    home: Home,
    /// Given back last, when the place is free.
    _count: Count,
}

impl Drop for Block {
    fn drop(&mut self) {
        match &self.home {
            Home::Here(spare) => {
                let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
                if spare.len() < SPARE {
                    spare.push(std::mem::take(&mut self.numbers));
                }
            }
            Home::There(_, free) => {
                let mut free = free.lock().unwrap_or_else(PoisonError::into_inner);
                free.push(self.place);
            }
        }
    }
}

/// The keys and values of one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    blocks: Vec<Arc<Block>>,
    length: usize,
}

impl Sequence {
    /// Tokens that it holds.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Blocks that `more` tokens would take beyond those that it has; a shared last one counts.
    pub(crate) fn blocks_for(&self, more: usize) -> usize {
        (self.length + more).div_ceil(BLOCK) - self.length / BLOCK
    }

    /// Keeps the first `length` tokens.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.blocks.truncate(self.length.div_ceil(BLOCK));
    }

    /// Makes room for `more` tokens that will be written after its end.
    ///
    /// # Errors
    /// [`EngineError::KvBudget`]; nothing has changed then.
    pub(crate) fn reserve(&mut self, pool: &Pool, more: usize) -> Result<()> {
        let had = self.blocks.len();
        let wanted = (self.length + more).div_ceil(BLOCK);
        if more > 0
            && !self.length.is_multiple_of(BLOCK)
            && let Some(last) = self.blocks.get_mut(self.length / BLOCK)
            && Arc::get_mut(last).is_none()
        {
            let mut own = pool.block()?;
            pool.copy(last, &mut own)?;
            *last = Arc::new(own);
        }
        while self.blocks.len() < wanted {
            match pool.block() {
                Ok(block) => self.blocks.push(Arc::new(block)),
                Err(error) => {
                    self.blocks.truncate(had);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Writes keys and values of one layer for the tokens from `from` on: rows of all heads.
    /// [`Sequence::reserve`] has made the room.
    pub(crate) fn write(
        &mut self,
        shape: KvShape,
        layer: usize,
        from: usize,
        keys: &[f32],
        values: &[f32],
    ) {
        let KvShape { heads, width, .. } = shape;
        let row = heads * width;
        for (at, (key, value)) in keys
            .chunks_exact(row)
            .zip(values.chunks_exact(row))
            .enumerate()
        {
            let token = from + at;
            let block = Arc::get_mut(&mut self.blocks[token / BLOCK])
                .expect("`reserve` made every block that is written its own");
            let slot = token % BLOCK;
            for head in 0..heads {
                let numbers = head * width..(head + 1) * width;
                let start = place(shape, layer, 0, head) + slot;
                for (at, number) in key[numbers.clone()].iter().enumerate() {
                    block.numbers[start + at * BLOCK] = *number;
                }
                let start = place(shape, layer, 1, head) + slot * width;
                block.numbers[start..start + width].copy_from_slice(&value[numbers]);
            }
        }
    }

    /// The blocks of the slab that hold it, in order.
    pub(crate) fn places(&self) -> impl Iterator<Item = u32> {
        self.blocks.iter().map(|block| block.place)
    }

    /// Counts `more` tokens as read, after all layers were written.
    pub(crate) fn advance(&mut self, more: usize) {
        self.length += more;
    }

    /// Keys (`part` 0, `[number][token]`) or values (1, `[token][number]`) of one head in one block.
    pub(crate) fn head(
        &self,
        shape: KvShape,
        layer: usize,
        part: usize,
        head: usize,
        block: usize,
    ) -> &[f32] {
        let start = place(shape, layer, part, head);
        &self.blocks[block].numbers[start..start + shape.head()]
    }
}

fn place(shape: KvShape, layer: usize, part: usize, head: usize) -> usize {
    ((layer * 2 + part) * shape.heads + head) * shape.head()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: KvShape = KvShape {
        layers: 2,
        heads: 2,
        width: 3,
    };

    fn filled(pool: &Pool, mut sequence: Sequence, tokens: &[u32]) -> Sequence {
        let from = sequence.len();
        sequence.reserve(pool, tokens.len() - from).unwrap();
        for layer in 0..SHAPE.layers {
            let rows: Vec<f32> = tokens[from..]
                .iter()
                .flat_map(|token| [(*token * 10 + layer as u32) as f32; 6])
                .collect();
            let values: Vec<f32> = rows.iter().map(|number| -number).collect();
            sequence.write(SHAPE, layer, from, &rows, &values);
        }
        sequence.advance(tokens.len() - from);
        sequence
    }

    fn read(sequence: &Sequence, layer: usize, part: usize) -> Vec<f32> {
        (0..sequence.len())
            .map(|token| {
                let place = token % BLOCK * if part == 0 { 1 } else { SHAPE.width };
                sequence.head(SHAPE, layer, part, 1, token / BLOCK)[place]
            })
            .collect()
    }

    #[test]
    fn a_fork_that_is_written_leaves_the_other_as_it_was() {
        let pool = Pool::new(SHAPE, SHAPE.bytes() * 10);
        let first: Vec<u32> = (0..20).collect();
        let one = filled(&pool, Sequence::default(), &first);
        assert_eq!(pool.used(), 2);
        let mut fork = one.clone();
        fork.truncate(18);
        let other: Vec<u32> = (0..18).chain(100..105).collect();
        let two = filled(&pool, fork, &other);
        assert_eq!(pool.used(), 3);
        assert_eq!(
            read(&one, 1, 0),
            first
                .iter()
                .map(|t| (t * 10 + 1) as f32)
                .collect::<Vec<_>>()
        );
        assert_eq!(
            read(&two, 0, 1),
            other.iter().map(|t| -((t * 10) as f32)).collect::<Vec<_>>()
        );
        drop((one, two));
        assert_eq!(pool.used(), 0);
    }

    #[test]
    fn the_budget_is_kept_and_what_is_remembered_gives_way() {
        let pool = Pool::new(SHAPE, SHAPE.bytes() * 4);
        let old: Vec<u32> = (0..32).collect();
        let sequence = filled(&pool, Sequence::default(), &old);
        pool.remember(&old, &sequence);
        drop(sequence);
        assert_eq!((pool.used(), pool.free()), (2, 4));
        assert_eq!(pool.remembered(&[&old[..], &[7]].concat()).len(), 32);
        let new: Vec<u32> = (50..98).collect();
        let held = filled(&pool, Sequence::default(), &new);
        assert_eq!(pool.used(), 4);
        assert_eq!(pool.remembered(&old).len(), 16);
        let mut more = Sequence::default();
        more.reserve(&pool, 16).unwrap();
        let error = more.clone().reserve(&pool, 32).unwrap_err();
        assert_eq!(error.code(), "BS-ENG-017");
        assert_eq!(held.len(), 48);
        assert_eq!(pool.used(), 4);
    }

    #[test]
    fn of_several_texts_the_one_that_was_not_used_for_longest_goes_first() {
        let pool = Pool::new(SHAPE, SHAPE.bytes() * 6);
        let texts = [0, 100, 200].map(|from| (from..from + 33).collect::<Vec<u32>>());
        for text in &texts {
            let sequence = filled(&pool, Sequence::default(), &text[..32]);
            pool.remember(&text[..32], &sequence);
        }
        assert_eq!((pool.used(), pool.free()), (6, 6));
        // The oldest one is used again, so the second is the one that was not.
        assert_eq!(pool.remembered(&texts[0]).len(), 32);
        // Its end goes first, and then what it began with.
        let mut one = Sequence::default();
        one.reserve(&pool, 16).unwrap();
        let mut two = Sequence::default();
        assert_eq!(pool.remembered(&texts[1]).len(), 16);
        // That was a use: now the third is the one, and it goes whole before the others lose anything.
        two.reserve(&pool, 32).unwrap();
        assert_eq!(pool.remembered(&texts[2]).len(), 0);
        assert_eq!(pool.remembered(&texts[0]).len(), 32);
        assert_eq!(pool.remembered(&texts[1]).len(), 16);
    }

    #[test]
    fn half_a_block_is_shared_too() {
        let pool = Pool::new(SHAPE, SHAPE.bytes() * 10);
        let tokens: Vec<u32> = (0..32).collect();
        let sequence = filled(&pool, Sequence::default(), &tokens);
        pool.remember(&tokens, &sequence);
        let found = pool.remembered(&[&tokens[..21], &[99]].concat());
        assert_eq!(found.len(), 21);
        let longer = filled(&pool, found, &[&tokens[..21], &[99, 98]].concat());
        assert_eq!(read(&longer, 0, 0)[20..], [200.0, 990.0, 980.0]);
        assert_eq!(read(&sequence, 0, 0)[21], 210.0);
    }
    #[test]
    fn a_block_is_not_free_while_one_that_goes_on_from_it_is_held() {
        let pool = Pool::new(SHAPE, SHAPE.bytes() * 10);
        let tokens: Vec<u32> = (0..48).collect();
        let first = filled(&pool, Sequence::default(), &tokens[..32]);
        pool.remember(&tokens, &first);
        // The same beginning, read a second time: its own blocks go on from the remembered ones.
        let second = filled(&pool, Sequence::default(), &tokens);
        pool.remember(&tokens, &second);
        drop(first);
        assert_eq!((pool.used(), pool.free()), (5, 5));
        pool.forget();
        assert_eq!(pool.used(), 5, "a path to a held block stays");
        drop(second);
        assert_eq!((pool.used(), pool.free()), (3, 10));
    }

    #[test]
    fn a_text_of_20_000_blocks_needs_no_deep_stack() {
        let work = || {
            let blocks = 20_000;
            let pool = Pool::new(SHAPE, SHAPE.bytes() * (blocks as u64 + 2));
            let tokens: Vec<u32> = (0..(blocks * BLOCK) as u32).collect();
            let mut sequence = Sequence::default();
            sequence.reserve(&pool, tokens.len()).unwrap();
            sequence.advance(tokens.len());
            pool.remember(&tokens, &sequence);
            assert_eq!(pool.free(), 2);
            drop(sequence);
            assert_eq!(pool.free(), blocks + 2);
            let found = pool.remembered(&[&tokens[..], &[7]].concat());
            assert_eq!(found.len(), tokens.len());
            drop(found);
            // Three more than there are: the end of the text gives way.
            let mut other = Sequence::default();
            other.reserve(&pool, 5 * BLOCK).unwrap();
            assert_eq!(pool.remembered(&tokens).len(), (blocks - 3) * BLOCK);
            drop(other);
            pool.forget();
            assert_eq!(pool.used(), 0);
            // And one that is remembered when the pool ends.
            let mut sequence = Sequence::default();
            sequence.reserve(&pool, tokens.len()).unwrap();
            sequence.advance(tokens.len());
            pool.remember(&tokens, &sequence);
        };
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        thread.spawn(work).unwrap().join().unwrap();
    }
}
