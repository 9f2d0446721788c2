//! Fetching models, against a real HTTP server on 127.0.0.1: whole, broken off, wrong, forbidden, switched off.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use botsmith_core::config::Environment;
use botsmith_core::engine::hub::Hub;
use botsmith_core::engine::{EngineError, HubModel, Library, ModelRef};
use ring::digest;

const COMMIT: &str = "0123456789012345678901234567890123456789";

/// What the server does wrong.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// Breaks each transfer off after so many bytes.
    after: Option<usize>,
    /// Ignores ranges.
    no_ranges: bool,
    /// Another byte than was listed.
    bent: bool,
    /// Wants this key.
    key: Option<&'static str>,
}

struct Server {
    address: String,
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

fn files() -> BTreeMap<&'static str, Vec<u8>> {
    let weights: Vec<u8> = (0..300_000_u32).map(|i| (i * 31 % 251) as u8).collect();
    BTreeMap::from([
        ("config.json", b"{\"model_type\": \"bert\"}".to_vec()),
        ("model.safetensors", weights),
        ("1_Pooling/config.json", b"{}".to_vec()),
        ("pytorch_model.bin", b"never".to_vec()),
    ])
}

impl Server {
    fn start(faults: Faults, extra: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let mut listed: Vec<serde_json::Value> = files()
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
                let _ = answer(stream, &listing, faults, &seen);
            }
        });
        Self { address, requests }
    }

    fn requests(&self, part: &str) -> Vec<String> {
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
        Some((_, name)) => files().remove(name).unwrap_or_default(),
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

struct Place {
    folder: tempfile::TempDir,
    library: Library,
    model: HubModel,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Environment::new(folder.path())
            .with("BOTSMITH_MODELS", folder.path().join("models"))
            .with("HF_HUB_CACHE", folder.path().join("none"));
        let Ok(ModelRef::Hub(model)) = "hf:a/b".parse() else {
            panic!("a name of the hub");
        };
        Self {
            library: Library::new(&environment),
            folder,
            model,
        }
    }

    fn hub(&self, server: &Server, variables: &[(&str, &str)]) -> Hub {
        let environment = Environment::new(self.folder.path()).with("HF_ENDPOINT", &server.address);
        Hub::new(
            &variables
                .iter()
                .fold(environment, |all, (name, value)| all.with(*name, value)),
        )
    }
}

#[test]
fn a_model_comes_whole_checked_and_only_once() {
    let server = Server::start(Faults::default(), None);
    let place = Place::new();
    let hub = place.hub(&server, &[]);
    let mut seen = Vec::new();
    let fetched = hub
        .pull(&place.library, &place.model, |transfer| {
            seen.push(transfer.clone());
        })
        .expect("fetched");
    assert_eq!(fetched.commit, COMMIT);
    assert_eq!(
        fetched.files,
        ["1_Pooling/config.json", "config.json", "model.safetensors"]
    );
    for name in &fetched.files {
        assert_eq!(
            std::fs::read(fetched.folder.join(name)).expect("a file"),
            files()[name.as_str()],
            "{name}"
        );
    }
    assert!(!fetched.folder.join("pytorch_model.bin").exists());
    let last = seen.last().expect("progress");
    assert_eq!((last.done, last.total), (300_024, 300_024));
    assert!(seen.is_sorted_by_key(|transfer| transfer.done));
    let files = place
        .library
        .open(&ModelRef::Hub(place.model.clone()))
        .expect("it is in the library");
    assert_eq!(files.folder, fetched.folder);
    let again = hub
        .pull(&place.library, &place.model, |_| {})
        .expect("nothing to do");
    assert_eq!(again.received, 0);
    assert_eq!(server.requests("model.safetensors").len(), 1);
}

#[test]
fn two_at_once_fetch_a_model_once() {
    let server = Server::start(Faults::default(), None);
    let place = Place::new();
    let hub = place.hub(&server, &[]);
    let received: u64 = std::thread::scope(|scope| {
        let pulls = [(); 2].map(|()| {
            scope.spawn(|| {
                hub.pull(&place.library, &place.model, |_| {})
                    .expect("fetched")
            })
        });
        pulls
            .map(|pull| pull.join().expect("no panic").received)
            .iter()
            .sum()
    });
    assert_eq!(received, 300_024);
    assert_eq!(server.requests("model.safetensors").len(), 1);
}

