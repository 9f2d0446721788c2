//! `botsmith schema`.

use botsmith::eval::evaluators::Registry;
use botsmith::eval::{Result, suite};

use super::args::{Schema, SchemaOf};
use super::{Ended, output};

pub(super) fn run(args: &Schema) -> Result<Ended> {
    let schema = match args.of {
        SchemaOf::Cartridge => botsmith::nanobots::cartridge::schema(),
        SchemaOf::Suite => suite::schema(&Registry::builtin()),
        SchemaOf::Workflow => botsmith::flow::schema(&super::flow::kinds::known()),
    };
    let text = serde_json::to_string_pretty(&schema).expect("a JSON value serialises");
    output::print(&format!("{text}\n"))?;
    Ok(Ended::Well)
}
