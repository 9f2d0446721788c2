//! Files cut into batches, batches parsed into rows.

use std::io::{BufRead, Read};
use std::sync::Arc;

use botsmith_core::Error as CoreError;
use serde_json::{Map, Value};

use crate::{Error, Result};

use super::{Place, Row};

/// Rows in one batch at most.
pub const MAX_BATCH_ROWS: usize = 256;
/// Bytes in one batch at most, a single longer row apart.
pub const MAX_BATCH_BYTES: usize = 1 << 20;
/// Bytes in one row at most: far above any honest one, small enough to refuse in time.
pub(crate) const MAX_ROW_BYTES: usize = 32 << 20;

/// A source of batches.
pub trait Rows: Send {
    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read, or a row is too long.
    fn next_batch(&mut self) -> Result<Option<Batch>>;
}

/// Unparsed rows.
#[derive(Debug)]
pub struct Batch {
    place: Place,
    content: Content,
    /// Rows of the file before this batch.
    first: usize,
    /// Bytes of the file up to the end of this batch.
    pub position: u64,
}

#[derive(Debug)]
enum Content {
    /// A buffer; start, end and number of each line that is not blank; its offset in the file.
    Lines {
        buffer: Vec<u8>,
        lines: Vec<(usize, usize, usize)>,
        offsets: Vec<u64>,
    },
    Records {
        header: Arc<Vec<String>>,
        records: Vec<(csv::ByteRecord, usize)>,
    },
    Values(Vec<Row>),
}

impl Batch {
    /// Parses the rows.
    ///
    /// # Errors
    /// The first row that is no JSON, no UTF-8, or has another number of columns than the header:
    /// with file, line, column and excerpt.
    pub fn rows(self) -> Result<Vec<Row>> {
        let mut rows = match self.content {
            Content::Values(rows) => rows,
            Content::Lines { buffer, lines, .. } => lines
                .iter()
                .map(|&(start, end, line)| json_row(&self.place, &buffer[start..end], line))
                .collect::<Result<_>>()?,
            Content::Records { header, records } => records
                .iter()
                .map(|(record, line)| csv_row(&self.place, &header, record, *line))
                .collect::<Result<_>>()?,
        };
        for (i, row) in rows.iter_mut().enumerate() {
            row.number = self.first + i;
        }
        Ok(rows)
    }
}

impl Batch {
    /// The rows of a JSONL batch with the byte offset and length of each line in the file.
    pub(crate) fn rows_with_offsets(self) -> Result<Vec<(Row, u64, u64)>> {
        let Content::Lines {
            buffer,
            lines,
            offsets,
        } = &self.content
        else {
            return Ok(Vec::new());
        };
        let rows = lines
            .iter()
            .zip(offsets)
            .map(|(&(start, end, line), &offset)| {
                let row = json_row(&self.place, &buffer[start..end], line)?;
                Ok((row, offset, (end - start) as u64))
            });
        rows.collect()
    }
}

/// Parses one line of JSONL.
pub(crate) fn json_row(place: &Place, bytes: &[u8], line: usize) -> Result<Row> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(place, bytes, line, &error))?;
    serde_json::from_str(text).map(|value| Row::from_value(value, line)).map_err(|error| {
        let column = error.column().max(1);
        // serde_json counts bytes; the diagnostic counts characters.
        let mut at = (column - 1).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let mut message = error.to_string();
        if let Some(cut) = message.rfind(" at line ") {
            message.truncate(cut);
        }
        let diagnostic = place
            .at(line, format!("not valid JSON: {message}"))
            .at(line, text[..at].chars().count() + 1)
            .excerpt(text);
        let hint = if text.contains('\0') {
            Some("the line holds NUL bytes: the file is damaged or no text file")
        } else if text.trim_start().starts_with('[') && line == 1 {
            Some("a `.jsonl` file has one JSON object a line; a JSON list goes into a `.json` file")
        } else if matches!(text.trim(), "{" | "[") {
            Some("a `.jsonl` file has one whole JSON object on each line")
        } else {
            None
        };
        match hint {
            Some(hint) => diagnostic.hint(hint).into(),
            None => Error::from(diagnostic),
        }
    })
}

