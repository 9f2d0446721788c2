use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{ErrorClass, Role};
use botsmith_core::store;
use botsmith_eval::Outcome;
use botsmith_eval::ask::Given;
use botsmith_eval::run::{AsyncOptions, run_async};

use super::common::{Count, bot, breaks, cases, read, run, said, says};

const FOUR: &str = "
version: 1
dataset: [{input: one}, {input: two}, {input: three}, {input: four}]
bots: [{name: echo, cartridge: echo.yml}]
evaluators: [{contains: 'o'}]
";

#[test]
fn a_bot_is_asked_and_its_answers_judged() {
    let store = store::open("memory:").unwrap();
    let bots = Given::default().with("echo", bot(&Count::default(), |r| says(said(r))));
    let finished = run(&*store, FOUR, &bots).unwrap();
    let scores = &finished.report.bots[0].scores["contains"];
    assert_eq!((scores.n, scores.passed), (4, Some(3)));
    let cases = cases(&*store, &finished);
    let answer = &cases[1].answers[0].answer;
    assert_eq!(
        (answer.text.as_str(), answer.outcome),
        ("two", Outcome::Answered)
    );
    let asked = answer.asked.as_ref().unwrap();
    assert_eq!(
        (asked.provider.as_str(), asked.model.as_str()),
        ("function", "closure")
    );
    let roles: Vec<_> = asked.transcript.iter().map(|said| said.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant]);
    assert!(answer.latency.unwrap() >= 0.0);
    // What was kept on the way is gone once the run is complete.
    let partition = format!("run/{}", finished.report.run);
    let left = store.keys(&partition, "ask/", None, 10).unwrap();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn failures_keep_their_class_and_words_and_refusals_are_no_failures() {
    let store = store::open("memory:").unwrap();
    let answer = bot(&Count::default(), |request| match said(request).as_str() {
        "one" => breaks(ErrorClass::RateLimit, "429: slow down, says the provider"),
        "two" => breaks(ErrorClass::Refused, "I would rather not"),
        "three" => says("").map(|mut response| {
            response.refusal = Some("against the rules".into());
            response
        }),
        other => says(other),
    });
    let finished = run(&*store, FOUR, &Given::default().with("echo", answer)).unwrap();
    let bot = &finished.report.bots[0];
    assert_eq!((bot.answered, bot.refused, bot.failed), (1, 2, 1));
    assert_eq!(bot.scores["contains"].n, 1, "a failure is no score of 0");
    let cases = cases(&*store, &finished);
    let failed = &cases[0].answers[0].answer;
    assert_eq!(failed.outcome, Outcome::Failed);
    let words = failed.error.as_deref().unwrap();
    assert!(
        words.starts_with("rate-limit: ") && words.contains("slow down, says"),
        "{words}"
    );
    assert_eq!(
        failed.asked.as_ref().unwrap().class,
        Some(ErrorClass::RateLimit)
    );
    let refused = &cases[2].answers[0].answer;
    assert_eq!(refused.error.as_deref(), Some("against the rules"));
}

#[test]
fn no_more_questions_are_in_work_than_allowed() {
    let inputs: Vec<_> = (0..40).map(|i| format!("{{input: q{i}}}")).collect();
    let suite = |pace: &str| {
        format!(
            "version: 1\ndataset: [{}]\nbots: [{{name: a, cartridge: a.yml, {pace}}}]\nevaluators: [{{contains: q}}]\n",
            inputs.join(", ")
        )
    };
    for (pace, most) in [
        ("timeout: 5s", 4),
        ("concurrency: 2", 2),
        ("concurrency: 9", 9),
    ] {
        let (store, count) = (store::open("memory:").unwrap(), Count::default());
        let bots = Given::default().with("a", bot(&count, |r| says(said(r))));
        run(&*store, &suite(pace), &bots).unwrap();
        assert_eq!(count.asked(), 40);
        assert_eq!(count.most(), most, "{pace}");
    }
}

