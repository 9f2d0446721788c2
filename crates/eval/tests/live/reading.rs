use botsmith_core::store;
use botsmith_eval::ask::Given;

use super::common::{Count, bot, read, run, said, says};

fn with(bots: &str) -> String {
    format!("version: 1\ndataset: [{{input: q}}]\n{bots}\nevaluators: [{{contains: q}}]\n")
}

fn names(bots: &str) -> Vec<String> {
    let suite = read(&with(bots)).unwrap();
    suite.bots.into_iter().map(|bot| bot.name).collect()
}

#[test]
fn a_matrix_gives_a_bot_for_each_choice() {
    let matrix = "matrix: {bots: [bots/assistant.yml], variables: {tone: [formal, warm]}}";
    assert_eq!(
        names(matrix),
        ["assistant[tone=formal]", "assistant[tone=warm]"]
    );
    let matrix = "bots: [plain.yml]
matrix:
  bots: [a.yml, {name: gpt, provider: {id: openai, settings: {model: x}}}]
  prompts: ['{{ input }}', {name: cot, template: 'Think. {{ input }}'}]
  variables: {n: [1, 2]}";
    assert_eq!(
        names(matrix),
        [
            "plain",
            "a[prompt=1,n=1]",
            "a[prompt=1,n=2]",
            "a[prompt=cot,n=1]",
            "a[prompt=cot,n=2]",
            "gpt[prompt=1,n=1]",
            "gpt[prompt=1,n=2]",
            "gpt[prompt=cot,n=1]",
            "gpt[prompt=cot,n=2]"
        ]
    );
}

#[test]
fn variables_stand_in_prompts() {
    let text = with(
        "matrix: {bots: [a.yml], prompts: ['Be {{ tone }}: {{ input }}'], variables: {tone: [kind, brief]}}",
    );
    let store = store::open("memory:").unwrap();
    let echo = || bot(&Count::default(), |r| says(said(r)));
    let bots = Given::default()
        .with("a[prompt=1,tone=kind]", echo())
        .with("a[prompt=1,tone=brief]", echo());
    let finished = run(&*store, &text, &bots).unwrap();
    let cases = super::common::cases(&*store, &finished);
    let texts: Vec<_> = cases[0]
        .answers
        .iter()
        .map(|a| a.answer.text.as_str())
        .collect();
    assert_eq!(texts, ["Be kind: q", "Be brief: q"]);
}

#[test]
fn mistakes_name_their_place_and_the_nearest_word() {
    let table = [
        ("bots: [{name: a, cartrige: a.yml}]", "did you mean"),
        (
            "bots: [{cartridge: a.yml, rat: 5/s}]",
            "did you mean `rate`?",
        ),
        (
            "bots: [{cartridge: a.yml, rate: fast}]",
            "`fast` is no rate",
        ),
        (
            "bots: [{cartridge: a.yml, concurrency: 0}]",
            "must be 1 or more",
        ),
        (
            "bots: [{name: a, provider: {settings: {model: m}}}]",
            "the provider has no `id`",
        ),
        ("bots: [{name: a, prompt: hi}]", "the bot has no answers"),
        ("bots: [a.yml, b/a.yml]", "a second bot named `a`"),
        (
            "bots: [{cartridge: a.yml, recorded: {answer: /a}}]",
            "a bot is asked or recorded",
        ),
        (
            "matrix: {bots: [a.yml], variables: {n: []}}",
            "the list is empty",
        ),
        (
            "matrix: {bots: [{name: a, recorded: {answer: /a}}]}",
            "recorded answers cannot vary",
        ),
        (
            "matrix: {bots: [a.yml], prompt: [x]}",
            "did you mean `prompts`?",
        ),
    ];
    for (bots, wanted) in table {
        let error = read(&with(bots)).unwrap_err().to_string();
        assert!(
            error.contains(wanted) && error.contains("suite.yaml:3:"),
            "{bots}: {error}"
        );
    }
    let judge = |options: &str| {
        let text = with("bots: [a.yml]").replace(
            "{contains: q}",
            &format!("{{judge: {{cartridge: j.yml, {options}}}}}"),
        );
        read(&text).unwrap_err().to_string()
    };
    assert!(judge("kind: rubrik, criteria: x").contains("did you mean `rubric`?"));
    assert!(judge("criteria: x, choices: {a: 1, b: 0}").contains("unknown key `choices`"));
    let error = judge("kind: pairwise, criteria: x, against: b");
    assert!(error.contains("no bot `b` to compare with"), "{error}");
    let error = read(&with("bots: [a.yml]").replace(
        "{contains: q}",
        "{not: {judge: {cartridge: j.yml, criteria: x}}}",
    ));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("cannot be part of another")
    );
}

#[test]
fn a_secret_in_a_suite_is_refused_and_not_repeated() {
    let bots =
        "bots: [{name: a, provider: {id: openai, credentials: {access-token: sk-planted-secret}}}]";
    let error = read(&with(bots)).unwrap_err();
    let shown = format!("{error}{error:?}");
    assert!(shown.contains("ENV/"), "{shown}");
    assert!(!shown.contains("planted"), "{shown}");
    let open = bots.replace(
        "sk-planted-secret",
        "ENV/OPENAI_API_KEY, address: 'http://127.0.0.1:1'",
    );
    read(&with(&open)).unwrap();
}
