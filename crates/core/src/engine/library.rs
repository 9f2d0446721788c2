//! Models by name: a folder or file, `hf:org/name[@revision][:file]` out of what is on this machine, and a list of it.
//!
//! Looked in: our own folder of models (`BOTSMITH_MODELS`, else `botsmith/models` in the cache of the user), then the
//! cache of the Hugging Face libraries (`HF_HUB_CACHE`, `HF_HOME`, else `~/.cache/huggingface/hub`), which is only
//! read. Nothing is fetched here: that is what `botsmith model pull` does.

mod reference;

use std::fs;
use std::path::{Path, PathBuf};

use super::error::{EngineError, Result};
use super::files::ModelFiles;
use crate::config::Environment;
#[cfg(feature = "hub")]
pub(crate) use reference::is_inside;
pub use reference::{HubModel, ModelRef};

/// Where models are kept on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Library {
    /// Our own folder.
    pub folder: PathBuf,
    /// The cache of the Hugging Face libraries.
    pub hub_cache: PathBuf,
    /// Where a relative path is looked for.
    pub here: PathBuf,
}

/// A model that is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// Its name as [`ModelRef`] reads it, with the commit.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// The bytes of its files.
    pub bytes: u64,
    /// Whether it is ours to remove.
    pub ours: bool,
}

