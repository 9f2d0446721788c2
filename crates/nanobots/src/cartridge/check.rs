//! What is wrong with a cartridge that can be read: errors where it could do harm, warnings elsewhere.

use botsmith_core::Diagnostic;
use botsmith_core::hint::{is_unprintable, shown};
use botsmith_core::yaml::{Mark, Node, Value as Yaml};

use super::lint::{MOST, lint};
use super::{Cartridge, Profile};
use crate::Result;

/// Tools of one cartridge at most: no model chooses well among more, and each is sent with every request.
const TOOLS: usize = 512;

/// Refuses more tools than anybody could use, and names that could redraw a terminal or mislead a person who
/// is asked to confirm a call.
pub(super) fn tools(cartridge: &Cartridge) -> Result<()> {
    let tools = cartridge.text.node.get("tools");
    let Some(Yaml::Seq(tools)) = tools.map(|tools| &tools.value) else {
        return Ok(());
    };
    if let Some(tool) = tools.get(TOOLS) {
        let message = format!("{} tools: a cartridge has at most {TOOLS}", tools.len());
        let diagnostic = cartridge.at(tool.mark, message).code("BS-BOT-002");
        let hint = "leave out what the bot does not need, or serve them by an MCP server";
        return Err(diagnostic
            .field(format!("tools[{TOOLS}]"))
            .hint(hint)
            .into());
    }
    for (at, tool) in tools.iter().enumerate() {
        let Some(name) = tool.get("name") else {
            continue;
        };
        let text = name.text().unwrap_or_default();
        let message = if text.contains(is_unprintable) {
            format!(
                "control characters in the name of a tool: `{}`",
                shown(text)
            )
        } else if text.chars().count() > 256 {
            "the name of a tool is longer than 256 characters".to_owned()
        } else {
            continue;
        };
        let diagnostic = cartridge.at(name.mark, message).code("BS-BOT-002");
        return Err(diagnostic.field(format!("tools[{at}].name")).into());
    }
    Ok(())
}

/// What looks like a mistake.
pub(super) fn warnings(
    cartridge: &Cartridge,
    missing: &[(String, Vec<String>)],
) -> Vec<Diagnostic> {
    let text = &cartridge.text;
    let mut warnings = lint(&text.node, &text.layers);
    for (name, path) in missing.iter().take(MOST) {
        let message = format!("variable `{name}` of the environment is not set: null stands here");
        let hint = format!("set it in the environment or in `.env`: `{name}=…`");
        let warning = cartridge.at(mark_of(&cartridge.text.node, path), message);
        warnings.push(warning.field(path.join(".")).hint(hint));
    }
    if cartridge.profile() == Profile::Compat
        && cartridge
            .fetch(&["behaviors", "interaction", "instruction"])
            .is_some()
    {
        let path = ["behaviors", "interaction", "instruction"];
        let warning =
            cartridge.diagnostic(&path, "`instruction` is not sent in behaviour interaction");
        warnings.push(warning.hint(
            "put it into `directive`, or use profile native, which adds it to the system's text",
        ));
    }
    warnings
}

/// The place of the value at `path`, items of lists by number.
pub(super) fn mark_of(root: &Node, path: &[impl AsRef<str>]) -> Mark {
    let mut node = root;
    for part in path {
        let part = part.as_ref();
        let next = match &node.value {
            Yaml::Seq(items) => part.parse().ok().and_then(|at: usize| items.get(at)),
            _ => node.get(part),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node.mark
}
