//! What an answer costs: tokens times a price table that the user can edit.
//!
//! [`Usage`] and a table in, an amount in the table's currency out; `None` for a model that the table
//! does not know, never zero. The table inside (`prices.yaml`) holds examples for a few well-known models on
//! one date, to be checked by whoever relies on them; prices for longer contexts, batches and tools are not
//! in it.

use std::sync::OnceLock;

use botsmith_core::chat::Usage;
use botsmith_core::yaml::{Cursor, Source, parse};
use botsmith_core::{Error, Result};

const BUILT_IN: &str = include_str!("prices.yaml");

/// A price table.
///
/// ```
/// use botsmith_core::chat::Usage;
/// use botsmith_core::yaml::Source;
/// use botsmith_nanobots::router::Prices;
/// let own = "{date: 2030-01-01, currency: USD, models: [{provider: ollama, model: 'llama*', input: 1, output: 2}]}";
/// let prices = Prices::built_in().overridden_by(Prices::read(&Source::new("prices.yaml", own)).unwrap());
/// let usage = Usage { input_tokens: 1_000_000, output_tokens: 500_000, cached_tokens: 0 };
/// assert_eq!(prices.cost("ollama", "llama3.2", Some(&usage)), Some(2.0));
/// assert_eq!(prices.cost("ollama", "qwen3", Some(&usage)), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    currency: String,
    date: String,
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    provider: String,
    /// Without the `*` of its end.
    model: String,
    open: bool,
    input: f64,
    output: f64,
    cached: Option<f64>,
}

impl Prices {
    /// The table inside: examples, not authoritative.
    pub fn built_in() -> Self {
        static TABLE: OnceLock<Prices> = OnceLock::new();
        let table = TABLE.get_or_init(|| {
            let table = Self::read(&Source::new("prices.yaml", BUILT_IN));
            table.expect("a test reads the table that is compiled in")
        });
        table.clone()
    }

    /// A table without prices: nothing has a cost.
    pub fn none() -> Self {
        Self {
            currency: "USD".into(),
            date: String::new(),
            rows: Vec::new(),
        }
    }

    /// Reads a table: `date`, `currency`, and `models` with `provider`, `model`, `input`, `output` and
    /// perhaps `cached`, each per million tokens.
    ///
    /// # Errors
    /// With the place of what is wrong.
    pub fn read(source: &Source) -> Result<Self> {
        let node = parse(source)?;
        let fields = Cursor::new(source, &node).fields()?;
        let text = |key| fields.required(key)?.name().map(str::to_owned);
        let table = Self {
            date: text("date")?,
            currency: text("currency")?,
            rows: {
                let rows = fields.required("models")?.items()?;
                rows.iter().map(Row::read).collect::<Result<_>>()?
            },
        };
        fields.finish()?;
        Ok(table)
    }

    /// This table with another one over it: where both know a model, the other is right. Another
    /// currency puts the other table in the place of this one, since amounts could not be added.
    #[must_use]
    pub fn overridden_by(self, other: Self) -> Self {
        let mut rows = other.rows;
        if other.currency == self.currency {
            rows.extend(self.rows);
        }
        Self {
            currency: other.currency,
            date: other.date,
            rows,
        }
    }

    /// The currency of all amounts, as `USD`.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The day of the prices, as written in the table that was read last.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// What an answer of this model with this usage costs. `None` where the model or the usage is
    /// not known.
    pub fn cost(&self, provider: &str, model: &str, usage: Option<&Usage>) -> Option<f64> {
        let usage = usage?;
        let mut best: Option<&Row> = None;
        for row in self.rows.iter().filter(|row| row.fits(provider, model)) {
            // Of equally good rows the first is right: it is the user's.
            if best.is_none_or(|best| row.exactness() > best.exactness()) {
                best = Some(row);
            }
        }
        let row = best?;
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens - cached;
        let amount = fresh as f64 * row.input
            + cached as f64 * row.cached.unwrap_or(row.input)
            + usage.output_tokens as f64 * row.output;
        Some(amount / 1e6)
    }
}

