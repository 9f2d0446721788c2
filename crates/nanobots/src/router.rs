//! Retries, fallbacks, cooldown, cache and routing over several models.
