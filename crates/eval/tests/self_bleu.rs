//! `self-bleu`: one score of all answers of a bot, in runs, gates and by itself.

use std::fmt::Write as _;

use botsmith_core::store;
use botsmith_core::yaml::Source;
use botsmith_eval::Verdict;
use botsmith_eval::evaluators::Registry;
use botsmith_eval::metric::Metric;
use botsmith_eval::metrics::bleu::Options;
use botsmith_eval::metrics::diversity::self_bleu;
use botsmith_eval::report::{Report, markdown};
use botsmith_eval::run::Runner;
use botsmith_eval::suite::{Overrides, Suite};

const ANSWERS: [&str; 4] = [
    "Send it back within thirty days.",
    "Send it back within sixty days.",
    "You may return it within thirty days.",
    "Ask at the counter, please.",
];

/// Two bots: one says something else each time, one always the same. A fifth case was not answered.
fn suite(rest: &str) -> botsmith_eval::Result<Suite> {
    let mut rows = String::new();
    for (i, answer) in ANSWERS.iter().enumerate() {
        let _ = writeln!(
            rows,
            "  - {{input: q{i}, reference: r, part: p{}, varied: {answer:?}, same: It is so and so.}}",
            i % 2
        );
    }
    let text = format!(
        "version: 1\ndataset:\n{rows}  - {{input: q4, reference: r, part: p0}}\n\
         bots: [{{name: varied, recorded: {{answer: /varied}}}}, {{name: same, recorded: {{answer: /same}}}}]\n\
         {rest}"
    );
    let source = Source::new("suite.yaml", text);
    Suite::read(&source, &Registry::builtin(), &Overrides::default())
}

fn run(rest: &str) -> Report {
    let store = store::open("memory:").expect("memory");
    let suite = suite(rest).expect("a good suite");
    Runner::new(&*store).run(&suite).expect("runs").report
}

#[test]
fn a_run_reports_one_score_of_all_answers_of_a_bot() {
    let report = run("evaluators: [self-bleu, words]\nslices: [/part]\n");
    let score = &report.bots[0].scores["self-bleu"];
    let wanted = self_bleu(&ANSWERS, &Options::default());
    assert!(wanted.is_some_and(|x| x > 0.0 && x < 100.0));
    assert_eq!((score.mean, score.corpus, score.n), (wanted, wanted, 4));
    assert_eq!((score.skipped, score.errors, score.interval), (0, 0, None));
    assert_eq!(
        (score.passed, score.pass_rate, score.sd),
        (None, None, None)
    );
    let same = &report.bots[1].scores["self-bleu"];
    assert!(same.mean.is_some_and(|x| (x - 100.0).abs() < 1e-9));
    let told = &report.metrics[0];
    assert_eq!(told.higher_is_better, Some(false));
    assert!(
        told.signature.starts_with("self-BLEU|"),
        "{}",
        told.signature
    );
    // It is in no answer's overall score, in no slice, and no test is made of it.
    assert!(report.bots[0].overall.is_none());
    assert!(report.slices.iter().all(|slice| slice.metric == "words"));
    let compared = report.comparisons.iter().find(|c| c.metric == "self-bleu");
    assert!(compared.is_some_and(|c| c.n == 0 && c.p.is_none() && c.corpus.is_none()));
    let page = markdown::render(&report);
    assert!(page.contains("| varied | 4 | 0 | 1 | "));
    assert!(
        page.contains("| self-bleu | 0 | – |  | – | not tested |"),
        "{page}"
    );
}

#[test]
fn only_answers_that_it_reads_count() {
    let report = run(
        "evaluators:\n  - self-bleu: {when: part == 'p0', name: some}\n  \
         - self-bleu: {extract: [{regex: '(within .*)'}], name: part}\n",
    );
    let some = &report.bots[0].scores["some"];
    let wanted = self_bleu(&[ANSWERS[0], ANSWERS[2]], &Options::default());
    assert_eq!((some.mean, some.n, some.skipped), (wanted, 2, 2));
    let part = &report.bots[0].scores["part"];
    let cut = [
        "within thirty days.",
        "within sixty days.",
        "within thirty days.",
    ];
    let wanted = self_bleu(&cut, &Options::default());
    assert_eq!((part.mean, part.n, part.skipped), (wanted, 3, 1));
}

#[test]
fn a_gate_holds_it() {
    let gate = |max: f64| {
        let rest = format!(
            "evaluators: [self-bleu]\ngate: [{{metric: self-bleu, bot: varied, mean: {{max: {max}}}}}]\n"
        );
        run(&rest).gate
    };
    assert!(gate(99.0).passed);
    let broken = gate(1.0);
    assert!(!broken.passed);
    assert_eq!(
        broken.rules[0].observed,
        self_bleu(&ANSWERS, &Options::default())
    );
}

#[test]
fn what_needs_a_score_of_each_answer_is_refused_where_it_is_written() {
    let alone = "evaluators: [self-bleu]\n";
    for (rest, wanted) in [
        (
            "evaluators: [{self-bleu: {threshold: 50}}]\n".to_owned(),
            "scores all answers together",
        ),
        (
            "evaluators: [{self-bleu: {invert: true}}]\n".into(),
            "scores all answers together",
        ),
        (
            "evaluators: [{not: self-bleu}]\n".into(),
            "cannot be part of another",
        ),
        (
            format!("{alone}gate: [{{metric: self-bleu, pass-rate: {{min: 1}}}}]\n"),
            "decides no pass or fail",
        ),
        (
            format!("{alone}gate: [{{metric: self-bleu, mean: {{max: 5, bound: upper}}}}]\n"),
            "no interval",
        ),
        (
            format!(
                "{alone}slices: [/part]\ngate: [{{metric: self-bleu, mean: {{max: 5}}, slice: {{part: p0}}}}]\n"
            ),
            "no slice",
        ),
        (
            format!("{alone}gate: [{{metric: self-bleu, bot: same, better-than: varied}}]\n"),
            "not tested against another bot",
        ),
    ] {
        let error = suite(&rest).expect_err(&rest).to_string();
        assert!(
            error.contains(wanted) && error.contains("suite.yaml:"),
            "{rest}: {error}"
        );
    }
}

#[test]
fn by_itself_it_scores_several_candidates() {
    let registry = Registry::builtin();
    let metric = Metric::new(&registry, "self-bleu", None).expect("a metric");
    let alone = metric.judge("yes", &[]).expect("judges");
    assert!(
        matches!(&alone, Verdict::Skipped(why) if why.contains("together")),
        "{alone:?}"
    );
    let few = metric.judge_together(&["yes"]).expect("judges");
    assert!(matches!(few, Verdict::Skipped(_)), "{few:?}");
    let sets = [ANSWERS.to_vec(), vec!["yes"], vec![]];
    let found = metric.scores_together(&sets, 2).expect("scores");
    assert_eq!(
        found,
        [self_bleu(&ANSWERS, &Options::default()), None, None]
    );
    let other = Metric::new(&registry, "levenshtein", None).expect("a metric");
    assert!(other.judge_together(&["a", "b"]).is_err());
    assert!(other.scores_together(&sets, 1).is_err());
}
