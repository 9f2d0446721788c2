//! The reliability diagram: predicted chances against what happened, as one inline SVG.
//!
//! Bins in, text out. It loads nothing and runs nothing; colours follow the page around it
//! (`currentColor`), and every point says its numbers to who hovers over it or has it read out.

use std::fmt::Write as _;

use super::ece::Bin;

/// Pixels of the square plot and of the margin for its labels.
const SIDE: f64 = 240.0;
const MARGIN: f64 = 40.0;

/// Draws the bins; `title` is what the picture is of.
///
/// ```
/// use botsmith_eval::calibration::{Label, calibrate, diagram};
/// let labels: Vec<Label> = (0..80).map(|i| Label::new(f64::from(i % 9) / 8.0, i % 3 != 0)).collect();
/// let calibration = calibrate(&labels, 1)?;
/// let svg = diagram(&calibration.quality.bins.after, "polite <judge>");
/// assert!(svg.starts_with("<svg") && svg.contains("polite &lt;judge&gt;"));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
pub fn diagram(bins: &[Bin], title: &str) -> String {
    let size = SIDE + 2.0 * MARGIN;
    let x = |p: f64| MARGIN + SIDE * p;
    let y = |p: f64| MARGIN + SIDE * (1.0 - p);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" width=\"{size}\" height=\"{size}\" \
         role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"currentColor\">"
    );
    let _ = write!(svg, "<title>Reliability of {}</title>", escape(title));
    let _ = write!(
        svg,
        "<rect x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"currentColor\" opacity=\"0.4\"/>\
         <line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-dasharray=\"4 4\" opacity=\"0.6\"/>",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0)
    );
    for tick in [0.0, 0.5, 1.0] {
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{tick}</text>",
            x(tick),
            y(0.0) + 16.0,
            x(0.0) - 6.0,
            y(tick) + 4.0
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">predicted chance of a pass</text>\
         <text x=\"12\" y=\"{0}\" text-anchor=\"middle\" transform=\"rotate(-90 12 {0})\">share that people let pass</text>",
        size / 2.0,
        size - 8.0
    );
    for bin in bins {
        let (at, lo, hi) = (x(bin.predicted), y(bin.interval.lo()), y(bin.interval.hi()));
        let radius = 3.0 + 6.0 * bin.share.sqrt();
        let _ = write!(
            svg,
            "<g><title>predicted {:.2}, observed {:.2} {:.2}, {} labels</title>\
             <line x1=\"{at:.1}\" y1=\"{lo:.1}\" x2=\"{at:.1}\" y2=\"{hi:.1}\" stroke=\"#2a78d6\" stroke-width=\"2\"/>\
             <circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"#2a78d6\"/></g>",
            bin.predicted,
            bin.observed,
            bin.interval,
            bin.n,
            y(bin.observed)
        );
    }
    svg.push_str("</svg>");
    svg
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
