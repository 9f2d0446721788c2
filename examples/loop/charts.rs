//! Charts as inline SVG: numbers in, text out. Colours are the page's variables, so that light and dark fit. A chart is
//! as wide as the page lets it be; margins hold the larger words that the page gives charts on a phone.

use std::fmt::Write as _;

use super::story::{Bin, Range, Watched};

const WIDTH: f64 = 480.0;

/// Text inside of HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// `p = 0.0123`, or that it is smaller than can be shown.
pub fn chance(p: f64) -> String {
    match p < 1e-4 {
        true => "p below 0.0001".into(),
        false => format!("p = {p:.4}"),
    }
}

/// The beginning of a chart that has its row for itself.
fn wide(title: &str, height: f64) -> String {
    format!(
        "<div class=\"charts\">{}",
        open("wide", title, WIDTH, height)
    )
}

fn open(class: &str, title: &str, width: f64, height: f64) -> String {
    let title = escaped(title);
    format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>\n"
    )
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    );
}

fn line(svg: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// Shares as bars with their intervals.
pub fn bars(title: &str, rows: &[(&str, &str, Range)]) -> String {
    const ROW: f64 = 44.0;
    let mut svg = wide(title, ROW * rows.len() as f64 + 24.0);
    let (left, right) = (76.0, WIDTH - 80.0);
    let at = |share: f64| left + share.clamp(0.0, 1.0) * (right - left);
    for (row, (class, label, range)) in rows.iter().enumerate() {
        let top = 8.0 + ROW * row as f64;
        let middle = top + 14.0;
        let _ = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{left}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"28\" rx=\"3\"/>",
            at(range.value) - left
        );
        line(
            &mut svg,
            "range",
            (at(range.lo), middle),
            (at(range.hi), middle),
        );
        for end in [range.lo, range.hi] {
            line(
                &mut svg,
                "range",
                (at(end), middle - 6.0),
                (at(end), middle + 6.0),
            );
        }
        text(&mut svg, left - 10.0, middle + 5.0, "end", label);
        text(
            &mut svg,
            right + 10.0,
            middle + 5.0,
            "start",
            &percent(range.value),
        );
    }
    let base = 8.0 + ROW * rows.len() as f64;
    line(&mut svg, "axis", (left, base), (right, base));
    svg + "</svg></div>\n"
}

/// What the judge says beside what people say, before and after calibration.
pub fn reliability(title: &str, before: &[Bin], after: &[Bin]) -> String {
    const SIDE: f64 = 260.0;
    const LEFT: f64 = 56.0;
    let mut svg = String::from("<div class=\"charts\">");
    for (class, name, bins) in [("old", "before", before), ("new", "after", after)] {
        let title = format!("{title}, {name} calibration");
        svg += &open("half", &title, LEFT + SIDE + 10.0, SIDE + 44.0);
        let x = |share: f64| LEFT + share * SIDE;
        let y = |share: f64| 10.0 + (1.0 - share) * SIDE;
        line(&mut svg, "axis", (x(0.0), y(0.0)), (x(1.0), y(0.0)));
        line(&mut svg, "axis", (x(0.0), y(0.0)), (x(0.0), y(1.0)));
        line(&mut svg, "ideal", (x(0.0), y(0.0)), (x(1.0), y(1.0)));
        let most = bins.iter().map(|bin| bin.labels).max().unwrap_or(1).max(1) as f64;
        for bin in bins {
            let radius = 3.0 + 7.0 * (bin.labels as f64 / most).sqrt();
            let _ = writeln!(
                svg,
                "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\"/>",
                x(bin.judged),
                y(bin.people)
            );
        }
        text(
            &mut svg,
            x(0.5),
            SIDE + 30.0,
            "middle",
            &format!("judge, {name} calibration"),
        );
        text(&mut svg, LEFT - 8.0, 18.0, "end", "people");
        svg += "</svg>\n";
    }
    svg + "</div>\n"
}

/// The evidence of a watch, session after session, on a scale of factors of ten.
pub fn evidence(watched: &Watched) -> String {
    const HEIGHT: f64 = 200.0;
    let mut svg = wide(&watched.title, HEIGHT + 44.0);
    let (left, right) = (80.0, WIDTH - 80.0);
    let last = watched.path.last().map_or(1, |point| point.0).max(1) as f64;
    let x = |session: u64| left + session as f64 / last * (right - left);
    // From 1/1000 to 1000.
    let y = |evidence: f64| {
        let power = evidence.max(1e-3).log10().min(3.0);
        10.0 + (3.0 - power) / 6.0 * HEIGHT
    };
    for (power, label) in [(1e-3, "1/1000"), (1.0, "1"), (1e3, "1000")] {
        line(&mut svg, "axis", (left, y(power)), (right, y(power)));
        text(&mut svg, left - 8.0, y(power) + 4.0, "end", label);
    }
    line(&mut svg, "ideal", (left, y(20.0)), (right, y(20.0)));
    text(&mut svg, left - 8.0, y(20.0) + 4.0, "end", "20");
    for class in ["harm", "benefit"] {
        let pick = |point: &(u64, f64, f64)| match class {
            "harm" => point.1,
            _ => point.2,
        };
        let points: Vec<String> = watched
            .path
            .iter()
            .map(|point| format!("{:.1},{:.1}", x(point.0), y(pick(point))))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline class=\"path {class}\" points=\"{}\"/>",
            points.join(" ")
        );
        if let Some(end) = watched.path.last() {
            text(&mut svg, right + 6.0, y(pick(end)) + 4.0, "start", class);
        }
    }
    text(
        &mut svg,
        right,
        HEIGHT + 34.0,
        "end",
        &format!("{last:.0} sessions"),
    );
    svg + "</svg></div>\n"
}
