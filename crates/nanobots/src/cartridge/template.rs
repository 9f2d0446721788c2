//! Variables of a cartridge: values and texts with `{{ name }}` -> the texts that are sent.
//!
//! Templates (minijinja) stand in `behaviors` and in `botsmith.examples`, and only where the cartridge
//! declares `variables`: all other cartridges may use braces as they like. A name that is not declared, and
//! a value that is missing or of the wrong type, is an error; an undefined name is never an empty text.
//! What a template may do is in [`botsmith_core::template`].

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value as Jinja};
use serde_json::{Map, Value};

use botsmith_core::Diagnostic;
use botsmith_core::hint::{nearest, shown};
use botsmith_core::template;

use super::env::is_placeholder;
use super::{Cartridge, Native, Variable};
use crate::Result;
use crate::bot::Behavior;

/// The code of errors about variables.
const CODE: &str = "BS-BOT-011";

/// A text that may be a template.
struct Place {
    path: Vec<String>,
    text: String,
}

impl Cartridge {
    /// The cartridge with these values for its variables, defaults for the others. Texts are rendered from
    /// what was written, so it can be done again with other values.
    ///
    /// ```
    /// use botsmith_nanobots::bot::Behavior;
    /// use botsmith_nanobots::cartridge::{Cartridge, Format, Options};
    /// let text = "botsmith: {variables: {language: {type: string}}}\n\
    ///             behaviors: {interaction: {directive: 'Answer in {{ language }}.'}}";
    /// let cartridge = Cartridge::parse(text, Format::Yaml, &Options::default())?;
    /// assert!(cartridge.with_variables(&Default::default()).is_err());
    /// let values = [("language".to_owned(), "German".into())].into_iter().collect();
    /// let german = cartridge.with_variables(&values)?;
    /// assert_eq!(german.system_text(Behavior::Interaction).as_deref(), Some("Answer in German."));
    /// # Ok::<(), botsmith_nanobots::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a variable is missing, not declared or of the wrong type, or a template breaks; the error names
    /// variable and place.
    pub fn with_variables(&self, given: &Map<String, Value>) -> Result<Self> {
        let values = self.values(given)?;
        let mut bound = self.clone();
        bound.bound = true;
        if self.native.variables.is_empty() {
            return Ok(bound);
        }
        let context = Jinja::from(Serde(&values));
        let mut native = Native::clone(&self.native);
        for place in self.places() {
            let rendered = self.render(&place, &context)?;
            let path: Vec<&str> = place.path.iter().map(String::as_str).collect();
            match path.as_slice() {
                ["botsmith", "examples", at, key] => {
                    let at: usize = at.parse().expect("the place of an example is a number");
                    let example = &mut native.examples[at];
                    match *key {
                        "user" => example.user.clone_from(&rendered),
                        _ => example.assistant.clone_from(&rendered),
                    }
                }
                _ => set(&mut bound.value, &path, rendered),
            }
        }
        bound.native = Arc::new(native);
        Ok(bound)
    }

    /// Whether the texts are ready to be sent: the cartridge has no variables, or they were put in.
    pub fn is_bound(&self) -> bool {
        self.bound || self.native.variables.is_empty()
    }

    /// The value of every variable.
    fn values(&self, given: &Map<String, Value>) -> Result<Map<String, Value>> {
        let variables = &self.native.variables;
        let at = |name: &str| {
            self.diagnostic(&["botsmith", "variables", name], "")
                .code(CODE)
        };
        for (name, value) in given {
            let Some(variable) = variables.get(name) else {
                let mut diagnostic = self.diagnostic(&["botsmith", "variables"], "").code(CODE);
                diagnostic.message =
                    format!("a value for `{}`, which is not declared", shown(name));
                let names = variables.keys().map(String::as_str);
                return Err(match variables.is_empty() {
                    true => diagnostic.hint("this cartridge has no `variables`"),
                    false => diagnostic.nearest(name, names),
                }
                .into());
            };
            if let Some(wanted) = variable.refusal(value) {
                let mut diagnostic = at(name);
                diagnostic.message = format!("variable `{name}`: expected {wanted}");
                return Err(diagnostic.into());
            }
        }
        let mut values = Map::new();
        for (name, variable) in variables {
            let value = given.get(name).or(variable.default.as_ref());
            match value {
                Some(value) => values.insert(name.clone(), value.clone()),
                None if !variable.required => values.insert(name.clone(), Value::Null),
                None => return Err(self.missing(name, variable).into()),
            };
        }
        Ok(values)
    }

