//! How flows are laid out in a store: by which schema, and over how many partitions.
//!
//! | schema | since then |
//! |---|---|
//! | 1 | each event is a record of its own; every field of a step is written |
//! | 2 | some events share a record, and the last ones stand with the run; a step's fields are written where they are not as usual |
//!
//! Records of schema 1 are read as they are, and are written by schema 2 when they next change: going from one to the
//! other is one write, however much is stored. From then on builds that know only schema 1 refuse the store when they
//! open it; those that have it open are to be stopped before.

use botsmith_core::store::{StateStore, Transaction};
use serde::{Deserialize, Serialize};

use crate::unit::read;
use crate::{Error, Result};

/// The layout that this build writes.
const SCHEMA: i64 = 2;
/// How many partitions a new store of flows gets.
const PARTITIONS: u64 = 8;

const META: &str = "flow/meta";
const LAYOUT: &str = "layout";

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Layout {
    schema: i64,
    partitions: u64,
}

impl Layout {
    fn bytes(self) -> Vec<u8> {
        serde_json::to_vec(&self).expect("a layout serialises to JSON")
    }
}

/// Makes the layout where there is none and brings an older one up; gives the count of partitions.
pub(super) fn open(store: &dyn StateStore) -> Result<u64> {
    let mut found = store.get(META, LAYOUT)?;
    if found.is_none() {
        let fresh = Layout {
            schema: SCHEMA,
            partitions: PARTITIONS,
        };
        let make = Transaction::new().absent(LAYOUT).put(LAYOUT, fresh.bytes());
        // Where another was quicker, its layout counts.
        let _ = store.transact(META, make)?;
        found = store.get(META, LAYOUT)?;
    }
    let found = found.ok_or_else(|| Error::NotFound {
        what: "record",
        name: LAYOUT.into(),
    })?;
    let layout: Layout = read(META, LAYOUT, &found.value)?;
    if layout.schema > SCHEMA {
        return Err(Error::Core(botsmith_core::Error::StoreTooNew {
            url: store.url().to_owned(),
            found: layout.schema,
            known: SCHEMA,
        }));
    }
    if layout.schema < SCHEMA {
        let marked = Layout {
            schema: SCHEMA,
            ..layout
        };
        let mark = Transaction::new()
            .unchanged(LAYOUT, Some(&found))
            .put(LAYOUT, marked.bytes());
        match store.transact(META, mark) {
            // Where another was quicker, it marked it. A store that is only read stays as it is.
            Ok(_) | Err(botsmith_core::Error::StoreReadOnly { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(layout.partitions.max(1))
}
