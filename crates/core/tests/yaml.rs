//! The YAML module as its users meet it: what values mean, what errors say, what hostile files do.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::{Duration, Instant};

use botsmith_core::yaml::{
    Cursor, Dialect, Limits, Mark, Node, Reading, Source, Value, parse, parse_as, parse_with,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn read(text: &str) -> Result<Node, botsmith_core::Error> {
    parse(&Source::new("suite.yaml", text))
}

fn error(text: &str) -> String {
    match read(text) {
        Ok(node) => panic!("no error for {text:?}, but {node:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn plain_scalars_follow_the_core_schema_of_yaml_1_2() {
    use Value::{Bool, Float, Int, Null};
    let text = |s: &str| Value::String(s.to_owned());
    let cases = [
        ("", Null),
        ("~", Null),
        ("null", Null),
        ("NULL", Null),
        ("nUll", text("nUll")),
        ("true", Bool(true)),
        ("False", Bool(false)),
        ("yes", text("yes")),
        ("no", text("no")),
        ("on", text("on")),
        ("off", text("off")),
        ("y", text("y")),
        ("0", Int(0)),
        ("-7", Int(-7)),
        ("+7", Int(7)),
        ("0777", Int(777)),
        ("0o17", Int(15)),
        ("0x1F", Int(31)),
        ("-0x1F", text("-0x1F")),
        ("0b11", text("0b11")),
        ("0xG", text("0xG")),
        ("0o", text("0o")),
        ("1_000", text("1_000")),
        ("12:30", text("12:30")),
        ("1.10", Float(1.1)),
        ("1.", Float(1.0)),
        (".5", Float(0.5)),
        ("-.5", Float(-0.5)),
        ("1e3", Float(1000.0)),
        ("1E-2", Float(0.01)),
        ("1e", text("1e")),
        (".", text(".")),
        ("...x", text("...x")),
        ("1.2.3", text("1.2.3")),
        ("1-2", text("1-2")),
        ("--1", text("--1")),
        ("+", text("+")),
        (".inf", Float(f64::INFINITY)),
        ("-.INF", Float(f64::NEG_INFINITY)),
        ("inf", text("inf")),
        ("nan", text("nan")),
        ("infinity", text("infinity")),
        ("2026-11-21", text("2026-11-21")),
        ("2026-11-21T10:00:00Z", text("2026-11-21T10:00:00Z")),
        ("9223372036854775807", Int(i64::MAX)),
        ("-9223372036854775808", Int(i64::MIN)),
        ("a:b", text("a:b")),
        ("http://x.org/a#b", text("http://x.org/a#b")),
        ("text # comment", text("text")),
        ("! 12", text("12")),
        ("!!str 12", text("12")),
        ("!!float 12", Float(12.0)),
        ("!!int \"12\"", Int(12)),
        ("!!null ''", Null),
        ("!!bool true", Bool(true)),
    ];
    for (yaml, value) in cases {
        let node = read(&format!("key: {yaml}")).unwrap_or_else(|e| panic!("{yaml}: {e}"));
        assert_eq!(node.get("key").unwrap().value, value, "for {yaml:?}");
    }
    let nan = read(".nan").unwrap();
    assert!(matches!(nan.value, Float(x) if x.is_nan()));
}

#[test]
fn a_scalar_keeps_its_spelling_as_text() {
    for spelling in [
        "1.10",
        "007",
        "0x1F",
        "1e3",
        "TRUE",
        ".inf",
        "yes",
        "2026-11-21",
    ] {
        assert_eq!(read(spelling).unwrap().text(), Some(spelling));
    }
    assert_eq!(read("null").unwrap().text(), None);
    assert_eq!(
        read("1.10: x").unwrap().get("1.10").unwrap().text(),
        Some("x")
    );
}

#[test]
fn documents_of_every_shape_are_read() {
    let cases = [
        ("empty file", "", json!(null)),
        ("only comments", "# a\n\n  # b\n", json!(null)),
        ("only a document start", "---\n", json!(null)),
        ("byte order mark", "\u{feff}a: 1", json!({"a": 1})),
        (
            "document marks",
            "%YAML 1.2\n---\na: 1\n...\n",
            json!({"a": 1}),
        ),
        (
            "windows line ends",
            "a: 1\r\nb:\r\n  - x\r\n",
            json!({"a": 1, "b": ["x"]}),
        ),
        ("old mac line ends", "a: 1\rb: 2\r", json!({"a": 1, "b": 2})),
        ("value absent", "a:\nb: 1", json!({"a": null, "b": 1})),
        ("single quotes", "'it''s: # x'", json!("it's: # x")),
        (
            "double quotes",
            r#""a\tb\u00e9\x41\"\U0001F600\/""#,
            json!("a\tbé A\"😀/".replace(' ', "")),
        ),
        (
            "quoted look-alikes",
            "['true', \"1\", '~', '']",
            json!(["true", "1", "~", ""]),
        ),
        (
            "quoted over lines",
            "a: \"x\n  y\n\n  z\"",
            json!({"a": "x y\nz"}),
        ),
        (
            "plain over lines",
            "a: x\n  y\nb: 1",
            json!({"a": "x y", "b": 1}),
        ),
        (
            "literal",
            "a: |\n  x\n   y\n\n  z\nb: 1",
            json!({"a": "x\n y\n\nz\n", "b": 1}),
        ),
        ("literal stripped", "a: |-\n  x\n", json!({"a": "x"})),
        ("literal kept", "a: |+\n  x\n\n", json!({"a": "x\n\n"})),
        (
            "literal with indicator",
            "a: |2\n   x\n",
            json!({"a": " x\n"}),
        ),
        (
            "literal holds colons and hashes",
            "a: |\n  k: v # no\n",
            json!({"a": "k: v # no\n"}),
        ),
        (
            "folded",
            "a: >\n  x\n  y\n\n  z\n",
            json!({"a": "x y\nz\n"}),
        ),
        ("list not indented", "a:\n- 1\n- 2", json!({"a": [1, 2]})),
        ("nested lists", "- - 1\n  - 2\n- []", json!([[1, 2], []])),
        (
            "flow over lines",
            "{\n  a: [1,\n 2], b: {}\n}",
            json!({"a": [1, 2], "b": {}}),
        ),
        ("flow pair", "[a: 1]", json!([{"a": 1}])),
        ("trailing commas", "[1, 2,]", json!([1, 2])),
        (
            "json with tabs",
            "{\n\t\"a\": [\n\t\t1\n\t]\n}",
            json!({"a": [1]}),
        ),
        (
            "compact json",
            r#"{"a":{"b":[1,{"c":null}]}}"#,
            json!({"a": {"b": [1, {"c": null}]}}),
        ),
        (
            "number as key",
            "1: a\n2.50: b\ntrue: c",
            json!({"1": "a", "2.50": "b", "true": "c"}),
        ),
        ("complex key form", "? a\n: 1", json!({"a": 1})),
        (
            "alias",
            "a: &x [1, 2]\nb: *x",
            json!({"a": [1, 2], "b": [1, 2]}),
        ),
        (
            "alias of a scalar as key",
            "a: &k name\n*k : 1",
            json!({"a": "name", "name": 1}),
        ),
        (
            "anchor set anew",
            "[&x 1, *x, &x 2, *x]",
            json!([1, 1, 2, 2]),
        ),
        (
            "merge key",
            "base: &b {x: 1, y: 2}\nown:\n  y: 3\n  <<: *b",
            json!({"base": {"x": 1, "y": 2}, "own": {"y": 3, "x": 1}}),
        ),
        (
            "merge key before own keys",
            "base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}",
            json!({"base": {"x": 1, "y": 2}, "own": {"y": 3, "x": 1}}),
        ),
        (
            "merge of several",
            "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}",
            json!({"a": {"x": 1}, "b": {"x": 2, "y": 2}, "c": {"z": 3, "x": 1, "y": 2}}),
        ),
        ("quoted merge key is a key", "'<<': 1", json!({"<<": 1})),
    ];
    for (name, text, wanted) in cases {
        let node = read(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(node.to_json(), wanted, "{name}");
    }
}

#[test]
fn errors_read_as_a_person_would_want_them() {
    let cases = [
        (
            "colon in text",
            "input: What is this: a question?",
            r"a `:` in an unexpected place
  --> suite.yaml:1:20
    |
  1 | input: What is this: a question?
    |                    ^
    = help: text that holds `: ` or ends with `:` needs quotes around it; if this is a key, look at its indentation and at the line before",
        ),
        (
            "template without quotes",
            "bots:\n  - prompt: {{ question }}",
            r"a key must be text, this is a mapping
  --> suite.yaml:2:14
    |
  2 |   - prompt: {{ question }}
    |              ^
    = help: text that starts with `{{` needs quotes around it",
        ),
        (
            "list not closed, more keys follow",
            "name: a\ntags: [x, y\nnext: 1\n",
            r"a bracket is not closed (it opens at line 2)
  --> suite.yaml:3:5
    |
  3 | next: 1
    |     ^
    = help: items between brackets are separated by commas and closed with the same kind of bracket",
        ),
        (
            "list not closed, nothing follows",
            "name: a\ntags: [x, y\n\n",
            r"a list in `[…]` lacks a comma or its `]`
  --> suite.yaml:2:7
    |
  2 | tags: [x, y
    |       ^
    = help: items between brackets are separated by commas and closed with the same kind of bracket",
        ),
        (
            "mapping not closed",
            "a:\n  b: {x: 1\nc: 2\n",
            r"a bracket is not closed (it opens at line 2)
  --> suite.yaml:3:2
    |
  3 | c: 2
    |  ^
    = help: items between brackets are separated by commas and closed with the same kind of bracket",
        ),
        (
            "quote not closed",
            "a: 1\nb: 'it is\nc: d",
            r"a quote is opened here and not closed
  --> suite.yaml:2:4
    |
  2 | b: 'it is
    |    ^
    = help: close it on the same line, or indent the lines that follow; text of several lines goes under `key: |`",
        ),
        (
            "apostrophe in single quotes",
            "a: 'don't'",
            r#"text follows a closing quote
  --> suite.yaml:1:9
    |
  1 | a: 'don't'
    |         ^
    = help: inside double quotes write a quote as `\"`, inside single quotes as `''`"#,
        ),
        (
            "regular expression in double quotes",
            "pattern: \"\\n \\d+\"",
            r#"an unknown escape in double quotes
  --> suite.yaml:1:14
    |
  1 | pattern: "\n \d+"
    |              ^
    = help: use single quotes for regular expressions and Windows paths, or double the backslash"#,
        ),
        (
            "tab, in a file with windows line ends",
            "a: 1\r\nb: 2\r\n\tc: x",
            r"a tab where only spaces may stand
  --> suite.yaml:3:1
    |
  3 |  c: x
    | ^
    = help: YAML indents with spaces; replace the tab",
        ),
        (
            "indentation that fits nothing",
            "a:\n  b: 1\n c: 2",
            r"a key was expected here
  --> suite.yaml:3:2
    |
  3 |  c: 2
    |  ^
    = help: keys of one mapping, and the `-` of one list, stand in one column",
        ),
        (
            "list and mapping mixed",
            "a:\n  - b\n  c: d",
            r"a list item `- …` was expected here
  --> suite.yaml:3:3
    |
  3 |   c: d
    |   ^
    = help: keys of one mapping, and the `-` of one list, stand in one column",
        ),
        (
            "key without value",
            "key: value\nother\n",
            r"a key without a value
  --> suite.yaml:2:1
    |
  2 | other
    | ^
    = help: write `key: value`, with a space after the colon; text of several lines goes under `key: |`, indented",
        ),
        (
            "key twice",
            "a: 1\nb: 2\na: 3",
            r"key `a` stands twice in one mapping
  --> suite.yaml:3:1
    |
  3 | a: 3
    | ^
    = help: it stands first at line 1",
        ),
        (
            "two documents",
            "a: 1\n---\nb: 2",
            r"a second document in one file, one was expected
  --> suite.yaml:2:1
    |
  2 | ---
    | ^
    = help: remove the line `---` and what follows, or move it to its own file",
        ),
        (
            "asterisk",
            "match: *.md",
            r"an alias without its anchor
  --> suite.yaml:1:8
    |
  1 | match: *.md
    |        ^
    = help: `*name` repeats what `&name` marked before; text that starts with `*` needs quotes",
        ),
        (
            "at sign after wide characters",
            "名前: [\"日本\", @x]",
            r#"text cannot start with this character
  --> suite.yaml:1:12
    |
  1 | 名前: ["日本", @x]
    |                ^
    = help: put the text in quotes"#,
        ),
        (
            "huge number",
            "id: 12345678901234567890",
            r"number `12345678901234567890` does not fit in 64 bits
  --> suite.yaml:1:5
    |
  1 | id: 12345678901234567890
    |     ^
    = help: put it in quotes to keep it as text",
        ),
        (
            "foreign tag",
            "key: !env API_KEY",
            r"tag `!env` means nothing here
  --> suite.yaml:1:6
    |
  1 | key: !env API_KEY
    |      ^
    = help: remove it; text that starts with `!` needs quotes around it",
        ),
        (
            "nul byte",
            "a: é\0",
            r"a NUL byte, text was expected
  --> suite.yaml:1:5
    |
  1 | a: é
    |     ^
    = help: this is no text file, or it is UTF-16: save it as UTF-8",
        ),
        (
            "control characters in a key cannot reach the terminal",
            "\"\\e[2J\": 1\n\"\\e[2J\": 2",
            r#"key `\u{1b}[2J` stands twice in one mapping
  --> suite.yaml:2:1
    |
  2 | "\e[2J": 2
    | ^
    = help: it stands first at line 1"#,
        ),
    ];
    for (name, text, wanted) in cases {
        assert_eq!(error(text), wanted, "\n--- {name}");
    }
}

#[test]
fn every_mistake_is_named_and_placed() {
    let cases = [
        ("a: 1\n b: 2", "2:3", "a `:` in an unexpected place"),
        (
            "name Ada\nage: 36",
            "2:4",
            "look at its indentation and at the line before",
        ),
        ("a: - b", "1:4", "a list cannot start here"),
        ("a:\t\"x\" y", "1:8", "1 | a: \"x\" y\n    |        ^"),
        (
            "a: x]\nb: ]",
            "2:4",
            "a closing bracket without its opening one",
        ),
        ("a: &", "1:4", "an anchor or alias without a name"),
        ("a: |x\n  y", "1:4", "text on the same line as `|` or `>`"),
        ("a: >\n\tx", "2:1", "a tab"),
        ("a:\n\tb: 1", "2:1", "a tab"),
        ("a: x\u{feff}y", "1:5", "byte order mark"),
        ("a: \"\\ud83d\\ude00\"", "1:4", "names no character"),
        ("a: \"\\xZZ\"", "1:4", "two digits"),
        ("{a:[1]}", "1:3", "a space is missing after `:`"),
        ("{\"a\": 1 \"b\": 2}", "1:12", "lacks a comma"),
        ("a: [1\n", "1:4", "lacks a comma or its `]`"),
        ("a: [", "1:4", "a bracket is not closed"),
        ("a: %x", "1:4", "text cannot start with this character"),
        ("a: `x`", "1:4", "text cannot start with this character"),
        ("%foo\na", "2:1", "a directive"),
        ("a:\n  b: 1\n  b c\n  d: 2", "3:3", "a key without a value"),
        ("[a]: b", "1:1", "a key must be text, this is a list"),
        ("~: b", "1:1", "a key must be text, this is nothing"),
        (": b", "1:1", "a key must be text, this is nothing"),
        ("a: !!int x", "1:4", "`x` is no `!!int`"),
        ("a: !!bool 1", "1:4", "`1` is no `!!bool`"),
        ("a: !!binary eA==", "1:4", "tag `!!binary` means nothing"),
        ("!x {a: 1}", "1:1", "tag `!x` means nothing"),
        ("a: 1e999", "1:4", "does not fit in 64 bits"),
        ("a: 0xFFFFFFFFFFFFFFFFF", "1:4", "does not fit in 64 bits"),
        (
            "a: &a [*a]",
            "1:8",
            "an alias inside the value that it stands for",
        ),
        (
            "a: &a {b: *a}",
            "1:11",
            "an alias inside the value that it stands for",
        ),
        (
            "a: &x 1\nb: {<<: *x}",
            "2:5",
            "`<<` merges a mapping, this is a number",
        ),
        ("a: &x {}\n<<: *x\n<<: *x", "3:1", "key `<<` stands twice"),
        ("1: a\n\"1\": b", "2:1", "key `1` stands twice"),
        ("a: 1\n...\nb: 2", "3:1", "a second document"),
    ];
    for (text, place, part) in cases {
        let error = error(text);
        let at = format!("--> suite.yaml:{place}\n");
        assert!(
            error.contains(&at) && error.contains(part),
            "{text:?} gave\n{error}"
        );
    }
}

#[test]
fn a_long_line_is_cut_around_its_caret() {
    for (before, after) in [
        (10, 5),
        (80, 300),
        (95, 0),
        (96, 0),
        (97, 3),
        (200, 200),
        (5000, 0),
    ] {
        for (wide, width) in [("x", 1), ("é", 1), ("語", 2)] {
            let text = format!("k: \"{}\" ^{}", wide.repeat(before), "z".repeat(after));
            let error = error(&text);
            let lines: Vec<&str> = error.lines().collect();
            let caret = lines[4].find('^').unwrap();
            let cells = |line: &str| {
                let until = line.find('^').unwrap();
                let cell = |c: char| if c == '語' { width } else { 1 };
                line[..until].chars().map(cell).sum::<usize>()
            };
            assert_eq!(caret, cells(lines[3]), "{error}");
            assert!(lines[3].chars().count() <= 6 + 98, "{error}");
            let cut = after > 96;
            assert_eq!(lines[3].ends_with('…'), cut, "{error}");
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_are_named_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("suite.yaml");
    let cases: [(&str, &[u8], &str); 6] = [
        ("latin-1", b"a: 1\r\nb: caf\xe9 x\r\nc: 1", ":2:7\n"),
        ("after two-byte characters", b"a: \xc3\xa9\xff", ":1:5\n"),
        ("after a byte order mark", b"\xef\xbb\xbfa\xff", ":1:2\n"),
        ("cut character at the end", b"a: \xe2\x82", ":1:4\n"),
        (
            "utf-16",
            b"\xff\xfea\0:\0",
            "file is UTF-16, UTF-8 was expected",
        ),
        ("utf-16, big end first", b"\xfe\xff\0a\0:", "file is UTF-16"),
    ];
    for (name, bytes, part) in cases {
        std::fs::write(&path, bytes).unwrap();
        let error = Source::read(&path, 1 << 20).unwrap_err().to_string();
        assert!(error.contains(part), "{name}: {error}");
        assert!(error.contains("UTF-8"), "{name}: {error}");
    }
    std::fs::write(&path, b"a: 1\r\nb: caf\xe9 x\r\nc: 1").unwrap();
    let error = Source::read(&path, 1 << 20).unwrap_err().to_string();
    assert!(error.contains("byte 0xe9 is not valid UTF-8"), "{error}");
    assert!(
        error.contains("  2 | b: caf\u{fffd} x\n    |       ^"),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.yaml");
    let error = Source::read(&missing, 10).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot read {}: no such file", missing.display())
    );
    assert_eq!(error.code(), "BS-CORE-002");
    let error = Source::read(folder.path(), 10).unwrap_err().to_string();
    assert!(error.ends_with("it is a folder"), "{error}");
    let large = folder.path().join("large.yaml");
    std::fs::write(&large, "a: 4567890").unwrap();
    assert!(Source::read(&large, 10).is_ok());
    let error = Source::read(&large, 9).unwrap_err().to_string();
    assert!(error.starts_with("file is larger than 9 bytes"), "{error}");
}

#[test]
fn hostile_files_end_in_an_error_soon() {
    let laughs: String = (1..20).fold("a0: &a0 [x,x,x,x,x,x,x,x]\n".to_owned(), |text, i| {
        let aliases = vec![format!("*a{}", i - 1); 8].join(",");
        format!("{text}a{i}: &a{i} [{aliases}]\n")
    });
    let merges = laughs.replace('[', "[<<, ").replace("x,", "");
    let long_aliases = format!("a: &a {}\nb: [{}]", "x".repeat(100_000), "*a,".repeat(1000));
    let anchors = (0..60).fold(String::new(), |text, i| format!("{text}&a{i} ["));
    let step = |i| format!("{}a:\n", " ".repeat(i));
    let ladder = (0..10_000).map(step).collect::<Vec<_>>().concat();
    let steps: String = (1..50).fold(
        format!("- &s0 {}{}\n", "[".repeat(30), "]".repeat(30)),
        |t, i| format!("{t}- &s{i} [[*s{}]]\n", i - 1),
    );
    let cases = [
        (
            "flow lists",
            "[".repeat(100_000),
            "nested more than 64 deep",
        ),
        (
            "flow mappings",
            "{a: ".repeat(100_000),
            "nested more than 64 deep",
        ),
        (
            "block lists",
            "- ".repeat(100_000),
            "nested more than 64 deep",
        ),
        (
            "block keys",
            "? ".repeat(100_000),
            "nested more than 64 deep",
        ),
        ("block mappings", ladder, "nested more than 64 deep"),
        ("depth by aliases", steps, "nested more than 64 deep"),
        (
            "billion laughs",
            laughs,
            "aliases repeat more than 100000 values",
        ),
        ("long text by aliases", long_aliases, "or 16777216 bytes"),
        ("merged laughs", merges, "a"),
        (
            "anchors in anchors",
            format!("{anchors}{}", "x,".repeat(50_000) + &"]".repeat(60)),
            "anchors within anchors",
        ),
        (
            "many values",
            "a,".repeat(2_000_000) + "[",
            "more than 1000000 values",
        ),
        (
            "a scalar of 100 MB",
            format!("a: {}", "x".repeat(100_000_000)),
            "at most 67108864 are read",
        ),
        ("quotes", "'".repeat(100_001), "a quote is opened"),
        ("colons", ": ".repeat(100_000), "a"),
        ("anchors alone", "&a ".repeat(100_000), "a"),
        ("tags alone", "!a ".repeat(100_000), "a"),
    ];
    for (name, text, part) in cases {
        let start = Instant::now();
        let error = error(&text);
        assert!(error.contains(part), "{name}: {error}");
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{name}: {:?}",
            start.elapsed()
        );
        assert!(
            error.len() < 1000,
            "{name}: an error of {} bytes",
            error.len()
        );
    }
}

#[test]
fn honest_files_full_of_brackets_are_read() {
    let prose = format!(
        "a: |\n{}",
        "  see [[1], {2}] [[[[[ ((( {{{{ and so on\n".repeat(3000)
    );
    assert!(read(&prose).is_ok());
    let quoted = format!("a: \"{}\"", "[".repeat(50_000));
    assert!(read(&quoted).is_ok());
    let deep = format!("{}1{}", r#"{"properties":["#.repeat(31), "]}".repeat(31));
    assert!(read(&deep).is_ok(), "62 deep");
    let wide = format!("[{}]", "[{}],".repeat(20_000));
    assert!(read(&wide).is_ok());
}

#[test]
fn large_honest_files_take_linear_time() {
    let case =
        |i| format!("  - {{id: c{i}, input: \"How many are {i} and {i}?\", tags: [a, b]}}\n");
    let cases = (0..20_000).map(case).collect::<Vec<_>>().concat();
    let keys = (0..50_000)
        .map(|i| format!("key-{i}: {i}\n"))
        .collect::<Vec<_>>()
        .concat();
    let text = format!("{keys}cases:\n{cases}broken: [");
    let start = Instant::now();
    let error = error(&text);
    assert!(error.contains("suite.yaml:70002:9\n"), "{error}");
    let node = read(&text.replace("broken: [", "")).unwrap();
    assert_eq!(node.get("key-49999").unwrap().value, Value::Int(49_999));
    // Without optimisation on a busy machine this takes a second; a quadratic step takes minutes.
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn limits_of_a_callers_own_are_kept() {
    let mut limits = Limits::default();
    (limits.bytes, limits.depth, limits.nodes) = (40, 2, 5);
    let read = |text: &str| parse_with(&Source::new("x", text), &limits).map_err(|e| e.to_string());
    assert!(read("[[1, 2], 3]").is_ok());
    assert!(
        read("[[[1]]]")
            .unwrap_err()
            .contains("nested more than 2 deep")
    );
    assert!(
        read("[1, 2, 3, 4, 5]")
            .unwrap_err()
            .contains("more than 5 values")
    );
    assert!(
        read(&"x".repeat(41))
            .unwrap_err()
            .contains("41 bytes of YAML, at most 40 are read")
    );
}

#[test]
fn marks_count_lines_and_characters() {
    let node = read("# é\r\n\r\na: é\r\nlist:\r\n  - 'x'\r\n  - {b: \"日本\", c: 1}\r\n").unwrap();
    let mark = |line, column| Mark { line, column };
    assert_eq!(node.mark, mark(3, 1));
    assert_eq!(node.get("a").unwrap().mark, mark(3, 4));
    let Value::Seq(items) = &node.get("list").unwrap().value else {
        panic!("a list was expected")
    };
    assert_eq!(items[0].mark, mark(5, 5));
    assert_eq!(items[1].get("c").unwrap().mark, mark(6, 18));
    let aliased = read("a: &x 1\nb: *x").unwrap();
    assert_eq!(
        aliased.get("b").unwrap().mark,
        mark(2, 4),
        "an alias stands where it is written"
    );
}

/// A reader of a value, as a table names it.
type Reader = fn(&Cursor<'_>) -> Result<String, botsmith_core::Error>;

fn show<T: std::fmt::Debug>(value: botsmith_core::Result<T>) -> botsmith_core::Result<String> {
    value.map(|value| format!("{value:?}"))
}

#[test]
fn every_reader_says_what_it_wanted_and_what_it_found() {
    let text: Reader = |c| show(c.text());
    let name: Reader = |c| show(c.name());
    let flag: Reader = |c| show(c.bool());
    let number: Reader = |c| show(c.number());
    let rate: Reader = |c| show(c.number_in(0.0, 1.0));
    let positive: Reader = |c| show(c.number_in(1.0, f64::INFINITY));
    let count: Reader = |c| show(c.count());
    let duration: Reader = |c| show(c.duration());
    let word: Reader = |c| show(c.one_of(&[("mean", 1), ("pass-rate", 2)]));
    let items: Reader = |c| show(c.items().map(|items| items.len()));
    let texts: Reader = |c| show(c.texts());
    let fields: Reader = |c| show(c.fields().map(|_| ()));
    let single: Reader = |c| {
        show(
            c.single()
                .map(|(key, value)| format!("{key} at {}", value.path())),
        )
    };
    let cases: Vec<(&str, Reader, &str, &str)> = vec![
        ("text", text, "1.10", r#""1.10""#),
        ("text", text, "", "expected text, found nothing"),
        ("text", text, "[a]", "expected text, found a list"),
        ("text", text, "{a: 1}", "expected text, found a mapping"),
        ("name", name, "' '", "must not be empty"),
        ("bool", flag, "true", "true"),
        (
            "bool",
            flag,
            "yes",
            "expected `true` or `false`, found text `yes`",
        ),
        (
            "bool",
            flag,
            "1",
            "expected `true` or `false`, found a number `1`",
        ),
        ("number", number, "1e3", "1000.0"),
        ("number", number, "'1'", "expected a number, found text `1`"),
        (
            "number",
            number,
            "true",
            "expected a number, found a Boolean `true`",
        ),
        (
            "number",
            number,
            ".nan",
            "expected a finite number, found a number `.nan`",
        ),
        ("number_in", rate, "0.5", "0.5"),
        ("number_in", rate, "50", "50 is outside 0 to 1"),
        ("number_in", positive, "0", "0 is below 1"),
        ("count", count, "12", "12"),
        (
            "count",
            count,
            "-1",
            "expected a whole number of 0 or more, found a number `-1`",
        ),
        (
            "count",
            count,
            "2.0",
            "expected a whole number of 0 or more, found a number `2.0`",
        ),
        ("duration", duration, "250ms", "250ms"),
        ("duration", duration, "2", "2s"),
        ("duration", duration, "1.5", "1.5s"),
        ("duration", duration, "1e3", "1000s"),
        ("duration", duration, "1.5m", "90s"),
        ("duration", duration, "2 min", "120s"),
        ("duration", duration, "1h", "3600s"),
        ("duration", duration, "2d", "172800s"),
        ("duration", duration, "'30'", "30s"),
        (
            "duration",
            duration,
            "-1s",
            "expected a duration like `250ms`, `2s` or `5m`, found text `-1s`",
        ),
        (
            "duration",
            duration,
            "-1",
            "expected a duration like `250ms`, `2s` or `5m`, found a number `-1`",
        ),
        (
            "duration",
            duration,
            "2 weeks",
            "expected a duration like `250ms`, `2s` or `5m`, found text `2 weeks`",
        ),
        (
            "duration",
            duration,
            "1e30",
            "expected a duration like `250ms`, `2s` or `5m`, found a number `1e30`",
        ),
        (
            "duration",
            duration,
            "inf s",
            "expected a duration like `250ms`, `2s` or `5m`, found text `inf s`",
        ),
        ("one_of", word, "mean", "1"),
        (
            "one_of",
            word,
            "pass_rate",
            "`pass_rate` is not known here; did you mean `pass-rate`?",
        ),
        (
            "one_of",
            word,
            "banana",
            "`banana` is not known here; valid here: `mean` or `pass-rate`",
        ),
        ("items", items, "[1, 2]", "2"),
        ("items", items, "a", "expected a list, found text `a`"),
        ("texts", texts, "[a, 1.10]", r#"["a", "1.10"]"#),
        ("texts", texts, "a", r#"["a"]"#),
        ("texts", texts, "[a, [b]]", "expected text, found a list"),
        ("fields", fields, "a", "expected a mapping, found text `a`"),
        ("single", single, "{a: 1}", r#""a at key.a""#),
        (
            "single",
            single,
            "{a: 1, b: 2}",
            "expected a mapping with one key, found a mapping",
        ),
    ];
    for (reader, read_with, yaml, wanted) in cases {
        let source = Source::new("x.yaml", format!("key: {yaml}"));
        let node = parse(&source).unwrap();
        let fields = Cursor::new(&source, &node).fields().unwrap();
        let value = fields.get_nullable("key").unwrap();
        let found = read_with(&value).unwrap_or_else(|error| {
            let diagnostic = error.diagnostic().unwrap();
            assert!(
                diagnostic.field.as_deref().unwrap().starts_with("key"),
                "{error}"
            );
            assert_eq!(diagnostic.line, 1);
            match &diagnostic.hint {
                Some(hint) => format!("{}; {hint}", diagnostic.message),
                None => diagnostic.message.clone(),
            }
        });
        assert_eq!(found, wanted, "{reader} of {yaml}");
    }
}

#[test]
fn the_path_of_a_value_leads_to_it() {
    let source = Source::new(
        "suite.yaml",
        "bots:\n  - recorded:\n      path: [1]\n      a.b: {\"x \\\"y\\\"\\n\": [[0]], '': 1}\n",
    );
    let node = parse(&source).unwrap();
    let root = Cursor::new(&source, &node);
    let bots = root
        .fields()
        .unwrap()
        .required("bots")
        .unwrap()
        .items()
        .unwrap();
    let recorded = bots[0].fields().unwrap().required("recorded").unwrap();
    let fields = recorded.fields().unwrap();
    let error = fields
        .required("path")
        .unwrap()
        .text()
        .unwrap_err()
        .to_string();
    let wanted = "expected text, found a list
  --> suite.yaml:3:13 in `bots[0].recorded.path`
    |
  3 |       path: [1]
    |             ^";
    assert_eq!(error, wanted);
    let odd = fields.required("a.b").unwrap();
    assert_eq!(odd.path(), r#"bots[0].recorded["a.b"]"#);
    let paths: Vec<String> = odd
        .fields()
        .unwrap()
        .entries()
        .iter()
        .map(|(_, c)| c.path().to_owned())
        .collect();
    assert_eq!(paths[0], r#"bots[0].recorded["a.b"]["x \"y\"\n"]"#);
    assert_eq!(paths[1], r#"bots[0].recorded["a.b"][""]"#);
}

#[test]
fn a_mapping_reports_keys_that_nobody_asked_for() {
    let source = Source::new("suite.yaml", "bot:\n  promt: hi\n  model:\n");
    let node = parse(&source).unwrap();
    let root = Cursor::new(&source, &node).fields().unwrap();
    let bot = root.required("bot").unwrap();
    let fields = bot.fields().unwrap();
    assert!(fields.get("model").is_none() && fields.has("model"));
    assert_eq!(
        fields.required("model").unwrap_err().to_string(),
        "expected a value, found nothing
  --> suite.yaml:3:3 in `bot.model`
    |
  3 |   model:
    |   ^"
    );
    assert_eq!(
        fields.required("prompt").unwrap_err().to_string(),
        "key `prompt` is missing
  --> suite.yaml:2:3 in `bot`
    |
  2 |   promt: hi
    |   ^
    = help: `promt` stands here; did you mean `prompt`?"
    );
    assert_eq!(
        fields.finish().unwrap_err().to_string(),
        "unknown key `promt`
  --> suite.yaml:2:3 in `bot`
    |
  2 |   promt: hi
    |   ^
    = help: did you mean `prompt`?"
    );
    let fields = bot.fields().unwrap();
    assert!(fields.get("temperature").is_none());
    let error = fields.finish().unwrap_err().to_string();
    assert!(
        error.ends_with("= help: valid here: `temperature`"),
        "{error}"
    );
    let fields = bot.fields().unwrap();
    assert_eq!(fields.entries().len(), 2);
    fields.finish().expect("entries were all asked for");
}

fn json_values() -> impl Strategy<Value = Json> {
    let leaf =
        prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        "(<<|~|yes|true|1e3|- a|a: b|#x|\\*x|&x|!x|[\u{0}-\u{a0}\u{feff}\u{2028}\u{1f600}]){0,8}"
            .prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// Every mark lies inside the text, one past a line's end at most.
fn check_marks(node: &Node, lines: &[usize]) {
    let check = |mark: Mark| {
        assert!(mark.line >= 1 && mark.line <= lines.len() + 1, "{mark:?}");
        let width = lines.get(mark.line - 1).copied().unwrap_or(0);
        assert!(
            mark.column >= 1 && mark.column <= width + 1,
            "{mark:?} of {width}"
        );
    };
    check(node.mark);
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| check_marks(item, lines)),
        Value::Map(entries) => entries.iter().for_each(|entry| {
            check(entry.key_mark);
            check_marks(&entry.value, lines);
        }),
        _ => {}
    }
}

fn line_widths(text: &str) -> Vec<usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.split('\n').map(|line| line.chars().count()).collect()
}

fn survives(text: &str) {
    match read(text) {
        Ok(node) => check_marks(&node, &line_widths(text)),
        Err(error) => {
            let diagnostic = error.diagnostic().expect("parse errors are about a place");
            assert!(diagnostic.line <= line_widths(text).len(), "{error}");
            assert!(!error.to_string().contains('\u{1b}'));
        }
    }
}

proptest! {
    #[test]
    fn json_means_the_same_as_yaml(value in json_values()) {
        // A NUL is escaped by JSON's own writer, so every string can be tested.
        let compact = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(read(&compact).map_err(|e| TestCaseError::fail(e.to_string()))?.to_json(), value.clone());
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(read(&pretty).map_err(|e| TestCaseError::fail(e.to_string()))?.to_json(), value);
    }

    #[test]
    fn any_text_gives_a_tree_or_an_error(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn text_that_looks_like_yaml_gives_a_tree_or_an_error(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", ": ", ":", "- ", "-", "\n", "\n  ", "\r\n", "\r", "\t", " ", "'", "\"", "[", "]", "{", "}",
                ",", "? ", "|", ">", "|2-\n", "&a ", "*a", "!", "!!str ", "#", " #", "---\n", "...\n", "%YAML 1.2\n",
                "<<: ", "\\", "\\u00e9", "é", "語", "\u{feff}", "\0", "1e9", "~", "@", "`", "\u{85}", "\u{2028}",
            ]),
            0..40,
        )
    ) {
        survives(&parts.concat());
    }
}

fn psych(text: &str) -> Result<Node, botsmith_core::Error> {
    let mut reading = Reading::default();
    (reading.dialect, reading.lenient) = (Dialect::Psych, true);
    parse_as(&Source::new("bot.yml", text), &reading).map(|parsed| parsed.node)
}

#[test]
fn psych_reads_only_plain_text_by_its_rules() {
    let text =
        "a: yes\nb: 'yes'\nc: |\n  no\nd: !!str 010\ne: :word\n:f: 1\ng: !x 010\nyes: 2\nh: ! 1\n";
    let wanted = json!({
        "a": true, "b": "yes", "c": "no\n", "d": "010", "e": "word", "f": 1, "g": 8, "yes": 2, "h": "1"
    });
    assert_eq!(psych(text).unwrap().to_json(), wanted);
}

#[test]
fn psych_refuses_what_safe_load_refuses() {
    for (text, words, line) in [
        ("a: 1\nb: [*x]", "alias", 2),
        ("a: &x 1\nb: *x", "BadAlias", 2),
        ("a: 2024-02-30", "DisallowedClass", 1),
        ("a: !ruby/object:Foo {b: 1}", "DisallowedClass", 1),
        ("a: !ruby/regexp /x/", "DisallowedClass", 1),
    ] {
        let error = psych(text).unwrap_err();
        let place = error.diagnostic().unwrap();
        assert!(
            place.message.contains(words) && place.line == line,
            "{error}"
        );
    }
    assert_eq!(
        psych("a: !ruby/symbol b").unwrap().to_json(),
        json!({"a": "b"})
    );
}

#[test]
fn a_lenient_reader_warns_where_a_strict_one_fails() {
    let mut reading = Reading::default();
    let text = "a: {b: 1}\nc: 2\na: {d: 3}\n---\ne: 4\n";
    assert!(parse_as(&Source::new("x", text), &reading).is_err());
    reading.lenient = true;
    let parsed = parse_as(&Source::new("x", text), &reading).unwrap();
    assert_eq!(parsed.node.to_json(), json!({"a": {"d": 3}, "c": 2}));
    let lines: Vec<_> = parsed.warnings.iter().map(|w| w.line).collect();
    assert_eq!(lines, [3, 4]);
}

#[test]
fn a_part_of_a_file_counts_lines_from_its_start() {
    let part = |text: &str| Source::new("bot.md", text).after_lines(10);
    let node = parse(&part("a: 1\nb:\n  c: 2\n")).unwrap();
    assert_eq!(
        node.get("b").unwrap().get("c").unwrap().mark,
        Mark {
            line: 13,
            column: 6
        }
    );
    for (text, line) in [
        ("a: 1\nb: [\n", 12),
        ("a: 1\n\tb: 2\n", 12),
        ("a: 1\nb\nc: 2\n", 12),
        ("a: \"\\q\"", 11),
        ("a: 1\na: 2", 12),
        ("a: \0", 11),
    ] {
        let error = parse(&part(text)).unwrap_err();
        let place = error.diagnostic().unwrap();
        assert_eq!(place.line, line, "{error}");
        assert!(place.excerpt.is_some(), "{error}");
    }
}
