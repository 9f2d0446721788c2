//! Lemma scripts: how a form becomes its lemma, as an edit that many words share.
//!
//! (form, lemma) -> script, and (script, form) -> lemma. `flies` -> `fly` is "lower-cased, take
//! three off the end, add `y`". After `UDPipe` 2 (Straka 2018, <https://doi.org/10.18653/v1/K18-2020>).

/// What happens to the form's case first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub(crate) enum Case {
    /// All lower.
    Lower,
    /// As it is.
    Keep,
    /// First character as it is, the rest lower.
    Title,
    /// First character upper, the rest as it is.
    First,
}

const CASES: [Case; 4] = [Case::Lower, Case::Keep, Case::Title, Case::First];

/// One edit: case, then characters off both ends, then text added to both.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct Script {
    pub(crate) case: Case,
    /// Characters taken off the front and the back; none of it where the whole is replaced.
    pub(crate) strip: Option<(u8, u8)>,
    pub(crate) before: String,
    pub(crate) after: String,
}

fn cased(form: &str, case: Case, out: &mut String) {
    let lower = |c: char| {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else {
            out.extend(c.to_lowercase());
        }
    };
    match case {
        Case::Lower => form.chars().for_each(lower),
        Case::Keep => out.push_str(form),
        Case::Title => {
            let mut chars = form.chars();
            let first = chars.next();
            let rest = chars.as_str();
            out.extend(first);
            out.extend(rest.chars().flat_map(char::to_lowercase));
        }
        Case::First => {
            let mut chars = form.chars();
            if let Some(first) = chars.next() {
                out.extend(first.to_uppercase());
            }
            out.push_str(chars.as_str());
        }
    }
}

impl Script {
    /// The shortest edit from form to lemma.
    pub(crate) fn between(form: &str, lemma: &str) -> Self {
        let wanted: Vec<char> = lemma.chars().collect();
        let mut best: Option<(usize, Self)> = None;
        let mut text = String::new();
        for case in CASES {
            text.clear();
            cased(form, case, &mut text);
            let given: Vec<char> = text.chars().collect();
            let (start, at, length) = common(&given, &wanted);
            if length == 0 || given.len() > 200 {
                continue;
            }
            let off = (start, given.len() - start - length);
            let (before, after) = (at, wanted.len() - at - length);
            let cost = off.0 + off.1 + before + after;
            if best.as_ref().is_none_or(|(c, _)| cost < *c) {
                let script = Self {
                    case,
                    strip: Some((off.0 as u8, off.1 as u8)),
                    before: wanted[..at].iter().collect(),
                    after: wanted[wanted.len() - after..].iter().collect(),
                };
                best = Some((cost, script));
            }
        }
        match best {
            Some((cost, script)) if cost < wanted.len() + 4 => script,
            _ => Self {
                case: Case::Keep,
                strip: None,
                before: lemma.to_owned(),
                after: String::new(),
            },
        }
    }

    /// The lemma of `form`, appended to `out`; `false` (and nothing written) where the form is too
    /// short for the edit.
    pub(crate) fn apply(&self, form: &str, out: &mut String) -> bool {
        if let (Some((front, back)), true) = (self.strip, form.is_ascii()) {
            return self.apply_ascii(form, (front as usize, back as usize), out);
        }
        self.apply_any(form, out)
    }

    fn apply_any(&self, form: &str, out: &mut String) -> bool {
        let start = out.len();
        out.push_str(&self.before);
        let Some((front, back)) = self.strip else {
            return true;
        };
        let middle = out.len();
        cased(form, self.case, out);
        let text = &out[middle..];
        let from = match front {
            0 => Some(0),
            _ => text.char_indices().nth(front as usize).map(|(at, _)| at),
        };
        let to = match back {
            0 => Some(text.len()),
            _ => text
                .char_indices()
                .nth_back(back as usize - 1)
                .map(|(at, _)| at),
        };
        let (Some(from), Some(to)) = (from, to) else {
            out.truncate(start);
            return false;
        };
        if to < from || (to == from && self.before.is_empty() && self.after.is_empty()) {
            out.truncate(start);
            return false;
        }
        out.truncate(middle + to);
        if from > 0 {
            out.replace_range(middle..middle + from, "");
        }
        out.push_str(&self.after);
        true
    }

    /// As [`Script::apply_any`], where each character is a byte.
    fn apply_ascii(&self, form: &str, (front, back): (usize, usize), out: &mut String) -> bool {
        let Some(to) = form.len().checked_sub(back).filter(|to| *to >= front) else {
            return false;
        };
        if to == front && self.before.is_empty() && self.after.is_empty() {
            return false;
        }
        // As where characters are counted: what takes off all of them does not fit.
        if front > 0 && front >= form.len() {
            return false;
        }
        out.push_str(&self.before);
        let middle = out.len();
        out.push_str(&form[front..to]);
        match self.case {
            Case::Lower => out[middle..].make_ascii_lowercase(),
            Case::Title => {
                let rest = middle + usize::from(front == 0).min(to - front);
                out[rest..].make_ascii_lowercase();
            }
            Case::First if front == 0 && to > 0 => out[middle..=middle].make_ascii_uppercase(),
            Case::Keep | Case::First => {}
        }
        out.push_str(&self.after);
        true
    }
}

/// The longest common substring: start in `a`, start in `b`, length.
fn common(a: &[char], b: &[char]) -> (usize, usize, usize) {
    let mut best = (0, 0, 0);
    for i in 0..a.len() {
        for j in 0..b.len() {
            let length = a[i..]
                .iter()
                .zip(&b[j..])
                .take_while(|(x, y)| x == y)
                .count();
            if length > best.2 {
                best = (i, j, length);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_characters_are_edited_alike() {
        for case in CASES {
            for (front, back) in [
                (0, 0),
                (1, 0),
                (0, 1),
                (2, 1),
                (1, 2),
                (0, 4),
                (4, 0),
                (9, 9),
            ] {
                for (before, after) in [("", ""), ("x", ""), ("", "Y")] {
                    let script = Script {
                        case,
                        strip: Some((front, back)),
                        before: before.into(),
                        after: after.into(),
                    };
                    for form in ["", "a", "Ab", "aBC", "ABCD", "abcde"] {
                        let (mut bytes, mut characters) = ("-".to_owned(), "-".to_owned());
                        let place = (front as usize, back as usize);
                        let fits = script.apply_any(form, &mut characters);
                        assert_eq!(script.apply_ascii(form, place, &mut bytes), fits);
                        assert_eq!(bytes, characters, "{script:?} {form}");
                    }
                }
            }
        }
    }
}
