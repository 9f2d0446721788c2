//! The terminal report fits 80 columns, whatever the names: measured as a terminal shows them.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::fmt::Write as _;

use common::Folder;
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

/// Two bots, metrics, slices and cases with Chinese, Japanese and Korean names as long as people make them.
fn folder() -> Folder {
    let folder = Folder::with_suite(
        "version: 1
name: 客户支持问题的回答质量评估测试套件第一版完整评估
dataset: {path: 数据.jsonl, id: /id}
bots:
  - {name: 简洁而正确的客户服务助手第一版, recorded: {answer: /a, latency: /s}}
  - {name: 丁寧で時々間違うアシスタントの第二版です, recorded: {answer: /b, latency: /t}}
evaluators:
  - equals: {name: 回答是否与参考答案完全一致的检查}
  - token-f1: {name: 참조답변과_겹치는_단어의_비율_측정}
  - words: {name: 短く答えているかどうかの確認です, max: 4}
  - latency: 500ms
slices: [/话题]
gate:
  - {metric: 回答是否与参考答案完全一致的检查, bot: 简洁而正确的客户服务助手第一版, pass-rate: {min: 0.5}}
  - {metric: 回答是否与参考答案完全一致的检查, bot: 简洁而正确的客户服务助手第一版, not-worse-than: {bot: 丁寧で時々間違うアシスタントの第二版です, margin: 0.1}}
",
    );
    let mut rows = String::new();
    for i in 0..30 {
        let long = "退货政策规定顾客可以在三十天内退回商品并且获得全额退款".repeat(4);
        let row = json!({
            "id": format!("案例编号之{i}关于退货政策的问题以及换货的说明"), "input": long, "reference": "可以",
            "话题": if i % 2 == 0 { "退货政策与换货政策以及退款说明" } else { "配送" },
            "a": "可以", "b": if i % 3 == 0 { json!("可以") } else { json!(long) }, "s": 0.2, "t": 1.5,
        });
        let _ = writeln!(rows, "{row}");
    }
    folder.write("数据.jsonl", rows);
    folder
}

#[track_caller]
fn fits(folder: &Folder, args: &[&str]) -> String {
    let shown = folder.run(args).stdout;
    let wide: Vec<_> = shown
        .lines()
        .filter(|line| line.width() > 80)
        .map(|line| format!("{} {line}", line.width()))
        .collect();
    assert!(wide.is_empty(), "{args:?}:\n{}", wide.join("\n"));
    shown
}

#[test]
fn a_report_with_wide_names_fits_eighty_columns() {
    let folder = folder();
    let report = fits(&folder, &["eval", "suite.yaml"]);
    assert!(
        report.contains("简洁而正确的") && report.contains('…'),
        "{report}"
    );
    for args in [
        ["eval", "show"].as_slice(),
        &["eval", "show", "--failures"],
        &[
            "eval",
            "show",
            "--case",
            "案例编号之1关于退货政策的问题以及换货的说明",
        ],
        &["eval", "compare", "latest"],
        &["eval", "list"],
    ] {
        let shown = fits(&folder, args);
        assert!(!shown.is_empty(), "{args:?}");
    }
}

#[test]
fn columns_line_up_under_wide_names() {
    let report = fits(&folder(), &["eval", "suite.yaml"]);
    // The plots of all lines start at one column.
    let starts: Vec<usize> = report
        .lines()
        .filter_map(|line| Some(line[..line.find('│')?].width()))
        .collect();
    assert!(starts.len() >= 8, "{report}");
    assert!(
        starts.iter().all(|start| *start == starts[0]),
        "{starts:?}\n{report}"
    );
}
