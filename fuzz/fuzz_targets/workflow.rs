//! Workflow files: any text gives a workflow or an error at a place inside it; a workflow has a plan, reads back
//! from JSON as it was, and its templates render or fail without a panic.
//!
//! Covers: crates/flow/src/workflow crates/flow/src/workflow.rs
#![no_main]

use botsmith_core::yaml::Source;
use botsmith_flow::{Kind, Kinds, Scope, Work, Workflow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let kinds = Kinds::builtin().with(Kind::new("bot", "Anything.").open());
    match Workflow::parse(&Source::new("fuzz/flow.yaml", text), &kinds) {
        Ok(workflow) => {
            let json = serde_json::to_string(&workflow).expect("a workflow is JSON");
            let again: Workflow = serde_json::from_str(&json).expect("it reads back");
            assert_eq!(again.hash(), workflow.hash());
            let plan = workflow
                .plan()
                .expect("a workflow that was read has a plan");
            let scope = Scope::new(serde_json::json!({}));
            for step in plan.steps() {
                let work = Work::of(step).expect("a step of a workflow");
                let _ = work.scope(scope.clone()).value(&work.with);
                let _ = work.is_wanted(&scope);
            }
        }
        Err(error) => {
            let place = error
                .diagnostic()
                .expect("an error of a file has a place in it");
            let lines = text.split(['\n', '\r']).count();
            assert!(place.line <= lines, "{place}");
            assert!(!place.to_string().contains('\u{1b}'), "{place}");
        }
    }
});
