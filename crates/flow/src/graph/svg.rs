//! A laid out graph -> SVG 1.1 with its own style sheet.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::layout::{Spot, layout};
use super::{COLOURS, EdgeKind, Graph};

/// Pixels: a node's height, the gap between two, the margin.
const HEIGHT: f64 = 46.0;
const GAP: f64 = 18.0;
const MARGIN: f64 = 16.0;
/// Pixels between layers, for the edges.
const BETWEEN: f64 = 56.0;
/// Pixels that a character of a label takes.
const NAME: f64 = 8.0;
const ABOUT: f64 = 6.4;
/// Characters of a label.
const LONGEST: usize = 34;

pub(super) fn draw(graph: &Graph) -> String {
    let ends: Vec<_> = graph
        .edges
        .iter()
        .map(|edge| (edge.from, edge.to))
        .collect();
    let layout = layout(graph.nodes.len(), &ends);
    let mut widths: BTreeMap<usize, f64> = BTreeMap::new();
    for (node, spot) in graph.nodes.iter().zip(&layout.nodes) {
        let name = cut(&node.name).chars().count() as f64 * NAME;
        let about = cut(&node.about).chars().count() as f64 * ABOUT;
        let width = widths.entry(spot.layer).or_default();
        *width = width.max(name.max(about) + 28.0).max(96.0);
    }
    let mut lefts: BTreeMap<usize, f64> = BTreeMap::new();
    let mut right = MARGIN;
    for (layer, width) in &widths {
        lefts.insert(*layer, right);
        right += width + BETWEEN;
    }
    let spots = || layout.nodes.iter().chain(layout.edges.iter().flatten());
    let lowest = spots().map(|spot| spot.across).fold(0.0, f64::max);
    let middle = |spot: &Spot| MARGIN + HEIGHT / 2.0 + spot.across * (HEIGHT + GAP);
    let (width, height) = (
        right - BETWEEN + MARGIN,
        2.0 * MARGIN + HEIGHT + lowest * (HEIGHT + GAP),
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{} steps\">\n{}",
        graph.nodes.len(),
        style()
    );
    svg.push_str("<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n");
    for (edge, path) in graph.edges.iter().zip(&layout.edges) {
        let class = match edge.kind {
            EdgeKind::Needs => "edge",
            EdgeKind::Unless(_) => "edge unless",
            EdgeKind::Adds => "edge adds",
        };
        let mut line = String::new();
        for (at, spot) in path.iter().enumerate() {
            let (left, y) = (lefts[&spot.layer], middle(spot));
            let (enters, leaves) = (left, left + widths[&spot.layer]);
            if at > 0 {
                // The arrow's head ends at the node.
                let x = if at + 1 == path.len() {
                    enters - 7.0
                } else {
                    enters
                };
                let before = &path[at - 1];
                let from = lefts[&before.layer] + widths[&before.layer];
                let bend = from.midpoint(x);
                let _ = write!(
                    line,
                    " C{bend:.1} {:.1} {bend:.1} {y:.1} {x:.1} {y:.1}",
                    middle(before)
                );
            }
            if at == 0 {
                let _ = write!(line, "M{leaves:.1} {y:.1}");
            } else if at + 1 < path.len() {
                let _ = write!(line, " L{leaves:.1} {y:.1}");
            }
        }
        let _ = writeln!(svg, "<path class=\"{class}\" d=\"{line}\"/>");
        let end = path.last().map(|spot| (lefts[&spot.layer], middle(spot)));
        if let Some((x, y)) = end {
            let _ = writeln!(
                svg,
                "<path class=\"head\" d=\"M{:.1} {:.1} L{x:.1} {y:.1} L{:.1} {:.1} Z\"/>",
                x - 8.0,
                y - 4.5,
                x - 8.0,
                y + 4.5
            );
        }
    }
    for (node, spot) in graph.nodes.iter().zip(&layout.nodes) {
        let (x, y, w) = (lefts[&spot.layer], middle(spot), widths[&spot.layer]);
        let status = node.status.map_or("plain", crate::StepStatus::word);
        let _ = writeln!(
            svg,
            "<g class=\"node {status}\"><title>{} ({})</title><rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{w:.1}\" \
             height=\"{HEIGHT}\" rx=\"7\"/><text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text><text \
             class=\"about\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            escaped(&node.name),
            escaped(&node.about),
            y - HEIGHT / 2.0,
            x + w / 2.0,
            y - 3.0,
            escaped(&cut(&node.name)),
            x + w / 2.0,
            y + 14.0,
            escaped(&cut(&node.about)),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn style() -> String {
    let mut css = "<style>\n\
        text{font-family:ui-sans-serif,system-ui,sans-serif;text-anchor:middle}\n\
        .name{font-size:14px;font-weight:600;fill:#1f2328}.about{font-size:11px;fill:#57606a}\n\
        .ground{fill:#ffffff}.node rect{fill:#f6f8fa;stroke:#8c959f;stroke-width:1.2}\n\
        .edge{fill:none;stroke:#8c959f;stroke-width:1.5}.head{fill:#8c959f}\n\
        .unless{stroke-dasharray:5 4}.adds{stroke-dasharray:1.5 4;stroke-linecap:round}\n\
        .done rect{stroke:#1a7f37}.failed rect,.dead rect{stroke:#cf222e}.running rect{stroke:#0969da}\n\
        .waiting rect,.delayed rect{stroke:#9a6700}.skipped,.cancelled,.pending{opacity:.75}\n"
        .to_owned();
    for (word, light, _) in COLOURS {
        let _ = writeln!(css, ".{word} rect{{fill:{light}}}");
    }
    css.push_str(
        "@media (prefers-color-scheme:dark){.ground{fill:#0d1117}.name{fill:#f0f6fc}.about{fill:#9198a1}\n\
         .node rect{fill:#161b22;stroke:#656c76}.edge{stroke:#656c76}.head{fill:#656c76}\n\
         .done rect{stroke:#3fb950}.failed rect,.dead rect{stroke:#f85149}.running rect{stroke:#4493f8}\n\
         .waiting rect,.delayed rect{stroke:#d29922}\n",
    );
    for (word, _, dark) in COLOURS {
        let _ = writeln!(css, ".{word} rect{{fill:{dark}}}");
    }
    css.push_str("}\n</style>\n");
    css
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let short: String = text.chars().take(LONGEST - 1).collect();
    format!("{short}…")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no other control characters.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