#[test]
fn each_turn_of_a_conversation_is_answered_in_order() {
    let suite = "
version: 1
dataset:
  - {turns: [a, b, c]}
  - messages:
      - {role: system, content: be brief}
      - {role: user, content: x}
      - {role: assistant, content: given}
      - {role: user, content: y}
bots: [{name: counts, cartridge: counts.yml, prompt: '{{ input }}!'}]
evaluators: [{contains: '!'}]
";
    let (store, count) = (store::open("memory:").unwrap(), Count::default());
    let counts = bot(&count, |request| {
        let before = request.messages.len();
        says(format!("{before} {}", said(request)))
    });
    let finished = run(&*store, suite, &Given::default().with("counts", counts)).unwrap();
    let cases = cases(&*store, &finished);
    let answer = &cases[0].answers[0].answer;
    assert_eq!(
        (cases[0].case.input.as_str(), answer.text.as_str()),
        ("c", "5 c!")
    );
    let transcript = &answer.asked.as_ref().unwrap().transcript;
    let words: Vec<_> = transcript.iter().map(|said| said.content.text()).collect();
    assert_eq!(words, ["a!", "1 a!", "b!", "3 b!", "c!", "5 c!"]);
    // A given answer is not asked for.
    assert_eq!(cases[1].answers[0].answer.text, "4 y!");
    assert_eq!(count.asked(), 4);
}

#[test]
fn an_answer_that_takes_too_long_has_failed() {
    let suite = FOUR.replace("echo.yml", "echo.yml, timeout: 20ms");
    let store = store::open("memory:").unwrap();
    let model = botsmith_core::chat::FnModel::new("slow", |_, _| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        says("late")
    });
    let cartridge = botsmith_nanobots::Cartridge::from_value(
        &serde_json::json!({}),
        botsmith_nanobots::cartridge::Profile::Native,
    )
    .unwrap();
    let slow = botsmith_nanobots::Bot::new(cartridge, Arc::new(model)).unwrap();
    let finished = run(&*store, &suite, &Given::default().with("echo", slow)).unwrap();
    assert_eq!(finished.report.bots[0].failed, 4);
    let cases = cases(&*store, &finished);
    let asked = cases[0].answers[0].answer.asked.as_ref().unwrap();
    assert_eq!(asked.class, Some(ErrorClass::Timeout));
}

#[test]
fn live_and_recorded_bots_are_compared() {
    let suite = "
version: 1
dataset: [{input: 1 + 1, reference: '2', old: '3'}, {input: 2 + 2, reference: '4', old: '4'}]
bots: [{name: old, recorded: {answer: /old}}, {name: new, cartridge: new.yml}]
repeat: 1
evaluators: [number-equals]
";
    let store = store::open("memory:").unwrap();
    let new = bot(&Count::default(), |request| {
        says(if said(request) == "1 + 1" { "2" } else { "4" })
    });
    let report = run(&*store, suite, &Given::default().with("new", new))
        .unwrap()
        .report;
    let comparison = &report.comparisons[0];
    assert_eq!(
        (comparison.a.as_str(), comparison.b.as_str(), comparison.n),
        ("old", "new", 2)
    );
    assert_eq!(comparison.difference, Some(0.5));
}

#[test]
fn async_programs_ask_on_their_own_runtime() {
    for threads in [1, 2] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap();
        let store = store::open("memory:").unwrap();
        let bots = Given::default().with("echo", bot(&Count::default(), |r| says(said(r))));
        let mut options = AsyncOptions::default();
        options.bots = Some(Arc::new(bots));
        let suite = Arc::new(read(FOUR).unwrap());
        let finished = runtime.block_on(run_async(store, suite, options)).unwrap();
        assert_eq!(finished.report.bots[0].answered, 4);
    }
}

#[test]
fn dropping_an_async_run_stops_it_and_keeps_what_was_answered() {
    let (store, count) = (store::open("memory:").unwrap(), Count::default());
    let bots = Given::default().with("echo", bot(&count, |request| says(said(request))));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let suite = Arc::new(read(&FOUR.replace("echo.yml", "echo.yml, rate: 20/s")).unwrap());
    let mut options = AsyncOptions::default();
    options.bots = Some(Arc::new(bots));
    runtime.block_on(async {
        let asking = run_async(Arc::clone(&store), Arc::clone(&suite), options.clone());
        let enough = async {
            while count.asked() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        tokio::select! {
            finished = asking => panic!("finished before it was dropped: {finished:?}"),
            () = enough => {}
        }
        let before = count.asked();
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(count.asked(), before, "nobody is asked any more");
        let finished = run_async(store, suite, options).await.unwrap();
        assert_eq!(finished.report.bots[0].answered, 4);
    });
    assert_eq!(count.asked(), 4, "no question was asked twice");
}
