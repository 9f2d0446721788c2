use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use botsmith_core::chat::ErrorClass;
use botsmith_core::store;
use botsmith_eval::ask::Given;
use botsmith_eval::run::{Progress, RunOptions, Runner, Runs};
use botsmith_eval::{Error, Outcome};

use super::common::{Count, bot, breaks, cases, read, run, said, says};

fn suite(rows: usize, more: &str) -> String {
    let inputs: Vec<_> = (0..rows).map(|i| format!("{{input: q{i}}}")).collect();
    format!(
        "version: 1\ndataset: [{}]\nbots: [{{name: a, cartridge: a.yml, concurrency: 2}}]\nevaluators: [{{contains: q}}]\n{more}",
        inputs.join(", ")
    )
}

#[test]
fn a_run_that_is_stopped_asks_nothing_twice() {
    let (store, count) = (store::open("memory:").unwrap(), Count::default());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let bots = Given::default().with(
        "a",
        bot(&count, move |request| {
            seen.lock().unwrap().push(said(request));
            says(said(request))
        }),
    );
    let suite = read(&suite(60, "repeat: 2\n")).unwrap();
    let mut stops = 0;
    let finished = loop {
        let cancel = AtomicBool::new(false);
        let before = count.asked();
        let first = std::cell::Cell::new(true);
        let stop = |progress: Progress| {
            if let Some(asking) = progress.asking {
                assert_eq!(asking.of, Some(120));
                if first.take() {
                    // Two may have been on their way at each stop.
                    assert!(asking.answers + 2 * stops > before, "{asking:?}");
                }
                if asking.answers >= before + 25 {
                    cancel.store(true, Ordering::Relaxed);
                }
            }
        };
        let mut options = RunOptions::default();
        options.bots = Some(&bots);
        options.progress = Some(&stop);
        options.cancel = Some(&cancel);
        match Runner::new(&*store).with(options).run(&suite) {
            Err(Error::Interrupted) => stops += 1,
            other => break other.unwrap(),
        }
        assert!(stops < 50, "it comes to an end");
    };
    assert!(stops > 1, "it was stopped on its way");
    assert_eq!(finished.report.bots[0].answered, 120);
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    // An answer may be on its way when a run stops; what was kept is never asked for again.
    let twice = asked.len() - 120;
    assert!(twice <= 2 * stops, "{twice} at {stops} stops");
    assert_eq!(Runs::new(&*store).list().unwrap().len(), 1, "it is one run");
}

#[test]
fn what_failed_is_asked_again_by_a_rerun_and_what_was_answered_is_not() {
    let (store, count) = (store::open("memory:").unwrap(), Count::default());
    let down = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&down);
    let bots = Given::default().with(
        "a",
        bot(&count, move |request| {
            match state.load(Ordering::Relaxed) && said(request) == "q3" {
                true => breaks(ErrorClass::Server, "500"),
                false => says(said(request)),
            }
        }),
    );
    let text = suite(5, "");
    let first = run(&*store, &text, &bots).unwrap();
    assert_eq!((first.report.bots[0].failed, count.asked()), (1, 5));
    // The run is complete: to run it again asks nobody.
    assert!(run(&*store, &text, &bots).unwrap().already);
    assert_eq!(count.asked(), 5);
    down.store(false, Ordering::Relaxed);
    let mut options = RunOptions::default();
    options.bots = Some(&bots);
    let runner = Runner::new(&*store).with(options);
    let of = Runs::new(&*store).open(&first.report.run).unwrap().manifest;
    let again = runner.rerun_failed(&read(&text).unwrap(), &of).unwrap();
    assert_ne!(again.report.run, first.report.run);
    assert_eq!((again.report.bots[0].answered, count.asked()), (5, 6));
    let cases = cases(&*store, &again);
    assert_eq!(cases[3].answers[0].answer.outcome, Outcome::Answered);
    assert_eq!(again.report.bots[0].scores["contains"].n, 5);
}

