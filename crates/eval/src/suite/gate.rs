//! The `gate` of a suite: rules that decide the exit code.

use botsmith_core::yaml::Cursor;

use crate::Result;
use crate::evaluators::{Better, Configured, Panel};
use crate::report::{percent, plain};

use super::{BotSpec, Slice};

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRule {
    /// What is measured.
    pub measure: Measure,
    /// Of which bot; `None`: of each.
    pub bot: Option<String>,
    /// Only on cases of this slice and value.
    pub slice: Option<(String, String)>,
}

/// What a rule measures, and what it wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// Share of judged answers that passed.
    PassRate {
        /// The metric.
        metric: String,
        /// What is wanted.
        wanted: Limits,
    },
    /// Mean of a metric.
    Mean {
        /// The metric.
        metric: String,
        /// What is wanted.
        wanted: Limits,
    },
    /// Share of answers that failed.
    Failed(Limits),
    /// Share of answers that were refused.
    Refused(Limits),
    /// Better than another bot, with an adjusted p of at most 0.05.
    BetterThan {
        /// The metric.
        metric: String,
        /// The other bot.
        than: String,
    },
    /// Not worse than another bot by more than a margin: the interval of the difference stays
    /// above it.
    NotWorseThan {
        /// The metric.
        metric: String,
        /// The other bot.
        than: String,
        /// The margin, in the metric's unit.
        margin: f64,
    },
}

/// Limits on a number, and which number: the estimate or an end of its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
    /// What is held against them.
    pub bound: Bound,
}

/// Which number a rule looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// The estimate.
    #[default]
    Point,
    /// The lower end of the interval: "we are sure that it is at least".
    Lower,
    /// The upper end.
    Upper,
}

impl Limits {
    fn read(at: &Cursor<'_>, share: bool) -> Result<Self> {
        let hi = if share { 1.0 } else { f64::INFINITY };
        let lo = if share { 0.0 } else { f64::NEG_INFINITY };
        let number = |at: &Cursor<'_>| {
            at.number_in(lo, hi)
                .map_err(|error| match (share, at.number()) {
                    (true, Ok(x)) if (1.0..=100.0).contains(&x) => at
                        .diagnostic(format!("{x} is outside 0 to 1"))
                        .hint(format!("a share is wanted: write {} for {x} %", x / 100.0))
                        .into(),
                    _ => error,
                })
        };
        if let Ok(x) = at.number() {
            return Err(at
                .diagnostic(format!("expected limits, found a number `{x}`"))
                .hint(format!("write {{min: {x}}} or {{max: {x}}}"))
                .into());
        }
        let fields = at.fields()?;
        let limits = Self {
            min: fields.get("min").map(|at| number(&at)).transpose()?,
            max: fields.get("max").map(|at| number(&at)).transpose()?,
            bound: match fields.get("bound") {
                Some(at) => at.one_of(&[
                    ("point", Bound::Point),
                    ("lower", Bound::Lower),
                    ("upper", Bound::Upper),
                ])?,
                None => Bound::Point,
            },
        };
        fields.finish()?;
        if limits.min.is_none() && limits.max.is_none() {
            return Err(at.error("a limit is missing: `min`, `max` or both").into());
        }
        Ok(limits)
    }

    /// Whether a number is within.
    pub fn hold(&self, x: f64) -> bool {
        self.min.is_none_or(|min| x >= min) && self.max.is_none_or(|max| x <= max)
    }

    /// In words: `at least 80.0 %`.
    pub fn describe(&self, share: bool) -> String {
        let number = |x| if share { percent(x) } else { plain(x) };
        let words = match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{} to {}", number(min), number(max)),
            (Some(min), None) => format!("at least {}", number(min)),
            (None, Some(max)) => format!("at most {}", number(max)),
            (None, None) => "anything".into(),
        };
        match self.bound {
            Bound::Point => words,
            Bound::Lower => format!("{words} (lower end of the interval)"),
            Bound::Upper => format!("{words} (upper end of the interval)"),
        }
    }
}

/// Reads the list.
pub(super) fn read_all(
    at: Option<&Cursor<'_>>,
    bots: &[BotSpec],
    panel: &Panel,
    slices: &[Slice],
) -> Result<Vec<GateRule>> {
    let Some(at) = at else { return Ok(Vec::new()) };
    at.items_or_self()
        .iter()
        .map(|item| read(item, bots, panel, slices))
        .collect()
}

