//! One step of llguidance's matcher, with the house's errors.

use llguidance::Matcher;

use super::super::error::Result;
use super::{Allowed, grammar_error};

/// The tokens that may come next.
pub(super) fn allowed(inner: &mut Matcher) -> Result<Allowed> {
    let end = inner
        .is_accepting()
        .map_err(|error| grammar_error(&error))?;
    let tokens = inner
        .compute_mask_or_eos()
        .map_err(|error| grammar_error(&error))?;
    Ok(Allowed {
        tokens: Some(tokens),
        end,
    })
}

/// Takes the token that was chosen. Whether the text is complete.
pub(super) fn take(inner: &mut Matcher, token: u32) -> Result<bool> {
    inner
        .consume_token(token)
        .map_err(|error| grammar_error(&error))?;
    Ok(inner.is_stopped())
}
