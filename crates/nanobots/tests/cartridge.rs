//! Cartridges as their users meet them: what is read, what is warned of, what is refused.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use botsmith_core::config::{Environment, MemoryFiles};
use botsmith_nanobots::bot::Behavior;
use botsmith_nanobots::cartridge::{
    Cartridge, Format, Options, Profile, Target, Transport, VariableType,
};
use botsmith_nanobots::interface::safety;
use botsmith_nanobots::library::{Library, search_path};
use botsmith_nanobots::{Error, cartridge};
use serde_json::{Map, Value, json};

fn read(text: &str, profile: Profile) -> Result<Cartridge, Error> {
    Cartridge::parse(text, Format::Yaml, &Options::default().profile(profile))
}

fn native(text: &str) -> Cartridge {
    read(text, Profile::Native).unwrap()
}

fn refusal(text: &str) -> String {
    read(text, Profile::Native).unwrap_err().to_string()
}

fn markdown(text: &str) -> Value {
    let options = Options::default().profile(Profile::Compat);
    let cartridge = Cartridge::parse(text, Format::Markdown, &options).unwrap();
    cartridge.value().clone()
}

#[test]
fn markdown_blocks_become_one_cartridge() {
    let cases = [
        ("hello", json!({})),
        ("text\n```yaml\na: 1\n```\nafter", json!({"a": 1})),
        ("~~~YML\na: 1\n~~~", json!({"a": 1})),
        ("~~~~ yaml \na: 1\n~~~~", json!({"a": 1})),
        ("```yaml title=x\na: 1\n```", json!({})),
        ("```json\n{\"a\": 1}\n```", json!({})),
        ("    a: 1", json!({})),
        ("---\na: 1\n---\n\nhi", json!({})),
        ("```yaml\n```", json!({})),
        (
            "```yaml\na: {x: 1, y: [1]}\n```\n\n```yml\na: {y: [2]}\n```",
            json!({"a": {"x": 1, "y": [2]}}),
        ),
        (
            "```yaml\na: 1\n```\n\n```yaml\na: ~\n```",
            json!({"a": null}),
        ),
        (
            "```yaml\ntools: [{name: a}]\n```\n\n```lua\nreturn 1\n```\n\n```fnl\n1\n```",
            json!({"tools": [{"name": "a", "lua": "return 1\n"}]}),
        ),
        (
            "```yaml\ntools: [{name: a}, {name: b}]\n```\n\n```json\n{}\n```\n\n```FNL\n1\n```",
            json!({"tools": [{"name": "a"}, {"name": "b", "fennel": "1\n"}]}),
        ),
        (
            "```yaml\ntools: [{name: a}]\n```\n\n```yaml\nm: 1\n```\n\n```lua\nreturn 1\n```",
            json!({"m": 1, "tools": [{"name": "a"}]}),
        ),
        (
            "```yaml\ntools: [{name: a}]\n```\n\n```clj\n1\n```\n\n```yaml\ntools: [{name: b}]\nm: 1\n```\n\n```lua\n2\n```",
            json!({"m": 1, "tools": [{"name": "a", "clojure": "1\n"}, {"name": "b", "lua": "2\n"}]}),
        ),
        (
            "```yaml\ntools: []\n```\n\n```lua\n1\n```",
            json!({"tools": []}),
        ),
        (
            "1. one\n\n   ```yaml\n   a:\n     b: 1\n   ```\n",
            json!({"a": {"b": 1}}),
        ),
        ("> ```yaml\n> a:\n>   b: 1\n> ```\n", json!({"a": {"b": 1}})),
        (
            "x\r\n```yaml\r\na: 1\r\nb: 2\r\n```\r\n",
            json!({"a": 1, "b": 2}),
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(markdown(text), wanted, "{text}");
    }
}

#[test]
fn a_mistake_in_a_markdown_block_is_at_its_line_of_the_file() {
    let text =
        "# Bot\n\n```yaml\nmeta:\n  name: x\n```\n\nThen:\n\n- list\n\n  ```yaml\n  a: [1\n  ```\n";
    let options = Options::default();
    let error = Cartridge::parse(text, Format::Markdown, &options).unwrap_err();
    let Error::Core(error) = error else {
        panic!("{error}")
    };
    let place = error.diagnostic().unwrap();
    assert_eq!((place.line, place.column), (13, 6), "{place}");
}

#[test]
fn compat_reads_yaml_as_ruby_does_and_native_as_yaml_1_2() {
    let text = "a: yes\nb: 010\nc: 12:30\nd: :word\ne: 1_000\n:f: y\ng: \"yes\"\nh: ~\n";
    let compat = read(text, Profile::Compat).unwrap();
    let wanted = json!({"a": true, "b": 8, "c": 45000, "d": "word", "e": 1000, "f": "y", "g": "yes", "h": null});
    assert_eq!(compat.value(), &wanted);
    let own = native(text);
    assert_eq!(own.value()["a"], "yes");
    assert_eq!(own.value()["b"], 10);
}

#[test]
fn compat_refuses_aliases_and_dates_by_the_names_that_ruby_has_for_it() {
    for (text, class) in [
        ("a: &x 1\nb: *x", "BadAlias"),
        ("a: 2024-01-02", "DisallowedClass"),
        ("a: 2024-01-02 10:00:00", "DisallowedClass"),
        ("a: !ruby/object:Object {}", "DisallowedClass"),
    ] {
        let error = read(text, Profile::Compat).unwrap_err().to_string();
        assert!(error.contains(class), "{error}");
    }
    assert_eq!(native("a: &x 1\nb: *x").value()["b"], 1);
    assert_eq!(native("a: 2024-01-02").value()["a"], "2024-01-02");
    assert_eq!(read("a: &x 1", Profile::Compat).unwrap().value()["a"], 1);
}

#[test]
fn a_key_that_stands_twice_warns_and_the_last_one_wins() {
    for profile in [Profile::Compat, Profile::Native] {
        let cartridge = read("meta: {name: a}\nmeta: {author: b}\n", profile).unwrap();
        assert_eq!(cartridge.value(), &json!({"meta": {"author": "b"}}));
        let warning = &cartridge.warnings()[0];
        assert_eq!(warning.line, 2, "{warning}");
        assert!(warning.message.contains("twice"), "{warning}");
    }
}

#[test]
fn the_environment_is_put_in_and_never_shown() {
    let environment = BTreeMap::from([("KEY".to_owned(), "sk-secret-1".to_owned())]);
    let options = Options::default().variables(&environment);
    let text = "provider:\n  credentials:\n    access-token: ENV/KEY\n    address: ENV-NONE\n\
                botsmith:\n  mcp:\n    a: {command: [run, ENV/KEY], env: {T: ENV/KEY}}\n    \
                b: {url: 'https://x/y', headers: {Authorization: ENV/KEY}}\n  \
                fallbacks: [{provider: {id: openai, credentials: {access-token: ENV/KEY}}}]\n";
    let cartridge = Cartridge::parse(text, Format::Yaml, &options).unwrap();
    let secret = "sk-secret-1";
    assert_eq!(
        cartridge.fetch(&["provider", "credentials", "access-token"]),
        Some(&json!(secret))
    );
    assert_eq!(
        cartridge.value()["provider"]["credentials"]["address"],
        Value::Null
    );
    assert_eq!(
        cartridge.original()["provider"]["credentials"]["access-token"],
        "ENV/KEY"
    );
    assert_eq!(
        cartridge.native().fallbacks[0].provider["credentials"]["access-token"],
        secret
    );
    let Transport::Command { command, env, .. } = &cartridge.native().mcp["a"].transport else {
        panic!("a command was written");
    };
    assert_eq!((command[1].as_str(), env["T"].expose()), (secret, secret));
    let missing = cartridge
        .warnings()
        .iter()
        .find(|w| w.message.contains("`NONE`"))
        .unwrap();
    assert_eq!(missing.line, 4, "{missing}");
    let shown = format!(
        "{cartridge:?} {:?} {:?}",
        cartridge.native(),
        cartridge.warnings()
    );
    assert!(!shown.contains(secret), "{shown}");
    assert_eq!(cartridge.redact("x sk-secret-1 y"), "x ENV/KEY y");
}

#[test]
fn a_secret_in_a_wrong_place_is_in_no_error() {
    let environment = BTreeMap::from([("KEY".to_owned(), "sk-secret-1".to_owned())]);
    let options = Options::default().variables(&environment);
    for text in [
        "botsmith: {limits: {tokens: ENV/KEY}}",
        "botsmith: {mcp: {a: {url: ENV/KEY}}}",
        "botsmith: {cache: ENV/KEY}",
        "botsmith: {output-schema: {type: ENV/KEY}}",
    ] {
        let error = Cartridge::parse(text, Format::Yaml, &options).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("sk-secret"),
            "{error}"
        );
    }
}