fn read(item: &Cursor<'_>, bots: &[BotSpec], panel: &Panel, slices: &[Slice]) -> Result<GateRule> {
    let fields = item.fields()?;
    let known_bot = |at: &Cursor<'_>| {
        let choices: Vec<_> = bots.iter().map(|bot| (bot.name.as_str(), ())).collect();
        at.one_of(&choices)?;
        Ok::<_, crate::Error>(at.text()?.to_owned())
    };
    let bot = fields.get("bot").map(|at| known_bot(&at)).transpose()?;
    let metric_at = fields.get("metric");
    let metric = metric_at
        .as_ref()
        .map(|at| {
            let choices: Vec<_> = panel.evaluators().iter().map(|e| (e.name(), ())).collect();
            at.one_of(&choices)?;
            Ok::<_, crate::Error>(at.text()?.to_owned())
        })
        .transpose()?;
    let need_metric = || match &metric {
        Some(metric) => Ok(metric.clone()),
        None => Err(crate::Error::from(
            fields.required("metric").expect_err("it is absent"),
        )),
    };
    let together = |metric: &str| {
        let mut all = panel.evaluators().iter();
        all.any(|e| e.name() == metric && e.together())
    };
    let slice = fields
        .get("slice")
        .map(|at| read_slice(&at, slices))
        .transpose()?;
    let mut measures = Vec::new();
    if let Some(at) = fields.get("pass-rate") {
        let metric = need_metric()?;
        if !panel
            .evaluators()
            .iter()
            .any(|e| e.name() == metric && e.decides())
        {
            let hint = match together(&metric) {
                true => "use `mean` here",
                false => "give it a `threshold`, or use `mean` here",
            };
            return Err(at
                .diagnostic(format!("`{metric}` decides no pass or fail"))
                .hint(hint)
                .into());
        }
        measures.push(Measure::PassRate {
            metric,
            wanted: Limits::read(&at, true)?,
        });
    }
    if let Some(at) = fields.get("mean") {
        let metric = need_metric()?;
        let wanted = Limits::read(&at, false)?;
        if together(&metric) && (wanted.bound != Bound::Point || slice.is_some()) {
            let lacks = if slice.is_some() { "slice" } else { "interval" };
            let message = format!("`{metric}` is one score of all answers, which has no {lacks}");
            return Err(at
                .diagnostic(message)
                .hint("leave `bound` and `slice` out")
                .into());
        }
        measures.push(Measure::Mean { metric, wanted });
    }
    if let Some(at) = fields.get("failed") {
        measures.push(Measure::Failed(Limits::read(&at, true)?));
    }
    if let Some(at) = fields.get("refused") {
        measures.push(Measure::Refused(Limits::read(&at, true)?));
    }
    if let Some(at) = fields.get("better-than") {
        measures.push(Measure::BetterThan {
            metric: need_metric()?,
            than: known_bot(&at)?,
        });
    }
    if let Some(at) = fields.get("not-worse-than") {
        let inner = at.fields()?;
        let than = known_bot(&inner.required("bot")?)?;
        let margin = inner.required("margin")?.number_in(0.0, f64::INFINITY)?;
        inner.finish()?;
        measures.push(Measure::NotWorseThan {
            metric: need_metric()?,
            than,
            margin,
        });
    }
    fields.finish()?;
    let measure = match measures.len() {
        1 => measures.remove(0),
        0 => {
            return Err(item
                .diagnostic("a gate rule needs something to hold")
                .hint("add `pass-rate: {min: 0.8}`, `mean: {…}`, `failed: {max: 0.02}`, `refused: {…}`, `better-than: BOT` or `not-worse-than: {bot, margin}`")
                .into());
        }
        _ => {
            return Err(item
                .error("one gate rule, one measure: make it several rules")
                .into());
        }
    };
    let than = match &measure {
        Measure::BetterThan { than, .. } | Measure::NotWorseThan { than, .. } => Some(than),
        _ => None,
    };
    if let Some(than) = than {
        if metric.as_deref().is_some_and(together) {
            return Err(item
                .diagnostic("one score of all answers is not tested against another bot's")
                .hint("hold its `mean`")
                .into());
        }
        let directed = |e: &Configured| e.range().better != Better::Neither;
        let about = panel
            .evaluators()
            .iter()
            .find(|e| metric.as_deref() == Some(e.name()));
        if !about.is_some_and(directed) {
            return Err(item
                .diagnostic("neither end of this metric is better by itself")
                .hint("give the evaluator `min` or `max` and hold its `pass-rate`")
                .into());
        }
        match &bot {
            None => return Err(item.error("say which `bot` is to be compared").into()),
            Some(bot) if bot == than => {
                return Err(item
                    .error(format!("`{bot}` is compared with itself"))
                    .into());
            }
            Some(_) => {}
        }
        if slice.is_some() {
            return Err(item
                .error("a comparison with another bot takes no `slice`")
                .into());
        }
    }
    Ok(GateRule {
        measure,
        bot,
        slice,
    })
}

/// `slice: {topic: billing}`.
fn read_slice(at: &Cursor<'_>, slices: &[Slice]) -> Result<(String, String)> {
    let (name, value) = at.single()?;
    if !slices.iter().any(|slice| slice.name == name) {
        return Err(at
            .diagnostic(format!("no slice `{name}`"))
            .nearest(name, slices.iter().map(|slice| slice.name.as_str()))
            .into());
    }
    Ok((name.to_owned(), value.text()?.to_owned()))
}

impl GateRule {
    /// The bot that another is compared with.
    pub(super) fn other(&self) -> Option<&String> {
        match &self.measure {
            Measure::BetterThan { than, .. } | Measure::NotWorseThan { than, .. } => Some(than),
            _ => None,
        }
    }
}
