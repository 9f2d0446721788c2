//! Whether the loop may go on from what raters said: labels to one question -> how they stand.
//!
//! *Halted*: raters disagree so much that no judge could agree with them all; the rubric is the defect,
//! and nothing is learnt from these labels until it is mended. *One view*: one rater, so nobody knows
//! whether others would say the same. *Undecided*: too few answers were labelled twice. *Sound*: raters
//! agree. Only from sound labels may a bot be promoted without a person's yes.
//!
//! A rater who is at odds with the others, while the others agree, is excluded: their labels do not
//! count. Who agrees too little without that being sure, or shares too few answers to tell, is doubtful:
//! their labels count, but nothing is automatic.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::stats::{
    Confidence, DRAWS, Interval, Level, Ratings, alpha_interval, krippendorff_alpha,
    rater_agreement,
};

use super::{Question, Record};

/// When labels may be learnt from.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rules {
    /// Agreement beyond chance below which labels are no use.
    pub least_alpha: f64,
    /// Answers labelled by two from which the value of alpha itself decides, not only its upper bound.
    pub sure_from: usize,
    /// Answers labelled by two below which nothing is said: resampling so few gives no upper bound that
    /// holds. Looked at after every answer, two raters who are right in nine of ten would without it be
    /// halted more than twice as often, two who answer at random no more often (`scripts/simulate raters`).
    pub least_doubles: usize,
    /// Answers that a rater shares with others below which nothing is said of that rater.
    pub least_shared: usize,
    /// Answers that one rater labels again, blind.
    pub again: usize,
    /// Resamples of the intervals.
    pub draws: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            least_alpha: 0.4,
            sure_from: 50,
            least_doubles: 10,
            least_shared: 20,
            again: 20,
            draws: DRAWS,
        }
    }
}

/// What may be done with the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Raters agree.
    Sound,
    /// Too few answers have two labels, or agreement cannot be measured.
    Undecided,
    /// One rater.
    OneView,
    /// The rubric is the defect: the loop stops.
    Halted,
}

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The number.
    pub value: f64,
    /// Its 95 % interval; `None` where there is too little for one.
    pub interval: Option<Interval>,
}

/// How one rater stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RaterStanding {
    /// Who.
    pub rater: String,
    /// How many answers they labelled.
    pub labels: usize,
    /// How many of them others labelled, too.
    pub shared: usize,
    /// Agreement with the others beyond chance.
    pub agreement: Option<Measured>,
    /// Alpha of the others without them.
    pub rest: Option<f64>,
    /// Their labels do not count.
    pub excluded: bool,
    /// Their labels count, but whether they agree is not sure.
    pub doubtful: bool,
    /// How they agree with themselves, where they labelled some answers again.
    pub again: Option<Again>,
}

/// How a rater agrees with themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Again {
    /// How many answers they labelled twice.
    pub n: usize,
    /// The share of equal labels.
    pub raw: f64,
    /// Alpha of the two rounds; `None` where all labels are equal.
    pub alpha: Option<Measured>,
}

/// How the labels to a question stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The question's name.
    pub question: String,
    /// What may be done with its labels.
    pub verdict: Verdict,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// Answers that two raters who count labelled.
    pub doubles: usize,
    /// The share of equal pairs of labels.
    pub raw: Option<f64>,
    /// Its 95 % interval; `None` where fewer than two answers have two labels.
    #[serde(default)]
    pub raw_interval: Option<Interval>,
    /// Krippendorff's alpha of the raters who count.
    pub alpha: Option<Measured>,
    /// The raters, by name.
    pub raters: Vec<RaterStanding>,
}

impl Standing {
    /// Whether the loop has to stop until the rubric is mended.
    pub fn halted(&self) -> bool {
        self.verdict == Verdict::Halted
    }

    /// Whether something may follow from these labels without a person's yes.
    pub fn may_be_automatic(&self) -> bool {
        self.verdict == Verdict::Sound && self.raters.iter().all(|r| r.excluded || !r.doubtful)
    }

    /// Whether a rater's labels count.
    pub fn counts(&self, rater: &str) -> bool {
        !self.raters.iter().any(|r| r.rater == rater && r.excluded)
    }

