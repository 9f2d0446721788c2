//! Which rules of a gate rest on a judge that may not gate.
//!
//! A report and the store in; each rule on a `judge` whose calibration does not hold gets the reason. A rule
//! stays a rule: one that fails still fails the gate, and one that passes says that it is advisory. Done
//! whenever a report is read, since calibrations come and go after a run is complete.

use botsmith_core::store::StateStore;

use super::binding::is_judge;
use super::{Binding, Calibrations};
use crate::Result;
use crate::report::Report;
use crate::run::Manifest;

/// Marks the rules.
pub(crate) fn mark(store: &dyn StateStore, manifest: &Manifest, report: &mut Report) -> Result<()> {
    let entries = &manifest.identity["suite"]["evaluators"];
    for rule in &mut report.gate.rules {
        let Some(metric) = &rule.metric else { continue };
        let index = manifest.metrics.iter().position(|name| name == metric);
        if index.is_some_and(|index| is_judge(&entries[index])) {
            let standing = Calibrations::new(store).standing(&Binding::of(manifest, metric)?)?;
            rule.advisory = standing.reason();
        }
    }
    Ok(())
}
