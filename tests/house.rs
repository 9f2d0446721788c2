//! The house's shape: data goes one way, and each crate stays what it says it is.

use std::process::Command;

use serde_json::Value;

/// What each crate may name, in order; a crate never names one to its right or beside it.
const ARROWS: [(&str, &[&str]); 8] = [
    ("botsmith-core", &[]),
    ("botsmith-nlp", &["botsmith-core"]),
    ("botsmith-nanobots", &["botsmith-core"]),
    ("botsmith-flow", &["botsmith-core"]),
    (
        "botsmith-eval",
        &[
            "botsmith-core",
            "botsmith-nlp",
            "botsmith-nanobots",
            "botsmith-flow",
        ],
    ),
    (
        "botsmith",
        &[
            "botsmith-core",
            "botsmith-nlp",
            "botsmith-nanobots",
            "botsmith-flow",
            "botsmith-eval",
        ],
    ),
    // The script of the Python package is the command line, so this one stands behind the facade.
    ("botsmith-py", &["botsmith"]),
    // A library that is opened at run time: nothing depends on it.
    ("botsmith-cuda", &["botsmith-core"]),
];

fn metadata(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked"])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn no_arrow_runs_backwards() {
    let metadata = metadata(&["--no-deps"]);
    let packages = list(&metadata["packages"]);
    assert_eq!(
        packages.len(),
        ARROWS.len(),
        "a new crate needs its line in ARROWS"
    );
    for package in packages {
        let name = package["name"].as_str().expect("a package has a name");
        let (_, allowed) = ARROWS
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("crate {name} is not in ARROWS"));
        for dependency in list(&package["dependencies"]) {
            let on = dependency["name"]
                .as_str()
                .expect("a dependency has a name");
            let dev = dependency["kind"] == "dev";
            if on.starts_with("botsmith") && !dev {
                assert!(allowed.contains(&on), "{name} must not name {on}");
            }
        }
    }
}

#[test]
fn core_without_features_compiles_no_database_and_no_async_runtime() {
    is_light("botsmith-core", &["--no-default-features"]);
}

#[test]
fn nlp_alone_compiles_no_database_no_async_runtime_and_no_neural_engine() {
    is_light("botsmith-nlp", &[]);
}

#[test]
fn core_and_the_command_compile_no_neural_engine_unless_asked() {
    for package in ["botsmith-core", "botsmith"] {
        let tree = tree(package, &[]);
        let heavy = tree
            .lines()
            .find(|line| line.starts_with("candle") || line.starts_with("tokenizers"));
        assert_eq!(heavy, None, "{package}");
        let tree = self::tree(package, &["--features=engine"]);
        assert!(
            tree.lines().any(|line| line.starts_with("candle-core")),
            "{package}"
        );
    }
}

#[test]
fn vectors_of_tokens_need_no_neural_engine_and_evaluators_have_one_only_where_asked() {
    is_light(
        "botsmith-core",
        &["--no-default-features", "--features=static-embeddings"],
    );
    for package in ["botsmith-nanobots", "botsmith-flow", "botsmith-eval"] {
        let tree = tree(package, &[]);
        let heavy = tree
            .lines()
            .find(|line| line.starts_with("candle") || line.starts_with("tokenizers"));
        assert_eq!(heavy, None, "{package}");
    }
    let tree = tree("botsmith-eval", &["--features=semantic"]);
    assert!(tree.lines().any(|line| line.starts_with("candle-core")));
}

/// The crates that a package compiles, one a line.
fn tree(package: &str, features: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--edges=normal,build",
            "--prefix=none",
        ])
        .arg(format!("--package={package}"))
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo prints text")
}

fn is_light(package: &str, features: &[&str]) {
    let tree = tree(package, features);
    for heavy in [
        "rusqlite",
        "libsqlite3-sys",
        "tokio",
        "candle-core",
        "openssl-sys",
        "minijinja",
        "jsonschema",
    ] {
        assert!(
            !tree.lines().any(|line| line.starts_with(heavy)),
            "{package} pulls {heavy}:\n{tree}"
        );
    }
}

#[test]
fn every_error_code_has_its_line_in_the_docs() {
    let read = |path: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let docs = read("docs/src/errors.md");
    let mut codes = std::collections::BTreeSet::new();
    for folder in ["crates", "src"] {
        collect_codes(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut codes,
        );
    }
    assert!(codes.len() > 10, "{codes:?}");
    for code in codes {
        assert!(
            docs.contains(&code),
            "docs/src/errors.md does not explain {code}"
        );
    }
}

fn collect_codes(folder: &std::path::Path, codes: &mut std::collections::BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_codes(&path, codes);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file");
            for (at, _) in text.match_indices("\"BS-") {
                let code: String = text[at + 1..].chars().take_while(|c| *c != '"').collect();
                codes.insert(code);
            }
        }
    }
}

#[test]
fn every_page_of_the_book_is_in_its_summary_and_the_other_way_round() {
    let book = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src");
    let summary = std::fs::read_to_string(book.join("SUMMARY.md")).expect("a summary");
    for entry in std::fs::read_dir(&book).expect("the book") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a text name");
        let page = std::path::Path::new(&name)
            .extension()
            .is_some_and(|e| e == "md");
        if name != "SUMMARY.md" && page {
            assert!(
                summary.contains(&format!("({name})")),
                "SUMMARY.md does not name {name}"
            );
        }
    }
    for link in summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(
            book.join(link).is_file(),
            "SUMMARY.md names {link}, which is not there"
        );
    }
}

#[test]
fn every_promise_about_workflows_names_tests_that_are_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/src/flow.md")).expect("the page");
    let mut tests = String::new();
    for folder in ["crates/flow/tests", "crates/eval/tests", "tests"] {
        collect_sources(&root.join(folder), &mut tests);
    }
    let tests: String = tests.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, table) = page.split_once("| promise | test |").expect("the table");
    let rows: Vec<_> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 25, "{rows:?}");
    for row in rows {
        let named = row.split('|').nth(2).expect("a second column");
        for name in named.split(';') {
            let name = name.split(" (`").next().unwrap_or(name).trim();
            let function = format!("fn {}", name.replace([' ', '-'], "_").replace(',', ""));
            assert!(
                tests.contains(name) || tests.contains(&function),
                "docs/src/flow.md names the test `{name}`, which is not there"
            );
        }
    }
}

fn collect_sources(folder: &std::path::Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}
