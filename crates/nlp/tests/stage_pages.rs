//! The pages of stages say what is: every stage has one, and every pipeline on them can be built.
#![cfg(feature = "english")]

use std::path::PathBuf;

use botsmith_core::yaml::Source;
use botsmith_nlp::PipelineBuilder;
use botsmith_nlp::stages::StageKinds;

fn page(name: &str) -> Option<String> {
    let book = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    std::fs::read_to_string(book.join(name)).ok()
}

#[test]
fn every_stage_has_a_page_and_its_row() {
    let overview = page("pipeline.md").expect("the overview");
    for name in StageKinds::builtin().names() {
        let row = format!("| [`{name}`](stages/{name}.md) |");
        assert!(overview.contains(&row), "pipeline.md does not list {name}");
        let text = page(&format!("stages/{name}.md")).unwrap_or_default();
        for part in [
            &format!("# Stage: {name}"),
            "- **Needs**: ",
            "- **Gives**: ",
        ] {
            assert!(
                text.contains(part),
                "stages/{name}.md does not say {part:?}"
            );
        }
    }
}

#[test]
fn every_pipeline_on_a_page_can_be_built_and_run() {
    let mut pages = vec!["pipeline.md".to_owned()];
    pages.extend(
        StageKinds::builtin()
            .names()
            .map(|name| format!("stages/{name}.md")),
    );
    let mut built = 0;
    for name in pages {
        let text = page(&name).unwrap_or_default();
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            let source = Source::new(name.clone(), block);
            let analyser = PipelineBuilder::from_yaml(&source)
                .and_then(PipelineBuilder::build)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let analysis = analyser.analyse("We will call you about the old lamps.");
            assert!(analysis.is_ok(), "{name}");
            built += 1;
        }
    }
    assert!(
        built > StageKinds::builtin().names().len(),
        "{built} pipelines"
    );
}
