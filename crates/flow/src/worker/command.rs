//! Steps of kind `command`: a program of the worker's machine, without a shell. Exit code 0 gives
//! `{stdout, stderr}`; any other fails the attempt with class `exit`.
//!
//! The program's process group is killed when the attempt is stopped. What it writes is cut at 1 MiB.

use std::process::Stdio;

use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::task::Task;
use crate::{Output, StepError};

/// How much of what it writes is kept, in bytes of each stream.
const KEPT: usize = 1 << 20;

#[derive(Deserialize)]
struct With {
    run: Vec<serde_json::Value>,
    #[serde(default)]
    stdin: Option<String>,
}

/// A child and whatever it started; killed when dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = self
            .0
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()))
        {
            // Only a group that is still there can be hit: the child was not waited for.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = self.0.start_kill();
    }
}

pub(super) async fn command(task: Task) -> Result<Output, StepError> {
    let with: With = task.read()?;
    let words: Vec<String> = with
        .run
        .iter()
        .map(|word| {
            word.as_str()
                .map_or_else(|| word.to_string(), str::to_owned)
        })
        .collect();
    let Some((program, arguments)) = words.split_first() else {
        return Err(StepError::new("with", "`run` names no program"));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(task.folder())
        .env("BOTSMITH_RUN", task.run())
        .env("BOTSMITH_STEP", task.step())
        .env("BOTSMITH_IDEMPOTENCY_KEY", task.idempotency_key())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let failed = |error: std::io::Error| StepError::new("spawn", format!("`{program}`: {error}"));
    let mut group = Group(command.spawn().map_err(failed)?);
    let stdin = group.0.stdin.take();
    let (stdout, stderr) = (group.0.stdout.take(), group.0.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that reads nothing is no failure.
            let _ = stdin
                .write_all(with.stdin.unwrap_or_default().as_bytes())
                .await;
        }
    };
    let ((), stdout, stderr, status) =
        tokio::join!(write, kept(stdout), kept(stderr), group.0.wait());
    let status = status.map_err(failed)?;
    if status.success() {
        return Ok(Output::Done(json!({"stdout": stdout, "stderr": stderr})));
    }
    let last: Vec<&str> = stderr.trim_end().lines().rev().take(3).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(StepError::new(
        "exit",
        format!("`{program}` ended with {status}: {}", last.join(" | ")),
    ))
}

/// The start of what a stream gives; the rest is read and dropped.
async fn kept(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let (mut all, mut part) = (Vec::new(), vec![0; 8192]);
    while let Ok(n @ 1..) = stream.read(&mut part).await {
        let room = KEPT - all.len().min(KEPT);
        all.extend_from_slice(&part[..n.min(room)]);
    }
    String::from_utf8_lossy(&all).into_owned()
}
