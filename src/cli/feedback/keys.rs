//! Single keys of the terminal, without waiting for Enter.
//!
//! On Unix the terminal is put into raw mode while keys are read, and back when this is dropped. Elsewhere
//! the letters of a line are the keys, once Enter was pressed.

use std::collections::VecDeque;
use std::io;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A letter, digit or sign.
    Char(char),
    Enter,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    /// Ctrl-C, Ctrl-D, or the terminal is gone.
    Leave,
    /// One that means nothing here.
    Other,
}

/// The keys of this process's terminal.
#[derive(Debug)]
pub(super) struct Keys {
    #[cfg(unix)]
    raw: Option<raw::Raw>,
    pending: VecDeque<u8>,
}

impl Keys {
    /// Takes the keyboard.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            raw: Some(raw::Raw::enter()?),
            pending: VecDeque::new(),
        })
    }

    /// The next key; waits for it.
    pub(super) fn next(&mut self) -> io::Result<Key> {
        if self.pending.is_empty() && !self.read()? {
            return Ok(Key::Leave);
        }
        Ok(key(&mut self.pending))
    }

    /// Gives the terminal back for as long as `work` takes, which reads lines.
    pub(super) fn paused<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        #[cfg(unix)]
        drop(self.raw.take());
        let done = work();
        #[cfg(unix)]
        {
            self.raw = Some(raw::Raw::enter()?);
        }
        Ok(done)
    }

    #[cfg(unix)]
    fn read(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 64];
        loop {
            match rustix::io::read(io::stdin(), &mut bytes) {
                Ok(n) => {
                    self.pending.extend(&bytes[..n]);
                    return Ok(n > 0);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    #[cfg(not(unix))]
    fn read(&mut self) -> io::Result<bool> {
        let mut line = String::new();
        let n = io::stdin().read_line(&mut line)?;
        let keys = line.trim_end_matches(['\r', '\n']);
        self.pending
            .extend(if keys.is_empty() { "\n" } else { keys }.bytes());
        Ok(n > 0)
    }
}

/// The first key of the bytes that a terminal sends, which are not none.
fn key(bytes: &mut VecDeque<u8>) -> Key {
    let Some(first) = bytes.pop_front() else {
        return Key::Other;
    };
    match first {
        3 | 4 => Key::Leave,
        b'\r' | b'\n' => Key::Enter,
        8 | 127 => Key::Backspace,
        27 => escape(bytes),
        0..=31 => Key::Other,
        first => letter(first, bytes),
    }
}

/// What follows Escape: a sequence of ECMA-48, or nothing.
fn escape(bytes: &mut VecDeque<u8>) -> Key {
    if !matches!(bytes.front(), Some(b'[' | b'O')) {
        return Key::Other;
    }
    bytes.pop_front();
    let mut number = 0;
    while let Some(byte) = bytes.pop_front() {
        match byte {
            b'0'..=b'9' => number = byte,
            b';' => {}
            b'A' => return Key::Up,
            b'B' => return Key::Down,
            b'C' => return Key::Right,
            b'D' => return Key::Left,
            b'~' if number == b'5' => return Key::PageUp,
            b'~' if number == b'6' => return Key::PageDown,
            _ => return Key::Other,
        }
    }
    Key::Other
}

fn letter(first: u8, bytes: &mut VecDeque<u8>) -> Key {
    let mut all = vec![first];
    let more = match first {
        0xc0..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf7 => 3,
        _ => 0,
    };
    all.extend(bytes.drain(..more.min(bytes.len())));
    match std::str::from_utf8(&all)
        .ok()
        .and_then(|text| text.chars().next())
    {
        Some(c) => Key::Char(c),
        None => Key::Other,
    }
}

#[cfg(unix)]
mod raw {
    use std::io;

    use rustix::termios::{OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr};

    /// A terminal that gives each key as it is pressed, until this is dropped.
    #[derive(Debug)]
    pub(super) struct Raw {
        before: Termios,
    }

    impl Raw {
        pub(super) fn enter() -> io::Result<Self> {
            let before = tcgetattr(io::stdin())?;
            let mut raw = before.clone();
            raw.make_raw();
            // Line feeds still begin a line at its left end.
            raw.output_modes |= OutputModes::OPOST;
            tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
            Ok(Self { before })
        }
    }

    impl Drop for Raw {
        fn drop(&mut self) {
            // If the terminal is gone there is nothing to put back.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        }
    }
}

/// Lines and columns of the terminal; 24 and 80 where they are not known.
pub(super) fn size() -> (usize, usize) {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(io::stdout())
        && size.ws_row > 0
        && size.ws_col > 0
    {
        return (size.ws_row.into(), size.ws_col.into());
    }
    (24, 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_terminal_are_taken_apart_into_keys() {
        let mut bytes: VecDeque<u8> = "yé\x1b[A\x1b[6~\x1b[1;5C\x1bOB\x7f\r\x03\x1b"
            .bytes()
            .collect();
        let mut keys = Vec::new();
        while !bytes.is_empty() {
            keys.push(key(&mut bytes));
        }
        let wanted = [
            Key::Char('y'),
            Key::Char('é'),
            Key::Up,
            Key::PageDown,
            Key::Right,
            Key::Down,
            Key::Backspace,
            Key::Enter,
            Key::Leave,
            Key::Other,
        ];
        assert_eq!(keys, wanted);
    }
}
