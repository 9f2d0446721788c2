//! A bot that is moved off its vendor has left it: fallbacks and rules of the cartridge ask nobody.

use std::time::Duration;

use serde_json::json;

use crate::common::Folder;
use crate::server::{Server, says};

/// A server that answers as `who`.
fn answering(who: &'static str) -> Server {
    Server::start(Duration::ZERO, move |_, _| says(who))
}

fn refusing() -> Server {
    Server::start(Duration::ZERO, |_, _| {
        (500, json!({"error": {"message": "out of order"}}))
    })
}

fn cartridge(vendor: &str) -> String {
    let provider = |model: &str| {
        format!(
            "{{id: openai, credentials: {{address: '{vendor}', access-token: k-123}}, settings: {{model: {model}, stream: false}}}}"
        )
    };
    format!(
        "meta: {{name: A}}\nprovider: {}\nbotsmith:\n  fallbacks: [{{provider: {}}}]\n  routing:\n    \
         - {{when: {{input-longer-than: 20}}, provider: {}}}\n    - {{when: {{input-longer-than: 10}}, use: 1}}\n",
        provider("own"),
        provider("spare"),
        provider("long"),
    )
}

const QUESTIONS: [&str; 3] = ["short", "long enough", "long enough for the rule"];

#[test]
fn with_another_provider_or_address_the_cartridge_s_vendor_is_never_asked() {
    let (vendor, broken, fine) = (answering("vendor"), refusing(), answering("mine"));
    let folder = Folder::new();
    folder.write("a.yml", cartridge(&vendor.address));
    let flags = |address: &str| {
        let given = ["--model", "q", "--address", address].map(str::to_owned);
        let other = ["--provider".to_owned(), "openai".to_owned()]
            .into_iter()
            .chain(given.clone());
        [other.collect::<Vec<_>>(), given.to_vec()]
    };
    for question in QUESTIONS {
        for mine in flags(&fine.address) {
            let mut args = vec!["bot", "run", "a.yml", question];
            args.extend(mine.iter().map(String::as_str));
            let ran = folder.run(&args).ends(0);
            assert_eq!(ran.stdout.trim(), "mine");
            let note = "`fallbacks` and `routing` of the cartridge are left out";
            assert_eq!(ran.stderr.matches(note).count(), 1, "{}", ran.stderr);
        }
    }
    // One that fails is no reason to go back.
    let failed = [
        "bot",
        "run",
        "a.yml",
        "short",
        "--provider",
        "openai",
        "--address",
    ];
    folder
        .run(&[&failed[..], &[broken.address.as_str()]].concat())
        .ends(2);
    assert_eq!(vendor.asked(), 0);
    // The model alone is no other vendor.
    let ran = folder
        .run(&["bot", "run", "a.yml", "short", "--model", "q"])
        .ends(0);
    assert_eq!((ran.stdout.trim(), ran.stderr.as_str()), ("vendor", ""));
}

#[test]
fn the_configuration_and_a_suite_move_a_bot_as_flags_do() {
    let (vendor, fine) = (answering("vendor"), answering("mine"));
    let folder = Folder::new();
    folder.write("a.yml", cartridge(&vendor.address));
    for config in [
        format!("provider: openai\nmodel: q\naddress: {}\n", fine.address),
        format!("address: {}\n", fine.address),
    ] {
        folder.write("botsmith.yaml", config);
        for question in QUESTIONS {
            let ran = folder.run(&["bot", "run", "a.yml", question]).ends(0);
            assert_eq!(ran.stdout.trim(), "mine");
            assert!(ran.stderr.contains("are left out"), "{}", ran.stderr);
        }
        let talked = folder
            .pipe(&["bot", "repl", "a.yml"], b"long enough for the rule\n")
            .ends(0);
        assert_eq!(
            talked.stderr.matches("are left out").count(),
            1,
            "{}",
            talked.stderr
        );
        folder
            .run(&["nb", "a.yml", "-", "eval", "long enough"])
            .ends(0);
        folder.run(&["bot", "lint", "a.yml", "--strict"]).ends(0);
    }
    std::fs::remove_file(folder.at("botsmith.yaml")).unwrap();
    folder.write(
        "suite.yaml",
        format!(
            "version: 1\ndataset: [{{input: long enough for the rule, reference: mine}}]\nevaluators: [equals]\nbots:\n\
             - name: a\n  cartridge: a.yml\n  provider: {{id: openai, credentials: {{address: '{}'}}, settings: {{model: q}}}}\n",
            fine.address
        ),
    );
    assert_eq!(folder.report()["bots"][0]["scores"]["equals"]["mean"], 1.0);
    assert_eq!(vendor.asked(), 0);
}
