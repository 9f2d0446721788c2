//! Bots, their sessions and streams.

mod open;
mod session;

use std::time::Duration;

use botsmith::core::chat::{Call, Message};
use botsmith::nanobots;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde_json::json;

use crate::callback::Callback;
use crate::doorway::{self, Stop};
use crate::fault::Fault;
use crate::runtime::runtime;
use crate::store::Store;

pub(crate) use session::{Session, Stream};

/// Bytes of a conversation that are read at once on the caller's thread.
const QUICK: usize = 1 << 16;

/// A cartridge with a model behind it.
#[pyclass(frozen, module = "botsmith._native")]
#[derive(Debug)]
pub(crate) struct Bot(nanobots::Bot);

impl Bot {
    pub(crate) fn rust(&self) -> &nanobots::Bot {
        &self.0
    }
}

#[pymethods]
impl Bot {
    /// Opens a bot as JSON says: cartridge, provider, variables and so on, see `open::Wanted`.
    #[new]
    #[pyo3(signature = (wanted, provider=None, tools=Vec::new(), confirm=None, store=None))]
    fn new(
        py: Python<'_>,
        wanted: String,
        provider: Option<Callback>,
        tools: Vec<(String, Callback)>,
        confirm: Option<Callback>,
        store: Option<&Store>,
    ) -> PyResult<Self> {
        let store = store.cloned();
        let open = move || open::open(&wanted, provider, tools, confirm, store.as_ref());
        doorway::apart(py, open).map(Self)
    }

    /// What it is, as JSON.
    fn facts_json(&self) -> String {
        let (bot, info) = (&self.0, self.0.model().info());
        let meta = bot.cartridge().meta();
        let warnings: Vec<_> = bot
            .cartridge()
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        json!({
            "name": meta.name, "version": meta.version, "author": meta.author,
            "description": bot.cartridge().fetch(&["meta", "description"]),
            "path": bot.cartridge().path(),
            "provider": info.provider, "model": info.model, "address": info.address,
            "scripted": info.scripted, "remote": info.remote,
            "directive": bot.cartridge().fetch(&["behaviors", "interaction", "directive"]),
            "warnings": warnings,
        })
        .to_string()
    }

    /// Answers a conversation, a JSON list of messages that ends with the user's, and remembers nothing.
    #[pyo3(signature = (conversation, stop, timeout=None))]
    fn ask(
        &self,
        py: Python<'_>,
        conversation: &str,
        stop: &Stop,
        timeout: Option<f64>,
    ) -> PyResult<String> {
        let messages = messages(conversation)?;
        let call = call(stop, timeout)?;
        let bot = self.0.clone();
        doorway::long(
            py,
            stop,
            |_| Ok(()),
            move || {
                let turn = waited(bot.ask(&messages, &call), &call)?;
                Ok::<_, Fault>(serde_json::to_string(&turn)?)
            },
        )
    }

    /// The request that a conversation would make, as JSON.
    fn request_json(&self, py: Python<'_>, conversation: &str) -> PyResult<String> {
        let messages = messages(conversation)?;
        let bot = self.0.clone();
        doorway::by_size(py, conversation.len() < QUICK, move || {
            let request = bot.request(nanobots::bot::Behavior::Interaction, &messages)?;
            Ok::<_, Fault>(serde_json::to_string(&request)?)
        })
    }

    /// A conversation that is remembered: under `key`, or for as long as the object lives.
    #[pyo3(signature = (key=None, user=None, store=None))]
    fn session(
        &self,
        py: Python<'_>,
        key: Option<String>,
        user: Option<String>,
        store: Option<&Store>,
    ) -> PyResult<Session> {
        let (bot, store) = (self.0.clone(), store.cloned());
        doorway::apart(py, move || Session::open(&bot, key, user, store.as_ref()))
    }
}

fn messages(conversation: &str) -> PyResult<Vec<Message>> {
    serde_json::from_str(conversation).map_err(|error| {
        PyValueError::new_err(format!("the conversation is no list of messages: {error}"))
    })
}

/// Until when, and how it is stopped.
pub(crate) fn call(stop: &Stop, timeout: Option<f64>) -> PyResult<Call> {
    let call = Call::default().cancelled_by(stop.token().clone());
    let Some(seconds) = timeout else {
        return Ok(call);
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) => Ok(call.at_most(time)),
        Err(error) => Err(PyValueError::new_err(format!("timeout={seconds}: {error}"))),
    }
}

/// Waits for a bot on the runtime, and no longer than the call says.
fn waited<T>(work: impl Future<Output = nanobots::Result<T>>, call: &Call) -> Result<T, Fault> {
    use botsmith::core::chat::{ErrorClass, ModelError};

    let late =
        |class, words| Fault::from(nanobots::Error::Model(ModelError::new(class, "bot", words)));
    runtime()?.block_on(async {
        let left = async {
            match call.left() {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            done = work => done.map_err(Fault::from),
            () = call.cancel.cancelled() => Err(late(ErrorClass::Cancelled, "it was stopped")),
            () = left => Err(late(ErrorClass::Timeout, "no answer within the time allowed")),
        }
    })
}
