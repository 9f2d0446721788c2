use botsmith_core::chat::ErrorClass;
use botsmith_core::store;
use botsmith_eval::ask::Given;
use botsmith_eval::run::{RunOptions, Runner, Runs};

use super::common::{Count, bot, breaks, cases, read, run, said, says, value};

/// A suite whose recorded answers are `good`, `bad` and `good`.
fn suite(judge: &str) -> String {
    format!(
        "version: 1
dataset: [{{input: q1, a: good, b: bad}}, {{input: q2, a: bad, b: bad}}, {{input: q3, a: good, b: good}}]
bots: [{{name: a, recorded: {{answer: /a}}}}, {{name: b, recorded: {{answer: /b}}}}]
evaluators: [{{judge: {judge}}}]
"
    )
}

/// What stands between the answer's tags.
fn answer(words: &str, name: &str) -> String {
    let start = words.rfind(&format!("<{name}-")).unwrap();
    let rest = &words[start..];
    let (_, rest) = rest.split_once(">\n").unwrap();
    rest.split_once("\n</").unwrap().0.to_owned()
}

#[test]
fn a_rubric_is_the_share_of_criteria_met() {
    let (store, count) = (store::open("memory:").unwrap(), Count::default());
    let judge = bot(&count, |request| {
        let good = answer(&said(request), "answer") == "good";
        says(format!(
            "{{\"reason\": \"read it\", \"met\": [true, {good}]}}"
        ))
    });
    let bots = Given::default().with("judge.yml", judge);
    let text = suite("{cartridge: judge.yml, criteria: [It is short., It is good.]}");
    let finished = run(&*store, &text, &bots).unwrap();
    let scores = &finished.report.bots[0].scores["judge"];
    assert_eq!(
        (scores.n, scores.mean, scores.passed),
        (3, Some(2.5 / 3.0), Some(2))
    );
    assert_eq!(count.asked(), 6);
    // Judged again, the judge is asked again: its word is part of the run.
    let mut options = RunOptions::default();
    options.bots = Some(&bots);
    let of = Runs::new(&*store)
        .open(&finished.report.run)
        .unwrap()
        .manifest;
    let again = Runner::new(&*store)
        .with(options)
        .rerun(&read(&text).unwrap(), &of)
        .unwrap();
    assert_eq!(again.report.bots[0].scores["judge"].mean, Some(2.5 / 3.0));
    assert_eq!(count.asked(), 12);
}

#[test]
fn a_judge_that_fails_is_failed_and_never_zero() {
    let replies: [(&str, &str); 6] = [
        ("down", "server"),
        ("I cannot say.", "gave no JSON"),
        ("{\"reason\": \"x\"}", "of another form"),
        ("{\"reason\": \"x\", \"score\": 9}", "of another form"),
        (
            "{\"reason\": \"x\", \"score\": 5} {\"reason\": \"x\", \"score\": 1}",
            "more than one",
        ),
        ("{\"reason\": \"x\", \"score\": \"5\"}", "of another form"),
    ];
    for (reply, wanted) in replies {
        let store = store::open("memory:").unwrap();
        let judge = bot(&Count::default(), move |_| match reply {
            "down" => breaks(ErrorClass::Server, "500 from the server"),
            reply => says(reply),
        });
        let bots = Given::default().with("judge.yml", judge);
        let text =
            suite("{cartridge: judge.yml, kind: score, criteria: Is it good?, threshold: 0.5}");
        let finished = run(&*store, &text, &bots).unwrap();
        let scores = &finished.report.bots[0].scores["judge"];
        assert_eq!(
            (scores.n, scores.mean, scores.errors),
            (0, None, 3),
            "{reply}"
        );
        let why = value(&cases(&*store, &finished)[0].answers[0].verdicts[0]).unwrap_err();
        assert!(
            why.starts_with("failed: judge judge.yml: ") && why.contains(wanted),
            "{why}"
        );
    }
}

