//! One evaluator by itself: candidate and references -> verdict, without a suite.

use std::sync::PoisonError;

use botsmith_core::yaml::{Cursor, Mark, Node, Source, Value, parse};

use crate::evaluators::{Configured, Corpora, Panel, Registry, Scope, read_named};
use crate::extract::Extract;
use crate::{Answer, Case, Error, Result, Score, Verdict};

/// Pairs that go through a model together.
const BATCH: usize = 512;

/// An evaluator that judges pairs of a candidate and its references.
///
/// ```
/// use botsmith_eval::{Verdict, evaluators::Registry, metric::Metric};
/// let metric = Metric::new(&Registry::builtin(), "levenshtein", None)?;
/// let verdict = metric.judge("flaw", &["lawn".to_owned()])?;
/// assert!(matches!(verdict, Verdict::Judged(score) if score.value == 0.5));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Debug)]
pub struct Metric {
    panel: Panel,
}

impl Metric {
    /// The evaluator `name` with its options as JSON text (YAML works too).
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown name; otherwise at the place in the options, which the
    /// message calls `--options`.
    pub fn new(registry: &Registry, name: &str, options: Option<&str>) -> Result<Self> {
        if registry.get(name).is_none() {
            let near = botsmith_core::hint::nearest(name, registry.names());
            return Err(Error::NotFound {
                what: "evaluator",
                name: name.to_owned(),
                hint: Some(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", botsmith_core::hint::list(registry.names())),
                }),
            });
        }
        let source = Source::new("--options", options.unwrap_or_default());
        let node = match options {
            Some(_) => parse(&source)?,
            None => Node::new(Value::Null, Mark::default()),
        };
        let at = Cursor::new(&source, &node);
        let extract = Extract::default();
        let scope = Scope {
            registry,
            extract: &extract,
        };
        let configured = read_named(name, &at, Some(&at), &scope)?;
        Ok(Self {
            panel: Panel::new(vec![configured]),
        })
    }

    /// The evaluator.
    pub fn configured(&self) -> &Configured {
        &self.panel.evaluators()[0]
    }

    /// Judges one candidate; the best of several references counts.
    ///
    /// # Errors
    /// If the evaluator compares and there is no reference.
    pub fn judge(&self, candidate: &str, references: &[String]) -> Result<Verdict> {
        self.judge_into(candidate, references, &mut Corpora::default())
    }

    /// The one score of several candidates together, for a metric that has no score of one alone
    /// (`self-bleu`); skipped where they are too few for one.
    ///
    /// ```
    /// use botsmith_eval::{Verdict, evaluators::Registry, metric::Metric};
    /// let metric = Metric::new(&Registry::builtin(), "self-bleu", None)?;
    /// let verdict = metric.judge_together(&["Yes, of course.", "Yes, of course!"])?;
    /// assert!(matches!(verdict, Verdict::Judged(score) if (score.value - 66.87).abs() < 0.01));
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the metric scores each candidate by itself.
    pub fn judge_together<T: AsRef<str>>(&self, candidates: &[T]) -> Result<Verdict> {
        let mut corpus = self.corpus();
        corpus.add_together(candidates)?;
        Ok(match corpus.score() {
            Some(score) => Score::graded(score).into(),
            None => Verdict::Skipped("fewer than two candidates".into()),
        })
    }

    /// [`Metric::judge_together`] of each set of candidates, on `threads` threads (0: one a core);
    /// `None` where there is no score.
    ///
    /// # Errors
    /// As [`Metric::judge_together`].
    pub fn scores_together<T: AsRef<str> + Sync>(
        &self,
        sets: &[Vec<T>],
        threads: usize,
    ) -> Result<Vec<Option<f64>>> {
        self.corpus().add_together::<&str>(&[])?;
        let values = crate::metrics::batch(
            sets,
            threads,
            || (),
            |(), set| match self.judge_together(set) {
                Ok(Verdict::Judged(score)) => score.value,
                _ => f64::NAN,
            },
        );
        let some = |value: f64| (!value.is_nan()).then_some(value);
        Ok(values.into_iter().map(some).collect())
    }

    /// The value of each pair's score, in order, on `threads` threads (0: one a core); `None` where the
    /// evaluator skipped the pair or failed on it. `get` gives a pair's candidate and references.
    ///
    /// ```
    /// use botsmith_eval::{evaluators::Registry, metric::Metric};
    /// let metric = Metric::new(&Registry::builtin(), "levenshtein", None)?;
    /// let pairs = [("flaw", ["lawn"]), ("same", ["same"])];
    /// assert_eq!(metric.scores(&pairs, 1, |(text, of)| (text, of))?, [Some(0.5), Some(1.0)]);
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Metric::judge`], for one of the pairs.
    pub fn scores<P: Sync, R: AsRef<str>>(
        &self,
        pairs: &[P],
        threads: usize,
        get: impl Fn(&P) -> (&str, &[R]) + Sync,
    ) -> Result<Vec<Option<f64>>> {
        if self.in_batches() {
            return self.batched(pairs, get).into_iter().map(value).collect();
        }
        let first = std::sync::Mutex::new(None);
        let judge = |scratch: &mut Scratch, pair: &P| {
            let (candidate, references) = get(pair);
            if let Some(value) = self.plain(candidate, references) {
                return if value.is_finite() { value } else { f64::NAN };
            }
            match self.value(scratch, candidate, references) {
                Ok(value) => value.unwrap_or(f64::NAN),
                Err(error) => {
                    let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                    first.get_or_insert(error);
                    f64::NAN
                }
            }
        };
        let values = crate::metrics::batch(pairs, threads, Scratch::default, judge);
        match first.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(values
                .into_iter()
                .map(|value| Some(value).filter(|value| !value.is_nan()))
                .collect()),
        }
    }

    /// Whether judging many pairs together takes much less than one by one: they go through a model.
    pub fn in_batches(&self) -> bool {
        self.configured().in_batches()
    }

    /// Judges candidates, each with its references, in order; in batches where that pays.
    ///
    /// ```
    /// use botsmith_eval::{Verdict, evaluators::Registry, metric::Metric};
    /// let metric = Metric::new(&Registry::builtin(), "similarity", None)?;
    /// let verdicts = metric.judge_all(&[("a cat".to_owned(), vec!["A cat!".to_owned()])]);
    /// assert!(matches!(&verdicts[0], Ok(Verdict::Judged(score)) if score.value > 0.8));
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    pub fn judge_all(&self, pairs: &[(String, Vec<String>)]) -> Vec<Result<Verdict>> {
        match self.in_batches() {
            true => self.batched(pairs, |(text, of)| (text, of)),
            false => pairs
                .iter()
                .map(|(text, of)| self.judge(text, of))
                .collect(),
        }
    }

    fn batched<P, R: AsRef<str>>(
        &self,
        pairs: &[P],
        get: impl Fn(&P) -> (&str, &[R]),
    ) -> Vec<Result<Verdict>> {
        let mut all = Vec::with_capacity(pairs.len());
        for chunk in pairs.chunks(BATCH) {
            let texts: Vec<(Case, Answer)> = chunk
                .iter()
                .map(|pair| {
                    let (candidate, references) = get(pair);
                    let case = Case {
                        references: references
                            .iter()
                            .map(|text| text.as_ref().to_owned())
                            .collect(),
                        ..Case::default()
                    };
                    (case, Answer::text(candidate))
                })
                .collect();
            all.extend(self.configured().evaluate_all(&texts));
        }
        all
    }

    /// The value of one pair where the evaluator says it without more.
    fn plain<R: AsRef<str>>(&self, candidate: &str, references: &[R]) -> Option<f64> {
        match references {
            [one] => self.configured().value(candidate, &[one.as_ref()]),
            many => {
                let texts: Vec<&str> = many.iter().map(AsRef::as_ref).collect();
                self.configured().value(candidate, &texts)
            }
        }
    }

    /// One pair judged in room that is kept from pair to pair.
    fn value<R: AsRef<str>>(
        &self,
        scratch: &mut Scratch,
        candidate: &str,
        references: &[R],
    ) -> Result<Option<f64>> {
        let Scratch {
            case,
            answer,
            verdicts,
        } = scratch;
        case.references.resize_with(references.len(), String::new);
        for (room, reference) in case.references.iter_mut().zip(references) {
            room.clear();
            room.push_str(reference.as_ref());
        }
        answer.text.clear();
        answer.text.push_str(candidate);
        let prepared = self.panel.prepare(case)?;
        self.panel.judge_into(&prepared, answer, verdicts)?;
        Ok(match verdicts.first() {
            Some(Verdict::Judged(score)) => Some(score.value),
            _ => None,
        })
    }

    /// An empty corpus to judge candidates into.
    pub fn corpus(&self) -> MetricCorpus<'_> {
        MetricCorpus {
            metric: self,
            corpora: Corpora::new(&self.panel),
            sum: 0.0,
            n: 0,
        }
    }

    fn judge_into(
        &self,
        candidate: &str,
        references: &[String],
        corpora: &mut Corpora,
    ) -> Result<Verdict> {
        let case = Case {
            references: references.to_vec(),
            ..Case::default()
        };
        let prepared = self.panel.prepare(&case)?;
        let answer = Answer::text(candidate);
        let mut verdicts = self.panel.judge(&prepared, &answer)?;
        corpora.add(&self.panel, &prepared, &answer, &verdicts);
        Ok(verdicts.remove(0))
    }
}

