//! What a cartridge brings and wants: the cartridge in, a list that a person can decide by out.
//!
//! Taken from the cartridge as written, never with the environment put in, because it is shown. A provider
//! counts wherever one stands: its own, in `fallbacks` and `routing`, behind `replay`, under a judge. The
//! texts are the cartridge's: whoever prints them escapes what redraws a terminal.

use indexmap::IndexSet;
use serde_json::Value;

use crate::cartridge::{Cartridge, Named, Role, beside, is_placeholder};
use crate::interface::safety;
use crate::provider::{ProviderConfig, ProviderKind, refused_place, shown_url};

/// What a cartridge brings and wants, before it is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Contents {
    /// Tools, each with its language: `clock (lua)`.
    pub tools: Vec<String>,
    /// Whether its code is held in the sandbox.
    pub sandboxed: bool,
    /// Whether a person is asked before a tool runs.
    pub confirmed: bool,
    /// Addresses and services that it would send to.
    pub network: Vec<String>,
    /// Programs that it would start.
    pub programs: Vec<String>,
    /// Files beside it that it reads: what it extends, recorded answers, cartridges of its judges.
    pub files: Vec<String>,
    /// Variables of the environment that it reads.
    pub environment: Vec<String>,
}

impl Contents {
    /// Of a cartridge.
    pub fn of(cartridge: &Cartridge) -> Self {
        let safe = safety(cartridge.value());
        let mut contents = Self {
            sandboxed: safe.sandboxed,
            confirmed: safe.confirmable,
            ..Self::default()
        };
        for tool in cartridge.as_written().tools() {
            let languages: Vec<_> = tool.code.iter().map(|(language, _)| *language).collect();
            let languages = match languages.is_empty() {
                true => "no code".to_owned(),
                false => languages.join(", "),
            };
            contents.tools.push(format!("{} ({languages})", tool.name));
        }
        let mut found = Found::default();
        for file in cartridge.files().skip(1) {
            let beside = beside(cartridge, file).display().to_string();
            found.files.insert(beside);
        }
        for named in cartridge.providers() {
            found.provider(&named);
        }
        let extensions = &cartridge.original()["botsmith"];
        for (name, server) in extensions["mcp"].as_object().into_iter().flatten() {
            if let Some(url) = server["url"].as_str() {
                found
                    .network
                    .insert(format!("{} (MCP server {name})", place(url)));
            } else {
                let words = texts(&server["command"]).join(" ");
                found
                    .programs
                    .insert(format!("{words} (MCP server {name})"));
            }
        }
        let evaluate = &extensions["evaluate"];
        if let Some(dataset) = evaluate["dataset"].as_str() {
            found.files.insert(dataset.to_owned());
        }
        found.judges(&evaluate["evaluators"]);
        names_in(cartridge.original(), &mut found.environment);
        contents.network = found.network.into_iter().collect();
        contents.programs = found.programs.into_iter().collect();
        contents.files = found.files.into_iter().collect();
        contents.environment = found.environment.into_iter().collect();
        contents
    }
}

/// What was found so far, each once: a cartridge may name very many.
#[derive(Default)]
struct Found {
    network: IndexSet<String>,
    programs: IndexSet<String>,
    files: IndexSet<String>,
    environment: IndexSet<String>,
}

impl Found {
    fn provider(&mut self, named: &Named<'_>) {
        let provider = named.written;
        let why = match named.role {
            Role::Own | Role::Fallback | Role::Routing => "",
            Role::Judge => " (judge)",
            Role::Recorded => " (recorded by replay)",
        };
        let settings = &provider["settings"];
        match named.id() {
            Some("script" | "local") => {}
            Some("replay") => {
                let path = settings["path"].as_str();
                self.files.extend(path.map(str::to_owned));
            }
            Some("command") => {
                let words = texts(&settings["run"]);
                let shown = match words.is_empty() {
                    true => "a program of provider command".to_owned(),
                    false => words.join(" "),
                };
                self.programs.insert(format!("{shown}{why}"));
            }
            Some("http") => {
                let at = settings["url"].as_str().map(place);
                let at = at.map_or_else(String::new, |at| format!(" at {at}"));
                self.network.insert(format!("http{at}{why}"));
            }
            id => {
                let config = written(provider, id);
                let at = config.as_ref().and_then(where_to);
                match (id, at) {
                    (id, Some(at)) => {
                        let id = id.unwrap_or("a provider");
                        self.network.insert(format!("{id}{at}{why}"));
                    }
                    (Some(id), None) => {
                        self.network.insert(format!("{id}{why}"));
                    }
                    // It is laid over a judge's own, and says nothing of whom that asks.
                    (None, None) => {}
                }
            }
        }
    }

    /// Cartridges of judges, which are files beside this one, and ask whom they name.
    fn judges(&mut self, evaluators: &Value) {
        match evaluators {
            Value::Array(items) => items.iter().for_each(|item| self.judges(item)),
            Value::Object(map) => {
                let over = map.get("provider");
                let elsewhere = over.is_some_and(|over| over.is_string() || over["id"].is_string());
                for cartridge in map.get("cartridge").map(texts).unwrap_or_default() {
                    self.files.insert(cartridge.to_owned());
                    if !elsewhere {
                        self.network
                            .insert(format!("whom {cartridge} names (judge)"));
                    }
                }
                map.values().for_each(|value| self.judges(value));
            }
            _ => {}
        }
    }
}

/// A provider as written, read; one without an id as if it were an `openai`, for its address.
fn written(provider: &Value, id: Option<&str>) -> Option<ProviderConfig> {
    match (provider, id) {
        (Value::Object(map), None) => {
            let mut map = map.clone();
            map.insert("id".into(), ProviderKind::OpenAi.as_str().into());
            ProviderConfig::from_provider(&Value::Object(map)).ok()
        }
        _ => ProviderConfig::from_provider(provider).ok(),
    }
}