#[test]
fn grades_and_labels_become_values_with_their_reasons() {
    let store = store::open("memory:").unwrap();
    let grade = bot(&Count::default(), |_| {
        says("```json\n{\"reason\": \"fine\", \"score\": 4}\n```")
    });
    let label = bot(&Count::default(), |_| {
        says("{\"reason\": \"so so\", \"choice\": \"fair\"}")
    });
    let bots = Given::default()
        .with("grade.yml", grade)
        .with("label.yml", label);
    let text = suite("{cartridge: grade.yml, kind: score, criteria: Is it good?, threshold: 0.7}")
        .replace("evaluators: [", "evaluators: [{judge: {name: label, cartridge: label.yml, kind: choice, criteria: good?, choices: {good: 1, fair: 0.5, bad: 0}}}, ");
    let finished = run(&*store, &text, &bots).unwrap();
    let scores = &finished.report.bots[0].scores;
    assert_eq!(
        (scores["judge"].mean, scores["judge"].passed),
        (Some(0.75), Some(3))
    );
    assert_eq!(
        (scores["label"].mean, scores["label"].passed),
        (Some(0.5), None)
    );
    let cases = cases(&*store, &finished);
    let verdict = format!("{:?}", cases[0].answers[0].verdicts);
    assert!(
        verdict.contains("4 of 5: fine") && verdict.contains("fair: so so"),
        "{verdict}"
    );
}

#[test]
fn a_judge_that_likes_what_stands_first_calls_ties() {
    for (honest, wanted) in [
        (true, [Some(1.0), Some(0.5), Some(0.5)]),
        (false, [Some(0.5); 3]),
    ] {
        let (store, count) = (store::open("memory:").unwrap(), Count::default());
        let judge = bot(&count, move |request| {
            let words = said(request);
            let (a, b) = (answer(&words, "answer-A"), answer(&words, "answer-B"));
            let better = match (honest, a == b, a == "good") {
                (true, true, _) => "tie",
                (false, ..) | (true, false, true) => "A",
                (true, false, false) => "B",
            };
            says(format!("{{\"reason\": \"r\", \"better\": \"{better}\"}}"))
        });
        let bots = Given::default().with("judge.yml", judge);
        let text =
            suite("{cartridge: judge.yml, kind: pairwise, against: b, criteria: Which is better?}");
        let finished = run(&*store, &text, &bots).unwrap();
        let cases = cases(&*store, &finished);
        let values: Vec<_> = cases
            .iter()
            .map(|c| value(&c.answers[0].verdicts[0]).ok())
            .collect();
        assert_eq!(values, wanted, "honest: {honest}");
        let baseline = value(&cases[0].answers[1].verdicts[0]).unwrap_err();
        assert!(baseline.starts_with("skipped: "), "{baseline}");
        assert_eq!(count.asked(), 6, "each pair in both orders");
    }
}

#[test]
fn a_panel_says_how_far_its_judges_agree() {
    let store = store::open("memory:").unwrap();
    let judge = |met: bool| {
        bot(&Count::default(), move |_| {
            says(format!("{{\"reason\": \"r\", \"met\": [{met}]}}"))
        })
    };
    let bots = Given::default()
        .with("1.yml", judge(true))
        .with("2.yml", judge(true))
        .with("3.yml", judge(false));
    let text = suite("{cartridge: [1.yml, 2.yml, 3.yml], combine: majority, criteria: good}");
    let finished = run(&*store, &text, &bots).unwrap();
    assert_eq!(finished.report.bots[0].scores["judge"].mean, Some(1.0));
    let cases = cases(&*store, &finished);
    let verdict = format!("{:?}", cases[0].answers[0].verdicts[0]);
    assert!(verdict.contains("agreement 0.33"), "{verdict}");
}

