//! Where cartridges lie: a name -> the file, and the list of all of them.
//!
//! Follows the reference implementation's search: the path as given, the same name with each ending, then
//! the folders of `NANO_BOTS_CARTRIDGES_PATH` and the older `NANO_BOTS_CARTRIDGES_DIRECTORY` (both with `:`
//! between folders), then `~/.local/share/nano-bots/cartridges`. Unlike it, a name with a point in it
//! (`gpt-3.5`) is also tried as a whole. Pure over a [`Shelf`].

use std::io;
use std::path::{Path, PathBuf};

use botsmith_core::config::{Disk, Environment, Files, MemoryFiles};

use crate::cartridge::{Cartridge, Format, Options};
use crate::{Error, Result};

/// The name of the baseline cartridge.
pub const BASELINE: &str = "-";
/// Files in one folder of cartridges at most: more is a mistake, as a home folder.
const FILES: usize = 10_000;
/// Folders within folders at most.
const DEPTH: usize = 16;

/// Where files and folders are looked at.
pub trait Shelf: Files {
    /// Whether there is a file of this name.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether there is a folder of this name.
    fn is_folder(&self, path: &Path) -> bool;

    /// The files below a folder, in order of their names.
    ///
    /// # Errors
    /// If it cannot be looked at, or holds more than is sensible.
    fn files_under(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// The path with links followed, where it can be; else as it is.
    fn real(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

impl Shelf for Disk {
    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn files_under(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        let mut open = vec![(folder.to_owned(), 0)];
        while let Some((folder, depth)) = open.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                // Links to folders are not followed: they may go round.
                if path.is_dir() && !path.is_symlink() {
                    if depth < DEPTH {
                        open.push((path, depth + 1));
                    }
                } else {
                    files.push(path);
                }
                if files.len() + open.len() > FILES {
                    let message = format!("more than {FILES} files below {}", folder.display());
                    return Err(io::Error::other(message));
                }
            }
        }
        files.sort();
        Ok(files)
    }

    fn real(&self, path: &Path) -> PathBuf {
        // The empty path is the working directory.
        let shown = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        shown.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

impl Shelf for MemoryFiles {
    fn is_file(&self, path: &Path) -> bool {
        let path = path.strip_prefix(".").unwrap_or(path);
        self.paths().any(|file| file == path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.paths()
            .any(|file| file != path && file.starts_with(path))
    }

    fn files_under(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let inside = self.paths().filter(|file| file.starts_with(folder));
        Ok(inside.map(Path::to_owned).collect())
    }
}

/// The folders that the environment names, as the reference implementation lists them: those that are
/// there, or the default folder if none is.
///
/// `home` is the user's home folder; `variable` looks up the environment; `is_folder` says whether a folder
/// is there.
///
/// ```
/// use botsmith_nanobots::library::search_path;
/// let none = search_path("/home/ada".as_ref(), &|_| None, &|_| true);
/// assert_eq!(none, ["/home/ada/.local/share/nano-bots/cartridges".into()] as [std::path::PathBuf; 1]);
/// ```
pub fn search_path(
    home: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
    is_folder: &dyn Fn(&Path) -> bool,
) -> Vec<PathBuf> {
    let mut folders = named_folders(variable);
    folders.retain(|folder| is_folder(folder));
    if folders.is_empty() {
        folders.push(default_folder(home));
    }
    folders
}

fn named_folders(variable: &dyn Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let names = [
        "NANO_BOTS_CARTRIDGES_PATH",
        "NANO_BOTS_CARTRIDGES_DIRECTORY",
    ];
    let mut folders: Vec<PathBuf> = Vec::new();
    for list in names.into_iter().filter_map(variable) {
        for folder in list
            .split(':')
            .map(str::trim)
            .filter(|folder| !folder.is_empty())
        {
            let folder = PathBuf::from(match folder.trim_end_matches('/') {
                "" => "/",
                folder => folder,
            });
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    }
    folders
}

fn default_folder(home: &Path) -> PathBuf {
    home.join(".local/share/nano-bots/cartridges")
}

/// Finds cartridges by name.
///
/// ```
/// use botsmith_core::config::{Environment, MemoryFiles};
/// use botsmith_nanobots::library::Library;
/// let files = MemoryFiles::from([("/bots/ada.yml", "meta: {name: Ada}")]);
/// let environment = Environment::new("/work").with("NANO_BOTS_CARTRIDGES_PATH", "/bots");
/// let library = Library::new(&environment, &files);
/// assert_eq!(library.find("ada"), Some("/bots/ada.yml".into()));
/// assert_eq!(library.find("eve"), None);
/// ```
#[derive(Clone)]
pub struct Library<'a> {
    files: &'a dyn Shelf,
    /// Folders that the environment names.
    named: Vec<PathBuf>,
    /// The folder in the user's home.
    default: Option<PathBuf>,
}

impl std::fmt::Debug for Library<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library")
            .field("named", &self.named)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

/// A cartridge in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// What to ask for it by: its path below its folder, without ending; `-` for the baseline.
    pub id: String,
    /// Its file; `None` for the baseline.
    pub path: Option<PathBuf>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its character.
    pub symbol: Option<String>,
}

impl<'a> Library<'a> {
    /// The cartridges that this environment can see. Relative paths are relative to the process's working
    /// directory, or to the root of `files`.
    pub fn new(environment: &Environment, files: &'a dyn Shelf) -> Self {
        let variable = |name: &str| {
            let value = environment.variables.get(name)?;
            value.to_str().map(str::to_owned)
        };
        Self {
            files,
            named: named_folders(&variable),
            default: variable("HOME")
                .or_else(|| variable("USERPROFILE"))
                .map(|home| default_folder(Path::new(&home))),
        }
    }

    /// Looks in this folder, too, before those of the environment.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.named.insert(0, folder.into());
        self
    }

    /// The folders that are searched, in order.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.named.iter().chain(&self.default).map(PathBuf::as_path)
    }

    /// Where a name is looked for, in order.
    pub fn candidates(&self, name: &str) -> Vec<PathBuf> {
        let path = Path::new(name);
        let known =
            crate::cartridge::Format::of(&path.extension().unwrap_or_default().to_string_lossy())
                .is_ok();
        let mut candidates = vec![path.to_owned()];
        let mut add = |folder: Option<&Path>, name: &Path| {
            let parent = match name.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                // As the reference implementation writes it.
                _ => Path::new("."),
            };
            let with_endings = |stem: &std::ffi::OsStr| {
                let stem = stem.to_string_lossy().into_owned();
                let ending = move |ending| format!("{stem}.{ending}");
                Format::EXTENSIONS.map(ending)
            };
            // `gpt-3.5` has no ending; the reference implementation takes `.5` for one.
            let whole = name.file_name().filter(|_| !known);
            let names = whole
                .into_iter()
                .chain(name.file_stem())
                .flat_map(with_endings);
            for file in names {
                let file = match folder {
                    Some(folder) if parent == Path::new(".") => folder.join(file),
                    Some(folder) => folder.join(parent).join(file),
                    None => parent.join(file),
                };
                if !candidates.contains(&file) {
                    candidates.push(file);
                }
            }
        };
        add(None, path);
        let below = name.strip_prefix('.').filter(|rest| rest.starts_with('/'));
        let below = below.unwrap_or(name);
        let below = Path::new(below.trim_start_matches('/'));
        // `..` would leave the folders.
        let leaves = below
            .components()
            .any(|part| !matches!(part, std::path::Component::Normal(_)));
        if !leaves {
            for folder in self.named.iter().chain(&self.default) {
                add(Some(folder), below);
            }
        }
        candidates
    }

