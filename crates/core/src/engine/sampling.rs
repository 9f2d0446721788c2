//! Logits of the next token -> one token, with its log-probability.
//!
//! The order is that of transformers' `generate` (logits processors, then warpers), with the
//! penalties of `OpenAI`'s interface beside its own:
//!
//! 1. what a grammar forbids is taken out (by the caller, with [`Sampler::pick`]'s `allowed`);
//! 2. `logit_bias` is added;
//! 3. repetition penalty: tokens of prompt and answer (the last `repeat_last_n` of them), once each,
//!    divided by it where positive, multiplied where negative (Keskar et al. 2019,
//!    <https://arxiv.org/abs/1909.05858>);
//! 4. presence and frequency penalties: tokens of the answer alone;
//! 5. temperature; 0 takes the likeliest token, the smallest id among equals, and ends here;
//! 6. top-k, then top-p over what is left, renormalised (Holtzman et al. 2020,
//!    <https://arxiv.org/abs/1904.09751>), then min-p (Nguyen et al. 2024,
//!    <https://arxiv.org/abs/2407.01082>);
//! 7. one draw of `ChaCha8`, tokens in order of falling probability and rising id.
//!
//! Log-probabilities are the model's own: of the logits as they came, before step 1. The same seed
//! gives the same tokens, alone or in a batch, since each answer has a generator of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::decoder::Summary;
use super::ops::fast::exp;

mod kept;

pub use kept::Candidate;
pub(crate) use kept::likeliest;

/// How the next token is chosen.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SamplingOptions {
    /// 0 takes the likeliest token; at least 0.
    pub temperature: f32,
    /// The likeliest so many tokens; 0: all.
    pub top_k: usize,
    /// The likeliest tokens that together have this probability; 1: all.
    pub top_p: f32,
    /// Tokens with at least this share of the likeliest one's probability; 0: all.
    pub min_p: f32,
    /// Against tokens that stand in prompt or answer; 1: none.
    pub repetition_penalty: f32,
    /// How far back the repetition penalty looks, in tokens; `None`: to the beginning.
    pub repeat_last_n: Option<usize>,
    /// Against tokens that stand in the answer already, -2 to 2.
    pub presence_penalty: f32,
    /// Against tokens by how often they stand in the answer, -2 to 2.
    pub frequency_penalty: f32,
    /// Added to the logits of these tokens.
    pub logit_bias: BTreeMap<u32, f32>,
    /// Seed of the draws.
    pub seed: u64,
    /// How many of the likeliest tokens are reported beside the chosen one; at most [`TOP_LOGPROBS`].
    pub top_logprobs: usize,
}

/// The most alternatives that are reported with a token.
pub const TOP_LOGPROBS: usize = 100;

impl Default for SamplingOptions {
    /// Greedy, with nothing else.
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            repeat_last_n: None,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            logit_bias: BTreeMap::new(),
            seed: 0,
            top_logprobs: 0,
        }
    }
}

impl SamplingOptions {
    /// What is out of range: the option, the value and the range, in words; `None` if nothing is.
    pub fn refusal(&self) -> Option<String> {
        let within = |name: &str, value: f32, low: f32, high: f32| {
            (!(low..=high).contains(&value))
                .then(|| format!("`{name}` is {value}, wanted {low} to {high}"))
        };
        within("temperature", self.temperature, 0.0, 100.0)
            .or_else(|| within("top_p", self.top_p, 0.0, 1.0))
            .or_else(|| within("min_p", self.min_p, 0.0, 1.0))
            .or_else(|| within("repetition_penalty", self.repetition_penalty, 0.01, 100.0))
            .or_else(|| within("presence_penalty", self.presence_penalty, -2.0, 2.0))
            .or_else(|| within("frequency_penalty", self.frequency_penalty, -2.0, 2.0))
            .or_else(|| {
                let mut all = self.logit_bias.iter();
                let wrong = all.find(|(_, bias)| !(-1e9..=1e9).contains(*bias));
                wrong.map(|(id, bias)| {
                    format!("`logit_bias` of token {id} is {bias}, wanted a number")
                })
            })
            .or_else(|| {
                (self.top_logprobs > TOP_LOGPROBS).then(|| {
                    format!(
                        "`top_logprobs` is {}, wanted at most {TOP_LOGPROBS}",
                        self.top_logprobs
                    )
                })
            })
    }
}

