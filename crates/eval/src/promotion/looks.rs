//! How often the cases of a gate were looked at, and what each look may spend.
//!
//! Look number k spends `alpha / (k (k + 1))`; the sum over all k is alpha. k counts every variant that was
//! ever compared on these cases: by whoever, in whichever call, before and after promotions. It starts anew
//! only with fresh cases: looks at any set of the same suite that shares a case with this one count, so that
//! adding a case, or another salt, gives nothing back.
//!
//! Looks stand in the partition of the audit log, and each is one transaction with its entry there. A look is
//! taken, with its rules, before anything is compared; the same variant against the same bot on the same
//! cases is the same look, whose verdict stands.

use std::collections::{BTreeMap, BTreeSet};

use botsmith_core::audit::{Audit, Event, PARTITION};
use botsmith_core::digest::Digest;
use botsmith_core::store::{StateStore, Transaction};
use botsmith_nanobots::versions::By;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Rules, Verdict};
use crate::{Error, Result};

/// Looks after which no more are taken: what is left to spend shows nothing any more.
const MOST_LOOKS: u32 = 20;
const PAGE: usize = 256;

/// What look number `k`, from 1, may spend.
///
/// ```
/// use botsmith_eval::promotion::alpha_at;
/// assert_eq!(alpha_at(0.05, 1), 0.025);
/// let all: f64 = (1..100_000).map(|k| alpha_at(0.05, k)).sum();
/// assert!(all < 0.05 && all > 0.0499);
/// ```
pub fn alpha_at(alpha: f64, k: u32) -> f64 {
    let k = f64::from(k.max(1));
    alpha / (k * (k + 1.0))
}

/// The cases of a gate: those of a suite that a salted hash keeps for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSet {
    suite: String,
    salt: String,
    /// A digest of each case, in order.
    cases: BTreeSet<String>,
}

impl GateSet {
    /// The set of these cases; `cases` names each by its content (a hash of question and references), so
    /// that a renamed case is the same one.
    pub fn new(
        suite: impl Into<String>,
        salt: impl Into<String>,
        cases: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Self {
        let digest = |case: &[u8]| {
            let mut hex = Digest::of(case).to_string();
            // 64 bits tell any number of cases apart that one suite has.
            hex.truncate(16);
            hex
        };
        Self {
            suite: suite.into(),
            salt: salt.into(),
            cases: cases
                .into_iter()
                .map(|case| digest(case.as_ref()))
                .collect(),
        }
    }

    /// How many cases it has.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// The set's name: a hash of suite, salt and cases.
    pub fn id(&self) -> String {
        let all = json!([self.suite, self.salt, self.cases]);
        Digest::of(all.to_string().as_bytes()).to_string()
    }

    fn key(&self, rest: &str) -> String {
        let suite = Digest::of(self.suite.as_bytes()).to_string();
        format!("looks/{}/{rest}", &suite[..32])
    }
}

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
/// use botsmith_eval::promotion::{GateSet, Looks, Rules};
/// use botsmith_nanobots::versions::By;
/// let store = botsmith_core::store::open("memory:")?;
/// let looks = Looks::new(&*store);
/// let (rules, ada) = (Rules::default(), By::new("ada", 0));
/// let old = GateSet::new("refunds", "salt", ["a", "b", "c"]);
/// assert_eq!(looks.take(&old, "v1", "bot", &rules, &ada)?.alpha, 0.025);
/// assert_eq!(looks.take(&old, "v1", "bot", &rules, &ada)?.k, 1, "the same look");
/// assert_eq!(looks.take(&old, "v2", "bot", &rules, &ada)?.k, 2);
/// // One more case gives nothing back; cases that nobody looked at do.
/// assert_eq!(looks.taken(&GateSet::new("refunds", "other", ["a", "d"]))?, 2);
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

    /// Takes the look of `variant` against `baseline` (hashes of both) before anything is compared; or gives
    /// the look that was taken for them, with its verdict, and with the rules that were stated then.
    ///
    /// # Errors
    /// No cases; rules outside their ranges; more than twenty looks; the store's.
    pub fn take(
        &self,
        set: &GateSet,
        variant: &str,
        baseline: &str,
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
            let same = |look: &&Look| {
                look.set == id && look.variant == variant && look.baseline == baseline
            };
            if let Some(look) = looks.iter().find(same) {
                let mut look = look.clone();
                look.verdict = self.verdict(set, look.number)?;
                return Ok(look);
            }
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
                variant: variant.to_owned(),
                baseline: baseline.to_owned(),
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
                "variant": variant, "baseline": baseline, "look": k, "alpha": look.alpha,
                "cases": set.len(), "set": id, "salt": set.salt,
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
