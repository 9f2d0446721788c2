//! Cartridges that mean harm end in an error that names file and line.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fmt::Write as _;

use botsmith_core::config::MemoryFiles;
use botsmith_nanobots::Cartridge;
use botsmith_nanobots::cartridge::{Format, Options, Profile};

fn bomb() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let items = [below.as_str(); 10].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{items}]");
    }
    text
}

fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("meta: {}{}\n", open.repeat(depth), close.repeat(depth))
}

/// Opens a file of this content in both profiles; each must refuse, with place.
fn refused(name: &str, content: &[u8], words: &str) {
    let path = format!("bots/{name}");
    let files = MemoryFiles::default().with(&path, content);
    for profile in [Profile::Compat, Profile::Native] {
        let options = Options::default().files(&files).profile(profile);
        let error = Cartridge::open(&path, &options).unwrap_err();
        let botsmith_nanobots::Error::Core(core) = &error else {
            panic!("{name}: {error}");
        };
        let place = core
            .diagnostic()
            .unwrap_or_else(|| panic!("{name}: {error}"));
        assert_eq!(place.path.to_string_lossy(), path, "{error}");
        assert!(place.line > 0, "{name} has no line: {error}");
        let shown = error.to_string();
        assert!(shown.contains(words), "{name}: {shown}");
        assert!(
            shown.len() < 2_000,
            "{name}: {} bytes of error",
            shown.len()
        );
        let plain = |c: char| c == '\n' || !botsmith_core::hint::is_unprintable(c);
        assert!(shown.chars().all(plain), "{name}: {shown:?}");
    }
}

#[test]
fn a_hostile_file_gets_an_error_with_file_and_line() {
    let keys = |n: usize| {
        (0..n).fold(String::new(), |mut text, at| {
            let _ = writeln!(text, "k{at}: {at}");
            text
        })
    };
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("bomb.yml", bomb().into(), ""),
        (
            "deep-flow.yml",
            nested(10_000, "[", "]").into(),
            "nested more than",
        ),
        (
            "deep-map.yml",
            nested(10_000, "{a: ", "}").into(),
            "nested more than",
        ),
        (
            "deep-open.yml",
            nested(10_000, "[", "").into(),
            "nested more than",
        ),
        (
            "deep-block.yml",
            (0..10_000)
                .fold(String::new(), |mut text, at| {
                    let _ = writeln!(text, "{}a:", " ".repeat(at % 400));
                    text
                })
                .into(),
            "",
        ),
        (
            "deep-dashes.yml",
            format!("a:\n  {}x", "- ".repeat(10_000)).into(),
            "nested more than",
        ),
        (
            "long.yml",
            format!("meta: {{name: {}}}", "x".repeat(5 << 20)).into(),
            "more than 4194304 bytes",
        ),
        ("many.yml", keys(200_001).into(), "more than 200000 values"),
        (
            "commas.yml",
            format!("a: [{}]", ",".repeat(300_000)).into(),
            "",
        ),
        (
            "utf8.yml",
            b"meta:\n  name: \xff\xfe\n".to_vec(),
            "not valid UTF-8",
        ),
        ("nul.yml", b"meta:\n  name: a\0b\n".to_vec(), "NUL"),
        (
            "tool.yml",
            "tools:\n- name: \"a\\e[2Jb\"\n".into(),
            "control characters",
        ),
        (
            "tool-bidi.yml",
            "tools:\n- name: \"a\\u202Eb\"\n".into(),
            "control characters",
        ),
        (
            "tool-long.yml",
            format!("tools:\n- name: {}\n", "x".repeat(300)).into(),
            "longer than 256",
        ),
        (
            "traversal.yml",
            "botsmith:\n  extends: ../../../etc/passwd.yml\n".into(),
            "outside the cartridge's folder",
        ),
        (
            "absolute.yml",
            "botsmith:\n  extends: /etc/shadow.yml\n".into(),
            "outside the cartridge's folder",
        ),
        (
            "schema.yml",
            "botsmith:\n  output-schema: ../secret\n".into(),
            "outside the cartridge's folder",
        ),
        (
            "self.yml",
            "botsmith:\n  extends: self.yml\n".into(),
            "in a circle",
        ),
        ("scalar.yml", "just text".into(), "a cartridge is a mapping"),
        ("list.yml", "- a\n".into(), "a cartridge is a mapping"),
        ("key.yml", "? [a]\n: b\n".into(), "a key must be text"),
        (
            "mean-key.yml",
            "botsmith:\n  \"\\e[31mx\": 1\n".into(),
            "unknown key",
        ),
        (
            "block.md",
            format!("# x\n\n```yaml\n{}```\n", bomb()).into(),
            "",
        ),
        (
            "deep.md",
            format!(
                "> {}\n\n```yaml\n{}```\n",
                "> ".repeat(2_000),
                nested(10_000, "[", "]")
            )
            .into(),
            "nested more than",
        ),
        (
            "tool.md",
            "# x\n\n```yaml\ntools:\n- name: \"\\u0007\"\n```\n".into(),
            "control characters",
        ),
        ("utf8.md", b"# \xc3\x28\n".to_vec(), "not valid UTF-8"),
    ];
    for (name, content, words) in &cases {
        refused(name, content, words);
    }
}

