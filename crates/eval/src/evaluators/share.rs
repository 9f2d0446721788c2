//! `only`, `min-share`, `max-share`: how much of an answer must be of the wanted kind.

use botsmith_core::yaml::Fields;

use super::OptionDocs;
use crate::Result;

pub(super) const ONLY: OptionDocs = OptionDocs {
    name: "only",
    schema: r#"{"type": "boolean", "default": false}"#,
    about: "whether nothing else may be there: passes where the share is 1",
    required: false,
};

pub(super) const MIN_SHARE: OptionDocs = OptionDocs {
    name: "min-share",
    schema: r#"{"type": "number", "minimum": 0, "maximum": 1}"#,
    about: "least share that passes",
    required: false,
};

pub(super) const MAX_SHARE: OptionDocs = OptionDocs {
    name: "max-share",
    schema: r#"{"type": "number", "minimum": 0, "maximum": 1}"#,
    about: "greatest share that passes; what is found then speaks against the answer",
    required: false,
};

/// Limits of a share.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    only: bool,
    min: Option<f64>,
    max: Option<f64>,
}

impl Limits {
    pub(super) fn read(options: &Fields<'_>) -> Result<Self> {
        let only = super::builtin::flag(options, "only")?;
        let share = |key| {
            options
                .get(key)
                .map(|at| at.number_in(0.0, 1.0))
                .transpose()
        };
        let (min, max) = (share("min-share")?, share("max-share")?);
        if let (Some(low), Some(high), Some(at)) = (min, max, options.get("max-share"))
            && high < low
        {
            let message = format!("max-share {high} is below min-share {low}");
            return Err(at.error(message).into());
        }
        if let (true, true, Some(at)) = (only, min.is_some() || max.is_some(), options.get("only"))
        {
            let message = "`only` wants a share of 1; leave out `min-share` and `max-share`";
            return Err(at.error(message).into());
        }
        Ok(Self { only, min, max })
    }

    /// Whether any is set.
    pub(super) fn any(self) -> bool {
        self.only || self.min.is_some() || self.max.is_some()
    }

    /// Whether they only keep the share small: what is found speaks against the answer.
    pub(super) fn caps(self) -> bool {
        self.max.is_some() && self.min.is_none()
    }

    /// Whether a share of `hits` in `all` is within them; why not, if not.
    pub(super) fn check(self, hits: usize, all: usize) -> Option<String> {
        let share = share(hits, all);
        if self.only && hits < all {
            Some("wanted: all".to_owned())
        } else if let Some(min) = self.min.filter(|min| share < *min) {
            Some(format!("wanted: a share of at least {min}"))
        } else {
            let max = self.max.filter(|max| share > *max)?;
            Some(format!("wanted: a share of at most {max}"))
        }
    }
}

/// `hits / all`; 0 of nothing.
pub(super) fn share(hits: usize, all: usize) -> f64 {
    hits as f64 / all.max(1) as f64
}

/// At most three quoted texts, and how many more there are.
pub(super) fn listed(text: &str, spans: &[std::ops::Range<usize>]) -> String {
    crate::text::alternatives(spans.iter().map(|span| &text[span.clone()])).replace(" or ", ", ")
}
