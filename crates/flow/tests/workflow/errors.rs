//! Every error of a workflow file, with its code, line and column.

use crate::{marked, read};

/// Each error stands at the marker, has this code, and says this.
fn errors(cases: &[(&str, &str, &str)]) {
    for (text, code, words) in cases {
        let (text, line, column) = marked(text);
        let error = read(&text).expect_err(&text);
        let place = error
            .diagnostic()
            .unwrap_or_else(|| panic!("no place: {error}"));
        assert_eq!((place.line, place.column), (line, column), "{error}");
        assert_eq!((place.code, error.code()), (*code, *code), "{error}");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}

#[test]
fn the_shape_of_a_file_is_checked_with_the_nearest_word() {
    errors(&[
        (
            "version: «2\nname: a\nsteps: {a: {uses: count}}",
            "BS-FLOW-010",
            "this build reads 1",
        ),
        (
            "«name: a\nsteps: {a: {uses: count}}",
            "BS-FLOW-010",
            "`version` is missing",
        ),
        (
            "version: 1\nname: a\nsteps: «{}",
            "BS-FLOW-010",
            "at least one step",
        ),
        (
            "version: 1\nname: «\"\"\nsteps: {a: {uses: count}}",
            "BS-FLOW-010",
            "must not be empty",
        ),
        (
            steps!["a: {uses: count, «tiemout: 2s}"],
            "BS-FLOW-010",
            "did you mean `timeout`?",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, needs: a, run-if: «alwyas}"],
            "BS-FLOW-010",
            "`always`?",
        ),
        (
            steps!["a: {uses: count, on-failure: «contniue}"],
            "BS-FLOW-010",
            "`continue`?",
        ),
        (
            steps!["a: {uses: count, timeout: «2 weeks}"],
            "BS-FLOW-010",
            "a duration like",
        ),
        (
            steps!["a: {uses: count, timeout: «0s}"],
            "BS-FLOW-010",
            "1 ms or more",
        ),
        (
            steps!["a: {uses: count, priority: «12}"],
            "BS-FLOW-010",
            "outside 0 to 9",
        ),
        (
            steps!["a: {uses: count, retry: {max: «0}}"],
            "BS-FLOW-010",
            "outside 1 to 1000",
        ),
        (
            steps!["a: {uses: count, retry: {max: 2, base: 2m, cap: «1s}}"],
            "BS-FLOW-010",
            "not below `base`",
        ),
        (
            steps!["a: {uses: count, over: «[1]}"],
            "BS-FLOW-010",
            "belongs to a step of kind `map`",
        ),
        (
            steps!["a: {uses: map, over: [1], item: «a-b, step: {uses: count}}"],
            "BS-FLOW-010",
            "name of an item",
        ),
        (
            steps!["a: {uses: map, over: [1], step: {uses: count, needs: «[b]}}"],
            "BS-FLOW-010",
            "around this one",
        ),
        (
            steps!["a: «{uses: loop, until: output, step: {uses: count}}"],
            "BS-FLOW-010",
            "`at-most` is missing",
        ),
        (
            steps!["«1a: {uses: count}"],
            "BS-FLOW-010",
            "no name of a step",
        ),
        (
            steps!["a: {uses: count, concurrency-key: gpu}" "b: {uses: count, concurrency-key: «{key: gpu, limit: 2}}"],
            "BS-FLOW-010",
            "limit 1 above and 2 here",
        ),
        (
            "version: 1\nname: a\nsteps: {a: {uses: count}}\nfinally: {«a: {uses: count}}",
            "BS-FLOW-010",
            "is a step already",
        ),
        (
            steps!["a: {uses: «cuont}"],
            "BS-FLOW-013",
            "did you mean `count`?",
        ),
        (
            "version: 1\nname: a\ninputs: {type: object, properties: {n: {type: «intger}}}\nsteps: {a: {uses: count}}",
            "BS-FLOW-017",
            "JSON Schema",
        ),
        (
            "version: 1\nname: a\ninputs: {type: «array}\nsteps: {a: {uses: count}}",
            "BS-FLOW-017",
            "type: object",
        ),
    ]);
}

