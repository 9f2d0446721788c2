//! `botsmith nlp tag` over streams: memory does not grow with the input, and what comes in between is
//! written as it is.
#![cfg(target_os = "linux")]

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::Folder;

/// A text of paragraphs, `bytes` long or a little more, whose words keep changing.
fn text(bytes: usize) -> String {
    let mut text = String::new();
    for number in 0.. {
        if text.len() >= bytes {
            break;
        }
        let _ = write!(
            text,
            "Number {number} wasn't on Dr. Wu{number}'s list of £{number}.50, so we'll drop it.{}",
            if number % 9 == 0 { "\n\n" } else { " " }
        );
    }
    text
}

/// KiB that the process had at most, and bytes that it has read (`/proc`).
fn peak_and_read(child: &Child) -> (u64, u64) {
    let figure = |file: &str, name: &str| {
        let path = Path::new("/proc").join(child.id().to_string()).join(file);
        let text = std::fs::read_to_string(path).expect("the process runs");
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        let value = value.and_then(|value| value.split_whitespace().next());
        value
            .and_then(|value| value.parse().ok())
            .expect("a number")
    };
    (figure("status", "VmHWM:"), figure("io", "rchar:"))
}

/// Peak memory in KiB after one and after four times the text, of one process that reads on.
fn peaks(args: &[&str], once: &[u8]) -> [u64; 2] {
    let folder = Folder::new();
    let mut child = folder
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    let (_, before) = peak_and_read(&child);
    let mut written = 0;
    let peaks = [1, 3].map(|times| {
        for _ in 0..times {
            pipe.write_all(once).expect("it reads on");
            written += once.len() as u64;
        }
        // The process has taken nearly all out of the pipe, and so has worked through what lay before.
        let started = Instant::now();
        while peak_and_read(&child).1 < before + written - (1 << 16) {
            assert!(started.elapsed() < Duration::from_secs(120), "it hangs");
            std::thread::sleep(Duration::from_millis(5));
        }
        peak_and_read(&child).0
    });
    drop(pipe);
    assert!(child.wait().expect("it ends").success(), "{args:?}");
    peaks
}

#[test]
fn memory_does_not_grow_with_the_input() {
    let once = text(600 << 10);
    let mut lines = String::new();
    for part in once.split("\n\n") {
        let _ = writeln!(lines, "{}", serde_json::json!({ "text": part }));
    }
    let cases = [
        ("text", "conllu", "1", &once),
        ("text", "jsonl", "2", &once),
        ("jsonl", "table", "1", &lines),
        ("jsonl", "jsonl", "2", &lines),
    ];
    for (from, format, threads, once) in cases {
        let args = [
            "nlp",
            "tag",
            "--from",
            from,
            "--format",
            format,
            "--threads",
            threads,
        ];
        let [first, last] = peaks(&args, once.as_bytes());
        assert!(first < 100 << 10, "{args:?}: {first} KiB");
        // Four times as much text: what is written of it alone would be 50 MiB. Buffers may still settle, and the
        // allocator's rooms, of which each thread has its own.
        let settling = if threads == "1" { 8 << 10 } else { 16 << 10 };
        assert!(
            last < first + settling,
            "{args:?}: {first} KiB, then {last} KiB"
        );
    }
}

#[test]
fn a_line_without_end_is_tagged_in_parts_with_every_byte_kept() {
    let folder = Folder::new();
    // No white space, many kinds of characters: no part can end at a blank line.
    let text: String = text(1 << 20).split_whitespace().collect();
    folder.write("line.txt", &text);
    let ran = folder.run(&["nlp", "tag", "--format", "table", "line.txt"]);
    let mut end = 0;
    for row in ran.ends(0).stdout.lines().filter(|row| !row.is_empty()) {
        let mut places = row
            .rsplit('\t')
            .map(|place| place.parse().expect("a number"));
        let (to, from): (usize, usize) = (places.next().unwrap(), places.next().unwrap());
        assert!(from == end && to > from, "{row}");
        end = to;
    }
    assert_eq!(end, text.len());
}

#[test]
fn characters_that_mean_something_elsewhere_are_words_or_clear_errors() {
    let folder = Folder::new();
    for text in [
        "a\0b \0",
        "a\u{feff}b\u{2028}c",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{0}",
    ] {
        for format in ["conllu", "jsonl", "table"] {
            let args = ["nlp", "tag", "--format", format];
            let ran = folder.pipe(&args, text.as_bytes()).ends(0);
            assert!(!ran.stdout.is_empty(), "{text:?} as {format}");
        }
    }
    let ran = folder.pipe(&["nlp", "tag", "--format", "jsonl"], b"a\0b\n");
    let json = ran.ends(0).json();
    assert_eq!(json["text"], "a\0b\n");
    for (from, input, place) in [
        ("text", &b"fine\n\xed\xa0\x80\n"[..], "<stdin>:2"),
        (
            "jsonl",
            b"{\"text\": \"a\"}\n{\"text\": \"\\udc00 \"}\n",
            "<stdin>:2",
        ),
        ("jsonl", b"{\"text\": \"\xff\"}\n", "<stdin>:1"),
        ("conllu", b"1\ta\t_\n\n", "<stdin>:1"),
        (
            "conllu",
            b"1\ta\0\ta\tX\tX\t_\t0\troot\t_\t_\n\nx\n\n",
            "<stdin>:3",
        ),
    ] {
        let ran = folder.pipe(&["nlp", "tag", "--from", from], input).ends(2);
        assert!(ran.stderr.contains(place), "{from}: {}", ran.stderr);
    }
}
