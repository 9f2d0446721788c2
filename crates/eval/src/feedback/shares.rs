//! Who labels what, where the suite names its raters: items in, for each the raters whose share it is in.
//!
//! What two raters label goes to each pair of them in turn, so that everybody shares answers with everybody; then each
//! other item goes to whoever has the fewest labels. So all shares are equal, but for one label.

use super::Item;
use super::draw::ticket;

/// Keeps the draws of one seed apart.
const SHARE: u64 = 0x5a8e_0000;

/// The places of the raters, two for an item that is labelled twice, else one; none with fewer than two raters.
pub(super) fn shares(items: &[Item], raters: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut of = vec![Vec::new(); items.len()];
    let pairs = pairs(raters);
    if pairs.is_empty() {
        return of;
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_cached_key(|&at| ticket(seed ^ SHARE, &items[at].subject.key()));
    let mut labels = vec![0_usize; raters];
    let doubles = order.iter().filter(|&&at| items[at].double);
    for (&at, (a, b)) in doubles.zip(pairs.iter().cycle()) {
        of[at] = vec![*a, *b];
        labels[*a] += 1;
        labels[*b] += 1;
    }
    for at in order.into_iter().filter(|&at| !items[at].double) {
        let least = (0..raters).min_by_key(|rater| labels[*rater]);
        let least = least.expect("there are two raters or more");
        of[at] = vec![least];
        labels[least] += 1;
    }
    of
}

/// Every two of so many raters, in an order in which everybody has had a turn before anybody has had many.
fn pairs(raters: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for apart in 1..=raters / 2 {
        for a in 0..raters {
            let pair = (a, (a + apart) % raters);
            // With an even number, those opposite each other would come twice.
            if !pairs.contains(&(pair.1, pair.0)) {
                pairs.push(pair);
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::{Reason, Side, Subject};

    fn items(singles: usize, doubles: usize) -> Vec<Item> {
        (0..singles + doubles)
            .map(|i| Item {
                suite: "s".into(),
                run: "r".into(),
                subject: Subject {
                    case: format!("c{i}"),
                    repeat: 1,
                    bot: 0,
                    against: None,
                },
                group: String::new(),
                said: Vec::new(),
                a: Side::default(),
                b: None,
                reason: Reason::Random,
                probability: 1.0,
                double: i >= singles,
            })
            .collect()
    }

    #[test]
    fn every_two_raters_are_a_pair_once() {
        assert_eq!(pairs(2), [(0, 1)]);
        assert_eq!(pairs(3), [(0, 1), (1, 2), (2, 0)]);
        assert_eq!(pairs(4).len(), 6);
        assert_eq!(pairs(5).len(), 10);
        assert!(pairs(0).is_empty() && pairs(1).is_empty());
    }

    #[test]
    fn shares_are_equal_but_for_one_label() {
        for raters in 2..6 {
            for (singles, doubles) in [(7, 7), (40, 6), (0, 9), (11, 0)] {
                let of = shares(&items(singles, doubles), raters, 7);
                let mut labels = vec![0_usize; raters];
                of.iter().flatten().for_each(|rater| labels[*rater] += 1);
                let (least, most) = (labels.iter().min().unwrap(), labels.iter().max().unwrap());
                let whole = doubles == 0 || singles > 0;
                assert!(
                    most - least <= if whole { 1 } else { 2 },
                    "{raters}: {labels:?}"
                );
                assert_eq!(labels.iter().sum::<usize>(), singles + 2 * doubles);
            }
        }
        assert!(shares(&items(3, 3), 1, 7).iter().all(Vec::is_empty));
    }
}
