//! The commands beside `eval`: metric, schema, init, completions, doctor, version, power.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::path::Path;

use common::{Folder, close, keys};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

#[test]
fn metric_scores_each_line_in_order() {
    let folder = Folder::new();
    let pairs = concat!(
        r#"{"candidate": "the cat", "references": ["the cat"]}"#,
        "\n\n",
        r#"{"candidate": "a cat sat", "references": ["dog", "cat"]}"#,
        "\r\n",
        r#"{"candidate": "", "reference": "x"}"#,
    );
    let ran = folder
        .pipe(&["metric", "token-f1", "--json"], pairs.as_bytes())
        .ends(0);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines.iter().all(|line| keys(line) == ["score"]),
        "{lines:?}"
    );
    close(&lines[0]["score"], 1.0);
    // "a" is an article: one of two words shared with "cat".
    close(&lines[1]["score"], 2.0 * 0.5 * 1.0 / 1.5);
    close(&lines[2]["score"], 0.0);
    let bare = folder
        .pipe(&["metric", "token-f1"], pairs.as_bytes())
        .ends(0);
    assert_eq!(bare.stdout.lines().count(), 3);
    assert_eq!(bare.stdout.lines().next(), Some("1"));
}

#[test]
fn metric_adds_one_last_line_for_the_corpus() {
    let folder = Folder::new();
    let pairs = "{\"candidate\": \"a\", \"references\": [\"a\"]}\n\
                 {\"candidate\": \"b\", \"references\": [\"a\"]}\n";
    let ran = folder
        .pipe(
            &["metric", "equals", "--json", "--corpus"],
            pairs.as_bytes(),
        )
        .ends(0);
    let last: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last, json!({"corpus": {"score": 0.5, "n": 2}}));
    let none = folder
        .pipe(&["metric", "equals", "--json", "--corpus"], b"")
        .ends(0);
    assert_eq!(none.stdout, "{\"corpus\":{\"score\":null,\"n\":0}}\n");
}

#[test]
fn self_bleu_scores_a_line_of_candidates_and_a_corpus_of_all_lines() {
    let folder = Folder::new();
    let sets = concat!(
        r#"{"candidates": ["Yes, of course.", "Yes, of course!", "No."]}"#,
        "\n",
        r#"{"candidates": ["alone"]}"#,
        "\n",
        r#"{"candidate": "Yes, of course."}"#,
        "\n",
    );
    // As the mean of sacrebleu 2.6.0's sentence_bleu of each with the others.
    let args = ["metric", "self-bleu", "--json", "--corpus"];
    let ran = folder.pipe(&args, sets.as_bytes()).ends(0);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    close(&lines[0]["score"], 49.580_405_541_239_48);
    assert_eq!(lines[1]["score"], Value::Null);
    assert_eq!(lines[1]["skipped"], json!("fewer than two candidates"));
    assert!(lines[2]["skipped"].as_str().unwrap().contains("together"));
    assert_eq!(lines[3]["corpus"]["n"], json!(5));
    let all = lines[3]["corpus"]["score"].as_f64().unwrap();
    assert!(all > 40.0 && all < 100.0, "{all}");
    for (line, wanted) in [
        (
            r#"{"candidates": ["a", "b"]}"#,
            "scores each candidate by itself",
        ),
        ("{}", "missing field `candidate`"),
        (
            r#"{"candidate": "a", "candidates": []}"#,
            "exclude each other",
        ),
    ] {
        let ran = folder
            .pipe(&["metric", "levenshtein"], line.as_bytes())
            .ends(2);
        assert!(ran.stderr.contains(wanted), "{line}: {}", ran.stderr);
    }
}

