//! `feedback calibrate SUITE|RUN`: holds a judge against what people said, and keeps what comes of it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use botsmith::core::hint;
use botsmith::eval::calibration::{Held, Hold, Quality, Renewal, Requirements, Standing, diagram};
use botsmith::eval::report::{self, percent};
use botsmith::eval::run::{Runs, StoredRun};
use botsmith::eval::stats::{Interval, WeightedShare};
use botsmith::eval::{Error, Result};
use clap::ValueHint;

use crate::cli::context::Context;
use crate::cli::terminal::{grid, wrap};
use crate::cli::{Ended, output};

/// Arguments of `feedback calibrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Calibrate {
    /// A suite file (all its runs with the judge as it is in the newest one), `latest`, or the first digits of a
    /// run's id (that run alone)
    #[arg(value_name = "SUITE|RUN", default_value = "latest", value_hint = ValueHint::FilePath)]
    of: String,
    /// The metric to calibrate; the suite's judge, where it has one
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// The question whose answers say what passes; the suite's first that does
    #[arg(long, value_name = "NAME")]
    question: Option<String>,
    /// Make a new calibration from all labels though the one in force holds
    #[arg(long)]
    anew: bool,
    /// Seed of folds and resamples
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Labels that a judge needs to gate
    #[arg(long, value_name = "N", default_value_t = 100)]
    min_labels: usize,
    /// Labels of the rarer verdict that it needs
    #[arg(long, value_name = "N", default_value_t = 30)]
    min_rarer: usize,
    /// What the lower bound of kappa has to reach
    #[arg(long, value_name = "X", default_value_t = 0.4)]
    min_kappa: f64,
    /// What the lower bound of the true positive rate has to reach
    #[arg(long, value_name = "X", default_value_t = 0.7)]
    min_tpr: f64,
    /// What the lower bound of the true negative rate has to reach
    #[arg(long, value_name = "X", default_value_t = 0.7)]
    min_tnr: f64,
    /// Write the reliability diagram
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    svg: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(context: &Context, args: &Calibrate) -> Result<Ended> {
    let store = context.existing_store()?;
    let runs = Runs::new(&*store);
    let found = runs_of(&runs, &args.of)?;
    let mut hold = Hold::default();
    hold.metric.clone_from(&args.metric);
    hold.question.clone_from(&args.question);
    hold.anew = args.anew;
    hold.seed = args.seed;
    hold.requirements = Requirements {
        labels: args.min_labels,
        rarer: args.min_rarer,
        kappa: args.min_kappa,
        tpr: args.min_tpr,
        tnr: args.min_tnr,
    };
    let held = hold.of(&*store, &found)?;
    if let Some(path) = &args.svg {
        let bins = &held.stored.calibration.quality.bins.after;
        let svg = diagram(bins, &held.binding.metric);
        report::save(path, |out| {
            out.write_all(svg.as_bytes()).map_err(|source| {
                Error::Core(botsmith::core::Error::Write {
                    path: path.clone(),
                    source,
                })
            })
        })?;
    }
    if args.json {
        output::print_json(&held.json())?;
    } else {
        output::print(&Told(&held).text())?;
    }
    Ok(Ended::Well)
}

/// The runs that are meant, newest first.
fn runs_of<'a>(runs: &Runs<'a>, of: &str) -> Result<Vec<StoredRun<'a>>> {
    let path = Path::new(of);
    let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    if !yaml && !path.is_file() {
        return Ok(vec![runs.open(&runs.resolve(of)?)?]);
    }
    let suite = suite_name(path)?;
    let mut found = Vec::new();
    for info in runs
        .list()?
        .into_iter()
        .filter(|info| info.suite == suite && info.complete)
    {
        found.push(runs.open(&info.id)?);
    }
    if found.is_empty() {
        return Err(Error::NotFound {
            what: "complete run of suite",
            name: suite,
            hint: Some(format!("`botsmith eval {of}` makes one")),
        });
    }
    Ok(found)
}

/// The suite's name, as runs have it.
fn suite_name(path: &Path) -> Result<String> {
    use botsmith::eval::evaluators::Registry;
    use botsmith::eval::suite::{Overrides, Suite};
    Ok(Suite::load_with(path, &Registry::builtin(), &Overrides::default())?.name)
}

/// What is printed.
struct Told<'a>(&'a Held);

