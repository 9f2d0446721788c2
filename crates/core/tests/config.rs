//! Configuration: who wins, where a value came from, what mistakes are told.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::num::NonZeroUsize;
use std::path::PathBuf;

use botsmith_core::config::{
    Color, Config, Disk, Environment, Files, MemoryFiles, Origin, Overrides, dotenv,
};
use botsmith_core::yaml::Source;
use proptest::prelude::*;

fn load(environment: &Environment, files: &MemoryFiles) -> botsmith_core::Result<Config> {
    Config::load(environment, files, &Overrides::default())
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let empty = Environment::new("/p/a/b");
    variables
        .iter()
        .fold(empty, |e, (name, value)| e.with(*name, *value))
}

fn files(list: &[(&str, &str)]) -> MemoryFiles {
    list.iter()
        .fold(MemoryFiles::default(), |files, (path, text)| {
            files.with(*path, *text)
        })
}

#[test]
fn each_layer_wins_over_those_below_and_says_so() {
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    const YAML: (&str, &str) = (
        "/p/botsmith.yaml",
        "# c\nstore: sqlite:y.db\nthreads: 2\ncolor: always\nquiet: true\n",
    );
    let cases: Vec<(&str, Pairs<'_>, Pairs<'_>, [&str; 4])> = vec![
        (
            "nothing said",
            &[],
            &[],
            [
                "sqlite:/p/a/b/.botsmith/state.db (default)",
                "auto (default)",
                "false (default)",
                "auto (default)",
            ],
        ),
        (
            "an empty file in a folder above",
            &[("/p/botsmith.yaml", "# nothing\n")],
            &[],
            [
                "sqlite:/p/.botsmith/state.db (default)",
                "auto (default)",
                "false (default)",
                "auto (default)",
            ],
        ),
        (
            "a file in a folder above",
            &[YAML],
            &[],
            [
                "sqlite:/p/y.db (/p/botsmith.yaml:2)",
                "always (/p/botsmith.yaml:4)",
                "true (/p/botsmith.yaml:5)",
                "2 (/p/botsmith.yaml:3)",
            ],
        ),
        (
            "the nearest file alone counts",
            &[YAML, ("/p/a/botsmith.yaml", "threads: auto\n")],
            &[],
            [
                "sqlite:/p/a/.botsmith/state.db (default)",
                "auto (default)",
                "false (default)",
                "auto (/p/a/botsmith.yaml:1)",
            ],
        ),
        (
            ".env beside the file, and a stronger one in the working directory",
            &[
                YAML,
                (
                    "/p/.env",
                    "BOTSMITH_STORE=sqlite:e.db\nBOTSMITH_THREADS=3\n",
                ),
                ("/p/a/b/.env", "\nexport BOTSMITH_THREADS='4'\n"),
                ("/p/a/.env", "BOTSMITH_THREADS=99\n"),
            ],
            &[],
            [
                "sqlite:/p/e.db (/p/.env:1 (BOTSMITH_STORE))",
                "always (/p/botsmith.yaml:4)",
                "true (/p/botsmith.yaml:5)",
                "4 (/p/a/b/.env:2 (BOTSMITH_THREADS))",
            ],
        ),
        (
            "the real environment wins over .env, empty is absent",
            &[
                YAML,
                ("/p/.env", "BOTSMITH_STORE=sqlite:e.db\nBOTSMITH_QUIET=1\n"),
            ],
            &[
                ("BOTSMITH_STORE", "sqlite:../v.db"),
                ("BOTSMITH_QUIET", ""),
                ("NO_COLOR", "1"),
                ("BOTSMITH_THREADS", "auto"),
            ],
            [
                "sqlite:/p/a/b/../v.db (BOTSMITH_STORE)",
                "never (NO_COLOR)",
                "true (/p/.env:2 (BOTSMITH_QUIET))",
                "auto (BOTSMITH_THREADS)",
            ],
        ),
        (
            "BOTSMITH_COLOR is more exact than NO_COLOR, an empty NO_COLOR is none",
            &[],
            &[
                ("BOTSMITH_COLOR", "always"),
                ("NO_COLOR", "1"),
                ("BOTSMITH_QUIET", "FALSE"),
            ],
            [
                "sqlite:/p/a/b/.botsmith/state.db (default)",
                "always (BOTSMITH_COLOR)",
                "false (BOTSMITH_QUIET)",
                "auto (default)",
            ],
        ),
        (
            "NO_COLOR of the environment wins over .env",
            &[("/p/a/b/.env", "BOTSMITH_COLOR=always")],
            &[("NO_COLOR", "1")],
            [
                "sqlite:/p/a/b/.botsmith/state.db (default)",
                "never (NO_COLOR)",
                "false (default)",
                "auto (default)",
            ],
        ),
        (
            "a password is masked",
            &[("/p/url", "rediss://me:p@ss/w:rd@host:6379/0\n")],
            &[("BOTSMITH_STORE_FILE", "/p/url"), ("NO_COLOR", "")],
            [
                "rediss://me:***@host:6379/0 (/p/url (BOTSMITH_STORE_FILE))",
                "auto (default)",
                "false (default)",
                "auto (default)",
            ],
        ),
    ];
    for (name, file_list, variables, wanted) in cases {
        let config = load(&environment(variables), &files(file_list))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let found: Vec<_> = config
            .settings()
            .into_iter()
            .map(|(_, value, origin)| format!("{value} ({origin})"))
            .collect();
        assert_eq!(found, wanted, "{name}");
        assert!(config.warnings.is_empty(), "{name}: {:?}", config.warnings);
    }
}

