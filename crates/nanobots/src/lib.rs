//! Nano bots: a bot is one YAML file, and runs on any provider.
//!
//! A [`cartridge`] is read, resolved and checked; a [`Bot`] is a cartridge with a model behind it;
//! a [`Session`] remembers its conversation. Cartridges follow the Nano Bots specification 3.2;
//! our extensions live under one root key, `botsmith:`, which other implementations ignore.
//!
//! This crate judges nothing and knows no workflow.

#![forbid(unsafe_code)]

pub mod bot;
pub mod cartridge;
mod error;
pub mod interface;
pub mod library;
pub mod provider;
pub mod pull;
pub mod router;
pub mod sandbox;
pub mod session;
pub mod tools;
pub mod versions;
mod workshop;

/// The version of the Nano Bots specification that cartridges follow.
pub const SPECIFICATION: &str = "3.2.0";

pub use bot::{Bot, BotBuilder, Turn};
pub use cartridge::Cartridge;
pub use error::{Error, Result};
pub use session::{Session, SessionOptions};
pub use workshop::{Allow, Workshop};
