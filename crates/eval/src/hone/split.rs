//! Which cases teach, which rank and which only judge: a salt and a case -> [`Use`].
//!
//! blake3 over the salt and the case's group (without one: its id) gives a number below 100; below 50 is
//! train, below 70 dev, the rest gate. Nothing else goes in: neither order nor number of cases, nor a
//! seed, so that a case stays where it is for ever, on every machine, whatever is added around it. All
//! cases of one group, and all rows of one content, go together.
//!
//! The shares are those of expectation: 20 cases may well be split 12 to 3 to 5.

use botsmith_core::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::Case;

/// What a case may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// It can teach: proposers see it, with what people said of it.
    Train,
    /// It ranks variants; proposers see nothing of it but scores over all such cases.
    Dev,
    /// It only judges: the finalist of a honing is held against its parent on such cases.
    Gate,
}

impl Use {
    /// All uses, in the order of the shares.
    pub const ALL: [Self; 3] = [Self::Train, Self::Dev, Self::Gate];

    /// The word for it: `train`, `dev` or `gate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Gate => "gate",
        }
    }

    /// Expected share of the cases, in percent.
    pub fn share(self) -> u64 {
        match self {
            Self::Train => 50,
            Self::Dev => 20,
            Self::Gate => 30,
        }
    }

    /// Whether what people say of such a case may change a bot.
    pub fn teaches(self) -> bool {
        self == Self::Train
    }
}

/// A split of all cases there are and will be, by its salt.
///
/// ```
/// use botsmith_eval::{Case, hone::{Split, Use}};
/// let split = Split::default();
/// let case = |id: &str, group: Option<&str>| Case {
///     id: id.into(),
///     group: group.map(str::to_owned),
///     ..Case::default()
/// };
/// assert_eq!(split.of(&case("a", Some("invoice 7"))), split.of(&case("b", Some("invoice 7"))));
/// assert_eq!(split.of(&case("d", None)), Use::Dev);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    salt: String,
}

impl Default for Split {
    fn default() -> Self {
        Self::new(Self::SALT)
    }
}

impl Split {
    /// The salt of suites that name none.
    pub const SALT: &str = "botsmith";

    /// The split of this salt. Another salt is another split, independent of this one.
    pub fn new(salt: impl Into<String>) -> Self {
        Self { salt: salt.into() }
    }

    /// The salt.
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// What a case may be used for.
    pub fn of(&self, case: &Case) -> Use {
        self.of_key(key(case))
    }

    /// The same of a case's group, or the id of a case without one.
    pub fn of_key(&self, key: &str) -> Use {
        let mut bytes = b"botsmith split 1".to_vec();
        bytes.extend((self.salt.len() as u64).to_le_bytes());
        bytes.extend(self.salt.as_bytes());
        bytes.extend(key.as_bytes());
        let digest = Digest::of(&bytes);
        let first: [u8; 8] = digest.as_bytes()[..8]
            .try_into()
            .expect("a digest has 32 bytes");
        let hundredth = (u128::from(u64::from_le_bytes(first)) * 100) >> 64;
        let (train, dev) = (Use::Train.share(), Use::Dev.share());
        match hundredth as u64 {
            n if n < train => Use::Train,
            n if n < train + dev => Use::Dev,
            _ => Use::Gate,
        }
    }
}

/// What goes with what: the group, else the id. Rows without an id of their own are told apart by `#2`
/// behind the hash of their content; they are one content all the same.
pub(crate) fn key(case: &Case) -> &str {
    let id = case.id.as_str();
    let own = case.group.as_deref().unwrap_or(id);
    match (&case.group, id.split_once('#')) {
        (None, Some((hash, repeat)))
            if hash.len() == 64
                && hash.bytes().all(|b| b.is_ascii_hexdigit())
                && repeat.bytes().all(|b| b.is_ascii_digit()) =>
        {
            hash
        }
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, group: Option<&str>) -> Case {
        Case {
            id: id.into(),
            group: group.map(str::to_owned),
            ..Case::default()
        }
    }

    #[test]
    fn a_case_stays_where_it_is_for_ever() {
        // Computed once; a change of any of these moves cases that have taught to the gate.
        let split = Split::default();
        let uses: String = (0..60)
            .map(|i| &split.of_key(&format!("case-{i}")).as_str()[..1])
            .collect();
        assert_eq!(
            uses,
            "dgttggtgtggtgddggttdtttgtttdggggggtggtggttdttggttttdgtttttgt"
        );
        let salted = Split::new("another");
        let uses: String = (0..20)
            .map(|i| &salted.of_key(&format!("case-{i}")).as_str()[..1])
            .collect();
        assert_eq!(uses, "ttgtttttttggdtggggtd");
    }

    #[test]
    fn shares_are_half_a_fifth_and_three_tenths() {
        for salt in ["botsmith", "", "a", "b"] {
            let split = Split::new(salt);
            let mut counts = [0_u32; 3];
            for i in 0..20_000 {
                counts[split.of_key(&i.to_string()) as usize] += 1;
            }
            for (of, count) in Use::ALL.into_iter().zip(counts) {
                let expected = 200.0 * of.share() as f64;
                // Five standard errors of a binomial.
                let error = 5.0 * (expected * (1.0 - expected / 20_000.0)).sqrt();
                assert!(
                    (f64::from(count) - expected).abs() < error,
                    "{salt}: {count} {of:?}"
                );
            }
        }
    }

    #[test]
    fn cases_of_one_group_and_rows_of_one_content_go_together() {
        let split = Split::default();
        let hash = Case::default().content_id();
        for i in 2..40 {
            let repeat = case(&format!("{hash}#{i}"), None);
            assert_eq!(split.of(&repeat), split.of(&case(&hash, None)));
            let grouped = case(&format!("{i}"), Some("one"));
            assert_eq!(split.of(&grouped), split.of_key("one"));
        }
        // An id that a row brought itself is taken as it is.
        assert_eq!(key(&case("ticket#2", None)), "ticket#2");
    }

    #[test]
    fn salt_and_key_do_not_run_into_each_other() {
        let differ = (0..200)
            .filter(|i| {
                let key = i.to_string();
                Split::new("ab").of_key(&key) != Split::new("a").of_key(&format!("b{key}"))
            })
            .count();
        assert!(differ > 50, "{differ}");
    }
}
