//! `flow worker --metrics ADDR`: the numbers of the queues in Prometheus' text format, over HTTP/1.1.
//!
//! It knows one page, `GET /metrics`, and reads no more than the first lines of a request: it is for the
//! inside of a network, has no TLS and asks for no password.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use botsmith::eval::{Error, Result};
use botsmith::flow::FlowStore;

/// The most bytes of a request that are read.
const MAX_REQUEST: u64 = 8 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// Where it is served.
pub(super) struct Served {
    pub(super) address: SocketAddr,
}

/// Serves from a thread of its own, until the process ends.
pub(super) fn serve(address: SocketAddr, flows: Arc<FlowStore>) -> Result<Served> {
    let failed = |error: std::io::Error| Error::Invalid(format!("--metrics {address}: {error}"));
    let listener = TcpListener::bind(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let answer = move || {
        for stream in listener.incoming().flatten() {
            // One at a time; a slow reader is cut off.
            let _ = reply(&stream, &flows);
        }
    };
    std::thread::Builder::new()
        .name("metrics".into())
        .spawn(answer)
        .map_err(failed)?;
    Ok(Served { address })
}

fn reply(stream: &TcpStream, flows: &FlowStore) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(MAX_REQUEST)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split_whitespace();
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (status, body) = match (method, path.split('?').next()) {
        ("GET" | "HEAD", Some("/metrics")) => match flows.depth() {
            Ok(depth) => ("200 OK", depth.prometheus()),
            Err(error) => ("503 Service Unavailable", format!("{error}\n")),
        },
        ("GET" | "HEAD", _) => ("404 Not Found", "the numbers are at /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "GET is wanted\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut out = stream;
    out.write_all(head.as_bytes())?;
    if method != "HEAD" {
        out.write_all(body.as_bytes())?;
    }
    out.flush()
}
