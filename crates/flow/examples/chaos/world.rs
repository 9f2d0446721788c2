//! Servers and worker processes that can be killed, stalled and started again.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whether there is a Redis server to start.
pub(crate) fn has_redis() -> bool {
    let found = Command::new("redis-server")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// A port that is free just now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A Redis server with a log of what it was asked; killed when dropped.
pub(crate) struct Redis {
    child: Child,
    folder: PathBuf,
    pub(crate) port: u16,
    sync: &'static str,
    /// Addresses that it listens on besides this machine's own.
    hosts: Vec<String>,
}

impl Redis {
    pub(crate) fn start(folder: &Path, sync: &'static str) -> Self {
        Self::start_on(folder, sync, &[])
    }

    pub(crate) fn start_on(folder: &Path, sync: &'static str, hosts: &[&str]) -> Self {
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let port = free_port();
        let child = spawn(folder, port, sync, &hosts);
        let server = Self {
            child,
            folder: folder.to_owned(),
            port,
            sync,
            hosts,
        };
        server.wait();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Started again on what it left on the disk.
    pub(crate) fn again(&mut self) {
        self.child = spawn(&self.folder, self.port, self.sync, &self.hosts);
        self.wait();
    }

    fn wait(&self) {
        use std::io::{Read, Write};
        let began = Instant::now();
        loop {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "redis-server does not start"
            );
            std::thread::sleep(Duration::from_millis(20));
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
                continue;
            };
            let mut answer = [0; 5];
            let asked = stream
                .write_all(b"PING\r\n")
                .and_then(|()| stream.read_exact(&mut answer));
            if asked.is_ok() && &answer == b"+PONG" {
                return;
            }
        }
    }
}

fn spawn(folder: &Path, port: u16, sync: &str, hosts: &[String]) -> Child {
    let port = port.to_string();
    Command::new("redis-server")
        .current_dir(folder)
        .args(["--port", &port, "--save", "", "--appendonly", "yes"])
        .args(["--protected-mode", "no", "--bind", "127.0.0.1"])
        .args(hosts)
        .args(["--appendfsync", sync, "--no-appendfsync-on-rewrite", "no"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A worker process; killed when dropped.
pub(crate) struct Hand {
    child: Child,
    stalled: Option<Instant>,
}

impl Hand {
    pub(crate) fn start(url: &str, log: &Path, seed: u64) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["worker", url, log.to_str().unwrap(), &seed.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            stalled: None,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGSTOP, and SIGCONT once it has been so for longer than `time`.
    pub(crate) fn stall(&mut self) {
        self.signal(rustix::process::Signal::STOP);
        self.stalled = Some(Instant::now());
    }

    pub(crate) fn wake(&mut self, time: Duration) -> bool {
        let wakes = self.stalled.is_some_and(|since| since.elapsed() > time);
        if wakes {
            self.signal(rustix::process::Signal::CONT);
            self.stalled = None;
        }
        wakes
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled.is_some()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        let _ = rustix::process::kill_process(pid, signal);
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.kill();
    }
}
