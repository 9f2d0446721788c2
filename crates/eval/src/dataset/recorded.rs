//! Recorded answers: what bots said, from the dataset's own rows or from a file joined by id.

use std::fs::File;
use std::path::PathBuf;

use botsmith_core::Error as CoreError;
use botsmith_core::yaml::Fields;
use serde_json::Value;

use botsmith_core::chat::ToolCall;
use botsmith_nanobots::tools::ToolTrace;

use crate::ask::{Asked, call_of, said_json};
use crate::suite::MAX_REPEATS;
use crate::{Answer, Outcome, Result};

use super::batch::{CsvRows, csv_builder, csv_row, json_row};
use super::row::text_of;
use super::{DataSource, Field, Format, Place, Row};

/// Which field of a row is what of an answer.
#[derive(Clone, Debug)]
pub struct RecordedFields {
    id: Option<Field>,
    answer: Field,
    refusal: Option<Field>,
    error: Option<Field>,
    latency: Option<Field>,
    latency_ms: Option<Field>,
    cost: Option<Field>,
    tool_calls: Option<Field>,
    transcript: Option<Field>,
}

impl RecordedFields {
    /// Reads the keys of `recorded`.
    ///
    /// # Errors
    /// If `answer` is missing, or a field is no JSON Pointer.
    pub fn read(fields: &Fields<'_>, format: Format) -> Result<Self> {
        let read = |key| {
            fields
                .get(key)
                .map(|at| Field::read(&at, format))
                .transpose()
        };
        Ok(Self {
            id: read("id")?,
            answer: Field::read(&fields.required("answer")?, format)?,
            refusal: read("refusal")?,
            error: read("error")?,
            latency: read("latency")?,
            latency_ms: read("latency-ms")?,
            cost: read("cost")?,
            tool_calls: read("tool-calls")?,
            transcript: read("transcript")?,
        })
    }

    /// Top-level keys that hold answers.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &str> {
        self.of_answers().filter_map(Field::root)
    }

    fn of_answers(&self) -> impl Iterator<Item = &Field> {
        let optional = [
            &self.refusal,
            &self.error,
            &self.latency,
            &self.latency_ms,
            &self.cost,
            &self.tool_calls,
            &self.transcript,
        ];
        optional.into_iter().flatten().chain([&self.answer])
    }

    /// All fields.
    pub(super) fn all(&self) -> impl Iterator<Item = &Field> {
        self.id.iter().chain(self.of_answers())
    }

    /// The answers in a row: one, or several where the field holds a list (repeats). Absent, null
    /// and (CSV) empty mean that there is none, which is [`Outcome::Failed`].
    ///
    /// Of `refusal` and `error`, `false`, 0, an empty text, list or object, and the texts `false` and
    /// `0` mean that there was none, like absent and null; anything else is what was said of it.
    ///
    /// # Errors
    /// If latency or cost are no numbers, or there are more than [`MAX_REPEATS`] answers.
    pub fn answers(&self, row: &Row, place: &Place, csv: bool) -> Result<Vec<Answer>> {
        let find = |field: Option<&Field>| {
            let value = field.and_then(|field| field.find(row));
            value.filter(|value| !(value.is_null() || csv && *value == ""))
        };
        let number = |field: Option<&Field>| match find(field) {
            None => Ok(None),
            Some(value) => {
                let parsed = match value {
                    Value::Number(n) => n.as_f64(),
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                parsed
                    .filter(|x: &f64| x.is_finite() && *x >= 0.0)
                    .map(Some)
                    .ok_or_else(|| {
                        let field = field.map(ToString::to_string).unwrap_or_default();
                        let message =
                            format!("expected a number of 0 or more at `{field}`, found {value}");
                        crate::Error::from(place.at(row.line, message))
                    })
            }
        };
        let mut base = Answer {
            latency: number(self.latency.as_ref())?,
            cost: number(self.cost.as_ref())?,
            ..Answer::default()
        };
        if base.latency.is_none() {
            base.latency = number(self.latency_ms.as_ref())?.map(|ms| ms / 1000.0);
        }
        base.asked = self.asked(row, place)?;
        let said = |field: Option<&Field>| find(field).filter(|value| says_so(value));
        if let Some(refusal) = said(self.refusal.as_ref()) {
            let text = text_of(refusal);
            return Ok(vec![Answer {
                outcome: Outcome::Refused,
                error: Some(text),
                ..base
            }]);
        }
        if let Some(error) = said(self.error.as_ref()) {
            return Ok(vec![Answer {
                error: Some(text_of(error)),
                ..failed(base)
            }]);
        }
        Ok(match find(Some(&self.answer)) {
            Some(Value::Array(items)) if items.len() > MAX_REPEATS => {
                let message = format!(
                    "{} answers at `{}` are more than {MAX_REPEATS}",
                    items.len(),
                    self.answer
                );
                return Err(place.at(row.line, message).into());
            }
            Some(Value::Array(items)) if !items.is_empty() => items
                .iter()
                .map(|item| match item {
                    Value::Null => missing(base.clone()),
                    item => Answer {
                        text: text_of(item),
                        ..base.clone()
                    },
                })
                .collect(),
            None | Some(Value::Array(_)) => vec![missing(base)],
            Some(value) => vec![Answer {
                text: text_of(value),
                ..base
            }],
        })
    }
}

