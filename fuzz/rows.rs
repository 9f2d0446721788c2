//! What `jsonl` and `csv` share: bytes to rows to cases and answers.

use std::io::Cursor as Bytes;
use std::path::Path;

use botsmith_core::Error as CoreError;
use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_eval::dataset::{Format, Mapping, Place, RecordedFields, Rows, read_rows};
use botsmith_eval::{Error, Result};

/// Reads `bytes` with the usual mapping and `answer` as the answer.
pub fn read(bytes: &[u8], name: &str, format: Format) {
    let place = Place::new(Path::new(name));
    let lines = bytes.split(|b| *b == b'\n' || *b == b'\r').count();
    let known = |error: Error| match error {
        Error::Core(CoreError::Invalid(at)) => {
            // 0: the file as a whole, as UTF-16 is.
            assert!(at.line <= lines, "{at} in {lines} lines");
            assert!(!at.to_string().contains('\u{1b}'), "{at}");
        }
        other => panic!("an error of a file's text names its place: {other}"),
    };
    let opened = read_rows(&place, Bytes::new(bytes.to_vec()), format);
    if let Err(error) = opened.and_then(|mut rows| cases(&mut *rows, &place, format)) {
        known(error);
    }
}

fn cases(rows: &mut dyn Rows, place: &Place, format: Format) -> Result<()> {
    let text = match format {
        Format::Csv => "answer: answer\nlatency-ms: ms\nrefusal: refusal",
        _ => "answer: /answer\nlatency-ms: /ms\nrefusal: /refusal",
    };
    let source = Source::new("mapping.yaml", text);
    let node = parse(&source).expect("fixed YAML");
    let at = Cursor::new(&source, &node);
    let fields = at.fields().expect("a mapping");
    let mapping = Mapping::read(&fields, format).expect("fixed fields");
    let answers = RecordedFields::read(&fields, format).expect("fixed fields");
    let mut before = 0;
    while let Some(batch) = rows.next_batch()? {
        for row in batch.rows()? {
            assert!(row.line > before, "lines go up");
            before = row.line;
            let case = mapping.case(&row, place);
            let said = answers.answers(&row, place, format == Format::Csv);
            // One bad row does not keep the others from being read here.
            if let (Ok(case), Ok(said)) = (case, said) {
                assert_eq!(case.content_id().len(), 64);
                assert!(!said.is_empty());
            }
        }
    }
    Ok(())
}