    fn missing(&self, name: &str, variable: &Variable) -> Diagnostic {
        let what = variable
            .description
            .as_deref()
            .map(|text| format!(" ({})", shown(text)));
        let message = format!(
            "variable `{name}`{} is missing: it has no default and was not given",
            what.unwrap_or_default()
        );
        let used = self.places().into_iter().find(|place| {
            let names = undeclared(&place.text);
            names.is_ok_and(|names| names.iter().any(|used| used == name))
        });
        let hint = match used {
            Some(place) => format!(
                "`{}` asks for it; give it a value, or a `default` here",
                place.path.join(".")
            ),
            None => "give it a value, or a `default` here".to_owned(),
        };
        let path = ["botsmith", "variables", name];
        self.diagnostic(&path, message).code(CODE).hint(hint)
    }

    /// The texts that are templates, as written.
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for which in [Behavior::Interaction, Behavior::Boot] {
            for key in ["directive", "backdrop", "instruction"] {
                let path = ["behaviors", which.as_str(), key];
                let text = super::fetch(&self.original, &path).and_then(Value::as_str);
                places.extend(text.map(|text| Place::new(&path, text)));
            }
        }
        for (at, example) in self.native.examples.iter().enumerate() {
            let at = at.to_string();
            for (key, _) in [("user", &example.user), ("assistant", &example.assistant)] {
                let written = &self.original["botsmith"]["examples"];
                let text = at
                    .parse()
                    .ok()
                    .and_then(|at: usize| written[at][key].as_str());
                let path = ["botsmith", "examples", &at, key];
                places.extend(text.map(|text| Place::new(&path, text)));
            }
        }
        // What comes out of the environment is nobody's template.
        places.retain(|place| is_placeholder(&place.text).is_none());
        places
    }

    fn problem(&self, place: &Place, message: String) -> Diagnostic {
        let path: Vec<&str> = place.path.iter().map(String::as_str).collect();
        self.diagnostic(&path, message).code(CODE)
    }

    fn render(&self, place: &Place, context: &Jinja) -> Result<String> {
        let environment = environment();
        let template = environment.template_from_str(&place.text);
        let text = template.and_then(|template| template::render(&template, context.clone()));
        text.map_err(|error| self.problem(place, describe(&error)).into())
    }
}

impl Place {
    fn new(path: &[&str], text: &str) -> Self {
        Self {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            text: text.to_owned(),
        }
    }
}

/// The engine as texts of a cartridge may use it: what they end with stays.
fn environment() -> Environment<'static> {
    let mut environment = template::environment();
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the default ones"));
    environment
}

fn describe(error: &minijinja::Error) -> String {
    let line = error
        .line()
        .map(|line| format!(", line {line} of the text"));
    let detail = error.detail().map(|detail| format!(": {}", shown(detail)));
    format!(
        "the template breaks: {}{}{}",
        error.kind(),
        detail.unwrap_or_default(),
        line.unwrap_or_default()
    )
}

/// The names that a template asks for and does not set itself.
fn undeclared(text: &str) -> Result<Vec<String>, minijinja::Error> {
    let environment = environment();
    let template = environment.template_from_str(text)?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort();
    Ok(names)
}

/// Checks that all templates can be read and ask only for declared variables.
pub(super) fn declared(cartridge: &Cartridge) -> Result<()> {
    let variables = &cartridge.native.variables;
    if variables.is_empty() {
        return Ok(());
    }
    for place in cartridge.places() {
        if let Some((what, at)) = template::refusal(&place.text, 0) {
            let line = template::line(&place.text, at);
            let message = format!("templates may not hold {what}, line {line} of the text");
            let hint = "they may choose and repeat (`if`, `for`) and use simple filters, but build no text \
                        out of text; a brace is written as `{{ '{' }}`";
            return Err(cartridge.problem(&place, message).hint(hint).into());
        }
        let names = undeclared(&place.text);
        let names = names.map_err(|error| cartridge.problem(&place, describe(&error)))?;
        if let Some(name) = names.iter().find(|name| !variables.contains_key(*name)) {
            let message = format!("variable `{}` is not declared", shown(name));
            let near = nearest(name, variables.keys().map(String::as_str));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare it: `botsmith: {{variables: {{{name}: …}}}}`"),
            };
            return Err(cartridge.problem(&place, message).hint(hint).into());
        }
    }
    Ok(())
}

fn set(value: &mut Value, path: &[&str], text: String) {
    let found = path.iter().try_fold(value, |value, key| value.get_mut(key));
    if let Some(found) = found {
        *found = Value::from(text);
    }
}
