//! A proxy that now and then drops a reply, and the connection with it, after the server has applied the request;
//! and that can hold back whatever is sent, as a network does that was cut and comes back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::Random;

/// One reply in so many is dropped.
const ONE_IN: u64 = 400;

pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) dropped: Arc<AtomicU64>,
    quiet: Arc<AtomicBool>,
    #[allow(dead_code, reason = "as of `hold`")]
    held: Arc<(Mutex<bool>, Condvar)>,
}

impl Proxy {
    /// In front of the server at `port` of this machine.
    pub(crate) fn start(port: u16, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let (dropped, quiet) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, silent) = (dropped.clone(), quiet.clone());
        let random = Arc::new(Mutex::new(Random(seed)));
        let held = Arc::new((Mutex::new(false), Condvar::new()));
        let wall = held.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                let _ = client.set_nodelay(true);
                let _ = server.set_nodelay(true);
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (there, back) = (wall.clone(), wall.clone());
                std::thread::spawn(move || copy(from, to, &there, || false));
                let (count, silent, random) = (count.clone(), silent.clone(), random.clone());
                std::thread::spawn(move || {
                    copy(server, client, &back, || {
                        let drop = !silent.load(Ordering::Relaxed)
                            && random.lock().unwrap().below(ONE_IN) == 0;
                        count.fetch_add(u64::from(drop), Ordering::Relaxed);
                        drop
                    });
                });
            }
        });
        Self {
            port: own,
            dropped,
            quiet,
            held,
        }
    }

    /// Holds back what is sent from now on, in both directions, or lets it go.
    #[allow(dead_code, reason = "a test cuts a network with it")]
    pub(crate) fn hold(&self, hold: bool) {
        *self.held.0.lock().unwrap() = hold;
        self.held.1.notify_all();
    }

    /// Drops nothing any more.
    pub(crate) fn calm(&self) {
        self.quiet.store(true, Ordering::Relaxed);
    }
}

fn copy(
    mut from: TcpStream,
    mut to: TcpStream,
    held: &(Mutex<bool>, Condvar),
    mut drops: impl FnMut() -> bool,
) {
    let mut part = vec![0; 1 << 16];
    while let Ok(n @ 1..) = from.read(&mut part) {
        drop(held.1.wait_while(held.0.lock().unwrap(), |held| *held));
        if drops() || to.write_all(&part[..n]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
