//! How often the cases of a gate were looked at, and what each look may spend.
//!
//! Look number k spends `alpha / (k (k + 1))`; the sum over all k is alpha. k counts every variant that was
//! ever compared on these cases: by whoever, in whichever call, before and after promotions. It starts anew
//! only with fresh cases: looks at any set of the same suite that shares a case with this one count, so that
//! adding a case, or another salt, gives nothing back.
//!
//! Looks stand in the partition of the audit log, and each is one transaction with its entry there. A look is
//! taken, with its rules, before anything is compared. The same variant against the same bot by the same
//! [`Measure`] on the same cases is the same look, whose verdict stands; by another metric, or where the
//! evaluator is defined otherwise, it is another look. Alpha is that of the first look at the cases: what is
//! spent adds up to what was stated then, and to no more.

use std::collections::{BTreeMap, BTreeSet};

use botsmith_core::audit::{Audit, Event, PARTITION};
use botsmith_core::store::{StateStore, Transaction};
use botsmith_nanobots::versions::By;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::alpha::{holds, stated};
use super::{Compared, GateSet, Measure, Rules, Verdict, alpha_at};
use crate::{Error, Result};

/// Looks after which no more are taken: what is left to spend shows nothing any more.
const MOST_LOOKS: u32 = 20;
const PAGE: usize = 256;

/// One look at a gate's cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Look {
    /// The set that was looked at.
    pub set: String,
    /// Its number among the looks that count for these cases, from 1.
    pub k: u32,
    /// What it may spend.
    pub alpha: f64,
    /// The hash of the variant.
    pub variant: String,
    /// The hash of the bot that it is compared with.
    pub baseline: String,
    /// By what they are compared; `None` of a look that does not say, which is nobody's to take again, and
    /// counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// The rules, stated before.
    pub rules: Rules,
    /// Who looked.
    pub who: String,
    /// When, in milliseconds since 1970-01-01T00:00Z.
    #[serde(rename = "at")]
    pub at_ms: u64,
    /// Its place in the suite's log of looks.
    #[serde(skip)]
    pub number: u64,
    /// What came of it, where that is known already.
    #[serde(skip)]
    pub verdict: Option<Value>,
}

/// The ledger of looks in a store.
///
/// ```
/// use botsmith_eval::promotion::{Compared, GateSet, Looks, Measure, Rules};
/// use botsmith_nanobots::versions::By;
/// let store = botsmith_core::store::open("memory:")?;
/// let looks = Looks::new(&*store);
/// let (rules, ada) = (Rules::default(), By::new("ada", 0));
/// let old = GateSet::new("refunds", "salt", ["a", "b", "c"]);
/// let equals = Measure::new("equals", "equals");
/// let first = Compared::new("v1", "bot", &equals);
/// assert_eq!(looks.take(&old, first, &rules, &ada)?.alpha, 0.025);
/// assert_eq!(looks.take(&old, first, &rules, &ada)?.k, 1, "the same look");
/// assert_eq!(looks.take(&old, Compared::new("v2", "bot", &equals), &rules, &ada)?.k, 2);
/// // The same variant by another metric is another look.
/// let close = Measure::new("close", "similarity");
/// assert_eq!(looks.take(&old, Compared::new("v1", "bot", &close), &rules, &ada)?.k, 3);
/// // One more case gives nothing back; cases that nobody looked at do.
/// assert_eq!(looks.taken(&GateSet::new("refunds", "other", ["a", "d"]))?, 3);
/// assert_eq!(looks.taken(&GateSet::new("refunds", "salt", ["d", "e"]))?, 0);
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Looks<'a> {
    store: &'a dyn StateStore,
}

impl<'a> Looks<'a> {
    /// The ledger of this store.
    pub fn new(store: &'a dyn StateStore) -> Self {
        Self { store }
    }

    /// How many looks count for these cases so far.
    ///
    /// # Errors
    /// The store's, or a record that does not read.
    pub fn taken(&self, set: &GateSet) -> Result<u32> {
        Ok(self.counting(set)?.1.len() as u32)
    }

    /// Alpha over all looks at these cases, as the first of them stated it; `None` where nobody looked yet.
    ///
    /// # Errors
    /// The store's, or a record that does not read.
    pub fn alpha(&self, set: &GateSet) -> Result<Option<f64>> {
        Ok(stated(&self.counting(set)?.1))
    }

    /// The looks that count for these cases, oldest first.
    ///
    /// # Errors
    /// The store's, or a record that does not read.
    pub fn list(&self, set: &GateSet) -> Result<Vec<Look>> {
        let mut looks = self.counting(set)?.1;
        for look in &mut looks {
            look.verdict = self.verdict(set, look.number)?;
        }
        Ok(looks)
    }

