//! A service account of Google Cloud: a signed claim is traded for a token, once.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use botsmith_core::chat::{Call, ErrorClass};
use botsmith_nanobots::provider::{ProviderConfig, open};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::vendors::{all, options, request};

/// A key that was made for this test and opens nothing.
const KEY: &str = include_str!("account-key.txt");

fn account(token_uri: &str) -> Value {
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    json!({"type": "service_account", "project_id": "p", "private_key_id": "key-id-1",
        "private_key": format!("{begin}\n{KEY}{end}\n"),
        "client_email": "bot@p.iam.gserviceaccount.com", "token_uri": token_uri})
}

fn config(address: &str, credentials: &Value) -> ProviderConfig {
    let mut all = json!({"service": "vertex-ai-api", "region": "us-east4", "address": address});
    for (name, value) in credentials.as_object().unwrap() {
        all[name] = value.clone();
    }
    ProviderConfig::from_provider(
        &json!({"id": "google", "credentials": all, "options": {"model": "the-model"}}),
    )
    .unwrap()
}

#[tokio::test]
async fn a_claim_signed_by_the_account_gets_a_token_that_is_used_again() {
    let vertex = all()
        .into_iter()
        .find(|v| v.path.contains("projects"))
        .unwrap();
    let server = Server::with(Reply::json(200, &vertex.plain)).await;
    let tokens = Server::with(Reply::json(
        200,
        &json!({"access_token": "ya29.planted", "expires_in": 3599, "token_type": "Bearer"}),
    ))
    .await;
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("{}/token", tokens.address);
    std::fs::write(folder.path().join("google.json"), account(&uri).to_string()).unwrap();
    let mut options = options();
    options.folder = folder.path().into();
    let model = open(
        &config(&server.address, &json!({"file_path": "google.json"})),
        &options,
    )
    .unwrap();
    for _ in 0..2 {
        let response = model.chat(&request(), &Call::default()).await.unwrap();
        assert_eq!(response.text, "Hello, Ada");
        assert_eq!(server.last().path, vertex.path);
        assert_eq!(
            server.last().header("authorization"),
            Some("Bearer ya29.planted")
        );
    }
    assert_eq!(tokens.seen().len(), 1);
    assert!(!format!("{model:?}").contains(&KEY[..40]));

    let form = tokens.last().text;
    let (_, jwt) = form.split_once("&assertion=").unwrap();
    let (text, signature) = jwt.rsplit_once('.').unwrap();
    let (header, claims) = text.split_once('.').unwrap();
    let decode = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(
        decode(header),
        json!({"alg": "RS256", "typ": "JWT", "kid": "key-id-1"})
    );
    let claims = decode(claims);
    assert_eq!(claims["iss"], "bot@p.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], json!(uri));
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        3600
    );
    let der = STANDARD
        .decode(KEY.split_whitespace().collect::<String>())
        .unwrap();
    let pair = ring::rsa::KeyPair::from_pkcs8(&der).unwrap();
    ring::signature::UnparsedPublicKey::new(
        &ring::signature::RSA_PKCS1_2048_8192_SHA256,
        pair.public(),
    )
    .verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
    .expect("the claim is signed by the account");
}

#[tokio::test]
async fn an_account_that_gets_no_token_says_why() {
    let tokens = Server::with(Reply::json(
        400,
        &json!({"error": "invalid_grant", "error_description": "Invalid grant: account not found"}),
    ))
    .await;
    let text = account(&tokens.address).to_string();
    let config = config("http://127.0.0.1:9", &json!({"file-contents": text}));
    let model = open(&config, &options()).unwrap();
    let error = model.chat(&request(), &Call::default()).await.unwrap_err();
    assert_eq!((error.class, error.status), (ErrorClass::Auth, Some(400)));
    assert!(error.to_string().contains("account not found"), "{error}");
}

#[test]
fn an_account_that_cannot_be_used_is_refused_when_it_is_opened() {
    let mut no_key = account("https://x");
    no_key["private_key"] = Value::Null;
    let cases = [
        (json!({"file-path": "nowhere.json"}), "nowhere.json"),
        (json!({"file-contents": "not json"}), "not JSON"),
        (json!({"file-contents": no_key.to_string()}), "private_key"),
        (
            json!({"file-contents": account("http://evil.example").to_string()}),
            "https",
        ),
    ];
    for (credentials, words) in cases {
        let config = config("http://127.0.0.1:9", &credentials);
        let error = open(&config, &options()).unwrap_err();
        assert_eq!(error.class, ErrorClass::Auth, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains(&KEY[..40]), "{error}");
    }
}