#[test]
fn a_transfer_that_breaks_off_goes_on_where_it_stopped() {
    for no_ranges in [false, true] {
        let faults = Faults {
            after: Some(100_000),
            no_ranges,
            ..Faults::default()
        };
        let server = Server::start(faults, None);
        let place = Place::new();
        let pulled = place
            .hub(&server, &[])
            .pull(&place.library, &place.model, |_| {});
        if no_ranges {
            let error = pulled.expect_err("it can never become whole");
            assert_eq!(error.code(), "BS-ENG-021", "{error}");
            continue;
        }
        pulled.expect("in three pieces");
        let ranges: Vec<bool> = (server.requests("model.safetensors").iter())
            .map(|request| request.to_lowercase().contains("range: bytes="))
            .collect();
        assert_eq!(ranges, [false, true, true]);
    }
}

#[test]
fn a_later_call_goes_on_with_what_an_earlier_one_left() {
    let place = Place::new();
    let broken = Server::start(
        Faults {
            after: Some(100_000),
            no_ranges: true,
            ..Faults::default()
        },
        None,
    );
    place
        .hub(&broken, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect_err("broken off");
    let server = Server::start(Faults::default(), None);
    let fetched = place
        .hub(&server, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect("the rest");
    assert_eq!(fetched.received, 200_000);
    assert_eq!(
        std::fs::read(fetched.folder.join("model.safetensors")).expect("weights"),
        files()["model.safetensors"]
    );
}

#[test]
fn a_file_with_another_checksum_is_thrown_away() {
    let server = Server::start(
        Faults {
            bent: true,
            ..Faults::default()
        },
        None,
    );
    let place = Place::new();
    let error = place
        .hub(&server, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect_err("bent");
    assert_eq!(error.code(), "BS-ENG-023", "{error}");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    let parts = place.folder.path().join("models/a--b/parts");
    assert_eq!(std::fs::read_dir(parts).expect("parts").count(), 0);
    let error = place
        .library
        .open(&ModelRef::Hub(place.model.clone()))
        .expect_err("not whole");
    assert_eq!(error.code(), "BS-ENG-001", "{error}");
}

#[test]
fn a_key_opens_what_is_closed_and_is_never_shown() {
    let server = Server::start(
        Faults {
            key: Some("hf_secret"),
            ..Faults::default()
        },
        None,
    );
    let place = Place::new();
    let error = place
        .hub(&server, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect_err("no key");
    assert_eq!(error.code(), "BS-ENG-022");
    assert!(error.to_string().contains("set HF_TOKEN"), "{error}");
    let hub = place.hub(&server, &[("HF_TOKEN", "hf_wrong")]);
    let error = hub
        .pull(&place.library, &place.model, |_| {})
        .expect_err("a wrong key");
    assert!(error.to_string().contains("no right to it"), "{error}");
    assert!(!format!("{hub:?} {error} {error:?}").contains("hf_wrong"));
    let hub = place.hub(&server, &[("HF_TOKEN", "hf_secret")]);
    hub.pull(&place.library, &place.model, |_| {})
        .expect("the right key");
}

#[test]
fn offline_asks_nobody() {
    let server = Server::start(Faults::default(), None);
    let place = Place::new();
    for name in ["HF_HUB_OFFLINE", "BOTSMITH_OFFLINE"] {
        let error = place
            .hub(&server, &[(name, "1")])
            .pull(&place.library, &place.model, |_| {})
            .expect_err("offline");
        assert_eq!(error.code(), "BS-ENG-024");
    }
    assert!(server.requests("").is_empty());
}

#[test]
fn a_listing_cannot_write_outside_of_the_model() {
    for name in [
        "../../evil.json",
        "/etc/evil.json",
        "a\\..\\evil.json",
        "config.json/..",
    ] {
        let server = Server::start(Faults::default(), Some(name));
        let place = Place::new();
        let error = place
            .hub(&server, &[])
            .pull(&place.library, &place.model, |_| {})
            .expect_err(name);
        assert!(
            error.to_string().contains("outside of the model"),
            "{error}"
        );
        assert!(!place.folder.path().join("models").exists());
    }
}

#[test]
fn what_is_not_there_and_what_is_stopped_are_errors_of_their_own() {
    let server = Server::start(Faults::default(), None);
    let place = Place::new();
    let Ok(ModelRef::Hub(other)) = "hf:a/c".parse() else {
        panic!("a name")
    };
    let error = place
        .hub(&server, &[])
        .pull(&place.library, &other, |_| {})
        .expect_err("no such model");
    assert!(error.to_string().contains("no such model"), "{error}");
    let hub = place.hub(&server, &[]);
    hub.cancel.cancel();
    let error = hub
        .pull(&place.library, &place.model, |_| {})
        .expect_err("stopped");
    assert!(matches!(error, EngineError::Cancelled), "{error}");
}
