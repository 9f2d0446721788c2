//! What a user gets wrong: each mistake is answered with exit code 2 and the place, what was found,
//! what was wanted, and where it can be, what to do.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests may")]

mod common;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use common::{Folder, Ran};

const SUITE: &str = "\
version: 1
dataset: data.jsonl
bots:
  - name: bot
    recorded: {answer: /said}
evaluators:
  - equals
";

const ROW: &str = "{\"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\"}\n";

/// The suite with one thing changed.
fn suite(right: &str, wrong: &str) -> String {
    assert!(SUITE.contains(right), "{right}");
    SUITE.replacen(right, wrong, 1)
}

/// The same over `data.csv`.
fn csv_suite() -> String {
    SUITE
        .replace("data.jsonl", "data.csv")
        .replace("/said", "said")
}

fn folder(suite: impl AsRef<[u8]>, name: &str, data: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::new();
    folder.write("suite.yaml", suite);
    folder.write(name, data);
    folder
}

fn eval(folder: &Folder) -> Ran {
    folder.run(&["eval", "suite.yaml"])
}

/// What is said of a suite over one good row.
fn of_suite(suite: impl AsRef<[u8]>) -> String {
    eval(&folder(suite, "data.jsonl", ROW)).ends(2).stderr
}

/// What is said of the good suite over these rows.
fn of_rows(data: impl AsRef<[u8]>) -> String {
    eval(&folder(SUITE, "data.jsonl", data)).ends(2).stderr
}

/// What is said of the good suite over this CSV.
fn of_csv(data: impl AsRef<[u8]>) -> String {
    eval(&folder(csv_suite(), "data.csv", data)).ends(2).stderr
}

// Keys and values of the suite.

#[test]
fn a_misspelt_key_in_place_of_a_needed_one_is_named() {
    assert_eq!(
        of_suite(suite("evaluators:", "evalutors:")),
        r"error[BS-CORE-001]: key `evaluators` is missing
  --> suite.yaml:1:1
    |
  1 | version: 1
    | ^
    = help: `evalutors` stands here; did you mean `evaluators`?
"
    );
}

#[test]
fn an_unknown_key_at_the_top_has_a_hint() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gat: []\n"),
        r"error[BS-CORE-001]: unknown key `gat`
  --> suite.yaml:8:1
    |
  8 | gat: []
    | ^
    = help: did you mean `gate`?
"
    );
}

#[test]
fn an_unknown_key_of_the_dataset_has_a_hint() {
    assert_eq!(
        of_suite(suite(
            "dataset: data.jsonl",
            "dataset: {path: data.jsonl, inptu: /q}"
        )),
        r"error[BS-CORE-001]: unknown key `inptu`
  --> suite.yaml:2:29 in `dataset`
    |
  2 | dataset: {path: data.jsonl, inptu: /q}
    |                             ^
    = help: did you mean `input`?
"
    );
}

#[test]
fn an_unknown_key_of_a_bot_has_a_hint() {
    assert_eq!(
        of_suite(suite("{answer: /said}\n", "{answer: /said}\n    nmae: x\n")),
        r"error[BS-CORE-001]: unknown key `nmae`
  --> suite.yaml:6:5 in `bots[0]`
    |
  6 |     nmae: x
    |     ^
    = help: did you mean `name`?
"
    );
}

#[test]
fn a_misspelt_recorded_is_named() {
    assert_eq!(
        of_suite(suite("recorded", "recoded")),
        r"error[BS-CORE-001]: key `recorded` is missing
  --> suite.yaml:4:5 in `bots[0]`
    |
  4 |   - name: bot
    |     ^
    = help: `recoded` stands here; did you mean `recorded`?
"
    );
}

#[test]
fn a_misspelt_answer_is_named() {
    assert_eq!(
        of_suite(suite("answer: /said", "anser: /said")),
        r"error[BS-CORE-001]: key `answer` is missing
  --> suite.yaml:5:15 in `bots[0].recorded`
    |
  5 |     recorded: {anser: /said}
    |               ^
    = help: `anser` stands here; did you mean `answer`?
"
    );
}

#[test]
fn an_unknown_option_of_an_evaluator_has_a_hint() {
    assert_eq!(
        of_suite(suite("- equals", "- equals: {ignore-cas: true}")),
        r"error[BS-CORE-001]: unknown key `ignore-cas`
  --> suite.yaml:7:14 in `evaluators[0].equals`
    |
  7 |   - equals: {ignore-cas: true}
    |              ^
    = help: did you mean `ignore-case`?
"
    );
}

#[test]
fn an_unknown_key_of_a_gate_rule_has_a_hint() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals, pas-rate: {min: 0.5}}]\n"),
        r"error[BS-CORE-001]: unknown key `pas-rate`
  --> suite.yaml:8:25 in `gate[0]`
    |
  8 | gate: [{metric: equals, pas-rate: {min: 0.5}}]
    |                         ^
    = help: did you mean `pass-rate`?
"
    );
}

#[test]
fn an_unknown_key_of_a_limit_has_a_hint() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals, pass-rate: {mn: 0.5}}]\n"),
        r"error[BS-CORE-001]: unknown key `mn`
  --> suite.yaml:8:37 in `gate[0].pass-rate`
    |
  8 | gate: [{metric: equals, pass-rate: {mn: 0.5}}]
    |                                     ^
    = help: did you mean `min`?
"
    );
}

#[test]
fn a_slice_without_a_way_to_group_says_what_it_needs() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "slices: [{name: x, bye: /t}]\n"),
        r#"error[BS-CORE-001]: a slice needs `by: /field` or `when: "expression"`
  --> suite.yaml:8:10 in `slices[0]`
    |
  8 | slices: [{name: x, bye: /t}]
    |          ^
"#
    );
}

#[test]
fn an_unknown_report_has_a_hint() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "report: {hmtl: x.html}\n"),
        r"error[BS-CORE-001]: unknown key `hmtl`
  --> suite.yaml:8:10 in `report`
    |
  8 | report: {hmtl: x.html}
    |          ^
    = help: did you mean `html`?