#[test]
fn extensions_are_typed_with_defaults() {
    let cartridge = native(
        "botsmith:\n  variables: {language: {type: string, default: English}, city: Lisbon, name: }\n  \
         examples: [{user: a, assistant: b}]\n  output-schema: {type: object}\n  \
         fallbacks: [{provider: {id: ollama}}, {provider: {id: openai}, on: rate-limit}]\n  \
         routing:\n    - {when: {input-longer-than: 20, language: de}, use: 2}\n    \
         - {when: {tag: [x, y]}, provider: {id: mistral}}\n  cache: {ttl: 1h}\n  \
         limits: {tokens: 4000, seconds: 60, tool-rounds: 5, cost: 0.05}\n  context: 8000\n  \
         mcp: {web: {url: 'https://example.org', tools: [search], timeout: 5s}}\n  evaluate: {dataset: [], evaluators: [exact-match]}\n",
    );
    let own = cartridge.native();
    assert_eq!(own.variables["language"].kind, VariableType::String);
    assert!(!own.variables["city"].required && own.variables["name"].required);
    assert_eq!(own.examples[0].assistant, "b");
    assert_eq!(own.fallbacks[0].on.len(), 6);
    assert_eq!(
        own.fallbacks[1].on,
        [botsmith_core::chat::ErrorClass::RateLimit]
    );
    assert_eq!(own.routing[0].target, Target::Fallback(1));
    assert_eq!(own.routing[0].when.languages, ["de"]);
    assert_eq!(own.routing[1].when.tags, ["x", "y"]);
    assert_eq!(own.cache.ttl.unwrap().as_secs(), 3600);
    assert_eq!(own.limits.tool_rounds, Some(5));
    assert_eq!(own.context.budget, Some(8000));
    assert_eq!(
        own.mcp["web"].tools.as_deref(),
        Some(&["search".to_owned()][..])
    );
    assert_eq!(
        own.evaluate,
        Some(json!({"dataset": [], "evaluators": ["exact-match"]}))
    );
}

