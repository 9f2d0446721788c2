//! Scores of groups of pairs: each family compares its part of a group.

use serde_json::Value;

use super::{Tally, chrf};

/// Compares one family's part of a group of the file's: wanted, the group's pairs, all pairs.
type Part = fn(&Value, &[&Value], &[Value], &mut Tally);

/// Parts of a group. `None`: compared by a check of its own.
const PARTS: &[(&str, Option<Part>)] = &[
    ("bleu", None),
    ("chrf", Some(chrf::chrf_corpus)),
    ("ter", Some(chrf::ter_corpus)),
    ("jiwer", None),
];

/// The pairs of these ids, in their order.
pub(crate) fn by_ids<'a>(pairs: &'a [Value], ids: &Value) -> Vec<&'a Value> {
    let ids = ids.as_array().map_or(&[][..], Vec::as_slice);
    ids.iter()
        .filter_map(|id| pairs.iter().find(|pair| pair["id"] == *id))
        .collect()
}

/// The whole section.
pub(crate) fn check(goldens: &Value, tally: &mut Tally) {
    let groups = &goldens["corpus"];
    let all = goldens["pairs"].as_array().map_or(&[][..], Vec::as_slice);
    for (name, group) in groups.as_object().into_iter().flatten() {
        let pairs = by_ids(all, &group["ids"]);
        for (part, wanted) in group.as_object().into_iter().flatten() {
            match PARTS.iter().find(|(name, _)| name == part) {
                Some((_, Some(check))) => {
                    tally.case(format!("corpus {name}:{part}"));
                    check(wanted, &pairs, all, tally);
                }
                Some((_, None)) => {}
                None if part == "ids" => {}
                None => tally.holds(&format!("part {part} of corpus {name} is known"), false),
            }
        }
    }
}