impl Library {
    /// The folders that an environment names.
    pub fn new(environment: &Environment) -> Self {
        let folder = |name: &str| {
            environment
                .variables
                .get(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = folder("HOME")
            .or_else(|| folder("USERPROFILE"))
            .unwrap_or_else(|| environment.folder.clone());
        let cache = folder("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
        Self {
            folder: folder("BOTSMITH_MODELS").unwrap_or_else(|| cache.join("botsmith/models")),
            hub_cache: folder("HF_HUB_CACHE")
                .or_else(|| folder("HF_HOME").map(|home| home.join("hub")))
                .unwrap_or_else(|| cache.join("huggingface/hub")),
            here: environment.folder.clone(),
        }
    }

    /// The files of a model.
    ///
    /// # Errors
    /// [`EngineError::NoModel`] where it is not on this machine, with the command that fetches it.
    pub fn open(&self, model: &ModelRef) -> Result<ModelFiles> {
        let hub = match model {
            ModelRef::Path(path) => return ModelFiles::open(self.here.join(path)),
            ModelRef::Hub(hub) => hub,
        };
        let found = self.snapshot(hub).or_else(|| self.hub_snapshot(hub));
        let Some(folder) = found else {
            return Err(EngineError::NoModel {
                path: PathBuf::from(hub.to_string()),
                reason: format!(
                    "it is not on this machine; `botsmith model pull {hub}` fetches it"
                ),
            });
        };
        match &hub.file {
            Some(file) => ModelFiles::open(folder.join(file)),
            None => ModelFiles::open(folder),
        }
    }

    /// Our folder for all that is kept of a model.
    pub(crate) fn home(&self, hub: &HubModel) -> PathBuf {
        self.folder.join(hub.folder_name())
    }

    fn snapshot(&self, hub: &HubModel) -> Option<PathBuf> {
        of_revision(&self.home(hub), hub, true)
    }

    fn hub_snapshot(&self, hub: &HubModel) -> Option<PathBuf> {
        let name = format!("models--{}", hub.folder_name());
        of_revision(&self.hub_cache.join(name), hub, false)
    }

    /// What is on this machine, by name.
    pub fn list(&self) -> Vec<Kept> {
        let mut all = snapshots(&self.folder, "", true);
        all.extend(snapshots(&self.hub_cache, "models--", false));
        all.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        all
    }

    /// Removes a model that we fetched, all of its revisions, and gives the bytes that this frees.
    ///
    /// # Errors
    /// [`EngineError::NoModel`] where it is not in our own folder; [`EngineError::Read`] where it cannot be removed.
    pub fn remove(&self, hub: &HubModel) -> Result<u64> {
        let home = self.home(hub);
        if !home.is_dir() {
            return Err(EngineError::NoModel {
                path: home,
                reason: "only models that `botsmith model pull` fetched are removed".into(),
            });
        }
        let bytes = size(&home);
        fs::remove_dir_all(&home).map_err(EngineError::read(&home))?;
        Ok(bytes)
    }
}

/// The snapshot of a revision: by the commit that its name was last seen at, or by the commit itself. Of ours, only what
/// was fetched to the end: then the commit has a reference too.
fn of_revision(home: &Path, hub: &HubModel, ours: bool) -> Option<PathBuf> {
    let reference = fs::read_to_string(home.join("refs").join(&hub.revision)).ok();
    if ours && reference.is_none() {
        return None;
    }
    let commit = reference
        .as_deref()
        .map_or(hub.revision.as_str(), str::trim);
    let plain = !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_alphanumeric());
    let folder = home.join("snapshots").join(commit);
    // A snapshot may hold one file of many.
    let there = match &hub.file {
        Some(file) => folder.join(file).is_file(),
        None => folder.is_dir(),
    };
    (plain && there).then_some(folder)
}

fn snapshots(folder: &Path, prefix: &str, ours: bool) -> Vec<Kept> {
    let entries = |path: &Path| {
        fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
    };
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut kept = Vec::new();
    for home in entries(folder) {
        let home_name = name(&home);
        let Some((owner, model)) = home_name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once("--"))
        else {
            continue;
        };
        for snapshot in entries(&home.join("snapshots")) {
            if ours && !home.join("refs").join(name(&snapshot)).is_file() {
                // Broken off: the next `pull` goes on with it.
                continue;
            }
            kept.push(Kept {
                name: format!("hf:{owner}/{model}@{}", name(&snapshot)),
                bytes: size(&snapshot),
                path: snapshot,
                ours,
            });
        }
    }
    kept
}

/// The bytes of all files below, links followed to files only.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            _ => fs::metadata(entry.path()).map_or(0, |about| about.len()),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(root: &Path) -> Library {
        Library::new(
            &Environment::new(root)
                .with("BOTSMITH_MODELS", root.join("ours"))
                .with("HF_HUB_CACHE", root.join("theirs")),
        )
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    #[test]
    fn a_model_is_found_by_branch_and_by_commit_in_both_places() {
        let root = tempfile::tempdir().expect("a folder");
        let library = library(root.path());
        let model = |text: &str| text.parse::<ModelRef>().expect("a name");
        let error = library.open(&model("hf:a/b")).expect_err("nothing there");
        assert!(
            error.to_string().contains("botsmith model pull hf:a/b"),
            "{error}"
        );
        write(&root.path().join("theirs/models--a--b/refs/main"), "c0ffee");
        write(
            &root
                .path()
                .join("theirs/models--a--b/snapshots/c0ffee/model.safetensors"),
            "12",
        );
        let found = library.open(&model("hf:a/b")).expect("theirs");
        assert!(
            found
                .folder
                .ends_with("theirs/models--a--b/snapshots/c0ffee")
        );
        write(&root.path().join("ours/a--b/refs/main"), "beef\n");
        write(&root.path().join("ours/a--b/refs/beef"), "beef");
        write(&root.path().join("ours/a--b/snapshots/cut/m.gguf"), "1");
        write(&root.path().join("ours/a--b/snapshots/beef/m.gguf"), "123");
        let found = library.open(&model("hf:a/b")).expect("ours first");
        assert!(found.folder.ends_with("ours/a--b/snapshots/beef"));
        library.open(&model("hf:a/b@c0ffee")).expect("by commit");
        library.open(&model("hf:a/b:m.gguf")).expect("a file");
        library.open(&model("hf:a/b@cut")).expect_err("broken off");
        library
            .open(&model("hf:a/b@dead"))
            .expect_err("another commit");
        let list = library.list();
        let names: Vec<&str> = list.iter().map(|kept| kept.name.as_str()).collect();
        assert_eq!(names, ["hf:a/b@beef", "hf:a/b@c0ffee"]);
        assert_eq!(
            (list[0].bytes, list[0].ours, list[1].bytes, list[1].ours),
            (3, true, 2, false)
        );
        let ModelRef::Hub(hub) = model("hf:a/b") else {
            panic!("of the hub")
        };
        assert_eq!(library.remove(&hub).expect("removed"), 13);
        library.remove(&hub).expect_err("theirs stay");
    }
}
