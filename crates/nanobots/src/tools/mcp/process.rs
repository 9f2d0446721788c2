//! A server that is a process: its standard input and output as a transport with short lines.

use std::ffi::OsStr;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};

use botsmith_core::SecretString;
use indexmap::IndexMap;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::MESSAGE;

/// Starts the program, without a shell. It sees the variables that are named, and `PATH`. What it
/// writes to standard error goes nowhere: it may hold secrets, and the terminal is the user's.
pub(super) fn start(
    command: &[String],
    env: &IndexMap<String, SecretString>,
    folder: Option<&str>,
    path: Option<&OsStr>,
) -> io::Result<(Child, (ShortLines<ChildStdout>, ChildStdin))> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| io::Error::other("no program is named"))?;
    let mut process = Command::new(program);
    process.args(arguments).env_clear();
    if let Some(path) = path {
        process.env("PATH", path);
    }
    for (name, value) in env {
        process.env(name, value.expose());
    }
    if let Some(folder) = folder {
        process.current_dir(folder);
    }
    let mut child = process
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let missing = || io::Error::other("it has no standard input or output");
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stdin = child.stdin.take().ok_or_else(missing)?;
    Ok((child, (ShortLines::new(stdout), stdin)))
}

/// Reads on until a line is longer than a message may be.
#[derive(Debug)]
pub(super) struct ShortLines<R> {
    inner: R,
    line: usize,
}

impl<R> ShortLines<R> {
    fn new(inner: R) -> Self {
        Self { inner, line: 0 }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for ShortLines<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        for byte in &buffer.filled()[before..] {
            self.line = if *byte == b'\n' { 0 } else { self.line + 1 };
            if self.line > MESSAGE {
                let message = format!("a message of more than {MESSAGE} bytes");
                return Poll::Ready(Err(io::Error::other(message)));
            }
        }
        Poll::Ready(Ok(()))
    }
}
