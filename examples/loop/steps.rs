//! The loop, step by step: each runs a command and keeps what it told.

use std::path::Path;

use botsmith::core::audit::Audit;
use botsmith::core::store::{self, StateStore};
use botsmith::eval::calibration::{Bin as Measured, Stored};
use botsmith::eval::hone::{Split, Use};
use botsmith::eval::stats::{Confidence, wilson};
use botsmith::nanobots::versions::{By, Versions};
use serde_json::{Value, json};

use super::commands::{Commands, Failure};
use super::people::{self, PEOPLE};
use super::story::{Agreement, Bin, Calibrated, Line, Range, Rater, Refused, Story};
use super::traffic::Readers;
use super::world;

const BOT: &str = "help-desk.yml";
const WHO: &str = "ana";
/// Searches a better version of the bot.
const HONE: [&str; 9] = [
    "hone",
    BOT,
    "--suite",
    "suite.yaml",
    "--by",
    WHO,
    "--yes",
    "--json",
    "--quiet",
];

/// The whole story, in an empty folder, with this `botsmith` program.
pub fn tell(program: &Path, folder: &Path, seed: u64) -> Result<Story, Failure> {
    let commands = Commands {
        program: program.to_owned(),
        folder: folder.to_owned(),
    };
    world::write(folder)?;
    let mut story = Story {
        bot: "the help desk".into(),
        seed,
        ..Story::default()
    };
    let [recorded, answers] = ask(&commands)?;
    review(&commands, &mut story, &recorded)?;
    judge(&commands, &mut story)?;
    story.gate.before = rate(&answers)?;
    let variant = hone(&commands, &mut story)?;
    promote(&commands, &mut story, &variant)?;
    Ok(story)
}

/// An answer: case, text.
struct Answered {
    number: usize,
    text: String,
}

/// Judges the answers on record, and asks the bot as it is now: the answers of both.
fn ask(commands: &Commands) -> Result<[Vec<Answered>; 2], Failure> {
    let words = [
        "eval",
        "suite.yaml",
        "--json",
        "report.json",
        "--jsonl",
        "answers.jsonl",
        "--quiet",
    ];
    commands.plain(&words, 0)?;
    let mut both = [Vec::new(), Vec::new()];
    for line in commands.read("answers.jsonl")?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let number = row["id"]
            .as_str()
            .and_then(world::number)
            .ok_or("a case without a number")?;
        for (place, answers) in both.iter_mut().enumerate() {
            let answer = &row["answers"][place];
            let text = text(&answer["text"]).to_owned();
            answers.push(Answered { number, text });
        }
    }
    Ok(both)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// A value with an interval, as commands print it.
fn range(value: &Value) -> Range {
    let ends = &value["interval"];
    let number = number(&value["value"]);
    Range {
        value: number,
        lo: ends[0].as_f64().unwrap_or(number),
        hi: ends[1].as_f64().unwrap_or(number),
    }
}

fn review(commands: &Commands, story: &mut Story, answers: &[Answered]) -> Result<(), Failure> {
    let texts: Vec<(usize, String)> = answers
        .iter()
        .map(|of| (of.number, of.text.clone()))
        .collect();
    commands.write("labels.jsonl", &people::labels(story.seed, &texts))?;
    commands.json(
        &[
            "feedback",
            "import",
            "labels.jsonl",
            "--run",
            "latest",
            "--json",
        ],
        0,
    )?;
    let told = commands.json(&["feedback", "agreement", "latest", "--json"], 0)?;
    let found = &told["questions"][0];
    let alpha = &found["alpha"];
    for person in &PEOPLE {
        let raters = found["raters"].as_array().ok_or("no raters")?;
        let of = raters
            .iter()
            .find(|of| of["rater"] == person.name)
            .ok_or("a rater is missing")?;
        let excluded = of["excluded"] == true;
        story.raters.push(Rater {
            name: person.name.into(),
            made: person.made.into(),
            labels: number(&of["labels"]) as usize,
            agreement: number(&of["agreement"]["value"]),
            excluded: excluded.then(|| "excluded: at odds with the others, who agree".into()),
        });
        if excluded {
            story.refused.push(Refused {
                what: format!("the labels of {}", person.name),
                why: reasons(&found["reasons"], person.name),
            });
        }
    }
    story.agreement = Agreement {
        counted: range(alpha),
        items: number(&found["doubles"]) as usize,
        verdict: format!(
            "The labels are {}",
            found["verdict"].as_str().unwrap_or_default()
        ),
    };
    Ok(())
}