#[test]
fn steps_that_are_none_circles_and_steps_that_never_run_are_named() {
    errors(&[
        (
            steps!["load: {uses: count}" "b: {uses: count, needs: [«laod]}"],
            "BS-FLOW-011",
            "did you mean `load`?",
        ),
        (
            steps!["load: {uses: count}" "b: {uses: count, with: {limit: \"{{ «steps.laod.output }}\"}}"],
            "BS-FLOW-011",
            "did you mean `load`?",
        ),
        (
            steps!["load: {uses: count}" "b: {uses: count, when: 1 < «steps.laod.output}"],
            "BS-FLOW-011",
            "`load`?",
        ),
        (
            steps!["my-step: {uses: count}" "b: {uses: count, when: «steps.my-step.output > 1}"],
            "BS-FLOW-011",
            "steps['my-step']",
        ),
        (
            steps!["my: {uses: count}" "b: {uses: count, when: «steps.my-1 > 1}"],
            "BS-FLOW-016",
            "as in `steps.my.output`",
        ),
        (
            "version: 1\nname: a\nsteps: {a: {uses: count, needs: «z}}\nfinally: {z: {uses: count}}",
            "BS-FLOW-011",
            "runs after all steps",
        ),
        (
            steps!["a: {uses: count, needs: «a}"],
            "BS-FLOW-012",
            "`a` -> `a`",
        ),
        (
            steps![
                "x: {uses: count, needs: b}"
                "a: {uses: count, needs: d}"
                "b: {uses: count, needs: c}"
                "c: {uses: count, when: steps.d.output > 1}"
                "d: {uses: count, with: {limit: '{{ «steps.b.output }}'}}"
            ],
            "BS-FLOW-012",
            "`b` -> `c` -> `d` -> `b`",
        ),
        (
            steps!["a: {uses: count, when: «false}" "b: {uses: count, needs: a}"],
            "BS-FLOW-015",
            "needs it: `b`",
        ),
        (
            steps!["a: {uses: count, when: «1 > 2}"],
            "BS-FLOW-015",
            "it is never true",
        ),
        (
            steps!["a: {uses: count, run-if: «failed}"],
            "BS-FLOW-015",
            "no step that could fail",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, when: «steps.a.status == 'failed'}"],
            "BS-FLOW-015",
            "skipped before it is asked",
        ),
        (
            steps!["a: {uses: map, over: [1], step: {uses: count, when: «false}}"],
            "BS-FLOW-015",
            "the step inside can never run",
        ),
    ]);
    // The same condition can hold where the step is asked.
    for run_if in ["failed", "always"] {
        let text = format!(
            "version: 1\nname: a\nsteps:\n  a: {{uses: count}}\n  b: {{uses: count, run-if: {run_if}, when: steps.a.status == 'failed'}}\n"
        );
        assert!(read(&text).is_ok());
    }
}

#[test]
fn values_of_the_wrong_type_are_found_before_the_run() {
    errors(&[
        (
            steps!["a: {uses: count, with: {«limt: 3}}"]
                .replace("«limt: 3", "limt: «3")
                .leak(),
            "BS-FLOW-014",
            "`limit`?",
        ),
        (
            steps!["a: {uses: count, with: {limit: «many}}"],
            "BS-FLOW-014",
            "expected a number, found text",
        ),
        (
            steps!["a: «{uses: nlp}"],
            "BS-FLOW-014",
            "needs text as `text`",
        ),
        (
            steps!["a: {uses: wait, with: {for: «soon}}"],
            "BS-FLOW-010",
            "a duration like",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: map, over: \"{{ «steps.a.output }}\", step: {uses: count}}"],
            "BS-FLOW-014",
            "found a number, the output of step `a` (`count`)",
        ),
        (
            steps!["a: {uses: count, with: {limit: «\"{{ inputs.folder }}\"}}"],
            "BS-FLOW-014",
            "expected a number, found text",
        ),
        (
            steps!["a: {uses: count, with: {rows: «'x{{ inputs.n }}'}}"],
            "BS-FLOW-014",
            "made by a template",
        ),
        (
            steps!["a: {uses: count, with: {text: \"x {{ «inputs.fodler }}\"}}"],
            "BS-FLOW-014",
            "`folder`?",
        ),
        (
            "version: 1\nname: a\nsteps:\n  a:\n    uses: count\n    with:\n      text: |\n        one\n        {{ «inputs.x }}\n",
            "BS-FLOW-014",
            "declares no `inputs`",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, when: \"steps.a.status == «'don'\"}"],
            "BS-FLOW-014",
            "did you mean `done`?",
        ),
    ]);
}

