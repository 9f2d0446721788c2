//! Chaos: runs with fan-out, fan-in, retries, timers, approvals and a concurrency key, done by worker processes
//! that are killed and stalled, on servers that are killed, through a proxy that drops replies after the
//! server has applied them. A checker then reads what workers were told and what is stored.
//!
//! `chaos --steps N --seed N [--only MODE]` -> one line of facts for each mode; exit code 1 for any violation.
//! The load is the same for a seed; which step a kill hits is up to the machine. A SIGKILL keeps what the
//! system has in its page cache: this is no test of power loss.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that stops at the first surprise"
)]

pub(crate) mod check;
pub(crate) mod drive;
pub(crate) mod load;
pub(crate) mod proxy;
mod restore;
pub(crate) mod world;

use std::process::ExitCode;

/// Random numbers that are the same for a seed (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

/// What stands between the load and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Redis that syncs before it answers; workers and server are killed.
    Always,
    /// Redis that syncs every second; workers and server are killed.
    Everysec,
    /// Redis that syncs every second; only workers are killed.
    Workers,
    /// SQLite; workers are killed.
    Sqlite,
}

impl Mode {
    const ALL: [(&'static str, Self); 4] = [
        ("always", Self::Always),
        ("everysec", Self::Everysec),
        ("workers", Self::Workers),
        ("sqlite", Self::Sqlite),
    ];

    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, mode)| *mode == self);
        found.expect("all modes are listed").0
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "worker") {
        load::worker(&arguments[1], &arguments[2], arguments[3].parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let after = |name: &str| {
        let at = arguments.iter().position(|one| one == name)?;
        arguments.get(at + 1).cloned()
    };
    let number = |name: &str, usual: u64| after(name).map_or(usual, |text| text.parse().unwrap());
    let (steps, seed) = (number("--steps", 300), number("--seed", 1));
    let only = after("--only");
    let mut violations = Vec::new();
    let redis = world::has_redis();
    if !redis {
        eprintln!("redis-server is not installed: only SQLite is tried");
    }
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only == name);
    for (name, mode) in Mode::ALL {
        if wanted(name) && (redis || mode == Mode::Sqlite) {
            violations.extend(drive::run(mode, steps, seed));
        }
    }
    if redis && wanted("restore") {
        violations.extend(restore::run());
    }
    for violation in &violations {
        println!("VIOLATION {violation}");
    }
    match violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