"
    );
}

#[test]
fn a_number_where_a_list_belongs() {
    assert_eq!(
        of_suite(suite(
            "bots:\n  - name: bot\n    recorded: {answer: /said}",
            "bots: 3"
        )),
        r"error[BS-CORE-001]: expected a list, found a number `3`
  --> suite.yaml:3:7 in `bots`
    |
  3 | bots: 3
    |       ^
"
    );
}

#[test]
fn a_list_where_a_name_belongs() {
    assert_eq!(
        of_suite(suite("name: bot", "name: [bot]")),
        r"error[BS-CORE-001]: expected text, found a list
  --> suite.yaml:4:11 in `bots[0].name`
    |
  4 |   - name: [bot]
    |           ^
"
    );
}

#[test]
fn text_where_a_number_belongs() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals, pass-rate: {min: high}}]\n"),
        r"error[BS-CORE-001]: expected a number, found text `high`
  --> suite.yaml:8:42 in `gate[0].pass-rate.min`
    |
  8 | gate: [{metric: equals, pass-rate: {min: high}}]
    |                                          ^
"
    );
}

#[test]
fn a_number_where_limits_belong() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals, pass-rate: 0.8}]\n"),
        r"error[BS-CORE-001]: expected limits, found a number `0.8`
  --> suite.yaml:8:36 in `gate[0].pass-rate`
    |
  8 | gate: [{metric: equals, pass-rate: 0.8}]
    |                                    ^
    = help: write {min: 0.8} or {max: 0.8}
"
    );
}

#[test]
fn a_negative_seed() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "seed: -1\n"),
        r"error[BS-CORE-001]: expected a whole number of 0 or more, found a number `-1`
  --> suite.yaml:8:7 in `seed`
    |
  8 | seed: -1
    |       ^
"
    );
}

#[test]
fn a_fractional_seed() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "seed: 1.5\n"),
        r"error[BS-CORE-001]: expected a whole number of 0 or more, found a number `1.5`
  --> suite.yaml:8:7 in `seed`
    |
  8 | seed: 1.5
    |       ^
"
    );
}

#[test]
fn a_suite_of_a_later_format() {
    assert_eq!(
        of_suite(suite("version: 1", "version: 2")),
        r"error[BS-CORE-001]: suite format version 2 is not known
  --> suite.yaml:1:10 in `version`
    |
  1 | version: 2
    |          ^
    = help: this build reads `version: 1`
"
    );
}

#[test]
fn a_version_in_quotes() {
    assert_eq!(
        of_suite(suite("version: 1", "version: \"1\"")),
        r#"error[BS-CORE-001]: expected the number 1, found text: take off the quotes
  --> suite.yaml:1:10 in `version`
    |
  1 | version: "1"
    |          ^
"#
    );
}

#[test]
fn a_suite_without_a_version() {
    assert_eq!(
        of_suite(suite("version: 1\n", "")),
        r"error[BS-CORE-001]: key `version` is missing
  --> suite.yaml:1:1
    |
  1 | dataset: data.jsonl
    | ^
"
    );
}

#[test]
fn more_repeats_than_memory_holds() {
    let said = of_suite(suite("version: 1", "version: 1\nrepeat: 10000000"));
    assert!(
        said.contains("10000000 answers a case and bot are more than 10000"),
        "{said}"
    );
    assert!(said.contains("--> suite.yaml:2"), "{said}");
}

#[test]
fn a_suite_that_judges_nothing() {
    let said = of_suite(SUITE.replace("evaluators:\n  - equals", "evaluators: []"));
    assert!(
        said.contains("the list is empty: nothing would be judged"),
        "{said}"
    );
    assert!(said.contains("in `evaluators`"), "{said}");
}

#[test]
fn two_bots_of_one_name() {
    assert_eq!(
        of_suite(suite(
            "evaluators",
            "  - name: bot\n    recorded: {answer: /said}\nevaluators"
        )),
        r"error[BS-CORE-001]: a second bot named `bot`
  --> suite.yaml:6:11 in `bots[1].name`
    |
  6 |   - name: bot
    |           ^
"
    );
}

#[test]
fn an_unknown_evaluator_has_a_hint() {
    assert_eq!(
        of_suite(suite("- equals", "- eqals")),
        r"error[BS-CORE-001]: unknown evaluator `eqals`
  --> suite.yaml:7:5 in `evaluators[0]`
    |
  7 |   - eqals
    |     ^
    = help: did you mean `equals`?
"
    );
}

#[test]
fn a_broken_regex() {
    assert_eq!(
        of_suite(suite("- equals", "- regex: {pattern: \"([\"}")),
        r#"error[BS-CORE-001]: not a valid regular expression: unclosed character class
  --> suite.yaml:7:22 in `evaluators[0].regex.pattern`
    |
  7 |   - regex: {pattern: "(["}
    |                      ^
"#
    );
}

#[test]
fn a_broken_template() {
    assert_eq!(
        of_suite(suite("- equals", "- contains: {value: \"{{ fact \"}")),
        r#"error[BS-CORE-001]: not a valid template: syntax error: unexpected end of input, expected end of variable block
  --> suite.yaml:7:23 in `evaluators[0].contains.value`
    |
  7 |   - contains: {value: "{{ fact "}
    |                       ^
"#
    );
}

#[test]
fn a_broken_condition() {
    assert_eq!(
        of_suite(suite("- equals", "- equals: {when: \"a ===\"}")),
        r#"error[BS-CORE-001]: not a valid expression: syntax error: unexpected `=`
  --> suite.yaml:7:20 in `evaluators[0].equals.when`
    |
  7 |   - equals: {when: "a ==="}
    |                    ^
"#
    );
}

// The gate.

#[test]
fn a_share_in_percent_is_set_right() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals, pass-rate: {min: 80}}]\n"),
        r"error[BS-CORE-001]: 80 is outside 0 to 1
  --> suite.yaml:8:42 in `gate[0].pass-rate.min`
    |
  8 | gate: [{metric: equals, pass-rate: {min: 80}}]
    |                                          ^
    = help: a share is wanted: write 0.8 for 80 %
