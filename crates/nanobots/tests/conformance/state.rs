//! Operations on state: whose it is, where it lies, what is in it.

use std::sync::Arc;

use botsmith_core::store;
use botsmith_nanobots::Bot;
use botsmith_nanobots::session::{self, SessionOptions, import};
use serde_json::{Value, json};

use super::models::{Step, Steps};
use super::wanted::{Case, Found, plain, words};

pub fn slug(case: &Case<'_>) -> Found {
    let inputs = case.arg("inputs").as_array().ok_or("`inputs` is no list")?;
    Ok(inputs
        .iter()
        .map(|input| session::slug(&plain(input)))
        .collect())
}

pub fn soft_encrypt(case: &Case<'_>) -> Found {
    Ok(import::soft_encrypt(case.arg_text("password"), case.arg_text("text")).into())
}

pub fn security_check(case: &Case<'_>) -> Found {
    let environment = case.variables("env");
    let security = import::security_check(environment.get(import::PASSWORD).map(String::as_str));
    Ok(json!({"encryption": security.encryption, "password": security.password}))
}

pub fn end_user(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    let (environment, runtime) = (case.variables("env"), case.variables("runtime"));
    Ok(session::end_user(cartridge.value(), &environment, &runtime).into())
}

pub fn state_path(case: &Case<'_>) -> Found {
    let cartridge = case.cartridge()?;
    let mut environment = case.variables("env");
    if let Value::String(home) = case.arg("home") {
        environment.insert("HOME".into(), home.clone());
    }
    Ok(session::reference_state_path(
        cartridge.value(),
        case.arg_text("state"),
        &environment,
        &case.variables("runtime"),
        case.arg("password").as_str(),
    )
    .into())
}

pub fn state(case: &Case<'_>) -> Found {
    let store = store::open("memory:").map_err(words)?;
    let model = Arc::new(Steps::new(vec![Step::text("ok")]));
    let bot = Bot::builder(case.cartridge()?, model)
        .store(store)
        .build()
        .map_err(words)?;
    let session = bot
        .session(SessionOptions::named(case.arg_text("state")))
        .map_err(words)?;
    Ok(json!(session.state_json()))
}

pub fn stateless(case: &Case<'_>) -> Found {
    let states = case.arg("states").as_array().ok_or("`states` is no list")?;
    Ok(states
        .iter()
        .map(|state| session::is_stateless(state.as_str()))
        .collect())
}
