//! A file -> a [`Cartridge`]: text to tree, `extends`, the environment, the typed extensions, warnings.
//!
//! Limits on what a cartridge may ask for are those of [`MAX_BYTES`], [`DEPTH`], [`NODES`] and
//! [`EXTENDS`]; every error names file and line.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use botsmith_core::config::Disk;
use botsmith_core::hint::shown;
use botsmith_core::yaml::{
    Cursor, Dialect, Entry, Node, Parsed, Reading, Source, Value as Yaml, parse_as,
};
use botsmith_core::{Diagnostic, Error as CoreError};

use super::env::{NoVariables, Variables, substitute};
use super::layers::Layers;
use super::{Cartridge, Format, Native, Profile, Text, check, markdown, merge, template};
use crate::library::Shelf;
use crate::{Error, Result};

/// Bytes of one file of a cartridge at most.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Nested collections at most.
const DEPTH: usize = 64;
/// Values of one file at most, keys included: as many mappings as that, read and copied, stay under 100 MB.
const NODES: usize = 80_000;
/// Cartridges in one chain of `extends` at most.
const EXTENDS: usize = 8;
/// The code of errors about files that a cartridge names.
const CODE: &str = "BS-BOT-010";

/// How cartridges are read.
///
/// ```
/// use botsmith_nanobots::cartridge::{Options, Profile};
/// let options = Options::default().profile(Profile::Compat).root("/home/ada/bots");
/// assert_eq!(options.profile, Profile::Compat);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Options<'a> {
    /// Whose rules hold; native by default.
    pub profile: Profile,
    /// Where files are read; the disk by default.
    pub files: &'a dyn Shelf,
    /// Where `ENV/NAME` is looked up; nothing is set by default.
    pub variables: &'a dyn Variables,
    /// Folders besides the cartridge's own whose files `extends` and `output-schema` may name.
    pub roots: Vec<PathBuf>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            files: &Disk,
            variables: &NoVariables,
            roots: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("profile", &self.profile)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl<'a> Options<'a> {
    /// Sets whose rules hold.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets where files are read.
    #[must_use]
    pub fn files(mut self, files: &'a dyn Shelf) -> Self {
        self.files = files;
        self
    }

    /// Sets where `ENV/NAME` is looked up.
    #[must_use]
    pub fn variables(mut self, variables: &'a dyn Variables) -> Self {
        self.variables = variables;
        self
    }

    /// Adds a folder whose files a cartridge may name.
    #[must_use]
    pub fn root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.roots.push(folder.into());
        self
    }
}

/// The name of a cartridge that came without a file.
const NO_FILE: &str = "<cartridge>";

impl Cartridge {
    /// Reads the cartridge of this file. To find one by name, see [`Library`](crate::library::Library).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::UnknownFormat`], or a diagnostic that names file and line.
    pub fn open(path: impl AsRef<Path>, options: &Options<'_>) -> Result<Self> {
        let path = path.as_ref();
        let source = read_file(options.files, path)?.ok_or_else(|| Error::NotFound {
            query: path.display().to_string(),
            searched: Vec::new(),
            near: None,
        })?;
        Self::read(&source, format_of(path)?, options)
    }

    /// Reads a text that stands in no file. It may name files only in the [`Options::roots`].
    ///
    /// # Errors
    /// A diagnostic that names the line.
    pub fn parse(text: &str, format: Format, options: &Options<'_>) -> Result<Self> {
        Self::read(&Source::new(NO_FILE, text), format, options)
    }

    /// A cartridge from a map that is already there, in which no variable of the environment is looked up.
    ///
    /// # Errors
    /// A diagnostic that names the line in the map, written as JSON.
    pub fn from_value(value: &Value, profile: Profile) -> Result<Self> {
        let text = serde_json::to_string_pretty(value).expect("a JSON value can be written");
        // JSON escapes `/` and 16-bit pairs where YAML does not: both are left to YAML as characters.
        Self::parse(&text, Format::Yaml, &Options::default().profile(profile))
    }

