//! The loop as one story: a weak bot, what (made-up) people say of its recorded answers, a judge held against them, a
//! better version that passes the gate, its canary, and a bad version that traffic takes back.
//!
//! `examples/loop/run [FOLDER]` builds what it needs and tells it; `cargo run --example loop` does where the
//! `botsmith` command is built already. Everything that people do is simulated, and seeded; everything that Botsmith
//! does is what it always does. In FOLDER (`loop-story`) are then `report.html`, for a reader without tools,
//! `story.json`, and all files that the commands made.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]
#![allow(unreachable_pub, reason = "its modules are shared with a test")]

mod charts;
mod commands;
mod people;
mod report;
mod steps;
mod story;
mod traffic;
mod world;

use std::path::PathBuf;

use commands::Failure;

/// The seed of everything that is made up.
const SEED: u64 = 9;

fn main() -> Result<(), Failure> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "loop-story".into()),
    );
    // Examples are built beside the programs: target/debug/examples/loop, target/debug/botsmith.
    let here = std::env::current_exe()?;
    let beside = here
        .parent()
        .and_then(std::path::Path::parent)
        .ok_or("no folder above")?;
    let program = beside.join(format!("botsmith{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        return Err(format!("{}: not there; `cargo build` makes it", program.display()).into());
    }
    if folder.exists() {
        return Err(format!("{}: there already; name another folder", folder.display()).into());
    }
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let story = steps::tell(&program, &folder, SEED)?;
    std::fs::write(folder.join("report.html"), report::page(&story))?;
    let json = serde_json::to_string_pretty(&story)?;
    std::fs::write(folder.join("story.json"), json)?;
    println!("simulated people, real decisions:");
    println!(
        "  {} -> {} good answers on the gate's cases",
        charts::percent(story.gate.before.value),
        charts::percent(story.gate.after.value)
    );
    for watched in &story.watches {
        println!("  {}: {} ({})", watched.title, watched.end, watched.why);
    }
    println!("  {} things were refused", story.refused.len());
    println!("\nnext: open {}", folder.join("report.html").display());
    Ok(())
}
