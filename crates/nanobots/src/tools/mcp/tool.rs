//! One tool of a server: arguments in, the text of its answer out.

use std::sync::Arc;
use std::time::Duration;

use botsmith_core::chat::{BoxFuture, Call, ToolSpec};
use futures_util::future::{Either, select};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, CancelledNotificationParam,
    ClientRequest, ContentBlock, ResourceContents, ServerResult,
};
use rmcp::service::{PeerRequestOptions, ServiceError};
use serde_json::Value;

use super::{Connection, MESSAGE};
use crate::tools::{Tool, ToolFailure};

#[derive(Debug)]
pub(super) struct McpTool {
    spec: ToolSpec,
    /// Its name at the server.
    remote: String,
    connection: Arc<Connection>,
    time: Duration,
}

impl McpTool {
    pub(super) fn new(
        spec: ToolSpec,
        remote: String,
        connection: Arc<Connection>,
        time: Duration,
    ) -> Self {
        Self {
            spec,
            remote,
            connection,
            time,
        }
    }

    async fn ask(&self, arguments: Value, call: Call) -> Result<String, ToolFailure> {
        let mut params = CallToolRequestParams::new(self.remote.clone());
        params.arguments = match arguments {
            Value::Object(fields) => Some(fields),
            Value::Null => None,
            _ => return Err(ToolFailure("the arguments are no object".into())),
        };
        let time = call.left().map_or(self.time, |left| left.min(self.time));
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        let options = PeerRequestOptions::with_timeout(time);
        let peer = &self.connection.peer;
        let handle = peer
            .send_cancellable_request(request, options)
            .await
            .map_err(|error| self.broken(&error))?;
        let id = handle.id.clone();
        let answer = std::pin::pin!(handle.await_response());
        match select(answer, std::pin::pin!(call.cancel.cancelled())).await {
            Either::Left((Ok(ServerResult::CallToolResult(result)), _)) => text(&result),
            Either::Left((Ok(_), _)) => Err(self.broken(&ServiceError::UnexpectedResponse)),
            Either::Left((Err(error), _)) => Err(self.broken(&error)),
            Either::Right(_) => {
                let param = CancelledNotificationParam::new(Some(id), Some("cancelled".into()));
                let _ = peer.notify_cancelled(param).await;
                Err(ToolFailure(format!("`{}` was cancelled", self.spec.name)))
            }
        }
    }

    fn broken(&self, error: &ServiceError) -> ToolFailure {
        let server = &self.connection.server;
        ToolFailure(match error {
            ServiceError::McpError(error) => {
                let words = self.connection.secrets.hide(&error.message);
                let words: String = words.chars().take(2000).collect();
                format!("server `{server}` refused the call: {words}")
            }
            ServiceError::Timeout { timeout } => format!(
                "server `{server}` gave no answer within {:.1} s",
                timeout.as_secs_f64()
            ),
            ServiceError::TransportClosed => {
                format!("server `{server}` has ended, or said more than is read")
            }
            other => {
                let words = self.connection.secrets.hide(&other.to_string());
                let words: String = words.chars().take(500).collect();
                format!("server `{server}`: {words}")
            }
        })
    }
}

impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call(&self, arguments: Value, call: Call) -> BoxFuture<'_, Result<String, ToolFailure>> {
        Box::pin(async {
            let secrets = &self.connection.secrets;
            match self.ask(arguments, call).await {
                Ok(text) => Ok(secrets.hide(&text)),
                Err(ToolFailure(words)) => Err(ToolFailure(secrets.hide(&words))),
            }
        })
    }
}

/// An answer as text: its text parts by line, other parts by their kind, else its structured content.
fn text(result: &CallToolResult) -> Result<String, ToolFailure> {
    let mut parts = Vec::new();
    for block in &result.content {
        parts.push(match block {
            ContentBlock::Text(text) => text.text.clone(),
            ContentBlock::Image(image) => format!("[image {}]", image.mime_type),
            ContentBlock::Audio(audio) => format!("[audio {}]", audio.mime_type),
            ContentBlock::Resource(resource) => match &resource.resource {
                ResourceContents::TextResourceContents { text, .. } => text.clone(),
                _ => "[resource]".to_owned(),
            },
            ContentBlock::ResourceLink(link) => format!("[resource {}]", link.uri),
            _ => "[something else]".to_owned(),
        });
    }
    if parts.is_empty()
        && let Some(structured) = &result.structured_content
    {
        parts.push(structured.to_string());
    }
    let text = crate::tools::checked::cut(parts.join("\n"), MESSAGE);
    match result.is_error {
        Some(true) => Err(ToolFailure(text)),
        _ => Ok(text),
    }
}
