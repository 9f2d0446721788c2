//! Fetching models, against a real HTTP server on 127.0.0.1: whole, broken off, wrong, forbidden, switched off.

mod server;

use std::path::Path;

use botsmith_core::config::Environment;
use botsmith_core::engine::hub::{Fetched, Hub};
use botsmith_core::engine::{
    ComputeDevice, Encoder, EngineError, HubModel, Library, ModelRef, Weights,
};

use server::{COMMIT, Faults, Files, Server};

fn files() -> Files {
    let weights: Vec<u8> = (0..300_000_u32).map(|i| (i * 31 % 251) as u8).collect();
    named([
        ("config.json", b"{\"model_type\": \"bert\"}".to_vec()),
        ("model.safetensors", weights),
        ("1_Pooling/config.json", b"{}".to_vec()),
        ("pytorch_model.bin", b"never".to_vec()),
    ])
}

fn named<const N: usize>(files: [(&str, Vec<u8>); N]) -> Files {
    files
        .map(|(name, content)| (name.to_owned(), content))
        .into()
}

struct Place {
    folder: tempfile::TempDir,
    library: Library,
    model: HubModel,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Environment::new(folder.path())
            .with("BOTSMITH_MODELS", folder.path().join("models"))
            .with("HF_HUB_CACHE", folder.path().join("none"));
        let Ok(ModelRef::Hub(model)) = "hf:a/b".parse() else {
            panic!("a name of the hub");
        };
        Self {
            library: Library::new(&environment),
            folder,
            model,
        }
    }

    fn hub(&self, server: &Server, variables: &[(&str, &str)]) -> Hub {
        let environment = Environment::new(self.folder.path()).with("HF_ENDPOINT", &server.address);
        Hub::new(
            &variables
                .iter()
                .fold(environment, |all, (name, value)| all.with(*name, value)),
        )
    }
}

#[test]
fn a_model_comes_whole_checked_and_only_once() {
    let server = Server::start(files(), Faults::default(), None);
    let place = Place::new();
    let hub = place.hub(&server, &[]);
    let mut seen = Vec::new();
    let fetched = hub
        .pull(&place.library, &place.model, |transfer| {
            seen.push(transfer.clone());
        })
        .expect("fetched");
    assert_eq!(fetched.commit, COMMIT);
    assert_eq!(
        fetched.files,
        ["1_Pooling/config.json", "config.json", "model.safetensors"]
    );
    for name in &fetched.files {
        assert_eq!(
            std::fs::read(fetched.folder.join(name)).expect("a file"),
            files()[name],
            "{name}"
        );
    }
    assert!(!fetched.folder.join("pytorch_model.bin").exists());
    let last = seen.last().expect("progress");
    assert_eq!((last.done, last.total), (300_024, 300_024));
    assert!(seen.is_sorted_by_key(|transfer| transfer.done));
    let files = place
        .library
        .open(&ModelRef::Hub(place.model.clone()))
        .expect("it is in the library");
    assert_eq!(files.folder, fetched.folder);
    let again = hub
        .pull(&place.library, &place.model, |_| {})
        .expect("nothing to do");
    assert_eq!(again.received, 0);
    assert_eq!(server.requests("model.safetensors").len(), 1);
}

#[test]
fn two_at_once_fetch_a_model_once() {
    let server = Server::start(files(), Faults::default(), None);
    let place = Place::new();
    let hub = place.hub(&server, &[]);
    let received: u64 = std::thread::scope(|scope| {
        let pulls = [(); 2].map(|()| {
            scope.spawn(|| {
                hub.pull(&place.library, &place.model, |_| {})
                    .expect("fetched")
            })
        });
        pulls
            .map(|pull| pull.join().expect("no panic").received)
            .iter()
            .sum()
    });
    assert_eq!(received, 300_024);
    assert_eq!(server.requests("model.safetensors").len(), 1);
}