    /// The baseline cartridge, which the name `-` stands for.
    ///
    /// # Errors
    /// If a variable of the environment is set and cannot be read.
    pub fn baseline(options: &Options<'_>) -> Result<Self> {
        // The specification's text and its reference implementation name different models.
        let model = match options.profile {
            Profile::Compat => "gpt-3.5-turbo",
            Profile::Native => "gpt-4o",
        };
        let text = format!(
            "meta:\n  symbol: 🤖\n  name: Unknown\n  author: None\n  version: 0.0.0\n  \
             license: CC0-1.0\n  description: Unknown\n\
             provider:\n  id: openai\n  credentials:\n    address: ENV/OPENAI_API_ADDRESS\n    \
             access-token: ENV/OPENAI_API_KEY\n  settings:\n    user: ENV/NANO_BOTS_END_USER\n    \
             model: {model}\n"
        );
        let mut baseline = Self::read(&Source::new("<baseline>", text), Format::Yaml, options)?;
        // Nobody wrote it who could mend it; who asks it without a key is told so by its provider.
        baseline.warnings.clear();
        Ok(baseline)
    }

    /// Reads a text that came from the file that it names.
    ///
    /// # Errors
    /// A diagnostic that names file and line.
    pub fn read(source: &Source, format: Format, options: &Options<'_>) -> Result<Self> {
        let mut reader = Reader::new(source.path(), options);
        let node = reader.layer(source, format);
        let node = node.map_err(|error| reader.layers.relocate_error(error))?;
        let Reader {
            layers, warnings, ..
        } = reader;
        let mut cartridge = Self::assemble(node, layers, source.path(), options)?;
        let parsed = warnings
            .into_iter()
            .map(|w| cartridge.text.layers.relocate(w));
        let mut warnings: Vec<Diagnostic> = parsed.collect();
        warnings.append(&mut cartridge.warnings);
        cartridge.warnings = warnings;
        Ok(cartridge)
    }

    fn assemble(node: Node, layers: Layers, path: &Path, options: &Options<'_>) -> Result<Self> {
        if !matches!(node.value, Yaml::Map(_) | Yaml::Null) {
            let message = format!("a cartridge is a mapping, this is {}", node.kind());
            let diagnostic = layers.diagnostic(node.mark, message).code("BS-BOT-002");
            return Err(diagnostic
                .hint("it starts with lines like `meta:`, `behaviors:` and `provider:`")
                .into());
        }
        let node = match node.value {
            Yaml::Null => Node::new(Yaml::Map(Vec::new()), node.mark),
            _ => node,
        };
        let original = node.to_json();
        let real = substitute(original.clone(), options.variables)?;
        let native = match node.get("botsmith") {
            Some(at) if at.value != Yaml::Null => {
                let read = || {
                    let root = Cursor::new(layers.source(), &node).fields()?;
                    let at = root.required("botsmith")?;
                    Native::read(&at, &real.value["botsmith"])
                };
                read().map_err(|error| layers.relocate_error(error))?
            }
            _ => Native::default(),
        };
        let mut cartridge = Self {
            value: real.value,
            original,
            profile: options.profile,
            native: Arc::new(native),
            bound: false,
            text: Arc::new(Text {
                layers,
                node,
                path: path.to_owned(),
            }),
            warnings: Vec::new(),
            environment: real.used,
        };
        check::tools(&cartridge)?;
        template::declared(&cartridge)?;
        cartridge.warnings = check::warnings(&cartridge, &real.missing);
        Ok(cartridge)
    }
}

/// Reads a file and the files that it names.
struct Reader<'a> {
    options: &'a Options<'a>,
    layers: Layers,
    warnings: Vec<Diagnostic>,
    /// The files of this chain of `extends`.
    chain: Vec<PathBuf>,
    roots: Vec<PathBuf>,
}

impl<'a> Reader<'a> {
    fn new(path: &Path, options: &'a Options<'a>) -> Self {
        let mut roots: Vec<PathBuf> = options.roots.iter().map(|root| normal(root)).collect();
        // A text without a file has no folder, and may not look into ours.
        if !path.to_string_lossy().starts_with('<') {
            roots.push(normal(&folder_of(path)));
        }
        Self {
            options,
            layers: Layers::new(),
            warnings: Vec::new(),
            chain: Vec::new(),
            roots,
        }
    }

