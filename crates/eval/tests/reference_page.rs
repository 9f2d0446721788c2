//! The reference page of evaluators is made from what they say of themselves.
//!
//! `UPDATE_DOCS=1 cargo test -p botsmith-eval --test reference_page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use botsmith_eval::evaluators::{Docs, Registry};

fn page() -> String {
    let mut page = String::from(
        "<!-- Made by `UPDATE_DOCS=1 cargo test -p botsmith-eval --test reference_page`. -->\n\
         # Evaluators\n\n\
         Each entry of a suite's `evaluators:` is a bare name, a short form (`contains: refund`), or \
         a name with options. All of them take, besides their own:\n\n\
         | option | what it does |\n|---|---|\n\
         | `name` | the score's name in reports; default: the evaluator's, `#2` on repeats |\n\
         | `threshold` | passes where the value is at least this (at most, where less is better) |\n\
         | `weight` | weight in the overall score and in `weighted`; default 1 |\n\
         | `invert` | turns the verdict round, and a value of 0 to 1 into 1 - value |\n\
         | `when` | an expression over the case; where it is false, the answer is not judged |\n\
         | `extract` | steps of its own, in place of the suite's; `[]` is the whole answer |\n\n\
         Evaluators that *compare* read what the suite's `extract` takes of answer and reference; \
         the others read the whole answer. With several references the best one counts.\n\n\
         On the command line: `botsmith metric NAME --options JSON` reads lines of \
         `{\"candidate\": …, \"references\": […]}` and prints scores.\n",
    );
    for kind in Registry::builtin().kinds() {
        entry(&mut page, kind.docs());
    }
    page
}

fn entry(page: &mut String, docs: &Docs) {
    let _ = writeln!(page, "\n## {}\n\n{}\n", docs.name, docs.about);
    if !docs.formula.is_empty() {
        let _ = writeln!(page, "- **Value**: {}", docs.formula);
    }
    let hi = if docs.range.hi.is_finite() {
        docs.range.hi.to_string()
    } else {
        "no limit".into()
    };
    let _ = writeln!(
        page,
        "- **Range**: {} to {hi}; {}",
        docs.range.lo,
        docs.range.better.words()
    );
    let decides = if docs.decides {
        "by itself"
    } else {
        "with a `threshold`"
    };
    let compares = if docs.compares {
        "; compares with the references"
    } else {
        ""
    };
    let _ = writeln!(page, "- **Passes or fails**: {decides}{compares}");
    let _ = writeln!(page, "\n```yaml\n{}\n```", docs.example);
    if !docs.options.is_empty() {
        page.push_str("\n| option | |\n|---|---|\n");
        for option in docs.options {
            let required = if option.required { " (required)" } else { "" };
            let about = option.about.replace('|', "\\|");
            let _ = writeln!(page, "| `{}`{required} | {about} |", option.name);
        }
    }
    if let Some(scalar) = docs.scalar {
        let _ = writeln!(
            page,
            "\nShort form: `{}: X` is `{}: {{{scalar}: X}}`.",
            docs.name, docs.name
        );
    }
}

#[test]
fn the_reference_page_is_what_the_evaluators_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/evaluators.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("the page is written");
    }
    // The packaged crate has no docs folder beside it.
    if let Ok(written) = std::fs::read_to_string(&path) {
        assert!(
            written == page,
            "docs/src/evaluators.md is stale: run this test with UPDATE_DOCS=1"
        );
    }
}

#[test]
fn every_evaluator_has_a_sentence_an_example_and_documented_options() {
    for kind in Registry::builtin().kinds() {
        let docs = kind.docs();
        assert!(docs.about.ends_with('.'), "{}: {}", docs.name, docs.about);
        assert!(
            docs.example.contains(docs.name),
            "{}: {}",
            docs.name,
            docs.example
        );
        for option in docs.options {
            assert!(!option.about.is_empty(), "{}.{}", docs.name, option.name);
            let schema: Result<serde_json::Value, _> = serde_json::from_str(option.schema);
            assert!(
                schema.is_ok(),
                "{}.{}: {}",
                docs.name,
                option.name,
                option.schema
            );
        }
    }
}