"
    );
}

#[test]
fn a_rule_about_an_unknown_bot() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals, bot: bott, pass-rate: {min: 0.8}}]\n"),
        r"error[BS-CORE-001]: `bott` is not known here
  --> suite.yaml:8:30 in `gate[0].bot`
    |
  8 | gate: [{metric: equals, bot: bott, pass-rate: {min: 0.8}}]
    |                              ^
    = help: did you mean `bot`?
"
    );
}

#[test]
fn a_rule_about_an_unknown_metric() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equal, pass-rate: {min: 0.8}}]\n"),
        r"error[BS-CORE-001]: `equal` is not known here
  --> suite.yaml:8:17 in `gate[0].metric`
    |
  8 | gate: [{metric: equal, pass-rate: {min: 0.8}}]
    |                 ^
    = help: did you mean `equals`?
"
    );
}

#[test]
fn a_rule_about_an_unknown_slice() {
    assert_eq!(
        of_suite(
            SUITE.to_owned()
                + "slices: [/topic]\ngate: [{metric: equals, slice: {topci: a}, pass-rate: {min: 0.8}}]\n"
        ),
        r"error[BS-CORE-001]: no slice `topci`
  --> suite.yaml:9:32 in `gate[0].slice`
    |
  9 | gate: [{metric: equals, slice: {topci: a}, pass-rate: {min: 0.8}}]
    |                                ^
    = help: did you mean `topic`?
"
    );
}

#[test]
fn a_rule_that_holds_nothing() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals}]\n"),
        r"error[BS-CORE-001]: a gate rule needs something to hold
  --> suite.yaml:8:8 in `gate[0]`
    |
  8 | gate: [{metric: equals}]
    |        ^
    = help: add `pass-rate: {min: 0.8}`, `mean: {…}`, `failed: {max: 0.02}`, `refused: {…}`, `better-than: BOT` or `not-worse-than: {bot, margin}`
"
    );
}

#[test]
fn a_rule_without_limits() {
    assert_eq!(
        of_suite(SUITE.to_owned() + "gate: [{metric: equals, pass-rate: {}}]\n"),
        r"error[BS-CORE-001]: a limit is missing: `min`, `max` or both
  --> suite.yaml:8:36 in `gate[0].pass-rate`
    |
  8 | gate: [{metric: equals, pass-rate: {}}]
    |                                    ^
"
    );
}

// Files and fields that are not there.

#[test]
fn a_data_file_that_is_not_there_has_its_line_and_a_neighbour() {
    assert_eq!(
        of_suite(suite("data.jsonl", "dta.jsonl")),
        r"error[BS-CORE-001]: no file dta.jsonl
  --> suite.yaml:2:10 in `dataset`
    |
  2 | dataset: dta.jsonl
    |          ^
    = help: `data.jsonl` is there; paths are relative to the suite file
"
    );
}

#[test]
fn a_recorded_file_that_is_not_there_has_its_line() {
    assert_eq!(
        of_suite(suite(
            "{answer: /said}",
            "{path: answers.jsonl, answer: /said}"
        )),
        r"error[BS-CORE-001]: no file answers.jsonl
  --> suite.yaml:5:22 in `bots[0].recorded.path`
    |
  5 |     recorded: {path: answers.jsonl, answer: /said}
    |                      ^
    = help: paths are relative to the suite file
"
    );
}

#[test]
fn a_folder_in_place_of_a_file() {
    assert_eq!(
        of_suite(suite("data.jsonl", ".")),
        r"error[BS-CORE-001]: `.` is a folder, a file was expected
  --> suite.yaml:2:10 in `dataset`
    |
  2 | dataset: .
    |          ^
"
    );
}

#[test]
fn a_file_of_unknown_format() {
    assert_eq!(
        of_suite(suite("data.jsonl", "data.txt")),
        r"error[BS-CORE-001]: cannot tell the format of `data.txt` from its name
  --> suite.yaml:2:10 in `dataset`
    |
  2 | dataset: data.txt
    |          ^
    = help: add `format: jsonl`, `csv`, `yaml` or `json`
"
    );
}

#[test]
fn a_misspelt_pointer_has_its_place_in_the_suite() {
    assert_eq!(
        of_suite(suite("/said", "/siad")),
        r"error[BS-CORE-001]: data.jsonl has no key `siad`
  --> suite.yaml:5:24 in `bots[0].recorded.answer`
    |
  5 |     recorded: {answer: /siad}
    |                        ^
    = help: did you mean `/said`?
"
    );
}

#[test]
fn a_pointer_without_its_slash() {
    assert_eq!(
        of_suite(suite("/said", "bot.said")),
        r"error[BS-CORE-001]: `bot.said` is not a JSON Pointer
  --> suite.yaml:5:24 in `bots[0].recorded.answer`
    |
  5 |     recorded: {answer: bot.said}
    |                        ^
    = help: did you mean `/bot/said`?
"
    );
}

#[test]
fn a_misspelt_step_of_a_pointer_has_its_place_in_the_suite() {
    assert_eq!(
        eval(&folder(
            suite("/said", "/bot/siad"),
            "data.jsonl",
            r#"{"input": "q", "reference": "y", "bot": {"said": "y"}}"#
        ))
        .ends(2)
        .stderr,
        r"error[BS-CORE-001]: data.jsonl has no key `siad` in `/bot`
  --> suite.yaml:5:24 in `bots[0].recorded.answer`
    |
  5 |     recorded: {answer: /bot/siad}
    |                        ^
    = help: did you mean `/bot/said`?
"
    );
}

#[test]
fn a_missing_column_has_a_hint() {
    assert_eq!(
        eval(&folder(
            csv_suite().replace("answer: said", "answer: sayd"),
            "data.csv",
            "input,reference,said\nq,yes,yes\n"
        ))
        .ends(2)
        .stderr,
        r"error[BS-CORE-001]: data.csv has no column `sayd`
  --> suite.yaml:5:24 in `bots[0].recorded.answer`
    |
  5 |     recorded: {answer: sayd}
    |                        ^
    = help: did you mean `said`?
"
    );
}

