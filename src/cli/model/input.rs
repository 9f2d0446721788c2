//! Texts from files or stdin: one a line, or JSONL `{"text": …, "id": …}`.

use std::io::{BufRead, Read as _};
use std::path::{Path, PathBuf};

use botsmith::core::Diagnostic;
use botsmith::eval::Result;
use serde::Deserialize;
use serde_json::Value;

/// A longer line is no text to embed.
const LINE: u64 = 32 << 20;

/// A text and its id.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub(super) text: String,
    #[serde(default)]
    pub(super) id: Option<Value>,
}

/// Hands out the texts of `files` (stdin where there is none) in pieces of at most `count`.
pub(super) fn texts(
    files: &[PathBuf],
    count: usize,
    mut take: impl FnMut(Vec<Text>) -> Result<()>,
) -> Result<()> {
    if files.is_empty() {
        return read(
            Path::new("<stdin>"),
            std::io::stdin().lock(),
            count,
            &mut take,
        );
    }
    for path in files {
        let file = std::fs::File::open(path).map_err(|source| botsmith::core::Error::Read {
            path: path.clone(),
            source,
        })?;
        read(path, std::io::BufReader::new(file), count, &mut take)?;
    }
    Ok(())
}

fn read(
    path: &Path,
    mut from: impl BufRead,
    count: usize,
    take: &mut impl FnMut(Vec<Text>) -> Result<()>,
) -> Result<()> {
    let (mut line, mut number) = (Vec::new(), 0);
    let mut json = None;
    let mut texts = Vec::new();
    loop {
        line.clear();
        number += 1;
        let got = from.by_ref().take(LINE + 1).read_until(b'\n', &mut line);
        let got = got.map_err(|source| botsmith::core::Error::Read {
            path: path.to_owned(),
            source,
        })?;
        if got == 0 {
            break;
        }
        let wrong = |message: String| Diagnostic::new(path, message).at(number, 0);
        if got as u64 > LINE {
            return Err(wrong(format!("the line has over {LINE} bytes")).into());
        }
        let text = std::str::from_utf8(&line).map_err(|_| wrong("the line is no UTF-8".into()))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        // The first line tells which of the two it is.
        let json = *json.get_or_insert_with(|| {
            serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("text").is_some())
        });
        if json && text.trim().is_empty() {
            continue;
        }
        texts.push(match json {
            true => serde_json::from_str(text).map_err(|error| {
                wrong(format!("no object {{\"text\", \"id\"}}: {error}")).excerpt(text)
            })?,
            false => Text {
                text: text.to_owned(),
                id: None,
            },
        });
        if texts.len() == count {
            take(std::mem::take(&mut texts))?;
        }
    }
    match texts.is_empty() {
        true => Ok(()),
        false => take(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Text>> {
        let mut all = Vec::new();
        read(Path::new("t"), text.as_bytes(), 2, &mut |texts| {
            assert!(texts.len() <= 2);
            all.extend(texts);
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn lines_are_texts_and_objects_are_read_as_such() {
        let lines = all("one\r\n\n{\"text\": 1\n").expect("lines");
        let texts: Vec<&str> = lines.iter().map(|text| text.text.as_str()).collect();
        assert_eq!(texts, ["one", "", "{\"text\": 1"]);
        let objects = all("{\"text\": \"a\", \"id\": 7}\n\n{\"text\": \"b\"}\n").expect("objects");
        assert_eq!(objects.len(), 2);
        assert_eq!(
            (objects[0].text.as_str(), objects[0].id.as_ref()),
            ("a", Some(&Value::from(7)))
        );
        let error = all("{\"text\": \"a\"}\n{\"txt\": 1}\n")
            .expect_err("a wrong key")
            .to_string();
        assert!(error.contains("t:2"), "{error}");
    }
}
