//! The ways in which an answer states its choice: text -> the last statement's letter and its place.
//!
//! What is denied (`I would not choose B`, `A is wrong`), asked (`Is it B?`) or an article (`A cat`)
//! states nothing.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Choice, index};

/// `the answer is B`, `answer: (b)`, `Ans: B`, `I'd go with B`, `\boxed{B}`, `<answer>B</answer>`,
/// `the answer is not A but B`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?xi)
        (?: \b (?: answer | ans | choice | option | solution | choose | pick | select | selected | chose
                 | (?: go | going | went ) \s+ (?: with | for ) ) \b \.?
            [\s*_`'\x22]*
            (?: (?: is | would\ be | should\ be | must\ be | was | are | has\ to\ be ) \b | : | = | — | - )?
            [\s*_`'\x22:]*
            (?: (?: clearly | definitely | therefore | thus | most\ likely | likely | probably ) \b [\s,:]* )?
            (?: (?: option | choice | answer | letter ) \b [\s:]* )?
            (?: not \s+ [*_`'\x22(\[]* [A-Z] [*_`'\x22)\]]* \s* ,? \s* but \s+ (?: rather \s+ )? )?
          | \\boxed \s* \{ \s* (?: \\text \s* \{ \s* )?
          | < (?: final_?answer | answer | ans | choice | option ) > \s*
        )
        [\s*_`'\x22(\[{$]*
        (?P<letter> [A-Z] )
        (?P<close> [*_`'\x22)\]}$]* )
        (?P<after> \s+ (?: or | and ) \s+ [*_(\[]* [A-Z] \b | \s* [/&,] \s* [*_(\[]* [A-Z] (?: [\s)\].,;*_] | \z ) | [.,;:!?<\s] | \z | [—–-] )
    ";
    Regex::new(pattern).expect("the pattern is fixed")
});

/// `B is correct`, `**(B)** is the right answer`, `B seems best`.
static PRAISED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)
        (?: ^ | [\s*_`'\x22(\[] ) (?P<letter> [A-Z] ) [*_`'\x22)\].]* \s+
        (?: (?i) is | was | seems | must\ be | has\ to\ be | would\ be | looks ) \s+
        (?: (?i) (?: clearly | definitely | obviously | indeed | most\ likely | probably ) \s+ )?
        (?: (?i) the \s+ )? (?: (?i) only \s+ | most \s+ )?
        (?i: correct | right | best | answer ) \b
        (?P<after> [^.!?\n]* [.!?]? )
    ";
    Regex::new(pattern).expect("the pattern is fixed")
});

/// `It's B`, `it is (B).`, `that's B`.
static POINTED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)
        \b (?i: it | that | this ) (?: ['’]s | (?i: \s+ (?: is | must\ be | would\ be | has\ to\ be ) ) ) \s+
        (?: (?i: clearly | definitely | probably | most\ likely | option | answer | choice ) \s+ )*
        [*_`'\x22(\[]* (?P<letter> [A-Z] ) [*_`'\x22)\]]*
        (?P<after> [.,;:!?—–] | \z | \n | \s+ (?i: because | since | as ) \b )
    ";
    Regex::new(pattern).expect("the pattern is fixed")
});

/// A line that begins with the choice: `Definitely B`, `B, because it is red`.
static FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?xm) ^ [\s>*_\x22'-]*
        (?: (?i: definitely | certainly | clearly | obviously | surely | probably | most\ likely | likely )
              ,? \s+ [*_`'\x22(\[]* (?P<letter> [A-Z] ) [*_`'\x22)\]]* (?P<after> [.,;:!?—–] | $ | \s+ (?i: because | since | as ) \b )
          | [*_`'\x22(\[]* (?P<led> [A-Z] ) [*_`'\x22)\]]* ,? \s+ (?i: because | since ) \b
        )
    ";
    Regex::new(pattern).expect("the pattern is fixed")
});

/// The last statement of an answer.
pub(super) fn last(text: &str, letters: usize) -> Option<Choice> {
    let mut found: Vec<(usize, Choice)> = Vec::new();
    for captures in NAMED.captures_iter(text) {
        found.extend(named(text, &captures, letters));
    }
    for pattern in [&PRAISED, &POINTED, &FIRST] {
        for captures in pattern.captures_iter(text) {
            found.extend(said(text, &captures, letters));
        }
    }
    let last = found.into_iter().max_by_key(|(at, _)| *at);
    last.map(|(_, choice)| choice)
}

/// A letter after the word that announces it.
fn named(text: &str, captures: &Captures<'_>, letters: usize) -> Option<(usize, Choice)> {
    let (letter, after) = (captures.name("letter")?, captures.name("after")?);
    let first = index(letter.as_str(), letters)?;
    if denied(text, captures.get(0)?.start()) {
        return None;
    }
    // `the answer is a cat`: a small letter is an option only where nothing follows.
    let small = letter.as_str().chars().all(char::is_lowercase);
    let close = captures.name("close");
    let closed = close.is_some_and(|close| !close.is_empty());
    let goes_on = after.as_str().trim().is_empty()
        && text[after.end()..]
            .trim_start_matches([' ', '\t'])
            .starts_with(char::is_alphanumeric);
    if small && !closed && goes_on && !after.as_str().contains('\n') {
        return None;
    }
    let other = after.as_str().bytes().rfind(u8::is_ascii_alphabetic);
    let second = other.and_then(|byte| index(std::str::from_utf8(&[byte]).ok()?, letters));
    let choice = match second {
        Some(second) if second != first => Choice::Ambiguous(first, second),
        _ => Choice::One(first, (letter.start(), letter.end())),
    };
    Some((letter.start(), choice))
}

/// A letter in a sentence of its own kind.
fn said(text: &str, captures: &Captures<'_>, letters: usize) -> Option<(usize, Choice)> {
    let letter = captures.name("letter").or(captures.name("led"))?;
    let index = index(letter.as_str(), letters)?;
    let asked = captures.name("after");
    let asked = asked.is_some_and(|after| after.as_str().trim_end().ends_with('?'));
    if asked || denied(text, captures.get(0)?.start()) || denied(text, letter.start()) {
        return None;
    }
    let choice = Choice::One(index, (letter.start(), letter.end()));
    Some((letter.start(), choice))
}

/// Whether the words before a place take back or leave open what follows.
fn denied(text: &str, at: usize) -> bool {
    let open = |c: char| c.is_whitespace() || "*_`'\"([".contains(c);
    let before = text[..at].trim_end_matches(open);
    let mut words = before.rsplit(char::is_whitespace);
    let last = words.next().unwrap_or_default().to_lowercase();
    let negated = |word: &str| {
        matches!(word, "not" | "never" | "cannot") || word.ends_with("n't") || word.ends_with("n’t")
    };
    let doubted = matches!(
        last.as_str(),
        "if" | "whether" | "unless" | "neither" | "nor"
    );
    // `I do not think that B is correct`.
    let thought = matches!(last.as_str(), "that" | "think" | "believe" | "say")
        && words.take(3).any(|word| negated(&word.to_lowercase()));
    negated(&last) || doubted || thought
}

#[cfg(test)]
mod tests {
    use super::super::{Choice, choice};

    fn picked(text: &str) -> Option<char> {
        match choice(text, &[]) {
            Choice::One(index, (start, end)) => {
                let letter = char::from(b'A' + index as u8);
                assert!(
                    text[start..end].eq_ignore_ascii_case(&letter.to_string()),
                    "{text}"
                );
                Some(letter)
            }
            _ => None,
        }
    }

    #[test]
    fn the_usual_ways_of_saying_it_are_read() {
        for (text, letter) in [
            ("I'd go with B.", 'B'),
            ("I would go with option C here.", 'C'),
            ("B is correct", 'B'),
            ("(B) is the correct answer.", 'B'),
            ("I think **B** is right.", 'B'),
            ("A is correct, since water boils.", 'A'),
            ("It's B", 'B'),
            ("It's B.", 'B'),
            ("I believe it is (C).", 'C'),
            ("That's D!", 'D'),
            ("Definitely B", 'B'),
            ("Most likely C.", 'C'),
            ("B, because x", 'B'),
            ("B because it is the capital.", 'B'),
            ("Ans: B", 'B'),
            ("Ans. B", 'B'),
            ("<answer>B</answer>", 'B'),
            ("Let me think.\n<answer> (C) </answer>", 'C'),
            ("The answer is not A but B", 'B'),
            ("The answer is not (A), but rather (B).", 'B'),
            ("A is wrong. It's C.", 'C'),
            ("The answer isn't A, it's B.", 'B'),
            ("I first thought it's A. The answer is D.", 'D'),
            ("The answer is b", 'B'),
        ] {
            assert_eq!(picked(text), Some(letter), "{text}");
        }
    }

    #[test]
    fn what_is_denied_asked_or_an_article_picks_nothing() {
        for text in [
            "A is wrong",
            "A is not correct.",
            "Is it B?",
            "It's B?",
            "B is correct?",
            "a bee",
            "It's a bee.",
            "A cat sat on the mat.",
            "A best friend is a treasure.",
            "I'd go with a bee.",
            "I would not go with B.",
            "I wouldn't choose C.",
            "I do not think that B is correct.",
            "I wonder whether B is right.",
            "The answer is not A",
            "Definitely a cat.",
            "Because of a B in music.",
        ] {
            assert_eq!(picked(text), None, "{text}");
        }
    }
}