/// A token that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// Its id.
    pub token: u32,
    /// Natural logarithm of the probability that the model gave it.
    pub logprob: f64,
    /// The likeliest tokens with theirs, likeliest first; as many as were asked for.
    pub top: Vec<(u32, f64)>,
}

/// Chooses the tokens of one answer.
///
/// ```
/// use botsmith_core::engine::{Sampler, SamplingOptions};
/// let mut sampler = Sampler::new(SamplingOptions::default(), &[]);
/// let pick = sampler.pick(&[0.0, 2.0, 1.0], None);
/// assert_eq!(pick.token, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    options: SamplingOptions,
    /// Prompt and answer.
    seen: Vec<u32>,
    /// How often each token stands in the answer.
    counts: BTreeMap<u32, u32>,
    draws: ChaCha8Rng,
}

impl Sampler {
    /// A sampler for an answer to `prompt`.
    pub fn new(options: SamplingOptions, prompt: &[u32]) -> Self {
        let draws = ChaCha8Rng::seed_from_u64(options.seed);
        Self {
            options,
            seen: prompt.to_vec(),
            counts: BTreeMap::new(),
            draws,
        }
    }

    /// Chooses the next token; `allowed` says which tokens may come. Where it allows none, none of
    /// its words count: a grammar that is done ends the answer before this is asked.
    pub fn pick(&mut self, logits: &[f32], allowed: Option<&dyn Fn(u32) -> bool>) -> Pick {
        let mut changed = self.changed(logits);
        if let Some(allowed) = allowed {
            let any = (0..logits.len()).any(|id| allowed(id as u32));
            for (id, logit) in changed.to_mut().iter_mut().enumerate() {
                if any && !allowed(id as u32) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
        let token = match self.options.temperature == 0.0 {
            true => kept::likeliest(&changed),
            false => self.draw(&changed),
        };
        self.seen.push(token);
        *self.counts.entry(token).or_default() += 1;
        let whole = log_sum_exp(logits);
        let logprob = |id: u32| f64::from(logits[id as usize]) - whole;
        let top = kept::highest(logits, self.options.top_logprobs);
        Pick {
            token,
            logprob: logprob(token),
            top: top.into_iter().map(|id| (id, logprob(id))).collect(),
        }
    }

    /// Whether it takes the likeliest token and asks for nothing else: then [`Sampler::take`] will do.
    pub(crate) fn takes_likeliest(&self) -> bool {
        self.options.temperature == 0.0 && self.options.top_logprobs == 0 && self.leaves_logits()
    }

    /// Takes a row's likeliest token, which somebody else has found.
    pub(crate) fn take(&mut self, row: Summary) -> Pick {
        self.seen.push(row.token);
        *self.counts.entry(row.token).or_default() += 1;
        Pick {
            token: row.token,
            logprob: f64::from(row.logit) - row.whole,
            top: Vec::new(),
        }
    }

    fn leaves_logits(&self) -> bool {
        let options = &self.options;
        options.logit_bias.is_empty()
            && options.repetition_penalty == 1.0
            && options.presence_penalty == 0.0
            && options.frequency_penalty == 0.0
    }

    /// The tokens that a draw would choose among, with their probabilities, likeliest first.
    pub fn candidates(&self, logits: &[f32]) -> Vec<Candidate> {
        kept::candidates(&self.changed(logits), &self.options)
    }

    fn draw(&mut self, changed: &[f32]) -> u32 {
        let kept = kept::candidates(changed, &self.options);
        // 53 bits: every value is a float of its own, below 1.
        let mut left = (self.draws.next_u64() >> 11) as f64 * (-53f64).exp2();
        for candidate in &kept {
            left -= candidate.probability;
            if left < 0.0 {
                return candidate.token;
            }
        }
        kept.last().map_or(0, |candidate| candidate.token)
    }

    /// The logits after bias and penalties.
    fn changed<'a>(&self, logits: &'a [f32]) -> Cow<'a, [f32]> {
        let options = &self.options;
        if self.leaves_logits() {
            return Cow::Borrowed(logits);
        }
        let mut changed = logits.to_vec();
        for (id, bias) in &options.logit_bias {
            if let Some(logit) = changed.get_mut(*id as usize) {
                *logit += bias;
            }
        }
        if options.repetition_penalty != 1.0 {
            let from = options
                .repeat_last_n
                .map_or(0, |last| self.seen.len().saturating_sub(last));
            let mut seen = self.seen[from..].to_vec();
            seen.sort_unstable();
            seen.dedup();
            for id in seen {
                if let Some(logit) = changed.get_mut(id as usize) {
                    match *logit > 0.0 {
                        true => *logit /= options.repetition_penalty,
                        false => *logit *= options.repetition_penalty,
                    }
                }
            }
        }
        if options.presence_penalty != 0.0 || options.frequency_penalty != 0.0 {
            for (id, count) in &self.counts {
                if let Some(logit) = changed.get_mut(*id as usize) {
                    *logit -= options.presence_penalty + options.frequency_penalty * *count as f32;
                }
            }
        }
        Cow::Owned(changed)
    }
}