#[test]
fn calls_of_tools_are_judged_by_name_arguments_and_order() {
    let run_with = |expect: &str, calls: &str| {
        let store = store::open("memory:").unwrap();
        let text = format!(
            "version: 1\ndataset: [{{input: q, answer: done, calls: {calls}, wanted: [search]}}]\n\
             bots: [{{name: a, recorded: {{answer: /answer, tool-calls: /calls}}}}]\n\
             evaluators: [{{tool-calls: {expect}}}]\n"
        );
        let finished = run(&*store, &text, &Given::default()).unwrap();
        let verdict = cases(&*store, &finished)[0].answers[0].verdicts[0].clone();
        match verdict {
            botsmith_eval::Verdict::Judged(score) => (Some(score.value), score.passed.unwrap()),
            _ => (None, false),
        }
    };
    let calls = "[{name: search, arguments: {q: Paris, n: 3}}, {function: {name: book, arguments: '{\"city\": \"Paris\"}'}}]";
    let table = [
        ("{expect: [book, search]}", (Some(1.0), true)),
        (
            "{expect: [book, search], order: in-order}",
            (Some(0.5), false),
        ),
        (
            "{expect: [search, book], order: in-order}",
            (Some(1.0), true),
        ),
        ("{expect: [search], order: exact}", (Some(0.0), false)),
        ("{expect: [search, book], order: exact}", (Some(1.0), true)),
        ("{expect: [search, search]}", (Some(0.5), false)),
        (
            "{expect: [{name: search, arguments: {q: Paris}}]}",
            (Some(1.0), true),
        ),
        (
            "{expect: [{name: search, arguments: {q: Rome}}]}",
            (Some(0.0), false),
        ),
        (
            "{expect: [{name: search, arguments: {q: Paris}}], arguments: exact}",
            (Some(0.0), false),
        ),
        (
            "{expect: [{name: book, arguments: {city: Paris}, match: exact}]}",
            (Some(1.0), true),
        ),
        (
            "{expect: [{name: search, match: schema, arguments: {required: [n]}}]}",
            (Some(1.0), true),
        ),
        (
            "{expect: [{name: search, match: schema, arguments: {required: [x]}}]}",
            (Some(0.0), false),
        ),
        ("{from: /wanted}", (Some(1.0), true)),
        ("{none: true}", (Some(0.0), false)),
        // A call that fits both wants is given to the one that has no other.
        (
            "{expect: [search, {name: search, arguments: {q: Paris}}]}",
            (Some(0.5), false),
        ),
    ];
    for (expect, wanted) in table {
        assert_eq!(run_with(expect, calls), wanted, "{expect}");
    }
}

#[test]
fn the_way_to_an_answer_is_judged_step_by_step() {
    let run_with = |options: &str| {
        let store = store::open("memory:").unwrap();
        let text = format!(
            "version: 1
dataset:
  - input: q
    answer: booked
    said:
      - {{role: user, content: q}}
      - {{role: assistant, content: let me look, tool_calls: [{{id: '1', function: {{name: search, arguments: '{{}}'}}}}]}}
      - {{role: tool, tool_call_id: '1', content: found}}
      - {{role: assistant, content: '', tool_calls: [{{id: '2', function: {{name: book, arguments: '{{}}'}}}}]}}
      - {{role: tool, tool_call_id: '2', content: ok}}
      - {{role: assistant, content: booked}}
bots: [{{name: a, recorded: {{answer: /answer, transcript: /said}}}}]
evaluators: [{{trajectory: {options}}}]
"
        );
        let finished = run(&*store, &text, &Given::default()).unwrap();
        match cases(&*store, &finished)[0].answers[0].verdicts[0].clone() {
            botsmith_eval::Verdict::Judged(score) => (score.value, score.passed.unwrap()),
            other => panic!("{other:?}"),
        }
    };
    let table = [
        ("{required: [search, book], order: in-order}", (1.0, true)),
        ("{required: [book, search], order: in-order}", (0.5, false)),
        ("{required: [search, book], order: exact}", (1.0, true)),
        ("{required: [search], order: exact}", (1.0, false)),
        ("{required: [search], forbidden: [book]}", (0.0, false)),
        ("{forbidden: [delete]}", (1.0, true)),
        (
            "{required: [{says: 'let me'}, book], order: in-order}",
            (1.0, true),
        ),
        ("{max-calls: 1}", (0.0, false)),
        ("{max-calls: 2}", (1.0, true)),
    ];
    for (options, wanted) in table {
        assert_eq!(run_with(options), wanted, "{options}");
    }
}