#[test]
fn a_column_like_no_other_lists_them_all() {
    assert_eq!(
        eval(&folder(
            csv_suite().replace("answer: said", "answer: zzzzzz"),
            "data.csv",
            "input,reference,said\nq,yes,yes\n"
        ))
        .ends(2)
        .stderr,
        r"error[BS-CORE-001]: data.csv has no column `zzzzzz`
  --> suite.yaml:5:24 in `bots[0].recorded.answer`
    |
  5 |     recorded: {answer: zzzzzz}
    |                        ^
    = help: valid here: `input`, `reference` or `said`
"
    );
}

// Nothing to judge.

#[test]
fn an_empty_suite() {
    assert_eq!(
        of_suite(""),
        r"error[BS-CORE-001]: the suite is empty
  --> suite.yaml
    = help: `botsmith init` makes a suite to start from
"
    );
}

#[test]
fn a_suite_of_comments() {
    assert_eq!(
        of_suite("# nothing\n"),
        r"error[BS-CORE-001]: the suite is empty
  --> suite.yaml:1:1
    |
  1 | # nothing
    | ^
    = help: `botsmith init` makes a suite to start from
"
    );
}

#[test]
fn an_empty_data_file() {
    assert_eq!(
        of_rows(""),
        r"error[BS-EVAL-010]: there are no cases
  --> data.jsonl
    = help: one row a case is expected
"
    );
}

#[test]
fn a_data_file_of_blank_lines() {
    assert_eq!(
        of_rows("\n\n  \n"),
        r"error[BS-EVAL-010]: there are no cases
  --> data.jsonl
    = help: one row a case is expected
"
    );
}

#[test]
fn a_csv_file_of_a_header_only() {
    assert_eq!(
        of_csv("input,reference,said\n"),
        r"error[BS-EVAL-010]: there are no cases
  --> data.csv
    = help: one row a case is expected
"
    );
}

// Bytes that are no text.

#[test]
fn a_row_in_another_encoding() {
    assert_eq!(
        of_rows(b"{\x22input\x22: \x22q\x22, \x22reference\x22: \x22yes\x22, \x22said\x22: \x22yes\x22}\n{\x22input\x22: \x22caf\xe9\x22}\n"),
        r#"error[BS-EVAL-010]: byte 0xe9 is not valid UTF-8
  --> data.jsonl:2:15
    |
  2 | {"input": "caf�"}
    |               ^
    = help: save the file as UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8` often helps)
"#
    );
}

#[test]
fn a_csv_row_in_another_encoding() {
    assert_eq!(
        of_csv(b"input,reference,said\nq,yes,yes\nq,caf\xe9,yes\n"),
        r"error[BS-EVAL-010]: byte 0xe9 is not valid UTF-8
  --> data.csv:3:4
    |
  3 | caf�
    |    ^
    = help: save the file as UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8` often helps)
"
    );
}

#[test]
fn a_csv_header_in_another_encoding() {
    assert_eq!(
        of_csv(b"input,r\xe9ference,said\nq,yes,yes\n"),
        r"error[BS-EVAL-010]: byte 0xe9 is not valid UTF-8
  --> data.csv:1:2
    |
  1 | r�ference
    |  ^
    = help: save the file as UTF-8 (`iconv -f WINDOWS-1252 -t UTF-8` often helps)
"
    );
}

#[test]
fn nul_bytes_inside_a_row() {
    assert_eq!(
        of_rows(b"{\x22input\x22: \x22q\x22, \x22reference\x22: \x22yes\x22, \x22said\x22: \x22yes\x22}\n{\x22input\x22: \x22a\x00b\x22}\n"),
        r#"error[BS-EVAL-010]: not valid JSON: control character (\u0000-\u001F) found while parsing a string
  --> data.jsonl:2:13
    |
  2 | {"input": "a b"}
    |             ^
    = help: the line holds NUL bytes: the file is damaged or no text file
"#
    );
}

#[test]
fn nul_bytes_at_the_end_of_a_file() {
    assert_eq!(
        of_rows(b"{\x22input\x22: \x22q\x22, \x22reference\x22: \x22yes\x22, \x22said\x22: \x22yes\x22}\n\x00\x00\x00\x00\n"),
        r"error[BS-EVAL-010]: not valid JSON: expected value
  --> data.jsonl:2:1
    |
  2 | 
    | ^
    = help: the line holds NUL bytes: the file is damaged or no text file
"
    );
}

#[test]
fn nul_bytes_in_a_csv_row() {
    assert_eq!(
        of_csv("input,reference,said\nq,ye\0s,yes\n"),
        r"error[BS-EVAL-010]: the row holds a NUL byte
  --> data.csv:2
    = help: the file is damaged or no text file
"
    );
}

#[test]
fn nul_bytes_at_the_end_of_a_csv_file() {
    assert_eq!(
        of_csv("input,reference,said\nq,yes,yes\n\0"),
        r"error[BS-EVAL-010]: the row holds a NUL byte
  --> data.csv:3
    = help: the file is damaged or no text file
"
    );
}

// Rows that do not read.

#[test]
fn broken_json_has_its_line_and_column() {
    assert_eq!(
        of_rows(
            "{\"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\"}\n{\"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\"}\n{\"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\"}\n{\"input\": \"q\", \"reference\" \"yes\"}\n"
        ),
        r#"error[BS-EVAL-010]: not valid JSON: expected `:`
  --> data.jsonl:4:28
    |
  4 | {"input": "q", "reference" "yes"}
    |                            ^
"#
    );
}

