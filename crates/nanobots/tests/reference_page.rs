//! The reference page of cartridges is made from their schema.
//!
//! `UPDATE_DOCS=1 cargo test -p botsmith-nanobots --test reference_page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use botsmith_nanobots::cartridge;
use serde_json::Value;

const HEAD: &str = "<!-- Made by `UPDATE_DOCS=1 cargo test -p botsmith-nanobots --test reference_page`. -->\n\
    # Keys of a cartridge\n\n\
    A cartridge is a YAML file (`.yml`, `.yaml`), or a Markdown file (`.md`, `.mkdn`, `.mdown`, `.markdown`) whose \
    fenced `yaml` blocks are merged in order; a block of `lua` or `fennel` right after one with `tools` is the code of \
    its last tool. All keys are optional. A key that is not known is ignored, with a warning that names its line and \
    the nearest known key; under `botsmith:` it is an error.\n\n\
    A text that is nothing but `ENV/NAME` or `ENV-NAME` stands for the environment's variable of that name. It is put \
    in when the bot is loaded. Credentials and values of a provider's settings that come from it are never shown or \
    stored. Elsewhere the placeholder is shown in its place, but what a bot is told or says is kept with the \
    conversation: a directive, a prefix or an example is no place for a secret.\n\n\
    Two profiles differ in how they read. `native`, the default, reads YAML 1.2 and sends the `instruction` of \
    `behaviors.interaction`. `compat` does what the reference implementation does: YAML 1.1 as Ruby reads it (`yes` \
    is true, `010` is 8, aliases and dates are refused), and that `instruction` is not sent.\n";

fn page() -> String {
    let mut page = String::from(HEAD);
    let schema = cartridge::schema();
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let _ = writeln!(page, "\n## {key}\n\n{}", about(property));
        let mut rows = Vec::new();
        collect(property, "", &mut rows);
        if !rows.is_empty() {
            page.push_str("\n| key | value | |\n|---|---|---|\n");
        }
        for (path, kind, about) in rows {
            let about = about.replace('|', "\\|");
            let _ = writeln!(page, "| `{path}` | {kind} | {about} |");
        }
    }
    page
}

fn about(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// All keys below a schema: path, kind, description. `NAME` stands for a name of the author's choice,
/// `[]` for each item of a list.
fn collect(schema: &Value, path: &str, rows: &mut Vec<(String, String, String)>) {
    let join = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = join(key);
        rows.push((path.clone(), kind(property), about(property).to_owned()));
        // A provider within a fallback or rule is described once, at the root.
        if !about(property).starts_with("As the root key") && key != "provider" {
            collect(property, &path, rows);
        }
    }
    if schema["items"].is_object() {
        collect(&schema["items"], &format!("{path}[]"), rows);
    }
    if schema["additionalProperties"].is_object() {
        collect(&schema["additionalProperties"], &join("NAME"), rows);
    }
    for alternative in schema["anyOf"].as_array().into_iter().flatten() {
        collect(alternative, path, rows);
    }
}

fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .filter_map(Value::as_str)
            .map(|w| format!("`{w}`"))
            .collect();
        return words.join(", ");
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let mut kinds: Vec<String> = alternatives.iter().map(kind).collect();
        kinds.dedup();
        return kinds.join(" or ");
    }
    let word = |kind: &Value| match kind.as_str() {
        Some("object") => "mapping",
        Some("array") => "list",
        Some("string") => "text",
        Some("boolean") => "`true`, `false`",
        Some("integer") => "whole number",
        Some("number") => "number",
        Some("null") => "null",
        _ => "anything",
    };
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
        kind => word(kind).to_owned(),
    }
}

#[test]
fn the_reference_page_is_what_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/cartridge-reference.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("the page is written");
    }
    // The packaged crate has no docs folder beside it.
    if let Ok(written) = std::fs::read_to_string(&path) {
        assert!(
            written == page,
            "docs/src/cartridge-reference.md is stale: run this test with UPDATE_DOCS=1"
        );
    }
}