#[test]
fn mistakes_under_botsmith_are_errors_with_place_and_help() {
    let cases = [
        (
            "botsmith:\n  fallback: []",
            "<cartridge>:2:3",
            "did you mean `fallbacks`?",
        ),
        (
            "botsmith:\n  limits: {token: 1}",
            "<cartridge>:2:12",
            "did you mean `tokens`?",
        ),
        (
            "botsmith:\n  limits: {tokens: -1}",
            "<cartridge>:2:20",
            "whole number",
        ),
        (
            "botsmith: {variables: {a-b: 1}}",
            "<cartridge>:1:29",
            "no name of a variable",
        ),
        (
            "botsmith: {variables: {a: {type: text}}}",
            "<cartridge>:1:34",
            "`text` is not known",
        ),
        (
            "botsmith: {variables: {a: {type: integer, default: x}}}",
            "<cartridge>:1:52",
            "type integer",
        ),
        (
            "botsmith: {variables: {a: {choices: [red, blue], default: rde}}}",
            "<cartridge>:1:59",
            "did you mean `red`?",
        ),
        (
            "botsmith: {routing: [{when: {tag: a}, use: 1}]}",
            "<cartridge>:1:44",
            "there are 0 `fallbacks`",
        ),
        (
            "botsmith: {routing: [{when: {}, use: 0}]}",
            "<cartridge>:1:29",
            "without a condition",
        ),
        (
            "botsmith: {routing: [{when: {tag: a}}]}",
            "<cartridge>:1:22",
            "`use` or `provider`",
        ),
        (
            "botsmith: {fallbacks: [{provider: {id: a}, on: [slow]}]}",
            "<cartridge>:1:49",
            "`slow` is not known",
        ),
        (
            "botsmith: {fallbacks: [{provider: {}}]}",
            "<cartridge>:1:35",
            "key `id` is missing",
        ),
        (
            "botsmith: {mcp: {a: {}}}",
            "<cartridge>:1:21",
            "`command` or `url`",
        ),
        (
            "botsmith: {output-schema: {type: objekt}}",
            "<cartridge>:1:27",
            "JSON Schema",
        ),
        (
            "botsmith: {context: {policy: drop-oldest}}",
            "<cartridge>:1:21",
            "key `budget` is missing",
        ),
        (
            "botsmith: {examples: [{user: a}]}",
            "<cartridge>:1:23",
            "key `assistant` is missing",
        ),
        ("botsmith: []", "<cartridge>:1:11", "a mapping"),
    ];
    for (text, place, words) in cases {
        let error = refusal(text);
        assert!(
            error.contains(place) && error.contains(words),
            "{text}\n{error}"
        );
    }
}

