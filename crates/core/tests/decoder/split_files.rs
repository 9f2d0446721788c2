//! A model in several GGUF files, as `llama-gguf-split` writes them, and what is said when they do not belong together.

use std::fs;
use std::path::{Path, PathBuf};

use botsmith_core::engine::{LocalModel, ModelFiles, WeightFiles};
use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::Value as Meta;

use crate::models::options;
use crate::quantised::{self, Fixture, Model};

const PARTS: usize = 3;

fn part(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("m-{number:05}-of-{PARTS:05}.gguf"))
}

/// Writes the parts; `said` changes what the second says of itself.
fn split(fixture: &Fixture, model: &Model, folder: &Path, said: &dyn Fn(&str, &mut u16)) {
    let tensors = quantised::tensors(fixture, model);
    let each = tensors.len().div_ceil(PARTS);
    for (at, some) in tensors.chunks(each).enumerate() {
        let mut metadata = match at {
            0 => quantised::head(fixture, model),
            _ => Vec::new(),
        };
        for (key, value) in [("no", at), ("count", PARTS)] {
            let mut value = u16::try_from(value).expect("few");
            if at == 1 {
                said(key, &mut value);
            }
            metadata.push((format!("split.{key}"), Meta::U16(value)));
        }
        let count = i32::try_from(tensors.len()).expect("few");
        metadata.push(("split.tensors.count".into(), Meta::I32(count)));
        let some: Vec<&(String, QTensor)> = some.iter().collect();
        quantised::write_file(&part(folder, at + 1), &metadata, &some);
    }
}

/// A folder with the parts of a model whose rows of queries are interleaved: the first part says so for all.
fn parts(said: &dyn Fn(&str, &mut u16)) -> tempfile::TempDir {
    let (folder, fixture) = (tempfile::tempdir().expect("a folder"), quantised::fixture());
    split(&fixture, &fixture.models[0], folder.path(), said);
    folder
}

fn refusal(path: &Path) -> (&'static str, String) {
    match LocalModel::load(path, &options()) {
        Ok(_) => panic!("parts that do not belong together were loaded"),
        Err(error) => (error.code(), error.to_string()),
    }
}

#[test]
fn the_parts_are_the_model_by_whichever_it_is_named() {
    let fixture = quantised::fixture();
    let whole = tempfile::tempdir().expect("a folder");
    let wanted = quantised::load(&fixture, &fixture.models[0], whole.path());
    let wanted = wanted.logits(&fixture.ids, false).unwrap();
    let folder = parts(&|_, _| ());
    let named = [
        folder.path().to_owned(),
        part(folder.path(), 1),
        part(folder.path(), 3),
    ];
    for path in named {
        let files = ModelFiles::open(&path).expect("a model");
        assert!(matches!(&files.weights, WeightFiles::Gguf(parts) if parts.len() == PARTS));
        let model = LocalModel::load(&path, &options()).expect("the model");
        assert_eq!(model.logits(&fixture.ids, false).unwrap(), wanted);
    }
}

#[test]
fn a_missing_part_is_named() {
    for missing in 1..=PARTS {
        let folder = parts(&|_, _| ());
        fs::remove_file(part(folder.path(), missing)).expect("removed");
        let other = missing % PARTS + 1;
        for path in [folder.path().to_owned(), part(folder.path(), other)] {
            let (code, said) = refusal(&path);
            assert_eq!(code, "BS-ENG-001", "{said}");
            let wanted = format!("`m-0000{missing}-of-00003.gguf` is missing, part {missing} of 3");
            assert!(said.contains(&wanted), "{said}");
        }
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    // Of another splitting, and out of its place.
    for (key, value, wanted) in [
        ("count", 4, "part 2 of 4, its name says 2 of 3"),
        ("no", 2, "part 3 of 3, its name says 2 of 3"),
    ] {
        let folder = parts(&|which, said| {
            if which == key {
                *said = value;
            }
        });
        let (code, said) = refusal(folder.path());
        assert_eq!(code, "BS-ENG-003", "{said}");
        assert!(
            said.contains("m-00002-of") && said.contains(wanted),
            "{said}"
        );
    }
    // A part under a name of its own does not lead to the others.
    let folder = parts(&|_, _| ());
    let alone = folder.path().join("renamed.gguf");
    fs::copy(part(folder.path(), 1), &alone).expect("a copy");
    let (code, said) = refusal(&alone);
    assert_eq!(code, "BS-ENG-003", "{said}");
    assert!(
        said.contains("part 1 of 3: parts are found by names"),
        "{said}"
    );
    // The last part of a model with fewer tensors.
    let (other, fixture) = (tempfile::tempdir().expect("a folder"), quantised::fixture());
    let mut tensors = quantised::tensors(&fixture, &fixture.models[0]);
    tensors.truncate(1);
    let metadata = [("split.no", 2), ("split.count", 3)];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), Meta::U16(value)));
    tensors[0].0 = "blk.9.attn_q.weight".into();
    let path = part(other.path(), 3);
    quantised::write_file(&path, &metadata, &[&tensors[0]]);
    fs::copy(&path, part(folder.path(), 3)).expect("a copy");
    let (code, said) = refusal(&part(folder.path(), 1));
    assert_eq!(code, "BS-ENG-003", "{said}");
    assert!(said.contains("tensors together, they have"), "{said}");
}
