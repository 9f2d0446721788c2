//! The binary form of a document: nothing is lost, nothing is trusted.

use botsmith_nlp::{Doc, conllu};
use proptest::prelude::*;

const GOLD: &str = "# newdoc id = a
# sent_id = x
1-2\tdo\t_\t_\t_\t_\t_\t_\t_\tA=b
1\tde\tde\tADP\tIN\t_\t2\tcase\t_\t_
2\to\to\tDET\tDT\tGender=Masc|Number=Sing\t0\troot\t_\t_
2.1\tx\tx\tVERB\t_\t_\t_\t_\t0:root\t_
3\té\tser\tAUX\tVB\t_\t2\tcop\t_\tSpaceAfter=No

";

#[test]
fn what_only_conllu_says_comes_back() {
    let doc = conllu::read("gold", GOLD).expect("CoNLL-U");
    let back = Doc::from_bytes("doc", &doc.to_bytes()).expect("our bytes");
    assert_eq!(back, doc);
    assert_eq!(conllu::write(&back), GOLD);
    assert_eq!(back.to_bytes(), doc.to_bytes());
    let empty = conllu::read("empty", "").expect("nothing is CoNLL-U too");
    assert_eq!(
        Doc::from_bytes("doc", &empty.to_bytes()).expect("ours"),
        empty
    );
}

#[test]
fn every_cut_every_changed_byte_and_a_newer_format_is_refused() {
    let bytes = conllu::read("gold", GOLD).expect("CoNLL-U").to_bytes();
    for cut in 0..bytes.len() {
        let error = Doc::from_bytes("cut.doc", &bytes[..cut]).expect_err("cut short");
        assert_eq!(error.code(), "BS-NLP-007", "{cut}: {error}");
        assert!(error.to_string().contains("cut.doc"), "{error}");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(Doc::from_bytes("changed", &changed).is_err(), "{at}");
    }
    let mut newer = bytes;
    newer[8] = 7;
    let error = Doc::from_bytes("newer", &newer).expect_err("too new");
    assert!(error.to_string().contains("format 7"), "{error}");
}

/// Bytes with the checksum made right, so that what lies behind it is reached.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = *blake3::hash(&bytes[44..]).as_bytes();
    bytes[12..44].copy_from_slice(&sum);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn bytes_with_a_right_checksum_are_refused_or_give_a_sound_document(
        changes in prop::collection::vec((0usize..2000, any::<u8>()), 1..4)
    ) {
        let mut bytes = conllu::read("gold", GOLD).expect("CoNLL-U").to_bytes();
        for (at, value) in changes {
            let at = 44 + at % (bytes.len() - 44);
            bytes[at] = value;
        }
        if let Ok(doc) = Doc::from_bytes("changed", &sealed(bytes)) {
            for word in doc.words() {
                prop_assert!(doc.text().get(word.span()).is_some());
                prop_assert!(!word.form().is_empty() && !word.lemma().is_empty());
            }
            let _ = (conllu::write(&doc), doc.to_json());
            prop_assert_eq!(Doc::from_bytes("again", &doc.to_bytes()).expect("ours"), doc);
        }
    }
}
