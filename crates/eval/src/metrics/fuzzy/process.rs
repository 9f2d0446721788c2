//! rapidfuzz's `default_process`: lower case, letters and digits, spaces for all else.

use std::sync::LazyLock;

use regex::Regex;

/// Letters and numbers of Unicode 13, the tables that rapidfuzz carries.
static KEPT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[[\p{L}\p{N}]&&\p{Age=13.0}]+").expect("the pattern is constant and tested")
});

/// Replaces `out` by the text in lower case with a space for every character that is neither
/// letter nor digit, and none at the ends. The underscore becomes a space too.
///
/// ```
/// let mut out = String::new();
/// botsmith_eval::metrics::fuzzy::default_process("It's 5 p.m.!", &mut out);
/// assert_eq!(out, "it s 5 p m");
/// ```
pub fn default_process(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.extend(text.chars().map(|c| match c {
            c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
            _ => ' ',
        }));
    } else {
        let mut done = 0;
        for kept in KEPT.find_iter(text) {
            out.extend(text[done..kept.start()].chars().map(|_| ' '));
            // One character for one: `İ` becomes `i`.
            let lower = |c: char| c.to_lowercase().next().unwrap_or(c);
            out.extend(kept.as_str().chars().map(lower));
            done = kept.end();
        }
        out.extend(text[done..].chars().map(|_| ' '));
    }
    out.truncate(out.trim_end_matches(' ').len());
    let spaces = out.len() - out.trim_start_matches(' ').len();
    out.drain(..spaces);
}
