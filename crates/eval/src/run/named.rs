//! Names in a suite that no case bears: fields that slices, `when` and `filter` ask for, and values that
//! the gate wants of a slice. A field may be missing here and there; one that is nowhere is misspelt.
//!
//! The data is read only as far as it takes to find every name: most often one batch.

use std::collections::BTreeSet;

use botsmith_core::hint::nearest;

use crate::suite::Suite;
use crate::template::Condition;
use crate::{Case, Result};

use super::select::Selection;
use super::table::Table;

/// Fields that every case has.
const OWN: [&str; 9] = [
    "id",
    "input",
    "messages",
    "reference",
    "references",
    "context",
    "tags",
    "group",
    "vars",
];
/// Names of fields that are kept to find the nearest one.
const KNOWN: usize = 1_000;

/// A field that something asks for.
struct Asked {
    /// The field, as it is told: `/topic`, `level`.
    field: String,
    /// What asks for it: ``slice `by-topic` ``.
    by: String,
    has: Box<dyn Fn(&Case) -> bool>,
}

/// A warning for each name that no case bears, with the nearest that one does.
///
/// # Errors
/// If the dataset cannot be read.
pub(super) fn missing(suite: &Suite, table: &Table) -> Result<Vec<String>> {
    let mut warnings = fields(suite)?;
    for (name, value) in suite.gate.iter().filter_map(|rule| rule.slice.as_ref()) {
        let at = suite.slices.iter().position(|slice| slice.name == *name);
        let Some(values) = at.and_then(|at| table.slices.get(at)).map(|s| &s.values) else {
            continue;
        };
        if !values.contains_key(value) {
            let near = hint(value, values.keys().map(String::as_str));
            let warning = format!("the gate asks for {name} `{value}`, which no case has{near}");
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    Ok(warnings)
}

fn hint<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or(String::new(), |near| format!("; did you mean `{near}`?"))
}

fn fields(suite: &Suite) -> Result<Vec<String>> {
    let mut asked = asked(suite);
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let selection = Selection::new(&suite.dataset, suite.seed)?;
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut rows = suite.dataset.source.rows()?;
    while !asked.is_empty()
        && let Some(batch) = rows.next_batch()?
    {
        for row in batch.rows()? {
            let Some(case) = selection.case(&row)? else {
                continue;
            };
            asked.retain(|asked| !(asked.has)(&case));
            for key in case.vars.keys() {
                if known.len() < KNOWN && !known.contains(key) {
                    known.insert(key.clone());
                }
            }
        }
    }
    let warning = |asked: Asked| {
        let known = known.iter().map(String::as_str).chain(OWN);
        let word = asked.field.rsplit('/').next().unwrap_or(&asked.field);
        let near = hint(word, known);
        format!(
            "{} asks for `{}`, which no case has{near}",
            asked.by, asked.field
        )
    };
    Ok(asked.into_iter().map(warning).collect())
}

fn of_condition(asked: &mut Vec<Asked>, by: &str, condition: &Condition) {
    for name in condition.names() {
        let field = match name.strip_prefix("vars.") {
            Some(name) => name,
            None if OWN.contains(&name.split('.').next().unwrap_or(name)) => continue,
            None => name,
        };
        let field = field.split('.').next().unwrap_or(field).to_owned();
        let key = field.clone();
        let known = |known: &Asked| known.field == field && known.by == by;
        if !asked.iter().any(known) {
            asked.push(Asked {
                field,
                by: by.to_owned(),
                has: Box::new(move |case| case.vars.get(&key).is_some_and(|v| !v.is_null())),
            });
        }
    }
}

fn asked(suite: &Suite) -> Vec<Asked> {
    let mut asked = Vec::new();
    if let Some(filter) = &suite.dataset.filter {
        of_condition(&mut asked, "`filter`", filter);
    }
    for evaluator in suite.panel.evaluators() {
        if let Some(when) = evaluator.when() {
            of_condition(&mut asked, &format!("`when` of {}", evaluator.name()), when);
        }
    }
    for slice in &suite.slices {
        let by = format!("slice `{}`", slice.name);
        if let Some(when) = slice.condition() {
            of_condition(&mut asked, &by, when);
        } else if let Some(field) = slice.field() {
            asked.push(Asked {
                field: field.to_string(),
                by,
                has: {
                    let field = field.clone();
                    Box::new(move |case| field.find_in(&case.vars).is_some())
                },
            });
        }
    }
    asked
}
