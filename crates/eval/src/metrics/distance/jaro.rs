//! Jaro's similarity and Winkler's.
//!
//! Jaro 1989 (<https://doi.org/10.1080/01621459.1989.10478785>), Winkler 1990. Symbols match within
//! a window; every symbol's positions are matched first to first, so time is linear.

/// Scratch: positions by symbol, as lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Jaro {
    /// By symbol, one more than its first position that may still match; 0: none.
    first: Vec<u32>,
    /// By position, one more than the next position of the same symbol.
    next: Vec<u32>,
    matched: Vec<bool>,
    symbols: Vec<u32>,
}

impl Jaro {
    /// In `[0, 1]`: the mean of the matching share of both and the share of matches in order.
    pub(super) fn similarity(&mut self, a: &[u32], b: &[u32], alphabet: usize) -> f64 {
        if a.is_empty() && b.is_empty() {
            return 1.0;
        }
        if a.is_empty() || b.is_empty() {
            return 0.0;
        }
        let window = (a.len().max(b.len()) / 2).saturating_sub(1);
        if self.first.len() < alphabet {
            self.first.resize(alphabet, 0);
        }
        self.next.clear();
        self.next.resize(a.len(), 0);
        self.matched.clear();
        self.matched.resize(a.len(), false);
        self.symbols.clear();
        for (i, symbol) in a.iter().enumerate().rev() {
            let first = &mut self.first[*symbol as usize];
            self.next[i] = *first;
            *first = i as u32 + 1;
        }
        for (j, symbol) in b.iter().enumerate() {
            let mut candidate = self.first[*symbol as usize];
            while candidate != 0 && (candidate as usize - 1) + window < j {
                candidate = self.next[candidate as usize - 1];
            }
            if candidate != 0 && candidate as usize - 1 <= j + window {
                self.matched[candidate as usize - 1] = true;
                self.symbols.push(*symbol);
                candidate = self.next[candidate as usize - 1];
            }
            self.first[*symbol as usize] = candidate;
        }
        for symbol in a {
            self.first[*symbol as usize] = 0;
        }
        if self.symbols.is_empty() {
            return 0.0;
        }
        let in_order = a.iter().zip(&self.matched).filter(|(_, m)| **m);
        let moved = in_order
            .zip(&self.symbols)
            .filter(|((x, _), y)| x != y)
            .count();
        let common = self.symbols.len() as f64;
        let in_place = (self.symbols.len() - moved / 2) as f64;
        (common / a.len() as f64 + common / b.len() as f64 + in_place / common) / 3.0
    }

    /// Above 0.7, raised by a tenth of what is missing for each of up to four first symbols shared.
    pub(super) fn winkler(&mut self, a: &[u32], b: &[u32], alphabet: usize) -> f64 {
        let similarity = self.similarity(a, b, alphabet);
        if similarity <= 0.7 {
            return similarity;
        }
        let shared = super::affix::prefix(a, b).min(4) as f64;
        (similarity + shared * 0.1 * (1.0 - similarity)).min(1.0)
    }
}
