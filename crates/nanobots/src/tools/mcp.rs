//! Tools of servers of the Model Context Protocol: `botsmith: mcp:` in, tools out.
//!
//! <https://modelcontextprotocol.io>. Over standard input and output of a process that we start
//! (`mcp/process.rs`), or streamable HTTP. Only tools are used: no resources, prompts, or sampling
//! by the server. A server gets what the cartridge names and no more: a process has that
//! environment and `PATH`, and no address is opened but the one that stands there.
//!
//! Everything that comes from a server is bounded: the time of each step, the length of a message,
//! the number of tools. What a tool gives back is text; pictures and sounds are named, not passed on.

mod process;
mod tool;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{Call, ToolSpec};
use futures_util::future::{Either, join_all, select};
use indexmap::IndexMap;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, PaginatedRequestParams};
use rmcp::service::{Peer, RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::Value;

use super::Tool;
use crate::cartridge::{Server, Transport};
use crate::provider::http;
use crate::provider::secrets::Secrets;
use crate::{Error, Result};
use tool::McpTool;

/// Bytes of one message of a server at most.
const MESSAGE: usize = 4 << 20;
/// Tools of one server at most.
const TOOLS: usize = 512;
/// How long a server may take to start and to name its tools.
const START: Duration = Duration::from_secs(20);
/// How long a call may take where the cartridge does not say.
const CALL: Duration = Duration::from_secs(30);

/// A server that runs, kept as long as one of its tools is.
struct Connection {
    server: String,
    /// What a server was given and must not repeat to anybody.
    secrets: Secrets,
    peer: Peer<RoleClient>,
    // Ends the connection when it goes; a process ends with it.
    _running: RunningService<RoleClient, ClientConfig>,
    _child: Option<tokio::process::Child>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connection").field(&self.server).finish()
    }
}

/// Starts the servers, all at once, and gives their tools. A name that is `taken` or that two servers share
/// gets the server's name before it. `path` is the `PATH` in which programs are found and that they see.
///
/// Programs are started: ask the user first.
///
/// # Errors
/// [`Error::Server`] if one does not start, does not answer in time, speaks another language, or has
/// not the tools that the cartridge names.
pub async fn connect(
    servers: &IndexMap<String, Server>,
    taken: &[ToolSpec],
    path: Option<&OsStr>,
    call: &Call,
) -> Result<Vec<Arc<dyn Tool>>> {
    let starting = servers.iter().map(|(name, server)| async move {
        let secrets = Secrets::these(&server.hidden);
        let kept = |error: Error| match error {
            // Cut after hiding: a part of a secret would not be known as one.
            Error::Server { server, reason } => {
                refused(&server, cut(&secrets.hide(&plain(&reason))))
            }
            other => other,
        };
        let connection = Box::pin(started(name, server, path, call)).await;
        let connection = Arc::new(connection.map_err(kept)?);
        let tools = within(name, START, call, listed(&connection))
            .await
            .map_err(kept)?;
        chosen(name, server, tools).map(|tools| (connection, server, tools))
    });
    let mut keys: Vec<String> = taken.iter().map(|spec| key(&spec.name)).collect();
    let mut all: Vec<Arc<dyn Tool>> = Vec::new();
    for found in join_all(starting).await {
        let (connection, server, tools) = found?;
        for tool in tools {
            let name = free_name(&connection.server, &tool.name, &keys);
            keys.push(key(&name));
            let spec = ToolSpec {
                name,
                description: tool.description.as_deref().map(str::to_owned),
                parameters: Value::Object((*tool.input_schema).clone()),
            };
            let time = server.timeout.unwrap_or(CALL);
            let remote = tool.name.into_owned();
            all.push(Arc::new(McpTool::new(
                spec,
                remote,
                Arc::clone(&connection),
                time,
            )));
        }
    }
    Ok(all)
}

fn refused(server: &str, reason: impl Into<String>) -> Error {
    Error::Server {
        server: server.to_owned(),
        reason: reason.into(),
    }
}

/// The first 500 characters.
fn cut(text: &str) -> String {
    text.chars().take(500).collect()
}

/// A message without the names of types that the protocol's library puts into it.
fn plain(text: &str) -> String {
    match (text.find(" Transport ["), text.find("] error: ")) {
        (Some(from), Some(to)) if from < to => format!("{}: {}", &text[..from], &text[to + 9..]),
        _ => text.to_owned(),
    }
}

