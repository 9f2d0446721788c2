//! How long a provider asks to wait.
//!
//! Headers `retry-after-ms`, `retry-after` (seconds, or an HTTP date), or what stands in the body ->
//! a time from now.

use std::time::Duration;

use serde_json::Value;

use super::failure::Heads;

/// Whoever asks for more has made a mistake: a day.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The wait that an error's answer asks for; `now` is in seconds since 1970.
pub(super) fn asked(heads: &Heads, body: &Value, now: i64) -> Option<Duration> {
    heads
        .retry_after_ms
        .as_deref()
        .and_then(|text| text.trim().parse::<u64>().ok())
        .map(Duration::from_millis)
        .or_else(|| retry_after(heads.retry_after.as_deref()?, now))
        .or_else(|| in_body(body))
        .map(|wait| wait.min(LONGEST))
}

/// Seconds, or an HTTP date.
fn retry_after(text: &str, now: i64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(text)
        .ok()?
        .timestamp()
        .as_second();
    Some(Duration::from_secs(u64::try_from(at - now).unwrap_or(0)))
}

/// Google says in the body how long to wait: `36s`.
pub(super) fn in_body(value: &Value) -> Option<Duration> {
    let error = match value {
        Value::Array(list) => list.first()?,
        one => one,
    };
    let details = error.pointer("/error/details")?.as_array()?;
    let text = details
        .iter()
        .find_map(|detail| detail.get("retryDelay")?.as_str())?;
    let seconds = text.strip_suffix('s')?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wait_is_read_in_all_the_forms_in_which_it_is_asked_for() {
        for (name, text, expected) in [
            ("after", "7", Some(7_000)),
            ("after", "1.5", Some(1_500)),
            ("ms", "250", Some(250)),
            ("after", "Thu, 01 Jan 1970 00:17:00 GMT", Some(20_000)),
            ("after", "Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("after", "99999999", Some(24 * 3_600_000)),
            ("after", "soon", None),
            ("after", "-1", None),
        ] {
            let mut heads = Heads::default();
            match name {
                "ms" => heads.retry_after_ms = Some(text.into()),
                _ => heads.retry_after = Some(text.into()),
            }
            let wait = asked(&heads, &Value::Null, 1_000);
            assert_eq!(wait, expected.map(Duration::from_millis), "{text}");
        }
        let body = json!({"error": {"code": 429, "details": [{"retryDelay": "36s"}]}});
        let wait = asked(&Heads::default(), &body, 1_000);
        assert_eq!(wait, Some(Duration::from_secs(36)));
    }
}
