//! What traces show of attempts. A subscriber of the whole process collects spans; each test looks at its own run.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, Once, PoisonError};

use botsmith_flow::run;
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::{memory, worker, workflow};

type Fields = BTreeMap<String, String>;

static SPANS: Mutex<Vec<Fields>> = Mutex::new(Vec::new());

struct Collect;

struct Reading<'a>(&'a mut Fields);

impl Visit for Reading<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}").trim_matches('"').to_owned();
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Subscriber for Collect {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("botsmith_flow")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Reading(&mut fields));
        let mut spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(fields);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
        values.record(&mut Reading(&mut spans[span.into_u64() as usize - 1]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn each_attempt_is_a_span_that_names_workflow_run_and_error_and_shows_no_value() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Collect).unwrap());
    let flows = memory();
    let workflow = workflow(
        "steps:\n  one: {uses: echo, with: {value: private-words}}\n  two: {uses: fail, needs: [one], retry: {max: 2, base: 1ms}}\n",
    );
    run(worker(&flows), "traced", &workflow, &json!({})).unwrap();
    let spans = SPANS.lock().unwrap().clone();
    let ours: Vec<_> = spans
        .iter()
        .filter(|span| span["botsmith.run"] == "traced")
        .collect();
    assert_eq!(ours.len(), 3, "{ours:?}");
    assert_eq!(ours[0]["otel.name"], "echo one");
    assert_eq!(ours[0]["gen_ai.workflow.name"], workflow.name());
    assert!(!ours[0].contains_key("error.type"));
    assert_eq!(
        (&*ours[2]["botsmith.attempt"], &*ours[2]["error.type"]),
        ("2", "server")
    );
    assert!(!format!("{ours:?}").contains("private-words"));
}