/// The result of `work`, if it comes in time.
async fn within<T, E: std::fmt::Display>(
    server: &str,
    time: Duration,
    call: &Call,
    work: impl Future<Output = std::result::Result<T, E>>,
) -> Result<T> {
    let time = call.left().map_or(time, |left| left.min(time));
    let work = std::pin::pin!(tokio::time::timeout(time, work));
    match select(work, std::pin::pin!(call.cancel.cancelled())).await {
        Either::Left((Ok(Ok(value)), _)) => Ok(value),
        Either::Left((Ok(Err(error)), _)) => Err(refused(
            server,
            format!("it does not answer as it should: {error}"),
        )),
        Either::Left((Err(_), _)) => Err(refused(
            server,
            format!(
                "no answer within {:.1} s; does it run, and speak MCP?",
                time.as_secs_f64()
            ),
        )),
        Either::Right(_) => Err(refused(server, "cancelled while it was starting")),
    }
}

async fn started(
    name: &str,
    server: &Server,
    path: Option<&OsStr>,
    call: &Call,
) -> Result<Connection> {
    let me = ClientConfig::new(
        ClientCapabilities::default(),
        Implementation::new("botsmith", env!("CARGO_PKG_VERSION")),
    );
    let (running, child) = match &server.transport {
        Transport::Command {
            command,
            env,
            folder,
        } => {
            let (child, transport) = process::start(command, env, folder.as_deref(), path)
                .map_err(|error| {
                    let program = command.first().map_or("", String::as_str);
                    refused(name, format!("`{program}` cannot be started: {error}"))
                })?;
            let greeting = Box::pin(rmcp::serve_client(me, transport));
            (within(name, START, call, greeting).await?, Some(child))
        }
        Transport::Http { url, headers } => {
            let client = http::client(name, url, &crate::provider::HttpLimits::default())
                .map_err(|error| refused(name, error.message))?;
            let mut custom = HashMap::new();
            for (header, value) in headers {
                let value = value.expose().parse();
                let (Ok(header), Ok(mut value)) = (header.parse(), value) else {
                    return Err(refused(
                        name,
                        format!("`{header}` is no header with a value"),
                    ));
                };
                reqwest::header::HeaderValue::set_sensitive(&mut value, true);
                custom.insert(header, value);
            }
            let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                .custom_headers(custom)
                .max_sse_event_size(MESSAGE)
                .max_json_response_size(MESSAGE);
            let transport = StreamableHttpClientTransport::with_client(client, config);
            let greeting = Box::pin(rmcp::serve_client(me, transport));
            (within(name, START, call, greeting).await?, None)
        }
    };
    Ok(Connection {
        server: name.to_owned(),
        secrets: Secrets::these(&server.hidden),
        peer: running.peer().clone(),
        _running: running,
        _child: child,
    })
}

/// All tools of a server, page by page.
async fn listed(connection: &Connection) -> std::result::Result<Vec<rmcp::model::Tool>, String> {
    let mut tools = Vec::new();
    let mut cursor = None;
    loop {
        let page = PaginatedRequestParams::default().with_cursor(cursor);
        let page = connection
            .peer
            .list_tools(Some(page))
            .await
            .map_err(|error| error.to_string())?;
        tools.extend(page.tools);
        if tools.len() > TOOLS {
            return Err(format!("more than {TOOLS} tools"));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(tools);
        }
    }
}

/// The tools that the cartridge wants, in its order.
fn chosen(
    name: &str,
    server: &Server,
    tools: Vec<rmcp::model::Tool>,
) -> Result<Vec<rmcp::model::Tool>> {
    let Some(wanted) = &server.tools else {
        return Ok(tools);
    };
    wanted
        .iter()
        .map(|wanted| {
            let found = tools.iter().find(|tool| tool.name == wanted.as_str());
            found.cloned().ok_or_else(|| {
                let names: Vec<_> = tools.iter().map(|tool| &*tool.name).take(20).collect();
                refused(
                    name,
                    format!("it has no tool `{wanted}`; it has {}", names.join(", ")),
                )
            })
        })
        .collect()
}

fn key(name: &str) -> String {
    crate::session::slug(name).replace('-', "_")
}

/// A name that every provider takes and nobody has: letters, digits, `_` and `-`, at most 64.
fn free_name(server: &str, tool: &str, keys: &[String]) -> String {
    let fitting = |name: &str| -> String {
        name.chars()
            .map(|letter| match letter {
                letter if letter.is_ascii_alphanumeric() => letter,
                '-' | '_' => letter,
                _ => '_',
            })
            .take(64)
            .collect()
    };
    let plain = fitting(tool);
    let prefixed = fitting(&format!("{server}_{tool}"));
    let numbered = (2..).map(|number| {
        let stem: String = prefixed.chars().take(58).collect();
        format!("{stem}_{number}")
    });
    [plain, prefixed.clone()]
        .into_iter()
        .chain(numbered)
        .find(|name| !name.is_empty() && !keys.contains(&key(name)))
        .unwrap_or(prefixed)
}