/// The value of a score; none of what was skipped or failed.
fn value(verdict: Result<Verdict>) -> Result<Option<f64>> {
    Ok(match verdict? {
        Verdict::Judged(score) => Some(score.value).filter(|value| !value.is_nan()),
        _ => None,
    })
}

/// Room that pairs are judged in, one after the other.
#[derive(Default)]
struct Scratch {
    case: Case,
    answer: Answer,
    verdicts: Vec<Verdict>,
}

/// A metric's score of many candidates together: that of the corpus where the metric has one (BLEU
/// adds up counts), otherwise the mean.
///
/// ```
/// use botsmith_eval::{evaluators::Registry, metric::Metric};
/// let metric = Metric::new(&Registry::builtin(), "levenshtein", None)?;
/// let mut corpus = metric.corpus();
/// corpus.judge("flaw", &["lawn".to_owned()])?;
/// corpus.judge("same", &["same".to_owned()])?;
/// assert_eq!((corpus.score(), corpus.n()), (Some(0.75), 2));
/// # Ok::<(), botsmith_eval::Error>(())
/// ```
#[derive(Debug)]
pub struct MetricCorpus<'a> {
    metric: &'a Metric,
    corpora: Corpora,
    sum: f64,
    n: usize,
}

impl MetricCorpus<'_> {
    /// Judges one candidate as [`Metric::judge`] does, and adds it.
    ///
    /// # Errors
    /// As [`Metric::judge`].
    pub fn judge(&mut self, candidate: &str, references: &[String]) -> Result<Verdict> {
        let verdict = self
            .metric
            .judge_into(candidate, references, &mut self.corpora)?;
        self.count(&verdict);
        Ok(verdict)
    }

    /// Judges candidates as [`Metric::judge_all`] does, and adds them.
    pub fn judge_all(&mut self, pairs: &[(String, Vec<String>)]) -> Vec<Result<Verdict>> {
        if !(self.metric.in_batches() && self.is_mean()) {
            return pairs
                .iter()
                .map(|(text, of)| self.judge(text, of))
                .collect();
        }
        let verdicts = self.metric.judge_all(pairs);
        for verdict in verdicts.iter().flatten() {
            self.count(verdict);
        }
        verdicts
    }

    fn count(&mut self, verdict: &Verdict) {
        if let Verdict::Judged(score) = verdict {
            self.sum += score.value;
            self.n += 1;
        }
    }

    /// Adds several candidates without references, of a metric that scores all together.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the metric scores each candidate by itself.
    pub fn add_together<T: AsRef<str>>(&mut self, candidates: &[T]) -> Result<()> {
        let configured = self.metric.configured();
        if !configured.together() {
            return Err(Error::Invalid(format!(
                "`{}` scores each candidate by itself: give one as `candidate`",
                configured.name()
            )));
        }
        for candidate in candidates {
            self.judge(candidate.as_ref(), &[])?;
        }
        Ok(())
    }

    /// The score of all that was judged; `None` without any.
    pub fn score(&self) -> Option<f64> {
        match self.is_mean() {
            true => (self.n > 0).then(|| self.sum / self.n as f64),
            false => self.corpora.score(0),
        }
    }

    /// Whether [`score`](Self::score) is the mean of the candidates' scores.
    pub fn is_mean(&self) -> bool {
        !self.corpora.has(0)
    }

    /// How many candidates were judged, neither skipped nor failed; of a metric that scores all
    /// together, how many that score is of.
    pub fn n(&self) -> usize {
        match self.metric.configured().together() {
            true => self.corpora.n(0),
            false => self.n,
        }
    }
}
