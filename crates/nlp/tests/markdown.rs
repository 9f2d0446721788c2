//! Agent text: what is read and what is not, in answers written by hand; laws over arbitrary Unicode.

#![cfg(feature = "english")]

use std::sync::OnceLock;

use botsmith_nlp::markdown::{Layout, MarkKind};
use botsmith_nlp::stages::{DiversityStage, Markdown, PipelineBuilder};
use botsmith_nlp::{Pipeline, conllu};
use proptest::prelude::*;

fn pipeline() -> &'static Pipeline {
    static ENGLISH: OnceLock<Pipeline> = OnceLock::new();
    ENGLISH.get_or_init(|| Pipeline::english().expect("the model is inside"))
}

/// What of an answer is what.
struct Case {
    name: &'static str,
    text: &'static str,
    /// The prose of each block.
    prose: &'static [&'static str],
    /// What is no prose.
    marks: &'static [(MarkKind, &'static str)],
}

use MarkKind::{Address, Code, CodeBlock, Entity, FootnoteReference, Html, Image, Json, Math};

const CASES: &[Case] = &[
    Case {
        name: "plain prose",
        text: "Your order was shipped today. It arrives on Monday.",
        prose: &["Your order was shipped today. It arrives on Monday."],
        marks: &[],
    },
    Case {
        name: "headings and a list without full stops",
        text: "# Return policy\n\nYou can return:\n\n- books\n- unopened games\n* * *\nOther items cannot be returned",
        prose: &[
            "Return policy",
            "You can return:",
            "books",
            "unopened games",
            "Other items cannot be returned",
        ],
        marks: &[],
    },
    Case {
        name: "numbered steps with code in them",
        text: "1. Open a terminal\n2. Run `cargo build --release`\n3. Wait",
        prose: &["Open a terminal", "Run", "Wait"],
        marks: &[(Code, "cargo build --release")],
    },
    Case {
        name: "a fenced block between paragraphs",
        text: "Use a loop:\n\n```python\nfor x in items:\n    print(x)\n```\n\nIt prints each item.",
        prose: &["Use a loop:", "It prints each item."],
        marks: &[(CodeBlock, "```python\nfor x in items:\n    print(x)\n```")],
    },
    Case {
        name: "a fence that is never closed",
        text: "Here it is:\n\n~~~\nlet a = 1;\nlet b = 2;",
        prose: &["Here it is:"],
        marks: &[(CodeBlock, "~~~\nlet a = 1;\nlet b = 2;")],
    },
    Case {
        name: "emphasis, also inside of a word",
        text: "This is **very** _important_, un**believ**able and ~~wrong~~ right for snake\\_case.",
        prose: &["This is very important, unbelievable and wrong right for snake_case."],
        marks: &[],
    },
    Case {
        name: "a table",
        text: "| Plan | Price |\n|------|------:|\n| Basic | 5 euros |\n| Plus | **9** euros |",
        prose: &["Plan", "Price", "Basic", "5 euros", "Plus", "9 euros"],
        marks: &[],
    },
    Case {
        name: "a link, an image and bare addresses",
        text: "Read [the guide](https://docs.example/a_b?x=1), ![logo](logo.png \"Our logo\") or https://example.org/path_(x). Write to help@example.org!",
        prose: &["Read the guide, or . Write to !"],
        marks: &[
            (Image, "![logo](logo.png \"Our logo\")"),
            (Address, "https://example.org/path_(x)"),
            (Address, "help@example.org"),
        ],
    },
    Case {
        name: "addresses in angle brackets",
        text: "Go to <https://example.org> or <mailto:ann@example.org>.",
        prose: &["Go to or ."],
        marks: &[
            (Address, "https://example.org"),
            (Address, "mailto:ann@example.org"),
        ],
    },
    Case {
        name: "formulas in dollars",
        text: "The area is $A = \\pi r^2$, so:\n\n$$\nA = 3.14\n$$\n\nDone.",
        prose: &["The area is , so:", "Done."],
        marks: &[(Math, "A = \\pi r^2"), (Math, "$$\nA = 3.14\n$$")],
    },
    Case {
        name: "formulas in LaTeX's brackets",
        text: "We know that \\(a_1 * b_1 * c\\) is zero:\n\n\\[\nx = 1\n\\]\n\nThat ends it.",
        prose: &["We know that is zero:", "That ends it."],
        marks: &[(Math, "\\(a_1 * b_1 * c\\)"), (Math, "\\[\nx = 1\n\\]")],
    },
    Case {
        name: "sums of money are no formulas",
        text: "It costs $5 today and $10 tomorrow, or $5-$10 later.",
        prose: &["It costs $5 today and $10 tomorrow, or $5-$10 later."],
        marks: &[],
    },
    Case {
        name: "an answer that is JSON",
        text: "{\"answer\": \"Yes, it does.\", \"score\": 0.5}\n",
        prose: &[],
        marks: &[(Json, "{\"answer\": \"Yes, it does.\", \"score\": 0.5}")],
    },
    Case {
        name: "JSON after a sentence",
        text: "Here is the result:\n\n{\n  \"name\": \"Ann\",\n  \"tags\": [\"a\", \"b\"]\n}\n\nAnything else?",
        prose: &["Here is the result:", "Anything else?"],
        marks: &[(
            Json,
            "{\n  \"name\": \"Ann\",\n  \"tags\": [\"a\", \"b\"]\n}",
        )],
    },
    Case {
        name: "a quotation and what is said of it",
        text: "> The customer is\n> always right.\n\nWho said that?",
        prose: &["The customer is always right.", "Who said that?"],
        marks: &[],
    },
    Case {
        name: "bullets that Markdown does not know",
        text: "What to bring:\n• a towel\n• warm clothes\n• your ticket",
        prose: &["What to bring:", "a towel", "warm clothes", "your ticket"],
        marks: &[],
    },
    Case {
        name: "a nested list and boxes to tick",
        text: "- [x] Pack the bag\n  - shoes\n  - socks\n- [ ] Lock the door",
        prose: &["Pack the bag", "shoes", "socks", "Lock the door"],
        marks: &[],
    },
    Case {
        name: "a page of HTML",
        text: "<div>\n<h1>Hello</h1>\n<p>You have <b>two</b> messages.</p>\n<script>alert(1)</script>\n</div>",
        prose: &["Hello", "You have two messages."],
        marks: &[(
            Html,
            "<div>\n<h1>Hello</h1>\n<p>You have <b>two</b> messages.</p>\n<script>alert(1)</script>\n</div>",
        )],
    },
    Case {
        name: "HTML in a line of text",
        text: "Press <kbd>Ctrl</kbd> now.<br>Then wait.",
        prose: &["Press Ctrl now.Then wait."],
        marks: &[(Html, "<kbd>"), (Html, "</kbd>"), (Html, "<br>")],
    },
    Case {
        name: "emoji stay, escapes go",
        text: "Great job! 🎉 \\*Really\\* well done 👍🏽",
        prose: &["Great job! 🎉 *Really* well done 👍🏽"],
        marks: &[],
    },
    Case {
        name: "footnotes",
        text: "Whales are mammals.[^1]\n\n[^1]: See any book on biology.",
        prose: &["Whales are mammals.", "See any book on biology."],
        marks: &[(FootnoteReference, "[^1]")],
    },
    Case {
        name: "characters by name",
        text: "Fish &amp; chips&nbsp;cost 3&lt;4.",
        prose: &["Fish chipscost 34."],
        marks: &[(Entity, "&amp;"), (Entity, "&lt;")],
    },
    Case {
        name: "an indented paragraph that is no code",
        text: "Dear Ann,\n\n    thank you for your letter. We were glad to hear from you\n\nYours, Bob",
        prose: &[
            "Dear Ann,",
            "thank you for your letter. We were glad to hear from you",
            "Yours, Bob",
        ],
        marks: &[],
    },
    Case {
        name: "indented code",
        text: "Try this:\n\n    x = 1\n    print(x)\n\nIt works.",
        prose: &["Try this:", "It works."],
        marks: &[(CodeBlock, "x = 1\n    print(x)")],
    },
    Case {
        name: "code with an address in it",
        text: "Call `curl https://api.example/v1` from a shell.",
        prose: &["Call from a shell."],
        marks: &[(Code, "curl https://api.example/v1")],
    },
    Case {
        name: "nothing but code",
        text: "```\nmake\n```",
        prose: &[],
        marks: &[(CodeBlock, "```\nmake\n```")],
    },
    Case {
        name: "empty",
        text: "",
        prose: &[],
        marks: &[],
    },
];

