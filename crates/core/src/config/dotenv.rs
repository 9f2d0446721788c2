//! `.env` files: lines of `NAME=value` -> variables.
//!
//! ```text
//! # a comment
//! export NAME=plain text   # a comment after a space
//! NAME='as it stands: \n is two characters'
//! NAME="with \n, \r, \t, \", \\ and \$
//! over lines, too"
//! ```
//! Other escapes stay as written; a later line wins over an earlier one of the same name. It does
//! not expand `$NAME` and runs nothing. Errors name the line and show no text of the file, for it
//! may be secret.

use crate::yaml::Source;
use crate::{Diagnostic, Result, SecretString};

/// The code of this module's errors.
const CODE: &str = "BS-CORE-021";

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// Its name: ASCII letters, digits and `_`, no digit first.
    pub name: String,
    /// Its value, which may be empty.
    pub value: SecretString,
    /// The line of its name, from 1.
    pub line: usize,
}

/// Reads a `.env` file.
///
/// ```
/// use botsmith_core::{config::dotenv, yaml::Source};
/// let variables = dotenv::parse(&Source::new(".env", "A=1\nexport KEY=\"x y\" # z\n"))?;
/// assert_eq!(variables[1].name, "KEY");
/// assert_eq!(variables[1].value.expose(), "x y");
/// assert_eq!(variables[1].line, 2);
/// # Ok::<(), botsmith_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) at the first line that is none of the above.
pub fn parse(source: &Source) -> Result<Vec<Variable>> {
    let mut reader = Reader {
        source,
        rest: source.text(),
        line: 1,
    };
    let mut variables = Vec::new();
    while !reader.rest.is_empty() {
        if let Some(variable) = reader.line()? {
            variables.push(variable);
        }
    }
    Ok(variables)
}

struct Reader<'a> {
    source: &'a Source,
    rest: &'a str,
    line: usize,
}

const BLANK: [char; 2] = [' ', '\t'];

impl<'a> Reader<'a> {
    fn fail<T>(&self, line: usize, message: &str, hint: &str) -> Result<T> {
        let diagnostic = Diagnostic::new(self.source.path(), message);
        Err(diagnostic.at(line, 0).code(CODE).hint(hint).into())
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(BLANK);
    }

    /// The rest of this line, and on to the next one.
    fn take_line(&mut self) -> &'a str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        (self.rest, self.line) = (rest, self.line + 1);
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn line(&mut self) -> Result<Option<Variable>> {
        self.skip_blanks();
        if self.rest.starts_with(['#', '\n', '\r']) || self.rest.is_empty() {
            self.take_line();
            return Ok(None);
        }
        if let Some(rest) = self.rest.strip_prefix("export")
            && rest.starts_with(BLANK)
        {
            self.rest = rest;
            self.skip_blanks();
        }
        let line = self.line;
        let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = self.rest.find(|c| !named(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(length);
        let Some(rest) = rest.trim_start_matches(BLANK).strip_prefix('=') else {
            return self.fail(line, "expected `NAME=value`", "a comment starts with `#`");
        };
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            let hint = "letters, digits and `_`, no digit first";
            return self.fail(line, "the name before `=` is no variable's name", hint);
        }
        self.rest = rest;
        self.skip_blanks();
        let value = match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote)?,
            _ => plain(self.take_line()).to_owned(),
        };
        if value.contains('\0') {
            return self.fail(line, "a NUL character in a value", "remove it");
        }
        Ok(Some(Variable {
            name: name.to_owned(),
            value: SecretString::new(value),
            line,
        }))
    }

    fn quoted(&mut self, quote: char) -> Result<String> {
        let start = self.line;
        let text = &self.rest[1..];
        let mut value = String::new();
        let mut chars = text.char_indices();
        loop {
            let Some((at, c)) = chars.next() else {
                return self.fail(start, "a quote is opened and not closed", "close it");
            };
            match c {
                c if c == quote => {
                    self.rest = &text[at + 1..];
                    break;
                }
                // Windows line ends become plain ones, as everywhere.
                '\r' if text[at + 1..].starts_with('\n') => {}
                '\\' if quote == '"' => match chars.next().map(|(_, c)| c) {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(c @ ('"' | '\\' | '$')) => value.push(c),
                    Some(c) => {
                        self.line += usize::from(c == '\n');
                        value.extend(['\\', c]);
                    }
                    None => {}
                },
                c => {
                    self.line += usize::from(c == '\n');
                    value.push(c);
                }
            }
        }
        let line = self.line;
        let after = self.take_line().trim_start_matches(BLANK);
        if after.is_empty() || after.starts_with('#') {
            return Ok(value);
        }
        let hint = "inside double quotes write a quote as `\\\"`; a comment starts with `#`";
        self.fail(line, "text follows a closing quote", hint)
    }
}

/// A value without quotes: up to a `#` after a blank.
fn plain(line: &str) -> &str {
    let comment = line
        .match_indices('#')
        .find(|(at, _)| *at == 0 || line[..*at].ends_with(BLANK));
    let end = comment.map_or(line.len(), |(at, _)| at);
    line[..end].trim()
}
