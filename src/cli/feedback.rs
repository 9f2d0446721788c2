//! `botsmith feedback`: what people say of answers, how far they agree, and how far judges agree with them.

mod add;
mod agreement;
mod answer;
pub(crate) mod args;
mod calibrate;
mod estimate;
mod files;
mod keys;
mod list;
mod review;
mod screen;

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
        FeedbackCommand::Calibrate(args) => calibrate::run(context, args),
        FeedbackCommand::Estimate(args) => estimate::run(context, args),
    }
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

/// The first digits of an id.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