#[test]
fn a_file_of_a_hundred_megabytes_is_read_up_to_the_limit_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.yml");
    let file = std::fs::File::create(&path).unwrap();
    // A sparse file: its bytes are NUL, and what counts is that they are not all read.
    file.set_len(100 << 20).unwrap();
    let error = Cartridge::open(&path, &Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("huge.yml:1") && error.contains("more than 4194304 bytes"),
        "{error}"
    );
}

#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let bots = folder.path().join("bots");
    std::fs::create_dir(&bots).unwrap();
    std::fs::write(folder.path().join("secret.yml"), "meta: {name: secret}").unwrap();
    std::fs::write(bots.join("a.yml"), "botsmith:\n  extends: link.yml\n").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.yml", bots.join("link.yml")).unwrap();
        let error = Cartridge::open(bots.join("a.yml"), &Options::default()).unwrap_err();
        assert!(
            error.to_string().contains("outside the cartridge's folder"),
            "{error}"
        );
    }
}

#[test]
fn many_blocks_and_fences_take_no_more_than_their_text() {
    let text = "```yaml\na: {b: 1}\n```\n\n".repeat(5_000);
    let options = Options::default();
    let cartridge = Cartridge::parse(&text, Format::Markdown, &options).unwrap();
    assert_eq!(cartridge.value()["a"]["b"], 1);
    for odd in [
        "`".repeat(100_000),
        "~~~\n".repeat(20_000),
        "> ".repeat(20_000),
        "*a ".repeat(20_000),
    ] {
        let _ = Cartridge::parse(&odd, Format::Markdown, &options);
    }
}

#[test]
fn a_template_cannot_run_for_ever_or_grow_without_end() {
    let head = "botsmith: {variables: {n: {default: [1, 2, 3, 4, 5, 6, 7, 8, 9]}}}\n\
                behaviors: {interaction: {directive: '";
    let each = |body: &str| {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let opened = names
            .map(|name| format!("{{% for {name} in n %}}"))
            .concat();
        format!("{opened}{body}{}", "{% endfor %}".repeat(names.len()))
    };
    for body in [
        each("{{ n }}"),
        each("{{ \"x\" | upper }}"),
        format!("{{{{ n | join(\"{}\") }}}}", "x".repeat(1 << 19)),
        "{% set x = \"aaaaaaaaaa\" %}{{ n }}".to_owned(),
        "{{ n ~ n }}".to_owned(),
        "{{ range(10000) }}".to_owned(),
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}{{ n }}".to_owned(),
        "{{ n | replace(1, n) }}".to_owned(),
        "{% for a in n %}{{ \"x\" * 99999999 }}{% endfor %}".to_owned(),
        format!("{{{{ [{}] | upper }}}}", "n, ".repeat(200)),
        format!("{{{{ [{}] }}}}", "n, ".repeat(300)),
    ] {
        let text = format!("{head}{body}'}}}}\n");
        let cartridge = Cartridge::parse(&text, Format::Yaml, &Options::default());
        let failed = match cartridge {
            Ok(cartridge) => cartridge.with_variables(&serde_json::Map::new()).err(),
            Err(error) => Some(error),
        };
        let error = failed
            .unwrap_or_else(|| panic!("no error for {body}"))
            .to_string();
        assert!(error.contains("<cartridge>:2"), "{error}");
    }
}

#[test]
fn a_hundred_warnings_of_a_kind_are_enough() {
    let lines = |line: &dyn Fn(usize) -> String| (0..20_000).map(line).collect::<String>();
    let cases = [
        ("unknown", lines(&|at| format!("k{at}: {at}\n"))),
        ("twice", lines(&|at| format!("k{}: {at}\n", at % 3))),
        (
            "missing",
            format!("miscellaneous:\n{}", lines(&|at| format!("- ENV/V{at}\n"))),
        ),
    ];
    for (name, text) in cases {
        let cartridge = Cartridge::parse(&text, Format::Yaml, &Options::default()).unwrap();
        let count = cartridge.warnings().len();
        assert!((100..=103).contains(&count), "{name}: {count}");
    }
}