impl RecordedFields {
    /// How the answer came about, where the row says.
    fn asked(&self, row: &Row, place: &Place) -> Result<Option<Box<Asked>>> {
        let list = |field: &Option<Field>| {
            let found = field.as_ref().and_then(|field| field.find(row));
            found.and_then(Value::as_array).filter(|l| !l.is_empty())
        };
        let (calls, transcript) = (list(&self.tool_calls), list(&self.transcript));
        if calls.is_none() && transcript.is_none() {
            return Ok(None);
        }
        let mut asked = Asked::default();
        for (i, message) in transcript.into_iter().flatten().enumerate() {
            asked.transcript.push(said_json(message).map_err(|what| {
                place.at(
                    row.line,
                    format!("message {} of the transcript: {what}", i + 1),
                )
            })?);
        }
        let wanted = || {
            let message = "a recorded tool call has no name";
            let hint =
                "a call looks like {\"name\": \"search\", \"arguments\": {\"city\": \"Paris\"}}";
            place.at(row.line, message).hint(hint)
        };
        for call in calls.into_iter().flatten() {
            let call = call_of(call).ok_or_else(wanted)?;
            asked.tools.push(trace(&call));
        }
        if calls.is_none() {
            let calls = asked.transcript.iter().flat_map(|said| &said.tool_calls);
            asked.tools = calls.map(trace).collect();
        }
        Ok(Some(Box::new(asked)))
    }
}

/// Whether a field of refusals or errors says that there was one.
fn says_so(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(said) => *said,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => {
            let text = text.trim();
            !(text.is_empty() || text == "0" || text.eq_ignore_ascii_case("false"))
        }
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// A recorded call; what it gave back is not known.
fn trace(call: &ToolCall) -> ToolTrace {
    ToolTrace {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call
            .parsed()
            .unwrap_or_else(|_| Value::from(call.arguments.as_str())),
        output: String::new(),
        ran: true,
        failed: false,
        round: 0,
        seconds: 0.0,
    }
}

fn failed(answer: Answer) -> Answer {
    Answer {
        outcome: Outcome::Failed,
        ..answer
    }
}

fn missing(answer: Answer) -> Answer {
    Answer {
        error: Some("missing: no recorded answer".into()),
        ..failed(answer)
    }
}

/// Where a bot's recorded answers are.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The file; `None`: the dataset's own rows.
    pub source: Option<DataSource>,
    /// Its fields.
    pub fields: RecordedFields,
}

/// A bot's answers, ready to be asked for case by case.
#[derive(Debug)]
pub enum Answers {
    /// They stand in the dataset's rows.
    SameRow {
        /// The fields.
        fields: RecordedFields,
        /// Whether the rows are CSV.
        csv: bool,
    },
    /// They are found by id.
    ById(Index),
}

impl Answers {
    /// Opens a bot's answers; a file of its own is indexed by id, its texts stay on disk.
    ///
    /// # Errors
    /// If the file cannot be read or a row has no id.
    pub fn open(recorded: &Recorded, dataset: &DataSource) -> Result<Self> {
        let fields = recorded.fields.clone();
        match &recorded.source {
            Some(source) if !source.same_file(dataset) => {
                Ok(Self::ById(Index::build(source, fields)?))
            }
            _ => Ok(Self::SameRow {
                fields,
                csv: dataset.format() == Format::Csv,
            }),
        }
    }
}

/// Ids of a recorded file and where their rows stand.
#[derive(Debug)]
pub struct Index {
    place: Place,
    fields: RecordedFields,
    rows: IndexedRows,
    /// Sorted by hash of the id, then by place in the file: repeats lie side by side, in order.
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: u128,
    /// Byte offset in the file, or index of the row in memory.
    at: u64,
    length: u32,
    line: u32,
}

#[derive(Debug)]
enum IndexedRows {
    Jsonl(File),
    Csv(File, Vec<String>),
    Memory(Vec<Row>),
}

/// 128 bits of blake3: two ids never meet by chance.
pub(crate) fn hash_id(id: &str) -> u128 {
    let hash = blake3::hash(id.as_bytes());
    let half: [u8; 16] = hash.as_bytes()[..16].try_into().expect("32 bytes have 16");
    u128::from_le_bytes(half)
}

