//! Server-sent events and JSON lines out of bytes that come in pieces.
//!
//! Bytes -> the `data` of each event (<https://html.spec.whatwg.org/multipage/server-sent-events.html>)
//! or each line. Pieces may end anywhere, also inside a character or between CR and LF. Comments,
//! `id` and `retry` are skipped; names of events are given, and need not be looked at: every
//! provider repeats them in its data. Nothing grows over [`MAX_EVENT`].

/// An event, or a line, of more bytes than this is an error.
pub const MAX_EVENT: usize = 8 << 20;

/// An event or a line is longer than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {MAX_EVENT} bytes")]
pub struct TooLong;

/// Cuts bytes into lines that end with LF, CR, or both.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    /// The last line ended with CR: an LF right after it belongs to it.
    after_cr: bool,
}

impl Lines {
    fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&str) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_cr && rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
        if !bytes.is_empty() {
            self.after_cr = false;
        }
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.push(&rest[..at])?;
            // What is no UTF-8 becomes the mark for it, as the specification wants.
            each(&String::from_utf8_lossy(&self.line))?;
            self.line.clear();
            let cr = rest[at] == b'\r';
            rest = &rest[at + 1..];
            if cr {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
        }
        self.push(rest)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_EVENT {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; `None` where it has none.
    pub name: Option<String>,
    /// Its data; lines are joined by line feeds.
    pub data: String,
}

/// Reads server-sent events.
///
/// ```
/// use botsmith_nanobots::provider::sse::EventReader;
/// let mut reader = EventReader::default();
/// assert!(reader.feed(b"data: one\ndata: t").unwrap().is_empty());
/// assert_eq!(reader.feed(b"wo\n\n").unwrap()[0].data, "one\ntwo");
/// ```
#[derive(Debug, Default)]
pub struct EventReader {
    lines: Lines,
    begun: bool,
    event: Event,
    has_data: bool,
}

impl EventReader {
    /// The events that these bytes complete.
    ///
    /// # Errors
    /// [`TooLong`]; the reader must not be used after it.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        let Self {
            lines,
            begun,
            event,
            has_data,
        } = self;
        lines.feed(bytes, |line| {
            let line = match std::mem::replace(begun, true) {
                true => line,
                false => line.strip_prefix('\u{feff}').unwrap_or(line),
            };
            if line.is_empty() {
                let whole = std::mem::take(event);
                if std::mem::take(has_data) {
                    events.push(whole);
                }
                return Ok(());
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => {
                    if std::mem::replace(has_data, true) {
                        event.data.push('\n');
                    }
                    if event.data.len() + value.len() > MAX_EVENT {
                        return Err(TooLong);
                    }
                    event.data.push_str(value);
                }
                "event" => event.name = Some(value.to_owned()),
                _ => {}
            }
            Ok(())
        })?;
        Ok(events)
    }

    /// What stands after the last whole event: some servers forget the last empty line.
    pub fn rest(mut self) -> Option<Event> {
        let mut events = self.feed(b"\n\n").ok()?;
        events.pop()
    }
}

/// Reads lines that are not empty.
#[derive(Debug, Default)]
pub struct LineReader(Lines);

impl LineReader {
    /// The lines that these bytes complete.
    ///
    /// # Errors
    /// [`TooLong`]; the reader must not be used after it.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut found = Vec::new();
        self.0.feed(bytes, |line| {
            if !line.trim().is_empty() {
                found.push(line.to_owned());
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// What stands after the last line end.
    pub fn rest(mut self) -> Option<String> {
        self.feed(b"\n").ok()?.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: Option<&str>, data: &str) -> Event {
        Event {
            name: name.map(str::to_owned),
            data: data.to_owned(),
        }
    }

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        let cases: [(&str, Vec<Event>); 7] = [
            (
                "data: a\n\ndata: b\n\n",
                vec![event(None, "a"), event(None, "b")],
            ),
            (
                "data: a\r\n\r\ndata:b\r\rdata:  c\n\n",
                vec![event(None, "a"), event(None, "b"), event(None, " c")],
            ),
            (
                ": comment\n\nevent: x\ndata: é€😀\nid: 1\nretry: 3\n\n",
                vec![event(Some("x"), "é€😀")],
            ),
            ("data: 1\ndata\ndata: 2\n\n", vec![event(None, "1\n\n2")]),
            ("\u{feff}data: a\n\n", vec![event(None, "a")]),
            ("event: x\n\ndata: y\n\n", vec![event(None, "y")]),
            (
                "data: {\"a\": \"b:c\"}\n\nnot a field\n\n",
                vec![event(None, "{\"a\": \"b:c\"}")],
            ),
        ];
        for (text, expected) in cases {
            for cut in 0..=text.len() {
                let mut reader = EventReader::default();
                let mut found = reader.feed(&text.as_bytes()[..cut]).unwrap();
                found.extend(reader.feed(&text.as_bytes()[cut..]).unwrap());
                assert_eq!(found, expected, "{text:?} cut at {cut}");
            }
            let mut reader = EventReader::default();
            let found: Vec<_> = text
                .bytes()
                .flat_map(|byte| reader.feed(&[byte]).unwrap())
                .collect();
            assert_eq!(found, expected, "{text:?} byte by byte");
        }
    }

    #[test]
    fn a_last_event_without_its_empty_line_is_found() {
        let mut reader = EventReader::default();
        assert!(reader.feed(b"data: [DONE]").unwrap().is_empty());
        assert_eq!(reader.rest(), Some(event(None, "[DONE]")));
        let mut lines = LineReader::default();
        assert_eq!(lines.feed(b"{}\n\n{\"a\"").unwrap(), ["{}"]);
        assert_eq!(lines.rest().as_deref(), Some("{\"a\""));
    }

    #[test]
    fn an_endless_event_is_an_error() {
        let block = vec![b'x'; 1 << 20];
        let mut reader = EventReader::default();
        let mut fed = 0;
        while reader.feed(&block).is_ok() {
            fed += block.len();
            assert!(fed <= MAX_EVENT);
        }
        let mut reader = EventReader::default();
        let line = [b"data: ".as_slice(), &block, b"\n"].concat();
        let mut fed = 0;
        while reader.feed(&line).is_ok() {
            fed += block.len();
            assert!(fed <= MAX_EVENT);
        }
    }
}