#[test]
fn variables_are_put_into_behaviors_and_examples() {
    let cartridge = native(
        "behaviors:\n  interaction:\n    directive: |\n      Answer in {{ language }}.\n    backdrop: '{% if notes %}{{ notes | join(\", \") }}{% endif %}'\n\
         botsmith:\n  variables: {language: {default: English}, notes: {type: list, required: false}}\n  \
         examples: [{user: 'Say hi in {{ language }}', assistant: hi}]\n",
    );
    assert!(!cartridge.is_bound());
    let bound = cartridge.with_variables(&Map::new()).unwrap();
    assert!(bound.is_bound());
    assert_eq!(
        bound.system_text(Behavior::Interaction).as_deref(),
        Some("Answer in English.\n")
    );
    assert_eq!(bound.native().examples[0].user, "Say hi in English");
    let values = json!({"language": "{{ notes }} <b>", "notes": ["a", "b"]});
    let again = bound.with_variables(values.as_object().unwrap()).unwrap();
    let behavior = again.texts(Behavior::Interaction);
    assert_eq!(
        behavior.directive.as_deref(),
        Some("Answer in {{ notes }} <b>.\n")
    );
    assert_eq!(behavior.backdrop.as_deref(), Some("a, b"));
}

#[test]
fn braces_without_variables_are_plain_text() {
    let text = "behaviors: {interaction: {directive: 'Use {{ this }} and {% that'}}";
    let bound = native(text).with_variables(&Map::new()).unwrap();
    assert_eq!(
        bound.system_text(Behavior::Interaction).as_deref(),
        Some("Use {{ this }} and {% that")
    );
}

#[test]
fn wrong_variables_name_variable_and_place() {
    let declared = |text: &str| {
        format!(
            "behaviors:\n  interaction:\n    directive: '{text}'\nbotsmith:\n  variables: {{language: {{type: string, description: The tongue}}, n: {{type: integer, default: 1}}}}\n"
        )
    };
    let error = refusal(&declared("{{ langauge }}"));
    assert!(
        error.contains("did you mean `language`?") && error.contains(":3:"),
        "{error}"
    );
    let error = refusal(&declared("{% if x"));
    assert!(
        error.contains("the template breaks") && error.contains(":3:"),
        "{error}"
    );
    let cartridge = native(&declared("{{ language }}"));
    let failed = |values: Value| {
        cartridge
            .with_variables(values.as_object().unwrap())
            .unwrap_err()
            .to_string()
    };
    let error = failed(json!({}));
    assert!(
        error.contains("`language` (The tongue) is missing"),
        "{error}"
    );
    assert!(
        error.contains("`behaviors.interaction.directive` asks for it"),
        "{error}"
    );
    assert!(error.contains(":5:"), "{error}");
    let error = failed(json!({"language": 1}));
    assert!(error.contains("type string, found `1`"), "{error}");
    let error = failed(json!({"languge": "x"}));
    assert!(
        error.contains("not declared") && error.contains("did you mean `language`?"),
        "{error}"
    );
    let error = refusal(&declared("{{ language ~ language }}"));
    assert!(
        error.contains("may not hold `~`") && error.contains(":3:"),
        "{error}"
    );
}

