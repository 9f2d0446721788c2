//! Colours of a terminal, by name.
//!
//! Names and escape codes are those of Rainbow, the library of the reference implementation: eight ANSI
//! colours, text effects, and X11 names, which are mapped onto the 6 x 6 x 6 cube of 256 colours.

use serde_json::Value;

use super::Mode;
use super::x11::X11;
use crate::cartridge::fetch;

const ANSI: [&str; 8] = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
];

const EFFECTS: [(&str, u8); 11] = [
    ("bright", 1),
    ("bold", 1),
    ("faint", 2),
    ("dark", 2),
    ("italic", 3),
    ("underline", 4),
    ("blink", 5),
    ("inverse", 7),
    ("hide", 8),
    ("cross_out", 9),
    ("strike", 9),
];

/// The colour of the bot's words: the interface's own, else that of all.
pub fn output_color(cartridge: &Value, mode: Mode) -> Option<&str> {
    fetch(cartridge, &["interfaces", mode.as_str(), "output", "color"])
        .or_else(|| fetch(cartridge, &["interfaces", "output", "color"]))
        .and_then(Value::as_str)
}

/// `text` in `color`; as it is where the name is unknown.
///
/// ```
/// use botsmith_nanobots::interface::paint;
/// assert_eq!(paint("> ", "blue"), "\u{1b}[34m> \u{1b}[0m");
/// assert_eq!(paint("> ", "tomato"), "\u{1b}[38;5;209m> \u{1b}[0m");
/// assert_eq!(paint("> ", "no such colour"), "> ");
/// ```
pub fn paint(text: &str, color: &str) -> String {
    let Some(codes) = codes(color) else {
        return text.to_owned();
    };
    // Codes that the text starts with come first, so that the new one counts.
    let start = leading_codes(text);
    let end = if text.ends_with("\u{1b}[0m") {
        ""
    } else {
        "\u{1b}[0m"
    };
    format!("{}\u{1b}[{codes}m{}{end}", &text[..start], &text[start..])
}

fn codes(color: &str) -> Option<String> {
    let color = color.trim();
    if let Some(place) = ANSI.iter().position(|name| *name == color) {
        return Some((30 + place).to_string());
    }
    if let Some((_, code)) = EFFECTS.iter().find(|(name, _)| *name == color) {
        return Some(code.to_string());
    }
    let place = X11.binary_search_by_key(&color, |(name, _)| name).ok()?;
    let cube = |value: u8| u32::from(value) * 6 / 256;
    let [red, green, blue] = X11[place].1.map(cube);
    Some(format!("38;5;{}", 16 + red * 36 + green * 6 + blue))
}

/// How many bytes of colour codes the text starts with.
fn leading_codes(text: &str) -> usize {
    let mut at = 0;
    while let Some(rest) = text[at..].strip_prefix("\u{1b}[") {
        let digits = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b';')
            .count();
        if digits == 0 || rest.as_bytes().get(digits) != Some(&b'm') {
            break;
        }
        at += 2 + digits + 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_so_that_they_are_found() {
        assert!(X11.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn effects_and_cube_colours_are_coded_as_in_rainbow() {
        assert_eq!(paint("a", "underline"), "\u{1b}[4ma\u{1b}[0m");
        assert_eq!(paint("a", "aliceblue"), "\u{1b}[38;5;231ma\u{1b}[0m");
        assert_eq!(
            paint("\u{1b}[1ma\u{1b}[0m", "red"),
            "\u{1b}[1m\u{1b}[31ma\u{1b}[0m"
        );
    }
}
