//! Tools of MCP servers: a real process on standard input and output, a real HTTP server, and servers
//! that die, hang, talk nonsense or flood.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(all(feature = "mcp", unix))]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use botsmith_core::SecretString;
use botsmith_core::chat::{Call, CancelToken, ToolSpec};
use botsmith_nanobots::Error;
use botsmith_nanobots::cartridge::{Server, Transport};
use botsmith_nanobots::tools::mcp::connect;
use indexmap::IndexMap;
use serde_json::{Value, json};

/// A server in a few lines of shell: `$ID` is the request's id, `calls` says what a call does.
fn shell(calls: &str) -> String {
    format!(
        r#"while read -r line; do
  id=${{line#*\"id\":}}; ID=${{id%%[,\}}]*}}
  case "$line" in
    *'"initialize"'*) echo '{{"jsonrpc":"2.0","id":'$ID',"result":{{"protocolVersion":"2025-06-18","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"sh","version":"1"}}}}}}';;
    *'"tools/list"'*) echo '{{"jsonrpc":"2.0","id":'$ID',"result":{{"tools":[{{"name":"env","description":"Shows a variable.","inputSchema":{{"type":"object"}}}},{{"name":"odd.name","inputSchema":{{"type":"object"}}}}]}}}}';;
    *'"tools/call"'*) {calls};;
  esac
done"#
    )
}

const SAY: &str = r#"echo '{"jsonrpc":"2.0","id":'$ID',"result":{"content":[{"type":"text","text":"token='$TOKEN' home='$HOME'"}]}}'"#;

fn process(script: String) -> Server {
    let mut env = IndexMap::new();
    env.insert("TOKEN".to_owned(), SecretString::new("s3cret"));
    Server::new(Transport::Command {
        command: vec!["sh".into(), "-c".into(), script],
        env,
        folder: None,
    })
}

fn named(name: &str, server: Server) -> IndexMap<String, Server> {
    IndexMap::from([(name.to_owned(), server)])
}

async fn one(server: Server) -> Result<Vec<Arc<dyn botsmith_nanobots::tools::Tool>>, Error> {
    let path = std::env::var_os("PATH");
    connect(
        &named("local", server),
        &[],
        path.as_deref(),
        &Call::default(),
    )
    .await
}

#[tokio::test]
async fn tools_of_a_process_are_listed_and_called_with_only_its_own_environment() {
    let tools = one(process(shell(SAY))).await.unwrap();
    let specs: Vec<_> = tools.iter().map(|tool| tool.spec().name.as_str()).collect();
    assert_eq!(specs, ["env", "odd_name"]);
    assert_eq!(
        tools[0].spec().description.as_deref(),
        Some("Shows a variable.")
    );
    let said = tools[0].call(json!({"a": 1}), Call::default()).await;
    assert_eq!(said.as_deref(), Ok("token=s3cret home="));
    assert!(!format!("{tools:?}").contains("s3cret"));
}

#[tokio::test]
async fn names_that_clash_get_the_servers_name() {
    let servers = IndexMap::from([
        ("one".to_owned(), process(shell(SAY))),
        ("two".to_owned(), process(shell(SAY))),
    ]);
    let taken = ToolSpec {
        name: "Odd-Name".into(),
        description: None,
        parameters: json!({}),
    };
    let path = std::env::var_os("PATH");
    let tools = connect(&servers, &[taken], path.as_deref(), &Call::default())
        .await
        .unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool.spec().name.as_str()).collect();
    assert_eq!(names, ["env", "one_odd_name", "two_env", "two_odd_name"]);
}

#[tokio::test]
async fn only_the_tools_that_the_cartridge_names_are_there() {
    let mut server = process(shell(SAY));
    server.tools = Some(vec!["odd.name".into()]);
    let tools = one(server.clone()).await.unwrap();
    assert_eq!(tools.len(), 1);
    server.tools = Some(vec!["nope".into()]);
    let error = one(server).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("mcp server `local`: it has no tool `nope`; it has env, odd.name"),
        "{error}"
    );
    assert_eq!(error.code(), "BS-BOT-003");
}