#[test]
fn metric_similarity_needs_no_model_and_puts_the_nearest_first() {
    let folder = Folder::new();
    let pairs = concat!(
        r#"{"candidate": "A kitten naps on the couch.", "references": ["The cat sleeps on the sofa."]}"#,
        "\n",
        r#"{"candidate": "The bank raised its rates.", "references": ["The cat sleeps on the sofa."]}"#,
        "\n",
        r#"{"candidate": "Same.", "reference": "Same."}"#,
        "\n",
    );
    for metric in ["similarity", "bertscore"] {
        let ran = folder
            .pipe(&["metric", metric, "--json", "--corpus"], pairs.as_bytes())
            .ends(0);
        let lines: Vec<Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let score = |at: usize| lines[at]["score"].as_f64().unwrap();
        assert!(score(0) > score(1) + 0.1, "{metric}: {lines:?}");
        close(&lines[2]["score"], 1.0);
        assert_eq!(lines[3]["corpus"]["n"], json!(3));
        let mean = (score(0) + score(1) + score(2)) / 3.0;
        close(&lines[3]["corpus"]["score"], mean);
    }
    let ran = folder
        .pipe(&["metric", "similarity"], br#"{"candidate": "alone"}"#)
        .ends(2);
    assert!(ran.stderr.contains("<stdin>:1"), "{}", ran.stderr);
}

/// A model gets many lines at once; an error names its own line.
#[cfg(feature = "engine")]
#[test]
fn metric_with_a_model_gives_each_line_its_score() {
    let folder = Folder::new();
    let model = format!(
        "{}/crates/core/tests/engine/models/sentence",
        env!("CARGO_MANIFEST_DIR")
    );
    let options = json!({"model": model, "device": "cpu"}).to_string();
    let lines: Vec<String> = (0..300)
        .map(|at| json!({"candidate": format!("cat {}", at % 3), "reference": "cat 1"}).to_string())
        .collect();
    let args = ["metric", "similarity", "--options", &options, "--json"];
    let ran = folder.pipe(&args, lines.join("\n").as_bytes()).ends(0);
    let scores: Vec<f64> = ran
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["score"]
                .as_f64()
                .unwrap()
        })
        .collect();
    assert_eq!(scores.len(), 300);
    for (at, score) in scores.iter().enumerate() {
        assert_eq!(*score == 1.0, at % 3 == 1, "line {}: {score}", at + 1);
        assert!((score - scores[at % 3]).abs() < 1e-6);
    }
    let broken = format!("{}\n{{\"candidate\": \"cat\"}}\n", lines[..3].join("\n"));
    let ran = folder.pipe(&args, broken.as_bytes()).ends(2);
    assert!(ran.stderr.contains("<stdin>:4"), "{}", ran.stderr);
}