#[test]
fn json_that_ends_too_early() {
    assert_eq!(
        of_rows(
            "{\"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\"}\n{\"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\"}\n{\"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\"}\n{\"input\": \"q\", \n"
        ),
        r#"error[BS-EVAL-010]: not valid JSON: EOF while parsing a value
  --> data.jsonl:4:14
    |
  4 | {"input": "q",
    |              ^
"#
    );
}

#[test]
fn a_row_that_is_no_object() {
    assert_eq!(
        of_rows("5\n"),
        r#"error[BS-EVAL-010]: the row has no input at `/input`
  --> data.jsonl:1
    = help: each row is an object: {"input": …, "reference": …}
"#
    );
}

#[test]
fn a_json_list_in_a_jsonl_file() {
    assert_eq!(
        of_rows("[{\"input\": 1}]\n"),
        r"error[BS-EVAL-010]: the row has no input at `/input`
  --> data.jsonl:1
    = help: the row is a list: a JSON list of cases goes into a `.json` file
"
    );
}

#[test]
fn a_row_with_too_few_columns() {
    assert_eq!(
        of_csv("input,reference,said\nq,yes,yes\nq,yes\n"),
        r"error[BS-EVAL-010]: 2 columns here, the header has 3
  --> data.csv:3
    = help: a value that holds a comma, a quote or a line break stands in double quotes
"
    );
}

#[test]
fn a_double_quote_that_is_left_open() {
    assert_eq!(
        of_csv("input,reference,said\nq,yes,yes\nq,\"yes,yes\nq,yes,yes\n"),
        r#"error[BS-EVAL-010]: a double quote that opens in this row is never closed
  --> data.csv:3
    = help: a double quote inside a quoted value is written twice: ""
"#
    );
}

#[test]
fn a_double_quote_left_open_in_the_last_column_swallows_nothing() {
    assert_eq!(
        of_csv("input,reference,said\nq,yes,yes\nq,yes,\"yes\nq,yes,yes\n"),
        r#"error[BS-EVAL-010]: a double quote that opens in this row is never closed
  --> data.csv:3
    = help: a double quote inside a quoted value is written twice: ""
"#
    );
}

#[test]
fn a_double_quote_left_open_in_the_header() {
    assert_eq!(
        of_csv("input,reference,\"said\nq,yes,yes\n"),
        r#"error[BS-EVAL-010]: a double quote that opens in this row is never closed
  --> data.csv:1
    = help: a double quote inside a quoted value is written twice: ""
"#
    );
}

#[test]
fn a_column_that_stands_twice() {
    assert_eq!(
        of_csv("input,reference,said,input\nq,yes,yes,q\n"),
        r"error[BS-EVAL-010]: column `input` stands twice
  --> data.csv:1
"
    );
}

#[test]
fn an_id_that_stands_twice() {
    assert_eq!(
        of_rows(
            "{\"id\": \"x\", \"input\": \"q\", \"reference\": \"yes\", \"said\": \"a\"}\n{\"id\": \"y\", \"input\": \"q\", \"reference\": \"yes\"}\n{\"id\": \"x\", \"input\": \"q\", \"reference\": \"yes\"}\n"
        ),
        r"error[BS-EVAL-010]: id `x` stands twice: first on line 1
  --> data.jsonl:3
    = help: ids are unique in a dataset; leave `id` out to have them made from the content
"
    );
}

// Cases that cannot be judged.

#[test]
fn a_case_without_a_reference_where_one_is_needed() {
    assert_eq!(
        of_rows("{\"id\": \"k\", \"input\": \"q\", \"said\": \"yes\"}\n"),
        r"error[BS-EVAL-003]: case `k` has no reference, and `equals` compares with one
  --> data.jsonl:1 in `/reference`
"
    );
}

#[test]
fn a_reference_that_nothing_is_taken_from() {
    let suite = suite("- equals", "- equals\nextract: [last-number]");
    let rows = format!("{ROW}{}", ROW.replacen("\"q\"", "\"p\"", 1));
    let said = eval(&folder(suite, "data.jsonl", rows)).ends(2).stderr;
    assert!(said.starts_with("error[BS-EVAL-002]: case `"), "{said}");
    assert!(said.contains("--> data.jsonl:1 in `/reference`"), "{said}");
}

#[test]
fn a_reference_with_a_decimal_point_where_decimals_have_a_comma() {
    let suite = suite("- equals", "- number-equals: {decimal: comma}");
    let row = ROW.replace(
        "\"reference\": \"yes\"",
        "\"id\": \"n\", \"reference\": \"1234.5\"",
    );
    assert_eq!(
        eval(&folder(suite, "data.jsonl", row)).ends(2).stderr,
        r#"error[BS-EVAL-002]: case `n`: with `decimal: comma`, "1234.5" reads as 5: write its decimals after a comma, or leave `decimal` out
  --> data.jsonl:1 in `/reference`
"#
    );
}

#[test]
fn an_undefined_name_in_a_template() {
    assert_eq!(
        eval(&folder(
            suite("- equals", "- contains: {value: \"{{ fcat }}\"}"),
            "data.jsonl",
            r#"{"id": "k1", "fact": "x", "input": "q", "said": "yes"}"#
        ))
        .ends(2)
        .stderr,
        r"error[BS-EVAL-001]: template failed on case `k1`: `{{ fcat }}`: the case has no field `fcat`; did you mean `fact`?
  --> data.jsonl:1
"
    );
}

// Text and numbers in conditions.

#[test]
fn a_text_compared_with_a_number_in_a_condition() {
    let csv = "id,input,reference,said,level,flag\nc1,q,yes,yes,1,false\n";
    for (condition, wanted) in [
        (
            "level > 2",
            r#"`level` is the text "1", compared with the number 2: write `level | float > 2`"#,
        ),
        (
            "flag",
            r#"`flag` is the text "false", and every text that is not empty is true: write `flag == "true"`"#,
        ),
    ] {
        let when = csv_suite().replace("- equals", &format!("- equals: {{when: '{condition}'}}"));
        let slice = format!(
            "{}slices: [{{name: s, when: '{condition}'}}]\n",
            csv_suite()
        );
        for suite in [when, slice] {
            let said = eval(&folder(suite, "data.csv", csv)).ends(2).stderr;
            assert!(said.starts_with("error[BS-EVAL-001]: "), "{said}");
            assert!(
                said.contains("case `c1`") && said.contains(wanted),
                "{said}"
            );
            assert!(said.contains("--> data.csv:2"), "{said}");
        }
        let folder = folder(csv_suite(), "data.csv", csv);
        let said = folder
            .run(&["eval", "suite.yaml", "--filter", condition])
            .ends(2)
            .stderr;
        assert!(
            said.contains(wanted) && said.contains("data.csv:2"),
            "{said}"
        );
    }
    let right = csv_suite().replace(
        "- equals",
        "- equals: {when: 'level | int > 2 or flag == \"true\"'}",
    );
    let judged = folder(right, "data.csv", csv).judge();
    assert_eq!(judged["bots"][0]["scores"]["equals"]["skipped"], 1);
}

#[test]
fn a_number_as_id_is_text_in_a_condition() {
    let row = ROW.replacen('{', "{\"id\": 7, ", 1);
    let folder = folder(SUITE, "data.jsonl", row);
    let said = folder
        .run(&["eval", "suite.yaml", "--filter", "id > 5"])
        .ends(2)
        .stderr;
    assert!(said.contains("`id` is the text \"7\""), "{said}");
    folder
        .run(&["eval", "suite.yaml", "--filter", "id | int > 5"])
        .ends(0);
    folder
        .run(&["eval", "suite.yaml", "--filter", "id == '7'"])
        .ends(0);
}

#[test]
fn a_name_that_no_case_bears_is_a_warning_with_the_nearest() {
    let text = suite(
        "- equals",
        "- equals: {when: 'levl is not defined'}\nslices: [/topik, {name: odd, when: 'vars.lvel == 1'}, /level]\n\
         gate: [{failed: {max: 1}, slice: {level: hih}}]",
    );
    let row = ROW.replacen('{', "{\"topic\": \"x\", \"level\": \"high\", ", 1);
    let report = folder(text, "data.jsonl", row)
        .run(&["eval", "suite.yaml", "--json"])
        .ends(1)
        .json();
    let warnings = report["warnings"].to_string();
    for wanted in [
        "`when` of equals asks for `levl`, which no case has; did you mean `level`?",
        "slice `topik` asks for `/topik`, which no case has; did you mean `topic`?",
        "slice `odd` asks for `lvel`, which no case has; did you mean `level`?",
        "the gate asks for level `hih`, which no case has; did you mean `high`?",
    ] {
        assert!(warnings.contains(wanted), "{wanted}: {warnings}");
    }
}

// Messages.

#[test]
fn a_message_of_an_unknown_role() {
    let said = of_rows(
        "{\"messages\": [{\"role\": \"usr\", \"content\": \"q\"}], \"reference\": \"yes\", \"said\": \"yes\"}\n",
    );
    assert_eq!(
        said,
        r#"error[BS-EVAL-010]: messages: message 1 has the role `usr`; did you mean `user`?
  --> data.jsonl:1
    = help: messages look like [{"role": "user", "content": "…"}]
"#
    );
}

#[test]
fn messages_without_one_of_the_user() {
    let said = of_rows(
        "{\"messages\": [{\"role\": \"system\", \"content\": \"q\"}], \"reference\": \"yes\", \"said\": \"yes\"}\n",
    );
    assert!(
        said.contains("messages: none of them is the user's\n  --> data.jsonl:1"),
        "{said}"
    );
}

// Reports in the place of what is judged.

#[test]
fn a_report_in_the_place_of_the_suite_or_its_data() {
    let joined = SUITE.replace(
        "{answer: /said}",
        "{path: said.jsonl, id: /id, answer: /said}",
    );
    let row = ROW.replacen('{', "{\"id\": 1, ", 1);
    let folder = folder(joined, "data.jsonl", &row);
    folder.write("said.jsonl", &row);
    let before = ["suite.yaml", "data.jsonl", "said.jsonl"].map(|name| folder.read(name));
    for (args, wanted) in [
        (
            ["--jsonl", "data.jsonl"].as_slice(),
            "data.jsonl is the suite's dataset: the jsonl report would replace it",
        ),
        (
            &["--junit", "./suite.yaml"],
            "./suite.yaml is the suite itself: the junit report",
        ),
        (
            &["--html", "said.jsonl"],
            "said.jsonl is the file of bot's recorded answers",
        ),
        (
            &["--csv", "a", "--markdown", "./a"],
            "./a is to hold two reports: csv and markdown",
        ),
    ] {
        let said = folder
            .run(&[&["eval", "suite.yaml"], args].concat())
            .ends(2)
            .stderr;
        assert!(said.contains(wanted), "{args:?}: {said}");
        assert!(!folder.at(".botsmith").exists(), "nothing was judged");
    }
    folder.run(&["eval", "suite.yaml"]).ends(0);
    let said = folder
        .run(&["eval", "show", "--jsonl", "data.jsonl"])
        .ends(2)
        .stderr;
    assert!(said.contains("data.jsonl is the run's dataset"), "{said}");
    let said = folder
        .run(&["eval", "show", "--csv", "said.jsonl"])
        .ends(2)
        .stderr;
    assert!(
        said.contains("said.jsonl is a file of recorded answers"),
        "{said}"
    );
    for file in ["suite.yaml", "data.jsonl"] {
        let said = folder
            .run(&["eval", "export", "latest", file])
            .ends(2)
            .stderr;
        assert!(
            said.contains("is there and holds no exported run"),
            "{said}"
        );
    }
    folder.run(&["eval", "export", "latest", "run.bin"]).ends(0);
    folder.run(&["eval", "export", "latest", "run.bin"]).ends(0);
    let after = ["suite.yaml", "data.jsonl", "said.jsonl"].map(|name| folder.read(name));
    assert_eq!(before, after);
}

#[test]
fn a_report_that_the_suite_itself_puts_over_its_data_has_its_line() {
    assert_eq!(
        of_suite(format!("{SUITE}report: {{csv: data.jsonl}}\n")),
        r"error[BS-CORE-001]: data.jsonl is the suite's dataset: the csv report would replace it
  --> suite.yaml:8:15 in `report.csv`
    |
  8 | report: {csv: data.jsonl}
    |               ^
    = help: name another file
"
    );
}

// What is accepted, so that the mistakes above are the only ones.

#[test]
fn fields_of_refusals_and_errors_that_say_no_are_no_refusals() {
    let suite = SUITE.replace(
        "{answer: /said}",
        "{answer: /said, refusal: /no, error: /err}",
    );
    let mut rows = String::new();
    for (i, no) in [
        "false",
        "\"\"",
        "0",
        "null",
        "[]",
        "\"false\"",
        "\"no thanks\"",
        "true",
    ]
    .iter()
    .enumerate()
    {
        let row = format!(
            "{{\"id\": {i}, \"input\": \"q\", \"reference\": \"yes\", \"said\": \"yes\", \"no\": {no}, \"err\": false}}\n"
        );
        rows.push_str(&row);
    }
    let judged = folder(suite, "data.jsonl", rows).judge();
    let bot = &judged["bots"][0];
    assert_eq!(
        (&bot["answered"], &bot["refused"], &bot["failed"]),
        (&6.into(), &2.into(), &0.into())
    );
    let csv = csv_suite().replace("{answer: said}", "{answer: said, refusal: no, error: err}");
    let rows = "id,input,reference,said,no,err\n1,q,yes,yes,false,\n2,q,yes,yes,False,0\n3,q,yes,,true,\n4,q,yes,,,timeout\n";
    let judged = folder(csv, "data.csv", rows).judge();
    let bot = &judged["bots"][0];
    assert_eq!(
        (&bot["answered"], &bot["refused"], &bot["failed"]),
        (&2.into(), &1.into(), &1.into())
    );
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let bom = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    eval(&folder(bom(SUITE), "data.jsonl", bom(ROW))).ends(0);
    let csv = "id,input,reference,said\n1,q,yes,yes\n";
    let ran = folder(bom(&csv_suite()), "data.csv", bom(csv));
    assert_eq!(ran.judge()["bots"][0]["scores"]["equals"]["passed"], 1);
    // Also in a file that is joined by id, where rows are found again by their bytes.
    let joined = csv_suite().replace("{answer: said}", "{path: said.csv, answer: said}");
    let folder = folder(joined, "data.csv", csv);
    folder.write("said.csv", bom("id,said\n0,no\n1,yes"));
    assert_eq!(folder.judge()["bots"][0]["scores"]["equals"]["passed"], 1);
}

#[test]
fn windows_line_ends_are_no_mistake_and_lines_are_counted_right() {
    let windows = |text: &str| text.replace('\n', "\r\n");
    eval(&folder(windows(SUITE), "data.jsonl", windows(ROW))).ends(0);
    let said = of_rows(windows(&format!("{ROW}{ROW}{{oops\n")));
    assert!(said.contains("--> data.jsonl:3:2"), "{said}");
    let said = of_suite(windows(&suite("name: bot", "name: []")));
    assert!(said.contains("--> suite.yaml:4:11"), "{said}");
    let said = of_csv("input,reference,said\r\n\"a\r\nb\",yes,yes\r\n\r\nq,yes\r\n");
    assert!(said.contains("--> data.csv:5"), "{said}");
}

#[test]
fn a_double_quote_inside_a_bare_csv_value_is_no_mistake() {
    let folder = folder(
        csv_suite(),
        "data.csv",
        "input,reference,said\nq,3\" nail,3\" nail",
    );
    assert_eq!(folder.judge()["bots"][0]["scores"]["equals"]["passed"], 1);
}

#[test]
fn answers_that_come_late_in_a_file_are_no_misspelling() {
    let both = suite(
        "  - name: bot\n    recorded: {answer: /said}",
        "  - {name: one, recorded: {answer: /bot1}}\n  - {name: two, recorded: {answer: /bot2}}",
    );
    let early = "{\"input\": \"q\", \"reference\": \"yes\", \"bot1\": \"yes\"}\n";
    let late = early.replace("bot1", "bot2");
    let folder = folder(both, "data.jsonl", early.repeat(300) + &late);
    assert_eq!(folder.judge()["bots"][1]["answered"], 1);
}

// Encodings of whole files.

#[test]
fn a_suite_in_another_encoding() {
    let said = of_suite(
        suite("bot", "b\u{e9}t")
            .replace('\u{e9}', "\u{1}")
            .bytes()
            .map(|b| if b == 1 { 0xe9 } else { b })
            .collect::<Vec<_>>(),
    );
    assert!(
        said.starts_with("error[BS-CORE-001]: byte 0xe9 is not valid UTF-8\n  --> suite.yaml:"),
        "{said}"
    );
    assert!(said.contains("iconv"), "{said}");
}

#[test]
fn utf_16_is_named_as_such() {
    let utf16 = |text: &str| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<_>>()
    };
    for (said, file) in [
        (of_suite(utf16(SUITE)), "suite.yaml"),
        (of_rows(utf16(ROW)), "data.jsonl"),
        (
            of_csv(utf16("input,reference,said\nq,yes,yes\n")),
            "data.csv",
        ),
    ] {
        assert!(
            said.contains("file is UTF-16, UTF-8 was expected"),
            "{said}"
        );
        assert!(
            said.contains(&format!("--> {file}\n")) && said.contains("iconv -f UTF-16"),
            "{said}"
        );
    }
}

