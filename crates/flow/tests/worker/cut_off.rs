//! A worker that loses its network in the middle of a step: another finishes the step, and the first one's late
//! commit is fenced.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use botsmith_core::store::RedisStore;
use botsmith_flow::{FlowStore, Kind, RunStatus, StepStatus, Type, Worker};
use serde_json::json;

use crate::{test_kinds, wait_for};

/// A way to a server that can be cut.
struct Way {
    port: u16,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let (cut, open) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Mutex::new(Vec::new())),
        );
        let (closed, kept): (Arc<AtomicBool>, Arc<Mutex<Vec<TcpStream>>>) =
            (cut.clone(), open.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                if closed.load(Ordering::SeqCst) {
                    continue;
                }
                let copies = [(&client, &server), (&server, &client)];
                for (from, to) in
                    copies.map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()))
                {
                    std::thread::spawn(move || copy(from, to));
                }
                kept.lock().unwrap().extend([client, server]);
            }
        });
        Self {
            port: own,
            cut,
            open,
        }
    }

    fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
        if cut {
            for stream in self.open.lock().unwrap().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut part = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut part) {
        if to.write_all(&part[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_worker_that_is_cut_off_is_fenced_and_another_finishes_its_step() {
    let Some(redis) = crate::server::one(&[]) else {
        return;
    };
    let url = redis.url();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let way = Way::to(port);
    let open =
        |url: &str| Arc::new(FlowStore::open(Arc::new(RedisStore::open(url).unwrap())).unwrap());
    let flows = open(&url);
    // A call gives up soon, so that the worker notices.
    let far = open(&format!("redis://127.0.0.1:{}?timeout=1s", way.port));
    let kinds = |name: &'static str, ms: u64| {
        test_kinds().with(
            Kind::new("name", "Says who did it.")
                .may_take("x", Type::Any, "Nothing.")
                .does_blocking(move |_| {
                    // It does not hear that it is to stop, as a model in the middle of a sentence.
                    std::thread::sleep(Duration::from_millis(ms));
                    Ok(json!(name))
                }),
        )
    };
    let source = botsmith_core::yaml::Source::new(
        "f.yaml",
        "version: 1\nname: f\nsteps:\n  a: {uses: name}\n",
    );
    let workflow = botsmith_flow::Workflow::parse(&source, &kinds("", 0)).unwrap();
    flows
        .start("r", "f", &workflow.plan().unwrap(), &json!({}))
        .unwrap();
    let lease = Duration::from_millis(600);
    let start = |flows: &Arc<FlowStore>, kinds| {
        let worker = Worker::new(flows.clone(), kinds).lease(lease);
        worker.poll(Duration::from_millis(20)).start().unwrap()
    };
    let first = start(&far, kinds("first", 2500));
    wait_for("the first one", || {
        flows.step("r", "a").unwrap().status == StepStatus::Running
    });
    way.cut(true);
    let second = start(&flows, kinds("second", 1));
    wait_for("the second one", || {
        flows.run("r").unwrap().status == RunStatus::Done
    });
    way.cut(false);
    std::thread::sleep(Duration::from_millis(2500));
    first.drain(Duration::from_secs(5));
    second.drain(Duration::from_secs(5));
    let (first, second) = (first.join(), second.join());
    assert_eq!((first.claimed, first.stored, first.fenced), (1, 0, 1));
    assert_eq!((second.claimed, second.stored), (1, 1));
    assert_eq!(flows.output("r", "a").unwrap(), Some(json!("second")));
    assert_eq!(flows.step("r", "a").unwrap().expiries, 1);
}