    /// How the labels to `question` stand. `records`: the current ones, of any question; those that do
    /// not count as truth are passed over.
    ///
    /// # Errors
    /// More than 256 different ratings.
    pub fn of(question: &Question, records: &[Record], rules: &Rules, seed: u64) -> Result<Self> {
        let labels = Labels::new(question, records);
        let mut found = Finding::default();
        let mut excluded: BTreeSet<usize> = BTreeSet::new();
        let first = labels.ratings(&excluded)?;
        let everyone = rater_agreement(&first, labels.level, Confidence::P95, rules.draws, seed)?;
        // The worst first: with it gone, others who looked bad beside it may not be.
        while labels.raters.len() - excluded.len() > 2 {
            let ratings = labels.ratings(&excluded)?;
            let all = rater_agreement(&ratings, labels.level, Confidence::P95, rules.draws, seed)?;
            let odd = all
                .iter()
                .filter(|r| {
                    !excluded.contains(&r.rater) && r.shared >= rules.least_shared * labels.width
                })
                .filter(|r| r.rest.is_some_and(|rest| rest >= rules.least_alpha))
                .filter(|r| r.interval.is_some_and(|i| i.hi() < rules.least_alpha))
                .min_by(|a, b| a.value.unwrap_or(1.0).total_cmp(&b.value.unwrap_or(1.0)));
            let Some(odd) = odd else { break };
            found.reasons.push(format!(
                "{} is excluded: agreement with the others is {:.2}, theirs without {} is {:.2}",
                labels.raters[odd.rater],
                odd.value.unwrap_or(0.0),
                labels.raters[odd.rater],
                odd.rest.unwrap_or(0.0)
            ));
            excluded.insert(odd.rater);
        }
        let ratings = labels.ratings(&excluded)?;
        let left = rater_agreement(&ratings, labels.level, Confidence::P95, rules.draws, seed)?;
        found.doubles = labels.doubles(&excluded);
        found.raw = ratings.raw();
        let raw_interval = ratings.raw_interval(Confidence::P95, rules.draws, seed)?;
        found.alpha = measured(&ratings, labels.level, rules, seed)?;
        let mut raters = Vec::new();
        for (at, name) in labels.raters.iter().enumerate() {
            let out = excluded.contains(&at);
            let stands = if out { &everyone } else { &left };
            let stands = stands.iter().find(|r| r.rater == at);
            let agreement = stands.and_then(|r| {
                let value = r.value?;
                Some(Measured {
                    value,
                    interval: r.interval,
                })
            });
            let shared = stands.map_or(0, |r| r.shared) / labels.width;
            raters.push(RaterStanding {
                rater: name.clone(),
                labels: labels.of_rater(at),
                shared,
                rest: stands.and_then(|r| r.rest),
                excluded: out,
                doubtful: shared < rules.least_shared
                    || agreement.is_none_or(|a| a.value < rules.least_alpha),
                agreement,
                again: labels.again(name, rules, seed)?,
            });
        }
        found.decide(&raters, labels.raters.len(), rules);
        Ok(Self {
            question: question.name.clone(),
            verdict: found.verdict,
            reasons: found.reasons,
            doubles: found.doubles,
            raw: found.raw,
            raw_interval,
            alpha: found.alpha,
            raters,
        })
    }
}

/// What is found on the way to a standing.
struct Finding {
    verdict: Verdict,
    reasons: Vec<String>,
    doubles: usize,
    raw: Option<f64>,
    alpha: Option<Measured>,
}

impl Default for Finding {
    fn default() -> Self {
        Self {
            verdict: Verdict::Undecided,
            reasons: Vec::new(),
            doubles: 0,
            raw: None,
            alpha: None,
        }
    }
}

impl Finding {
    fn decide(&mut self, raters: &[RaterStanding], n: usize, rules: &Rules) {
        let least = rules.least_alpha;
        if n == 1 {
            self.verdict = Verdict::OneView;
            self.reasons
                .push("one person's view: nobody else labelled".into());
            match &raters[0].again {
                Some(again) if again.n >= rules.again => {
                    if again.alpha.is_some_and(|a| upper(&a) < least) {
                        self.verdict = Verdict::Halted;
                        self.reasons.push(format!(
                            "the rubric is the defect: {} says otherwise when asked again",
                            raters[0].rater
                        ));
                    }
                }
                again => self.reasons.push(format!(
                    "{} of {} answers were labelled again, blind: `botsmith feedback review --again`",
                    again.map_or(0, |again| again.n),
                    rules.again
                )),
            }
            return;
        }
        let Some(alpha) = self.alpha else {
            self.reasons.push(match self.doubles {
                0 => "no answer has labels of two raters".into(),
                n => format!("all labels of the {n} answers with two are equal: agreement beyond chance is not known"),
            });
            return;
        };
        let enough = self.doubles >= rules.least_doubles;
        if enough && upper(&alpha) < least {
            self.verdict = Verdict::Halted;
            self.reasons.push(format!(
                "the rubric is the defect: alpha is {:.2}, at most {:.2}, below {least}",
                alpha.value,
                upper(&alpha)
            ));
        } else if self.doubles >= rules.sure_from {
            if alpha.value < least {
                self.verdict = Verdict::Halted;
                self.reasons.push(format!(
                    "the rubric is the defect: alpha is {:.2} over {} answers, below {least}",
                    alpha.value, self.doubles
                ));
            } else {
                self.verdict = Verdict::Sound;
            }
        } else {
            self.reasons.push(format!(
                "{} answers have labels of two raters, {} are wanted",
                self.doubles, rules.sure_from
            ));
        }
        if self.verdict == Verdict::Sound {
            for rater in raters.iter().filter(|r| r.doubtful && !r.excluded) {
                self.reasons.push(format!(
                    "whether {} agrees with the others is not sure: {} shared answers",
                    rater.rater, rater.shared
                ));
            }
        }
    }
}

