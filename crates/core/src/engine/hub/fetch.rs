//! One snapshot: its files one after another, each checked, and the whole put in place at the end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use reqwest::{Client, StatusCode, header};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use super::client::{broken, client, json, send};
use super::listing::{self, Listed, Sum};
use super::{Fetched, Hub, Transfer};
use crate::engine::error::{EngineError, Result};
use crate::engine::library::{HubModel, Library};

/// Most times that a transfer which breaks off is taken up again at once.
const RETRIES: usize = 4;
/// Bytes after which the times are counted anew.
const PROGRESS: u64 = 1 << 20;
/// How often a program looks whether another one is done with the same model.
const LOOKS: Duration = Duration::from_millis(100);

pub(super) async fn pull(
    hub: &Hub,
    library: &Library,
    model: &HubModel,
    progress: &mut impl FnMut(&Transfer),
) -> Result<Fetched> {
    let client = client(hub)?;
    let endpoint = hub.endpoint.trim_end_matches('/');
    let (owner, name) = (&model.owner, &model.name);
    let url = format!(
        "{endpoint}/api/models/{owner}/{name}/revision/{}?blobs=true",
        model.revision
    );
    let answer = json(&url, send(hub, &url, client.get(&url)).await?).await?;
    let (commit, files) = listing::read(&url, &answer, model)?;
    let home = library.home(model);
    let _alone = alone(hub, &home).await?;
    let snapshot = home.join("snapshots").join(&commit);
    let mut transfer = Transfer {
        file: String::new(),
        done: 0,
        total: files.iter().map(|file| file.bytes).sum(),
    };
    let mut received = 0;
    for file in &files {
        transfer.file.clone_from(&file.name);
        let whole = snapshot.join(&file.name);
        // A file in a snapshot was checked before it came there.
        if fs::metadata(&whole).is_ok_and(|about| about.len() == file.bytes) {
            transfer.done += file.bytes;
            progress(&transfer);
            continue;
        }
        let part = home.join("parts").join(part_name(file));
        for folder in [part.parent(), whole.parent()].into_iter().flatten() {
            fs::create_dir_all(folder).map_err(write(folder))?;
        }
        let url = format!(
            "{endpoint}/{owner}/{name}/resolve/{commit}/{}",
            escaped(&file.name)
        );
        let got = Incoming {
            hub,
            client: &client,
            url: &url,
            file,
            part: &part,
        };
        received += got.fetch(&mut transfer, progress).await?;
        got.check()?;
        fs::rename(&part, &whole).map_err(write(&whole))?;
    }
    // From here on the library finds it.
    fs::create_dir_all(home.join("refs")).map_err(write(&home))?;
    for name in [&commit, &model.revision] {
        let reference = home.join("refs").join(name);
        fs::write(&reference, &commit).map_err(write(&reference))?;
    }
    Ok(Fetched {
        folder: snapshot,
        commit,
        files: files.into_iter().map(|file| file.name).collect(),
        received,
    })
}

/// Waits until no other program fetches this model: two that write to one part would spoil it. What the other one has
/// fetched is found then.
async fn alone(hub: &Hub, home: &Path) -> Result<File> {
    fs::create_dir_all(home).map_err(write(home))?;
    let path = home.join("pull.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(write(&path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOKS).await,
            // Some network drives have no locks: there, as before there were any.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(file);
            }
            Err(TryLockError::Error(error)) => return Err(write(&path)(error)),
        }
        if hub.cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
    }
}

/// Parts are named by their content: whatever revision they were begun for, they serve the next.
fn part_name(file: &Listed) -> String {
    match &file.sum {
        Sum::Sha256(sum) | Sum::Git(sum) => format!("{sum}.part"),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(n.into(), 16).expect("four bits are a digit");
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            other => {
                use std::fmt::Write as _;
                let _ = write!(text, "%{other:02X}");
            }
        }
    }
    text
}

fn write(path: &Path) -> impl FnOnce(io::Error) -> EngineError {
    let path = path.to_owned();
    move |source| EngineError::Write { path, source }
}

/// One file on its way.
struct Incoming<'a> {
    hub: &'a Hub,
    client: &'a Client,
    url: &'a str,
    file: &'a Listed,
    part: &'a Path,
}