#[test]
fn settings_of_bots_come_from_file_and_environment_and_are_listed_where_set() {
    let config = load(
        &environment(&[("BOTSMITH_MODEL", "qwen3"), ("BOTSMITH_PRICES", "mine.yaml")]),
        &files(&[(
            "/p/botsmith.yaml",
            "provider: ollama\nmodel: llama3\naddress: http://127.0.0.1:11434\nprices: prices.yaml\n",
        )]),
    )
    .unwrap();
    let listed: Vec<_> = config.settings().into_iter().skip(4).collect();
    let shown: Vec<_> = listed
        .iter()
        .map(|(name, value, origin)| format!("{name} {value} ({origin})"))
        .collect();
    assert_eq!(
        shown,
        [
            "provider ollama (/p/botsmith.yaml:1)",
            "model qwen3 (BOTSMITH_MODEL)",
            "address http://127.0.0.1:11434 (/p/botsmith.yaml:3)",
            "prices /p/a/b/mine.yaml (BOTSMITH_PRICES)",
        ]
    );
}

#[test]
fn flags_win_over_everything() {
    let flags = Overrides {
        store: Some("sqlite:f.db".into()),
        color: Some(Color::Never),
        quiet: Some(false),
        threads: NonZeroUsize::new(7),
    };
    let environment = environment(&[
        ("BOTSMITH_STORE", "memory:"),
        ("BOTSMITH_THREADS", "3"),
        ("BOTSMITH_QUIET", "1"),
    ]);
    let config = Config::load(&environment, &MemoryFiles::default(), &flags).unwrap();
    assert_eq!(config.store.value.as_str(), "sqlite:/p/a/b/f.db");
    assert_eq!(config.store.origin, Origin::Flag("--store"));
    assert_eq!(config.color.value, Color::Never);
    assert!(!config.quiet.value);
    assert_eq!(config.threads.value.unwrap().get(), 7);
}

