//! A server of this machine that refuses everything and quotes all that it was sent, keys included: whoever shows
//! what it says shows the keys.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

/// Refuses everything, in the words of the request.
pub fn quoting_server() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away in the middle is no matter.
            let _ = refuse(stream, &told);
        }
    });
    (address, heard)
}

fn refuse(mut stream: TcpStream, told: &Mutex<String>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut said, mut length) = (String::new(), 0);
    loop {
        let start = said.len();
        if reader.read_line(&mut said)? == 0 {
            return Ok(());
        }
        let line = said[start..].trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    said.push_str(&String::from_utf8_lossy(&body));
    told.lock().unwrap().push_str(&said);
    let body = json!({"error": {"message": format!("I refuse {said}"), "code": said}}).to_string();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 401 No\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