#[test]
fn nul_bytes_in_a_suite() {
    let said = of_suite(format!("{SUITE}\0\n"));
    assert!(
        said.contains("a NUL byte, text was expected\n  --> suite.yaml:8:1"),
        "{said}"
    );
}

// Hostile sizes and depths: refused in bounded time and memory.

/// Runs with 600 MiB of address space and gives what was said.
fn bounded(folder: &Folder) -> String {
    let started = Instant::now();
    let output = folder
        .shell("ulimit -v 614400; \"$BOTSMITH\" eval suite.yaml --threads 2")
        .output();
    let ran = Ran::from(output.unwrap()).ends(2);
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    ran.stderr
}

#[test]
fn a_row_of_50_megabytes() {
    let long = "a".repeat(50 << 20);
    let said = bounded(&folder(
        SUITE,
        "data.jsonl",
        format!("{ROW}{{\"input\": \"{long}\"}}\n"),
    ));
    assert!(
        said.contains("the row is longer than 32 MiB\n  --> data.jsonl:2\n"),
        "{said}"
    );
    let said = bounded(&folder(
        csv_suite(),
        "data.csv",
        format!("input,reference,said\nq,{long},a\n"),
    ));
    assert!(
        said.contains(
            "one record is longer than 32 MiB; is a double quote left open?\n  --> data.csv:2\n"
        ),
        "{said}"
    );
    assert!(said.len() < 1000);
    // A suite is read whole, so it has a limit of its own.
    let said = bounded(&folder(
        format!("{SUITE}# {}\n", "a".repeat(70 << 20)),
        "data.jsonl",
        ROW,
    ));
    assert!(
        said.contains("file is larger than 67108864 bytes\n  --> suite.yaml"),
        "{said}"
    );
}