#[test]
fn a_transfer_that_breaks_off_goes_on_where_it_stopped() {
    for no_ranges in [false, true] {
        let faults = Faults {
            after: Some(100_000),
            no_ranges,
            ..Faults::default()
        };
        let server = Server::start(files(), faults, None);
        let place = Place::new();
        let pulled = place
            .hub(&server, &[])
            .pull(&place.library, &place.model, |_| {});
        if no_ranges {
            let error = pulled.expect_err("it can never become whole");
            assert_eq!(error.code(), "BS-ENG-021", "{error}");
            continue;
        }
        pulled.expect("in three pieces");
        let ranges: Vec<bool> = (server.requests("model.safetensors").iter())
            .map(|request| request.to_lowercase().contains("range: bytes="))
            .collect();
        assert_eq!(ranges, [false, true, true]);
    }
}

#[test]
fn a_later_call_goes_on_with_what_an_earlier_one_left() {
    let place = Place::new();
    let broken = Server::start(
        files(),
        Faults {
            after: Some(100_000),
            no_ranges: true,
            ..Faults::default()
        },
        None,
    );
    place
        .hub(&broken, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect_err("broken off");
    let server = Server::start(files(), Faults::default(), None);
    let fetched = place
        .hub(&server, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect("the rest");
    assert_eq!(fetched.received, 200_000);
    assert_eq!(
        std::fs::read(fetched.folder.join("model.safetensors")).expect("weights"),
        files()["model.safetensors"]
    );
}

#[test]
fn a_file_with_another_checksum_is_thrown_away() {
    let server = Server::start(
        files(),
        Faults {
            bent: true,
            ..Faults::default()
        },
        None,
    );
    let place = Place::new();
    let error = place
        .hub(&server, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect_err("bent");
    assert_eq!(error.code(), "BS-ENG-023", "{error}");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    let parts = place.folder.path().join("models/a--b/parts");
    assert_eq!(std::fs::read_dir(parts).expect("parts").count(), 0);
    let error = place
        .library
        .open(&ModelRef::Hub(place.model.clone()))
        .expect_err("not whole");
    assert_eq!(error.code(), "BS-ENG-001", "{error}");
}

#[test]
fn a_key_opens_what_is_closed_and_is_never_shown() {
    let server = Server::start(
        files(),
        Faults {
            key: Some("hf_secret"),
            ..Faults::default()
        },
        None,
    );
    let place = Place::new();
    let error = place
        .hub(&server, &[])
        .pull(&place.library, &place.model, |_| {})
        .expect_err("no key");
    assert_eq!(error.code(), "BS-ENG-022");
    assert!(error.to_string().contains("set HF_TOKEN"), "{error}");
    let hub = place.hub(&server, &[("HF_TOKEN", "hf_wrong")]);
    let error = hub
        .pull(&place.library, &place.model, |_| {})
        .expect_err("a wrong key");
    assert!(error.to_string().contains("no right to it"), "{error}");
    assert!(!format!("{hub:?} {error} {error:?}").contains("hf_wrong"));
    let hub = place.hub(&server, &[("HF_TOKEN", "hf_secret")]);
    hub.pull(&place.library, &place.model, |_| {})
        .expect("the right key");
}

#[test]
fn offline_asks_nobody() {
    let server = Server::start(files(), Faults::default(), None);
    let place = Place::new();
    for name in ["HF_HUB_OFFLINE", "BOTSMITH_OFFLINE"] {
        let error = place
            .hub(&server, &[(name, "1")])
            .pull(&place.library, &place.model, |_| {})
            .expect_err("offline");
        assert_eq!(error.code(), "BS-ENG-024");
    }
    assert!(server.requests("").is_empty());
}

#[test]
fn a_listing_cannot_write_outside_of_the_model() {
    for name in [
        "../../evil.json",
        "/etc/evil.json",
        "a\\..\\evil.json",
        "config.json/..",
    ] {
        let server = Server::start(files(), Faults::default(), Some(name));
        let place = Place::new();
        let error = place
            .hub(&server, &[])
            .pull(&place.library, &place.model, |_| {})
            .expect_err(name);
        assert!(
            error.to_string().contains("outside of the model"),
            "{error}"
        );
        assert!(!place.folder.path().join("models").exists());
    }
}

#[test]
fn what_is_not_there_and_what_is_stopped_are_errors_of_their_own() {
    let server = Server::start(files(), Faults::default(), None);
    let place = Place::new();
    let Ok(ModelRef::Hub(other)) = "hf:a/c".parse() else {
        panic!("a name")
    };
    let error = place
        .hub(&server, &[])
        .pull(&place.library, &other, |_| {})
        .expect_err("no such model");
    assert!(error.to_string().contains("no such model"), "{error}");
    let hub = place.hub(&server, &[]);
    hub.cancel.cancel();
    let error = hub
        .pull(&place.library, &place.model, |_| {})
        .expect_err("stopped");
    assert!(matches!(error, EngineError::Cancelled), "{error}");
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/models");
    std::fs::read(folder.join(name)).expect("a file")
}

fn pull(place: &Place, server: &Server, name: &str) -> Result<Fetched, EngineError> {
    let Ok(ModelRef::Hub(model)) = name.parse() else {
        panic!("a name of the hub");
    };
    place.hub(server, &[]).pull(&place.library, &model, |_| {})
}

#[test]
fn safetensors_by_name_come_with_what_they_cannot_be_read_without() {
    let parts = [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ];
    let from = |name: &str| fixture(&format!("bert-bf16/{name}"));
    let place = Place::new();
    let server = Server::start(
        named([
            (parts[0], from(parts[0])),
            (parts[1], from(parts[1])),
            (
                "model.safetensors.index.json",
                from("model.safetensors.index.json"),
            ),
            ("config.json", from("config.json")),
            ("tokenizer.json", fixture("bert/tokenizer.json")),
            ("other.safetensors", b"another model".to_vec()),
            ("pytorch_model.bin", b"never".to_vec()),
            ("q.gguf", b"another one".to_vec()),
        ]),
        Faults::default(),
        None,
    );
    let name = format!("hf:a/b:{}", parts[1]);
    let fetched = pull(&place, &server, &name).expect("fetched");
    assert_eq!(
        fetched.files,
        [
            "config.json",
            parts[0],
            parts[1],
            "model.safetensors.index.json",
            "tokenizer.json"
        ]
    );
    let files = place
        .library
        .open(&name.parse().expect("a name"))
        .expect("it is here");
    let weights = Weights::open(&files, &ComputeDevice::Cpu).expect("weights");
    Encoder::load(&files, &weights).expect("it can be loaded");
    // A GGUF file has all of it inside.
    let fetched = pull(&place, &server, "hf:a/b:q.gguf").expect("fetched");
    assert_eq!(fetched.files, ["q.gguf"]);
}

#[test]
fn further_chat_templates_come_with_the_model() {
    let further = "additional_chat_templates/tool_use.jinja";
    let server = Server::start(
        named([
            ("model.safetensors", b"weights".to_vec()),
            ("chat_template.jinja", b"{{ messages }}".to_vec()),
            (further, b"{{ tools }}".to_vec()),
        ]),
        Faults::default(),
        None,
    );
    let place = Place::new();
    let fetched = pull(&place, &server, "hf:a/b").expect("fetched");
    let text = std::fs::read_to_string(fetched.folder.join(further)).expect("a template");
    assert_eq!(text, "{{ tools }}");
}

#[test]
fn pickled_weights_are_refused_by_name_and_nobody_is_asked() {
    let server = Server::start(files(), Faults::default(), None);
    let place = Place::new();
    for name in ["pytorch_model.bin", "x/model.PT", "model.ckpt", "data.pkl"] {
        let error = pull(&place, &server, &format!("hf:a/b:{name}")).expect_err(name);
        assert_eq!(error.code(), "BS-ENG-001", "{error}");
        let said = error.to_string();
        assert!(
            said.contains(&format!("hf:a/b:{name}")) && said.contains("run code"),
            "{said}"
        );
    }
    assert!(server.requests("").is_empty());
    assert!(!place.folder.path().join("models").exists());
}