#[test]
fn templates_that_break_or_are_refused_are_shown_at_the_word() {
    errors(&[
        (
            steps!["a: {uses: count, with: {text: «'{{ inputs. }}'}}"],
            "BS-FLOW-016",
            "not a valid template",
        ),
        (
            steps!["a: {uses: count, when: «'{{ inputs.n }}'}"]
                .replace("«'{{", "'«{{")
                .leak(),
            "BS-FLOW-016",
            "may not use `{`",
        ),
        (
            steps!["a: {uses: count, with: {text: '{{ «row.text }}'}}"],
            "BS-FLOW-016",
            "`row` is nothing",
        ),
        (
            steps![
                "a: {uses: map, over: [1], item: row, step: {uses: count, with: {text: '{{ «rwo }}'}}}"
            ],
            "BS-FLOW-016",
            "did you mean `row`?",
        ),
        (
            steps!["a: {uses: count, with: {text: '{{ inputs.n «~ 1 }}'}}"],
            "BS-FLOW-016",
            "may not use `~`",
        ),
        (
            steps!["a: {uses: count, when: \"2 «* 3 == 6\"}"],
            "BS-FLOW-016",
            "may not use `*`",
        ),
        (
            steps!["a: {uses: count}" "b: {uses: count, when: «steps.a.outptu}"],
            "BS-FLOW-016",
            "`output`?",
        ),
        (
            steps!["a: {uses: count, when: «steps}"],
            "BS-FLOW-016",
            "read by name",
        ),
        (
            steps!["a: {uses: count, when: \"«secret('x') == 'y'\"}"],
            "BS-FLOW-016",
            "is stored",
        ),
        (
            steps!["a: {uses: map, over: \"{{ «secret('x') }}\", step: {uses: count}}"],
            "BS-FLOW-016",
            "is stored",
        ),
    ]);
}

#[test]
fn who_is_told_of_what_is_checked() {
    let with = |notify: &str| -> &'static str {
        let text = format!(
            "version: 1\nname: a\ninputs: {{type: object, properties: {{folder: {{type: string}}}}}}\nnotify: {notify}\nsteps: {{a: {{uses: count}}}}\n"
        );
        text.leak()
    };
    errors(&[
        (
            with("{on: «faild, webhook: 'http://h'}"),
            "BS-FLOW-010",
            "did you mean `failed`?",
        ),
        (
            with("{on: «[], webhook: 'http://h'}"),
            "BS-FLOW-010",
            "names nothing",
        ),
        (
            with("{on: done, webhook: «example.org}"),
            "BS-FLOW-010",
            "begins with http:// or https://",
        ),
        (
            with("{on: done, «webhok: 'http://h', command: [mail]}"),
            "BS-FLOW-010",
            "`webhook`?",
        ),
        (
            with("[{webhook: 'http://h'}, «{on: done}]"),
            "BS-FLOW-010",
            "nobody is named",
        ),
        (
            with("{webhook: 'http://h', command: «[mail]}"),
            "BS-FLOW-010",
            "not both",
        ),
        (with("{command: «[]}"), "BS-FLOW-010", "no program"),
        (
            with("{webhook: 'http://h/{{ «inputs.fodler }}'}"),
            "BS-FLOW-014",
            "`folder`?",
        ),
        (
            with("{command: [tell, «'{{ steps.a.status }}']}"),
            "BS-FLOW-016",
            "no step such as `a`",
        ),
    ]);
    let told = read(with("{on: done, command: tell}")).unwrap();
    assert_eq!(told.notify().len(), 1);
    let untold = read("version: 1\nname: a\nsteps: {a: {uses: count}}\n").unwrap();
    assert_ne!(told.hash(), untold.hash());
    assert_ne!(told.plan().unwrap().hash(), untold.plan().unwrap().hash());
}
