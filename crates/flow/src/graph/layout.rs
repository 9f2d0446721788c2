//! Layers, order and places of the nodes of an acyclic graph.
//!
//! Edges that pass over a layer get a bend in it, so that they run around nodes. Order within a layer is by
//! the mean of the neighbours, swept back and forth; places are then drawn towards the neighbours.

/// Where a node or a bend is: its layer, and its middle across, in units of one node and its gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) layer: usize,
    pub(super) across: f64,
}

/// The spots of nodes, and those that each edge goes by, ends included.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) nodes: Vec<Spot>,
    pub(super) edges: Vec<Vec<Spot>>,
}

const SWEEPS: usize = 8;

/// Lays out `n` nodes; `edges` go from the first to the second, and never in a circle.
pub(super) fn layout(n: usize, edges: &[(usize, usize)]) -> Layout {
    let layers = layers(n, edges);
    let mut layer_of = layers;
    let mut links: Vec<(usize, usize)> = Vec::new();
    let mut paths: Vec<Vec<usize>> = Vec::new();
    for &(from, to) in edges {
        let mut path = vec![from];
        for layer in layer_of[from] + 1..layer_of[to] {
            path.push(layer_of.len());
            layer_of.push(layer);
        }
        path.push(to);
        links.extend(path.windows(2).map(|pair| (pair[0], pair[1])));
        paths.push(path);
    }
    let depth = layer_of.iter().max().map_or(0, |last| last + 1);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (node, layer) in layer_of.iter().enumerate() {
        rows[*layer].push(node);
    }
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); layer_of.len()];
    let mut behind = before.clone();
    for (from, to) in links {
        before[to].push(from);
        behind[from].push(to);
    }
    let mut across = vec![0.0; layer_of.len()];
    for row in &rows {
        place(row, &mut across);
    }
    for sweep in 0..SWEEPS {
        let order: Vec<usize> = match sweep % 2 {
            0 => (0..depth).collect(),
            _ => (0..depth).rev().collect(),
        };
        for layer in order {
            let near = if sweep % 2 == 0 { &before } else { &behind };
            let row = &mut rows[layer];
            let mut means: Vec<(f64, usize)> = row
                .iter()
                .map(|node| (mean(&near[*node], &across).unwrap_or(across[*node]), *node))
                .collect();
            means.sort_by(|a, b| a.0.total_cmp(&b.0));
            *row = means.iter().map(|(_, node)| *node).collect();
            let wanted: Vec<f64> = means.iter().map(|(mean, _)| *mean).collect();
            settle(row, &wanted, &mut across);
        }
    }
    let least = across.iter().copied().fold(f64::INFINITY, f64::min);
    let spot = |node: usize| Spot {
        layer: layer_of[node],
        across: across[node] - least,
    };
    Layout {
        nodes: (0..n).map(spot).collect(),
        edges: paths
            .into_iter()
            .map(|path| path.into_iter().map(spot).collect())
            .collect(),
    }
}

/// The longest way from a node that needs nothing.
fn layers(n: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0; n];
    // Each round settles one layer more; a graph without circles has at most `n`.
    for _ in 0..n {
        let mut moved = false;
        for &(from, to) in edges {
            if layers[to] <= layers[from] {
                layers[to] = layers[from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    layers
}

fn place(row: &[usize], across: &mut [f64]) {
    for (at, node) in row.iter().enumerate() {
        across[*node] = at as f64 - (row.len() as f64 - 1.0) / 2.0;
    }
}

fn mean(near: &[usize], across: &[f64]) -> Option<f64> {
    match near.len() {
        0 => None,
        n => Some(near.iter().map(|node| across[*node]).sum::<f64>() / n as f64),
    }
}

/// Puts the nodes of a row near where they want to be, in their order and at least 1 apart: those that push
/// each other become a block around the mean of their wishes.
fn settle(row: &[usize], wanted: &[f64], across: &mut [f64]) {
    // A block: its first place, how many are in it, the sum of their wishes as if each stood first.
    let mut blocks: Vec<(f64, usize, f64)> = Vec::new();
    for wish in wanted {
        let mut block = (*wish, 1, *wish);
        while let Some(&(first, n, sum)) = blocks.last() {
            if first + n as f64 <= block.0 {
                break;
            }
            blocks.pop();
            let n_all = n + block.1;
            let sum_all = sum + block.2 - n as f64 * block.1 as f64;
            block = (sum_all / n_all as f64, n_all, sum_all);
        }
        blocks.push(block);
    }
    let mut at = 0;
    for (first, n, _) in blocks {
        for offset in 0..n {
            across[row[at]] = first + offset as f64;
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_stands_behind_those_that_it_needs_and_none_on_another() {
        let edges = [
            (0, 1),
            (0, 2),
            (0, 3),
            (1, 4),
            (2, 4),
            (3, 4),
            (0, 4),
            (5, 4),
            (4, 6),
        ];
        let layout = layout(7, &edges);
        for (from, to) in edges {
            assert!(
                layout.nodes[from].layer < layout.nodes[to].layer,
                "{from} {to}"
            );
        }
        for (a, one) in layout.nodes.iter().enumerate() {
            for other in &layout.nodes[..a] {
                let apart = (one.across - other.across).abs() >= 0.999;
                assert!(one.layer != other.layer || apart, "{layout:?}");
            }
        }
        let over = &layout.edges[6];
        assert_eq!(over.len(), 3, "an edge over a layer has a bend: {over:?}");
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let layout = layout(4, &[(0, 1), (1, 2), (2, 3)]);
        assert!(
            layout.nodes.iter().all(|spot| spot.across.abs() < 1e-9),
            "{layout:?}"
        );
    }
}