#[test]
fn a_store_is_named_by_a_url() {
    let cases = [
        ("memory:", Ok("memory:")),
        ("memory", Ok("memory:")),
        ("sqlite:./x.db", Ok("sqlite:/p/a/b/x.db")),
        ("sqlite:/abs/x.db", Ok("sqlite:/abs/x.db")),
        ("sqlite:///abs/x.db", Ok("sqlite:/abs/x.db")),
        ("sqlite://x.db", Ok("sqlite:/p/a/b/x.db")),
        ("  sqlite:with space.db ", Ok("sqlite:/p/a/b/with space.db")),
        ("redis://localhost", Ok("redis://localhost")),
        ("redis+cluster://a:1,b:2", Ok("redis+cluster://a:1,b:2")),
        (
            "state.db",
            Err(
                "a store's URL starts with its kind, like `sqlite:`; write `sqlite:state.db` if this is a file",
            ),
        ),
        (
            "sqlit:x",
            Err("`sqlit:` is no kind of store; did you mean `sqlite:`?"),
        ),
        (
            "postgres://x",
            Err("`postgres:` is no kind of store; valid here: `memory:`, `sqlite:`"),
        ),
        (
            "sqlite:",
            Err("`sqlite:` lacks the path of its file; write `sqlite:.botsmith/state.db`"),
        ),
        ("memory:x", Err("`memory:` takes nothing after the colon")),
        (
            "redis:x",
            Err("`redis:` lacks its host; write `redis://localhost:6379`"),
        ),
        ("redis://", Err("`redis:` lacks its host")),
    ];
    for (url, wanted) in cases {
        let flags = Overrides {
            store: Some(url.into()),
            ..Overrides::default()
        };
        let found = Config::load(&environment(&[]), &MemoryFiles::default(), &flags);
        match (found, wanted) {
            (Ok(config), Ok(wanted)) => assert_eq!(config.store.value.as_str(), wanted),
            (Err(error), Err(wanted)) => {
                let diagnostic = error.diagnostic().unwrap();
                let found = format!(
                    "{}; {}",
                    diagnostic.message,
                    diagnostic.hint.as_deref().unwrap()
                );
                assert!(found.starts_with(wanted), "{url}: {found}");
            }
            (found, wanted) => panic!("{url}: {found:?}, wanted {wanted:?}"),
        }
    }
}

