//! McNemar's exact test seen from one number of discordant cases to the next: which outcomes it
//! rejects, and how likely they are. Each step is a few multiplications, so that the power of a
//! hundred thousand cases takes well under a millisecond.

use super::super::Side;
use super::super::special::{binomial_cdf, binomial_pmf, coin_cdf};

/// P(X <= c) of Binomial(m, p), moved along m and c by recurrence.
struct Walk {
    p: f64,
    cdf: f64,
    pmf: f64,
}

impl Walk {
    fn at(c: u64, m: u64, p: f64) -> Self {
        Self {
            p,
            cdf: binomial_cdf(c, m, p),
            pmf: binomial_pmf(c, m, p),
        }
    }

    /// To m + 1 at the same c < m.
    fn more_trials(&mut self, c: u64, m: u64) {
        self.cdf = (self.cdf - self.p * self.pmf).max(0.0);
        self.pmf *= (1.0 - self.p) * (m + 1) as f64 / (m + 1 - c) as f64;
    }

    /// The pmf at c + 1 and the same m.
    fn next_pmf(&self, c: u64, m: u64) -> f64 {
        if self.p >= 1.0 {
            return f64::from(u8::from(c + 1 == m));
        }
        self.pmf * (m - c) as f64 / (c + 1) as f64 * self.p / (1.0 - self.p)
    }

    fn raise(&mut self, c: u64, m: u64) {
        self.pmf = self.next_pmf(c, m);
        self.cdf += self.pmf;
    }
}

/// The rejection regions at m discordant cases: X <= c, and X >= m - c.
pub(super) struct Tails {
    m: u64,
    tail: f64,
    b_wins: f64,
    /// c and the distribution up to c under the fair coin, of a's wins, and of b's wins.
    /// `None` while even 0 of m is too likely.
    walks: Option<(u64, [Walk; 3])>,
}

impl Tails {
    pub(super) fn at(m: u64, tail: f64, b_wins: f64) -> Self {
        // The test compares p <= alpha; rounding must not lose the equal case.
        let tail = tail * (1.0 + 1e-12);
        let mut tails = Self {
            m,
            tail,
            b_wins,
            walks: None,
        };
        tails.start();
        tails
    }

    /// Finds the largest c with P(X <= c) <= tail under the fair coin.
    fn start(&mut self) {
        let fits = |c: u64| coin_cdf(c, self.m) <= self.tail;
        if !fits(0) {
            return;
        }
        let (mut c, mut above) = (0, self.m);
        while above - c > 1 {
            let middle = u64::midpoint(c, above);
            if fits(middle) {
                c = middle;
            } else {
                above = middle;
            }
        }
        let walk = |p: f64| Walk::at(c, self.m, p);
        self.walks = Some((c, [walk(0.5), walk(1.0 - self.b_wins), walk(self.b_wins)]));
    }

    pub(super) fn step(&mut self) {
        self.m += 1;
        let Some((c, walks)) = &mut self.walks else {
            return self.start();
        };
        for walk in walks.iter_mut() {
            walk.more_trials(*c, self.m - 1);
        }
        if walks[0].cdf + walks[0].next_pmf(*c, self.m) <= self.tail {
            for walk in walks.iter_mut() {
                walk.raise(*c, self.m);
            }
            *c += 1;
        }
    }

    /// The chance that the test rejects, given m discordant cases.
    pub(super) fn rejects(&self, side: Side) -> f64 {
        let Some((_, [_, a_low, b_low])) = &self.walks else {
            return 0.0;
        };
        match side {
            Side::TwoSided => a_low.cdf + b_low.cdf,
            Side::Greater => a_low.cdf,
            Side::Less => b_low.cdf,
        }
    }
}
