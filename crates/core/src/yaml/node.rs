//! The spanned tree.

/// A place in a file: line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it starts.
    pub mark: Mark,
    /// A number's or Boolean's own spelling (`1.10`), kept so that text stays as written.
    pub(crate) raw: Option<Box<str>>,
}

/// A YAML value under the core schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping in file order; keys are unique.
    Map(Vec<Entry>),
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key; scalars of other types are kept as written.
    pub key: String,
    /// Where the key starts.
    pub key_mark: Mark,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A node without a spelling of its own.
    pub fn new(value: Value, mark: Mark) -> Self {
        Self {
            value,
            mark,
            raw: None,
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// The text of a scalar as written (`1.10` stays `1.10`); `None` for null and collections.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => self.raw.as_deref(),
            _ => None,
        }
    }

    /// What the value is, for messages: "a number", "a list".
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a Boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::String(_) => "text",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// A node from JSON that stands in no file: all marks are zero, so that errors name the field
    /// but no line. Whole numbers over 64 bits become floating.
    ///
    /// ```
    /// use botsmith_core::yaml::Node;
    /// let node = Node::from_json(&serde_json::json!({"say": ["Hi!"]}));
    /// assert_eq!(node.to_json(), serde_json::json!({"say": ["Hi!"]}));
    /// ```
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let mark = Mark::default();
        let mut raw = None;
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(b) => {
                raw = Some(b.to_string().into());
                Value::Bool(*b)
            }
            Json::Number(number) => {
                raw = Some(number.to_string().into());
                match number.as_i64() {
                    Some(whole) => Value::Int(whole),
                    None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
                }
            }
            Json::String(text) => Value::String(text.clone()),
            Json::Array(items) => Value::Seq(items.iter().map(Self::from_json).collect()),
            Json::Object(fields) => Value::Map(
                fields
                    .iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        key_mark: mark,
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
        };
        Self { value, mark, raw }
    }

    /// The same value as JSON. Infinite and undefined numbers become their YAML spelling.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(i) => Json::from(*i),
            Value::Float(x) => serde_json::Number::from_f64(*x).map_or_else(
                || Json::String(self.raw.as_deref().unwrap_or(".nan").to_owned()),
                Json::Number,
            ),
            Value::String(s) => Json::String(s.clone()),
            Value::Seq(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|e| (e.key.clone(), e.value.to_json()))
                    .collect(),
            ),
        }
    }
}
