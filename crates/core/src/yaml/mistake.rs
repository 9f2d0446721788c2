//! What the scanner says -> what a person can act on. The scanner's words are those of the YAML
//! specification; the people who write suites have not read it.

/// A scanner's message in plain words, where it is to be shown, and what to do.
pub(super) struct Mistake {
    /// What is wrong.
    pub(super) message: String,
    /// What to do, if one thing is likely.
    pub(super) hint: Option<&'static str>,
    /// Where the cause is to be found from the place that the scanner names.
    pub(super) place: Place,
}

/// Where the cause of an error stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where the scanner says.
    Here,
    /// On the last line before: the scanner gives up on a key when it sees what follows.
    LineBefore,
    /// At the first tab in an indentation from here on.
    Tab,
    /// At the first escape from here on that is none.
    Escape,
    /// At the bracket that was opened last, if nothing follows it.
    Open,
}

const INDENT: &str = "keys of one mapping, and the `-` of one list, stand in one column";
const BRACKETS: &str = "items between brackets are separated by commas and closed with the same \
                        kind of bracket";
const QUOTES_INSIDE: &str =
    "inside double quotes write a quote as `\\\"`, inside single quotes as `''`";
const TABS: &str = "YAML indents with spaces; replace the tab";

/// Reads the scanner's message; `in_brackets` if a `[` or `{` is open at that place.
pub(super) fn mistake(info: &str, in_brackets: bool) -> Mistake {
    let (message, hint) = plain_words(info, in_brackets);
    let place = match message {
        Some(TAB) => Place::Tab,
        Some(NO_VALUE) => Place::LineBefore,
        Some(ESCAPE) => Place::Escape,
        Some(LIST | MAPPING | CLOSING) => Place::Open,
        _ => Place::Here,
    };
    Mistake {
        message: message.map_or_else(|| format!("not valid YAML: {info}"), str::to_owned),
        hint,
        place,
    }
}

const TAB: &str = "a tab where only spaces may stand";
const NO_VALUE: &str = "a key without a value";
const ESCAPE: &str = "an unknown escape in double quotes";
const LIST: &str = "a list in `[…]` lacks a comma or its `]`";
const MAPPING: &str = "a mapping in `{…}` lacks a comma or its `}`";
const CLOSING: &str = "a bracket is not closed";

fn plain_words(info: &str, in_brackets: bool) -> (Option<&'static str>, Option<&'static str>) {
    let has = |part: &str| info.contains(part);
    let (message, hint) = if has("tab cannot") || has("tabs disallowed") || has("a tab") {
        (TAB, TABS)
    } else if in_brackets
        && (has("illegal placement of ':'") || has("node content") || has("invalid indentation"))
    {
        (CLOSING, BRACKETS)
    } else if has("mapping values are not allowed") || has("illegal placement of ':'") {
        (
            "a `:` in an unexpected place",
            "text that holds `: ` or ends with `:` needs quotes around it; if this is a key, look at its \
             indentation and at the line before",
        )
    } else if has("expected <document start>") {
        (
            "a directive (`%…`) without the `---` that ends it",
            "remove the line that starts with `%`; text that starts with `%` needs quotes",
        )
    } else if has("simple key expect") {
        (
            NO_VALUE,
            "write `key: value`, with a space after the colon; text of several lines goes under \
             `key: |`, indented",
        )
    } else if has("did not find expected key") {
        ("a key was expected here", INDENT)
    } else if has("did not find expected '-'") {
        ("a list item `- …` was expected here", INDENT)
    } else if has("block sequence entries are not allowed") {
        (
            "a list cannot start here",
            "put `- ` on a line of its own under the key; text that starts with `- ` needs quotes",
        )
    } else if has("flow sequence, expected") {
        (LIST, BRACKETS)
    } else if has("flow mapping, did not find") {
        (MAPPING, BRACKETS)
    } else if has("misplaced bracket") {
        (
            "a closing bracket without its opening one",
            "text that starts with a bracket needs quotes around it",
        )
    } else if has("':' may not precede") {
        (
            "a space is missing after `:`",
            "write `{key: [1, 2]}` with a space after the colon",
        )
    } else if has("found unexpected end of stream") || has("invalid indentation in quoted") {
        (
            "a quote is opened here and not closed",
            "close it on the same line, or indent the lines that follow; text of several lines \
             goes under `key: |`",
        )
    } else if has("invalid trailing content after double-quoted") {
        ("text follows a closing quote", QUOTES_INSIDE)
    } else if has("unknown escape character") {
        (
            ESCAPE,
            "use single quotes for regular expressions and Windows paths, or double the backslash",
        )
    } else if has("invalid Unicode character escape") {
        (
            "an escape that names no character",
            "write the character itself; one beyond U+FFFF is `\\U0001F600`, not two `\\u` escapes",
        )
    } else if has("expected hexadecimal number") {
        (
            "an escape without its hexadecimal digits",
            "`\\x` takes two digits, `\\u` four, `\\U` eight",
        )
    } else if has("unexpected character") {
        (
            "text cannot start with this character",
            "put the text in quotes",
        )
    } else if has("unknown anchor") {
        (
            "an alias without its anchor",
            "`*name` repeats what `&name` marked before; text that starts with `*` needs quotes",
        )
    } else if has("scanning an anchor or alias") {
        (
            "an anchor or alias without a name",
            "text that starts with `*` or `&` needs quotes around it",
        )
    } else if has("scanning a block scalar") {
        (
            "text on the same line as `|` or `>`",
            "the text starts on the next line, indented; text that starts with `|` or `>` needs \
             quotes",
        )
    } else if has("wrongly indented line in block scalar") {
        (
            "a line is indented less than the text it belongs to",
            "indent all lines of the text alike",
        )
    } else if has("byte order mark") {
        (
            "a byte order mark in the middle of the text",
            "it was likely left by joining two files: remove the invisible character",
        )
    } else {
        return (None, None);
    };
    (Some(message), Some(hint))
}