fn not_utf8(place: &Place, bytes: &[u8], line: usize, error: &std::str::Utf8Error) -> Error {
    let valid = error.valid_up_to();
    let column = String::from_utf8_lossy(&bytes[..valid]).chars().count() + 1;
    place
        .at(
            line,
            format!("byte 0x{:02x} is not valid UTF-8", bytes[valid]),
        )
        .at(line, column)
        .excerpt(&String::from_utf8_lossy(bytes))
        .hint("save the file as UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8` often helps)")
        .into()
}

/// Turns one CSV record into an object of column to text.
pub(crate) fn csv_row(
    place: &Place,
    header: &[String],
    record: &csv::ByteRecord,
    line: usize,
) -> Result<Row> {
    if record.len() != header.len() {
        return Err(place
            .at(
                line,
                format!(
                    "{} columns here, the header has {}",
                    record.len(),
                    header.len()
                ),
            )
            .hint("a value that holds a comma, a quote or a line break stands in double quotes")
            .into());
    }
    let mut object = Map::with_capacity(header.len());
    for (name, cell) in header.iter().zip(record) {
        let text =
            std::str::from_utf8(cell).map_err(|error| not_utf8(place, cell, line, &error))?;
        object.insert(name.clone(), Value::String(text.to_owned()));
    }
    Ok(Row::from_value(Value::Object(object), line))
}

fn read_error(place: &Place, source: std::io::Error) -> Error {
    CoreError::Read {
        path: place.path().to_owned(),
        source,
    }
    .into()
}

fn too_long(place: &Place, line: usize) -> Error {
    let limit = MAX_ROW_BYTES >> 20;
    place
        .at(line, format!("the row is longer than {limit} MiB"))
        .hint("is this a JSONL file with one case a line?")
        .into()
}

/// JSONL, cut at line feeds; blank lines are passed over.
#[derive(Debug)]
pub(crate) struct JsonlRows<R> {
    place: Place,
    reader: R,
    line: usize,
    rows: usize,
    position: u64,
}

impl<R: BufRead> JsonlRows<R> {
    pub(crate) fn new(place: Place, reader: R, position: u64) -> Self {
        Self {
            place,
            reader,
            line: 0,
            rows: 0,
            position,
        }
    }
}

impl<R: BufRead + Send> Rows for JsonlRows<R> {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut buffer = Vec::with_capacity(1 << 16);
        let mut lines = Vec::with_capacity(MAX_BATCH_ROWS);
        let mut offsets = Vec::with_capacity(MAX_BATCH_ROWS);
        while lines.len() < MAX_BATCH_ROWS && buffer.len() < MAX_BATCH_BYTES {
            let start = buffer.len();
            let read = Read::by_ref(&mut self.reader)
                .take(MAX_ROW_BYTES as u64 + 1)
                .read_until(b'\n', &mut buffer)
                .map_err(|error| read_error(&self.place, error))?;
            if read == 0 {
                break;
            }
            self.line += 1;
            self.position += read as u64;
            if read > MAX_ROW_BYTES {
                return Err(too_long(&self.place, self.line));
            }
            let text = buffer[start..].trim_ascii();
            if text.is_empty() {
                buffer.truncate(start);
                continue;
            }
            let end = start + buffer[start..].trim_ascii_end().len();
            lines.push((start, end, self.line));
            offsets.push(self.position - read as u64);
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let first = self.rows;
        self.rows += lines.len();
        let content = Content::Lines {
            buffer,
            lines,
            offsets,
        };
        Ok(Some(Batch {
            place: self.place.clone(),
            content,
            first,
            position: self.position,
        }))
    }
}

/// CSV with a header line.
pub(crate) struct CsvRows {
    place: Place,
    reader: csv::Reader<Limited>,
    header: Arc<Vec<String>>,
    rows: usize,
    skip: u64,
}

/// Builds a reader that leaves ragged rows to [`csv_row`], whose error is clearer.
pub(crate) fn csv_builder(place: &Place) -> csv::ReaderBuilder {
    let tabs = place
        .path()
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
    let mut builder = csv::ReaderBuilder::new();
    builder
        .flexible(true)
        .has_headers(false)
        .delimiter(if tabs { b'\t' } else { b',' });
    builder
}