/// Those of some sentences that name a word.
fn reasons(list: &Value, word: &str) -> String {
    let all = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    all.filter(|reason| reason.contains(word))
        .collect::<Vec<_>>()
        .join("; ")
}

fn bins(found: &[Measured]) -> Vec<Bin> {
    let of = |bin: &Measured| Bin {
        judged: bin.predicted,
        people: bin.observed,
        labels: bin.n,
    };
    found.iter().map(of).collect()
}

/// Holds the judge against the majority of those who count, and keeps the calibration.
fn judge(commands: &Commands, story: &mut Story) -> Result<(), Failure> {
    let told = commands.json(&["feedback", "calibrate", "latest", "--json"], 0)?;
    let stored: Stored = serde_json::from_value(told["calibration"].clone())?;
    let found = &stored.calibration;
    let quality = &found.quality;
    let gates = told["gates"] == true;
    let share = |of: Option<&botsmith::eval::stats::WeightedShare>| {
        of.map_or_else(Range::default, |of| Range {
            value: of.value,
            lo: of.interval.lo(),
            hi: of.interval.hi(),
        })
    };
    story.judge = Calibrated {
        labels: quality.n,
        map: found.map.shape().as_str().into(),
        error_before: quality.ece.before.value,
        error_after: Range {
            value: quality.ece.after.value,
            lo: quality.ece.after.interval.lo(),
            hi: quality.ece.after.interval.hi(),
        },
        kappa: quality
            .kappa
            .as_ref()
            .map_or_else(Range::default, |kappa| Range {
                value: kappa.value,
                lo: kappa.interval.lo(),
                hi: kappa.interval.hi(),
            }),
        finds_good: share(quality.tpr.as_ref()),
        finds_bad: share(quality.tnr.as_ref()),
        standing: match gates {
            true => "It may gate".into(),
            false => "It is advisory: it may not gate".into(),
        },
        before: bins(&quality.bins.before),
        after: bins(&quality.bins.after),
        ..Calibrated::default()
    };
    let told_of_all = commands.json(&["feedback", "estimate", "latest", "--json"], 0)?;
    let people = &told_of_all["bots"][0]["people"];
    let alone = &people["labels_alone"];
    story.judge.would_pass = range(people);
    story.judge.labels_alone = range(&json!({"value": alone[0], "interval": alone[1]}));
    if !gates {
        story.refused.push(Refused {
            what: "the judge, as a gate".into(),
            why: text(&told["reason"]).to_owned(),
        });
    }
    Ok(())
}

/// The share of good answers on the gate's cases, by the answers' own texts.
fn rate(answers: &[Answered]) -> Result<Range, Failure> {
    let split = Split::default();
    let gate: Vec<bool> = answers
        .iter()
        .filter(|of| split.of_key(&world::id(of.number)) == Use::Gate)
        .map(|of| of.text == world::right(of.number))
        .collect();
    let good = gate.iter().filter(|good| **good).count() as u64;
    let n = gate.len() as u64;
    let interval = wilson(good, n, Confidence::P95)?;
    Ok(Range {
        value: good as f64 / n as f64,
        lo: interval.lo(),
        hi: interval.hi(),
    })
}