    /// The file of a name: the first candidate that is there.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        if name.trim().is_empty() || name.contains('\0') {
            return None;
        }
        let candidates = self.candidates(name);
        candidates.into_iter().find(|path| self.files.is_file(path))
    }

    /// The name of the search path that is most like `name`. The files are not read.
    fn nearest(&self, name: &str) -> Option<String> {
        let mut names = Vec::new();
        for folder in self.folders() {
            let files = self.files.files_under(folder).unwrap_or_default();
            let cartridges = files
                .iter()
                .filter(|path| crate::cartridge::is_cartridge(path));
            names.extend(cartridges.map(|path| id_below(folder, path)));
        }
        botsmith_core::hint::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// Opens a cartridge by name; `-` is the baseline. The search path is added to the places whose files
    /// it may name.
    ///
    /// # Errors
    /// [`Error::NotFound`] that names the places looked at; as [`Cartridge::open`].
    pub fn open(&self, name: &str, options: &Options<'_>) -> Result<Cartridge> {
        if name == BASELINE {
            return Cartridge::baseline(options);
        }
        let Some(path) = self.find(name) else {
            return Err(Error::NotFound {
                // Whole, however long: it is a path that its caller looks up.
                query: (name.chars())
                    .map(|c| match botsmith_core::hint::is_unprintable(c) {
                        true => c.escape_unicode().to_string(),
                        false => c.to_string(),
                    })
                    .collect(),
                searched: std::iter::once(PathBuf::from("."))
                    .chain(self.folders().map(Path::to_owned))
                    .collect(),
                near: self.nearest(name),
            });
        };
        let mut options = options.clone();
        options.files = self.files;
        for folder in self.folders().filter(|folder| path.starts_with(folder)) {
            options.roots.push(folder.to_owned());
        }
        Cartridge::open(path, &options)
    }

    /// All cartridges of the environment's folders (of the default folder, if none of those is there), in
    /// order of their names; the baseline first. Files that cannot be read, or have no `meta.name`, are in
    /// the second list, with the reason.
    pub fn list(&self, options: &Options<'_>) -> (Vec<Listed>, Vec<(PathBuf, Error)>) {
        let there = |folder: &&PathBuf| self.files.is_folder(folder);
        let mut folders: Vec<&PathBuf> = self.named.iter().filter(there).collect();
        if folders.is_empty() {
            folders.extend(self.default.iter().filter(there));
        }
        let mut options = options.clone();
        options.files = self.files;
        let mut listed = Vec::new();
        let mut failed = Vec::new();
        for folder in folders {
            let files = match self.files.files_under(folder) {
                Ok(files) => files,
                Err(source) => {
                    let path = folder.clone();
                    let error = botsmith_core::Error::Read { path, source };
                    failed.push((folder.clone(), error.into()));
                    continue;
                }
            };
            let cartridge = |path: &PathBuf| crate::cartridge::is_cartridge(path);
            for path in files.into_iter().filter(cartridge) {
                match entry(folder, &path, &options) {
                    Ok(entry) => listed.push(entry),
                    Err(error) => failed.push((path, error)),
                }
            }
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        let baseline = Listed {
            id: BASELINE.into(),
            path: None,
            name: "Default".into(),
            description: Some("The baseline: a bot without directive.".into()),
            symbol: Some("🤖".into()),
        };
        listed.insert(0, baseline);
        (listed, failed)
    }
}

/// What a cartridge of `folder` is asked for by.
fn id_below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn entry(folder: &Path, path: &Path, options: &Options<'_>) -> Result<Listed> {
    let cartridge = Cartridge::open(path, options)?;
    // It is shown: what the environment put in is nobody's to see.
    let meta = cartridge.as_written().meta();
    let Some(name) = meta.name else {
        let diagnostic = cartridge.diagnostic(&["meta"], "`meta.name` is missing");
        return Err(diagnostic.hint("lists show it").into());
    };
    Ok(Listed {
        id: id_below(folder, path),
        path: Some(path.to_owned()),
        name,
        description: meta.description,
        symbol: meta.symbol,
    })
}
