//! What a search finds, spends and finds again.

use botsmith_eval::Error;
use botsmith_eval::hone::{Budget, Options, Parameters, Proposer, Regressions, Use};
use serde_json::Value;

use super::common::{LEARNER, Place, SUITE, corrections, examples, of};

#[test]
fn a_weak_bot_whose_corrections_help_is_found() {
    let place = Place::new(100);
    let train = of(Use::Train, 100);
    let found = place
        .search(corrections(&train[..6]), &examples(), Options::default())
        .unwrap();
    let (train_mean, dev_mean) = (found.baseline.0.unwrap(), found.baseline.1.unwrap());
    assert_eq!((train_mean.mean, dev_mean.mean), (0.0, 0.0));
    assert_eq!(dev_mean.n, of(Use::Dev, 100).len());
    let finalist = found.finalist.unwrap();
    assert_eq!(finalist.proposer, "examples");
    assert!(finalist.text.contains("EUR") && finalist.text.starts_with("# The price bot."));
    let best = &found.tried[0];
    assert_eq!(
        (best.name.as_str(), best.dropped),
        (finalist.name.as_str(), None)
    );
    assert_eq!(
        (best.difference, best.dev.unwrap().n),
        (Some(1.0), dev_mean.n)
    );
    assert!(!found.cheaper);
    // Every case of train failed; those with a correction are held to it.
    assert_eq!(found.regressions.len(), train.len());
}

#[test]
fn a_bot_that_nothing_helps_has_no_finalist() {
    let place = Place::new(60);
    place.write("prices.yml", &LEARNER.replace("EUR", "dollars"));
    let found = place
        .search(
            corrections(&of(Use::Train, 60)),
            &examples(),
            Options::default(),
        )
        .unwrap();
    assert!(found.finalist.is_none());
    assert!(found.tried.len() >= 4);
    // Those that were dropped on train were not asked about dev.
    let on_dev = found.tried.iter().filter_map(|tried| tried.difference);
    assert!(on_dev.clone().count() > 0 && on_dev.into_iter().all(|d| d == 0.0));
}

#[test]
fn without_corrections_no_example_is_proposed() {
    let found = Place::new(40)
        .search(Vec::new(), &examples(), Options::default())
        .unwrap();
    assert!(found.tried.is_empty() && found.refused.is_empty() && found.finalist.is_none());
}

#[test]
fn a_search_that_is_made_again_asks_nobody_and_finds_the_same() {
    let place = Place::new(60);
    let said = corrections(&of(Use::Train, 60)[..5]);
    let again = || {
        place
            .search(said.clone(), &examples(), Options::default())
            .unwrap()
    };
    let first = again();
    assert_eq!(first.spent.asked, first.spent.answers);
    let second = again();
    assert_eq!(
        (second.spent.asked, second.spent.answers),
        (0, first.spent.answers)
    );
    assert_eq!(second.tried, first.tried);
}

#[test]
fn a_budget_in_answers_is_kept() {
    let place = Place::new(120);
    let said = corrections(&of(Use::Train, 120)[..20]);
    let mut options = Options::default();
    options.budget = Some(Budget::Answers(90));
    let found = place
        .search(said.clone(), &examples(), options.clone())
        .unwrap();
    assert!(
        found.spent.answers <= 90 && found.spent.answers > 60,
        "{:?}",
        found.spent
    );
    assert_eq!(found.finalist.unwrap().proposer, "examples");
    options.budget = Some(Budget::Answers(9));
    let error = place
        .search(said.clone(), &examples(), options.clone())
        .unwrap_err();
    assert!(error.to_string().contains("budget is too small"), "{error}");
    options.budget = Some(Budget::Cost(1.0));
    let error = place.search(said, &examples(), options).unwrap_err();
    assert!(error.to_string().contains("carry no price"), "{error}");
}

#[test]
fn a_suite_too_small_to_be_split_is_told() {
    let place = Place::new(2);
    let error = place
        .search(Vec::new(), &examples(), Options::default())
        .unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    assert!(
        error.to_string().contains("2 cases leave none for"),
        "{error}"
    );
}

#[test]
fn models_that_the_suite_names_are_tried_and_only_those() {
    let place = Place::new(40);
    place.write(
        "suite.yaml",
        &format!(
            "{SUITE}hone: {{salt: botsmith, metric: equals, vary: {{model: [small, large]}}}}\n"
        ),
    );
    let vary = place.suite().hone.vary.clone();
    let proposers: Vec<Box<dyn Proposer>> = vec![Box::new(Parameters { vary })];
    let found = place
        .search(Vec::new(), &proposers, Options::default())
        .unwrap();
    let mut names: Vec<_> = found
        .tried
        .iter()
        .map(|tried| tried.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["model-large", "model-small"]);
    // A script heeds no sampling setting: nothing is tried where the suite says nothing.
    let proposers: Vec<Box<dyn Proposer>> = vec![Box::new(Parameters::default())];
    let found = place
        .search(Vec::new(), &proposers, Options::default())
        .unwrap();
    assert!(found.tried.is_empty());
}

#[test]
fn thresholds_of_routing_are_tried_at_the_lengths_of_train_questions() {
    let place = Place::new(60);
    let fallback = "    fallbacks: [{provider: {id: script, settings: {otherwise: 1 EUR}}}]\n";
    place.write(
        "prices.yml",
        &format!("{LEARNER}botsmith:\n{}", fallback.replace("    ", "  ")),
    );
    let proposers: Vec<Box<dyn Proposer>> = vec![Box::new(Parameters::default())];
    let found = place
        .search(Vec::new(), &proposers, Options::default())
        .unwrap();
    assert!(!found.tried.is_empty());
    assert!(
        found
            .tried
            .iter()
            .all(|tried| tried.name.starts_with("route-1-"))
    );
}

#[test]
fn regression_cases_are_appended_once_and_stay_train() {
    let place = Place::new(60);
    let train = of(Use::Train, 60);
    let found = place
        .search(corrections(&train[..3]), &examples(), Options::default())
        .unwrap();
    let file = place.at("regressions.jsonl");
    std::fs::write(&file, "{\"id\": \"mine\", \"input\": \"q\"}").unwrap();
    let first = Regressions::append(&file, &found.regressions).unwrap();
    assert_eq!((first.found, first.added), (train.len(), train.len()));
    let second = Regressions::append(&file, &found.regressions).unwrap();
    assert_eq!((second.found, second.added), (train.len(), 0));
    let text = std::fs::read_to_string(&file).unwrap();
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (rows.len(), rows[0]["id"].as_str()),
        (train.len() + 1, Some("mine"))
    );
    // In any dataset, its own suite's included, such a row is a case of train.
    place.write(
        "suite.yaml",
        &SUITE
            .replace("cases.jsonl", "regressions.jsonl")
            .replace("equals", "equals: {value: x}"),
    );
    let suite = place.suite();
    let cases = botsmith_eval::hone::Cases::read(&suite, &suite.hone.split).unwrap();
    let of_train = cases
        .train()
        .filter(|case| case.case().tags.contains(&"must-pass".to_owned()));
    assert_eq!(of_train.count(), train.len());
}