#[test]
fn metric_takes_options_as_json() {
    let folder = Folder::new();
    let pair = br#"{"candidate": "We REFUND you", "references": []}"#;
    let with = |options: &str| {
        let args = [
            "metric",
            "contains",
            "--options",
            options,
            "--json",
            "--explain",
        ];
        folder.pipe(&args, pair)
    };
    let ran = with(r#"{"value": "REFUND"}"#).ends(0);
    let line: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&line["score"], &line["passed"]),
        (&json!(1.0), &json!(true))
    );
    let ran = with(r#"{"valeu": "REFUND"}"#).ends(2);
    assert!(
        ran.stderr.contains("valeu") && ran.stderr.contains("did you mean `value`?"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--options"), "{}", ran.stderr);
    let ran = with("{oops").ends(2);
    assert!(ran.stderr.contains("--options"), "{}", ran.stderr);
    let ran = folder.pipe(&["metric", "tokn-f1"], pair).ends(2);
    assert!(
        ran.stderr.contains("did you mean `token-f1`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn metric_names_the_line_that_is_wrong() {
    let folder = Folder::new();
    let good = r#"{"candidate": "a", "references": ["a"]}"#;
    for (bad, wanted) in [
        (
            r#"{"candidate": "a", "refs": []}"#.as_bytes(),
            "unknown field `refs`",
        ),
        (b"{\"candidate\": ", "EOF while parsing"),
        (b"{\"references\": []}", "missing field `candidate`"),
        (b"{\"candidate\": \"\xff\"}", "byte 0xff is not valid UTF-8"),
    ] {
        let text = [format!("{good}\n\n").as_bytes(), bad, b"\n"].concat();
        let ran = folder.pipe(&["metric", "equals"], &text).ends(2);
        assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
        assert!(ran.stderr.contains("--> <stdin>:3:"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("help: each line is {\"candidate\""),
            "{}",
            ran.stderr
        );
    }
    // A comparing metric without anything to compare with.
    let ran = folder
        .pipe(&["metric", "equals"], br#"{"candidate": "a"}"#)
        .ends(2);
    assert!(
        ran.stderr.contains("<stdin>:1") && ran.stderr.contains("reference"),
        "{}",
        ran.stderr
    );
}

#[test]
fn metric_list_names_every_evaluator() {
    let folder = Folder::new();
    let list = folder.run(&["metric", "--list", "--json"]).ends(0).json();
    let names: Vec<_> = list["evaluators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["name"].as_str().unwrap())
        .collect();
    for name in [
        "equals",
        "number-equals",
        "contains",
        "regex",
        "json-schema",
        "token-f1",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
}

fn schema() -> jsonschema::Validator {
    let ran = Folder::new().run(&["schema", "suite"]).ends(0);
    let schema: Value = serde_json::from_str(&ran.stdout).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_schema_of_workflows_takes_a_workflow_and_names_the_kinds() {
    let ran = Folder::new().run(&["schema", "workflow"]).ends(0);
    let schema: Value = serde_json::from_str(&ran.stdout).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let text = "version: 1\nname: a\nsteps: {ok: {uses: approval, with: {who: [lead]}}}";
    assert!(validator.is_valid(&yaml("a.yaml", text)));
    assert!(!validator.is_valid(&yaml("a.yaml", &text.replace("who", "whom"))));
}

/// YAML of this shape as JSON, read by our own reader.
fn yaml(path: &str, text: &str) -> Value {
    let source = botsmith::core::yaml::Source::new(path, text);
    botsmith::core::yaml::parse(&source).unwrap().to_json()
}

#[test]
fn suites_of_the_examples_follow_the_schema() {
    let schema = schema();
    let mut found = 0;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in std::fs::read_dir(root.join("examples")).unwrap() {
        let Ok(files) = std::fs::read_dir(folder.unwrap().path()) else {
            continue;
        };
        for file in files {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if path.extension().is_some_and(|e| e == "yaml") && text.contains("\nversion: 1") {
                let suite = yaml(path.to_str().unwrap(), &text);
                let errors: Vec<_> = schema.iter_errors(&suite).map(|e| e.to_string()).collect();
                assert!(errors.is_empty(), "{}: {errors:?}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 0);
}

/// A suite that uses every key once.
const FULL: &str = r#"
version: 1
name: all
dataset:
  path: data.jsonl
  format: jsonl
  id: /id
  input: /q
  reference: [/r, /s]
  context: /c
  tags: /t
  group: /g
  filter: "true"
  only-tags: [x]
  limit: 5
  sample: 4
bots:
  - name: a
    recorded: {path: a.csv, format: csv, id: id, answer: said, refusal: no, error: err, latency: s, cost: eur}
  - {name: b, recorded: {answer: /b, latency-ms: /ms}}
extract: [final-line, last-number]
evaluators:
  - equals
  - contains: {value: "A", name: has-a, weight: 2, invert: true, when: "true"}
  - token-f1: {threshold: 0.5}
slices: [/topic, tags, {name: n, by: /n}, {name: w, when: "true"}]
gate:
  - {metric: equals, bot: a, pass-rate: {min: 0.1, max: 0.9, bound: lower}}
  - {metric: token-f1, mean: {min: 0.1}, slice: {topic: x}}
  - {bot: a, failed: {max: 0.1}}
  - {bot: a, refused: {max: 0.1}}
  - {metric: equals, bot: a, better-than: b}
  - {metric: equals, bot: a, not-worse-than: {bot: b, margin: 0.1}}
feedback:
  guidelines: g
  questions:
    - {kind: thumb, name: t, ask: q, guidelines: g}
    - {kind: rating, min: 0, max: 9, pass: 5}
    - {kind: label, options: [x, y], pass: x}
    - {kind: multi-label, options: [x, 3]}
    - {kind: pairwise, ties: false}
    - {kind: span, options: [x]}
    - {kind: correction}
    - {kind: comment}
  raters: [ana]
  budget: 10
  random: 0.5
  double: 0.2
  blind: false
  by: n
  judge: equals
repeat: 2
seed: 3
report: {json: a.json, jsonl: b.jsonl, csv: c.csv, markdown: d.md, junit: e.xml, html: f.html}
"#;

#[test]
fn schema_and_reader_agree_on_every_key() {
    let schema = schema();
    let full = yaml("full.yaml", FULL);
    let errors: Vec<_> = schema
        .iter_errors(&full)
        .map(|e| format!("{} {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    let folder = Folder::with_suite(FULL);
    folder.write("a.csv", "id,said,no,err,s,eur\n");
    folder.write(
        "data.jsonl",
        "{\"id\": 1, \"q\": 1, \"r\": \"1\", \"c\": \"\", \"t\": \"x\", \"g\": 1, \"b\": \"1\", \"ms\": 2, \"n\": 1, \"topic\": \"x\"}\n",
    );
    // The gate fails (bot `a` said nothing), which it can only do once everything was read.
    folder.run(&["eval", "suite.yaml"]).ends(1);
}

#[test]
fn schema_and_reader_refuse_the_same_mistakes() {
    let schema = schema();
    for (right, wrong) in [
        ("version: 1", "version: 2"),
        ("version: 1", "versoin: 1"),
        ("name: all", "nmae: all"),
        ("  path: data.jsonl", "  pth: data.jsonl"),
        ("  input: /q", "  inptu: /q"),
        ("  limit: 5", "  limit: -5"),
        ("  limit: 5", "  limit: five"),
        ("format: jsonl", "format: parquet"),
        ("answer: said", "answr: said"),
        ("{name: b,", "{nam: b,"),
        ("last-number]", "lst-number]"),
        ("- equals", "- equal"),
        ("contains: {value", "contains: {valu"),
        ("{threshold: 0.5}", "{treshold: 0.5}"),
        ("{name: n, by: /n}", "{name: n}"),
        ("min: 0.1, max: 0.9", "min: 0.1, max: 90"),
        ("bound: lower", "bound: low"),
        ("pass-rate: {min", "pass_rat: {min"),
        ("margin: 0.1", "margn: 0.1"),
        ("kind: thumb", "kind: tumb"),
        ("kind: thumb, name: t", "kind: thumb, options: [a, b]"),
        ("kind: multi-label, options: [x, 3]", "kind: multi-label"),
        ("random: 0.5", "random: 0.1"),
        ("double: 0.2", "double: 2"),
        ("repeat: 2", "repeat: 0"),
        ("seed: 3", "seed: x"),
        ("junit: e.xml", "junti: e.xml"),
        ("name: all", "name: ''"),
        ("name: all", "name: ' '"),
        ("html: f.html", "html: ''"),
        ("repeat: 2", "repeat: 10001"),
        ("value: \"A\", name: has-a", "value: \"\", name: has-a"),
        ("value: \"A\", name: has-a", "name: has-a"),
        ("name: has-a", "name: ''"),
        ("slices: [/topic,", "slices: [/topic, /topic,"),
    ] {
        assert!(FULL.contains(right), "{right}");
        let text = FULL.replacen(right, wrong, 1);
        assert!(
            !schema.is_valid(&yaml("x.yaml", &text)),
            "the schema takes `{wrong}`"
        );
        let folder = Folder::with_suite(&text);
        folder.write("a.csv", "id,said,no,err,s,eur\n");
        folder.write("data.jsonl", "");
        let ran = folder.run(&["eval", "suite.yaml"]).ends(2);
        assert!(
            ran.stderr.contains("suite.yaml:"),
            "`{wrong}`: {}",
            ran.stderr
        );
    }
}

#[test]
fn schema_and_reader_take_the_same_oddities() {
    let schema = schema();
    for (right, odd) in [
        ("name: all", "name: 7"),
        ("name: all", "name: true"),
        ("{name: b,", "{name: 12,"),
        ("html: f.html", "html: 5"),
        ("name: has-a", "name: 3"),
        ("seed: 3", "seed: 9223372036854775807"),
        ("repeat: 2", "repeat: 10000"),
    ] {
        assert!(FULL.contains(right), "{right}");
        // Without what refers to the names.
        let text = FULL.replacen(right, odd, 1);
        let text =
            text.split("gate:").next().unwrap().to_owned() + &text[text.find("repeat:").unwrap()..];
        let errors: Vec<_> = schema
            .iter_errors(&yaml("x.yaml", &text))
            .map(|e| format!("{} {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "`{odd}`: {errors:?}");
        let folder = Folder::with_suite(&text);
        folder.write("a.csv", "id,said,no,err,s,eur\n");
        folder.write("data.jsonl", "");
        let ran = folder.run(&["eval", "suite.yaml"]).ends(2);
        // Read, and only then found to be without cases.
        assert!(
            ran.stderr.contains("there are no cases"),
            "`{odd}`: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_list_without_evaluators_is_refused_by_schema_and_reader() {
    let text = "version: 1\ndataset: [{input: q, said: a}]\nbots: [{name: b, recorded: {answer: /said}}]\nevaluators: []\n";
    assert!(!schema().is_valid(&yaml("x.yaml", text)));
    let ran = Folder::with_suite(text)
        .run(&["eval", "suite.yaml"])
        .ends(2);
    assert!(ran.stderr.contains("suite.yaml:4"), "{}", ran.stderr);
}

#[test]
fn a_list_of_runs_names_them_as_other_objects_do() {
    let folder = Folder::with_suite(
        "version: 1\ndataset: [{input: q, reference: a, said: a}]\nbots: [{name: b, recorded: {answer: /said}}]\nevaluators: [equals]\n",
    );
    let run = folder.report()["run"].clone();
    let list = folder.run(&["eval", "list", "--json"]).ends(0).json();
    assert_eq!(
        (&list["runs"][0]["run"], &list["runs"][0]["id"]),
        (&run, &run)
    );
}

#[test]
fn tables_fit_eighty_columns() {
    let folder = Folder::new();
    for args in [["doctor"].as_slice(), &["metric", "--list"]] {
        let shown = folder.run(args).ends(0).stdout;
        let wide: Vec<_> = shown.lines().filter(|line| line.width() > 80).collect();
        assert!(wide.is_empty(), "{args:?}: {wide:#?}");
    }
}

#[test]
fn init_makes_a_suite_that_passes_and_overwrites_nothing() {
    let folder = Folder::new();
    let ran = folder.run(&["init"]).ends(0);
    assert!(ran.stdout.contains("next: botsmith eval"), "{}", ran.stdout);
    folder.run(&["eval", "suite.yaml"]).ends(0);
    let schema: Value = serde_json::from_str(&folder.read("suite.schema.json")).unwrap();
    assert_eq!(schema["title"], "Botsmith suite, format v1");
    let suite = yaml("suite.yaml", &folder.read("suite.yaml"));
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&suite));
    folder.write("suite.yaml", "mine");
    let ran = folder.run(&["init", "--json"]).ends(2);
    let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("suite.yaml is there already"), "{message}");
    assert_eq!(folder.read("suite.yaml"), "mine");
    // One of three files is enough to refuse, and then none is written.
    folder.write("other/cases.jsonl", "mine");
    folder.run(&["init", "other"]).ends(2);
    assert!(!folder.at("other/suite.yaml").exists());
    let ran = folder.run(&["init", "new/deep", "--json"]).ends(0);
    assert_eq!(ran.json()["written"].as_array().unwrap().len(), 3);
    folder.run(&["eval", "new/deep/suite.yaml"]).ends(0);
}

#[test]
fn completions_are_scripts_of_their_shell() {
    let folder = Folder::new();
    for (shell, sign) in [
        ("bash", "complete -F _botsmith"),
        ("zsh", "#compdef botsmith"),
        ("fish", "complete -c botsmith"),
    ] {
        let ran = folder.run(&["completions", shell]).ends(0);
        assert!(
            ran.stdout.contains(sign) && ran.stdout.contains("markdown"),
            "{shell}"
        );
    }
    let script = folder.run(&["completions", "bash"]).stdout;
    folder.write("complete.bash", script);
    let bash = std::process::Command::new("bash")
        .args(["-n", "complete.bash"])
        .current_dir(folder.path())
        .status();
    assert!(bash.is_ok_and(|status| status.success()));
    let ran = folder.run(&["completions", "fsh"]).ends(2);
    assert!(ran.stderr.contains("fish"), "{}", ran.stderr);
}

#[test]
fn version_says_what_this_build_is() {
    let folder = Folder::new();
    let short = folder.run(&["-V"]).ends(0).stdout;
    assert_eq!(short, format!("botsmith {}\n", env!("CARGO_PKG_VERSION")));
    let long = folder.run(&["--version"]).ends(0).stdout;
    for word in ["commit:", "rustc:", "target:", "profile:", "stores:"] {
        assert!(long.contains(word), "{long}");
    }
}

#[test]
fn doctor_finds_a_healthy_installation_healthy_and_a_broken_store_broken() {
    let folder = Folder::new();
    folder.run(&["doctor"]).ends(0);
    assert!(!folder.at(".botsmith").exists(), "looking makes nothing");
    let checks = folder.run(&["doctor", "--json"]).ends(0).json();
    assert!(
        checks["checks"].as_array().is_some_and(|c| c.len() >= 4),
        "{checks}"
    );
    folder.write(
        ".botsmith/state.db",
        "this is no database, and long enough to be none\n",
    );
    let ran = folder.run(&["doctor"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stdout.contains("✗ store"), "{}", ran.stdout);
}

#[test]
fn doctor_and_eval_name_what_is_wrong_in_botsmith_yaml() {
    let folder = Folder::new();
    folder.write("botsmith.yaml", "stroe: \"memory:\"\n");
    let ran = folder.run(&["eval", "list"]);
    assert!(ran.stderr.contains("botsmith.yaml:1:1"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("did you mean `store`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn power_says_how_many_cases_it_takes() {
    let folder = Folder::new();
    let power = |more: &[&str]| {
        let args = [&["eval", "power", "--json"], more].concat();
        folder.run(&args).ends(0).json()
    };
    let five = power(&["--effect", "5", "--discordance", "20"]);
    let ten = power(&["--effect", "10", "--discordance", "20"]);
    let (n5, n10) = (
        five["cases"].as_u64().unwrap(),
        ten["cases"].as_u64().unwrap(),
    );
    // Miettinen 1968, normal approximation: (1.96 sqrt(0.2) + 0.8416 sqrt(0.2 - d*d))^2 / d^2.
    let about = |d: f64| ((1.96 * 0.2f64.sqrt() + 0.8416 * (0.2 - d * d).sqrt()) / d).powi(2);
    for (n, d) in [(n5, 0.05), (n10, 0.1)] {
        let ratio = n as f64 / about(d);
        assert!((0.98..1.12).contains(&ratio), "{n} against {}", about(d));
    }
    let with = power(&["--effect", "5%", "--discordance", "20", "--cases", "100"]);
    assert!(with["with"]["power"].as_f64().unwrap() < 0.5);
    let ran = folder
        .run(&["eval", "power", "--effect", "50", "--discordance", "20"])
        .ends(2);
    assert!(
        ran.stderr.contains("--discordance 20.0 % is too small"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["eval", "power", "--effect", "0"]).ends(2);
    assert!(ran.stderr.contains("above 0"), "{}", ran.stderr);
    for bad in ["0", "1", "2", "nan"] {
        let ran = folder
            .run(&["eval", "power", "--effect", "5", "--alpha", bad])
            .ends(2);
        assert!(ran.stderr.contains("alpha"), "{}", ran.stderr);
    }
}

#[test]
fn power_takes_the_discordance_of_a_run() {
    let folder = Folder::with_suite(
        "version: 1
dataset: data.jsonl
bots: [{name: a, recorded: {answer: /a}}, {name: b, recorded: {answer: /b}}]
evaluators: [equals]
",
    );
    let lines: String = (0..20)
        .map(|i| {
            json!({"input": i, "reference": "y", "a": if i < 5 { "n" } else { "y" }, "b": "y"})
                .to_string()
                + "\n"
        })
        .collect();
    folder.write("data.jsonl", lines);
    folder.run(&["eval", "suite.yaml"]).ends(0);
    let found = folder
        .run(&[
            "eval", "power", "--effect", "10", "--run", "latest", "--json",
        ])
        .ends(0)
        .json();
    close(&found["discordance"], 0.25);
    let ran = folder
        .run(&[
            "eval", "power", "--effect", "10", "--run", "latest", "--metric", "x",
        ])
        .ends(2);
    assert!(ran.stderr.contains("equals"), "{}", ran.stderr);
}

#[cfg(not(feature = "engine"))]
#[test]
fn local_models_say_how_to_get_the_engine_where_it_is_not_built_in() {
    let folder = Folder::new();
    for args in [
        &["model", "list", "--json"][..],
        &["model", "embed", "--model", "m"],
        &["model", "pull", "hf:a/b"],
    ] {
        let ran = folder.run(args).ends(2);
        assert!(
            ran.stderr.contains("--features engine,hub"),
            "{}",
            ran.stderr
        );
    }
    let json = folder.run(&["model", "list", "--json"]).ends(2).json();
    assert!(json["error"]["message"].is_string());
}
