//! Numbers for people.

/// A share as a percentage with one decimal: `56.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A value with about three significant digits, without an exponent: `0.742`, `12.5`, `1840`.
pub fn plain(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 1.0 {
        format!("{value:.2}")
    } else if size >= 0.001 {
        format!("{value:.3}")
    } else {
        format!("{value:.1e}")
    }
}

/// A difference with its sign: `+0.12`, `-3.4`.
pub fn signed(value: f64) -> String {
    if value > 0.0 {
        format!("+{}", plain(value))
    } else {
        plain(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!(plain(0.74219), "0.742");
        assert_eq!(plain(1840.4), "1840");
        assert_eq!(plain(0.0), "0");
        assert_eq!(signed(0.12), "+0.120");
        assert_eq!(percent(0.5625), "56.2 %");
    }
}
