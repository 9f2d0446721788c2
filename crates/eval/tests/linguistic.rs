//! Evaluators of language on hand-written answers of bots, each both ways.
#![allow(clippy::unwrap_used)]

#[path = "linguistic/laws.rs"]
mod laws;
#[path = "linguistic/table.rs"]
mod table;

use table::check;

#[test]
fn new_numbers_are_told_from_known_ones() {
    check("new-numbers", include_str!("linguistic/new-numbers.yaml"));
}

#[test]
fn new_names_are_told_from_known_ones() {
    check("new-names", include_str!("linguistic/new-names.yaml"));
}

#[test]
fn what_a_reference_denies_is_not_to_be_affirmed() {
    check(
        "negation-flip",
        include_str!("linguistic/negation-flip.yaml"),
    );
}

#[test]
fn questions_are_answered_by_phrases_of_their_kind() {
    check(
        "answers-question",
        include_str!("linguistic/answers-question.yaml"),
    );
}

#[test]
fn instructions_are_kept_point_by_point() {
    check("instruction", include_str!("linguistic/instruction.yaml"));
}

#[test]
fn words_in_a_row_are_found_by_what_they_are() {
    check("pos-pattern", include_str!("linguistic/pos-pattern.yaml"));
}

#[test]
fn readability_is_within_limits_or_not() {
    check("readability", include_str!("linguistic/readability.yaml"));
}

#[test]
fn words_are_varied_or_not() {
    check(
        "lexical-diversity",
        include_str!("linguistic/lexical-diversity.yaml"),
    );
}

#[test]
fn repeated_phrases_are_found() {
    check("repetition", include_str!("linguistic/repetition.yaml"));
}

#[test]
fn formal_and_informal_answers_are_told_apart() {
    check("register", include_str!("linguistic/register.yaml"));
}
