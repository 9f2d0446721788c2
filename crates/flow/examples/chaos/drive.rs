//! Starts runs and workers, kills and stalls as the seed says, approves, waits for the end, has it checked.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use botsmith_core::store;
use botsmith_flow::{FlowStore, RunState, StepStatus};
use serde_json::json;

use super::check::{self, Harm, Terms};
use super::load::{LEASE, LIMIT, STEPS, now_ms, plan};
use super::proxy::Proxy;
use super::world::{Hand, Redis};
use super::{Mode, Random};

const HANDS: usize = 4;

/// When nothing has moved for so long, what is open counts as stuck. That a machine is slow is no violation.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(mode: Mode, steps: u64, seed: u64) -> Vec<String> {
    let began = Instant::now();
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("history.jsonl");
    let sync = if mode == Mode::Always {
        "always"
    } else {
        "everysec"
    };
    let mut server = (mode != Mode::Sqlite).then(|| Redis::start(folder.path(), sync));
    let proxy = server
        .as_ref()
        .map(|server| Proxy::start(server.port, seed));
    let direct = match &server {
        Some(server) => server.url(),
        None => format!("sqlite:{}", folder.path().join("state.db").display()),
    };
    let through = match &proxy {
        Some(proxy) => format!("redis://127.0.0.1:{}", proxy.port),
        None => direct.clone(),
    };
    let flows = FlowStore::open(store::open(&direct).unwrap()).unwrap();
    let runs = steps.div_ceil(STEPS);
    let total = runs * STEPS;
    // A run whose start was lost with the server is started again: that is what ids are for.
    let plans: Vec<_> = (0..runs).map(|_| plan(&mut random)).collect();
    let start = |n: u64| flows.start(&format!("run-{n}"), "chaos", &plans[n as usize], &json!({}));
    for n in 0..runs {
        start(n).unwrap();
    }
    let hand = |random: &mut Random| Hand::start(&through, &log, random.next());
    let mut hands: Vec<Hand> = (0..HANDS).map(|_| hand(&mut random)).collect();
    let kills = (total / 100).max(3);
    let stalls = (total / 250).max(1);
    let downs = match mode {
        Mode::Always | Mode::Everysec => (total / 500).max(1),
        Mode::Workers | Mode::Sqlite => 0,
    };
    let mut harm = Harm::default();
    let mut stalled = 0;
    let mut approved: HashSet<String> = HashSet::new();
    let limit = PATIENCE + Duration::from_millis(300 * total);
    let mut finished = false;
    let (mut before, mut moved) = (0, Instant::now());
    while moved.elapsed() < PATIENCE && began.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(30));
        for hand in &mut hands {
            wake(hand, LEASE * 2, &mut harm);
        }
        let Ok(states) = flows.runs() else { continue };
        for n in 0..runs {
            if !states.iter().any(|state| state.id == format!("run-{n}")) {
                let _ = start(n);
            }
        }
        let open: u64 = states.iter().map(|state| state.open).sum();
        let done = total.saturating_sub(open);
        if done != before {
            (before, moved) = (done, Instant::now());
        }
        if states.len() as u64 == runs && states.iter().all(|state| state.status.is_final()) {
            finished = true;
            break;
        }
        approve(&flows, &states, &mut approved);
        let due = |count: u64| (done * (count + 1) / total.max(1)).min(count);
        if harm.workers < due(kills) {
            let at = random.below(HANDS as u64) as usize;
            harm.killed.push((hands[at].pid(), now_ms()));
            hands[at].kill();
            hands[at] = hand(&mut random);
            harm.workers += 1;
        }
        if stalled < due(stalls) {
            let at = random.below(HANDS as u64) as usize;
            if !hands[at].is_stalled() {
                harm.stalls.push((hands[at].pid(), now_ms(), u64::MAX));
                hands[at].stall();
                stalled += 1;
            }
        }
        if (harm.servers.len() as u64) < due(downs)
            && let Some(server) = &mut server
        {
            harm.servers.push(now_ms());
            server.kill();
            std::thread::sleep(Duration::from_millis(100 + random.below(400)));
            server.again();
        }
    }
    if let Some(proxy) = &proxy {
        proxy.calm();
    }
    for hand in &mut hands {
        // Those that still sleep would tell of what is over.
        wake(hand, Duration::ZERO, &mut harm);
    }
    std::thread::sleep(Duration::from_millis(500));
    drop(hands);
    let terms = Terms {
        forgets: mode == Mode::Everysec,
        limit: u64::from(LIMIT),
    };
    let ids: Vec<_> = (0..runs).map(|n| format!("run-{n}")).collect();
    let found = check::check(&terms, &flows, &ids, &log, &harm, finished);
    let dropped = proxy.map_or(0, |proxy| {
        proxy.dropped.load(std::sync::atomic::Ordering::Relaxed)
    });
    println!(
        "{:9} {total} steps, {} worker kills, {stalled} stalls, {} server kills, {dropped} replies dropped: {}; {:.1} s",
        mode.name(),
        harm.workers,
        harm.servers.len(),
        found.facts,
        began.elapsed().as_secs_f64()
    );
    let named = |violation: String| format!("{}: {violation}", mode.name());
    found.violations.into_iter().map(named).collect()
}

/// Wakes a worker that was stalled for longer than `time`.
fn wake(hand: &mut Hand, time: Duration, harm: &mut Harm) {
    if hand.wake(time) {
        let mut stalls = harm.stalls.iter_mut().rev();
        if let Some(stall) = stalls.find(|stall| stall.0 == hand.pid()) {
            stall.2 = now_ms();
        }
    }
}

/// Approves what waits for it.
pub(crate) fn approve(flows: &FlowStore, states: &[RunState], approved: &mut HashSet<String>) {
    for state in states.iter().filter(|state| !state.status.is_final()) {
        let Ok(step) = flows.step(&state.id, "approve") else {
            continue;
        };
        if step.status == StepStatus::Waiting
            && flows
                .decide(&state.id, "approve", true, Some("chaos"), None)
                .is_ok()
        {
            approved.insert(state.id.clone());
        }
    }
}
