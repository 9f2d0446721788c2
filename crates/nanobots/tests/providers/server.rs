//! A small HTTP server on 127.0.0.1 that does what real ones do when all goes wrong: cuts, silence,
//! errors; and that remembers what it was sent.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the server does with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// An answer in one piece.
    Whole {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// An answer in pieces, each sent by itself.
    Pieces {
        form: &'static str,
        pieces: Vec<Vec<u8>>,
        then: Then,
    },
    /// Nothing, ever.
    Silence,
}

/// What follows the last piece.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// The end, as it should be.
    End,
    /// The connection is closed in the middle.
    Cut,
    /// Silence.
    Stall,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Whole {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string(),
        }
    }

    /// A stream cut into pieces of `size` bytes, wherever that falls.
    pub(crate) fn stream(form: &'static str, text: &str, size: usize, then: Then) -> Self {
        Self::Pieces {
            form,
            pieces: text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect(),
            then,
        }
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Server {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    closed: mpsc::UnboundedReceiver<()>,
}

impl Server {
    /// Answers the first request with the first reply, and so on; the last one stays.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (tell, closed) = mpsc::unbounded_channel();
        let remember = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut count = 0;
            while let Ok((socket, _)) = listener.accept().await {
                let reply = replies[count.min(replies.len() - 1)].clone();
                count += 1;
                tokio::spawn(serve(socket, reply, Arc::clone(&remember), tell.clone()));
            }
        });
        Self {
            address,
            seen,
            closed,
        }
    }

    pub(crate) async fn with(reply: Reply) -> Self {
        Self::start(vec![reply]).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The newest request.
    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("a request came")
    }

    /// Waits until a client has closed a connection that was answered with silence.
    pub(crate) async fn closed(&mut self) {
        tokio::time::timeout(std::time::Duration::from_secs(10), self.closed.recv())
            .await
            .expect("the client closes its connection")
            .expect("the server runs");
    }
}

async fn serve(
    mut socket: TcpStream,
    reply: Reply,
    seen: Arc<Mutex<Vec<Seen>>>,
    tell: mpsc::UnboundedSender<()>,
) {
    let Some(request) = read(&mut socket).await else {
        return;
    };
    seen.lock().unwrap().push(request);
    let stalled = match reply {
        Reply::Whole {
            status,
            headers,
            body,
        } => {
            let mut head = format!(
                "HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-length: {}\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.extend([&name, ": ", &value, "\r\n"]);
            }
            let _ = socket
                .write_all(format!("{head}\r\n{body}").as_bytes())
                .await;
            false
        }
        Reply::Pieces { form, pieces, then } => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: {form}\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            let _ = socket.write_all(head.as_bytes()).await;
            for piece in pieces {
                let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                chunk.extend(piece);
                chunk.extend(b"\r\n");
                if socket.write_all(&chunk).await.is_err() {
                    break;
                }
                let _ = socket.flush().await;
                tokio::task::yield_now().await;
            }
            if then == Then::End {
                let _ = socket.write_all(b"0\r\n\r\n").await;
            }
            then == Then::Stall
        }
        Reply::Silence => true,
    };
    if stalled {
        let mut rest = [0; 64];
        while matches!(socket.read(&mut rest).await, Ok(n) if n > 0) {}
        let _ = tell.send(());
    } else {
        let _ = socket.shutdown().await;
    }
}

async fn read(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    let end = loop {
        let n = socket.read(&mut block).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&block[..n]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length: usize = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + length {
        let n = socket.read(&mut block).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&block[..n]);
    }
    let text = String::from_utf8_lossy(&bytes[end..]).into_owned();
    Some(Seen {
        path,
        headers,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    })
}