#[test]
fn mistakes_name_their_place_and_never_a_secret() {
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let cases: Vec<(Pairs<'_>, Pairs<'_>, &str)> = vec![
        (
            &[("/p/botsmith.yaml", "quiet: true\nstroe: memory\n")],
            &[],
            "unknown key `stroe`\n  --> /p/botsmith.yaml:2:1\n    |\n  2 | stroe: memory\n    | ^\n    = help: did you mean `store`?",
        ),
        (
            &[("/p/botsmith.yaml", "color: Always\n")],
            &[],
            "`Always` is not known here\n  --> /p/botsmith.yaml:1:8 in `color`\n    |\n  1 | color: Always\n    |        ^\n    = help: did you mean `always`?",
        ),
        (
            &[("/p/botsmith.yaml", "threads: 0\n")],
            &[],
            "expected `auto` or a whole number from 1 to 1024, found `0`\n  --> /p/botsmith.yaml:1:10 in `threads`\n    |\n  1 | threads: 0\n    |          ^",
        ),
        (
            &[("/p/botsmith.yaml", "store: redsi://:hunter2@host\n")],
            &[],
            "`redsi:` is no kind of store\n  --> /p/botsmith.yaml:1:8 in `store`\n    = help: did you mean `redis:`?",
        ),
        (
            &[("/p/botsmith.yaml", "- a\n")],
            &[],
            "expected a mapping, found a list\n  --> /p/botsmith.yaml:1:1\n    |\n  1 | - a\n    | ^",
        ),
        (
            &[],
            &[("BOTSMITH_THREADS", "many")],
            "expected `auto` or a whole number from 1 to 1024, found `many`\n  --> environment in `BOTSMITH_THREADS`",
        ),
        (
            &[],
            &[("BOTSMITH_QUIET", "maybe")],
            "expected `true`, `false`, `1` or `0`, found `maybe`\n  --> environment in `BOTSMITH_QUIET`",
        ),
        (
            &[("/p/a/b/.env", "# x\nBOTSMITH_COLOR=alway\n")],
            &[],
            "`alway` is not known here\n  --> /p/a/b/.env:2 in `BOTSMITH_COLOR`\n    = help: did you mean `always`?",
        ),
        (
            &[],
            &[("BOTSMITH_STORE", "rdis://:hunter2@host")],
            "`rdis:` is no kind of store\n  --> environment in `BOTSMITH_STORE`\n    = help: did you mean `redis:`?",
        ),
        (
            &[("/p/a/b/.env", "A=1\nhunter2\n")],
            &[],
            "expected `NAME=value`\n  --> /p/a/b/.env:2\n    = help: a comment starts with `#`",
        ),
        (
            &[],
            &[("BOTSMITH_STORE", "memory:"), ("BOTSMITH_STORE_FILE", "/x")],
            "`BOTSMITH_STORE` and `BOTSMITH_STORE_FILE` are both set\n  --> environment in `BOTSMITH_STORE_FILE`\n    = help: remove one of them",
        ),
        (
            &[],
            &[("BOTSMITH_STORE_FILE", "none")],
            "no file `/p/a/b/none`\n  --> environment in `BOTSMITH_STORE_FILE`\n    = help: it must hold the secret alone",
        ),
        (
            &[("/p/a/b/url", "\n")],
            &[("BOTSMITH_STORE_FILE", "url")],
            "the secret's file is empty\n  --> /p/a/b/url in `BOTSMITH_STORE_FILE`",
        ),
    ];
    for (file_list, variables, wanted) in cases {
        let error = load(&environment(variables), &files(file_list)).unwrap_err();
        assert_eq!(error.to_string(), wanted);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[test]
fn variables_that_nobody_reads_are_a_warning() {
    let variables = [
        ("BOTSMITH_STROE", "x"),
        ("BOTSMITH_GOLDENS", "x"),
        ("BOTSMITH_PROMPTFOO", "x"),
        ("BOTSMITH_CONFORMANCE", "x"),
        ("BOTSMITH_REDIS_URL", "x"),
        ("PATH", "x"),
    ];
    let files = files(&[
        ("/p/a/b/.env", "OTHER=1\nBOTSMITH_NONSENSE=1"),
        ("/p/a/botsmith.yml", ""),
    ]);
    let config = load(&environment(&variables), &files).unwrap();
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "this file is not read\n  --> /p/a/botsmith.yml\n    = help: its name must be `botsmith.yaml`",
            "nothing reads the variable `BOTSMITH_STROE`\n  --> environment in `BOTSMITH_STROE`\n    = help: did you mean `BOTSMITH_STORE`?",
            "nothing reads the variable `BOTSMITH_NONSENSE`\n  --> /p/a/b/.env:2 in `BOTSMITH_NONSENSE`",
        ]
    );
}

