//! A hub on 127.0.0.1: files under one commit, listed with their checksums, given whole or wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use ring::digest;

pub(crate) const COMMIT: &str = "0123456789012345678901234567890123456789";

/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What the server does wrong.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Breaks each transfer off after so many bytes.
    pub(crate) after: Option<usize>,
    /// Ignores ranges.
    pub(crate) no_ranges: bool,
    /// Another byte than was listed.
    pub(crate) bent: bool,
    /// Wants this key.
    pub(crate) key: Option<&'static str>,
}

/// The hub of the model `a/b`.
pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn git_sum(content: &[u8]) -> String {
    let whole = [format!("blob {}\0", content.len()).as_bytes(), content].concat();
    hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &whole).as_ref())
}

impl Server {
    /// One that gives these files with these faults, and lists one more.
    pub(crate) fn start(files: Files, faults: Faults, extra: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let mut listed: Vec<serde_json::Value> = files
            .iter()
            .map(|(name, content)| {
                let mut entry = serde_json::json!({"rfilename": name, "size": content.len(), "blobId": git_sum(content)});
                if name.ends_with(".safetensors") {
                    let sum = hex(digest::digest(&digest::SHA256, content).as_ref());
                    entry["lfs"] = serde_json::json!({"sha256": sum, "size": content.len()});
                }
                entry
            })
            .collect();
        listed.extend(extra.map(
            |name| serde_json::json!({"rfilename": name, "size": 1, "blobId": git_sum(b"x")}),
        ));
        let listing = serde_json::json!({"sha": COMMIT, "siblings": listed}).to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &files, &listing, faults, &seen);
            }
        });
        Self { address, requests }
    }

    /// The requests that have these words in them.
    pub(crate) fn requests(&self, part: &str) -> Vec<String> {
        let all = self.requests.lock().expect("requests");
        all.iter()
            .filter(|request| request.contains(part))
            .cloned()
            .collect()
    }
}

/// Answers one request; the connection then closes.
fn answer(
    mut stream: TcpStream,
    files: &Files,
    listing: &str,
    faults: Faults,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    seen.lock().expect("requests").push(head.join("\n"));
    let path = head
        .first()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default()
        .to_owned();
    let find = |name: &str| {
        head.iter().find_map(|line| {
            line.to_lowercase()
                .strip_prefix(name)
                .map(|v| v.trim().to_owned())
        })
    };
    if let Some(key) = faults.key
        && find("authorization:") != Some(format!("bearer {key}"))
    {
        return write!(
            stream,
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
    }
    let mut content = match path.split_once(&format!("/resolve/{COMMIT}/")) {
        Some((_, name)) => files.get(name).cloned().unwrap_or_default(),
        None if path.contains("/api/models/a/b/revision/main") => listing.as_bytes().to_vec(),
        None => {
            return write!(
                stream,
                "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        }
    };
    if faults.bent && path.ends_with(".safetensors") {
        content[1000] ^= 1;
    }
    let from = find("range:").and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    });
    let (status, from) = match from {
        Some(from) if !faults.no_ranges => ("206 Partial Content", from),
        _ => ("200 OK", 0_usize),
    };
    let body = &content[from..];
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    let end = faults
        .after
        .filter(|_| path.ends_with(".safetensors"))
        .map_or(body.len(), |after| after.min(body.len()));
    stream.write_all(&body[..end])
}
