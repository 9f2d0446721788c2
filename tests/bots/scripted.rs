use super::common::{Folder, keys};
use serde_json::json;

fn folder(suite: &str) -> Folder {
    let folder = Folder::with_suite(suite);
    folder.write(
        "bots/shop.yml",
        "behaviors: {interaction: {directive: 'Answer in a {{ tone }} way.'}}
botsmith:
  variables: {tone: {type: string, default: plain}}
provider:
  id: script
  settings:
    answers:
      - {when: {tool: price}, say: 'It is {{ tool.result }} euros.'}
      - {when: {input: price}, calls: [{tool: price, arguments: {item: lamp}}]}
      - {when: {system: warm}, say: 'Dear friend, hello!'}
      - {when: {input: rude}, refuse: I do not answer that.}
      - {when: {input: broken}, fail: {class: server, message: the machine is down}}
    otherwise: 'Hello. You said: {{ input }}'
tools:
  - name: price
    description: The price of an item.
    parameters: {type: object, properties: {item: {type: string}}, required: [item]}
    lua: return parameters['item'] == 'lamp' and 12 or 0
",
    );
    folder.write(
        "bots/judge.yml",
        "provider:
  id: script
  settings:
    answers: [{when: /Hello/, say: {reason: it greets, met: [true]}}]
    otherwise: {say: {reason: no greeting, met: [false]}}
",
    );
    folder
}

#[test]
fn a_cartridge_is_judged_with_its_tools_and_by_a_judge() {
    let folder = folder(
        "version: 1
dataset:
  - {id: greet, input: good day}
  - {id: price, input: what is the price?}
  - {id: rude, input: something rude}
  - {id: broken, input: something broken}
bots: [{cartridge: bots/shop.yml, call-tools: true}]
evaluators:
  - contains: {value: '12 euros', when: id == 'price'}
  - tool-calls: {expect: [{name: price, arguments: {item: lamp}}], when: id == 'price'}
  - trajectory: {required: [{tool: price, output: '^12$'}, {says: euros}], order: in-order, max-rounds: 2, when: id == 'price'}
  - judge: {cartridge: bots/judge.yml, criteria: It greets.}
",
    );
    let args = [
        "eval",
        "suite.yaml",
        "--json",
        "--jsonl",
        "out.jsonl",
        "--html",
        "out.html",
    ];
    let report = folder.run(&args).ends(0).json();
    let bot = &report["bots"][0];
    assert_eq!(bot["name"], "shop");
    assert_eq!(
        (&bot["answered"], &bot["refused"], &bot["failed"]),
        (&2.into(), &1.into(), &1.into())
    );
    for name in ["contains", "tool-calls", "trajectory"] {
        assert_eq!(
            bot["scores"][name]["passed"],
            1,
            "{name}: {}\n{}",
            bot,
            folder.read("out.jsonl")
        );
    }
    let judge = &bot["scores"]["judge"];
    assert_eq!(
        (&judge["n"], &judge["passed"], &judge["errors"]),
        (&2.into(), &1.into(), &0.into())
    );
    assert_eq!(
        keys(&report)[..6],
        ["run", "suite", "seed", "gate", "bots", "comparisons"]
    );
    assert_eq!(
        keys(bot)[..6],
        ["name", "cases", "answered", "refused", "failed", "overall"]
    );
    let lines = folder.read("out.jsonl");
    assert!(
        lines.contains("server: script: the machine is down"),
        "{lines}"
    );
    assert!(lines.contains("I do not answer that."), "{lines}");
    assert!(
        lines.contains("\"scripted\":true"),
        "made-up answers say so: {lines}"
    );
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("shop") && warnings.contains("script"),
        "{warnings}"
    );
    // Judged again, the stored answers stay.
    let again = folder.run(&["eval", "rerun", "--json"]).ends(0).json();
    assert_eq!(again["bots"][0]["scores"]["judge"]["passed"], 1);
    let failed = folder
        .run(&["eval", "rerun", "--failed", "--json"])
        .ends(0)
        .json();
    assert_eq!(failed["bots"][0]["failed"], 1);
}

