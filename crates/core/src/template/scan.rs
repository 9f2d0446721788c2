//! The text of a template -> what it holds that is refused, and where. A walk over the tags, not a parser: the
//! engine says whether a template is valid.

use super::{JOINS, TEXT};
use crate::nesting::{self, Nesting, of_words};

/// The tags that a template may use.
const TAGS: [&str; 8] = [
    "if", "elif", "else", "endif", "for", "endfor", "with", "endwith",
];
/// The tags that bind a name, with which text could be built out of text again and again.
const BINDING: [&str; 2] = ["for", "with"];
/// Commas inside of tags: each may put a value in a list once more.
const COMMAS: usize = 256;

/// What is refused, as a person reads it, and its first byte in the text.
pub type Refusal = (String, usize);

/// The line of a byte of the text, from 1.
pub fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// What a template holds that is refused; `None` if it may be used. To be asked before a template is
/// compiled: the engine computes constants as it reads them.
///
/// `joins` is how often `~` and `+` may stand in it, which they may only where no tag binds a name; 0: not
/// at all; [`JOINS`] where the template is the user's own.
pub fn refusal(text: &str, joins: usize) -> Option<Refusal> {
    let mut seen = Seen::new(joins);
    seen.template(text).err().or(seen.bound)
}

/// What an expression, such as that of `when`, holds that is refused. `~` and `+` may stand in it
/// [`JOINS`] times.
pub fn refusal_in_expression(text: &str) -> Option<Refusal> {
    if text.len() > TEXT {
        return Some((format!("more than {TEXT} bytes"), 0));
    }
    let seen = Seen::new(JOINS).tokens(text, 0, None);
    seen.and_then(|_| nesting::expression(text)).err()
}

/// What was seen of a template so far.
struct Seen {
    joins: usize,
    commas: usize,
    /// The first `~` or `+`.
    join: Option<Refusal>,
    binds: bool,
    /// A join in a template that binds names.
    bound: Option<Refusal>,
    nesting: Nesting,
}

impl Seen {
    fn new(joins: usize) -> Self {
        Self {
            joins,
            commas: COMMAS,
            join: None,
            binds: false,
            bound: None,
            nesting: Nesting::default(),
        }
    }

    fn template(&mut self, text: &str) -> Result<(), Refusal> {
        if text.len() > TEXT {
            return Err((format!("more than {TEXT} bytes"), 0));
        }
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(found) = text[at..].find('{') {
            at += found + 1;
            match bytes.get(at) {
                Some(b'#') => match text[at + 1..].find("#}") {
                    Some(end) => at += 1 + end + 2,
                    None => break,
                },
                Some(b'{' | b'%') => at = self.tag(text, at + 1, bytes[at] == b'%')?,
                _ => {}
            }
        }
        if self.binds {
            self.bound = self.join.take();
        }
        Ok(())
    }

    /// Reads one `{{ … }}` or `{% … %}` from after its opening; gives where it ends.
    fn tag(&mut self, text: &str, from: usize, block: bool) -> Result<usize, Refusal> {
        // `{%-` and `{%+` are about blanks.
        let blanks = matches!(text.as_bytes().get(from), Some(b'-' | b'+'));
        let at = from + usize::from(blanks);
        let mut statement = None;
        if block {
            let rest = text[at..].trim_start();
            let name = &rest[..rest.find(|c| !of_words(c)).unwrap_or(rest.len())];
            if !TAGS.contains(&name) {
                return Err((format!("`{{% {name} %}}`"), from));
            }
            self.binds |= BINDING.contains(&name);
            statement = Some(name);
        }
        let end = self.tokens(text, at, Some(if block { b'%' } else { b'}' }))?;
        // Of a tag that does not close the engine reads what there is.
        let deep = |(what, inside)| (what, at + inside);
        self.nesting.tag(&text[at..end], statement).map_err(deep)?;
        Ok(end)
    }