    /// Takes the look at what is `compared`, before anything is; or gives the look that was taken for it, with
    /// its verdict, and with the rules that were stated then.
    ///
    /// # Errors
    /// No cases; rules outside their ranges; another alpha than the first look at these cases stated; more than
    /// twenty looks; the store's.
    pub fn take(
        &self,
        set: &GateSet,
        compared: Compared<'_>,
        rules: &Rules,
        by: &By,
    ) -> Result<Look> {
        rules.check()?;
        if set.is_empty() {
            return Err(Error::Invalid("the gate has no cases".into()));
        }
        let id = set.id();
        loop {
            let (length, looks) = self.counting(set)?;
            let same = |look: &&Look| look.set == id && compared.is_of(look);
            if let Some(look) = looks.iter().find(same) {
                let mut look = look.clone();
                look.verdict = self.verdict(set, look.number)?;
                return Ok(look);
            }
            holds(stated(&looks), rules.alpha)?;
            let k = looks.len() as u32 + 1;
            if k > MOST_LOOKS {
                return Err(Error::Invalid(format!(
                    "these gate cases were looked at {} times: another look could show nothing; add fresh cases to the suite",
                    looks.len()
                )));
            }
            let look = Look {
                set: id.clone(),
                k,
                alpha: alpha_at(rules.alpha, k),
                variant: compared.variant.to_owned(),
                baseline: compared.baseline.to_owned(),
                measure: Some(compared.measure.clone()),
                rules: rules.clone(),
                who: by.who.clone(),
                at_ms: by.at_ms,
                number: length,
                verdict: None,
            };
            let log = set.key("log");
            let step = Transaction::new()
                .log_length(log.as_str(), length)
                .append(log, bytes(&look))
                .put(set.key(&format!("set/{id}")), bytes(&set.cases));
            let details = json!({
                "variant": look.variant, "baseline": look.baseline, "measure": look.measure,
                "look": k, "alpha": look.alpha, "cases": set.len(), "set": id, "salt": set.salt,
            });
            let event = Event::new(by.at_ms, by.who.as_str(), "look", set.suite.as_str());
            if Audit::new(self.store)
                .commit(&event.details(details), step)?
                .is_ok()
            {
                return Ok(look);
            }
        }
    }

    /// Keeps what came of a look. The first verdict stands.
    ///
    /// # Errors
    /// The store's.
    pub fn settle(&self, set: &GateSet, look: &Look, verdict: &Verdict, by: &By) -> Result<()> {
        let key = set.key(&format!("verdict/{}", look.number));
        let step = Transaction::new()
            .absent(key.as_str())
            .put(key, bytes(verdict));
        let details = json!({
            "variant": look.variant, "baseline": look.baseline, "look": look.k,
            "decision": verdict.decision, "reasons": verdict.reasons, "tested": verdict.tested,
            "auto": verdict.auto.allowed, "seed": verdict.seed,
        });
        let event = Event::new(by.at_ms, by.who.as_str(), "gate", set.suite.as_str());
        // A conflict means that the look was settled before.
        let _ = Audit::new(self.store).commit(&event.details(details), step)?;
        Ok(())
    }

    fn verdict(&self, set: &GateSet, number: u64) -> Result<Option<Value>> {
        let record = self
            .store
            .get(PARTITION, &set.key(&format!("verdict/{number}")))?;
        record.map(|record| self.read(&record.value)).transpose()
    }

    /// The length of the suite's log, and the looks in it that count for `set`.
    fn counting(&self, set: &GateSet) -> Result<(u64, Vec<Look>)> {
        let log = set.key("log");
        let mut all: Vec<Look> = Vec::new();
        loop {
            let page = self.store.log(PARTITION, &log, all.len() as u64, PAGE)?;
            if page.is_empty() {
                break;
            }
            for entry in &page {
                let mut look: Look = self.read(entry)?;
                look.number = all.len() as u64;
                all.push(look);
            }
        }
        let length = all.len() as u64;
        let own = set.id();
        let mut shares: BTreeMap<String, bool> = BTreeMap::new();
        let mut counting = Vec::new();
        for look in all {
            let counts = if let Some(counts) = shares.get(&look.set) {
                *counts
            } else {
                let counts = look.set == own || self.overlaps(set, &look.set)?;
                shares.insert(look.set.clone(), counts);
                counts
            };
            if counts {
                counting.push(look);
            }
        }
        Ok((length, counting))
    }

    /// Whether another set shares a case with this one; one whose record is gone is taken to.
    fn overlaps(&self, set: &GateSet, other: &str) -> Result<bool> {
        let Some(record) = self
            .store
            .get(PARTITION, &set.key(&format!("set/{other}")))?
        else {
            return Ok(true);
        };
        let cases: BTreeSet<String> = self.read(&record.value)?;
        Ok(!set.cases.is_disjoint(&cases))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| {
            botsmith_core::Error::StoreCorrupt {
                url: self.store.url().to_owned(),
                reason: format!("a record of looks does not read: {error}"),
            }
            .into()
        })
    }
}

fn bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our types serialise to JSON")
}