impl Incoming<'_> {
    /// Fetches what is missing of the file; gives the bytes that came over the network.
    async fn fetch(
        &self,
        transfer: &mut Transfer,
        progress: &mut impl FnMut(&Transfer),
    ) -> Result<u64> {
        let before = transfer.done;
        let mut received = 0;
        let mut tries = 0;
        loop {
            let here = self.here();
            if here > self.file.bytes {
                fs::remove_file(self.part).map_err(write(self.part))?;
                continue;
            }
            transfer.done = before + here;
            progress(transfer);
            if here == self.file.bytes && self.part.exists() {
                return Ok(received);
            }
            match self.stream(here, before, transfer, progress).await {
                Ok(bytes) => received += bytes,
                // What broke off after some bytes is taken up again.
                Err(EngineError::Hub { .. }) if self.here() > here && tries < RETRIES => {
                    received += self.here() - here;
                }
                Err(error) => return Err(error),
            }
            tries = match self.here() > here + PROGRESS {
                true => 0,
                false => tries + 1,
            };
            if tries > RETRIES {
                return Err(EngineError::Hub {
                    url: self.url.to_owned(),
                    reason:
                        "the transfer breaks off again and again; the same command goes on with it"
                            .into(),
                });
            }
        }
    }

    /// Bytes of the file that are here.
    fn here(&self) -> u64 {
        fs::metadata(self.part).map_or(0, |about| about.len())
    }

    async fn stream(
        &self,
        here: u64,
        before: u64,
        transfer: &mut Transfer,
        progress: &mut impl FnMut(&Transfer),
    ) -> Result<u64> {
        let mut request = self
            .client
            .get(self.url)
            .header(header::ACCEPT_ENCODING, "identity");
        if here > 0 {
            request = request.header(header::RANGE, format!("bytes={here}-"));
        }
        let mut response = send(self.hub, self.url, request).await?;
        // A server that knows no ranges begins anew.
        let appends = here > 0 && response.status() == StatusCode::PARTIAL_CONTENT;
        let mut out = OpenOptions::new()
            .create(true)
            .write(true)
            .append(appends)
            .truncate(!appends)
            .open(self.part)
            .map_err(write(self.part))?;
        let mut length = if appends { here } else { 0 };
        let mut received = 0;
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| broken(self.url, &error))?
        {
            if self.hub.cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            length += chunk.len() as u64;
            received += chunk.len() as u64;
            if length > self.file.bytes {
                // Not what was listed: nothing of it is kept.
                drop(out);
                fs::remove_file(self.part).map_err(write(self.part))?;
                return Err(self.wrong(format!("over {} bytes", self.file.bytes)));
            }
            out.write_all(&chunk).map_err(write(self.part))?;
            transfer.done = before + length;
            progress(transfer);
        }
        out.sync_all().map_err(write(self.part))?;
        Ok(received)
    }

    /// Whether the file is what was listed; else nothing of it is kept.
    fn check(&self) -> Result<()> {
        let (mut context, wanted) = match &self.file.sum {
            Sum::Sha256(sum) => (Context::new(&SHA256), sum),
            Sum::Git(sum) => {
                let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
                context.update(format!("blob {}\0", self.file.bytes).as_bytes());
                (context, sum)
            }
        };
        let read = EngineError::read(self.part);
        let mut file = match File::open(self.part) {
            Ok(file) => BufReader::new(file),
            Err(error) => return Err(read(error)),
        };
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file
                .read(&mut buffer)
                .map_err(EngineError::read(self.part))?
            {
                0 => break,
                n => context.update(&buffer[..n]),
            }
        }
        let found = hexadecimal(context.finish().as_ref());
        if found == *wanted {
            return Ok(());
        }
        fs::remove_file(self.part).map_err(write(self.part))?;
        Err(self.wrong(found))
    }

    fn wrong(&self, found: String) -> EngineError {
        let wanted = match &self.file.sum {
            Sum::Sha256(sum) | Sum::Git(sum) => sum.clone(),
        };
        EngineError::Checksum {
            file: self.file.name.clone(),
            url: self.url.to_owned(),
            found,
            wanted,
        }
    }
}