#[test]
fn json_nested_ten_thousand_deep() {
    let deep = format!(
        "{ROW}{{\"input\": {}{}}}\n",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let said = bounded(&folder(SUITE, "data.jsonl", deep));
    assert!(
        said.contains("recursion limit exceeded\n  --> data.jsonl:2:"),
        "{said}"
    );
    assert!(said.len() < 1000, "{said}");
}

#[test]
fn a_suite_nested_ten_thousand_deep() {
    let said = bounded(&folder(
        format!("a: {}", "[".repeat(10_000)),
        "data.jsonl",
        ROW,
    ));
    assert!(
        said.contains("nested more than 64 deep\n  --> suite.yaml:1:"),
        "{said}"
    );
    assert!(said.len() < 1000, "{said}");
}

#[test]
fn a_suite_of_aliases_that_multiply() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let list = vec![format!("*a{}", i - 1); 9].join(", ");
        let _ = writeln!(bomb, "a{i}: &a{i} [{list}]");
    }
    let said = bounded(&folder(bomb, "data.jsonl", ROW));
    assert!(
        said.contains("aliases repeat more than") && said.contains("--> suite.yaml:"),
        "{said}"
    );
}

// Arguments.

#[test]
fn a_suite_that_is_not_there_has_a_neighbour() {
    let folder = folder(SUITE, "data.jsonl", ROW);
    let said = |name: &str| folder.run(&["eval", name]).ends(2).stderr;
    assert_eq!(
        said("suit.yaml"),
        "error[BS-CORE-001]: no such suite file\n  --> suit.yaml\n    = help: did you mean `suite.yaml`?\n"
    );
    assert!(said("lst").contains("did you mean `list`?"));
    assert!(said("nothing/like/it.yaml").contains("botsmith init"));
    let ran = folder.run(&["eval"]).ends(2);
    assert!(ran.stderr.contains("which suite?"), "{}", ran.stderr);
}