#[test]
fn secrets_come_from_variables_or_the_files_they_name_and_are_never_shown() {
    let files = files(&[
        ("/p/botsmith.yaml", ""),
        (
            "/p/.env",
            "OPENAI_API_KEY=hunter2\nOTHER_FILE=keys/other\nEMPTY=\n",
        ),
        ("/p/keys/other", "hunter3\r\n"),
        ("/p/a/b/mine", "hunter4"),
    ]);
    let environment = environment(&[("MINE_FILE", "mine"), ("REAL", "hunter5")]);
    let config = load(&environment, &files).unwrap();
    let cases = [
        (
            "OPENAI_API_KEY",
            Some(("hunter2", "/p/.env:1 (OPENAI_API_KEY)")),
        ),
        ("OTHER", Some(("hunter3", "/p/keys/other (OTHER_FILE)"))),
        ("MINE", Some(("hunter4", "/p/a/b/mine (MINE_FILE)"))),
        ("REAL", Some(("hunter5", "REAL"))),
        ("EMPTY", None),
        ("ABSENT", None),
    ];
    for (name, wanted) in cases {
        let found = config.secret(name, &files).unwrap();
        let found = found.map(|s| (s.value.expose().to_owned(), s.origin.to_string()));
        assert_eq!(
            found,
            wanted.map(|(a, b)| (a.to_owned(), b.to_owned())),
            "{name}"
        );
    }
    assert!(!format!("{config:?} {environment:?}").contains("hunter"));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_utf8_is_an_error_only_where_it_is_read() {
    use std::os::unix::ffi::OsStringExt as _;
    let bad = std::ffi::OsString::from_vec(vec![0xff]);
    assert!(
        load(
            &environment(&[]).with("OTHER", bad.clone()),
            &MemoryFiles::default()
        )
        .is_ok()
    );
    let error = load(
        &environment(&[]).with("BOTSMITH_STORE", bad),
        &MemoryFiles::default(),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("the value is not valid UTF-8")
    );
}

#[test]
fn files_that_are_no_text_are_refused_without_showing_them() {
    for (path, part) in [
        ("/p/a/b/.env", ".env:1:8"),
        ("/p/botsmith.yaml", "botsmith.yaml:1:8"),
    ] {
        let files = MemoryFiles::default().with(path, b"KEY=abc\xff".to_vec());
        let error = load(&environment(&[]), &files).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert_eq!(error.contains("abc"), path.ends_with("yaml"), "{error}");
    }
    let files = MemoryFiles::default().with("/p/botsmith.yaml", vec![b'#'; (1 << 20) + 1]);
    let error = load(&environment(&[]), &files).unwrap_err().to_string();
    assert!(
        error.starts_with("file is larger than 1048576 bytes"),
        "{error}"
    );
}

#[test]
fn the_disk_gives_files_and_no_folders() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".env")).unwrap();
    std::fs::create_dir(folder.path().join("suites")).unwrap();
    std::fs::write(folder.path().join("botsmith.yaml"), "threads: 3").unwrap();
    let environment = Environment::new(folder.path().join("suites"));
    let config = Config::load(&environment, &Disk, &Overrides::default()).unwrap();
    assert_eq!(config.threads.value.unwrap().get(), 3);
    assert_eq!(config.file, Some(folder.path().join("botsmith.yaml")));
    assert_eq!(config.folder, folder.path());
    assert_eq!(config.dotenv_files, Vec::<PathBuf>::new());
    assert_eq!(
        Disk.read(&folder.path().join("none/none"), 9).unwrap(),
        None
    );
    assert_eq!(
        Disk.read(&folder.path().join("botsmith.yaml/none"), 9)
            .unwrap(),
        None
    );
    assert_eq!(
        Disk.read(&folder.path().join("botsmith.yaml"), 3)
            .unwrap()
            .unwrap(),
        b"thre"
    );
    assert!(Environment::of_process().unwrap().folder.is_absolute());
}

