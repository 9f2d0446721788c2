//! What simulations share: the plan, figures with what is wanted of them, chance, threads, the page.
//!
//! A figure of a whole run has to be what is wanted itself. In a short run, whose few loops cannot say
//! it that closely, it misses only if its whole interval does.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use botsmith_eval::stats::{Confidence, wilson};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Mode;

/// Whatever stops a simulation.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In place of each simulation's own number of loops.
    pub loops: Option<usize>,
    /// Seed of everything random.
    pub seed: u64,
    /// Few loops, for a test in a debug build.
    pub short: bool,
}

impl Plan {
    /// How many loops: those asked for, else `whole`, or `short` in a short run.
    pub fn loops(&self, whole: usize, short: usize) -> usize {
        self.loops.unwrap_or(if self.short { short } else { whole })
    }

    /// The generator of one loop of one use; the same however many threads there are.
    pub fn chance(&self, stream: &str, index: usize) -> Chance {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&(index as u64).to_le_bytes());
        hasher.update(stream.as_bytes());
        Chance(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    #[allow(
        clippy::unused_self,
        reason = "how loops are done is a matter of the setting"
    )]
    /// What `one` gives for 0, 1, … `loops - 1`, in order, on all cores.
    ///
    /// # Errors
    /// The first that `one` gave.
    pub fn each<T: Send>(
        &self,
        loops: usize,
        one: impl Fn(usize) -> Result<T, Failure> + Sync,
    ) -> Result<Vec<T>, Failure> {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut found = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= loops {
                    return found;
                }
                found.push((index, one(index)));
            }
        };
        let mut all = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::with_capacity(loops);
            for worker in workers {
                all.extend(worker.join().expect("a loop does not panic"));
            }
            all
        });
        all.sort_unstable_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, result)| result).collect()
    }
}

/// Seeded chance.
#[derive(Clone, Debug)]
pub struct Chance(pub ChaCha8Rng);

impl Chance {
    /// A number in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `[lo, hi)`.
    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.uniform()
    }

    /// True with probability `p`.
    pub fn happens(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// A draw from the standard normal distribution (Box & Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// What is wanted of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// Between these.
    Within(f64, f64),
    /// The lower end of its interval at most this: a true value that high is not ruled out.
    NotShownAbove(f64),
    /// Nothing: it is shown.
    Nothing,
}

/// One number of a simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Where the true one is likely to be.
    pub interval: Option<(f64, f64)>,
    /// Of how many loops.
    pub loops: usize,
    /// What is wanted.
    pub wanted: Wanted,
    /// Whether it is a share, shown in percent.
    pub share: bool,
}

impl Figure {
    /// A share of loops, with Wilson's interval.
    ///
    /// # Errors
    /// No loops.
    pub fn share(
        name: impl Into<String>,
        hits: usize,
        of: usize,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        let interval = wilson(hits as u64, of as u64, Confidence::P95)?;
        Ok(Self {
            name: name.into(),
            value: hits as f64 / of as f64,
            interval: Some((interval.lo(), interval.hi())),
            loops: of,
            wanted,
            share: true,
        })
    }

    /// The median of values, with its distribution-free interval (order statistics).
    ///
    /// # Errors
    /// No values.
    pub fn median(
        name: impl Into<String>,
        values: &[f64],
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len();
        if n == 0 {
            return Err("no loops".into());
        }
        // The ranks that the median lies between: n/2 ± 1.96 sqrt(n)/2.
        let reach = 0.98 * (n as f64).sqrt();
        let middle = n as f64 / 2.0;
        let lo = (middle - reach).floor().max(0.0) as usize;
        let hi = ((middle + reach).ceil() as usize).min(n - 1);
        Ok(Self {
            name: name.into(),
            value: f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
            interval: Some((sorted[lo], sorted[hi])),
            loops: n,
            wanted,
            share: false,
        })
    }

