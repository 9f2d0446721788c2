//! All tools of a bot: those of its cartridge and of the program, and those of MCP servers.
//!
//! Servers are started, or reached, when the bot is asked for the first time, and stay for as long as the
//! bot lives. One that cannot be started fails the turn; the next turn tries again. In a build without
//! feature `mcp` a cartridge that names servers fails in the same place.

use std::ffi::OsString;

use botsmith_core::chat::Call;
use indexmap::IndexMap;
use tokio::sync::OnceCell;

use crate::Result;
use crate::cartridge::Server;
use crate::tools::{Bounds, Toolbox};

/// The tools of a bot.
#[derive(Debug)]
pub(crate) struct Belt {
    own: Toolbox,
    servers: IndexMap<String, Server>,
    /// Where programs are found.
    path: Option<OsString>,
    bounds: Bounds,
    all: OnceCell<Toolbox>,
}

impl Belt {
    pub(crate) fn new(own: Toolbox, bounds: Bounds) -> Self {
        Self {
            own,
            servers: IndexMap::new(),
            path: None,
            bounds,
            all: OnceCell::new(),
        }
    }

    /// Adds servers whose programs are found in `path`.
    pub(crate) fn servers(
        mut self,
        servers: IndexMap<String, Server>,
        path: Option<OsString>,
    ) -> Self {
        (self.servers, self.path) = (servers, path);
        self
    }

    /// Whether tools of servers are waited for.
    pub(crate) fn has_servers(&self) -> bool {
        !self.servers.is_empty()
    }

    /// What is known without asking a server: all of it once servers have told.
    pub(crate) fn known(&self) -> &Toolbox {
        self.all.get().unwrap_or(&self.own)
    }

    /// All tools.
    ///
    /// # Errors
    /// If a server cannot be started or reached.
    pub(crate) async fn ready(&self, call: &Call) -> Result<&Toolbox> {
        match self.servers.is_empty() {
            true => Ok(&self.own),
            false => self.all.get_or_try_init(|| self.connected(call)).await,
        }
    }

    #[cfg(feature = "mcp")]
    async fn connected(&self, call: &Call) -> Result<Toolbox> {
        let path = self.path.as_deref();
        let taken = self.own.specs();
        let tools = crate::tools::mcp::connect(&self.servers, &taken, path, call).await?;
        let mut all = self.own.clone();
        for tool in tools {
            all.push(tool, self.bounds)?;
        }
        Ok(all)
    }

    #[cfg(not(feature = "mcp"))]
    fn connected(&self, _call: &Call) -> std::future::Ready<Result<Toolbox>> {
        let _ = (&self.path, self.bounds);
        let error = botsmith_core::chat::ModelError::new(
            botsmith_core::chat::ErrorClass::Unsupported,
            "mcp",
            "this build has no tools of MCP servers",
        );
        std::future::ready(Err(error.into()))
    }
}