/// Searches a better version, and keeps what the gate said of it; its hash, if it passed.
fn hone(commands: &Commands, story: &mut Story) -> Result<String, Failure> {
    let told = commands.json(&HONE, 0)?;
    let gate = &told["gate"];
    let tested = &gate["tested"];
    story.gate.cases = number(&tested["n"]) as usize;
    story.gate.difference = number(&tested["difference"]);
    story.gate.at_least = number(&tested["bound"]);
    story.gate.p = number(&tested["p"]);
    story.gate.alpha = number(&gate["alpha_of_look"]);
    story.gate.look = number(&gate["look"]) as u64;
    tested["test"]
        .as_str()
        .unwrap_or_default()
        .clone_into(&mut story.gate.test);
    for of in told["tried"].as_array().into_iter().flatten() {
        if of["name"] != told["finalist"]["name"] {
            story.refused.push(Refused {
                what: format!("variant \u{201c}{}\u{201d}", text(&of["name"])),
                why: format!(
                    "not the best of those that were tried: {:+.1} points on dev",
                    100.0 * number(&of["difference"])
                ),
            });
        }
    }
    for of in told["refused"].as_array().into_iter().flatten() {
        story.refused.push(Refused {
            what: format!("variant \u{201c}{}\u{201d}", text(&of["name"])),
            why: "it copies words of cases that judge it".into(),
        });
    }
    Ok(text(&told["finalist"]["version"]).to_owned())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Lines of a change, as `diff` marks them, without those that stay.
fn change(before: &str, after: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let gone = old
        .iter()
        .filter(|line| !new.contains(line))
        .map(|line| ('-', *line));
    let came = new
        .iter()
        .filter(|line| !old.contains(line))
        .map(|line| ('+', *line));
    gone.chain(came)
        .map(|(mark, line)| Line {
            mark,
            text: line.to_owned(),
        })
        .collect()
}

/// Promotes the version that passed, then one that nobody tested; traffic keeps the first and undoes the second.
fn promote(commands: &Commands, story: &mut Story, variant: &str) -> Result<(), Failure> {
    let before = commands.read(BOT)?;
    commands.json(
        &[
            "bot", "promote", BOT, variant, "--by", WHO, "--yes", "--json",
        ],
        0,
    )?;
    let honed = commands.read(BOT)?;
    story.change = change(&before, &honed);
    let [_, answers] = ask(commands)?;
    story.gate.after = rate(&answers)?;

    let store = store::open(&format!(
        "sqlite:{}",
        commands.folder.join(".botsmith/state.db").display()
    ))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut readers = Readers::new(store.clone(), &runtime, &commands.folder, BOT, story.seed)?;
    let start = [
        "bot",
        "canary",
        "start",
        BOT,
        "--salt",
        "loop",
        "--sessions",
        "4000",
        "--json",
    ];
    commands.json(&start, 0)?;
    story
        .watches
        .push(readers.watch("The honed version", 4_000)?);

    let versions = Versions::of(&*store, BOT);
    let current = versions.pointer()?.current;
    let by = By::new("bob", store.now_ms()?);
    let terse = world::terse(&honed);
    let terse = versions.propose(terse.as_bytes(), current.as_deref(), Value::Null, &by)?;
    let words = [
        "bot",
        "promote",
        BOT,
        &terse.hash,
        "--by",
        "bob",
        "--yes",
        "--json",
    ];
    story.refused.push(Refused {
        what: "bob\u{2019}s shorter answers, at first".into(),
        why: commands
            .refusal(&words)?
            .replace(&terse.hash, terse.short()),
    });
    let anyway = [
        &words[..],
        &["--without-gate", "readers asked for shorter answers"],
    ]
    .concat();
    commands.json(&anyway, 0)?;
    commands.json(&start, 0)?;
    let watched = readers.watch("The shorter answers, let through by hand", 4_000)?;
    story.refused.push(Refused {
        what: "bob\u{2019}s shorter answers, in traffic".into(),
        why: format!("{}: {}", watched.end, watched.why),
    });
    story.watches.push(watched);
    if commands.read(BOT)? != honed {
        return Err("the rollback did not bring the honed version back to the byte".into());
    }

    let again = commands.json(&HONE, 1)?;
    let why = again["reasons"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    story.refused.push(Refused {
        what: "a second honing".into(),
        why: why.collect::<Vec<_>>().join("; "),
    });
    record(&*store, &versions, story)
}

/// What is kept of it all: versions in force, the audit log.
fn record(
    store: &dyn StateStore,
    versions: &Versions<'_>,
    story: &mut Story,
) -> Result<(), Failure> {
    for moved in versions.history()? {
        let Some(to) = moved.to.as_deref() else {
            continue;
        };
        let version = versions
            .get(to)?
            .ok_or("a version of the history is missing")?;
        let name = version
            .name
            .clone()
            .unwrap_or_else(|| version.short().to_owned());
        story.versions.push((name, version.short().to_owned()));
    }
    let audit = Audit::new(store);
    for entry in audit.entries(0, 1_000)? {
        let event = &entry.event;
        story
            .audit
            .push(format!("{}: {} {}", event.who, event.action, event.subject));
    }
    story.audit_whole = audit.verify(None)?.damage.is_none();
    Ok(())
}