/// What its credentials say of where it sends to: ` at https://…`, ` in region …`.
fn where_to(config: &ProviderConfig) -> Option<String> {
    let address = config.address().map(|at| format!(" at {}", place(at)));
    if config.kind() != ProviderKind::Google {
        return address;
    }
    // The service account says who gives the token for it.
    let account = config.credential("file-contents");
    let account = account.and_then(|text| serde_json::from_str::<Value>(text.expose()).ok());
    let token = account.and_then(|account| Some(place(account["token_uri"].as_str()?)));
    let token = token.map_or_else(String::new, |token| format!(", a token from {token}"));
    let region = config.plain("region");
    let region =
        region
            .filter(|_| address.is_none())
            .map(|region| match refused_place(config, true) {
                Some(("region", _)) => format!(" in region {region}, which is none: it is refused"),
                _ => format!(" in region {region}"),
            });
    let said = format!("{}{token}", address.or(region).unwrap_or_default());
    (!said.is_empty()).then_some(said)
}

/// An address as a person may judge it: without user, password and query. Where a template or a
/// placeholder decides the host, all of it as written.
fn place(url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let ends = host.find(['/', '\\', '?', '#']).unwrap_or(host.len());
    let before = url.len() - host.len() + ends;
    match url[..before].contains('{') {
        true => url.to_owned(),
        false => shown_url(url),
    }
}

/// The texts of a list, or of a single text.
fn texts(value: &Value) -> Vec<&str> {
    match value.as_array() {
        Some(items) => items.iter().filter_map(Value::as_str).collect(),
        None => value.as_str().into_iter().collect(),
    }
}

/// Names of variables in placeholders, each once.
fn names_in(value: &Value, names: &mut IndexSet<String>) {
    match value {
        Value::String(text) => names.extend(is_placeholder(text).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        Value::Object(map) => map.values().for_each(|item| names_in(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cartridge::{Format, Options};

    fn of(text: &str) -> Contents {
        let cartridge = Cartridge::parse(text, Format::Yaml, &Options::default()).unwrap();
        Contents::of(&cartridge)
    }

    #[test]
    fn every_host_is_named_wherever_its_provider_stands() {
        let openai = "{id: openai, credentials: {address: 'https://a.example/v1'}}";
        let url = |url: &str| format!("provider: {{id: http, settings: {{url: \"{url}\"}}}}");
        let vertex = |region: &str| {
            format!(
                "provider: {{id: google, credentials: {{service: vertex-ai-api, region: '{region}'}}}}"
            )
        };
        let cases = [
            (
                format!("provider: {{id: replay, settings: {{path: a.jsonl, mode: auto, provider: {openai}}}}}"),
                "openai at https://a.example/v1 (recorded by replay)",
            ),
            (
                format!("botsmith: {{fallbacks: [{{provider: {{id: replay, settings: {{provider: {openai}}}}}}}]}}"),
                "openai at https://a.example/v1 (recorded by replay)",
            ),
            (url("https://b.example/ask?key=k"), "http at https://b.example/ask"),
            (url("https://b.example@evil.example/"), "http at https://evil.example/"),
            (url("https://evil.example\\\\@b.example/"), "http at https://evil.example\\@b.example/"),
            (url("https:///b.example@evil.example/"), "http at https://evil.example/"),
            (url("https://b.example{# #}.evil.example/"), "http at https://b.example{# #}.evil.example/"),
            (url("{{ model }}"), "http at {{ model }}"),
            (url("ENV/WHERE"), "http at ENV/WHERE"),
            (vertex("us-east4"), "google in region us-east4"),
            (vertex("ENV/REGION"), "google in region ENV/REGION"),
            (
                vertex("evil.example#"),
                "google in region evil.example#, which is none: it is refused",
            ),
            (
                "provider: {id: google, credentials: {file-contents: '{\"token_uri\": \"https://t.example/x\"}'}}".into(),
                "google, a token from https://t.example/x",
            ),
            (
                format!("botsmith: {{evaluate: {{dataset: [], evaluators: [judge: {{cartridge: j.yml, criteria: fair, provider: {openai}}}]}}}}"),
                "openai at https://a.example/v1 (judge)",
            ),
            (
                "botsmith: {evaluate: {dataset: [], evaluators: [judge: {cartridge: j.yml, criteria: fair}]}}".into(),
                "whom j.yml names (judge)",
            ),
            (
                "botsmith: {evaluate: {dataset: [], evaluators: [judge: {cartridge: j.yml, criteria: fair, provider: mistral}]}}".into(),
                "mistral (judge)",
            ),
            (
                "botsmith: {mcp: {web: {url: 'https://u:p@m.example/mcp?token=t'}}}".into(),
                "https://m.example/mcp (MCP server web)",
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(of(&text).network, [wanted], "{text}");
        }
    }

    #[test]
    fn programs_and_files_are_named_wherever_they_stand() {
        let command = "{id: command, settings: {run: [rm, -r, x]}}";
        let text = format!(
            "provider: {{id: replay, settings: {{path: answers.jsonl, provider: {command}}}}}\n\
             botsmith: {{evaluate: {{dataset: cases.jsonl, evaluators: [judge: {{cartridge: [a.yml, b.yml], criteria: fair, provider: {command}}}]}}}}"
        );
        let contents = of(&text);
        assert_eq!(
            contents.programs,
            ["rm -r x (recorded by replay)", "rm -r x (judge)"]
        );
        assert_eq!(
            contents.files,
            ["answers.jsonl", "cases.jsonl", "a.yml", "b.yml"]
        );
        assert!(contents.network.is_empty(), "{contents:?}");
    }
}
