//! Counts and compares.

use std::process::ExitCode;

use serde_json::Value;

/// What was compared so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    run: usize,
    skipped: usize,
    failed: usize,
    case: String,
    case_failed: bool,
    shown: usize,
}

impl Tally {
    /// Runs one section and says whether it was compared.
    pub(crate) fn section(&mut self, name: &str, due: bool, work: impl FnOnce(&mut Self)) {
        let before = (self.run, self.failed);
        work(self);
        let (run, failed) = (self.run - before.0, self.failed - before.1);
        if due {
            println!("  {name:32} compared: {run} cases, {failed} failed");
            if run == 0 {
                self.fail(&format!("section {name} is due and has no case"));
            }
        } else {
            println!("  {name:32} not yet due");
        }
    }

    /// Begins a case.
    pub(crate) fn case(&mut self, name: impl Into<String>) {
        self.run += 1;
        self.case = name.into();
        self.case_failed = false;
    }

    /// Counts a case that is not compared.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Counts the entries of a section that is not compared.
    pub(crate) fn skip_all(&mut self, section: &Value) {
        self.skipped += section.as_array().map_or(1, Vec::len);
    }

    fn fail(&mut self, why: &str) {
        if !self.case_failed {
            self.failed += 1;
        }
        self.case_failed = true;
        self.shown += 1;
        if self.shown <= 60 {
            println!("    FAILED {}: {why}", self.case);
        }
    }

    /// A number within 1e-9 * max(1, |wanted|). The strings "NaN" and "Infinity" must be these.
    pub(crate) fn close(&mut self, key: &str, ours: f64, wanted: &Value) {
        self.within(key, ours, wanted, 1e-9);
    }

    /// A number within `tolerance * max(1, |wanted|)`.
    pub(crate) fn within(&mut self, key: &str, ours: f64, wanted: &Value, tolerance: f64) {
        let fine = match wanted {
            Value::String(word) if word == "NaN" => ours.is_nan(),
            Value::String(word) if word == "Infinity" => ours == f64::INFINITY,
            Value::String(word) if word == "-Infinity" => ours == f64::NEG_INFINITY,
            Value::Number(number) => {
                let wanted = number.as_f64().unwrap_or(f64::NAN);
                (ours - wanted).abs() <= tolerance * wanted.abs().max(1.0)
            }
            _ => false,
        };
        if !fine {
            self.fail(&format!("{key} is {ours}, wanted {wanted}"));
        }
    }

    /// The same integer, text or list.
    pub(crate) fn same(&mut self, key: &str, ours: &Value, wanted: &Value) {
        let number = |value: &Value| value.as_f64();
        let equal = match (number(ours), number(wanted)) {
            (Some(a), Some(b)) => a == b,
            _ => ours == wanted,
        };
        if !equal {
            self.fail(&format!("{key} is {ours}, wanted {wanted}"));
        }
    }

    /// A statement that must hold.
    pub(crate) fn holds(&mut self, what: &str, true_: bool) {
        if !true_ {
            self.fail(what);
        }
    }

    /// No section of the file is passed over without a word.
    pub(crate) fn nothing_silent<'a>(
        &mut self,
        goldens: &Value,
        pairs: impl Iterator<Item = &'a str>,
        file: impl Iterator<Item = &'a str>,
    ) {
        self.case = "file".into();
        self.case_failed = false;
        let pairs: Vec<_> = pairs.collect();
        let file: Vec<_> = file.collect();
        let mut unknown = std::collections::BTreeSet::new();
        for pair in goldens["pairs"].as_array().into_iter().flatten() {
            for key in pair["m"].as_object().into_iter().flat_map(|m| m.keys()) {
                if !pairs.contains(&key.as_str()) {
                    unknown.insert(format!("pairs.{key}"));
                }
            }
        }
        let keys = |value: &Value| -> Vec<String> {
            let object = value.as_object().into_iter();
            object.flat_map(|o| o.keys().cloned()).collect()
        };
        for key in keys(goldens) {
            let inside = format!("{key}.");
            if file.iter().any(|name| name.starts_with(&inside)) {
                let parts = keys(&goldens[&key]).into_iter();
                unknown.extend(
                    parts
                        .map(|part| format!("{inside}{part}"))
                        .filter(|name| !file.contains(&name.as_str())),
                );
            } else if !matches!(key.as_str(), "meta" | "pairs" | "porter_modes")
                && !file.contains(&key.as_str())
            {
                unknown.insert(key);
            }
        }
        for key in unknown {
            self.fail(&format!(
                "section {key} is in the file, and this test does not know it"
            ));
        }
    }

    /// Prints the sum; fails if anything did.
    pub(crate) fn close_all(&self) -> ExitCode {
        println!(
            "goldens: {} run, {} skipped, {} failed",
            self.run, self.skipped, self.failed
        );
        println!(
            "{} passed, {} failed",
            self.run.saturating_sub(self.failed),
            self.failed
        );
        if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
