//! Punctuation, symbols and numbers that Unicode has had since version 16, the tables' of
//! `unicode-general-category`: as Python's `regex` 2026.11.15 classes them, which `intl` uses.
//! Sorted by first character.

use super::Class::{self, Alone, Number, Point};

const NEWER: &[(u32, u32, Class)] = &[
    (0x20c1, 0x20c4, Alone),
    (0x2b96, 0x2b96, Alone),
    (0x2e60, 0x2e63, Point),
    (0xfbc3, 0xfbd2, Alone),
    (0xfd90, 0xfd91, Alone),
    (0xfdc8, 0xfdce, Alone),
    (0x10ec9, 0x10eca, Alone),
    (0x10ed0, 0x10ed0, Point),
    (0x10ed1, 0x10ed8, Alone),
    (0x11de0, 0x11de9, Number),
    (0x1246f, 0x1246f, Number),
    (0x12475, 0x1247f, Number),
    (0x12550, 0x12686, Number),
    (0x16ff4, 0x16ff6, Number),
    (0x1ccfa, 0x1ccfc, Alone),
    (0x1ceba, 0x1ced0, Alone),
    (0x1ced2, 0x1ced4, Alone),
    (0x1cedd, 0x1cefd, Alone),
    (0x1d1eb, 0x1d1ff, Alone),
    (0x1d253, 0x1d25a, Alone),
    (0x1d25d, 0x1d25e, Alone),
    (0x1d260, 0x1d27f, Alone),
    (0x1db00, 0x1db1c, Alone),
    (0x1f1ae, 0x1f1ae, Alone),
    (0x1f6d8, 0x1f6d9, Alone),
    (0x1f777, 0x1f77a, Alone),
    (0x1f7da, 0x1f7db, Alone),
    (0x1f7f1, 0x1f7ff, Alone),
    (0x1f8d0, 0x1f8d8, Alone),
    (0x1fa54, 0x1fa57, Alone),
    (0x1fa8a, 0x1fa8e, Alone),
    (0x1fac8, 0x1fac8, Alone),
    (0x1facc, 0x1facd, Alone),
    (0x1fadd, 0x1fadd, Alone),
    (0x1faea, 0x1faeb, Alone),
    (0x1faef, 0x1faef, Alone),
    (0x1faf9, 0x1fafa, Alone),
    (0x1fbfa, 0x1fbfa, Alone),
];

/// The class of a character that is newer than the tables, if it is none of a word.
pub(super) fn newer(c: char) -> Option<Class> {
    let c = u32::from(c);
    let after = NEWER.partition_point(|&(first, ..)| first <= c);
    let &(_, last, class) = NEWER.get(after.checked_sub(1)?)?;
    (c <= last).then_some(class)
}
