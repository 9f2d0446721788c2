//! Model files: what is refused and how; training is reproducible.

#![allow(clippy::format_push_string, reason = "a few lines of test data")]

use botsmith_nlp::train::{Columns, TrainOptions, Treebank, train};
use botsmith_nlp::{Doc, Model, Pipeline, conllu};

/// A treebank of a made-up grammar, enough to learn something from.
fn treebank(sentences: usize) -> Doc {
    let nouns = ["cat", "dog", "bird", "fish", "horse", "mouse"];
    let verbs = [
        ("sees", "see"),
        ("hears", "hear"),
        ("likes", "like"),
        ("wants", "want"),
    ];
    let mut out = String::new();
    for i in 0..sentences {
        let (noun, other) = (nouns[i % 6], nouns[(i / 6 + 1) % 6]);
        let (verb, lemma) = verbs[i % 4];
        if i % 5 == 0 {
            out += "# newpar\n";
        }
        out += &format!(
            "1\tThe\tthe\tDET\tDT\tDefinite=Def\t_\t_\t_\t_\n2\t{noun}s\t{noun}\tNOUN\tNNS\tNumber=Plur\t_\t_\t_\t_\n"
        );
        out += "3-4\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n3\tdo\tdo\tAUX\tVBP\t_\t_\t_\t_\t_\n4\tn't\tnot\tPART\tRB\tPolarity=Neg\t_\t_\t_\t_\n";
        out += &format!(
            "5\t{verb}\t{lemma}\tVERB\tVB\tVerbForm=Inf\t_\t_\t_\t_\n6\ta\ta\tDET\tDT\tDefinite=Ind\t_\t_\t_\t_\n"
        );
        out += &format!(
            "7\t{other}\t{other}\tNOUN\tNN\tNumber=Sing\t_\t_\t_\tSpaceAfter=No\n8\t.\t.\tPUNCT\t.\t_\t_\t_\t_\t_\n\n"
        );
    }
    conllu::read("made-up.conllu", &out).expect("CoNLL-U")
}

fn trained(seed: u64, columns: Columns) -> Vec<u8> {
    let (learn, tune) = (treebank(120), treebank(30));
    let mut options = TrainOptions::default();
    options.seed = seed;
    options.epochs = 10;
    options.columns = columns;
    let mut passes = 0;
    let from = Treebank {
        name: "made-up",
        doc: &learn,
    };
    let to = Treebank {
        name: "tuned",
        doc: &tune,
    };
    let model = train(from, to, &options, &mut |progress| {
        passes += 1;
        assert!(progress.epoch >= 1 && progress.epoch <= progress.epochs);
    });
    assert!(passes >= 6, "progress is told");
    model.expect("it trains")
}

#[test]
fn a_small_grammar_is_learned_and_the_same_seed_gives_the_same_bytes() {
    let file = trained(7, Columns::ALL);
    assert_eq!(file, trained(7, Columns::ALL));
    assert_ne!(file, trained(8, Columns::ALL));
    let model = Model::read("small", file).expect("whole");
    assert_eq!(model.info().seed, 7);
    assert_eq!(model.info().sentences, 120);
    assert!(
        model.info().scores.gold_tokens.iter().all(|f1| *f1 > 95.0),
        "{:?}",
        model.info()
    );
    let pipeline = Pipeline::new(model);
    let doc = pipeline
        .annotate("The cats don't sees a horse. The birds don't likes a dog.")
        .expect("short");
    let lemmas: Vec<_> = doc.words().map(botsmith_nlp::Word::lemma).collect();
    assert_eq!(
        &lemmas[..8],
        ["the", "cat", "do", "not", "see", "a", "horse", "."]
    );
}

#[test]
fn columns_that_are_left_out_stay_empty() {
    let columns = Columns::parse("upos,lemma").expect("two columns");
    let model = Model::read("small", trained(1, columns)).expect("whole");
    assert_eq!(model.info().columns, ["upos", "lemma"]);
    let doc = Pipeline::new(model)
        .annotate("The cats don't sees a dog.")
        .expect("short");
    for word in doc.words() {
        assert_eq!((word.xpos(), word.feats().as_str()), ("_", "_"));
        assert_ne!(word.upos(), "_");
    }
}

#[test]
fn nothing_to_learn_from_is_an_error_that_names_the_file() {
    let empty = conllu::read("empty", "").expect("nothing is CoNLL-U too");
    let some = treebank(5);
    let bare = conllu::read("bare", "1\ta\ta\tX\t_\t_\t_\t_\t_\t_\n\n").expect("CoNLL-U");
    for (name, doc, reason) in [
        ("empty.conllu", &empty, "no words"),
        ("bare.conllu", &bare, "XPOS column is empty"),
    ] {
        let from = Treebank { name, doc };
        let to = Treebank {
            name: "dev",
            doc: &some,
        };
        let error = train(from, to, &TrainOptions::default(), &mut |_| {}).expect_err(name);
        assert_eq!(error.code(), "BS-NLP-004");
        assert!(
            error.to_string().contains(name) && error.to_string().contains(reason),
            "{error}"
        );
    }
}

#[test]
fn a_cut_changed_foreign_or_missing_model_is_refused() {
    let file = trained(3, Columns::ALL);
    for cut in [0, 7, 20, 47, 100, file.len() / 2, file.len() - 1] {
        let error = Model::read("cut.bsm", file[..cut].to_vec()).expect_err("cut short");
        assert_eq!(error.code(), "BS-NLP-002", "{error}");
        assert!(
            error.to_string().starts_with("cut.bsm: no usable model: "),
            "{error}"
        );
    }
    for at in (0..file.len()).step_by(file.len() / 50) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(Model::read("changed.bsm", changed).is_err(), "{at}");
    }
    let error = Model::read("x.png", b"\x89PNG\r\n\x1a\n".to_vec()).expect_err("a picture");
    assert!(
        error.to_string().contains("some other kind of file"),
        "{error}"
    );
    let error = Model::load("/nowhere/at/all.bsm").expect_err("no such file");
    assert_eq!(error.code(), "BS-CORE-002");
}

#[test]
fn the_card_of_the_english_model_tells_its_figures() {
    let pipeline = Pipeline::english().expect("the model inside");
    let (model, card) = (pipeline.model(), include_str!("../models/README.md"));
    let row = |name: &str| -> Vec<f64> {
        let line = card.lines().find(|line| line.starts_with(name));
        let cells = line.expect("a row").split('|').skip(2);
        cells.filter_map(|cell| cell.trim().parse().ok()).collect()
    };
    let info = model.info();
    let near = |a: f64, b: f64| (a - b).abs() < 0.006;
    let gold = row("| `--gold-tokens`");
    for (place, score) in [0, 1, 2, 4].iter().zip(info.scores.gold_tokens) {
        assert!(near(gold[*place], score), "{gold:?} {:?}", info.scores);
    }
    let raw = row("| `--raw`");
    for (place, score) in [0, 1, 2, 3, 4, 5, 7].iter().zip(info.scores.raw) {
        assert!(near(raw[*place], score), "{raw:?} {:?}", info.scores);
    }
    let grouped = |number: usize| format!("{},{:03}", number / 1000, number % 1000);
    for number in [info.sentences, info.words] {
        assert!(card.contains(&grouped(number)), "{number}");
    }
    assert!(model.size() <= 5_000_000);
}
