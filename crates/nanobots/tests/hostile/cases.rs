//! Cartridges that mean harm: those that are refused, with the words of the refusal, and those that load and
//! would be dear to look at.
#![allow(
    unreachable_pub,
    dead_code,
    reason = "shared by two tests, each of which uses a part"
)]

use std::fmt::Write as _;

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

/// So many tools.
pub fn tools(n: usize) -> String {
    (0..n).fold(String::from("tools:\n"), |mut text, at| {
        let _ = writeln!(text, "- {{name: t{at}, lua: return 1}}");
        text
    })
}

/// Names, contents, and words of the error.
pub fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let keys = |n: usize| {
        (0..n).fold(String::new(), |mut text, at| {
            let _ = writeln!(text, "k{at}: {at}");
            text
        })
    };
    vec![
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
        ("many.yml", keys(80_001).into(), "more than 80000 values"),
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
        ("tools.yml", tools(513).into(), "at most 512"),
        (
            "own-keys.yml",
            (0..30_000)
                .fold(String::from("botsmith:\n"), |mut text, at| {
                    let _ = writeln!(text, "  fallbakcs{at}: {at}");
                    text
                })
                .into(),
            "unknown key",
        ),
        (
            "evaluate-keys.yml",
            (0..30_000)
                .fold(String::from("botsmith:\n  evaluate:\n"), |mut text, at| {
                    let _ = writeln!(text, "    datasset{at}: {at}");
                    text
                })
                .into(),
            "`dataset` is missing",
        ),
        (
            "fallbacks.yml",
            format!(
                "botsmith:\n  fallbacks:\n{}",
                "  - {provider: {id: script}}\n".repeat(65)
            )
            .into(),
            "at most 64",
        ),
    ]
}

/// Names and contents of cartridges that load.
pub fn dear() -> Vec<(&'static str, String)> {
    let lines = |line: &dyn Fn(usize) -> String| (0..30_000).map(line).collect::<String>();
    let below = |head: &str, line: &dyn Fn(usize) -> String| format!("{head}{}", lines(line));
    let settings = "provider:\n  id: openai\n  settings:\n";
    vec![
        ("unknown keys", lines(&|at| format!("unknwon{at}: {at}\n"))),
        (
            "unknown settings",
            below(settings, &|at| format!("    temprature{at}: 1\n")),
        ),
        (
            "unknown credentials",
            below("provider:\n  id: openai\n  credentials:\n", &|at| {
                format!("    acess{at}: x\n")
            }),
        ),
        (
            "unknown settings of a fallback",
            below(
                "botsmith:\n  fallbacks:\n  - provider:\n      id: ollama\n      settings:\n        options:\n",
                &|at| format!("          temprature{at}: 1\n"),
            ),
        ),
        (
            "variables",
            below("miscellaneous:\n", &|at| format!("- ENV/VARIABLE{at}\n")),
        ),
        (
            "judges",
            below(
                "botsmith:\n  evaluate:\n    dataset: []\n    evaluators:\n",
                &|at| match at % 2 {
                    0 => format!("    - judge: {{cartridge: j{at}.yml}}\n"),
                    _ => String::new(),
                },
            ),
        ),
        ("tools", tools(512)),
        (
            "a long text",
            format!(
                "behaviors: {{interaction: {{directive: {}}}}}\n",
                "x".repeat(4_000_000)
            ),
        ),
        (
            "a list of nothing",
            format!("a: [{}]\n", "x,".repeat(70_000)),
        ),
    ]
}