impl Told<'_> {
    fn text(&self) -> String {
        let held = self.0;
        let binding = &held.stored.binding;
        let calibration = &held.stored.calibration;
        let quality = &calibration.quality;
        let mut text = format!(
            "{} of {}, on {} labels by {}\nquestion {}\n\n",
            binding.metric,
            binding.suite,
            quality.n,
            people(held.collected.raters.len()),
            held.question.name
        );
        let happened = match held.renewal {
            Renewal::Made { labels } => format!("a new calibration, from {labels} labels"),
            Renewal::Watched { labels } => {
                format!(
                    "the calibration in force stays; {labels} newer labels were held against it"
                )
            }
            Renewal::Voided { labels } => {
                format!("the calibration is void: {labels} newer labels were held against it")
            }
            Renewal::Waits { labels, of } => {
                format!("the calibration is void; {labels} labels since, {of} make a new one")
            }
        };
        text.push_str(&wrap(&happened, "", ""));
        text.push('\n');
        let losses: Vec<String> = calibration
            .losses
            .iter()
            .map(|loss| format!("{} {:.3}", loss.shape, loss.log_loss))
            .collect();
        let mut rows = vec![
            row(
                "map",
                calibration.map.shape().as_str(),
                &format!("log loss: {}", losses.join(", ")),
            ),
            share("agreement", Some(quality.agreement)),
            share("true positives", quality.tpr),
            share("true negatives", quality.tnr),
            match quality.kappa {
                Some(kappa) => row(
                    "kappa",
                    &format!("{:.3}", kappa.value),
                    &interval(kappa.interval),
                ),
                None => row("kappa", "none", "one side has a single verdict"),
            },
            row(
                "Brier",
                &format!("{:.3}", quality.brier.after),
                &format!("{:.3} uncalibrated", quality.brier.before),
            ),
            row(
                "ECE",
                &format!("{:.3}", quality.ece.after.value),
                &format!(
                    "{}; {:.3} uncalibrated",
                    interval(quality.ece.after.interval),
                    quality.ece.before.value
                ),
            ),
        ];
        if held.stored.drift.labels > 0 {
            let drift = &held.stored.drift;
            rows.push(row(
                "drift",
                &format!("e {:.2}", drift.e_value()),
                &format!(
                    "{} newer labels agree on {}; void at 100",
                    drift.labels,
                    percent(drift.agreement().unwrap_or(0.0))
                ),
            ));
        }
        text.push_str(&grid(&rows, &[1]));
        text.push_str(&self.slices());
        text.push_str(&self.left_out());
        text.push('\n');
        match held.standing.reason() {
            None => text.push_str("This judge may gate.\n"),
            Some(reason) => text.push_str(&wrap(&format!("advisory: {reason}"), "! ", "  ")),
        }
        let next = match held.standing {
            Standing::Gates => {
                "botsmith feedback calibrate, again with newer labels: it watches for drift"
            }
            _ => "botsmith feedback review latest (more labels)",
        };
        let _ = writeln!(text, "next: {next}");
        text
    }

    fn slices(&self) -> String {
        let slices = &self.0.stored.calibration.slices;
        if slices.is_empty() {
            return String::new();
        }
        let head = ["slice", "labels", "agreement", "kappa", "ECE"]
            .map(str::to_owned)
            .to_vec();
        let mut rows = vec![head];
        rows.extend(slices.iter().map(|slice| {
            let number = |of: &dyn Fn(&Quality) -> String| {
                slice.quality.as_ref().map_or("too few".into(), of)
            };
            vec![
                slice.slice.clone(),
                slice.n.to_string(),
                number(&|q| percent(q.agreement.value)),
                number(&|q| {
                    q.kappa
                        .map_or("none".into(), |kappa| format!("{:.3}", kappa.value))
                }),
                number(&|q| format!("{:.3}", q.ece.after.value)),
            ]
        }));
        format!("\n{}", grid(&rows, &[1, 2, 3, 4]))
    }

    fn left_out(&self) -> String {
        let counts = [
            (
                self.0.collected.draws,
                "answers on which people are divided",
            ),
            (
                self.0.collected.unjudged,
                "answers that the judge did not score",
            ),
            (
                self.0.collected.stale,
                "labels of an answer that is not the run's",
            ),
            (
                self.0.collected.unweighted,
                "labels without a chance of having been chosen",
            ),
            (
                self.0.collected.reworded,
                "labels given when the question read otherwise",
            ),
        ];
        let words: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .chain(self.0.excluded.iter().map(|rater| {
                format!(
                    "what {} said, who is at odds with the others",
                    hint::shown(rater)
                )
            }))
            .collect();
        match words.is_empty() {
            true => String::new(),
            false => format!(
                "\n{}",
                wrap(&format!("left out: {}", words.join(", ")), "", "  ")
            ),
        }
    }
}

fn people(count: usize) -> String {
    match count {
        1 => "one person (one person's view)".into(),
        n => format!("{n} people"),
    }
}

fn row(name: &str, value: &str, more: &str) -> Vec<String> {
    vec![format!("  {name}"), value.to_owned(), more.to_owned()]
}

fn share(name: &str, share: Option<WeightedShare>) -> Vec<String> {
    match share {
        Some(share) => row(name, &percent(share.value), &interval(share.interval)),
        None => row(name, "none", "no such label"),
    }
}

fn interval(interval: Interval) -> String {
    format!("{interval:.3}")
}