#[test]
fn a_bot_that_has_changed_is_another_run() {
    let store = store::open("memory:").unwrap();
    let cartridge = |text: &str| {
        let value = serde_json::json!({"behaviors": {"interaction": {"directive": text}}});
        let model = botsmith_core::chat::FnModel::new("m", |_, _| async { says("q") });
        let profile = botsmith_nanobots::cartridge::Profile::Native;
        let cartridge = botsmith_nanobots::Cartridge::from_value(&value, profile).unwrap();
        Given::default().with(
            "a",
            botsmith_nanobots::Bot::new(cartridge, Arc::new(model)).unwrap(),
        )
    };
    let text = suite(2, "");
    let first = run(&*store, &text, &cartridge("be kind")).unwrap();
    assert!(run(&*store, &text, &cartridge("be kind")).unwrap().already);
    let other = run(&*store, &text, &cartridge("be rude")).unwrap();
    assert_ne!(first.report.run, other.report.run);
    let rude = cartridge("be rude");
    let mut options = RunOptions::default();
    options.bots = Some(&rude);
    let of = Runs::new(&*store).open(&first.report.run).unwrap().manifest;
    let runner = Runner::new(&*store).with(options);
    let error = runner.rerun_failed(&read(&text).unwrap(), &of).unwrap_err();
    assert!(
        error.to_string().contains("has changed since run"),
        "{error}"
    );
}

#[test]
fn a_bot_that_takes_other_words_from_the_environment_is_another_run() {
    use botsmith_nanobots::cartridge::{Format, Options};
    const CARTRIDGE: &str = "
behaviors: {interaction: {directive: ENV/DIRECTIVE}}
provider: {id: openai, credentials: {access-token: ENV/KEY}, settings: {user: ENV/WHO}}
botsmith:
  fallbacks: [{provider: {id: http, settings: {url: 'https://a.example', headers: {x-key: ENV/KEY}}}}]
";
    let store = store::open("memory:").unwrap();
    let given = |directive: &str, key: &str| {
        let pairs = [("DIRECTIVE", directive), ("KEY", key), ("WHO", key)];
        let environment: std::collections::BTreeMap<String, String> = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let options = Options::default().variables(&environment);
        let cartridge =
            botsmith_nanobots::Cartridge::parse(CARTRIDGE, Format::Yaml, &options).unwrap();
        let model = botsmith_core::chat::FnModel::new("m", |_, _| async { says("q") });
        let bot = botsmith_nanobots::Bot::new(cartridge, Arc::new(model)).unwrap();
        Given::default().with("a", bot)
    };
    let text = suite(2, "");
    let first = run(&*store, &text, &given("planted be kind", "planted-key-1")).unwrap();
    // Another key changes no answer.
    let again = run(&*store, &text, &given("planted be kind", "planted-key-2")).unwrap();
    assert!(again.already);
    let other = run(&*store, &text, &given("planted be rude", "planted-key-1")).unwrap();
    assert_ne!(first.report.run, other.report.run);
    let manifest = Runs::new(&*store).open(&first.report.run).unwrap().manifest;
    let kept = serde_json::to_string(&manifest.identity).unwrap();
    assert!(
        kept.contains("environment") && !kept.contains("planted"),
        "{kept}"
    );
}

#[test]
fn a_stored_run_is_read_without_its_bots() {
    let store = store::open("memory:").unwrap();
    let bots = Given::default().with("a", bot(&Count::default(), |r| says(said(r))));
    let finished = run(&*store, &suite(3, ""), &bots).unwrap();
    let run = Runs::new(&*store).open(&finished.report.run).unwrap();
    let source = botsmith_core::yaml::Source::new("suite.yaml", &run.manifest.suite_text);
    let registry = botsmith_eval::evaluators::Registry::builtin();
    let suite = botsmith_eval::suite::Suite::stored(&source, &registry, &run.manifest).unwrap();
    // Judged again from the stored answers: nobody is there to be asked.
    let again = Runner::new(&*store).rerun(&suite, &run.manifest).unwrap();
    assert_eq!(again.report.bots[0].answered, 3);
}
