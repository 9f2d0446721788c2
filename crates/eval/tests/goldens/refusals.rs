//! This test must fail where it can compare nothing: it runs itself on files that are no goldens.

use std::process::{Command, Stdio};

use crate::tally::Tally;

/// Set in the runs that this file starts, which start no more of them.
const INNER: &str = "BOTSMITH_GOLDENS_INNER";

/// Contents of a file that is no goldens; `None`: there is no file.
const FILES: &[(&str, Option<&[u8]>)] = &[
    ("missing", None),
    ("empty", Some(b"")),
    ("cut-off", Some(b"{\"pairs\": [")),
    ("not-text", Some(b"\xff\xfe\x00")),
    ("without-pairs", Some(b"{}")),
    ("no-pairs", Some(b"{\"pairs\": []}")),
    (
        "no-sections",
        Some(b"{\"pairs\": [{\"id\": 0, \"cand\": \"a\", \"refs\": [\"a\"], \"m\": {}}]}"),
    ),
    (
        "unknown-section",
        Some(b"{\"pairs\": [{\"id\": 0, \"m\": {\"never-heard-of\": 1}}]}"),
    ),
];

pub(crate) fn check(tally: &mut Tally) {
    if std::env::var_os(INNER).is_some() {
        return;
    }
    tally.section("refusals", true, |tally| {
        for (name, content) in FILES {
            tally.case(format!("a golden file that is {name}"));
            let outcome = run(name, *content);
            tally.holds(
                &format!("makes the test fail ({outcome:?})"),
                outcome.is_ok_and(|succeeded| !succeeded),
            );
        }
    });
}

/// Whether this test passes on a file of this content.
fn run(name: &str, content: Option<&[u8]>) -> std::io::Result<bool> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    if let Some(content) = content {
        std::fs::write(&path, content)?;
    }
    let status = Command::new(std::env::current_exe()?)
        .env("BOTSMITH_GOLDENS", path)
        .env(INNER, "1")
        .stdout(Stdio::null())
        .status()?;
    Ok(status.success())
}
