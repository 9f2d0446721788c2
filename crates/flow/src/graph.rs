//! The steps of a plan or of a run -> a graph as Mermaid text or as an SVG that stands alone.
//!
//! Steps that a step added hang below it; many of them become one node with their count. The layout is
//! layered (Sugiyama, Tagawa, Toda 1981, <https://doi.org/10.1109/TSMC.1981.4308636>), left to right.

mod layout;
mod svg;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::state::{StepState, StepStatus};
use crate::{Plan, RunIf, StepPlan};

/// Edges of a graph that is freed of those that others imply.
const REDUCED: usize = 2000;
/// How many added steps are drawn one by one.
const APART: usize = 6;

/// Steps and what each needs, ready to be drawn.
///
/// ```
/// use botsmith_flow::{Graph, Plan, StepPlan};
///
/// let step = |key: &str, needs: &[&str]| StepPlan {
///     key: key.into(),
///     kind: "nlp".into(),
///     needs: needs.iter().map(|need| (*need).into()).collect(),
///     ..StepPlan::default()
/// };
/// let plan = Plan::new(vec![step("load", &[]), step("tag", &["load"])])?;
/// let graph = Graph::of_plan(&plan);
/// assert!(graph.mermaid().contains("n0 --> n1"));
/// assert!(graph.svg().starts_with("<svg "));
/// # Ok::<(), botsmith_flow::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: String,
    /// The line below the name.
    about: String,
    status: Option<StepStatus>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    from: usize,
    to: usize,
    kind: EdgeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EdgeKind {
    /// The second needs the first to be done.
    Needs,
    /// The second also runs, or only, when the first did not get done.
    Unless(&'static str),
    /// The first added the second.
    Adds,
}

impl Graph {
    /// The graph of a plan.
    pub fn of_plan(plan: &Plan) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        let mut at = BTreeMap::new();
        for step in plan.steps() {
            at.insert(step.key.clone(), graph.nodes.len());
            graph.nodes.push(Node {
                name: step.key.clone(),
                about: step.kind.clone(),
                status: None,
            });
        }
        for step in plan.steps() {
            graph.needs(step, &at);
        }
        graph.reduce();
        graph
    }

    /// The graph of a run, with how each step stands.
    pub fn of_run(steps: &[StepState]) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        let mut added: BTreeMap<&str, Vec<&StepState>> = BTreeMap::new();
        for step in steps {
            if let Some(spawner) = &step.spawner {
                added.entry(spawner).or_default().push(step);
            }
        }
        let many = |step: &StepState| {
            let of = step.spawner.as_deref();
            of.is_some_and(|spawner| added[spawner].len() > APART)
        };
        let mut at = BTreeMap::new();
        for step in steps.iter().filter(|step| !many(step)) {
            at.insert(step.plan.key.clone(), graph.nodes.len());
            graph.nodes.push(Node {
                name: step.plan.key.clone(),
                about: about(step),
                status: Some(step.status),
            });
        }
        for step in steps.iter().filter(|step| !many(step)) {
            graph.needs(&step.plan, &at);
            let spawner = step.spawner.as_ref().and_then(|spawner| at.get(spawner));
            if let Some(from) = spawner {
                graph.edges.push(Edge {
                    from: *from,
                    to: at[&step.plan.key],
                    kind: EdgeKind::Adds,
                });
            }
        }
        for (spawner, all) in added.iter().filter(|(_, all)| all.len() > APART) {
            let to = graph.nodes.len();
            graph.nodes.push(together(spawner, all));
            if let Some(from) = at.get(*spawner) {
                graph.edges.push(Edge {
                    from: *from,
                    to,
                    kind: EdgeKind::Adds,
                });
            }
        }
        graph.reduce();
        graph
    }

    /// Leaves out edges that others say already: where `c` needs `b` and `b` needs `a`, that `c` needs `a`.
    fn reduce(&mut self) {
        if self.edges.len() > REDUCED {
            return;
        }
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for edge in &self.edges {
            next[edge.from].push(edge.to);
        }
        self.edges.retain(|edge| {
            let mut seen = vec![false; next.len()];
            let mut open: Vec<usize> = next[edge.from]
                .iter()
                .copied()
                .filter(|at| *at != edge.to)
                .collect();
            while let Some(at) = open.pop() {
                if at == edge.to {
                    return edge.kind == EdgeKind::Adds;
                }
                if !std::mem::replace(&mut seen[at], true) {
                    open.extend(&next[at]);
                }
            }
            true
        });
    }

    fn needs(&mut self, step: &StepPlan, at: &BTreeMap<String, usize>) {
        let kind = match step.run_if {
            RunIf::Done => EdgeKind::Needs,
            RunIf::Failed => EdgeKind::Unless("if failed"),
            RunIf::Always => EdgeKind::Unless("always"),
        };
        let to = at[&step.key];
        for need in &step.needs {
            if let Some(from) = at.get(need) {
                self.edges.push(Edge {
                    from: *from,
                    to,
                    kind,
                });
            }
        }
    }

    /// As a Mermaid flow chart.
    pub fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (at, node) in self.nodes.iter().enumerate() {
            let _ = write!(text, "  n{at}[\"{}", quoted(&node.name));
            if !node.about.is_empty() {
                let _ = write!(text, "<br/>{}", quoted(&node.about));
            }
            text.push_str("\"]");
            if let Some(status) = node.status {
                let _ = write!(text, ":::{}", status.word());
            }
            text.push('\n');
        }
        for Edge { from, to, kind } in &self.edges {
            let _ = match kind {
                EdgeKind::Needs => writeln!(text, "  n{from} --> n{to}"),
                EdgeKind::Unless(word) => writeln!(text, "  n{from} -. {word} .-> n{to}"),
                EdgeKind::Adds => writeln!(text, "  n{from} --o n{to}"),
            };
        }
        for (word, light, _) in COLOURS {
            if self
                .nodes
                .iter()
                .any(|node| node.status.is_some_and(|s| s.word() == word))
            {
                let _ = writeln!(
                    text,
                    "  classDef {word} fill:{light},stroke:#57606a,color:#1f2328"
                );
            }
        }
        text
    }

    /// As an SVG that stands alone: no script, no font of its own, readable in light and dark mode.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }
}

