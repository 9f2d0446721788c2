//! `number-equals`: the number in the answer is the wanted number.

use botsmith_core::yaml::Fields;

use super::builtin::{Builtin, VALUE, Wanted, evidence};
use super::{Docs, Evaluator, OptionDocs, Range, Scope, Subject};
use crate::number::{Number, Style, last, within};
use crate::{Error, Result, Score, Verdict, text};

pub(super) const KIND: Builtin = Builtin {
    docs: Docs {
        name: "number-equals",
        about: "Whether the last number in the answer is the wanted number: `18` is `18.00` and `$18`.",
        formula: "1 if |answer - wanted| <= max(tolerance, relative * |wanted|), else 0; without either as exact decimals",
        range: Range::UNIT,
        decides: true,
        compares: true,
        options: &[
            VALUE,
            OptionDocs {
                name: "tolerance",
                schema: r#"{"type": "number", "minimum": 0, "default": 0}"#,
                about: "greatest difference that still passes",
                required: false,
            },
            OptionDocs {
                name: "relative",
                schema: r#"{"type": "number", "minimum": 0, "default": 0}"#,
                about: "greatest difference as a share of the wanted number (0.01 is one percent)",
                required: false,
            },
            OptionDocs {
                name: "decimal",
                schema: r#"{"enum": ["point", "comma"], "default": "point"}"#,
                about: "whether a half is `0.5` or `0,5`",
                required: false,
            },
            OptionDocs {
                name: "fractions",
                schema: r#"{"type": "boolean", "default": true}"#,
                about: "whether `1/2` is read as one number",
                required: false,
            },
            OptionDocs {
                name: "percent",
                schema: r#"{"enum": ["unit", "fraction"], "default": "unit"}"#,
                about: "`unit`: the sign is ignored, `18 %` is 18; `fraction`: `18 %` is 0.18",
                required: false,
            },
            OptionDocs {
                name: "units",
                schema: r#"{"enum": ["ignore", "same"], "default": "ignore"}"#,
                about: "`same`: the unit or currency sign of the wanted number, where it has one, must stand in the answer too",
                required: false,
            },
        ],
        example: "- number-equals: {tolerance: 0.01}   # reference 3.14159, \"about 3.14\" gives 1",
        scalar: Some("value"),
    },
    build,
};

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberOptions {
    /// Greatest difference that still passes.
    pub tolerance: f64,
    /// Greatest difference as a share of the wanted number.
    pub relative: f64,
    /// How numbers are written.
    pub style: Style,
    /// Whether `18 %` is 0.18 rather than 18.
    pub percent_is_fraction: bool,
    /// Whether a unit of the wanted number must stand in the answer too.
    pub same_unit: bool,
}

/// Whether the last numbers of two texts are equal; `None` if either has no number.
///
/// ```
/// use botsmith_eval::evaluators::{NumberOptions, number_equals};
/// let options = NumberOptions::default();
/// assert_eq!(number_equals("It costs $1,080.", "1080.00", &options), Some(true));
/// assert_eq!(number_equals("no idea", "18", &options), None);
/// ```
pub fn number_equals(text: &str, wanted: &str, options: &NumberOptions) -> Option<bool> {
    let found = last(text, options.style)?;
    let wanted = last(wanted, options.style)?;
    Some(options.equal(&found, &wanted))
}

impl NumberOptions {
    fn equal(&self, found: &Number<'_>, wanted: &Number<'_>) -> bool {
        let scaled = |number: &Number<'_>| {
            let percent = self.percent_is_fraction && number.percent;
            number.value() / if percent { 100.0 } else { 1.0 }
        };
        let mixed = self.percent_is_fraction && found.percent != wanted.percent;
        let exact = self.tolerance == 0.0 && self.relative == 0.0;
        let equal = if exact && !mixed {
            found.same(wanted)
        } else {
            within(scaled(found), scaled(wanted), self.tolerance, self.relative)
        };
        equal && (!self.same_unit || wanted.unit().is_none_or(|unit| found.unit() == Some(unit)))
    }
}

#[derive(Debug)]
struct NumberEquals {
    wanted: Wanted,
    options: NumberOptions,
}

