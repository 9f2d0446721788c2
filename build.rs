//! Facts for `botsmith --version`: nothing that differs between two builds of the same source.

use std::process::Command;

fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .output()
        .ok()
        .filter(|o| o.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

fn main() {
    // Not `BOTSMITH_…`: `cargo run` hands these to the program, which would take them for settings.
    println!("cargo::rerun-if-changed=build.rs");
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let rustc = first_line(&rustc, &["--version"]).unwrap_or_default();
    // Outside a checkout (a package from crates.io) there is no commit to name.
    let commit = match std::path::Path::new(".git").exists() {
        true => {
            println!("cargo::rerun-if-changed=.git/HEAD");
            println!("cargo::rerun-if-changed=.git/refs/heads");
            first_line("git", &["rev-parse", "--short=12", "HEAD"])
        }
        false => None,
    };
    println!(
        "cargo::rustc-env=BUILD_COMMIT={}",
        commit.unwrap_or_default()
    );
    println!("cargo::rustc-env=BUILD_RUSTC={rustc}");
    println!("cargo::rustc-env=BUILD_TARGET={}", var("TARGET"));
    println!("cargo::rustc-env=BUILD_PROFILE={}", var("PROFILE"));
}