/// What each status looks like, on light and on dark ground.
const COLOURS: [(&str, &str, &str); 10] = [
    ("pending", "#f6f8fa", "#161b22"),
    ("ready", "#eaeef2", "#21262d"),
    ("running", "#ddf4ff", "#0c2d6b"),
    ("delayed", "#fff8c5", "#3b2e00"),
    ("waiting", "#fff8c5", "#3b2e00"),
    ("done", "#dafbe1", "#04260f"),
    ("skipped", "#eaeef2", "#21262d"),
    ("failed", "#ffebe9", "#4c0f0f"),
    ("dead", "#ffebe9", "#4c0f0f"),
    ("cancelled", "#eaeef2", "#21262d"),
];

fn about(step: &StepState) -> String {
    match step.attempts {
        0 | 1 => format!("{} · {}", step.plan.kind, step.status.word()),
        n => format!("{} · {} · {n} attempts", step.plan.kind, step.status.word()),
    }
}

/// One node for many steps that one step added.
fn together(spawner: &str, all: &[&StepState]) -> Node {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for step in all {
        *counts.entry(step.status.word()).or_default() += 1;
    }
    // What is worst, or least far, is what the node looks like.
    let worst = [
        StepStatus::Dead,
        StepStatus::Failed,
        StepStatus::Running,
        StepStatus::Delayed,
        StepStatus::Waiting,
        StepStatus::Ready,
        StepStatus::Pending,
        StepStatus::Cancelled,
    ];
    let status = worst
        .into_iter()
        .find(|status| all.iter().any(|step| step.status == *status));
    let words: Vec<_> = counts
        .iter()
        .map(|(word, n)| format!("{n} {word}"))
        .collect();
    Node {
        name: format!("{spawner}#… ({} steps)", all.len()),
        about: words.join(", "),
        status: Some(status.unwrap_or(StepStatus::Done)),
    }
}

/// A text inside of Mermaid's quotation marks.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '%' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