#[test]
fn prose_and_marks_of_answers_written_by_hand() {
    for case in CASES {
        let layout = Layout::of(case.text);
        let prose = layout.prose(case.text);
        let blocks: Vec<_> = match layout.blocks().is_empty() {
            true => Vec::new(),
            false => prose.split("\n\n").map(one_line).collect(),
        };
        assert_eq!(blocks, case.prose, "prose of {}", case.name);
        let marks: Vec<_> = layout
            .marks()
            .iter()
            .map(|mark| (mark.kind, &case.text[mark.span.clone()]))
            .collect();
        assert_eq!(marks, case.marks, "marks of {}", case.name);
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_no_prose_is_never_tagged_as_language() {
    for case in CASES {
        let layout = Layout::of(case.text);
        let doc = pipeline().annotate_markdown(case.text).expect("short");
        assert_eq!(doc.text(), case.text);
        for token in doc.tokens() {
            let span = token.span();
            let over = |at: &std::ops::Range<usize>| at.start < span.end && span.start < at.end;
            let inside = layout.marks().iter().find(|mark| {
                // Text between tags of HTML is prose.
                over(&mark.span) && (mark.kind != Html || mark.inline)
            });
            let block = layout
                .blocks()
                .iter()
                .any(|block| block.prose().any(|at| over(&at)));
            match inside {
                Some(mark) if !block => {
                    assert!(mark.inline, "{}: {:?} is a token", case.name, token.form());
                    let tags: Vec<_> = token.words().map(botsmith_nlp::Word::upos).collect();
                    assert_eq!(tags, ["X"], "{}: {:?}", case.name, token.form());
                }
                _ => assert!(block, "{}: {:?} is markup", case.name, token.form()),
            }
        }
    }
}

#[test]
fn blocks_end_sentences() {
    for case in CASES {
        let layout = Layout::of(case.text);
        let doc = pipeline().annotate_markdown(case.text).expect("short");
        for sentence in doc.sentences() {
            let span = sentence.span();
            let blocks = layout.blocks().iter().filter(|block| {
                let block = block.span();
                block.start < span.end && span.start < block.end
            });
            assert_eq!(blocks.count(), 1, "{}: {:?}", case.name, sentence.text());
        }
    }
    let list = "To do:\n\n- Buy milk\n- Call Ann\n- Water the plants";
    let doc = pipeline().annotate_markdown(list).expect("short");
    assert_eq!(doc.sentences().len(), 4);
    assert_eq!(pipeline().annotate(list).expect("short").text(), list);
}

#[test]
fn tags_of_prose_are_those_of_the_same_prose_without_markup() {
    let plain = "The quick fox jumped over three lazy dogs.";
    let marked = "> The **quick** fox _jumped_ over [three](x.md) lazy ~~dogs~~.";
    let tags = |doc: &botsmith_nlp::Doc| -> Vec<String> {
        doc.words()
            .map(|word| format!("{}/{}", word.upos(), word.lemma()))
            .collect()
    };
    let plain = pipeline().annotate(plain).expect("short");
    let marked = pipeline().annotate_markdown(marked).expect("short");
    assert_eq!(tags(&marked), tags(&plain));
}

#[test]
fn stages_over_texts_add_their_layers_and_are_read_from_yaml() {
    use botsmith_core::yaml::Source;
    let yaml = "stages:\n- markdown\n- tokenise\n- sentences\n- tag\n- lemma\n- counts\n- readability\n\
                - lexical-diversity: {unit: lemma, window: 3, sample: 4}\n";
    let source = Source::new("pipeline.yaml", yaml);
    let analyser = PipelineBuilder::from_yaml(&source)
        .and_then(PipelineBuilder::build)
        .expect("the stages fit");
    let analysis = analyser
        .analyse("## Why\n\nCats sleep. A cat sleeps `a lot`.")
        .expect("short");
    let json = analysis.layers.to_json();
    assert_eq!(json["markdown"]["marks"][0]["kind"], "code");
    assert_eq!(json["counts"]["sentences"], 3);
    assert_eq!(json["counts"]["words"], 6);
    assert!(json["readability"]["flesch-reading-ease"].is_number());
    assert!(json["readability"]["text-standard"].is_string());
    assert_eq!(json["lexical-diversity"]["words"], 6);
    assert_eq!(json["lexical-diversity"]["types"], 4);

    let wrong = "stages: [tokenise, {lexical-diversity: {windo: 3}}]";
    let error = PipelineBuilder::from_yaml(&Source::new("pipeline.yaml", wrong)).unwrap_err();
    assert!(
        error.to_string().contains("did you mean `window`?"),
        "{error}"
    );
    let late = PipelineBuilder::new().annotation().stage(Markdown).build();
    assert!(
        late.unwrap_err()
            .to_string()
            .contains("put `markdown` before `tokenise`")
    );
    let misfit = PipelineBuilder::new()
        .stage(DiversityStage::default())
        .build();
    assert!(
        misfit
            .unwrap_err()
            .to_string()
            .contains("put `tokenise` before it")
    );
}

/// Pieces of Markdown, put together at random.
fn agent_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("# ".to_owned()),
        Just("- ".to_owned()),
        Just("> ".to_owned()),
        Just("    ".to_owned()),
        Just("```\n".to_owned()),
        Just("`".to_owned()),
        Just("**".to_owned()),
        Just("_".to_owned()),
        Just("\\".to_owned()),
        Just("\\(".to_owned()),
        Just("\\)".to_owned()),
        Just("\\[".to_owned()),
        Just("\\]".to_owned()),
        Just("$".to_owned()),
        Just("$$".to_owned()),
        Just("|a|b|\n|-|-|\n".to_owned()),
        Just("[x](y)".to_owned()),
        Just("![x](y)".to_owned()),
        Just("<b>".to_owned()),
        Just("<div>\n".to_owned()),
        Just("<!--".to_owned()),
        Just("[^1]".to_owned()),
        Just("[^1]: ".to_owned()),
        Just("https://é.example/".to_owned()),
        Just("a@b.example".to_owned()),
        Just("&amp;".to_owned()),
        Just("• ".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("Words of it. ".to_owned()),
        "\\PC{0,6}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn offsets_lie_on_characters_and_the_text_comes_back(text in agent_text()) {
        let layout = Layout::of(&text);
        let mut last = 0;
        for block in layout.blocks() {
            for span in block.prose() {
                prop_assert!(span.start >= last && span.end > span.start);
                prop_assert!(text.get(span.clone()).is_some());
                last = span.end;
            }
        }
        for mark in layout.marks() {
            prop_assert!(text.get(mark.span.clone()).is_some());
        }
        layout.prose(&text);
        let doc = pipeline().annotate_markdown(text.clone()).expect("short");
        prop_assert_eq!(doc.text(), &text);
        let mut rebuilt = String::new();
        let mut last = 0;
        for token in doc.tokens() {
            let span = token.span();
            prop_assert!(span.start >= last && span.end > span.start);
            prop_assert_eq!(token.form(), &text[span.clone()]);
            rebuilt.push_str(&text[last..span.start]);
            rebuilt.push_str(token.form());
            last = span.end;
        }
        rebuilt.push_str(&text[last..]);
        prop_assert_eq!(&rebuilt, &text);
        // Whatever lies between tokens is kept by CoNLL-U.
        if doc.tokens().len() > 0 && !text.contains('\0') {
            let back = conllu::read("a.conllu", &conllu::write(&doc)).expect("what we wrote");
            prop_assert_eq!(back.text(), &text);
        }
    }
}

#[test]
fn long_and_hostile_texts_take_linear_time() {
    for piece in [
        "\\(",
        "\\[x",
        "](",
        "[",
        "**a",
        "`",
        "<!--",
        "<a",
        "$",
        "$a",
        "> ",
        "| ",
        "https://a)",
        "a@",
        "&",
        "- ",
        "\n",
        "{\"a\":",
        "[^1]",
        "![",
        "_a*",
        "\\(a\\]",
    ] {
        let text = piece.repeat(40_000);
        let start = std::time::Instant::now();
        Layout::of(&text);
        // A quadratic algorithm needs minutes.
        assert!(start.elapsed().as_secs() < 20, "{piece:?}");
    }
}
