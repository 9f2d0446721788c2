//! Cartridges that mean harm end in an error that names file and line.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use botsmith_core::config::MemoryFiles;
use botsmith_nanobots::Cartridge;
use botsmith_nanobots::cartridge::{Format, Options, Profile};

#[path = "hostile/cases.rs"]
mod cases;

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
    for (name, content, words) in &cases::refused() {
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
