//! `botsmith hone BOT --suite S`: try changes of a bot, and bring the best before the gate.

pub(crate) mod args;
mod told;

use botsmith::eval::hone::{End, Means, Order, Story};
use botsmith::eval::suite::Suite;
use botsmith::eval::{Error, Result};

use super::context::Context;
use super::progress::Bar;
use super::{Ended, bot, eval, output};
use args::Hone;

pub(super) fn run(context: &Context, args: &Hone) -> Result<Ended> {
    eval::exists(&args.suite)?;
    let suite = Suite::load(&args.suite)?;
    let store = context.store()?;
    let workshop = eval::workshop(context, &args.asking, &store);
    let by = bot::by(context, args.by.as_deref(), &*store)?;
    let bar = Bar::new(context.quiet());
    let update = |progress| bar.update(progress);
    let mut means = Means::new(&*store, &workshop);
    means.threads = context.threads();
    means.concurrency = args.asking.concurrency;
    means.progress = Some(&update);

    let mut unasked = false;
    let story = order(args).run(suite, (&store, &workshop), means, by, |plan| {
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

fn order(args: &Hone) -> Order {
    let mut order = Order::new(&args.bot, &args.suite);
    order.metric.clone_from(&args.metric);
    order.budget = args.budget;
    order.proposers = args.proposers.iter().map(|who| (*who).into()).collect();
    order.optimiser.clone_from(&args.optimiser);
    order.alpha = args.alpha;
    order.margin = args.margin;
    order.p95_latency = args.p95_latency;
    order.cost = args.cost;
    order.regressions.clone_from(&args.regressions);
    order.seed = args.seed;
    order.auto = args.auto;
    order
}

fn ended(story: &Story) -> Ended {
    match story.end {
        End::Refused | End::Advisory => Ended::GateFailed,
        End::Planned | End::Promoted | End::Ready => Ended::Well,
    }
}
