//! A model split over several GGUF files: the path of any of them in, the paths of all out, first to last.
//!
//! `llama-gguf-split` names the parts `NAME-00001-of-00003.gguf`; the first has the metadata of the model, each says
//! which it is (`split.no`, from 0) and how many there are (`split.count`). Names are all that is looked at here;
//! [`check`] holds a part's head against its name once it is read.

use std::path::{Path, PathBuf};

use super::Gguf;
use crate::engine::error::{EngineError, Result};

/// Most files that a model may be split over.
const PARTS: usize = 4096;

/// A name of the form `stem-00001-of-00003.gguf`: the stem, the number from 1, how many there are.
fn split(path: &Path) -> Option<(&str, usize, usize)> {
    numbered(path, "gguf")
}

/// The same for files of any extension.
pub(crate) fn numbered<'a>(path: &'a Path, extension: &str) -> Option<(&'a str, usize, usize)> {
    let name = path.file_name()?.to_str()?;
    let (name, found) = name.rsplit_once('.')?;
    if !found.eq_ignore_ascii_case(extension) {
        return None;
    }
    let (rest, count) = name.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| {
        (text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<usize>().ok())
            .flatten()
    };
    let (number, count) = (digits(number)?, digits(count)?);
    (1..=count)
        .contains(&number)
        .then_some((stem, number, count))
}

/// The path of a part beside another.
fn beside(path: &Path, stem: &str, number: usize, count: usize) -> PathBuf {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number:05}-of-{count:05}.{extension}"))
}

/// The path of a model's first part; of a file that is no part, its own.
pub(crate) fn first(path: &Path) -> PathBuf {
    match split(path) {
        Some((stem, _, count)) => beside(path, stem, 1, count),
        None => path.to_owned(),
    }
}

/// Whether two files are parts of one model: of GGUF, or of safetensors.
#[cfg(feature = "hub")]
pub(crate) fn together(a: &str, b: &str) -> bool {
    let (a, b) = (Path::new(a), Path::new(b));
    ["gguf", "safetensors"].iter().any(|extension| {
        let model = |path| numbered(path, extension).map(|(stem, _, count)| (stem, count));
        a.parent() == b.parent() && model(a).is_some() && model(a) == model(b)
    })
}

/// The files of the model that the file at `path` is, or is a part of; never empty.
///
/// # Errors
/// [`EngineError::NoModel`] with the name of the first part that is missing.
pub(crate) fn all(path: &Path) -> Result<Vec<PathBuf>> {
    let Some((stem, _, count)) = split(path) else {
        return Ok(vec![path.to_owned()]);
    };
    if count > PARTS {
        return Err(EngineError::NoModel {
            path: path.to_owned(),
            reason: format!("its name says {count} parts, at most {PARTS} are read"),
        });
    }
    let parts: Vec<PathBuf> = (1..=count)
        .map(|number| beside(path, stem, number, count))
        .collect();
    match parts.iter().position(|part| !part.is_file()) {
        None => Ok(parts),
        Some(at) => Err(EngineError::NoModel {
            path: path.to_owned(),
            reason: format!(
                "`{}` is missing, part {} of {count} of the model: all of them are wanted in one folder",
                crate::hint::shown(&parts[at].file_name().unwrap_or_default().to_string_lossy()),
                at + 1
            ),
        }),
    }
}

/// Whether a file's head says that it is part `at` (from 0) of `count`.
///
/// # Errors
/// [`EngineError::Damaged`] with what it says instead.
pub(crate) fn check(path: &Path, gguf: &Gguf, at: usize, count: usize) -> Result<()> {
    let said = |key: &str, otherwise: usize| match gguf.metadata.get(key) {
        None => i64::try_from(otherwise).unwrap_or(i64::MAX),
        Some(_) => gguf.integer(key).unwrap_or(-1),
    };
    let (says_count, says_at) = (said("split.count", 1), said("split.no", 0));
    // A file that is whole says nothing, or 0 or 1 parts.
    let whole = count == 1 && (0..=1).contains(&says_count);
    let counted = usize::try_from(says_count).is_ok_and(|says| says == count);
    let placed = usize::try_from(says_at).is_ok_and(|says| says == at);
    if (whole || counted) && placed {
        return Ok(());
    }
    let says = format!(
        "it says that it is part {} of {says_count}",
        says_at.saturating_add(1)
    );
    Err(EngineError::damaged(
        path,
        match count {
            1 => format!("{says}: parts are found by names such as `model-00001-of-00003.gguf`"),
            _ => format!("{says}, its name says {} of {count}", at + 1),
        },
    ))
}

/// Whether the parts have together as many tensors as the first of them says.
///
/// # Errors
/// [`EngineError::Damaged`] with both numbers.
pub(crate) fn check_tensors(path: &Path, first: &Gguf, found: usize) -> Result<()> {
    match first.integer("split.tensors.count") {
        Some(wanted) if usize::try_from(wanted) != Ok(found) => Err(EngineError::damaged(
            path,
            format!("it says that all parts have {wanted} tensors together, they have {found}"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_names_them_all_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let part = |number: usize| folder.path().join(format!("m-x-{number:05}-of-00003.gguf"));
        for number in 1..=3 {
            std::fs::write(part(number), "").expect("a file");
        }
        let wanted: Vec<PathBuf> = (1..=3).map(part).collect();
        for number in 1..=3 {
            assert_eq!(all(&part(number)).expect("all parts"), wanted);
            assert_eq!(first(&part(number)), part(1));
        }
        std::fs::remove_file(part(2)).expect("removed");
        let error = all(&part(1)).expect_err("one is missing");
        assert_eq!(error.code(), "BS-ENG-001");
        assert!(
            error
                .to_string()
                .contains("`m-x-00002-of-00003.gguf` is missing, part 2 of 3"),
            "{error}"
        );
    }

    #[test]
    fn a_name_that_is_no_part_is_a_file_of_its_own() {
        for name in [
            "model.gguf",
            "m-00001-of-00003.safetensors",
            "m-1-of-3.gguf",
            "m-00004-of-00003.gguf",
            "m-00000-of-00003.gguf",
            "m-00001-of-00000.gguf",
            "00001-of-00003.gguf",
        ] {
            let path = Path::new(name);
            assert_eq!(all(path).expect(name), [path]);
        }
        let error = all(Path::new("m-00001-of-99999.gguf")).expect_err("too many");
        assert!(error.to_string().contains("at most 4096"), "{error}");
    }
}
