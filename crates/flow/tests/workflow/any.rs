//! Any text gives a workflow or an error at a place inside it; large ones are read in time.

use std::collections::BTreeMap;
use std::path::Path;

use botsmith_flow::Workflow;
use proptest::prelude::*;
use serde_json::json;

use crate::{NIGHTLY, read};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_gives_a_workflow_or_an_error_at_a_place_inside_it(
        text in "\\PC{0,80}",
        at in 0..NIGHTLY.len(),
        cut in 0..20_usize,
        piece in "[a-z\\{\\}\\[\\]%'\":|.~é\n -]{0,8}",
    ) {
        let start = NIGHTLY.floor_char_boundary(at);
        let end = NIGHTLY.floor_char_boundary((at + cut).min(NIGHTLY.len())).max(start);
        let changed = format!("{}{piece}{}", &NIGHTLY[..start], &NIGHTLY[end..]);
        let inside = format!("version: 1\nname: a\nsteps: {{a: {{uses: count, when: {}}}}}", json!(text));
        let value = format!("version: 1\nname: a\nsteps: {{a: {{uses: count, with: {{text: {}}}}}}}", json!(format!("{{{{{text}")));
        for text in [text, changed, inside, value] {
            match read(&text) {
                Ok(workflow) => {
                    let again: Workflow = serde_json::from_str(&serde_json::to_string(&workflow).unwrap()).unwrap();
                    prop_assert_eq!(again.hash(), workflow.hash());
                    prop_assert!(workflow.plan().is_ok());
                }
                Err(error) => {
                    let place = error.diagnostic().expect("a place");
                    prop_assert!(place.line <= text.split(['\n', '\r']).count(), "{}", error);
                    prop_assert_eq!(place.path.as_path(), Path::new("flow.yaml"));
                }
            }
        }
    }
}

#[test]
fn many_steps_are_read_and_checked_in_time() {
    let steps: Vec<String> = (1..3000)
        .map(|at| {
            let before = at - 1;
            format!("  s{at}: {{uses: count, when: steps.s{before}.output > 1}}")
        })
        .collect();
    let head = "version: 1\nname: long\nsteps:\n  s0: {uses: count}\n";
    let text = format!("{head}{}\n", steps.join("\n"));
    let plan = read(&text).unwrap().plan().unwrap();
    let at: BTreeMap<_, _> = plan
        .steps()
        .iter()
        .enumerate()
        .map(|(at, s)| (s.key.as_str(), at))
        .collect();
    assert_eq!(at["s2999"], 2999);
}
