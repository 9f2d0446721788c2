//! The steps of a workflow, read -> whether they fit together.
//!
//! Steps that are no steps, outputs of another type than is asked for, steps in a circle, and steps that
//! can never run.

use std::collections::{BTreeMap, BTreeSet};

use botsmith_core::Diagnostic;
use botsmith_core::hint::shown;
use botsmith_core::yaml::{Mark, Source};

use super::Step;
use super::kind::{Kinds, Type};
use super::place::{Place, Use};
use crate::{Result, RunIf};

/// A step with its name and what is known of it before a run.
pub(super) struct Named {
    pub(super) name: String,
    /// Where the name stands.
    pub(super) mark: Mark,
    pub(super) step: Step,
    /// The steps that it names or reads.
    pub(super) uses: Vec<Use>,
    /// Where it says something that keeps it from ever running, and why.
    pub(super) never: Option<(Place, &'static str)>,
    /// Whether it stands under `finally`.
    pub(super) last: bool,
}

/// Checks what holds between steps.
pub(super) fn between(source: &Source, all: &[Named], kinds: &Kinds) -> Result<()> {
    let by_name: BTreeMap<&str, &Named> = all
        .iter()
        .map(|named| (named.name.as_str(), named))
        .collect();
    names(source, all)?;
    for named in all {
        for used in &named.uses {
            used_step(source, named, used, &by_name, kinds)?;
        }
    }
    circle(source, all, &by_name)?;
    reachable(source, all, &by_name)
}

fn at(source: &Source, place: &Place, code: &'static str, message: String) -> Diagnostic {
    source
        .diagnostic(place.mark, message)
        .field(&place.field)
        .code(code)
}

/// A name stands once, also under `finally`.
fn names(source: &Source, all: &[Named]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for named in all {
        if !seen.insert(named.name.as_str()) {
            let message = format!(
                "`{}` is a step already: the name stands under `steps`",
                named.name
            );
            let wrong = source.diagnostic(named.mark, message);
            return Err(wrong
                .field(format!("finally.{}", named.name))
                .code("BS-FLOW-010")
                .into());
        }
    }
    Ok(())
}

fn used_step(
    source: &Source,
    by: &Named,
    used: &Use,
    all: &BTreeMap<&str, &Named>,
    kinds: &Kinds,
) -> Result<()> {
    let name = used.step.as_str();
    let Some(step) = all.get(name) else {
        let wrong = at(
            source,
            &used.place,
            "BS-FLOW-011",
            format!("no step is called `{}`", shown(name)),
        );
        let dash = |other: &&&str| used.dashed && other.starts_with(&format!("{name}-"));
        return Err(match all.keys().find(dash) {
            Some(other) => wrong.hint(format!(
                "in a template `-` is minus: write `steps['{other}']`"
            )),
            None => wrong.nearest(name, all.keys().copied()),
        }
        .into());
    };
    if step.last && !by.last {
        let message = format!("`{name}` stands under `finally`: it runs after all steps");
        return Err(at(source, &used.place, "BS-FLOW-011", message).into());
    }
    if used.dashed {
        let message = format!("`steps.{name}` is read by a field, as in `steps.{name}.output`");
        return Err(at(source, &used.place, "BS-FLOW-016", message).into());
    }
    let gives = kinds
        .get(&step.step.uses)
        .map_or(Type::Any, |kind| kind.gives);
    match used.wants {
        Some(wants) if !gives.fits(wants) => {
            let message = format!(
                "expected {}, found {}, the output of step `{name}` (`{}`)",
                wants.word(),
                gives.word(),
                step.step.uses
            );
            Err(at(source, &used.place, "BS-FLOW-014", message).into())
        }
        _ => Ok(()),
    }
}

/// Finds steps that need each other in a circle: depth first, without recursion.
fn circle(source: &Source, all: &[Named], by_name: &BTreeMap<&str, &Named>) -> Result<()> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for first in all {
        // The path from `first`, each with which of its uses comes next.
        let mut path: Vec<(&Named, usize)> = vec![(first, 0)];
        while let Some((named, next)) = path.last_mut() {
            let named: &Named = named;
            let Some(used) = named.uses.get(*next) else {
                done.insert(&named.name);
                path.pop();
                continue;
            };
            *next += 1;
            if done.contains(used.step.as_str()) {
                continue;
            }
            if let Some(start) = path.iter().position(|(on, _)| on.name == used.step) {
                let names = path[start..].iter().map(|(on, _)| on.name.as_str());
                let names: Vec<_> = names
                    .chain([used.step.as_str()])
                    .map(|n| format!("`{n}`"))
                    .collect();
                let message = format!(
                    "steps go in a circle, each needing the next: {}",
                    names.join(" -> ")
                );
                return Err(at(source, &used.place, "BS-FLOW-012", message).into());
            }
            path.push((by_name[used.step.as_str()], 0));
        }
    }
    Ok(())
}

/// Finds a step that can never run.
fn reachable(source: &Source, all: &[Named], by_name: &BTreeMap<&str, &Named>) -> Result<()> {
    let lost = |named: &&Named| named.never.is_some();
    let Some(named) = all.iter().find(lost) else {
        return Ok(());
    };
    let Some((place, why)) = &named.never else {
        return Ok(());
    };
    let wrong = unreachable(source, place, &format!("step `{}`", named.name), why);
    // Steps that are lost with it are worth a word.
    let mut with: BTreeSet<&str> = BTreeSet::from([named.name.as_str()]);
    let needs = |other: &Named, with: &BTreeSet<&str>| {
        other.step.run_if == RunIf::Done
            && other
                .uses
                .iter()
                .any(|used| with.contains(used.step.as_str()))
    };
    loop {
        let more: Vec<&str> = by_name
            .values()
            .filter(|other| !with.contains(other.name.as_str()) && needs(other, &with))
            .map(|other| other.name.as_str())
            .collect();
        if more.is_empty() {
            break;
        }
        with.extend(more);
    }
    with.remove(named.name.as_str());
    if with.is_empty() {
        return Err(wrong.into());
    }
    let names: Vec<_> = with.into_iter().map(|name| format!("`{name}`")).collect();
    let hint = format!("so neither can what needs it: {}", names.join(", "));
    Err(wrong.hint(hint).into())
}

pub(super) fn unreachable(source: &Source, place: &Place, what: &str, why: &str) -> Diagnostic {
    at(
        source,
        place,
        "BS-FLOW-015",
        format!("{what} can never run: {why}"),
    )
}