    fn reading(&self) -> Reading {
        let mut reading = Reading::default();
        reading.limits.bytes = MAX_BYTES;
        reading.limits.depth = DEPTH;
        reading.limits.nodes = NODES;
        reading.lenient = true;
        if self.options.profile == Profile::Compat {
            reading.dialect = Dialect::Psych;
        }
        reading
    }

    /// One file and what it builds on.
    fn layer(&mut self, source: &Source, format: Format) -> Result<Node> {
        check_size(source.path(), source.text().as_bytes())?;
        self.chain.push(normal(source.path()));
        let before = self.layers.push(source);
        let source = Source::new(source.path(), source.text()).after_lines(before);
        let reading = self.reading();
        let mut node = match format {
            Format::Yaml => {
                let Parsed { node, warnings, .. } = parse_as(&source, &reading)?;
                self.warnings.extend(warnings);
                node
            }
            Format::Markdown => markdown::read(&source, &reading, &mut self.warnings)?,
        };
        self.schema(&source, &mut node)?;
        let extends = node.get("botsmith").and_then(|own| own.get("extends"));
        let Some((name, mark)) = extends.and_then(|at| Some((at.text()?.to_owned(), at.mark)))
        else {
            return Ok(node);
        };
        let problem = |message: String| {
            let diagnostic = source.diagnostic(mark, message).code(CODE);
            diagnostic.field("botsmith.extends")
        };
        let path = self
            .place(source.path(), &name)
            .map_err(|refusal| refusal.put(problem))?;
        if self.chain.contains(&path) {
            let mut chain: Vec<_> = self.chain.iter().map(|p| p.display().to_string()).collect();
            chain.push(path.display().to_string());
            let message = format!("`extends` goes in a circle: {}", chain.join(" -> "));
            return Err(problem(message).hint("remove one of them").into());
        }
        if self.chain.len() >= EXTENDS {
            let message = format!("`extends` is nested more than {EXTENDS} deep");
            return Err(problem(message).into());
        }
        let format = format_of(&path).map_err(|error| problem(error.to_string()))?;
        let Some(base) = read_file(self.options.files, &path)? else {
            let message = format!("no such file: `{}`", shown(&path.display().to_string()));
            let hint = "the path is relative to the file that it stands in";
            return Err(problem(message).hint(hint).into());
        };
        let mut base = self.layer(&base, format)?;
        self.chain.pop();
        remove(&mut base, &["botsmith", "extends"]);
        Ok(match base.value {
            Yaml::Map(_) => merge::extend_nodes(base, node),
            _ => node,
        })
    }

    /// Puts the content of the file that `output-schema` names in its place.
    fn schema(&mut self, source: &Source, node: &mut Node) -> Result<()> {
        let at = node
            .get("botsmith")
            .and_then(|own| own.get("output-schema"));
        let Some(Node {
            value: Yaml::String(name),
            mark,
            ..
        }) = at
        else {
            return Ok(());
        };
        let (name, mark) = (name.clone(), *mark);
        let problem = |message: String| {
            let diagnostic = source.diagnostic(mark, message).code(CODE);
            diagnostic.field("botsmith.output-schema")
        };
        let path = self
            .place(source.path(), &name)
            .map_err(|refusal| refusal.put(problem))?;
        let Some(file) = read_file(self.options.files, &path)? else {
            let message = format!("no such file: `{}`", shown(&path.display().to_string()));
            let hint = "the path is relative to the file that it stands in";
            return Err(problem(message).hint(hint).into());
        };
        let before = self.layers.push(&file);
        let mut reading = self.reading();
        (reading.dialect, reading.lenient) = (Dialect::Core, false);
        let file = Source::new(file.path(), file.text()).after_lines(before);
        let schema = parse_as(&file, &reading)?.node;
        let entry =
            entry_mut(node, "botsmith").and_then(|own| entry_mut(&mut own.value, "output-schema"));
        if let Some(entry) = entry {
            entry.value = schema;
        }
        Ok(())
    }

