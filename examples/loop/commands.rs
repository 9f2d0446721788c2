//! The `botsmith` command, run in the folder of the story: words in, its JSON out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Whatever stops the story.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The program and the folder.
pub struct Commands {
    pub program: PathBuf,
    pub folder: PathBuf,
}

impl Commands {
    fn run(&self, words: &[&str]) -> Result<Output, Failure> {
        let output = Command::new(&self.program)
            .args(words)
            .current_dir(&self.folder)
            .env_remove("BOTSMITH_STORE")
            .output()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        Ok(output)
    }

    /// Runs a command that has to end with this code, and gives what it prints.
    pub fn plain(&self, words: &[&str], code: i32) -> Result<String, Failure> {
        let output = self.run(words)?;
        let said = String::from_utf8_lossy(&output.stdout);
        if output.status.code() != Some(code) {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "botsmith {} ended with {}, not {code}:\n{said}{error}",
                words.join(" "),
                output.status
            )
            .into());
        }
        Ok(said.into_owned())
    }

    /// The same, of a command that prints JSON.
    pub fn json(&self, words: &[&str], code: i32) -> Result<Value, Failure> {
        Ok(serde_json::from_str(&self.plain(words, code)?)?)
    }

    /// Why a command refuses to run.
    pub fn refusal(&self, words: &[&str]) -> Result<String, Failure> {
        let told = self.json(words, 2)?;
        let message = told["error"]["message"].as_str();
        Ok(message.ok_or("an error without a message")?.to_owned())
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        Ok(std::fs::write(self.folder.join(name), text)?)
    }

    /// Reads one.
    pub fn read(&self, name: impl AsRef<Path>) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(self.folder.join(name))?)
    }
}
