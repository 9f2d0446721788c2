//! Pictures of documents: whole, escaped, self-contained.

use botsmith_nlp::{Doc, conllu, render};

fn docs() -> Vec<Doc> {
    let hard = "1-2\t<do&\t_\t_\t_\t_\t_\t_\t_\t_
1\t<script>\t\"x'\tNOUN\tN&N\tA=<b>|C=d\t_\t_\t_\t_
2\t\u{1}漢字👍\t_\t_\t_\t_\t_\t_\t_\t_

";
    let mut docs = vec![conllu::read("hard", hard).expect("CoNLL-U")];
    let mut long = String::new();
    for id in 1..200 {
        use std::fmt::Write as _;
        let form = "w".repeat(id);
        let _ = writeln!(long, "{id}\t{form}\t{form}\tVERB\tVB\t_\t_\t_\t_\t_");
    }
    long.push('\n');
    docs.push(conllu::read("long", &long).expect("CoNLL-U"));
    docs.push(conllu::read("empty", "").expect("nothing is CoNLL-U too"));
    docs
}

#[test]
fn every_word_is_shown_and_nothing_of_the_text_is_markup() {
    for (name, picture) in [
        ("html", render::html(&docs())),
        ("svg", render::svg(&docs())),
    ] {
        assert!(picture.contains("&lt;script&gt;"), "{name}");
        assert!(
            picture.contains("A=&lt;b&gt;") && picture.contains("N&amp;N"),
            "{name}"
        );
        assert!(picture.contains("&quot;x&#39;"), "{name}");
        assert!(
            picture.contains("\u{fffd}漢字👍"),
            "{name}: control characters are replaced"
        );
        for foreign in ["<script", "<link", "@import", "url(", "<img", "onload"] {
            assert!(!picture.contains(foreign), "{name} holds {foreign}");
        }
        assert!(picture.contains("prefers-color-scheme:dark"), "{name}");
        assert_eq!(picture.matches("VERB").count(), 199, "{name}");
    }
}

#[test]
fn the_picture_is_well_formed_and_words_stay_inside() {
    let picture = render::svg(&docs());
    let mut reader = quick_xml::Reader::from_str(&picture);
    let mut depth = 0i32;
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Start(_) => depth += 1,
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    let places = picture.match_indices(" x=\"").map(|(at, found)| {
        let rest = &picture[at + found.len()..];
        rest[..rest.find('"').expect("an end")]
            .parse::<usize>()
            .expect("a number")
    });
    assert!(places.clone().count() > 500);
    assert!(places.max() < Some(960));
}
