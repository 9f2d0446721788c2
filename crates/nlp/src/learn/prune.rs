//! Which rows of the tables are worth their bytes: those that weigh most, summed over all networks.

use super::net::Net;
use super::param::Param;

/// Rows that are kept, in order.
pub(super) struct Kept {
    pub(super) rows: Vec<usize>,
    pub(super) contexts: Vec<usize>,
}

/// Features and contexts that are kept.
const ROWS: usize = 27_500;
const CONTEXTS: usize = 14_500;

/// Chooses among the rows of all networks. `seen` says how often a feature was seen in training,
/// `contexts` the same of contexts; what was seen more often weighs more.
pub(super) fn heaviest(nets: &[Net], seen: impl Fn(usize) -> u32, contexts: &[u32]) -> Kept {
    let weigh = |tables: Vec<&Param>, seen: &dyn Fn(usize) -> u32| -> Vec<f32> {
        let width = tables.first().map_or(1, |table| table.width);
        let rows = tables.first().map_or(0, |table| table.value.len() / width);
        (0..rows)
            .map(|row| {
                let squares = tables
                    .iter()
                    .map(|table| table.row(row).iter().map(|v| v * v).sum::<f32>());
                squares.sum::<f32>() * libm::powf(seen(row) as f32, 0.5)
            })
            .collect()
    };
    let rows = weigh(nets.iter().map(|net| &net.table).collect(), &seen);
    let places = weigh(nets.iter().map(|net| &net.contexts).collect(), &|row| {
        contexts[row]
    });
    Kept {
        rows: most(&rows, ROWS, 2),
        contexts: most(&places, CONTEXTS, 0),
    }
}

/// Places of the `count` largest weights, in order; the `first` are always among them.
fn most(weights: &[f32], count: usize, first: usize) -> Vec<usize> {
    let mut ranked: Vec<usize> = (0..weights.len()).collect();
    ranked.sort_by(|a, b| {
        let always = |place: usize| place >= first;
        (always(*a).cmp(&always(*b)))
            .then(weights[*b].total_cmp(&weights[*a]))
            .then(a.cmp(b))
    });
    ranked.truncate(count.max(first));
    ranked.sort_unstable();
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_are_kept_in_order_and_the_first_always() {
        let weights = [0.0, 0.1, 5.0, 1.0, 7.0, 1.0];
        assert_eq!(most(&weights, 3, 0), [2, 3, 4]);
        assert_eq!(most(&weights, 4, 2), [0, 1, 2, 4]);
        assert_eq!(most(&weights, 0, 1), [0]);
        assert_eq!(most(&weights, 99, 0), [0, 1, 2, 3, 4, 5]);
    }
}