fn shelf() -> MemoryFiles {
    MemoryFiles::from([
        (
            "bots/base.yml",
            "meta: {name: Base, author: Ada}\ntools: [{name: a, lua: '1'}, {name: b, lua: '2'}]\nbotsmith: {limits: {tokens: 5, cost: 1}}\n",
        ),
        (
            "bots/own.yml",
            "meta:\n  name: Own\ntools: [{name: b, lua: '3'}]\nbotsmith:\n  extends: base.yml\n  limits: {tokens: 7}\n  output-schema: schemas/s.json\n",
        ),
        ("bots/schemas/s.json", "{\"type\": \"object\"}"),
        ("bots/sub/child.yml", "botsmith: {extends: ../own.yml}"),
        ("bots/up.yml", "botsmith:\n  extends: ../outside.yml\n"),
        ("bots/abs.yml", "botsmith: {extends: /etc/passwd.yml}"),
        (
            "bots/schema-up.yml",
            "botsmith: {output-schema: ../../secret.json}",
        ),
        ("bots/env.yml", "botsmith: {extends: .env}"),
        ("bots/none.yml", "botsmith: {extends: nowhere.yml}"),
        (
            "bots/url.yml",
            "botsmith: {extends: 'https://example.org/a.yml'}",
        ),
        ("bots/x.yml", "a: 1\nbotsmith:\n  extends: y.md\n"),
        (
            "bots/y.md",
            "# Y\n\n```yaml\nbotsmith:\n  extends: x.yml\n```\n",
        ),
        ("bots/broken.yml", "a: 1\nbotsmith: {extends: bad.yml}"),
        ("bots/bad.yml", "a: 1\nb: [\n"),
        (
            "bots/deep.yml",
            "botsmith: {extends: wrong.yml}\nmeta: {name: x}\n",
        ),
        ("bots/wrong.yml", "# a\n# b\nbotsmith:\n  limts: {}\n"),
        ("outside.yml", "a: 1"),
    ])
}

#[test]
fn a_cartridge_builds_on_another() {
    let files = shelf();
    let options = Options::default().files(&files);
    let own = Cartridge::open("bots/own.yml", &options).unwrap();
    assert_eq!(own.meta().name.as_deref(), Some("Own"));
    assert_eq!(own.meta().author.as_deref(), Some("Ada"));
    let code: Vec<_> = own
        .tools()
        .iter()
        .map(|t| (t.name.clone(), t.code[0].1.clone()))
        .collect();
    assert_eq!(
        code,
        [("a".into(), "1".into()), ("b".into(), "3".to_owned())]
    );
    assert_eq!(
        (own.native().limits.tokens, own.native().limits.cost),
        (Some(7), Some(1.0))
    );
    assert_eq!(own.native().output_schema, Some(json!({"type": "object"})));
    assert_eq!(own.native().extends.as_deref(), Some("base.yml"));
    let paths: Vec<_> = own.files().map(Path::to_owned).collect();
    assert_eq!(paths[0], Path::new("bots/own.yml"));
    assert!(paths.contains(&PathBuf::from("bots/base.yml")), "{paths:?}");
    let place = own.diagnostic(&["meta", "author"], "here");
    assert_eq!(
        (place.path.as_path(), place.line),
        (Path::new("bots/base.yml"), 1),
        "{place}"
    );
    // The child's own folder is the root, so it may not look above it, unless told.
    assert!(Cartridge::open("bots/sub/child.yml", &options).is_err());
    let options = options.root("bots");
    let child = Cartridge::open("bots/sub/child.yml", &options).unwrap();
    assert_eq!(child.meta().name.as_deref(), Some("Own"));
}

