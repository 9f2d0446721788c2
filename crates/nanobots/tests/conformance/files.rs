//! Operations on cartridges as files: read, merged, found, listed.

use std::path::{Path, PathBuf};

use botsmith_core::config::{Environment, MemoryFiles};
use botsmith_nanobots::cartridge::{self, Options, Profile};
use botsmith_nanobots::library::{self, Library};
use serde_json::{Value, json};

use super::wanted::{Case, Found, NULL, plain};

pub fn parse(case: &Case<'_>) -> Found {
    Ok(case.cartridge()?.value().clone())
}

pub fn deep_merge(case: &Case<'_>) -> Found {
    Ok(cartridge::deep_merge(
        case.arg("left").clone(),
        case.arg("right").clone(),
    ))
}

pub fn fetch(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    let paths = case.arg("paths").as_array().ok_or("`paths` is no list")?;
    let found = paths.iter().map(|path| {
        let keys: Vec<String> = path.as_array().into_iter().flatten().map(plain).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        cartridge::fetch(cartridge.value(), &keys)
            .unwrap_or(&NULL)
            .clone()
    });
    Ok(found.collect())
}

pub fn env_substitute(case: &Case<'_>) -> Found {
    parse(case)
}

pub fn dump_cartridge(case: &Case<'_>) -> Found {
    Ok(case.cartridge()?.original().clone())
}

pub fn cartridges_path(case: &Case<'_>) -> Found {
    let environment = case.variables("env");
    let there = case.arg("existing_dirs");
    let is_folder = |path: &Path| match there {
        Value::Array(folders) => folders
            .iter()
            .any(|folder| Path::new(&plain(folder)) == path),
        all => all == "*",
    };
    let home = PathBuf::from(case.arg_text("home"));
    let folders = library::search_path(&home, &|name| environment.get(name).cloned(), &is_folder);
    let folders: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    Ok(folders.join(":").into())
}

/// The case's environment, with a home that is there.
fn environment(case: &Case<'_>) -> Environment {
    let home = match case.arg("home") {
        Value::String(home) => home.clone(),
        _ => "/home/u".to_owned(),
    };
    case.variables("env").into_iter().fold(
        Environment::new("/work").with("HOME", home),
        |all, (name, value)| all.with(name, value),
    )
}

/// The case's files: a list of names, or a map of names to contents. A file without a content is a
/// cartridge with the name of its file.
fn files(listed: &Value) -> MemoryFiles {
    let content = |path: &str| {
        let stem = Path::new(path)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match path.ends_with("md") || path.ends_with("mdown") || path.ends_with("markdown") {
            true => format!("```yaml\nmeta: {{name: \"{stem}\"}}\n```\n"),
            false => format!("meta: {{name: \"{stem}\"}}\n"),
        }
    };
    let files: Vec<(String, String)> = match listed {
        Value::Object(map) => map
            .iter()
            .map(|(path, text)| (path.clone(), plain(text)))
            .collect(),
        list => list
            .as_array()
            .into_iter()
            .flatten()
            .map(plain)
            .map(|path| (path.clone(), content(&path)))
            .collect(),
    };
    files
        .into_iter()
        .fold(MemoryFiles::default(), |all, (path, text)| {
            all.with(path, text)
        })
}

pub fn resolve_cartridge(case: &Case<'_>) -> Found {
    let files = files(case.arg("cwd_and_abs_files"));
    let environment = environment(case);
    let found = Library::new(&environment, &files).find(case.arg_text("query"));
    Ok(json!(found.map(|path| path.display().to_string())))
}

pub fn list_cartridges(case: &Case<'_>) -> Found {
    let files = files(case.arg("files"));
    let environment = environment(case);
    let options = Options::default().profile(Profile::Compat).files(&files);
    let (listed, _) = Library::new(&environment, &files).list(&options);
    Ok(listed.into_iter().map(|listed| listed.id).collect())
}