fn build(options: &Fields<'_>, _: &Scope<'_>) -> Result<Box<dyn Evaluator>> {
    let amount = |key| {
        options
            .get(key)
            .map_or(Ok(0.0), |at| at.number_in(0.0, f64::INFINITY))
    };
    let choice = |key, choices: &[(&str, bool)]| {
        options
            .get(key)
            .map_or(Ok(choices[0].1), |at| at.one_of(choices))
    };
    let wanted = Wanted::read(options)?;
    let options_read = NumberOptions {
        tolerance: amount("tolerance")?,
        relative: amount("relative")?,
        style: Style {
            decimal_comma: choice("decimal", &[("point", false), ("comma", true)])?,
            fractions: options.get("fractions").map_or(Ok(true), |at| at.bool())?,
        },
        percent_is_fraction: choice("percent", &[("unit", false), ("fraction", true)])?,
        same_unit: choice("units", &[("ignore", false), ("same", true)])?,
    };
    if let (Wanted::Value(value), Some(at)) = (&wanted, options.get("value"))
        && let Some(reason) = value
            .plain()
            .and_then(|text| doubt(text, options_read.style))
    {
        return Err(at.error(reason).into());
    }
    if let (Wanted::Value(value), Some(at)) = (&wanted, options.get("value"))
        && value
            .plain()
            .is_some_and(|text| last(text, options_read.style).is_none())
    {
        return Err(at
            .error(format!("{} holds no number", text::quote(value.source())))
            .into());
    }
    Ok(Box::new(NumberEquals {
        wanted,
        options: options_read,
    }))
}

/// Why the last number of a wanted text may be another: `1234.5` is none with a decimal comma, and its
/// last number is then 5.
fn doubt(wanted: &str, style: Style) -> Option<String> {
    let found = last(wanted, style).filter(|found| is_doubtful(wanted, found, style))?;
    Some(format!(
        "with `decimal: comma`, {} reads as {}: write its decimals after a comma, or leave `decimal` out",
        text::quote(&text::line(wanted, 60)),
        found.as_str()
    ))
}

fn is_doubtful(wanted: &str, found: &Number<'_>, style: Style) -> bool {
    style.decimal_comma
        && wanted[..found.start]
            .strip_suffix('.')
            .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()))
}

impl Evaluator for NumberEquals {
    fn evaluate(&self, subject: &Subject<'_>) -> Result<Verdict> {
        let wanted = self.wanted.texts(subject, "number-equals")?;
        if let Some(reason) = wanted
            .iter()
            .find_map(|text| doubt(text, self.options.style))
        {
            return Err(Error::DoubtfulReference {
                case: subject.case.id.clone(),
                reason,
            });
        }
        let found = last(subject.text, self.options.style);
        let mut equal = false;
        for text in wanted.iter() {
            let wanted = last(text, self.options.style).ok_or_else(|| Error::EmptyReference {
                case: subject.case.id.clone(),
                step: "number-equals".to_owned(),
                reference: text::line(text, 60).into_owned(),
            })?;
            equal |= found.is_some_and(|found| self.options.equal(&found, &wanted));
        }
        let Some(found) = found else {
            return Ok(Score::pass_fail(false)
                .because("no number in the answer")
                .into());
        };
        let score = evidence(
            Score::pass_fail(equal),
            subject,
            (found.start, found.end),
            equal,
        );
        if equal {
            return Ok(score.into());
        }
        let mut reason = "expected ".to_owned();
        for (i, number) in wanted
            .iter()
            .filter_map(|text| last(text, self.options.style))
            .take(3)
            .enumerate()
        {
            if i > 0 {
                reason.push_str(" or ");
            }
            reason.push_str(&shown(&number, self.options.same_unit));
        }
        reason.push_str(", found ");
        reason.push_str(&shown(&found, self.options.same_unit));
        Ok(score.because(reason).into())
    }

    fn value(&self, candidate: &str, references: &[&str]) -> Option<f64> {
        if !self.wanted.is_references() {
            return None;
        }
        let found = last(candidate, self.options.style);
        let mut equal = false;
        for text in references {
            // What is wrong with a reference is for `evaluate` to say.
            let wanted = last(text, self.options.style)?;
            if is_doubtful(text, &wanted, self.options.style) {
                return None;
            }
            equal |= found.is_some_and(|found| self.options.equal(&found, &wanted));
        }
        Some(f64::from(u8::from(equal)))
    }

    fn uses_references(&self, _: &Docs) -> bool {
        self.wanted.is_references()
    }
}

fn shown(number: &Number<'_>, with_unit: bool) -> String {
    let text = text::line(number.as_str(), 40).into_owned();
    match number.unit().filter(|_| with_unit) {
        Some(unit) => format!("{text} {unit}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, doubt};

    #[test]
    fn a_reference_that_is_no_number_with_a_decimal_comma_is_not_read_as_its_tail() {
        let comma = Style {
            decimal_comma: true,
            ..Style::default()
        };
        for (text, doubted) in [
            ("1234.5", true),
            ("It is 3.14", true),
            ("1.234", false),
            ("1.234,5", false),
            ("3,14", false),
            ("Nr. 5", false),
            ("7", false),
        ] {
            assert_eq!(doubt(text, comma).is_some(), doubted, "{text}");
            assert_eq!(doubt(text, Style::default()), None, "{text}");
        }
    }
}