    /// A mean of loops, with its normal interval.
    ///
    /// # Errors
    /// Fewer than two values.
    pub fn mean(name: impl Into<String>, values: &[f64], wanted: Wanted) -> Result<Self, Failure> {
        let mean = botsmith_eval::stats::mean(values)?;
        let half = 1.96 * botsmith_eval::stats::standard_error(values)?;
        Ok(Self {
            name: name.into(),
            value: mean,
            interval: Some((mean - half, mean + half)),
            loops: values.len(),
            wanted,
            share: false,
        })
    }

    /// Whether it is what is wanted.
    pub fn holds(&self, short: bool) -> bool {
        // In a short run the end of the interval that speaks for it decides.
        let (least, most) = match self.interval.filter(|_| short) {
            Some(interval) => interval,
            None => (self.value, self.value),
        };
        match self.wanted {
            Wanted::AtMost(x) => least <= x,
            Wanted::AtLeast(x) => most >= x,
            Wanted::Within(lo, hi) => most >= lo && least <= hi,
            Wanted::NotShownAbove(x) => self.interval.map_or(self.value, |(lo, _)| lo) <= x,
            Wanted::Nothing => true,
        }
    }

    fn number(&self, x: f64) -> String {
        if self.share {
            format!("{:.1} %", 100.0 * x)
        } else {
            format!("{x:.4}")
        }
    }

    fn wanted(&self) -> String {
        match self.wanted {
            Wanted::AtMost(x) => format!("at most {}", self.number(x)),
            Wanted::AtLeast(x) => format!("at least {}", self.number(x)),
            Wanted::Within(lo, hi) => format!("{} to {}", self.number(lo), self.number(hi)),
            Wanted::NotShownAbove(x) => format!("lower end at most {}", self.number(x)),
            Wanted::Nothing => String::new(),
        }
    }

    fn range(&self) -> String {
        self.interval.map_or(String::new(), |(lo, hi)| {
            format!("{} to {}", self.number(lo), self.number(hi))
        })
    }

    /// It in one line of text.
    pub fn line(&self, short: bool) -> String {
        let mark = match (self.wanted, self.holds(short)) {
            (Wanted::Nothing, _) => "    ",
            (_, true) => "ok  ",
            (_, false) => "MISS",
        };
        let mut line = format!("{mark} {}: {}", self.name, self.number(self.value));
        if self.interval.is_some() {
            let _ = write!(line, " ({})", self.range());
        }
        let _ = write!(line, ", {} loops", self.loops);
        if self.wanted != Wanted::Nothing {
            let _ = write!(line, "; wanted: {}", self.wanted());
        }
        line
    }
}

/// The page of the documentation.
pub fn page(results: &[(&Mode, Vec<Figure>)], plan: &Plan) -> String {
    let mut text = String::from(
        "# Simulations of the loop\n\n\
         What the loop promises, tried out where the truth is known because it was made up. Intervals are at\n\
         95 %: Wilson's of a share, by order statistics of a median. A line without a wish is shown only.\n\n",
    );
    let short = if plan.short { " --short" } else { "" };
    let _ = writeln!(
        text,
        "Made by `scripts/simulate{short} --seed {} --page FILE`; `scripts/nightly` makes it anew.",
        plan.seed
    );
    for (mode, figures) in results {
        let _ = write!(text, "\n## {}\n\n{}.\n\n", mode.name, capital(mode.about));
        text.push_str(
            "| figure | value | 95 % interval | loops | wanted | |\n|---|--:|---|--:|---|---|\n",
        );
        for figure in figures {
            let mark = match (figure.wanted, figure.holds(plan.short)) {
                (Wanted::Nothing, _) => "",
                (_, true) => "ok",
                (_, false) => "**miss**",
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {mark} |",
                figure.name,
                figure.number(figure.value),
                figure.range(),
                figure.loops,
                figure.wanted()
            );
        }
    }
    text
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().collect::<String>() + chars.as_str()
    })
}
