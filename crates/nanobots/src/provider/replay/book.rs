//! Recorded answers: a JSONL file, one `{"key", "request", "response"}` a line.
//!
//! The key is that of [`request_key`](super::super::request_key); a line written by hand may leave it out
//! where it has the request. Of two lines with one key the later one counts, so that recording again
//! corrects. Lines and files over a size are refused.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use botsmith_core::chat::{ChatRequest, ChatResponse};
use botsmith_core::digest::Digest;
use botsmith_core::{Diagnostic, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider::key::{canonical, request_value};

/// The longest line, in bytes.
const LINE: u64 = 16 << 20;
/// The largest file, in bytes.
const FILE: u64 = 512 << 20;
/// Requests that are compared with one that was not found.
const COMPARED: usize = 2_000;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Value>,
    response: ChatResponse,
}

/// The recorded answers of one file.
pub(super) struct Book {
    path: PathBuf,
    answers: HashMap<Digest, Recorded>,
    revision: Digest,
    /// The last line has no end yet: the next one must not be written onto it.
    open_end: bool,
}

struct Recorded {
    line: usize,
    request: Option<Value>,
    response: ChatResponse,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book")
            .field("path", &self.path)
            .field("answers", &self.answers.len())
            .finish_non_exhaustive()
    }
}

impl Book {
    /// Reads the file; one that is not there has no answers.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let mut book = Self {
            path: path.to_owned(),
            answers: HashMap::new(),
            revision: Digest::of(b""),
            open_end: false,
        };
        let refused = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(book),
            Err(source) => return Err(refused(source)),
        };
        if file.metadata().is_ok_and(|facts| facts.len() > FILE) {
            return Err(
                Diagnostic::new(path, format!("over {FILE} bytes of recorded answers"))
                    .hint("record into several files")
                    .into(),
            );
        }
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        let mut whole = Vec::new();
        for number in 1.. {
            bytes.clear();
            let read = reader.by_ref().take(LINE + 1).read_until(b'\n', &mut bytes);
            if read.map_err(refused)? == 0 {
                break;
            }
            if bytes.len() as u64 > LINE {
                return Err(wrong(path, number, 0, format!("a line of over {LINE} bytes")).into());
            }
            whole.extend_from_slice(Digest::of(&bytes).as_bytes());
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            book.open_end = bytes.last() != Some(&b'\n');
            book.line(number, bytes.trim_ascii_end())?;
        }
        book.revision = Digest::of(&whole);
        Ok(book)
    }

    fn line(&mut self, number: usize, bytes: &[u8]) -> Result<()> {
        let fail = |column, message: String| Err(wrong(&self.path, number, column, message).into());
        let line: Line = match serde_json::from_slice(bytes) {
            Ok(line) => line,
            Err(error) if error.is_eof() => {
                return fail(
                    error.column(),
                    "the line is cut off in the middle: the program that recorded it was stopped"
                        .into(),
                );
            }
            Err(error) => {
                let words = error.to_string();
                let words = words.split(" at line ").next().unwrap_or_default();
                return fail(error.column(), format!("no recorded answer: {words}"));
            }
        };
        let key = match (&line.key, &line.request) {
            (Some(key), _) => Digest::parse(key),
            (None, Some(request)) => match serde_json::from_value::<ChatRequest>(request.clone()) {
                Ok(request) => Some(super::super::request_key(&request)),
                Err(error) => return fail(0, format!("`request` is none: {error}")),
            },
            (None, None) => return fail(0, "neither `key` nor `request` is there".into()),
        };
        let Some(key) = key else {
            return fail(0, "`key` is no hash of 64 hexadecimal digits".into());
        };
        let recorded = Recorded {
            line: number,
            request: line.request,
            response: line.response,
        };
        self.answers.insert(key, recorded);
        Ok(())
    }

    /// The answer to the request of this key.
    pub(super) fn answer(&self, key: &Digest) -> Option<&ChatResponse> {
        self.answers.get(key).map(|recorded| &recorded.response)
    }

    /// How many answers there are.
    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// What tells the file's state from others.
    pub(super) fn revision(&self) -> Digest {
        self.revision
    }

    /// Appends an answer. `request` and `response` are free of secrets.
    pub(super) fn record(
        &mut self,
        key: Digest,
        request: Value,
        response: ChatResponse,
    ) -> Result<()> {
        let refused = |source| Error::Write {
            path: self.path.clone(),
            source,
        };
        let line = Line {
            key: Some(key.to_string()),
            request: Some(request),
            response,
        };
        let mut text = match self.open_end {
            true => vec![b'\n'],
            false => Vec::new(),
        };
        serde_json::to_writer(&mut text, &line).map_err(|error| refused(error.into()))?;
        text.push(b'\n');
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(refused)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(refused)?;
        // One write, so that two processes that append do not mix their lines.
        file.write_all(&text).map_err(refused)?;
        self.open_end = false;
        let recorded = Recorded {
            line: self.answers.len() + 1,
            request: line.request,
            response: line.response,
        };
        self.answers.insert(key, recorded);
        Ok(())
    }

    /// The recorded request that is nearest to `request`: its line, its key, and where the two differ.
    pub(super) fn nearest(&self, request: &ChatRequest) -> Option<(usize, Digest, Vec<String>)> {
        let wanted = request_value(request);
        let mut recorded: Vec<_> = self.answers.iter().collect();
        recorded.sort_by_key(|(_, recorded)| recorded.line);
        let mut best: Option<(usize, Digest, Vec<String>)> = None;
        for (key, recorded) in recorded.into_iter().take(COMPARED) {
            let Some(known) = &recorded.request else {
                continue;
            };
            let mut places = Vec::new();
            differ(known, &wanted, &mut String::new(), &mut places);
            if best
                .as_ref()
                .is_none_or(|(_, _, fewest)| places.len() < fewest.len())
            {
                best = Some((recorded.line, *key, places));
            }
        }
        best
    }
}

/// The places (JSON Pointers) where two values differ.
fn differ(a: &Value, b: &Value, at: &mut String, places: &mut Vec<String>) {
    let length = at.len();
    let mut inner = |key: &str, a: Option<&Value>, b: Option<&Value>| {
        at.push('/');
        at.push_str(&key.replace('~', "~0").replace('/', "~1"));
        match (a, b) {
            (Some(a), Some(b)) => differ(a, b, at, places),
            (None, None) => {}
            _ => places.push(at.clone()),
        }
        at.truncate(length);
    };
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            for key in x.keys().chain(y.keys().filter(|key| !x.contains_key(*key))) {
                inner(key, x.get(key), y.get(key));
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            for at in 0..x.len().max(y.len()) {
                inner(&at.to_string(), x.get(at), y.get(at));
            }
        }
        (a, b) if canonical(a) == canonical(b) => {}
        _ => places.push(at.clone()),
    }
}

fn wrong(path: &Path, line: usize, column: usize, message: String) -> Diagnostic {
    Diagnostic::new(path, message)
        .at(line, column)
        .hint("a line is `{\"key\": …, \"request\": {…}, \"response\": {\"text\": …}}`; mend or delete it")
}
