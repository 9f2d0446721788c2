//! What the tests of the command share: a folder of its own for each test, and the real binary run
//! in it with nothing of this machine's environment.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unreachable_pub, reason = "a module of several test crates")]
#![allow(clippy::unwrap_used, reason = "tests may")]

pub mod quoting;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder that goes when the test ends.
pub struct Folder(TempDir);

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let ran = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.stdout.matches('\n').count(),
            1,
            "one line, one object: {}\n{}",
            self.stdout,
            self.stderr
        );
        assert!(self.stdout.ends_with('\n'));
        let value: Value = serde_json::from_str(&self.stdout).unwrap();
        assert!(value.is_object());
        value
    }
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with one file, `suite.yaml`.
    pub fn with_suite(text: &str) -> Self {
        let folder = Self::new();
        folder.write("suite.yaml", text);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap()
    }

    /// The command with these arguments, ready to run here.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = clean(env!("CARGO_BIN_EXE_botsmith"), self.path());
        command.args(args);
        command
    }

    /// A shell script that finds the binary as `$BOTSMITH`.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = clean("sh", self.path());
        command
            .args(["-c", script])
            .env("BOTSMITH", env!("CARGO_BIN_EXE_botsmith"));
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Runs with text on stdin.
    pub fn pipe(&self, args: &[&str], stdin: &[u8]) -> Ran {
        use std::io::Write as _;
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let text = stdin.to_vec();
        // Written beside the reading, so that neither waits for the other; an error that ends the
        // command early closes the pipe.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&text)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output.into()
    }

    /// `eval --json` of `suite.yaml`, which must exit 0.
    #[track_caller]
    pub fn report(&self) -> Value {
        self.run(&["eval", "suite.yaml", "--json"]).ends(0).json()
    }

    /// The same without a store.
    #[track_caller]
    pub fn judge(&self) -> Value {
        let args = ["eval", "suite.yaml", "--json", "--store", "memory:"];
        self.run(&args).ends(0).json()
    }
}

fn clean(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// A report without what may differ between two equal runs.
pub fn timeless(mut report: Value) -> Value {
    let object = report.as_object_mut().unwrap();
    object.shift_remove("timings").expect("timings");
    let facts = object["facts"].as_object_mut().unwrap();
    facts.shift_remove("created").expect("facts.created");
    report
}

/// The keys of an object, in order.
#[track_caller]
pub fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

#[track_caller]
pub fn close(value: &Value, wanted: f64) {
    let x = value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"));
    assert!((x - wanted).abs() < 1e-9, "{x} is not {wanted}");
}

/// Draws without a dependency: the same numbers on every machine (xorshift64*).
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}
