//! A time and a format -> text, as Python's `strftime` in the C locale; what is unknown stays.

use minijinja::State;

/// The name under which the time stands; no template can say it.
pub(super) const NOW: &str = "botsmith now";

pub(super) fn strftime_now(state: &State<'_, '_>, format: &str) -> String {
    let now = state.lookup(NOW).and_then(|now| now.as_i64());
    strftime(now.unwrap_or(0), format)
}

const DAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `seconds` since 1970 by `format`.
fn strftime(seconds: i64, format: &str) -> String {
    let days = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let weekday = DAYS[days.rem_euclid(7) as usize];
    let month_name = MONTHS[(month - 1) as usize];
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let code = chars.next();
        // glibc: `-` leaves the zero before a number out.
        let (bare, code) = match code {
            Some('-') => (true, chars.next()),
            code => (false, code),
        };
        let number = |value: i64| match bare {
            true => value.to_string(),
            false => format!("{value:02}"),
        };
        let text = match code {
            Some('Y') => year.to_string(),
            Some('y') => number(year.rem_euclid(100)),
            Some('m') => number(month),
            Some('d') => number(day),
            Some('e') => format!("{day:2}"),
            Some('H') => number(hour),
            Some('I') => number((hour + 11) % 12 + 1),
            Some('M') => number(minute),
            Some('S') => number(second),
            Some('p') => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
            Some('j') => format!("{:03}", days - days_from(year, 1, 1) + 1),
            Some('A') => weekday.to_owned(),
            Some('a') => weekday[..3].to_owned(),
            Some('B') => month_name.to_owned(),
            Some('b' | 'h') => month_name[..3].to_owned(),
            Some('F') => format!("{year}-{month:02}-{day:02}"),
            Some('T') => format!("{hour:02}:{minute:02}:{second:02}"),
            Some('%') | None => "%".to_owned(),
            Some(other) => format!("%{other}"),
        };
        out.push_str(&text);
    }
    out
}

/// Days since 1970 -> year, month, day. Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::strftime;

    #[test]
    fn times_are_written_as_python_writes_them() {
        let cases = [
            (0, "%d %b %Y, %A", "01 Jan 1970, Thursday"),
            (1_732_598_400, "%Y-%m-%d %H:%M:%S", "2024-11-26 05:20:00"),
            (
                1_732_598_400,
                "%-d %B %y %I %p %j %a",
                "26 November 24 05 AM 331 Tue",
            ),
            (951_782_400, "%F %T %% %q", "2000-02-29 00:00:00 % %q"),
        ];
        for (seconds, format, wanted) in cases {
            assert_eq!(strftime(seconds, format), wanted);
        }
    }
}
