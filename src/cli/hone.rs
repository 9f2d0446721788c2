//! `botsmith hone BOT --suite S`: try changes of a bot, and bring the best before the gate.

pub(crate) mod args;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use botsmith::core::store::StateStore;
use botsmith::eval::feedback::Log;
use botsmith::eval::hone::{
    Course, End, Examples, Heard, Honing, Instructions, Means, Optimiser, Options, Parameters,
    Parent, Proposer, Story, bot_of,
};
use botsmith::eval::promotion::Rules;
use botsmith::eval::suite::Suite;
use botsmith::eval::{Error, Result};
use botsmith::nanobots::Workshop;
use botsmith::nanobots::cartridge::Profile;
use botsmith::nanobots::versions::{Versions, bot_name};

use super::context::Context;
use super::progress::Bar;
use super::{Ended, bot, eval, output};
use args::{Hone, Who};

pub(super) fn run(context: &Context, args: &Hone) -> Result<Ended> {
    eval::exists(&args.suite)?;
    let suite = Suite::load(&args.suite)?;
    let store = context.store()?;
    let workshop = eval::workshop(context, &args.asking, &store);
    let live = bot_of(&suite, &args.bot)?;
    let file = live.source.cartridge.clone();
    let file = file.expect("`bot_of` gives bots with a cartridge alone");
    let file = context.environment.folder.join(file);
    let parent = Parent::read(&file, Profile::Native)?;
    let plan = suite.feedback.clone().unwrap_or_default();
    let heard = Heard::of(&Log::open(&*store), &plan, suite.seed)?;

    let name = bot_name(&file, &context.config.folder);
    let by = bot::by(context, args.by.as_deref(), &*store)?;
    let mut course = Course::new(Versions::of(&*store, &name), by);
    course.proposers = proposers(args, &suite, &workshop, &store)?;
    course.rules = rules(args, suite.seed)?;
    course.regressions = wanted(args, Who::Assertions).then(|| regressions(args));
    course.auto = args.auto;
    course.halted = heard.halted;
    course.doubts = heard.doubts;
    course.labels = heard.labels;

    let mut options = Options::default();
    options.metric.clone_from(&args.metric);
    options.budget = args.budget;
    options.margin = args.margin.unwrap_or(0.0);
    options.seed = args.seed.unwrap_or(suite.seed);
    let bar = Bar::new(context.quiet());
    let update = |progress| bar.update(progress);
    let mut means = Means::new(&*store, &workshop);
    means.threads = context.threads();
    means.concurrency = args.asking.concurrency;
    means.progress = Some(&update);
    let mut honing = Honing::open(suite, live, parent, heard.said, means, options)?;

    let mut unasked = false;
    let story = honing.run(&course, |plan| {
        if !args.json && !context.quiet() {
            output::note(told::plan(plan, args.budget).trim_end());
        }
        if args.dry_run || args.yes {
            return !args.dry_run;
        }
        let answer = bot::confirm("begin?");
        unasked = answer.is_none();
        answer == Some(true)
    })?;
    drop(honing);
    drop(bar);
    if unasked {
        return Err(Error::Invalid(
            "honing asks the bot many questions: look at `--dry-run`, then say `--yes`".into(),
        ));
    }
    if args.json {
        output::print_json(&story)?;
    } else {
        output::print(&told::story(&story, context.colored()))?;
    }
    Ok(ended(&story))
}

fn ended(story: &Story) -> Ended {
    match story.end {
        End::Refused => Ended::GateFailed,
        End::Planned | End::Promoted | End::Ready => Ended::Well,
    }
}

fn rules(args: &Hone, seed: u64) -> Result<Rules> {
    let mut rules = Rules::default().alpha(args.alpha);
    if let Some(margin) = args.margin {
        rules = rules.margin(margin);
    }
    rules.seed = args.seed.unwrap_or(seed);
    rules.check()?;
    Ok(rules)
}

/// Whether a proposer is to work.
fn wanted(args: &Hone, who: Who) -> bool {
    match args.proposers.is_empty() {
        true => who != Who::Instructions || args.optimiser.is_some(),
        false => args.proposers.contains(&who),
    }
}

fn proposers(
    args: &Hone,
    suite: &Suite,
    workshop: &Workshop,
    store: &Arc<dyn StateStore>,
) -> Result<Vec<Box<dyn Proposer>>> {
    let mut all: Vec<Box<dyn Proposer>> = Vec::new();
    if wanted(args, Who::Examples) {
        all.push(Box::new(Examples));
    }
    if wanted(args, Who::Parameters) {
        let vary = suite.hone.vary.clone();
        all.push(Box::new(Parameters { vary }));
    }
    if wanted(args, Who::Instructions) {
        let Some(name) = &args.optimiser else {
            return Err(Error::Invalid(
                "`--proposers instructions` wants the bot that rewrites: `--optimiser bots/rewriter.yml`"
                    .into(),
            ));
        };
        let cartridge = workshop.cartridge(name)?;
        let optimiser = Optimiser::new(workshop.bot_of(&cartridge)?, Arc::clone(store));
        all.push(Box::new(Instructions::new(optimiser)));
    }
    Ok(all)
}

/// Where regression cases go: beside the suite, unless a flag says otherwise.
fn regressions(args: &Hone) -> PathBuf {
    args.regressions.clone().unwrap_or_else(|| {
        let stem = args.suite.file_stem().unwrap_or_default().to_string_lossy();
        let folder = args.suite.parent().unwrap_or(Path::new(""));
        folder.join(format!("{stem}.regressions.jsonl"))
    })
}