impl Index {
    fn build(source: &DataSource, fields: RecordedFields) -> Result<Self> {
        let place = source.place();
        let usual = match source.format() {
            Format::Csv => Field::column("id"),
            _ => Field::pointer("/id").expect("a pointer"),
        };
        let id_field = fields.id.clone().unwrap_or(usual);
        let id_of = |row: &Row| match id_field.find(row) {
            Some(Value::String(id)) if !id.is_empty() => Ok(hash_id(id)),
            Some(value @ Value::Number(_)) => Ok(hash_id(&text_of(value))),
            _ => {
                let message = format!("the row has no id at `{id_field}`");
                let hint = "answers in a file of their own are joined to cases by id: name the \
                            field with `id:` in `recorded`";
                Err(crate::Error::from(place.at(row.line, message).hint(hint)))
            }
        };
        let mut entries = Vec::new();
        let mut push = |id, at, length: u64, line: usize| {
            let length = u32::try_from(length).expect("rows are limited to 32 MiB");
            entries.push(Entry {
                id,
                at,
                length,
                line: u32::try_from(line).unwrap_or(u32::MAX),
            });
        };
        let open = |path: &PathBuf| {
            File::open(path).map_err(|source| CoreError::Read {
                path: path.clone(),
                source,
            })
        };
        let rows = match source {
            DataSource::File {
                path,
                format: Format::Jsonl,
            } => {
                let mut reader = source.rows()?;
                while let Some(batch) = reader.next_batch()? {
                    for (row, offset, length) in batch.rows_with_offsets()? {
                        push(id_of(&row)?, offset, length, row.line);
                    }
                }
                IndexedRows::Jsonl(open(path)?)
            }
            DataSource::File {
                path,
                format: Format::Csv,
            } => {
                let mut reader = CsvRows::new(place.clone(), open(path)?, 0)?;
                let header = reader.header().to_vec();
                while let Some((record, line, start, end)) = reader.next_record()? {
                    let row = csv_row(&place, &header, &record, line)?;
                    push(id_of(&row)?, start, end - start, line);
                }
                IndexedRows::Csv(open(path)?, header)
            }
            _ => {
                let mut rows = Vec::new();
                let mut reader = source.rows()?;
                while let Some(batch) = reader.next_batch()? {
                    rows.extend(batch.rows()?);
                }
                for (i, row) in rows.iter().enumerate() {
                    push(id_of(row)?, i as u64, 0, row.line);
                }
                IndexedRows::Memory(rows)
            }
        };
        entries.sort_by_key(|entry| (entry.id, entry.at));
        Ok(Self {
            place,
            fields,
            rows,
            entries,
        })
    }

    /// The answers to the case of this id, in file order; one that failed if there is none.
    ///
    /// # Errors
    /// If a row cannot be read, or the file has changed under us.
    pub fn answers(&self, id: &str) -> Result<Vec<Answer>> {
        let id = hash_id(id);
        let first = self.entries.partition_point(|entry| entry.id < id);
        let mut answers = Vec::new();
        for entry in self.entries[first..]
            .iter()
            .take_while(|entry| entry.id == id)
        {
            let row = self.row(entry)?;
            let csv = matches!(self.rows, IndexedRows::Csv(..));
            answers.extend(self.fields.answers(&row, &self.place, csv)?);
        }
        if answers.is_empty() {
            answers.push(missing(Answer::default()));
        }
        Ok(answers)
    }

    /// Rows whose id no case has, of how many; and the file.
    pub(crate) fn unmatched(&self, known: impl Fn(u128) -> bool) -> (usize, usize, &Place) {
        let unmatched = self.entries.iter().filter(|entry| !known(entry.id)).count();
        (unmatched, self.entries.len(), &self.place)
    }

    fn row(&self, entry: &Entry) -> Result<Row> {
        let line = entry.line as usize;
        let read = |file: &File| {
            let mut bytes = vec![0; entry.length as usize];
            read_at(file, &mut bytes, entry.at).map_err(|source| CoreError::Read {
                path: self.place.path().to_owned(),
                source,
            })?;
            Ok::<_, crate::Error>(bytes)
        };
        match &self.rows {
            IndexedRows::Memory(rows) => Ok(rows[entry.at as usize].clone()),
            IndexedRows::Jsonl(file) => json_row(&self.place, read(file)?.trim_ascii(), line),
            IndexedRows::Csv(file, header) => {
                let bytes = read(file)?;
                let mut reader = csv_builder(&self.place).from_reader(bytes.as_slice());
                let mut record = csv::ByteRecord::new();
                reader.read_byte_record(&mut record).map_err(|error| {
                    self.place
                        .at(line, format!("changed while it was read: {error}"))
                })?;
                csv_row(&self.place, header, &record, line)
            }
        }
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_read(bytes, at)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => {
                bytes = &mut bytes[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}