#[test]
fn what_cannot_be_built_on_is_refused_with_its_place() {
    let files = shelf();
    let options = Options::default().files(&files);
    let cases = [
        (
            "bots/up.yml",
            "bots/up.yml:2:12",
            "outside the cartridge's folder",
        ),
        (
            "bots/abs.yml",
            "bots/abs.yml:1:21",
            "outside the cartridge's folder",
        ),
        (
            "bots/schema-up.yml",
            "bots/schema-up.yml:1:27",
            "outside the cartridge's folder",
        ),
        (
            "bots/env.yml",
            "bots/env.yml:1:21",
            "Unknown cartridge format",
        ),
        (
            "bots/none.yml",
            "bots/none.yml:1:21",
            "no such file: `bots/nowhere.yml`",
        ),
        ("bots/url.yml", "bots/url.yml:1:21", "no path to a file"),
        (
            "bots/x.yml",
            "bots/y.md:5:12",
            "bots/x.yml -> bots/y.md -> bots/x.yml",
        ),
        ("bots/broken.yml", "bots/bad.yml:2:", "bracket"),
        (
            "bots/deep.yml",
            "bots/wrong.yml:4:3",
            "did you mean `limits`?",
        ),
    ];
    for (path, place, words) in cases {
        let error = Cartridge::open(path, &options).unwrap_err().to_string();
        assert!(
            error.contains(place) && error.contains(words),
            "{path}\n{error}"
        );
    }
    let error = refusal("botsmith: {extends: outside.yml}");
    assert!(error.contains("stands in no file"), "{error}");
}

#[test]
fn names_are_found_in_the_order_of_the_reference() {
    let files = MemoryFiles::from(
        [
            "a.yml",
            "b.md",
            "gpt-3.5.yml",
            "/p1/c.yaml",
            "/p1/dup.yml",
            "/p2/dup.yml",
            "/p2/sub/e.yml",
        ]
        .map(|path| (path, "meta: {name: x}")),
    );
    let environment = Environment::new("/").with("NANO_BOTS_CARTRIDGES_PATH", "/p1:/p2/");
    let library = Library::new(&environment, &files);
    let cases = [
        ("a", Some("./a.yml")),
        ("a.yml", Some("a.yml")),
        ("a.yaml", Some("./a.yml")),
        ("b", Some("./b.md")),
        ("c", Some("/p1/c.yaml")),
        ("./c", Some("/p1/c.yaml")),
        ("c.yaml", Some("/p1/c.yaml")),
        ("dup", Some("/p1/dup.yml")),
        ("sub/e", Some("/p2/sub/e.yml")),
        ("/sub/e", Some("/p2/sub/e.yml")),
        ("/p2/sub/e", Some("/p2/sub/e.yml")),
        ("e", None),
        ("gpt-3.5", Some("./gpt-3.5.yml")),
        ("../p1/c", None),
        ("", None),
    ];
    for (name, wanted) in cases {
        assert_eq!(
            library.find(name).as_deref(),
            wanted.map(Path::new),
            "{name}"
        );
    }
    let error = library
        .open("zzz", &Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("Cartridge file not found: \"zzz\""),
        "{error}"
    );
    assert!(error.contains("/p2"), "{error}");
}

#[test]
fn the_list_is_sorted_by_name_and_says_what_it_left_out() {
    let files = MemoryFiles::from([
        ("/p1/z.yml", "meta: {name: Beta}"),
        ("/p1/x/y.md", "```yaml\nmeta: {name: Alpha}\n```"),
        ("/p2/dup.yml", "meta: {name: Beta}"),
        ("/p1/nameless.yml", "meta: {author: me}"),
        ("/p1/broken.yml", "a: ["),
        ("/p1/notes.txt", "hello"),
    ]);
    let environment = Environment::new("/").with("NANO_BOTS_CARTRIDGES_PATH", "/p1:/p2:/gone");
    let library = Library::new(&environment, &files);
    let (listed, failed) = library.list(&Options::default());
    let ids: Vec<_> = listed.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["-", "x/y", "z", "dup"]);
    let failed: Vec<_> = failed.iter().map(|(path, _)| path.as_path()).collect();
    assert_eq!(
        failed,
        [Path::new("/p1/broken.yml"), Path::new("/p1/nameless.yml")]
    );
}

