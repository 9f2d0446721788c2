//! `feedback add`: one thing about one answer.

use std::collections::BTreeMap;
use std::path::Path;

use botsmith::eval::feedback::import::{Loaded, attach};
use botsmith::eval::feedback::{Against, Log, Plan, Record, State};
use botsmith::eval::run::{Manifest, Runs};
use botsmith::eval::{Error, Result};
use serde_json::{Value, json};

use super::args::Add;
use crate::cli::context::Context;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &Add) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let run = runs.open(&runs.resolve(&args.run)?)?;
    let plan = Plan::of_run(&run.manifest, args.suite.as_deref())?;
    let question = question(&plan, args.question.as_deref())?;
    let rater = super::rater(context, args.rater.as_deref())?;
    plan.check_rater(&rater)?;
    let record = Record {
        case: run.case(&args.case)?.case.id,
        bot: bot(&run.manifest, args.bot.as_deref())?,
        against: args.against.clone().map(|bot| Against {
            bot,
            ..Against::default()
        }),
        repeat: args.repeat,
        rater,
        source: args.source.into(),
        question,
        value: Value::String(args.value.clone()),
        comment: args.comment.clone(),
        correction: args.correction.clone(),
        blind: args.blind,
        state: match args.draft {
            true => State::Draft,
            false => State::Submitted,
        },
        from: "add".into(),
        ..Record::default()
    };
    let loaded = vec![Loaded {
        record,
        line: 0,
        code_points: false,
    }];
    let place = Path::new("feedback add");
    let mut records = attach(
        place,
        loaded,
        &run,
        &plan,
        store.now_ms()?,
        &mut BTreeMap::new(),
    )?;
    let record = records
        .pop()
        .expect("one went in, and its question is asked");
    let kept = Log::open(&*store).append(record)?.record;
    if args.json {
        output::print_json(&json!({ "record": kept }))?;
    } else {
        let what = match &kept.replaces {
            Some(old) => format!("replaces {}", super::short(old)),
            None => "new".to_owned(),
        };
        output::print(&format!(
            "record {} kept ({what})\n",
            super::short(&kept.id)
        ))?;
    }
    Ok(Ended::Well)
}

/// The question that the flag names, or the only one.
fn question(plan: &Plan, given: Option<&str>) -> Result<String> {
    match (given, plan.questions.as_slice()) {
        (Some(name), _) => Ok(plan.question(name)?.name.clone()),
        (None, [only]) => Ok(only.name.clone()),
        (None, many) => {
            let names: Vec<_> = many.iter().map(|q| q.name.as_str()).collect();
            let names = names.join(", ");
            Err(Error::Invalid(format!("--question tells which of {names}")))
        }
    }
}

/// The bot that the flag names, or the only one.
fn bot(run: &Manifest, given: Option<&str>) -> Result<String> {
    match (given, run.bots.as_slice()) {
        (Some(name), _) => Ok(name.to_owned()),
        (None, [only]) => Ok(only.clone()),
        (None, many) => Err(Error::Invalid(format!(
            "--bot tells which of {}",
            many.join(", ")
        ))),
    }
}
