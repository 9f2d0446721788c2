//! A program that is run once: text in, text out, within bounds.
//!
//! No shell, an environment of its own, no terminal. A program that takes too long, says too much, or whose
//! caller left is stopped together with all that it started (its process group; on systems without
//! groups the program alone).

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// Bytes of the error output that are kept: its end says what went wrong.
const TAIL: usize = 4 << 10;

/// What to run.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    /// Bytes of output at most.
    pub(super) longest: usize,
}

/// What a program did.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) status: ExitStatus,
    pub(super) output: Vec<u8>,
    /// The end of its error output.
    pub(super) errors: String,
}

/// Why it did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error("it cannot be started: {0}")]
    Start(std::io::Error),
    #[error("its output broke off: {0}")]
    Read(std::io::Error),
    #[error("it gave more than {0} bytes")]
    TooLong(usize),
}

/// Runs `program` on `input`. Dropping the future stops it.
pub(super) async fn run(program: &Program, input: Vec<u8>) -> Result<Done, Stopped> {
    let mut command = Command::new(&program.name);
    command
        .args(&program.arguments)
        .current_dir(&program.folder)
        .env_clear()
        .envs(
            program
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut group = Group(command.spawn().map_err(Stopped::Start)?);
    let (stdin, stdout, stderr) = (
        group.0.stdin.take(),
        group.0.stdout.take(),
        group.0.stderr.take(),
    );
    let write = async move {
        if let Some(mut stdin) = stdin {
            // A program need not read all that it is given, or anything.
            let _ = stdin.write_all(&input).await;
            let _ = stdin.shutdown().await;
        }
    };
    // One that says too much is stopped at once: nobody reads on, and it might wait for that forever.
    let (output, errors, ()) = tokio::try_join!(
        whole(stdout, program.longest),
        async { Ok(tail(stderr).await) },
        async {
            write.await;
            Ok(())
        },
    )?;
    let status = group.0.wait().await.map_err(Stopped::Read)?;
    Ok(Done {
        status,
        output,
        errors,
    })
}

/// A program and all that it started; stopped when dropped before its end.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // `None` once it was waited for: the number may be somebody else's by now.
        #[cfg(unix)]
        if let Some(pid) = self.0.id()
            && let Some(pid) = i32::try_from(pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

async fn whole(from: Option<impl AsyncRead + Unpin>, longest: usize) -> Result<Vec<u8>, Stopped> {
    let mut output = Vec::new();
    if let Some(from) = from {
        let mut from = from.take(longest as u64 + 1);
        from.read_to_end(&mut output).await.map_err(Stopped::Read)?;
    }
    match output.len() > longest {
        true => Err(Stopped::TooLong(longest)),
        false => Ok(output),
    }
}

async fn tail(from: Option<impl AsyncRead + Unpin>) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    if let Some(mut from) = from {
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            kept.extend_from_slice(&buffer[..read]);
            let over = kept.len().saturating_sub(TAIL);
            kept.drain(..over);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}