#[test]
fn the_search_path_is_what_is_there_or_the_default() {
    let path = |variables: &[(&str, &str)], there: &dyn Fn(&Path) -> bool| {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        };
        let folders = search_path(Path::new("/home/u"), &lookup, there);
        folders
            .iter()
            .map(|p| p.display().to_string())
            .collect::<Vec<_>>()
            .join(":")
    };
    let new = "NANO_BOTS_CARTRIDGES_PATH";
    let old = "NANO_BOTS_CARTRIDGES_DIRECTORY";
    let default = "/home/u/.local/share/nano-bots/cartridges";
    assert_eq!(path(&[], &|_| true), default);
    assert_eq!(path(&[(old, "/home/u/mine")], &|_| true), "/home/u/mine");
    assert_eq!(path(&[(new, "/a/:/b"), (old, "/c")], &|_| true), "/a:/b:/c");
    assert_eq!(
        path(&[(new, "/a:/b"), (old, "/c")], &|p| p != Path::new("/a")),
        "/b:/c"
    );
    assert_eq!(path(&[(new, "/a")], &|_| false), default);
}

#[test]
fn views_read_what_the_specification_defines() {
    let text = "meta: {name: 7, version: 1.0}\nsafety: {functions: {sandboxed: false}, tools: {confirmable: ~}}\n\
                interfaces: {tools: {confirming: {yeses: [yes, sim], default: yes}}, repl: {tools: {confirming: {yeses: [s]}}}}\n\
                behaviors: {interaction: {directive: D, instruction: I}, boot: {instruction: B}}\n";
    let compat = read(text, Profile::Compat).unwrap();
    assert_eq!(compat.meta().name.as_deref(), Some("7"));
    let allowed = safety(compat.value());
    assert!(!allowed.sandboxed && allowed.confirmable);
    assert_eq!(allowed.yeses[1], "sim");
    assert_eq!(
        compat.system_text(Behavior::Interaction).as_deref(),
        Some("D")
    );
    assert!(
        compat
            .warnings()
            .iter()
            .any(|w| w.message.contains("is not sent"))
    );
    let own = native(text);
    assert_eq!(
        own.system_text(Behavior::Interaction).as_deref(),
        Some("D\n\nI")
    );
    assert_eq!(own.system_text(Behavior::Boot), None);
    assert_eq!(own.texts(Behavior::Boot).instruction.as_deref(), Some("B"));
}

#[test]
fn the_baseline_needs_no_file() {
    let environment = Environment::new("/");
    let files = MemoryFiles::default();
    let library = Library::new(&environment, &files);
    let cartridge = library
        .open("-", &Options::default().profile(Profile::Compat))
        .unwrap();
    assert_eq!(cartridge.meta().name.as_deref(), Some("Unknown"));
    assert_eq!(cartridge.provider_id(), Some("openai"));
    assert_eq!(
        cartridge.value()["provider"]["settings"]["model"],
        "gpt-3.5-turbo"
    );
}

#[test]
fn a_map_is_a_cartridge_too() {
    let value = json!({"meta": {"name": "a/b \u{1F600} \u{7f}"}, "botsmith": {"cache": true}});
    let cartridge = Cartridge::from_value(&value, Profile::Compat).unwrap();
    assert_eq!(cartridge.value(), &value);
    assert!(cartridge.native().cache.enabled());
    assert!(Cartridge::from_value(&json!([1]), Profile::Native).is_err());
    assert_eq!(cartridge::fetch(&value, &["meta", "name", "x"]), None);
}