    /// Where a file lies that a cartridge names, if it may.
    fn place(&self, from: &Path, name: &str) -> Result<PathBuf, Refusal> {
        if name.contains('\0') || name.trim().is_empty() || name.contains("://") {
            return Err(Refusal::new(format!(
                "`{}` is no path to a file",
                shown(name)
            )));
        }
        let path = normal(&folder_of(from).join(name));
        let real = |path: &Path| normal(&self.options.files.real(path));
        let inside =
            |root: &PathBuf| is_inside(root, &path) && is_inside(&real(root), &real(&path));
        if self.roots.iter().any(inside) {
            return Ok(path);
        }
        let mut refusal = Refusal::new(format!(
            "`{}` lies outside the cartridge's folder and the search path",
            shown(name)
        ));
        if self.roots.is_empty() {
            refusal.hint = Some("a cartridge that stands in no file can name none");
        }
        Err(refusal)
    }
}

/// Why a file may not be read.
struct Refusal {
    message: String,
    hint: Option<&'static str>,
}

impl Refusal {
    fn new(message: String) -> Self {
        Self {
            message,
            hint: Some("move the file beside the cartridge, or below it"),
        }
    }

    fn put(self, problem: impl Fn(String) -> Diagnostic) -> Diagnostic {
        let diagnostic = problem(self.message);
        match self.hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        }
    }
}

fn entry_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Entry> {
    match &mut node.value {
        Yaml::Map(entries) => entries.iter_mut().find(|entry| entry.key == key),
        _ => None,
    }
}

fn remove(node: &mut Node, path: &[&str]) {
    let [key, rest @ ..] = path else { return };
    if rest.is_empty() {
        if let Yaml::Map(entries) = &mut node.value {
            entries.retain(|entry| entry.key != *key);
        }
    } else if let Some(entry) = entry_mut(node, key) {
        remove(&mut entry.value, rest);
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// The format by the ending of a path.
pub(crate) fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().unwrap_or_default();
    Format::of(&extension.to_string_lossy())
}

/// A file's text, if it is there.
pub(crate) fn read_file(files: &dyn Shelf, path: &Path) -> Result<Option<Source>> {
    let bytes = files.read(path, MAX_BYTES as u64);
    let bytes = bytes.map_err(|source| CoreError::Read {
        path: path.to_owned(),
        source,
    })?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    check_size(path, &bytes)?;
    let source = Source::from_reader(path, bytes.as_slice(), MAX_BYTES as u64)?;
    Ok(Some(source))
}

/// A file that is too large names the line in which it becomes so.
fn check_size(path: &Path, bytes: &[u8]) -> Result<()> {
    if bytes.len() <= MAX_BYTES {
        return Ok(());
    }
    let line = bytes[..MAX_BYTES].split(|byte| *byte == b'\n').count();
    let message = format!("more than {MAX_BYTES} bytes, which no cartridge needs");
    let diagnostic = Diagnostic::new(path, message).at(line, 0);
    Err(diagnostic.code("BS-BOT-002").into())
}

/// The path without `.` and `..`, by its words alone.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match normal.components().next_back() {
                Some(Component::Normal(_)) => {
                    normal.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => normal.push(".."),
            },
            part => normal.push(part),
        }
    }
    normal
}

fn is_inside(root: &Path, path: &Path) -> bool {
    let rest = path.strip_prefix(root);
    rest.is_ok_and(|rest| {
        rest.components()
            .all(|part| matches!(part, Component::Normal(_)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_root() {
        let cases = [
            ("", "a.yml", true),
            ("", "../a.yml", false),
            ("", "x/../a.yml", true),
            ("", "/a.yml", false),
            ("bots", "bots/a.yml", true),
            ("bots", "bots/../a.yml", false),
            ("bots", "botsmith/a.yml", false),
            ("/b", "/b/../../etc/a.yml", false),
            ("../b", "../b/c/a.yml", true),
            ("../b", "../a.yml", false),
            (".", "./a.yml", true),
        ];
        for (root, path, wanted) in cases {
            let inside = is_inside(&normal(Path::new(root)), &normal(Path::new(path)));
            assert_eq!(inside, wanted, "{path} in {root:?}");
        }
    }
}
