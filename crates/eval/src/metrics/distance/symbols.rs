//! Texts as numbers: every code point a small index, so that tables over symbols are flat.

/// Gives every code point of a pair an index: ASCII its own value, others 128 and up in order of
/// appearance, by open addressing. A stamp forgets all of them at once between pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    slots: Vec<Slot>,
    stamp: u32,
    others: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    stamp: u32,
    code: u32,
    index: u32,
}

/// Indices below are ASCII characters themselves.
const ASCII: u32 = 128;

impl Symbols {
    /// Forgets all code points: the next pair begins.
    pub(crate) fn begin(&mut self) {
        self.others = 0;
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.slots.fill(Slot::default());
            self.stamp = 1;
        }
    }

    /// How many indices are in use: all that were given are below.
    pub(crate) fn size(&self) -> usize {
        (ASCII + self.others) as usize
    }

    /// Replaces `out` by the indices of the text's code points.
    pub(crate) fn encode(&mut self, text: &str, out: &mut Vec<u32>) {
        out.clear();
        if text.is_ascii() {
            out.extend(text.bytes().map(u32::from));
        } else {
            out.extend(text.chars().map(|c| self.index(c)));
        }
    }

    fn index(&mut self, c: char) -> u32 {
        let code = u32::from(c);
        if code < ASCII {
            return code;
        }
        if self.slots.len() <= 2 * self.others as usize {
            self.grow();
        }
        let at = self.find(code);
        if self.slots[at].stamp != self.stamp {
            self.slots[at] = Slot {
                stamp: self.stamp,
                code,
                index: ASCII + self.others,
            };
            self.others += 1;
        }
        self.slots[at].index
    }

    /// Where the code point is, or would be; at most half of the slots are taken.
    fn find(&self, code: u32) -> usize {
        let last = self.slots.len() - 1;
        let mut at = (code.wrapping_mul(0x9e37_79b1) >> 7) as usize & last;
        while self.slots[at].stamp == self.stamp && self.slots[at].code != code {
            at = (at + 1) & last;
        }
        at
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(128);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in old {
            if slot.stamp == self.stamp {
                let at = self.find(slot.code);
                self.slots[at] = slot;
            }
        }
    }
}