#[test]
fn unknown_keys_warn_with_line_and_help() {
    let cases: [(&str, usize, &str); 12] = [
        ("behavior: {}", 1, "did you mean `behaviors`?"),
        ("meta:\n  nmae: x", 2, "did you mean `name`?"),
        ("provider:\nid: openai", 2, "belongs under `provider`"),
        (
            "behaviors:\n  directive: x",
            2,
            "belongs under `behaviors.interaction` or `behaviors.boot`",
        ),
        (
            "provider:\n  generationConfig: {}",
            2,
            "belongs under `provider.settings`",
        ),
        (
            "provider:\n  model: x",
            2,
            "belongs under `provider.settings` or `provider.options`",
        ),
        (
            "behaviors:\n  interaction:\n    expertise: x",
            3,
            "valid here: `directive`, `backdrop` or `instruction`",
        ),
        (
            "interfaces:\n  repl:\n    output:\n      sufix: x",
            4,
            "did you mean `suffix`?",
        ),
        ("tools:\n- nam: a", 2, "did you mean `name`?"),
        (
            "safety:\n  sandboxed: true",
            2,
            "belongs under `safety.functions`",
        ),
        ("safety:\n  tools:\n    confirmable: no", 3, "write `false`"),
        ("provider:\n  settings: [a]", 2, ""),
    ];
    for (text, line, hint) in cases {
        let cartridge = native(text);
        let warnings = cartridge.warnings();
        assert_eq!(warnings.len(), 1, "{text}\n{warnings:?}");
        assert_eq!(warnings[0].line, line, "{}", warnings[0]);
        let shown = warnings[0].hint.clone().unwrap_or_default();
        assert!(shown.contains(hint), "{}", warnings[0]);
        let strict = cartridge.strict().unwrap_err().to_string();
        assert_eq!(strict, warnings[0].to_string());
    }
}

#[test]
fn what_the_specification_allows_makes_no_warning() {
    let text = "miscellaneous: {anything: [goes]}\nmeta: {name: 1.0, symbol: }\n\
                provider: {id: google, credentials: {project_id: x, file_contents: y}, settings: {any: 1}, options: {stream: ENV/S}}\n\
                interfaces: {repl: {prompt: '> ', output: {prefix: ~}}, tools: {feedback: true}}\n\
                tools: [{name: a, type: function, parameters: {type: object, odd: 1}, lua: 'return 1'}]\n";
    let environment = BTreeMap::from([("S".to_owned(), "x".to_owned())]);
    let options = Options::default().variables(&environment);
    let cartridge = Cartridge::parse(text, Format::Yaml, &options).unwrap();
    assert_eq!(cartridge.warnings(), []);
    assert!(cartridge.strict().is_ok());
}

/// Every key of a cartridge, once.
const FULL: &str = include_str!("data/full.yml");

#[test]
fn a_cartridge_with_every_key_is_right_by_schema_and_reader() {
    let cartridge = native(FULL);
    let of_environment = |w: &botsmith_core::Diagnostic| w.message.contains("of the environment");
    let odd: Vec<_> = cartridge
        .warnings()
        .iter()
        .filter(|w| !of_environment(w))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    let schema = cartridge::schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(cartridge.original())
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut unused = Vec::new();
    used(&schema, cartridge.original(), "", &mut unused);
    // A text without a file builds on none, and a rule has either `use` or `provider`.
    assert_eq!(
        unused,
        [".botsmith.extends", ".botsmith.routing[].provider"]
    );
    assert!(!validator.is_valid(&json!({"botsmith": {"limit": {}}})));
    assert!(!validator.is_valid(&json!({"botsmith": {"variables": {"a": {"kind": "string"}}}})));
}

/// Collects the keys of a schema that a value does not have, in any of its items.
fn used(schema: &Value, value: &Value, path: &str, unused: &mut Vec<String>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        match value.get(key) {
            None => unused.push(path),
            Some(value) => used(property, value, &path, unused),
        }
    }
    if let (Some(items), Some(first)) = (
        schema.get("items"),
        value.as_array().and_then(|v| v.first()),
    ) {
        used(items, first, &format!("{path}[]"), unused);
    }
}

#[test]
fn every_key_of_the_schema_says_what_it_is_for() {
    fn walk(schema: &Value, path: &str) {
        if !schema.is_object() {
            return;
        }
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            let about = property["description"].as_str().unwrap_or_default();
            assert!(about.len() > 4 && about.ends_with('.'), "{path}: {about:?}");
            walk(property, &path);
        }
        for inner in ["items", "additionalProperties"] {
            walk(&schema[inner], path);
        }
        for inner in schema["anyOf"].as_array().into_iter().flatten() {
            walk(inner, path);
        }
    }
    walk(&cartridge::schema(), "");
    let own = cartridge::schema()["properties"]["botsmith"]["properties"].clone();
    let keys: Vec<&str> = own
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, cartridge::Native::KEYS);
}
