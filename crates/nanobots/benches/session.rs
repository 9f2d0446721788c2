//! Turns of a session that is saved at each of them: turns a second, by how long it is already.
//!
//! `cargo bench -p botsmith-nanobots --bench session`. The model is a script, so that the time is that of
//! the session alone: adapting, composing the request, one transaction a turn. SQLite syncs the disk at
//! each, so its numbers say more about the disk than about the code.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::sync::Arc;

use botsmith_core::chat::Call;
use botsmith_core::store::{self, StateStore};
use botsmith_nanobots::cartridge::Profile;
use botsmith_nanobots::interface::Mode;
use botsmith_nanobots::provider::ScriptModel;
use botsmith_nanobots::session::{Quiet, SessionOptions};
use botsmith_nanobots::{Bot, Cartridge};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;

fn bot(store: Arc<dyn StateStore>) -> Bot {
    let value = json!({
        "meta": {"name": "Bench", "author": "Bench", "version": "1.0.0"},
        "behaviors": {"interaction": {"directive": "Answer in one sentence."}},
        "interfaces": {"output": {"stream": false}},
    });
    let cartridge = Cartridge::from_value(&value, Profile::Native).expect("a plain map");
    let settings = json!({"otherwise": "It is a fine day, and it will stay so."});
    let model = ScriptModel::from_settings(&settings).expect("a plain script");
    Bot::builder(cartridge, Arc::new(model))
        .store(store)
        .build()
        .expect("nothing in it can be wrong")
}

fn sessions(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime of one thread");
    let mut group = criterion.benchmark_group("session");
    group.sample_size(10);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let sqlite = format!("sqlite:{}", folder.path().join("state.db").display());
    for (name, url) in [("memory", "memory:"), ("sqlite", sqlite.as_str())] {
        let bot = bot(store::open(url).expect("a new store"));
        for turns in [100, 1_000] {
            group.throughput(Throughput::Elements(turns));
            let mut run = 0;
            group.bench_function(BenchmarkId::new(name, turns), |bencher| {
                bencher.iter(|| {
                    run += 1;
                    let options = SessionOptions::named(format!("{turns}-{run}"));
                    let mut session = bot.session(options).expect("a new key");
                    runtime.block_on(async {
                        for _ in 0..turns {
                            let (call, mut quiet) = (Call::default(), Quiet);
                            let turn = session.eval("How is it?", Mode::Eval, &mut quiet, &call);
                            turn.await.expect("a script answers");
                        }
                    });
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, sessions);
criterion_main!(benches);
