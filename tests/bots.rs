//! `botsmith eval` over bots that are asked: cartridges on provider `script`, and a real HTTP server.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "bots/http.rs"]
mod http;
#[path = "bots/scripted.rs"]
mod scripted;
#[path = "bots/server.rs"]
mod server;

mod common;