    /// Reads tokens from `at` up to the end of the tag or of the text; gives where that is.
    fn tokens(&mut self, text: &str, from: usize, close: Option<u8>) -> Result<usize, Refusal> {
        let bytes = text.as_bytes();
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            let next = bytes.get(at + 1);
            let closes = |byte: Option<&u8>| close.is_some() && byte == close.as_ref();
            match byte {
                b'\'' | b'"' => {
                    at += 1;
                    while let Some(&inner) = bytes.get(at).filter(|inner| **inner != byte) {
                        at += if inner == b'\\' { 2 } else { 1 };
                    }
                }
                _ if closes(Some(&byte)) && next == Some(&b'}') => return Ok(at + 2),
                b'+' if closes(next) && bytes.get(at + 2) == Some(&b'}') => {}
                b'~' | b'+' => {
                    let refusal = (format!("`{}`", char::from(byte)), at);
                    if self.joins == 0 {
                        return Err(refusal);
                    }
                    self.joins -= 1;
                    self.join.get_or_insert(refusal);
                }
                // Without braces inside, the end of a tag is never in doubt.
                b'*' | b'{' | b'}' => return Err((format!("`{}`", char::from(byte)), at)),
                b',' => match self.commas.checked_sub(1) {
                    Some(left) => self.commas = left,
                    None => return Err((format!("more than {COMMAS} commas"), at)),
                },
                b'r' if close == Some(b'%') && text[at..].starts_with("recursive") => {
                    return Err(("`recursive`".into(), at));
                }
                _ => {}
            }
            at += 1;
        }
        // Not closed: the engine says so.
        Ok(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_build_text_out_of_text_are_refused() {
        let cases = [
            ("plain ~ + * { } text", None),
            ("{{ a }} {%- if a == '~{{' -%} x {%+ endif +%}", None),
            ("{# {{ a ~ a }} #}", None),
            ("{{ a.b[0] | join(', ') }}", None),
            ("{% for x in xs if x %}{{ loop.index }}{% endfor %}", None),
            ("{{ a ~ a }}", Some(("`~`", 1))),
            ("\n{{ 'a' * 9 }}", Some(("`*`", 2))),
            ("{{ a + a }}", Some(("`+`", 1))),
            ("{{ {'a': {'b': 1}} ~ x }}", Some(("`{`", 1))),
            ("{% set x = 1 %}", Some(("`{% set %}`", 1))),
            ("{%- macro f() %}", Some(("`{% macro %}`", 1))),
            (
                "{% raw %}{{ ' {% endraw %}{{ x ~ x }}'}}",
                Some(("`{% raw %}`", 1)),
            ),
            ("{{ '\\'' ~ x }}", Some(("`~`", 1))),
            ("{% for x in xs recursive %}", Some(("`recursive`", 1))),
            ("{{ \"{#\" }}{{ a ~ a }}", Some(("`~`", 1))),
            ("{{{ a ~ a }}", Some(("`{`", 1))),
            ("{ {{ a ~ a }}", Some(("`~`", 1))),
            ("{{ é ~ é }}", Some(("`~`", 1))),
            ("{{ 'open", None),
            ("{% if", None),
        ];
        for (text, wanted) in cases {
            let found = refusal(text, 0);
            let found = found
                .as_ref()
                .map(|(what, at)| (what.as_str(), line(text, *at)));
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn a_few_joins_may_stand_where_no_name_is_bound() {
        assert_eq!(refusal("{{ n + 1 }} {{ a ~ b }}", JOINS), None);
        let (what, at) = refusal("{% for a in b %}{{ a ~ a }}{% endfor %}", JOINS).unwrap();
        assert_eq!((what.as_str(), at), ("`~`", 21));
        assert!(refusal("{{ a ~ a }}{% with b = 1 %}{% endwith %}", JOINS).is_some());
        assert!(refusal(&"{{ a ~ a }}".repeat(JOINS + 1), JOINS).is_some());
        assert!(refusal(&format!("{{{{ [{}] }}}}", "a,".repeat(300)), JOINS).is_some());
        assert!(refusal(&"x".repeat(TEXT + 1), JOINS).is_some());
    }

    #[test]
    fn what_would_overflow_the_stack_of_its_reader_is_refused() {
        for deep in [
            format!("x{{{{ a{} }}}}", ".a".repeat(9999)),
            format!("\n{{{{ a{}", " and a".repeat(9999)),
            format!("{{% if a {} %}}{{% endif %}}", "| upper".repeat(9999)),
            format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(9999)),
            format!("{{{{ {}x{} }}}}", "a(".repeat(9999), ")".repeat(9999)),
        ] {
            let (what, at) = refusal(&deep, 0).unwrap();
            assert!(
                what.contains("inside of each other") || what.contains("`elif`s"),
                "{what}"
            );
            assert!(at < deep.len());
        }
        let (what, _) = refusal_in_expression(&"not ".repeat(9999)).unwrap();
        assert!(what.contains("inside of each other"), "{what}");
    }

    #[test]
    fn an_expression_may_reckon_but_not_multiply() {
        assert_eq!(refusal_in_expression("inputs.a + 1 > 2"), None);
        assert_eq!(refusal_in_expression("'~*' in text"), None);
        assert_eq!(refusal_in_expression("2 ** 9"), Some(("`*`".into(), 2)));
        assert!(refusal_in_expression(&"a ~ ".repeat(JOINS + 1)).is_some());
    }
}
