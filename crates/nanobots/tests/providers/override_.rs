//! A cartridge for one vendor on another, unchanged.

use botsmith_core::SecretString;
use botsmith_core::chat::Call;
use botsmith_nanobots::provider::{ProviderConfig, ProviderOverride, open};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::vendors::{KEY, all, options, request};

#[tokio::test]
async fn a_cartridge_for_cohere_runs_on_every_vendor_and_its_key_stays_home() {
    let cartridge = json!({"provider": {"id": "cohere",
        "credentials": {"api-key": "the-cohere-key"},
        "settings": {"model": "command-r", "p": 0.5, "max_tokens": 50, "stream": true}}});
    for vendor in all() {
        let server = Server::with(Reply::json(200, &vendor.plain)).await;
        let mut over = json!({"id": vendor.id, "model": "the-model", "address": server.address,
            "credentials": vendor.credentials});
        over["credentials"][if vendor.id == "openai" {
            "access-token"
        } else {
            "api-key"
        }] = json!(KEY);
        let config = ProviderOverride::from_value(&over)
            .unwrap()
            .apply(
                Some(ProviderConfig::from_cartridge(&cartridge).unwrap()),
                &|_| Some(SecretString::new("of-the-environment")),
            )
            .unwrap();
        let model = open(&config, &options()).unwrap();
        let response = model.chat(&request(), &Call::default()).await.unwrap();
        assert_eq!(response.text, "Hello, Ada");
        let seen = server.last();
        assert_eq!(seen.header(vendor.key.0), Some(vendor.key.1));
        let all = format!("{seen:?}");
        assert!(
            !all.contains("the-cohere-key") && !all.contains("command-r"),
            "{all}"
        );
        assert!(!all.contains("of-the-environment"), "{all}");
        let body = &seen.body;
        let top_p = match vendor.id {
            "ollama" => &body["options"]["top_p"],
            "google" => &body["generationConfig"]["topP"],
            "cohere" => &body["p"],
            _ => &body["top_p"],
        };
        assert_eq!(*top_p, json!(0.5), "{body}");
    }
}

#[tokio::test]
async fn a_local_server_needs_no_key_and_gets_none() {
    let vendor = &all()[0];
    let server = Server::with(Reply::json(200, &vendor.plain)).await;
    let over = json!({"id": "openai", "address": format!("{}/v1", server.address)});
    let config = ProviderOverride::from_value(&over)
        .unwrap()
        .apply(None, &|_| None)
        .unwrap();
    let model = open(&config, &options()).unwrap();
    assert!(!model.info().remote);
    model.chat(&request(), &Call::default()).await.unwrap();
    let seen = server.last();
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.body.get("model"), None);
}