/// A reader that fails once a single record has asked for too many bytes: an unclosed quote would
/// otherwise pull the whole file into memory.
pub(crate) struct Limited {
    inner: Box<dyn Read + Send>,
    /// Bytes that the record now being read may still ask for.
    left: usize,
    /// Bytes read so far.
    total: u64,
    /// Whether lines end with CR LF: told by the first one.
    windows: Option<bool>,
    /// What is still to be given after the file's last byte.
    end: Option<&'static [u8]>,
}

/// Put after the file's last line: a record of its own, unless a double quote is left open.
const END: &[u8] = b"\0end of file";

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Err(std::io::Error::other(TOO_LONG));
        }
        let n = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(n);
        self.total += n as u64;
        if self.windows.is_none() {
            let end = memchr::memchr(b'\n', &buffer[..n]);
            self.windows = end.map(|end| end > 0 && buffer[end - 1] == b'\r');
        }
        if n > 0 {
            return Ok(n);
        }
        let rest = match self.end.take() {
            Some(rest) => rest,
            None if self.windows == Some(true) => b"\r\n\0end of file",
            None => b"\n\0end of file",
        };
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.end = Some(&rest[n..]);
        Ok(n)
    }
}

const TOO_LONG: &str = "one record is longer than 32 MiB; is a double quote left open?";

impl CsvRows {
    pub(crate) fn new(place: Place, reader: impl Read + Send + 'static, skip: u64) -> Result<Self> {
        let limited = Limited {
            inner: Box::new(reader),
            left: MAX_ROW_BYTES,
            total: 0,
            windows: None,
            end: None,
        };
        let mut rows = Self {
            reader: csv_builder(&place).from_reader(limited),
            place,
            header: Arc::default(),
            rows: 0,
            skip,
        };
        let mut header = Vec::new();
        if let Some((record, line, ..)) = rows.next_record()? {
            for cell in &record {
                let name = std::str::from_utf8(cell)
                    .map_err(|error| not_utf8(&rows.place, cell, line, &error))?
                    .trim();
                if header.iter().any(|known| known == name) {
                    let message = format!("column `{name}` stands twice");
                    return Err(rows.place.at(line, message).into());
                }
                header.push(name.to_owned());
            }
        }
        rows.header = Arc::new(header);
        Ok(rows)
    }

    /// The columns.
    pub(crate) fn header(&self) -> &Arc<Vec<String>> {
        &self.header
    }

    /// The line on which the record that was just read starts. The reader's own number passes over
    /// blank lines, and has not yet counted the LF of a CR LF.
    fn line_of(&self, record: &csv::ByteRecord, open: bool) -> usize {
        let inside = memchr::memchr_iter(b'\n', record.as_slice()).count();
        let ended = usize::from(!open && self.reader.get_ref().windows != Some(true));
        (self.reader.position().line() as usize)
            .saturating_sub(inside + ended)
            .max(1)
    }

    /// The next record with its line, and the bytes of the file where it starts and ends.
    pub(crate) fn next_record(&mut self) -> Result<Option<(csv::ByteRecord, usize, u64, u64)>> {
        let mut record = csv::ByteRecord::new();
        let (start, line) = (self.reader.position().byte(), self.reader.position().line());
        self.reader.get_mut().left = MAX_ROW_BYTES;
        let more = self
            .reader
            .read_byte_record(&mut record)
            .map_err(|error| csv_error(&self.place, error, line))?;
        // Our own mark lies past the file; the same bytes in the file itself mean nothing.
        let past = self.reader.position().byte() > self.reader.get_ref().total + 2;
        if !more || past && record.as_slice() == END {
            return Ok(None);
        }
        let open = past && record.as_slice().ends_with(END);
        let line = self.line_of(&record, open);
        if open {
            return Err(self
                .place
                .at(
                    line,
                    "a double quote that opens in this row is never closed",
                )
                .hint("a double quote inside a quoted value is written twice: \"\"")
                .into());
        }
        if record.as_slice().contains(&0) {
            return Err(self
                .place
                .at(line, "the row holds a NUL byte")
                .hint("the file is damaged or no text file")
                .into());
        }
        let end = self
            .reader
            .position()
            .byte()
            .min(self.reader.get_ref().total);
        Ok(Some((record, line, start + self.skip, end + self.skip)))
    }
}