#[test]
fn env_files_are_read_as_people_write_them() {
    /// Name, value and line of each variable, or message and line.
    type Read<'a> = Result<&'a [(&'a str, &'a str, usize)], &'a str>;
    let cases: Vec<(&str, Read<'_>)> = vec![
        ("", Ok(&[])),
        ("\n  # only\n\t\n", Ok(&[])),
        ("A=1", Ok(&[("A", "1", 1)])),
        (
            "\u{feff}A=1\r\nB=2\r\n",
            Ok(&[("A", "1", 1), ("B", "2", 2)]),
        ),
        ("A = 1 \n", Ok(&[("A", "1", 1)])),
        ("A=\nB=", Ok(&[("A", "", 1), ("B", "", 2)])),
        (
            "export A=1\nexport\tB=2\nexport=3",
            Ok(&[("A", "1", 1), ("B", "2", 2), ("export", "3", 3)]),
        ),
        ("A=a#b # c", Ok(&[("A", "a#b", 1)])),
        ("A=# c", Ok(&[("A", "", 1)])),
        ("A=a=b&c=d", Ok(&[("A", "a=b&c=d", 1)])),
        ("A=it's", Ok(&[("A", "it's", 1)])),
        ("A=$HOME\\n", Ok(&[("A", "$HOME\\n", 1)])),
        ("A='x # \\n \"'  # c", Ok(&[("A", "x # \\n \"", 1)])),
        (
            "A=\"x\\n\\t\\\"\\\\\\$\\d\"",
            Ok(&[("A", "x\n\t\"\\$\\d", 1)]),
        ),
        ("A=\"x\r\ny\"\nB=2", Ok(&[("A", "x\ny", 1), ("B", "2", 3)])),
        (
            "A='x\n\ny'\n=2",
            Err("the name before `=` is no variable's name:4"),
        ),
        ("A=é", Ok(&[("A", "é", 1)])),
        ("A=1\nA=2", Ok(&[("A", "1", 1), ("A", "2", 2)])),
        ("A=1\nsome words", Err("expected `NAME=value`:2")),
        ("export A", Err("expected `NAME=value`:1")),
        ("A-B=1", Err("expected `NAME=value`:1")),
        ("é=1", Err("expected `NAME=value`:1")),
        ("1A=1", Err("the name before `=` is no variable's name:1")),
        (
            "A=1\nB=\"x\nC=2\n",
            Err("a quote is opened and not closed:2"),
        ),
        ("A='x' y", Err("text follows a closing quote:1")),
        ("A='x\n' y", Err("text follows a closing quote:2")),
        ("A=x\0y", Err("a NUL character in a value:1")),
        ("A=\"\\", Err("a quote is opened and not closed:1")),
    ];
    for (text, wanted) in cases {
        match (dotenv::parse(&Source::new(".env", text)), wanted) {
            (Ok(found), Ok(wanted)) => {
                let found: Vec<_> = found
                    .iter()
                    .map(|v| (v.name.as_str(), v.value.expose(), v.line))
                    .collect();
                assert_eq!(found, wanted, "{text:?}");
            }
            (Err(error), Err(wanted)) => {
                let diagnostic = error.diagnostic().unwrap();
                assert_eq!(
                    format!("{}:{}", diagnostic.message, diagnostic.line),
                    wanted,
                    "{text:?}"
                );
                assert_eq!(
                    (diagnostic.excerpt.as_deref(), error.code()),
                    (None, "BS-CORE-021")
                );
            }
            (found, wanted) => panic!("{text:?}: {found:?}, wanted {wanted:?}"),
        }
    }
}

proptest! {
    #[test]
    fn any_env_file_gives_variables_or_an_error_that_names_a_line(
        text in prop_oneof![
            any::<String>(),
            prop::collection::vec(
                prop::sample::select(vec!["A", "=", "'", "\"", "\\", "\n", "\r\n", "#", " ", "export ", "é", "\0", "$"]),
                0..30,
            ).prop_map(|parts| parts.concat()),
        ]
    ) {
        let lines = text.matches('\n').count() + 1;
        match dotenv::parse(&Source::new(".env", text)) {
            Ok(found) => prop_assert!(found.iter().all(|v| v.line >= 1 && v.line <= lines)),
            Err(error) => {
                let line = error.diagnostic().unwrap().line;
                prop_assert!(line >= 1 && line <= lines);
            }
        }
    }

    #[test]
    fn a_quoted_value_comes_back_as_it_went_in(value in "[^\0\r]*") {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("KEY=\"{quoted}\"\nNEXT=1");
        let found = dotenv::parse(&Source::new(".env", text)).unwrap();
        prop_assert_eq!(found[0].value.expose(), value.as_str());
        prop_assert_eq!(found[1].line, value.matches('\n').count() + 2);
    }

    #[test]
    fn no_store_url_panics_or_shows_its_password(url in "(redis|sqlite|x)?:?/{0,2}[a-z:@/ é]{0,12}") {
        let flags = Overrides { store: Some(url.clone()), ..Overrides::default() };
        let _ = Config::load(&environment(&[]), &MemoryFiles::default(), &flags);
        let with_password = format!("redis://{url}:hunter2@h");
        let flags = Overrides { store: Some(with_password), ..Overrides::default() };
        let config = Config::load(&environment(&[]), &MemoryFiles::default(), &flags).unwrap();
        prop_assert!(!config.store.value.to_string().contains("hunter2"));
    }
}
