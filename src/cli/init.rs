//! `botsmith init`: a starter suite with its data, or a workflow with all that it needs; each runs as it is.

mod templates;

use std::fmt::Write as _;
use std::path::Path;

use botsmith::eval::evaluators::Registry;
use botsmith::eval::{Error, Result, suite};
use serde_json::json;

use super::args::Init;
use super::context::Context;
use super::{Ended, flow, output};
use templates::{TEMPLATES, Template};

pub(super) fn run(context: &Context, args: &Init) -> Result<Ended> {
    if args.list {
        return list(args);
    }
    let template = find(&args.template)?;
    let mut files: Vec<(&str, String)> = Vec::new();
    files.extend(
        template
            .files
            .iter()
            .map(|(name, text)| (*name, (*text).to_owned())),
    );
    files.extend(schemas(template));
    // All or nothing: a file that is there is never overwritten.
    for (name, _) in &files {
        let path = args.dir.join(name);
        if path.exists() {
            return Err(Error::Invalid(format!(
                "{} is there already; choose another folder: `botsmith init my-{}`",
                path.display(),
                template.name
            )));
        }
    }
    let fail = |path: &Path, source| {
        Error::Core(botsmith::core::Error::Write {
            path: path.to_owned(),
            source,
        })
    };
    let mut written = Vec::new();
    for (name, text) in files {
        let path = args.dir.join(name);
        let folder = path.parent().unwrap_or(&args.dir);
        std::fs::create_dir_all(folder).map_err(|source| fail(folder, source))?;
        std::fs::write(&path, text).map_err(|source| fail(&path, source))?;
        written.push(path);
    }
    let next: Vec<String> = template
        .next
        .iter()
        .map(|words| placed(words, &args.dir))
        .collect();
    if args.json {
        output::print_json(
            &json!({ "written": written, "template": template.name, "next": next }),
        )?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    for path in &written {
        let _ = writeln!(text, "wrote {}", path.display());
    }
    if !context.quiet() {
        text.push('\n');
        for words in &next {
            let _ = writeln!(text, "next: {words}");
        }
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

fn list(args: &Init) -> Result<Ended> {
    if args.json {
        let all: Vec<_> = TEMPLATES
            .iter()
            .map(|template| json!({"name": template.name, "about": template.about}))
            .collect();
        output::print_json(&json!({ "templates": all }))?;
        return Ok(Ended::Well);
    }
    let mut text = String::new();
    for template in &TEMPLATES {
        let _ = writeln!(text, "{:20} {}", template.name, template.about);
    }
    output::print(&text)?;
    Ok(Ended::Well)
}

fn find(name: &str) -> Result<&'static Template> {
    let found = TEMPLATES.iter().find(|template| template.name == name);
    found.ok_or_else(|| {
        let names = || TEMPLATES.iter().map(|template| template.name);
        let hint = match botsmith::core::hint::nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", botsmith::core::hint::list(names())),
        };
        Error::NotFound {
            what: "template",
            name: name.to_owned(),
            hint: Some(hint),
        }
    })
}

/// The schemas that the first lines of the template's files name for editors.
fn schemas(template: &Template) -> Vec<(&'static str, String)> {
    let names = |file: &str| template.files.iter().any(|(_, text)| text.contains(file));
    let pretty = |schema: &serde_json::Value| {
        serde_json::to_string_pretty(schema).expect("a JSON value serialises") + "\n"
    };
    let mut all = Vec::new();
    if names("suite.schema.json") {
        all.push((
            "suite.schema.json",
            pretty(&suite::schema(&Registry::builtin())),
        ));
    }
    if names("workflow.schema.json") {
        all.push((
            "workflow.schema.json",
            pretty(&botsmith::flow::schema(&flow::kinds::known())),
        ));
    }
    if names("cartridge.schema.json") {
        all.push((
            "cartridge.schema.json",
            pretty(&botsmith::nanobots::cartridge::schema()),
        ));
    }
    all
}

/// A command line whose `./` is the folder that the files are in.
fn placed(words: &str, dir: &Path) -> String {
    let dir = dir.display().to_string();
    match dir.as_str() {
        "." => words.replace("./", ""),
        _ => words.replace("./", &format!("{dir}/")),
    }
}
