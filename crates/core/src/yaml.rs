//! YAML 1.2 read into a tree whose every node knows its line and column.
//!
//! Text -> [`Source`] -> [`parse`] -> [`Node`]; typed reading goes through [`Cursor`] and
//! [`Fields`], which know the file and the path of every value, so that each error names file,
//! line, column, field and the nearest valid key. Events come from `saphyr-parser`; schema
//! resolution (YAML 1.2 core; or YAML 1.1 as Ruby's Psych reads it, see [`Dialect`]) and limits on
//! size, depth and alias expansion are ours. This module does not write YAML.

mod cursor;
mod mistake;
mod node;
mod parse;
mod psych;
mod schema;
mod source;

pub use cursor::{Cursor, Fields};
pub use node::{Entry, Mark, Node, Value};
pub use parse::{Dialect, Limits, Parsed, Reading, parse, parse_as, parse_with};
pub use source::Source;
pub(crate) use source::utf8;
