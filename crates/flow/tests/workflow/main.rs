//! Workflow files: what they become (`meaning.rs`), every error with its exact place (`errors.rs`), workflows in
//! workflows (`below.rs`), what a run gives its workers (`runs.rs`), any text at all (`any.rs`).
//!
//! In the tables `«` stands just before the place that the error has to name.

/// A workflow of these lines of steps, for the tables.
macro_rules! steps {
    ($($line:literal)+) => {
        concat!("version: 1\nname: é\ninputs: {type: object, properties: {folder: {type: string}, n: {type: integer}}}\nsteps:\n", $("  ", $line, "\n",)+)
    };
}

mod any;
mod below;
mod errors;
mod meaning;
mod runs;

use botsmith_core::yaml::Source;
use botsmith_flow::{Error, Kind, Kinds, Type, Workflow};

/// The example of the format's page, in full.
const NIGHTLY: &str = r#"version: 1
name: nightly
inputs: {type: object, properties: {folder: {type: string}}, required: [folder]}
timeout: 6h                                  # whole run
steps:
  load:  {uses: dataset, with: {path: "{{ inputs.folder }}/*.md"}}
  tag:   {uses: map, over: "{{ steps.load.output }}", item: row, max-parallel: 8, step: {uses: nlp, with: {text: "{{ row.text }}"}}}
  draft: {uses: bot, needs: [tag], with: {cartridge: bots/sum.yml, input: "{{ steps.tag.output }}"}, retry: {max: 3, base: 1s, cap: 1m, on: [rate-limit, server]}, timeout: 2m, on-failure: continue, priority: 5, concurrency-key: gpu}
  check: {uses: approval, needs: [draft], when: "steps.draft.status == 'done'", with: {who: [lead], deadline: 2d, default: reject}}
finally:
  tidy: {uses: count, with: {text: "over"}}
"#;

fn kinds() -> Kinds {
    Kinds::builtin()
        .with(
            Kind::new("dataset", "Rows.")
                .takes("path", Type::Text, "A file.")
                .gives(Type::List),
        )
        .with(
            Kind::new("nlp", "Tags.")
                .takes("text", Type::Text, "A text.")
                .gives(Type::Map),
        )
        .with(
            Kind::new("bot", "Asks a bot.")
                .takes("cartridge", Type::Text, "A file.")
                .takes("input", Type::Any, "What it is asked.")
                .gives(Type::Text),
        )
        .with(
            Kind::new("count", "Counts.")
                .may_take("text", Type::Text, "A text.")
                .may_take("rows", Type::List, "Rows.")
                .may_take("limit", Type::Number, "The most.")
                .gives(Type::Number),
        )
}

fn read(text: &str) -> Result<Workflow, Error> {
    Workflow::parse(&Source::new("flow.yaml", text), &kinds())
}

/// The text without its marker, and the marker's line and column.
fn marked(text: &str) -> (String, usize, usize) {
    let (before, after) = text.split_once('«').expect("a marker");
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (format!("{before}{after}"), line, column)
}
