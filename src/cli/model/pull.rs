//! `botsmith model pull MODEL`.

use botsmith::core::engine::hub::Hub;
use botsmith::core::engine::{Library, ModelRef};
use botsmith::eval::{Error, Result};
use serde_json::json;

use super::Pull;
use crate::cli::context::Context;
use crate::cli::progress::Bar;
use crate::cli::{Ended, output};

pub(super) fn run(context: &Context, args: &Pull) -> Result<Ended> {
    let ModelRef::Hub(model) = super::engine(args.model.parse::<ModelRef>())? else {
        let message = format!(
            "`{}` is a path; a model of the hub is `hf:org/name[@revision][:file]`",
            args.model
        );
        return Err(Error::Invalid(message));
    };
    let library = Library::new(&context.environment);
    let bar = Bar::new(context.quiet());
    let hub = Hub::new(&context.environment);
    let fetched = hub.pull(&library, &model, |transfer| {
        bar.bytes(transfer.done, Some(transfer.total));
    });
    let fetched = super::engine(fetched)?;
    if args.json {
        output::print_json(&json!({
            "model": model.to_string(), "commit": fetched.commit, "path": fetched.folder, "files": fetched.files,
            "received": fetched.received,
        }))?;
    } else {
        output::print(&format!("{}\n", fetched.folder.display()))?;
    }
    Ok(Ended::Well)
}