impl Row {
    fn read(at: &Cursor<'_>) -> Result<Self> {
        let fields = at.fields()?;
        let price = |at: Cursor<'_>| at.number_in(0.0, f64::INFINITY);
        let model = fields.required("model")?.name()?;
        let row = Self {
            provider: fields.required("provider")?.name()?.to_owned(),
            model: model.strip_suffix('*').unwrap_or(model).to_owned(),
            open: model.ends_with('*'),
            input: price(fields.required("input")?)?,
            output: price(fields.required("output")?)?,
            cached: fields.get("cached").map(price).transpose()?,
        };
        fields.finish()?;
        match row.model.contains('*') {
            false => Ok(row),
            true => Err(Error::from(
                at.diagnostic("`*` may stand only at the end of a model"),
            )),
        }
    }

    fn fits(&self, provider: &str, model: &str) -> bool {
        self.provider == provider
            && match self.open {
                true => model.starts_with(&self.model),
                false => model == self.model,
            }
    }

    /// Closed names before open ones, long before short.
    fn exactness(&self) -> (bool, usize) {
        (!self.open, self.model.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Prices> {
        Prices::read(&Source::new("prices.yaml", text))
    }

    #[test]
    fn the_table_inside_is_read_and_says_its_date_and_currency() {
        let prices = Prices::built_in();
        assert_eq!((prices.currency(), prices.date()), ("USD", "2025-01-15"));
        let usage = Usage {
            input_tokens: 2_000_000,
            output_tokens: 100_000,
            cached_tokens: 1_000_000,
        };
        let cost = prices.cost("openai", "gpt-4o-mini", Some(&usage)).unwrap();
        assert!((cost - (0.15 + 0.075 + 0.06)).abs() < 1e-12);
        assert_eq!(prices.cost("openai", "gpt-4o-mini", None), None);
        assert_eq!(prices.cost("openai", "gpt-9", Some(&usage)), None);
        assert_eq!(prices.cost("ollama", "gpt-4o-mini", Some(&usage)), None);
    }

    #[test]
    fn the_exact_name_wins_then_the_longest_then_the_user_s() {
        let usage = Usage {
            input_tokens: 1_000_000,
            ..Usage::default()
        };
        let table =
            |rows: &str| read(&format!("date: d\ncurrency: USD\nmodels: [{rows}]")).unwrap();
        let inside = table(
            "{provider: p, model: a*, input: 1, output: 1}, {provider: p, model: ab*, input: 2, output: 1}, {provider: p, model: abc, input: 3, output: 1}",
        );
        let own = table("{provider: p, model: ab*, input: 9, output: 1}");
        let prices = inside.clone().overridden_by(own);
        for (model, cost) in [("ax", 1.0), ("abx", 9.0), ("abc", 3.0)] {
            assert_eq!(prices.cost("p", model, Some(&usage)), Some(cost), "{model}");
        }
        let euro = read("{date: d, currency: EUR, models: []}").unwrap();
        let prices = inside.overridden_by(euro);
        assert_eq!(
            (prices.currency(), prices.cost("p", "ax", Some(&usage))),
            ("EUR", None)
        );
    }

    #[test]
    fn a_wrong_table_names_file_line_and_field() {
        let cases = [
            (
                "date: d\ncurrency: USD\nmodels:\n  - {provider: p, modle: a, input: 1, output: 1}",
                "prices.yaml:4",
            ),
            (
                "date: d\ncurrency: USD\nmodels: [{provider: p, model: a, input: -1, output: 1}]",
                "models[0].input",
            ),
            (
                "date: d\ncurrency: USD\nmodels: [{provider: p, model: a*b, input: 1, output: 1}]",
                "only at the end",
            ),
        ];
        for (text, wanted) in cases {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
