//! `botsmith doctor`: is everything well, and how to mend what is not.

#[cfg(feature = "engine")]
mod engine;

use std::fmt::Write as _;
use std::path::Path;

use botsmith::core::store::{self, Transaction};
use botsmith::eval::Result;
use botsmith::eval::run::Runs;
use botsmith::flow::{Filter, FlowStore, Standing};
use serde::Serialize;
use serde_json::{Value, json};

use super::args::{Doctor, VERSION};
use super::context::Context;
use super::{Ended, output, terminal};

/// Runs whose steps are looked at.
const STRANDED: usize = 200;

/// One thing that was looked at.
#[derive(Serialize)]
struct Check {
    name: String,
    ok: bool,
    /// Well enough to work with, and yet worth a word.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// What was found, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

pub(super) fn run(context: &Context, args: &Doctor) -> Result<Ended> {
    let mut checks = vec![
        version(),
        processor(),
        configuration(context),
        store(context),
        writable(context),
    ];
    #[cfg(feature = "engine")]
    checks.splice(2..2, engine::checks(context));
    checks.extend(health(context)?);
    checks.extend(workflows(context));
    checks.push(round_trip());
    let well = checks.iter().all(|check| check.ok);
    let settings: Vec<_> = context
        .config
        .settings()
        .into_iter()
        .map(|(name, value, origin)| json!({"name": name, "value": value, "from": origin.to_string()}))
        .collect();
    if args.json {
        output::print_json(&json!({"ok": well, "checks": checks, "settings": settings}))?;
    } else {
        let mut text = String::new();
        for check in &checks {
            let mark = match (check.ok, check.warning) {
                (true, false) => "✓",
                (true, true) => "!",
                (false, _) => "✗",
            };
            let first = format!("{mark} {:14} ", check.name);
            let rest = " ".repeat(17);
            text.push_str(&terminal::wrap(&check.found, &first, &rest));
            if let Some(remedy) = &check.remedy {
                let rest = format!("{rest}  ");
                text.push_str(&terminal::wrap(&format!("→ {remedy}"), &rest[2..], &rest));
            }
        }
        text.push_str("\nsettings\n");
        for (name, value, origin) in context.config.settings() {
            let line = format!("{value} ({origin})");
            text.push_str(&terminal::wrap(
                &line,
                &format!("  {name:8} "),
                &" ".repeat(11),
            ));
        }
        output::print(&text)?;
    }
    Ok(if well { Ended::Well } else { Ended::GateFailed })
}

fn check(name: &'static str, result: Result<String>, remedy: &str) -> Check {
    match result {
        Ok(found) => Check {
            name: name.to_owned(),
            ok: true,
            warning: false,
            found,
            remedy: None,
            details: None,
        },
        Err(error) => {
            let found = error
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            Check {
                name: name.to_owned(),
                ok: false,
                warning: false,
                found,
                remedy: Some(remedy.into()),
                details: None,
            }
        }
    }
}

fn version() -> Check {
    let facts: Vec<_> = VERSION
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    check("version", Ok(facts.join(", ")), "")
}

fn processor() -> Check {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    check(
        "processor",
        Ok(format!("{} with {cores} cores", std::env::consts::ARCH)),
        "",
    )
}

fn configuration(context: &Context) -> Check {
    let found = match &context.config.file {
        Some(file) => format!("read from {}", file.display()),
        None => "no botsmith.yaml, defaults are in force".into(),
    };
    match context.config.warnings.first() {
        None => check("configuration", Ok(found), ""),
        Some(warning) => Check {
            name: "configuration".to_owned(),
            ok: true,
            warning: true,
            found: format!("{found}; {}", warning.message),
            remedy: warning.hint.clone(),
            details: None,
        },
    }
}

fn store(context: &Context) -> Check {
    let url = &context.config.store.value;
    let look = || -> Result<String> {
        let Some(store) = store::open_existing(url.as_str())? else {
            return Ok(format!("{url}: not there yet, the first run makes it"));
        };
        let runs = Runs::new(&*store).list()?;
        let open = runs.iter().filter(|run| !run.complete).count();
        Ok(format!("{url}: {} runs, {open} not complete", runs.len()))
    };
    check(
        "store",
        look(),
        "mend what it says, move the file away, or choose another with `--store`",
    )
}

/// Whether the store can be relied on: its server, its settings, what is lost when.
fn health(context: &Context) -> Result<Vec<Check>> {
    let findings = store::health(context.config.store.value.as_str())?;
    let check = |finding: store::Finding| Check {
        name: finding.name,
        ok: finding.level != store::Level::Bad,
        warning: finding.level == store::Level::Warning,
        found: finding.found,
        remedy: finding.remedy,
        details: None,
    };
    Ok(findings.into_iter().map(check).collect())
}

/// Whether runs of workflows have workers, and none of their steps is left over; nothing where there are none.
fn workflows(context: &Context) -> Option<Check> {
    let look = || -> Result<Option<(String, Vec<String>)>> {
        let Some(store) = store::open_existing(context.config.store.value.as_str())? else {
            return Ok(None);
        };
        if store.get("flow/meta", "layout")?.is_none() {
            return Ok(None);
        }
        let flows = FlowStore::open(store)?;
        let going = Filter {
            standings: vec![Standing::Running, Standing::Waiting],
            ..Filter::default()
        };
        let runs = flows.find(&going, STRANDED)?;
        let workers = flows.workers()?.len();
        let dead = flows.dead(1000)?.len();
        let mut wrong = Vec::new();
        for (run, _) in &runs {
            for (step, lacking) in flows.stranded(&run.id)? {
                let lacks = match lacking.is_empty() {
                    true => String::new(),
                    false => format!(", which needs {}", lacking.join(", ")),
                };
                wrong.push(format!(
                    "no live worker can run {}/{}{lacks}",
                    run.id, step.plan.key
                ));
            }
        }
        if dead > 0 {
            wrong.push(format!("{dead} dead letters"));
        }
        let found = format!("{} runs go on, {workers} workers are alive", runs.len());
        Ok(Some((found, wrong)))
    };
    let (found, wrong) = match look() {
        Ok(found) => found?,
        Err(error) => return Some(check("workflows", Err(error), "mend what it says")),
    };
    if wrong.is_empty() {
        return Some(check("workflows", Ok(found), ""));
    }
    let more = wrong.len().saturating_sub(3);
    let mut said = wrong.into_iter().take(3).collect::<Vec<_>>().join("; ");
    if more > 0 {
        let _ = write!(said, "; {more} more");
    }
    Some(Check {
        name: "workflows".to_owned(),
        ok: true,
        warning: true,
        found: format!("{found}; {said}"),
        remedy: Some("start a worker that offers it (`botsmith flow worker --labels … --device …`), or see `botsmith flow dlq list`".into()),
        details: None,
    })
}

/// Whether the store's folder can be written to.
fn writable(context: &Context) -> Check {
    let url = context.config.store.value.as_str();
    let Some(path) = url.strip_prefix("sqlite:") else {
        let url = &context.config.store.value;
        return check("disk", Ok(format!("{url} needs none")), "");
    };
    let folder = there(Path::new(path).parent().unwrap_or(Path::new("")));
    let written = probed(folder);
    let result = written
        .map(|()| format!("{} can be written to", folder.display()))
        .map_err(|source| {
            botsmith::core::Error::Write {
                path: folder.to_owned(),
                source,
            }
            .into()
        });
    check(
        "disk",
        result,
        "mend the folder's permissions, free some space, or use `--store`",
    )
}

/// The folder, or what is there of the path to it: where it would be made.
fn there(folder: &Path) -> &Path {
    let there = folder.ancestors().find(|at| at.exists());
    there.unwrap_or(Path::new("."))
}

/// Writes a file into a folder, and removes it.
fn probed(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".botsmith-probe-{}", std::process::id()));
    std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe))
}

/// Whether a store keeps what it is given.
fn round_trip() -> Check {
    let attempt = || -> Result<String> {
        let store = store::open("memory:")?;
        let outcome = store.transact("doctor", Transaction::new().put("key", "value"))?;
        let kept = outcome.committed().is_ok()
            && store
                .get("doctor", "key")?
                .is_some_and(|record| record.value == b"value");
        match kept {
            true => Ok("a store keeps what it is given".into()),
            false => Err(botsmith::eval::Error::Invalid(
                "a store lost a record".into(),
            )),
        }
    };
    check("self-test", attempt(), "this is a bug: please report it")
}
