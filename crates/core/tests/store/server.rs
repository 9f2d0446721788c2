//! Real Redis servers that a test starts in a folder of its own, on a free port, and kills. The tests of
//! other crates read this file too.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A server's process; killed when dropped.
pub(crate) struct Server {
    program: &'static str,
    arguments: Vec<String>,
    child: Child,
    folder: TempDir,
    pub(crate) port: u16,
}

/// Which of the programs that speak Redis' protocol are installed here.
pub(crate) fn programs() -> Vec<&'static str> {
    let there = |name: &&str| {
        let output = Command::new(name).arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    };
    let found: Vec<_> = ["redis-server", "valkey-server"]
        .into_iter()
        .filter(there)
        .collect();
    if found.is_empty() {
        eprintln!(
            "skipped: neither redis-server nor valkey-server is installed (apt install redis-server)"
        );
    }
    found
}

/// A server with these arguments, where one can be started here.
#[allow(
    dead_code,
    reason = "each of the tests that share this file uses a part of it"
)]
pub(crate) fn one(arguments: &[&str]) -> Option<Server> {
    let program = programs().into_iter().next()?;
    Some(Server::start(program, arguments))
}

/// A port that nothing listens on. A cluster also uses the one ten thousand above.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 20_000).unwrap();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(7, Ordering::Relaxed)) % 20_000;
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}

impl Server {
    /// Starts `program` with an append-only file that is synced at every write, and `arguments`.
    pub(crate) fn start(program: &'static str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|word| (*word).to_owned()).collect();
        for _ in 0..5 {
            let port = free_port();
            let mut child = spawn(program, port, folder.path(), &arguments);
            if ready(port, &mut child) {
                return Self {
                    program,
                    arguments,
                    child,
                    folder,
                    port,
                };
            }
        }
        panic!("{program} does not start: {}", log(folder.path()));
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where its files are.
    #[allow(dead_code, reason = "as of `one`")]
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets it stand still, with all its connections, or go on.
    #[allow(dead_code, reason = "as of `one`")]
    pub(crate) fn hang(&self, hangs: bool) {
        let signal = if hangs { "-STOP" } else { "-CONT" };
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// SIGKILL, and gone when this returns.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on its port and its files.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.program, self.port, self.folder.path(), &self.arguments);
        assert!(
            ready(self.port, &mut self.child),
            "{}",
            log(self.folder.path())
        );
    }

    /// What the server answers to a command.
    pub(crate) fn say(&self, words: &[&str]) -> String {
        say(self.port, words).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn spawn(program: &str, port: u16, folder: &Path, arguments: &[String]) -> Child {
    Command::new(program)
        .current_dir(folder)
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--logfile",
            "log",
        ])
        .args([
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        ])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the server answers; `false` when it ended instead.
fn ready(port: u16, child: &mut Child) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if say(port, &["PING"]).is_ok_and(|said| !said.starts_with("-LOADING")) {
            return true;
        }
        sleep(Duration::from_millis(10));
    }
    false
}

/// Sends one command and gives the reply as the server wrote it, less its last line end.
pub(crate) fn say(port: u16, words: &[&str]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        let _ = write!(request, "${}\r\n{word}\r\n", word.len());
    }
    stream.write_all(request.as_bytes())?;
    let mut from = BufReader::new(stream);
    let mut first = String::new();
    from.read_line(&mut first)?;
    if first.is_empty() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    match first
        .strip_prefix('$')
        .and_then(|length| length.trim_end().parse::<usize>().ok())
    {
        Some(length) => {
            let mut text = vec![0; length];
            from.read_exact(&mut text)?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        }
        None => Ok(first.trim_end().to_owned()),
    }
}

/// Three servers that are one cluster.
pub(crate) fn cluster(program: &'static str) -> Vec<Server> {
    let cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", "3000"];
    let nodes: Vec<_> = (0..3).map(|_| Server::start(program, &cluster)).collect();
    for (node, range) in nodes
        .iter()
        .zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")])
    {
        assert_eq!(
            node.say(&["CLUSTER", "ADDSLOTSRANGE", range.0, range.1]),
            "+OK"
        );
        assert_eq!(
            node.say(&["CLUSTER", "MEET", "127.0.0.1", &nodes[0].port.to_string()]),
            "+OK"
        );
    }
    let began = Instant::now();
    let whole = |node: &Server| {
        let info = node.say(&["CLUSTER", "INFO"]);
        info.contains("cluster_state:ok")
            && info.contains("cluster_slots_ok:16384")
            && info.contains("cluster_known_nodes:3")
    };
    while !nodes.iter().all(whole) {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the cluster does not come together"
        );
        sleep(Duration::from_millis(50));
    }
    nodes
}

/// The URL of a cluster.
pub(crate) fn cluster_url(nodes: &[Server]) -> String {
    let hosts: Vec<_> = nodes
        .iter()
        .map(|node| format!("127.0.0.1:{}", node.port))
        .collect();
    format!("redis+cluster://{}", hosts.join(","))
}

/// A sentinel with its settings file, which it writes to.
pub(crate) fn sentinel(program: &'static str, settings: &Path) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut child = Command::new(program)
        .current_dir(folder.path())
        .arg(settings)
        .args([
            "--sentinel",
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(
        ready(port, &mut child),
        "{program} does not start as a sentinel"
    );
    let arguments = Vec::new();
    Server {
        program,
        arguments,
        child,
        folder,
        port,
    }
}