#[tokio::test]
async fn a_server_that_dies_hangs_floods_or_fails_is_reported() {
    let long = r"head -c 6000000 /dev/zero | tr '\0' 'x'";
    let noise = format!(r#"echo 'no json at all'; echo '{{"jsonrpc":"2.0"}}'; echo; {SAY}"#);
    let failing = r#"echo '{"jsonrpc":"2.0","id":'$ID',"result":{"isError":true,"content":[{"type":"text","text":"disk is full"}]}}'"#;
    let refusing =
        r#"echo '{"jsonrpc":"2.0","id":'$ID',"error":{"code":-32602,"message":"no such thing"}}'"#;
    for (what, calls, wanted) in [
        ("dies", "exit 3", Err("has ended")),
        ("hangs", "sleep 30", Err("no answer within")),
        ("floods", long, Err("has ended, or said more than is read")),
        ("noise", noise.as_str(), Ok("token=s3cret home=")),
        ("fails", failing, Err("disk is full")),
        ("refuses", refusing, Err("refused the call: no such thing")),
    ] {
        let mut server = process(shell(calls));
        server.timeout = Some(Duration::from_millis(1500));
        let tools = one(server).await.unwrap();
        let start = Instant::now();
        let result = tools[0].call(json!({}), Call::default()).await;
        match (&result, wanted) {
            (Ok(text), Ok(wanted)) => assert_eq!(text, wanted, "{what}"),
            (Err(failure), Err(wanted)) => assert!(failure.0.contains(wanted), "{what}: {failure}"),
            _ => panic!("{what}: {result:?}"),
        }
        assert!(start.elapsed() < Duration::from_secs(15), "{what}");
    }
}

#[tokio::test]
async fn a_server_that_never_greets_is_reported_in_time() {
    let path = std::env::var_os("PATH");
    for (script, words) in [
        ("sleep 30", "no answer within"),
        ("exit 1", "does not answer as it should"),
        ("while true; do echo nonsense; done", ""),
        ("head -c 9000000 /dev/zero", ""),
    ] {
        let start = Instant::now();
        let call = Call::within(Duration::from_millis(900));
        let servers = named("local", process(script.to_owned()));
        let error = connect(&servers, &[], path.as_deref(), &call)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(words), "{script}: {error}");
        assert!(start.elapsed() < Duration::from_secs(10), "{script}");
    }
    let missing = Server::new(Transport::Command {
        command: vec!["no-such-program-here".into()],
        env: IndexMap::new(),
        folder: None,
    });
    let error = one(missing).await.unwrap_err().to_string();
    assert!(
        error.contains("`no-such-program-here` cannot be started"),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_that_is_cancelled_stops_waiting() {
    let tools = one(process(shell("sleep 30"))).await.unwrap();
    let token = CancelToken::new();
    let call = Call::default().cancelled_by(token.clone());
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        token.cancel();
    };
    let start = Instant::now();
    let (result, ()) = tokio::join!(tools[0].call(json!({}), call), cancel);
    assert_eq!(result.unwrap_err().0, "`env` was cancelled");
    assert!(start.elapsed() < Duration::from_secs(10));
}

type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A server over streamable HTTP, as one handler: it answers each request with JSON.
async fn http(seen: Seen) -> String {
    let handler = move |headers: HeaderMap, Json(body): Json<Value>| {
        let seen = Arc::clone(&seen);
        async move { answer(&seen, &headers, &body) }
    };
    let app = axum::Router::new().route("/mcp", axum::routing::post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/mcp")
}

fn answer(seen: &Seen, headers: &HeaderMap, body: &Value) -> Response {
    let key = headers.get("x-key").map_or("", |key| key.to_str().unwrap());
    let method = body["method"].as_str().unwrap_or_default().to_owned();
    seen.lock().unwrap().push((method.clone(), key.to_owned()));
    if key != "k3y" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let result = match method.as_str() {
        "initialize" => json!({
            "protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
            "serverInfo": {"name": "http", "version": "1"}
        }),
        "tools/list" => json!({"tools": [{
            "name": "add",
            "inputSchema": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
        }]}),
        "tools/call" => {
            let given = &body["params"]["arguments"];
            let sum = given["a"].as_i64().unwrap() + given["b"].as_i64().unwrap();
            json!({"content": [
                {"type": "text", "text": format!("sum {sum}")},
                {"type": "image", "data": "", "mimeType": "image/png"}
            ]})
        }
        _ => return StatusCode::ACCEPTED.into_response(),
    };
    Json(json!({"jsonrpc": "2.0", "id": body["id"], "result": result})).into_response()
}

fn address(url: &str, key: &str) -> Server {
    Server::new(Transport::Http {
        url: url.to_owned(),
        headers: IndexMap::from([("X-Key".to_owned(), SecretString::new(key))]),
    })
}

#[tokio::test]
async fn tools_of_an_address_are_called_with_its_headers() {
    let seen = Seen::default();
    let url = http(Arc::clone(&seen)).await;
    let tools = one(address(&url, "k3y")).await.unwrap();
    let said = tools[0]
        .call(json!({"a": 2, "b": 3}), Call::default())
        .await;
    assert_eq!(said.as_deref(), Ok("sum 5\n[image image/png]"));
    let seen = seen.lock().unwrap().clone();
    assert!(seen.iter().all(|(_, key)| key == "k3y"), "{seen:?}");
    assert!(seen.iter().any(|(method, _)| method == "tools/call"));
}

#[tokio::test]
async fn an_address_that_refuses_or_is_not_there_is_reported_without_the_key() {
    let url = http(Seen::default()).await;
    for server in [
        address(&url, "wr0ng"),
        address("http://127.0.0.1:9/mcp", "wr0ng"),
    ] {
        let start = Instant::now();
        let error = one(server).await.unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(
            said.contains("mcp server `local`") && !said.contains("wr0ng"),
            "{said}"
        );
        assert!(start.elapsed() < Duration::from_secs(25));
    }
}