fn csv_error(place: &Place, error: csv::Error, line: u64) -> Error {
    let line = error.position().map_or(line, csv::Position::line) as usize;
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.to_string() == TOO_LONG => {
            place.at(line, TOO_LONG).into()
        }
        csv::ErrorKind::Io(error) => read_error(place, error),
        kind => place.at(line, format!("not valid CSV: {kind:?}")).into(),
    }
}

impl Rows for CsvRows {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut records = Vec::with_capacity(MAX_BATCH_ROWS);
        let (mut bytes, mut position) = (0, 0);
        while records.len() < MAX_BATCH_ROWS && bytes < MAX_BATCH_BYTES {
            let Some((record, line, _, end)) = self.next_record()? else {
                break;
            };
            bytes += record.as_slice().len();
            position = end;
            records.push((record, line));
        }
        if records.is_empty() {
            return Ok(None);
        }
        let first = self.rows;
        self.rows += records.len();
        let content = Content::Records {
            header: Arc::clone(&self.header),
            records,
        };
        Ok(Some(Batch {
            place: self.place.clone(),
            content,
            first,
            position,
        }))
    }
}

/// Rows already in memory.
#[derive(Debug)]
pub(crate) struct ValueRows {
    place: Place,
    rows: Arc<Vec<Row>>,
    next: usize,
}

impl ValueRows {
    pub(crate) fn new(place: Place, rows: Arc<Vec<Row>>) -> Self {
        Self {
            place,
            rows,
            next: 0,
        }
    }
}

impl Rows for ValueRows {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let end = (self.next + MAX_BATCH_ROWS).min(self.rows.len());
        if self.next == end {
            return Ok(None);
        }
        let first = self.next;
        let rows = self.rows[first..end].to_vec();
        self.next = end;
        let content = Content::Values(rows);
        Ok(Some(Batch {
            place: self.place.clone(),
            content,
            first,
            position: end as u64,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use super::*;

    fn lines(text: String) -> Vec<usize> {
        let place = Place::new(Path::new("cases.csv"));
        let mut rows = CsvRows::new(place, Cursor::new(text.into_bytes()), 0).unwrap();
        let mut lines = Vec::new();
        while let Some(batch) = rows.next_batch().unwrap() {
            lines.extend(batch.rows().unwrap().iter().map(|row| row.line));
        }
        lines
    }

    #[test]
    fn csv_rows_know_their_line_whatever_ends_a_line() {
        for (text, wanted) in [
            ("a,b\n1,2\n3,4", vec![2, 3]),
            ("a,b\r\n1,2\r\n3,4", vec![2, 3]),
            ("a,b\r\n1,2\r\n\r\n3,4\r\n", vec![2, 4]),
            ("\n\na,b\n\n1,2\n", vec![5]),
            ("a,b\r\n\"1\r\n1\",2\r\n3,4\r\n", vec![2, 4]),
            ("a,b\n1,\"2\n\"\n3,4\n", vec![2, 4]),
        ] {
            assert_eq!(lines(text.into()), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_holds_the_mark_of_the_end_is_no_shorter_for_it() {
        let error = |text: &str| {
            let place = Place::new(Path::new("cases.csv"));
            let rows = CsvRows::new(place, Cursor::new(text.as_bytes().to_vec()), 0);
            rows.and_then(|mut rows| rows.next_batch().map(drop))
                .unwrap_err()
                .to_string()
        };
        for text in ["a\n\0end of file\n2\n", "a\n\0end of file", "\0end of file"] {
            assert!(
                error(text).contains("NUL byte"),
                "{text:?}: {}",
                error(text)
            );
        }
        assert!(error("a\n\"1").contains("never closed"));
        assert!(error("a\r\n\"1\0end of file\n").contains("never closed"));
    }

    #[test]
    fn csv_lines_are_right_across_the_blocks_that_are_read() {
        for end in ["\n", "\r\n"] {
            let text =
                (0..20_000).fold(String::new(), |text, i| text + &i.to_string() + ",b" + end);
            assert_eq!(lines(text), (2..=20_000).collect::<Vec<_>>(), "{end:?}");
        }
    }
}