#[test]
fn values_of_flags_are_checked() {
    let folder = folder(SUITE, "data.jsonl", ROW);
    for (flags, wanted) in [
        (
            &["--threads", "0"][..],
            "--threads 0: a number of 1 or more is wanted",
        ),
        (
            &["--color", "blue"],
            "--color blue: `auto`, `always` or `never` is wanted",
        ),
        (&["--bot", "bto"], "no bot `bto`; the suite has `bot`"),
        (&["--filter", "a ==="], "--filter \"a ===\": syntax error"),
        (&["--limit", "0"], "there are no cases"),
        (&["--limit", "many"], "invalid value 'many'"),
        (&["--store", "sqlit:x"], "did you mean `sqlite:`?"),
        (
            &["--store", "redis://127.0.0.1:1"],
            "store `redis://127.0.0.1:1` cannot be reached",
        ),
    ] {
        let ran = folder
            .run(&[&["eval", "suite.yaml"], flags].concat())
            .ends(2);
        assert!(ran.stderr.contains(wanted), "{flags:?}: {}", ran.stderr);
    }
}

// Places that cannot be written.

#[test]
fn a_report_in_a_folder_that_is_not_there() {
    let folder = folder(SUITE, "data.jsonl", ROW);
    let ran = folder
        .run(&["eval", "suite.yaml", "--markdown", "no/where/x.md"])
        .ends(2);
    assert_eq!(
        ran.stderr,
        "error[BS-CORE-003]: cannot write no/where/x.md: there is no folder no/where\n"
    );
    let ran = folder
        .run(&["eval", "suite.yaml", "--markdown", "."])
        .ends(2);
    assert_eq!(
        ran.stderr,
        "error[BS-CORE-003]: cannot write .: it is a folder\n"
    );
}

#[test]
fn a_report_on_a_full_disk() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: this system has no /dev/full");
        return;
    }
    let folder = folder(SUITE, "data.jsonl", ROW);
    for flag in [
        "--json",
        "--jsonl",
        "--csv",
        "--markdown",
        "--junit",
        "--html",
    ] {
        let ran = folder
            .run(&["eval", "suite.yaml", flag, "/dev/full"])
            .ends(2);
        assert_eq!(
            ran.stderr,
            "error[BS-CORE-003]: cannot write /dev/full: No space left on device (os error 28)\n",
            "{flag}"
        );
    }
}

#[test]
fn a_full_disk_behind_stdout() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: this system has no /dev/full");
        return;
    }
    let folder = folder(SUITE, "data.jsonl", ROW);
    for command in [
        "eval suite.yaml",
        "eval suite.yaml --json",
        "eval show",
        "eval list --json",
        "schema suite",
        "doctor",
    ] {
        let output = folder
            .shell(&format!("\"$BOTSMITH\" {command} > /dev/full"))
            .output();
        let ran = Ran::from(output.unwrap()).ends(2);
        assert!(
            ran.stderr
                .contains("cannot write stdout: No space left on device"),
            "{command}: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_reader_of_stdout_that_goes_away_is_no_mistake() {
    let folder = folder(SUITE, "data.jsonl", ROW);
    let output = folder.shell(
        "\"$BOTSMITH\" schema suite | head -c 10; \"$BOTSMITH\" eval suite.yaml --json | true",
    );
    let ran = Ran::from({ output }.output().unwrap()).ends(0);
    assert_eq!(ran.stderr, "");
}
