//! `botsmith nlp`: what scripts rely on.

mod common;

use common::Folder;
use serde_json::Value;

const GOLD: &str = "# newdoc id = a
# sent_id = 1
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVB\tMood=Imp|VerbForm=Fin\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\tPolarity=Neg\t3\tadvmod\t_\t_
3\tgo\tgo\tVERB\tVB\tVerbForm=Inf\t0\troot\t_\tSpaceAfter=No
4\t.\t.\tPUNCT\t.\t_\t3\tpunct\t_\t_

# newpar
# sent_id = 2
1\tCats\tcat\tNOUN\tNNS\tNumber=Plur\t2\tnsubj\t_\t_
2\tsleep\tsleep\tVERB\tVBP\tMood=Ind|Number=Plur|Person=3|Tense=Pres|VerbForm=Fin\t0\troot\t_\tSpaceAfter=No
3\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

";

#[test]
fn evaluate_prints_the_metrics_of_the_shared_task_as_one_object() {
    let folder = Folder::new();
    folder.write("gold.conllu", GOLD);
    for how in ["--raw", "--gold-tokens"] {
        let json = folder
            .run(&["nlp", "evaluate", "--gold", "gold.conllu", how, "--json"])
            .ends(0)
            .json();
        for name in [
            "Tokens",
            "Sentences",
            "Words",
            "UPOS",
            "XPOS",
            "UFeats",
            "AllTags",
            "Lemmas",
        ] {
            for part in ["precision", "recall", "f1"] {
                assert!(json[name][part].is_f64(), "{how} {name} {part}: {json}");
            }
        }
        assert_eq!(json["Words"]["f1"], 100.0, "{how}: {json}");
        assert_eq!(json["Sentences"]["f1"], 100.0, "{how}: {json}");
        assert!(json["UPOS"]["aligned"].is_f64(), "{how}");
    }
    let table = folder
        .run(&[
            "nlp",
            "evaluate",
            "--gold",
            "gold.conllu",
            "--system",
            "gold.conllu",
        ])
        .ends(0);
    assert!(
        table.stdout.contains("AllTags    |    100.00 |"),
        "{}",
        table.stdout
    );
}

