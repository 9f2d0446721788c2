//! `botsmith init`: a starter suite with its data, that passes.

use std::fmt::Write as _;
use std::path::Path;

use botsmith::eval::evaluators::Registry;
use botsmith::eval::{Error, Result, suite};
use serde_json::json;

use super::args::Init;
use super::context::Context;
use super::{Ended, output};

const SUITE: &str = include_str!("init/suite.yaml");
const CASES: &str = include_str!("init/cases.jsonl");
const SCHEMA: &str = "suite.schema.json";

pub(super) fn run(context: &Context, args: &Init) -> Result<Ended> {
    let schema = serde_json::to_string_pretty(&suite::schema(&Registry::builtin()))
        .expect("a JSON value serialises");
    let files = [
        ("suite.yaml", SUITE),
        ("cases.jsonl", CASES),
        (SCHEMA, schema.as_str()),
    ];
    // All or nothing: a file that is there is never overwritten.
    for (name, _) in files {
        let path = args.dir.join(name);
        if path.exists() {
            return Err(Error::Invalid(format!(
                "{} is there already; choose another folder: `botsmith init my-suite`",
                path.display()
            )));
        }
    }
    let fail = |path: &Path, source| {
        Error::Core(botsmith::core::Error::Write {
            path: path.to_owned(),
            source,
        })
    };
    std::fs::create_dir_all(&args.dir).map_err(|source| fail(&args.dir, source))?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = args.dir.join(name);
        std::fs::write(&path, text).map_err(|source| fail(&path, source))?;
        written.push(path);
    }
    if args.json {
        output::print_json(&json!({ "written": written }))?;
    } else {
        let mut text = String::new();
        for path in &written {
            let _ = writeln!(text, "wrote {}", path.display());
        }
        if !context.quiet() {
            let suite = args.dir.join("suite.yaml");
            let _ = writeln!(text, "\nnext: botsmith eval {}", suite.display());
        }
        output::print(&text)?;
    }
    Ok(Ended::Well)
}
