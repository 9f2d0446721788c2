//! Heads of GGUF files that claim what cannot be: each is refused by name, and nothing is allocated for a claim.

use std::io::Cursor;
use std::path::Path;

use botsmith_core::engine::EngineError;
use botsmith_core::engine::gguf::Gguf;

/// Writes a head piece by piece; numbers are little endian.
#[derive(Clone, Default)]
struct Head(Vec<u8>);

impl Head {
    fn new(version: u32, tensors: u64, entries: u64) -> Self {
        let mut head = Self(b"GGUF".to_vec());
        head.0.extend(version.to_le_bytes());
        head.u64(tensors).u64(entries)
    }

    fn u32(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn text(mut self, text: &str) -> Self {
        self = self.u64(text.len() as u64);
        self.0.extend(text.as_bytes());
        self
    }

    /// A tensor: name, dimensions, type, place.
    fn tensor(self, name: &str, shape: &[u64], kind: u32, at: u64) -> Self {
        let head = self
            .text(name)
            .u32(u32::try_from(shape.len()).expect("few"));
        let head = shape.iter().fold(head, |head, n| head.u64(*n));
        head.u32(kind).u64(at)
    }

    /// Zeros up to the next place where numbers may begin, and `count` bytes of them.
    fn data(mut self, count: usize) -> Self {
        let start = self.0.len().next_multiple_of(32);
        self.0.resize(start + count, 0);
        self
    }

    fn read(&self) -> Result<Gguf, EngineError> {
        Gguf::read(Path::new("m.gguf"), &mut Cursor::new(&self.0))
    }
}

#[test]
fn a_plain_head_is_read() {
    let head = Head::new(3, 2, 1)
        .text("general.architecture")
        .u32(8)
        .text("llama")
        .tensor("a", &[8], 0, 0)
        .tensor("b", &[4, 2], 0, 32)
        .data(64);
    let gguf = head.read().expect("a head");
    assert_eq!(gguf.architecture(), "llama");
    assert_eq!(gguf.entries[1].shape, [2, 4]);
}

#[test]
fn claims_that_cannot_be_are_refused_by_name() {
    let huge = u64::MAX;
    let one = |shape: &[u64], kind, at| Head::new(3, 1, 0).tensor("a", shape, kind, at).data(64);
    let entry = |kind: u32| Head::new(3, 0, 1).text("k").u32(kind);
    let aligned = |n: u32| Head::new(3, 0, 1).text("general.alignment").u32(4).u32(n);
    let cases = [
        (
            "no mark",
            Head(b"GGML\x03\0\0\0".to_vec()),
            "BS-ENG-003",
            "does not begin with `GGUF`",
        ),
        (
            "old",
            Head::new(1, 0, 0),
            "BS-ENG-005",
            "`1` is not supported",
        ),
        (
            "big endian",
            Head::new(3_u32.swap_bytes(), 0, 0),
            "BS-ENG-005",
            "little endian",
        ),
        ("tensors", Head::new(3, huge, 0), "BS-ENG-003", "tensors"),
        (
            "tensors over the file",
            Head::new(3, 100_000, 0),
            "BS-ENG-003",
            "0 are left",
        ),
        (
            "entries",
            Head::new(3, 0, huge),
            "BS-ENG-003",
            "metadata entries",
        ),
        (
            "key",
            Head::new(3, 0, 1).u64(huge).data(64),
            "BS-ENG-003",
            "bytes of text",
        ),
        (
            "text",
            entry(8).u64(1 << 40).data(64),
            "BS-ENG-003",
            "bytes of text",
        ),
        (
            "array",
            entry(9).u32(4).u64(1 << 60).data(64),
            "BS-ENG-003",
            "elements of an array",
        ),
        (
            "array of texts",
            entry(9).u32(8).u64(1 << 20).data(64),
            "BS-ENG-003",
            "are left",
        ),
        (
            "array of arrays",
            entry(9).u32(9).u64(1).data(64),
            "BS-ENG-003",
            "unknown kind 9",
        ),
        ("kind", entry(99).data(64), "BS-ENG-003", "99"),
        (
            "no alignment",
            aligned(0).data(64),
            "BS-ENG-003",
            "a power of two",
        ),
        (
            "odd alignment",
            aligned(3).data(64),
            "BS-ENG-003",
            "a power of two",
        ),
        (
            "wide alignment",
            aligned(1 << 30).data(64),
            "BS-ENG-003",
            "a power of two",
        ),
        (
            "dimensions",
            one(&[1, 1, 1, 1, 1], 0, 0),
            "BS-ENG-003",
            "5 dimensions",
        ),
        (
            "size",
            one(&[1 << 40, 1 << 40], 0, 0),
            "BS-ENG-003",
            "beyond any memory",
        ),
        ("cut", one(&[17], 0, 0), "BS-ENG-003", "cut short"),
        ("place", one(&[8], 0, huge), "BS-ENG-003", "beyond any file"),
        (
            "place after the end",
            one(&[8], 0, 1 << 20),
            "BS-ENG-003",
            "cut short",
        ),
        (
            "type",
            one(&[8], 77, 0),
            "BS-ENG-005",
            "`77` is not supported",
        ),
        (
            "half a block",
            one(&[40], 8, 0),
            "BS-ENG-003",
            "no whole blocks of Q8_0",
        ),
        (
            "overlap",
            Head::new(3, 2, 0)
                .tensor("a", &[8], 0, 0)
                .tensor("b", &[8], 0, 16)
                .data(64),
            "BS-ENG-003",
            "overlaps `a`",
        ),
        (
            "tensor twice",
            Head::new(3, 2, 0)
                .tensor("a", &[8], 0, 0)
                .tensor("a", &[8], 0, 32)
                .data(64),
            "BS-ENG-003",
            "two tensors named `a`",
        ),
        (
            "key twice",
            Head::new(3, 0, 2)
                .text("k")
                .u32(4)
                .u32(1)
                .text("k")
                .u32(4)
                .u32(2)
                .data(64),
            "BS-ENG-003",
            "two entries named `k`",
        ),
    ];
    for (name, head, code, said) in cases {
        let error = head.read().expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(said), "{name}: {error}");
    }
}

#[test]
fn what_a_file_is_called_inside_cannot_speak_to_the_terminal() {
    let head = Head::new(3, 1, 0)
        .tensor("a\u{1b}[2J\n", &[1 << 40], 0, 0)
        .data(64);
    let error = head.read().expect_err("cut short").to_string();
    assert!(!error.contains(['\u{1b}', '\n']), "{error}");
}