/// `ln(sum(exp(x)))`: exponentials in single precision, within two units in the last place, their sums in double; one
/// order of additions for every length.
pub(crate) fn log_sum_exp(logits: &[f32]) -> f64 {
    let mut highest = f32::NEG_INFINITY;
    let mut sum = 0.0;
    super::ops::widest(
        #[inline(always)]
        || (highest, sum) = highest_and_sum(logits),
    );
    match highest == f32::NEG_INFINITY {
        true => f64::NEG_INFINITY,
        false => f64::from(highest) + sum.ln(),
    }
}

/// The highest logit, and the sum of the exponentials of what is left when it is taken away.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "must be compiled with the instructions of its caller"
)]
fn highest_and_sum(logits: &[f32]) -> (f32, f64) {
    const LANES: usize = 16;
    /// Numbers that are summed in single precision.
    const PIECE: usize = LANES * 16;
    let (lanes, rest) = logits.as_chunks::<LANES>();
    let mut peaks = [f32::NEG_INFINITY; LANES];
    for lane in lanes {
        for (peak, logit) in peaks.iter_mut().zip(lane) {
            *peak = if *logit > *peak { *logit } else { *peak };
        }
    }
    let highest = (peaks.iter().chain(rest)).fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    if highest == f32::NEG_INFINITY {
        return (highest, 0.0);
    }
    let mut sum = 0.0;
    for piece in logits.chunks(PIECE) {
        let (lanes, rest) = piece.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for lane in lanes {
            for (sum, logit) in sums.iter_mut().zip(lane) {
                *sum += exp(*logit - highest);
            }
        }
        sum += sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
        sum += rest
            .iter()
            .map(|logit| f64::from(exp(*logit - highest)))
            .sum::<f64>();
    }
    (highest, sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(options: SamplingOptions, prompt: &[u32]) -> Sampler {
        Sampler::new(options, prompt)
    }

    #[test]
    fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
        let logits: Vec<f32> = (0..50).map(|i| (i as f32 * 0.7).sin()).collect();
        let run = |seed| {
            let options = SamplingOptions {
                temperature: 1.0,
                seed,
                ..SamplingOptions::default()
            };
            let mut sampler = sampler(options, &[]);
            (0..30)
                .map(|_| sampler.pick(&logits, None).token)
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let logits = [0.0f32, 1.0, 2.0];
        let options = SamplingOptions {
            temperature: 1.0,
            seed: 1,
            ..SamplingOptions::default()
        };
        let mut sampler = sampler(options, &[]);
        let mut counts = [0u32; 3];
        for _ in 0..20_000 {
            counts[sampler.pick(&logits, None).token as usize] += 1;
        }
        let whole = log_sum_exp(&logits);
        for (id, count) in counts.iter().enumerate() {
            let wanted = (f64::from(logits[id]) - whole).exp();
            let got = f64::from(*count) / 20_000.0;
            assert!((wanted - got).abs() < 0.015, "{id}: {got}, wanted {wanted}");
        }
    }

    #[test]
    fn penalties_bias_and_grammar_change_the_choice_but_not_the_logprobs() {
        let logits = [3.0f32, 2.9, 2.0, -1.0];
        let whole = log_sum_exp(&logits);
        let base = SamplingOptions {
            top_logprobs: 2,
            ..SamplingOptions::default()
        };
        let cases: [(SamplingOptions, &[u32], u32); 4] = [
            (base.clone(), &[], 0),
            (
                SamplingOptions {
                    repetition_penalty: 1.5,
                    ..base.clone()
                },
                &[0],
                1,
            ),
            (
                SamplingOptions {
                    repetition_penalty: 1.5,
                    repeat_last_n: Some(1),
                    ..base.clone()
                },
                &[0, 3],
                0,
            ),
            (
                SamplingOptions {
                    logit_bias: [(3, 10.0)].into_iter().collect(),
                    ..base.clone()
                },
                &[],
                3,
            ),
        ];
        for (options, prompt, wanted) in cases {
            let pick = sampler(options, prompt).pick(&logits, None);
            assert_eq!(pick.token, wanted);
            assert_eq!(pick.logprob, f64::from(logits[wanted as usize]) - whole);
            assert_eq!(pick.top.iter().map(|top| top.0).collect::<Vec<_>>(), [0, 1]);
        }
        let mut presence = sampler(
            SamplingOptions {
                presence_penalty: 0.5,
                frequency_penalty: 0.5,
                ..SamplingOptions::default()
            },
            &[0],
        );
        let picks: Vec<u32> = (0..4).map(|_| presence.pick(&logits, None).token).collect();
        assert_eq!(picks, [0, 1, 0, 2]);
        let odd = |id: u32| id % 2 == 1;
        assert_eq!(
            sampler(SamplingOptions::default(), &[])
                .pick(&logits, Some(&odd))
                .token,
            1
        );
    }

    #[test]
    fn sums_of_exponentials_are_those_of_double_precision() {
        for length in [1, 15, 16, 17, 255, 256, 257, 5000] {
            let logits: Vec<f32> = (0..length).map(|i| (i as f32 * 0.7).sin() * 30.0).collect();
            let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let exact = logits
                .iter()
                .map(|x| f64::from(*x - highest).exp())
                .sum::<f64>();
            let exact = f64::from(highest) + exact.ln();
            assert!((log_sum_exp(&logits) - exact).abs() < 1e-6, "{length}");
        }
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
        assert_eq!(log_sum_exp(&[f32::NEG_INFINITY; 20]), f64::NEG_INFINITY);
        let one = [f32::NEG_INFINITY, 2.0, f32::NEG_INFINITY];
        assert!((log_sum_exp(&one) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn values_out_of_range_are_named() {
        let options = SamplingOptions {
            top_p: 1.5,
            ..SamplingOptions::default()
        };
        assert_eq!(options.refusal().unwrap(), "`top_p` is 1.5, wanted 0 to 1");
        let options = SamplingOptions {
            temperature: f32::NAN,
            ..SamplingOptions::default()
        };
        assert!(options.refusal().is_some());
        assert_eq!(SamplingOptions::default().refusal(), None);
    }
}
