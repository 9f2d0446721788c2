//! The kinds of steps that workflows of the command line know: those of flow and eval.

use std::sync::Arc;

use botsmith::core::store::MemoryStore;
use botsmith::eval::ask::Given;
use botsmith::eval::flow::Desk;
use botsmith::flow::{FlowStore, Kinds};

use super::args::Doing;
use crate::cli::args::Asking;
use crate::cli::context::Context;
use crate::cli::eval;

/// What is known of kinds, for checks: what stands here does nothing.
pub(in crate::cli) fn known() -> Kinds {
    Desk::new(Arc::new(MemoryStore::new()), Arc::new(Given::default())).kinds()
}

/// The kinds with what each does here.
pub(super) fn doing(context: &Context, flows: &Arc<FlowStore>, args: &Doing) -> Kinds {
    let asking = Asking {
        concurrency: None,
        allow_command: args.allow_command,
    };
    let store = Arc::clone(flows.state());
    let workshop = eval::workshop(context, &asking, &store);
    Desk::new(store, Arc::new(workshop)).kinds()
}
