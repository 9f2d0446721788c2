//! Steps of kind `dataset`: a path with `*` and `?` -> the rows of all files that it names, in order of names.
//!
//! JSONL, CSV, TSV, JSON and YAML give their rows; any other file is one row, `{path, name, text}`. A path
//! that names no file is an error. Links to folders are not followed up.

use std::path::{Path, PathBuf};

use botsmith_flow::{StepError, Task};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failed;
use crate::dataset::{DataSource, Format};

/// The most rows that one step gives.
const MOST: usize = 100_000;
/// The most files that a path may name.
const FILES: usize = 10_000;
/// The largest file that is one row, in bytes.
const LARGEST: u64 = 16 << 20;

#[derive(Deserialize)]
struct With {
    path: String,
    limit: Option<usize>,
}

pub(super) fn rows(task: &Task) -> Result<Value, StepError> {
    let with: With = task.read()?;
    let most = with.limit.unwrap_or(MOST).min(MOST);
    let files = named(task.folder(), &with.path)?;
    let mut rows = Vec::new();
    for file in files {
        if task.cancel().is_cancelled() {
            return Err(StepError::new("cancelled", "it was cancelled"));
        }
        if rows.len() >= most {
            break;
        }
        match Format::of(&file) {
            Some(format) => table(&file, format, most, &mut rows)?,
            None => rows.push(text(&file)?),
        }
    }
    if rows.len() > most {
        rows.truncate(most);
    }
    Ok(Value::Array(rows))
}

fn table(path: &Path, format: Format, most: usize, rows: &mut Vec<Value>) -> Result<(), StepError> {
    let source = DataSource::File {
        path: path.to_owned(),
        format,
    };
    let mut batches = source.rows().map_err(|error| failed(&error))?;
    while rows.len() < most
        && let Some(batch) = batches.next_batch().map_err(|error| failed(&error))?
    {
        let batch = batch.rows().map_err(|error| failed(&error))?;
        rows.extend(batch.into_iter().map(|row| row.value));
    }
    Ok(())
}

fn text(path: &Path) -> Result<Value, StepError> {
    let fail = |what: String| StepError::new("file", format!("{}: {what}", path.display()));
    let size = std::fs::metadata(path)
        .map_err(|error| fail(error.to_string()))?
        .len();
    if size > LARGEST {
        return Err(fail(format!("it has {size} bytes, at most {LARGEST} fit")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let name = path.file_name().map(|name| name.to_string_lossy());
    Ok(json!({"path": path.to_string_lossy(), "name": name, "text": text}))
}

/// The files that a pattern names, from `folder` on, by name.
fn named(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, StepError> {
    let none = || {
        let message = format!("`{pattern}` names no file in {}", folder.display());
        StepError::new("not-found", message)
    };
    let mut found = vec![folder.to_owned()];
    for part in Path::new(pattern).components() {
        let text = part.as_os_str().to_string_lossy();
        let mut next = Vec::new();
        for place in found {
            if !text.contains(['*', '?']) {
                next.push(place.join(part));
                continue;
            }
            // A folder that is no folder names nothing.
            let entries = std::fs::read_dir(&place).into_iter().flatten().flatten();
            let mut names: Vec<_> = entries
                .map(|entry| entry.file_name())
                .filter(|name| {
                    let name = name.to_string_lossy();
                    let hidden = name.starts_with('.') && !text.starts_with('.');
                    !hidden && fits(text.as_bytes(), name.as_bytes())
                })
                .collect();
            names.sort();
            next.extend(names.into_iter().map(|name| place.join(name)));
        }
        if next.len() > FILES {
            let message = format!("`{pattern}` names more than {FILES} files");
            return Err(StepError::new("invalid", message));
        }
        found = next;
    }
    found.retain(|path| path.is_file());
    match found.is_empty() {
        true => Err(none()),
        false => Ok(found),
    }
}

/// Whether a name fits a pattern, in time linear in both: on a mismatch only the last `*` is widened.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(one) if *one == b'?' || *one == name[n] => (p, n) = (p + 1, n + 1),
            _ => match &mut star {
                Some((at, from)) => {
                    *from += 1;
                    (p, n) = (*at + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|one| *one == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_files_in_order_and_hidden_ones_only_by_a_dot() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.md", "a.md", ".c.md", "d.txt", "sub/e.md"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = named(folder.path(), pattern).unwrap_or_default();
            let name = |path: PathBuf| {
                path.strip_prefix(folder.path())
                    .unwrap()
                    .to_string_lossy()
                    .into()
            };
            found.into_iter().map(name).collect()
        };
        assert_eq!(names("*.md"), ["a.md", "b.md"]);
        assert_eq!(names(".*"), [".c.md"]);
        assert_eq!(names("*/?.md"), ["sub/e.md"]);
        assert_eq!(names("d.txt"), ["d.txt"]);
        assert!(names("*.none").is_empty());
        assert!(fits(b"a*b*c", b"axxbxc") && !fits(b"a*b*c", b"axxbx"));
    }
}
