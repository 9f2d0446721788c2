//! `botsmith feedback`: what people say of answers, and how far they agree.

mod add;
mod agreement;
mod answer;
pub(crate) mod args;
mod files;
mod keys;
mod list;
mod review;
mod screen;

use std::path::Path;

use botsmith::core::yaml::Source as Text;
use botsmith::eval::feedback::Plan;
use botsmith::eval::run::{Manifest, StoredRun};
use botsmith::eval::{Error, Result};

use super::Ended;
use super::context::Context;
use args::{Feedback, FeedbackCommand};

pub(super) fn run(context: &Context, feedback: &Feedback) -> Result<Ended> {
    match &feedback.command {
        FeedbackCommand::Review(args) => review::run(context, args),
        FeedbackCommand::Add(args) => add::run(context, args),
        FeedbackCommand::Import(args) => files::import(context, args),
        FeedbackCommand::Export(args) => files::export(context, args),
        FeedbackCommand::Agreement(args) => agreement::run(context, args),
        FeedbackCommand::List(args) => list::run(context, args),
    }
}

/// A suite file may have this many bytes.
const MOST_SUITE: u64 = 64 << 20;

/// What the suite of a run asks: the file that the flag names, else the run's suite file as it is now,
/// else as it was when it ran. So questions may be added to answers that are there.
fn plan(run: &StoredRun<'_>, suite: Option<&Path>) -> Result<Plan> {
    let now = Path::new(&run.manifest.suite_file);
    let text = match suite {
        Some(path) => Text::read(path, MOST_SUITE)?,
        None if now.is_file() => Text::read(now, MOST_SUITE)?,
        None => Text::new(now, run.manifest.suite_text.clone()),
    };
    Plan::of_suite(&text)
}

/// The suite's seed.
fn seed(run: &Manifest) -> u64 {
    run.identity["suite"]["seed"].as_u64().unwrap_or(0)
}

/// Who sits here: the flag, else the name that the machine knows them by.
fn rater(context: &Context, given: Option<&str>) -> Result<String> {
    let named = || {
        let variables = &context.environment.variables;
        let mut names = ["USER", "USERNAME"]
            .iter()
            .filter_map(|name| variables.get(*name));
        names.next()?.to_str().map(str::to_owned)
    };
    match given.map(str::to_owned).or_else(named) {
        Some(name) if !name.trim().is_empty() => Ok(name),
        _ => Err(Error::Invalid("who says so? --rater NAME tells".into())),
    }
}

/// Whether what is said of a case of this group may teach a bot.
fn teaches(group: &str) -> bool {
    botsmith::eval::feedback::teaches(group)
}

/// The first digits of an id.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