#[test]
fn tag_reads_raw_text_on_stdin_and_writes_conllu() {
    let folder = Folder::new();
    let ran = folder
        .pipe(
            &["nlp", "tag", "--format", "conllu"],
            "Dogs aren't here.\n\nYes!\n".as_bytes(),
        )
        .ends(0);
    assert!(
        ran.stdout.contains("# text = Dogs aren't here.\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("2-3\taren't\t_\t"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("\tn't\tnot\tPART\tRB\t"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("# newpar\n"), "{}", ran.stdout);
    folder.write("tagged.conllu", &ran.stdout);
    let again = folder
        .run(&["nlp", "tag", "--from", "conllu", "tagged.conllu"])
        .ends(0);
    assert_eq!(
        again.stdout, ran.stdout,
        "its own output is tagged the same"
    );
}

#[test]
fn jsonl_and_tables_carry_offsets_into_the_text() {
    let folder = Folder::new();
    let ran = folder
        .pipe(
            &["nlp", "tag", "--from", "jsonl", "--format", "jsonl"],
            "{\"text\": \"Été came.\"}\n{\"text\": \"\"}\n".as_bytes(),
        )
        .ends(0);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    let token = &lines[0]["sentences"][0][1];
    assert_eq!(
        (token["start"].as_u64(), token["end"].as_u64()),
        (Some(6), Some(10)),
        "{token}"
    );
    assert_eq!(token["words"][0]["lemma"], "come");
    let ran = folder
        .pipe(
            &["nlp", "tag", "--format", "table", "--pretokenized"],
            "It is n't\nso\n".as_bytes(),
        )
        .ends(0);
    let rows: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        rows[2].starts_with("n't\tnot\tPART\tRB\t") && rows[2].ends_with("\t6\t9"),
        "{rows:?}"
    );
    assert_eq!(rows[3], "", "a blank line between sentences");
}

#[test]
fn bad_input_names_the_line() {
    let folder = Folder::new();
    folder.write("bad.conllu", GOLD.replace("3\tgo\tgo", "7\tgo\tgo"));
    folder.write("latin.txt", b"fine\nna\xefve\n");
    folder.write("bad.jsonl", "{\"text\": \"a\"}\n{\"text\": \"\\ud800\"}\n");
    let cases: [(&[&str], &str, &str); 4] = [
        (
            &["nlp", "evaluate", "--gold", "bad.conllu", "--raw"],
            "BS-NLP-001",
            "bad.conllu:6:1",
        ),
        (&["nlp", "tag", "latin.txt"], "BS-CORE-001", "latin.txt:2"),
        (
            &["nlp", "tag", "--from", "jsonl", "bad.jsonl"],
            "BS-CORE-001",
            "bad.jsonl:2",
        ),
        (
            &["nlp", "info", "bad.jsonl"],
            "BS-NLP-002",
            "some other kind of file",
        ),
    ];
    for (args, code, place) in cases {
        let ran = folder.run(args).ends(2);
        assert!(
            ran.stderr.contains(code) && ran.stderr.contains(place),
            "{args:?}: {}",
            ran.stderr
        );
    }
    let ran = folder
        .run(&[
            "nlp",
            "train",
            "--train",
            "a",
            "--dev",
            "b",
            "--out",
            "c",
            "--columns",
            "upos,lema",
        ])
        .ends(2);
    assert!(
        ran.stderr.contains("did you mean `lemma`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn info_says_what_the_model_inside_is() {
    let folder = Folder::new();
    let json = folder.run(&["nlp", "info", "--json"]).ends(0).json();
    assert_eq!(json["info"]["columns"].as_array().map(Vec::len), Some(4));
    assert!(
        json["bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes <= 5_000_000),
        "{json}"
    );
    assert!(
        json["info"]["scores"]["gold_tokens"][0]
            .as_f64()
            .is_some_and(|f1| f1 > 80.0),
        "{json}"
    );
    folder.run(&["nlp", "info"]).ends(0);
}

#[test]
fn any_number_of_threads_prints_the_same_bytes_for_every_format() {
    let folder = Folder::new();
    let mut text = String::new();
    let mut lines = String::new();
    for i in 0..6000 {
        use std::fmt::Write as _;
        let _ = write!(
            text,
            "Line {i} isn't long, is it? Yes.{}",
            if i % 7 == 0 { "\n\n" } else { " " }
        );
        let _ = writeln!(lines, "{{\"text\": \"Number {i}, please.\"}}");
    }
    folder.write("a.txt", &text);
    folder.write("a.jsonl", &lines);
    let tagged = folder
        .run(&["nlp", "tag", "--threads", "1", "a.txt"])
        .ends(0);
    folder.write("a.conllu", &tagged.stdout);
    for (from, file) in [
        ("text", "a.txt"),
        ("jsonl", "a.jsonl"),
        ("conllu", "a.conllu"),
    ] {
        for format in ["conllu", "jsonl", "table"] {
            let run = |threads: &str| {
                let args = [
                    "nlp",
                    "tag",
                    "--from",
                    from,
                    "--format",
                    format,
                    "--threads",
                    threads,
                    file,
                ];
                folder.run(&args).ends(0).stdout
            };
            let one = run("1");
            assert!(!one.is_empty());
            for threads in ["2", "8"] {
                assert!(run(threads) == one, "{from} to {format}, {threads} threads");
            }
        }
    }
}

#[test]
fn offsets_of_a_table_count_through_a_long_text() {
    let folder = Folder::new();
    let text = "Élan is here.\n\n".repeat(30_000);
    folder.write("long.txt", &text);
    let table = folder
        .run(&["nlp", "tag", "--format", "table", "long.txt"])
        .ends(0);
    let mut words = 0;
    for row in table.stdout.lines().filter(|row| !row.is_empty()) {
        let columns: Vec<&str> = row.split('\t').collect();
        let place = |column: usize| columns[column].parse::<usize>().expect("a number");
        assert_eq!(&text[place(5)..place(6)], columns[0]);
        words += 1;
    }
    assert_eq!(words, 4 * 30_000);
}

#[test]
fn conllu_in_parts_is_written_as_a_whole_and_errors_count_lines_through() {
    let folder = Folder::new();
    let many = GOLD.repeat(1500);
    assert!(many.len() > 3 << 17, "several parts");
    folder.write("many.conllu", &many);
    let ran = folder
        .run(&["nlp", "tag", "--from", "conllu", "many.conllu"])
        .ends(0);
    let syntax = |text: &str| -> Vec<String> {
        text.lines()
            .map(
                |line| match line.split('\t').collect::<Vec<_>>().as_slice() {
                    [id, form, _, _, _, _, rest @ ..] => format!("{id} {form} {}", rest.join(" ")),
                    _ => line.to_owned(),
                },
            )
            .collect()
    };
    assert!(
        syntax(&ran.stdout) == syntax(&many),
        "only tags and lemmas change"
    );
    folder.write("bad.conllu", format!("{many}1\tx\n"));
    let ran = folder
        .run(&["nlp", "tag", "--from", "conllu", "bad.conllu"])
        .ends(2);
    let line = many.lines().count() + 1;
    assert!(
        ran.stderr.contains(&format!("bad.conllu:{line}:")),
        "{}",
        ran.stderr
    );
}

#[test]
fn hard_input_ends_soon_with_sane_output() {
    let folder = Folder::new();
    let cases = [
        ("no white space", "a".repeat(10_000_000)),
        ("punctuation only", "?!".repeat(500_000)),
        (
            "a million newlines",
            format!("word{}end", "\n".repeat(1_000_000)),
        ),
        ("only newlines", "\n".repeat(1_000_000)),
        ("one character of four bytes", "\u{10348}".repeat(500_000)),
    ];
    for (name, text) in cases {
        folder.write("hard.txt", &text);
        let ran = folder
            .run(&["nlp", "tag", "--format", "table", "hard.txt"])
            .ends(0);
        let kept: usize = ran
            .stdout
            .lines()
            .filter_map(|row| row.split('\t').next())
            .map(str::len)
            .sum();
        let wanted = text.bytes().filter(|byte| *byte != b'\n').count();
        assert_eq!(kept, wanted, "{name}: every byte is in a word");
    }
}

#[test]
fn a_model_of_a_newer_format_is_refused_with_what_to_do() {
    let folder = Folder::new();
    let mut model = std::fs::read("crates/nlp/models/english.bsm").expect("the model");
    model[8] = 200;
    folder.write("newer.bsm", &model);
    for args in [
        &["nlp", "info", "newer.bsm"][..],
        &["nlp", "tag", "--model", "newer.bsm"],
    ] {
        let ran = folder.run(args).ends(2);
        assert!(
            ran.stderr.contains("BS-NLP-003") && ran.stderr.contains("use a newer botsmith"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn render_shows_words_as_a_page_or_a_picture() {
    let folder = Folder::new();
    let page = folder
        .pipe(&["nlp", "render"], b"Dogs aren't <b>here</b>.")
        .ends(0);
    assert!(
        page.stdout.starts_with("<!doctype html>"),
        "{}",
        page.stdout
    );
    assert!(page.stdout.contains("Number=Plur") && page.stdout.contains("aren&#39;t"));
    assert!(!page.stdout.contains("<b>"));
    folder.write("gold.conllu", GOLD);
    let picture = folder
        .run(&[
            "nlp",
            "render",
            "--from",
            "conllu",
            "--format",
            "svg",
            "gold.conllu",
        ])
        .ends(0);
    assert!(picture.stdout.starts_with("<svg ") && picture.stdout.contains(">Cats<"));
}

const PIPELINE: &str = "
stages:
  - tokenise
  - sentences
  - tag
  - lemma
  - matcher: {patterns: [{name: promise, words: [{lemma: will, upos: AUX}, {upos: VERB}]}]}
  - chunks
";

#[test]
fn a_pipeline_file_gives_layers_in_jsonl() {
    let folder = Folder::new();
    folder.write("pipeline.yaml", PIPELINE);
    let texts = "{\"text\": \"We will call you.\"}\n{\"text\": \"Größe zählt: she will win.\"}\n";
    folder.write("texts.jsonl", texts);
    let args = [
        "nlp",
        "tag",
        "--pipeline",
        "pipeline.yaml",
        "--from",
        "jsonl",
        "texts.jsonl",
    ];
    let ran = folder.run(&args).ends(0);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    for (line, wanted) in lines.iter().zip(["will call", "will win"]) {
        let found = &line["layers"]["matches"][0];
        assert_eq!(found["name"], "promise");
        let byte = |key: &str| found[key].as_u64().expect("an offset") as usize;
        let text = line["text"].as_str().expect("the text");
        assert_eq!(&text[byte("start")..byte("end")], wanted);
        assert!(line["layers"]["chunks"][0]["head"].is_u64());
        assert_eq!(
            line["sentences"][0][0]["words"][0]["feats"], "_",
            "no stage asks for them"
        );
    }
    let table = [&args[..], &["--format", "table"]].concat();
    assert!(
        folder
            .run(&table)
            .ends(0)
            .stdout
            .starts_with("We\twe\tPRON\t")
    );
    folder.write("pipeline.yaml", PIPELINE.replace("  - tag\n", ""));
    let ran = folder.run(&args).ends(2);
    for part in [
        "BS-NLP-020",
        "needs tags, which `tag` gives",
        "pipeline.yaml:5:",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn match_prints_where_patterns_match_in_text_jsonl_and_conllu() {
    let folder = Folder::new();
    let patterns =
        "patterns: [{name: negated, words: [{upos: AUX}, {lemma: not}, {upos: VERB, op: '?'}]}]";
    folder.write("patterns.yaml", patterns);
    folder.write("a.txt", "Größe\n\nDogs don't  bark. Cats can not\nfly.\n");
    let ran = folder
        .run(&["nlp", "match", "patterns.yaml", "a.txt"])
        .ends(0);
    assert_eq!(
        ran.stdout,
        "a.txt\t14\t25\tnegated\tdon't bark\na.txt\t32\t43\tnegated\tcan not fly\n"
    );
    folder.write("gold.conllu", GOLD);
    let args = [
        "nlp",
        "match",
        "patterns.yaml",
        "--from",
        "conllu",
        "--format",
        "jsonl",
        "gold.conllu",
    ];
    assert_eq!(
        folder.run(&args).ends(0).json(),
        serde_json::json!({"file": "gold.conllu", "name": "negated", "start": 0, "end": 8, "text": "Don't go"})
    );
    let texts = b"{\"text\": \"Yes.\"}\n{\"text\": \"She did not call.\"}\n";
    let ran = folder
        .pipe(&["nlp", "match", "patterns.yaml", "--from", "jsonl"], texts)
        .ends(0);
    assert_eq!(ran.stdout, "<stdin>:2\t4\t16\tnegated\tdid not call\n");
    folder.write("patterns.yaml", patterns.replace("lemma", "lema"));
    let ran = folder
        .run(&["nlp", "match", "patterns.yaml", "a.txt"])
        .ends(2);
    assert!(
        ran.stderr.contains("did you mean `lemma`?"),
        "{}",
        ran.stderr
    );
}