#[test]
fn variables_of_a_matrix_reach_the_cartridge() {
    let folder = folder(
        "version: 1
dataset: [{input: good day}]
matrix: {bots: [bots/shop.yml], variables: {tone: [plain, warm]}}
evaluators: [{contains: Dear}]
gate: [{metric: contains, bot: 'shop[tone=warm]', pass-rate: {min: 1}}]
",
    );
    let report = folder.report();
    let names: Vec<_> = report["bots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bot| bot["name"].clone())
        .collect();
    assert_eq!(names, ["shop[tone=plain]", "shop[tone=warm]"]);
    assert_eq!(report["bots"][1]["scores"]["contains"]["passed"], 1);
    assert_eq!(report["comparisons"][0]["difference"], 1.0);
}

#[test]
fn a_changed_cartridge_is_another_run_and_a_missing_one_is_named() {
    let suite = "version: 1
dataset: [{input: good day}]
bots: [bots/shop.yml]
evaluators: [{contains: Hello}]
";
    let folder = folder(suite);
    let first = folder.report()["run"].clone();
    assert_eq!(folder.report()["run"], first);
    let text = folder.read("bots/shop.yml").replace("Hello.", "Hello!");
    folder.write("bots/shop.yml", text);
    assert_ne!(folder.report()["run"], first);
    folder.write("suite.yaml", suite.replace("shop.yml", "shp.yml"));
    let ran = folder.run(&["eval", "suite.yaml"]).ends(2);
    assert!(
        ran.stderr.contains("suite.yaml:3:8 in `bots[0]`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("`shop.yml` is there"), "{}", ran.stderr);
    folder.write(
        "suite.yaml",
        suite.replace(
            "[bots/shop.yml]",
            "[{cartridge: bots/shop.yml, variables: {tune: x}}]",
        ),
    );
    let ran = folder.run(&["eval", "suite.yaml"]).ends(2);
    assert!(
        ran.stderr.contains("did you mean `tone`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_answers_used_is_added_up_for_each_bot() {
    let folder = folder(
        "version: 1
dataset:
  - {id: a, input: one, said: one, price: 0.5}
  - {id: b, input: two, said: two}
bots:
  - {cartridge: bots/counted.yml}
  - {name: priced, recorded: {answer: /said, cost: /price}}
  - {name: silent, recorded: {answer: /said}}
evaluators: [{contains: o}]
",
    );
    folder.write(
        "bots/counted.yml",
        "botsmith:
  fallbacks:
    - {provider: {id: script, settings: {model: small, answers: [{when: /./, say: one or two, usage: {input: 10, output: 3}}]}}}
provider: {id: script, settings: {model: large, otherwise: {fail: {class: rate-limit, message: busy}}}}
",
    );
    let args = [
        "eval",
        "suite.yaml",
        "--json",
        "--markdown",
        "out.md",
        "--html",
        "out.html",
    ];
    let report = folder.run(&args).ends(0).json();
    let totals = |bot: usize| &report["bots"][bot]["totals"];
    assert_eq!(
        totals(0)["tokens"],
        json!({"n": 2, "input": 20, "output": 6})
    );
    assert_eq!(totals(0)["hops"]["n"], 2);
    assert!(
        totals(0)["hops"]["failed"].as_u64().unwrap() >= 1,
        "{}",
        totals(0)
    );
    assert_eq!(totals(1), &json!({"cost": {"n": 1, "total": 0.5}}));
    assert!(report["bots"][2].get("totals").is_none());
    let markdown = folder.read("out.md");
    assert!(markdown.contains("counted: 20 + 6 tokens, "), "{markdown}");
    assert!(
        markdown.contains("priced: cost 0.500 of 1 answer"),
        "{markdown}"
    );
    assert!(!markdown.contains("silent used"), "{markdown}");
    let shown = folder.run(&["eval", "show"]).ends(0).stdout;
    assert!(shown.contains("counted used 20 + 6 tokens, "), "{shown}");
    assert!(folder.read("out.html").contains("usedLines"));
}
