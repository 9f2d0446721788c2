//! `modules.json` of `sentence-transformers`: the steps of a model in order, each with its kind and its folder.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::read_json;
use crate::engine::error::{EngineError, Result};

/// Most steps of a model.
const STEPS: usize = 16;

/// A step of a model.
#[derive(Debug)]
pub(crate) struct Module {
    /// As the file has it: the path of a class of Python, which ends with `Transformer`, `Pooling` and the like.
    pub(crate) kind: String,
    /// Where its files lie: the folder of the model, or one below it.
    pub(crate) folder: PathBuf,
}

impl Module {
    /// The last word of its kind.
    pub(crate) fn name(&self) -> &str {
        self.kind.rsplit('.').next().unwrap_or_default()
    }
}

/// The steps of the model in this folder; none where it has no such file.
///
/// # Errors
/// [`EngineError::Damaged`] where it is no list, a long one, or names a folder elsewhere; [`EngineError::Read`].
pub(crate) fn modules(folder: &Path) -> Result<Vec<Module>> {
    let path = folder.join("modules.json");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let json = read_json(&path)?;
    let list = json.as_array().filter(|list| list.len() <= STEPS);
    let list = list.ok_or_else(|| {
        EngineError::damaged(&path, format!("a list of up to {STEPS} modules is wanted"))
    })?;
    let module = |module: &Value| {
        let text = |key: &str| module.get(key).and_then(Value::as_str).unwrap_or_default();
        Ok(Module {
            kind: text("type").to_owned(),
            folder: inside(&path, folder, text("path"))?,
        })
    };
    list.iter().map(module).collect()
}

/// The folder of the encoder, where it is one below that of the model.
pub(super) fn transformer(folder: &Path) -> Result<Option<PathBuf>> {
    let mut below = modules(folder)?
        .into_iter()
        .filter(|module| module.name() == "Transformer" && module.folder != folder);
    Ok(below.next().map(|module| module.folder))
}

/// A folder below another; names that lead elsewhere are refused.
fn inside(path: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let plain = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    match plain && !name.contains('\\') {
        true if name.is_empty() => Ok(folder.to_owned()),
        true => Ok(folder.join(name)),
        false => Err(EngineError::damaged(
            path,
            format!(
                "the folder `{}` of a module is outside of the model",
                crate::hint::shown(name)
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_cannot_lie_outside_of_the_model() {
        let find = |name: &str| inside(Path::new("modules.json"), Path::new("/m"), name);
        assert_eq!(
            find("1_Pooling").expect("inside"),
            Path::new("/m/1_Pooling")
        );
        assert_eq!(find("").expect("the model's own"), Path::new("/m"));
        for name in ["../x", "/etc", "a/../..", "a\\b"] {
            find(name).expect_err(name);
        }
    }

    #[test]
    fn what_is_no_short_list_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |text: &str| {
            std::fs::write(folder.path().join("modules.json"), text).expect("a file");
            modules(folder.path())
        };
        let long = format!("[{}]", vec!["{}"; STEPS + 1].join(","));
        for text in ["{}", "[", &long, r#"[{"path": "../x"}]"#] {
            assert_eq!(read(text).expect_err(text).code(), "BS-ENG-003");
        }
        let text = r#"[{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]"#;
        let read = read(text).expect("modules");
        assert_eq!(
            (read[0].name(), read[0].folder.as_path()),
            ("Pooling", folder.path().join("1_Pooling").as_path())
        );
    }
}