fn upper(measured: &Measured) -> f64 {
    measured.interval.map_or(1.0, Interval::hi)
}

fn measured(ratings: &Ratings, level: Level, rules: &Rules, seed: u64) -> Result<Option<Measured>> {
    let Some(value) = krippendorff_alpha(ratings, level)? else {
        return Ok(None);
    };
    let interval = match ratings.shared() {
        0 | 1 => None,
        _ => Some(alpha_interval(
            ratings,
            level,
            Confidence::P95,
            rules.draws,
            seed,
        )?),
    };
    Ok(Some(Measured { value, interval }))
}

/// The labels to one question as numbers.
pub(super) struct Labels {
    pub(super) raters: Vec<String>,
    pub(super) level: Level,
    /// How many numbers a label is.
    pub(super) width: usize,
    /// Unit, rater, numbers; of the first round.
    pub(super) first: Vec<(usize, usize, Vec<f64>)>,
    /// Rater, the numbers of both rounds.
    second: Vec<(String, Vec<f64>, Vec<f64>)>,
}

impl Labels {
    pub(super) fn new(question: &Question, records: &[Record]) -> Self {
        let wanted: Vec<&Record> = records
            .iter()
            .filter(|r| r.question == question.name && r.counts())
            .collect();
        let raters: BTreeSet<&str> = wanted.iter().map(|r| r.rater.as_str()).collect();
        let raters: Vec<String> = raters.into_iter().map(str::to_owned).collect();
        let mut units: BTreeMap<String, usize> = BTreeMap::new();
        let mut first = Vec::new();
        let mut rounds: BTreeMap<(usize, usize), [Option<Vec<f64>>; 2]> = BTreeMap::new();
        for record in &wanted {
            let next = units.len();
            let unit = *units.entry(record.unit()).or_insert(next);
            let rater = raters
                .binary_search(&record.rater)
                .expect("it is among them");
            let numbers = question.numbers(&record.value);
            if numbers.is_empty() {
                continue;
            }
            let round = usize::from(record.round >= 2);
            rounds.entry((unit, rater)).or_default()[round] = Some(numbers.clone());
            if round == 0 {
                first.push((unit, rater, numbers));
            }
        }
        let second = rounds
            .into_iter()
            .filter_map(|((_, rater), rounds)| match rounds {
                [Some(a), Some(b)] => Some((raters[rater].clone(), a, b)),
                _ => None,
            })
            .collect();
        Self {
            level: question.kind.level().unwrap_or_default(),
            width: first.first().map_or(1, |(_, _, numbers)| numbers.len()),
            raters,
            first,
            second,
        }
    }

    /// Without those who are excluded.
    fn ratings(&self, excluded: &BTreeSet<usize>) -> Result<Ratings> {
        let counted = self.first.iter().filter(|(_, r, _)| !excluded.contains(r));
        Ratings::new(counted.flat_map(|(unit, rater, numbers)| {
            let numbers = numbers.iter().enumerate();
            numbers.map(move |(i, x)| (unit * self.width + i, *rater, *x))
        }))
    }

    fn doubles(&self, excluded: &BTreeSet<usize>) -> usize {
        let mut raters: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (unit, rater, _) in &self.first {
            if !excluded.contains(rater) {
                raters.entry(*unit).or_default().insert(*rater);
            }
        }
        raters.values().filter(|raters| raters.len() >= 2).count()
    }

    fn of_rater(&self, rater: usize) -> usize {
        self.first.iter().filter(|(_, r, _)| *r == rater).count()
    }

    fn again(&self, rater: &str, rules: &Rules, seed: u64) -> Result<Option<Again>> {
        let rounds: Vec<_> = self.second.iter().filter(|(r, _, _)| r == rater).collect();
        if rounds.is_empty() {
            return Ok(None);
        }
        let ratings = Ratings::new(rounds.iter().enumerate().flat_map(|(unit, (_, a, b))| {
            let of = move |numbers: &Vec<f64>, round: usize| -> Vec<(usize, usize, f64)> {
                let numbers = numbers.iter().enumerate();
                numbers
                    .map(|(i, x)| (unit * self.width + i, round, *x))
                    .collect()
            };
            of(a, 0).into_iter().chain(of(b, 1))
        }))?;
        Ok(Some(Again {
            n: rounds.len(),
            raw: ratings.raw().unwrap_or(0.0),
            alpha: measured(&ratings, self.level, rules, seed)?,
        }))
    }
}
