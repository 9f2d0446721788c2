//! A judgement read from probabilities: the replies that a model may give, each weighed by how likely it finds it.
//!
//! As G-Eval does it (Liu et al. 2023, <https://arxiv.org/abs/2303.16634>), but exact: the log-likelihood of each whole
//! reply, all of them after one reading of the prompt, and no decoding. For models of this machine
//! ([`ChatModel::scorer`](botsmith_core::chat::ChatModel::scorer)).

use botsmith_core::chat::{Call, Message};
use botsmith_core::score::{Continuation, ScoreRequest, Scores};
use botsmith_nanobots::Bot;
use botsmith_nanobots::bot::Behavior;

use super::kind::{Form, Judgement, Opinion};

/// Replies with their values, 0 to 1.
pub(super) type Labels = Vec<(String, f64)>;

/// Most grades of a scale: each is a reply of its own.
const GRADES: f64 = 21.0;
/// Where all replies together are less likely, the model would say something else.
const LEAST: f64 = 0.01;

impl Judgement {
    /// The replies that are weighed; why there are none.
    pub(super) fn labels(&self) -> Result<Labels, String> {
        let named = |labels: &[(&str, f64)]| {
            labels
                .iter()
                .map(|(label, value)| ((*label).to_owned(), *value))
                .collect()
        };
        Ok(match &self.form {
            Form::Rubric => named(&[("yes", 1.0), ("no", 0.0)]),
            Form::Choice(choices) => choices.clone(),
            Form::Score(lo, hi) => {
                let whole = lo.fract() == 0.0 && hi.fract() == 0.0 && hi - lo < GRADES;
                if !whole {
                    return Err(format!(
                        "with `weighted` a scale has whole ends and at most {GRADES} grades; found {lo} to {hi}"
                    ));
                }
                let grades = (0..=(hi - lo) as u32).map(|step| {
                    let grade = lo + f64::from(step);
                    (grade.to_string(), (grade - lo) / (hi - lo))
                });
                grades.collect()
            }
            Form::Pairwise(_) => named(&[("A", 1.0), ("B", 0.0), ("tie", 0.5)]),
        })
    }

    /// What to do, in words, once for each question that is put; the reply is one of the labels.
    pub(super) fn short_tasks(&self, criteria: &[String]) -> Vec<String> {
        let all = match criteria {
            [one] => format!("What counts: {one}\n"),
            many => format!("What counts:\n- {}\n", many.join("\n- ")),
        };
        match &self.form {
            Form::Rubric => criteria
                .iter()
                .map(|one| {
                    format!("What counts: {one}\nDoes the answer meet it? Reply with one word: yes or no.")
                })
                .collect(),
            Form::Choice(choices) => {
                let labels: Vec<_> = choices.iter().map(|(label, _)| label.as_str()).collect();
                vec![format!(
                    "{all}Reply with the label that fits the answer best and nothing else: {}.",
                    labels.join(", ")
                )]
            }
            Form::Score(lo, hi) => vec![format!(
                "{all}Grade the answer from {lo} (worst) to {hi} (best). Reply with the whole number and nothing else."
            )],
            Form::Pairwise(_) => vec![format!(
                "{all}Which of the two answers is better? Their order and their length mean nothing. Reply with A, B or tie, and nothing else."
            )],
        }
    }
}

/// What a model says of all questions: the mean over them of the labels' values, weighed by their probabilities.
pub(super) async fn weigh(
    bot: &Bot,
    questions: &[String],
    labels: &Labels,
    call: &Call,
) -> Result<Opinion, String> {
    let scorer = bot.model().scorer().ok_or("gives no probabilities")?;
    let mut requests = Vec::with_capacity(questions.len());
    for words in questions {
        let request = bot
            .request(Behavior::Interaction, &[Message::user(words.as_str())])
            .map_err(|error| error.to_string())?;
        let labels = labels.iter().map(|(label, _)| label.as_str());
        requests.push(ScoreRequest::chat(request, labels));
    }
    let scores = scorer
        .score(&requests, call)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sum, mut words) = (0.0, Vec::new());
    for scores in &scores {
        let likely = whole(scores);
        let mass: f64 = likely.iter().sum();
        if mass.is_nan() || mass < LEAST {
            return Err(format!(
                "finds all of its labels together {:.2} % likely: it would say something else; another prompt may help",
                100.0 * mass
            ));
        }
        let shares: Vec<f64> = likely.iter().map(|one| one / mass).collect();
        sum += shares
            .iter()
            .zip(labels)
            .map(|(share, (_, value))| share * value)
            .sum::<f64>();
        words.push(told(labels, &shares));
    }
    Ok(Opinion {
        value: (sum / scores.len().max(1) as f64).clamp(0.0, 1.0),
        label: words.join("; "),
        reason: String::new(),
        weighted: true,
    })
}

/// How likely each reply is, as it stands: what a longer reply goes on with, as 10 does with 1, is not that of the
/// shorter one.
fn whole(scores: &Scores) -> Vec<f64> {
    let replies = &scores.continuations;
    let begins = |long: &Continuation, short: &Continuation| {
        let tokens = |one: &Continuation| -> Vec<String> {
            one.tokens.iter().map(|(token, _)| token.clone()).collect()
        };
        long.tokens.len() > short.tokens.len() && tokens(long).starts_with(&tokens(short))
    };
    let mut likely: Vec<f64> = replies.iter().map(|one| one.logprob.exp()).collect();
    for long in replies {
        // Of 1, 10 and 100, the last is taken off the second alone.
        let shorter = (0..replies.len()).filter(|at| begins(long, &replies[*at]));
        if let Some(at) = shorter.max_by_key(|at| replies[*at].tokens.len()) {
            likely[at] -= long.logprob.exp();
        }
    }
    // A rounding error below 0 is none.
    likely.iter().map(|one| one.max(0.0)).collect()
}

/// `yes 0.83, no 0.17`: at most three labels, the likeliest first.
fn told(labels: &Labels, shares: &[f64]) -> String {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    let words: Vec<String> = order
        .iter()
        .take(3)
        .map(|at| format!("{} {:.2}", labels[*at].0, shares[*at]))
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(tokens: &[(&str, f64)]) -> Continuation {
        Continuation {
            logprob: tokens.iter().map(|(_, p)| p.ln()).sum(),
            tokens: tokens
                .iter()
                .map(|(token, p)| ((*token).to_owned(), p.ln()))
                .collect(),
        }
    }

    #[test]
    fn a_reply_that_goes_on_is_not_the_one_that_it_begins_with() {
        let scores = Scores {
            continuations: vec![
                reply(&[("1", 0.8)]),
                reply(&[("1", 0.8), ("0", 0.5)]),
                reply(&[("1", 0.8), ("0", 0.5), ("0", 0.25)]),
                reply(&[("2", 0.1)]),
            ],
        };
        for (found, wanted) in whole(&scores).iter().zip([0.4, 0.3, 0.1, 0.1]) {
            assert!((found - wanted).abs() < 1e-12, "{:?}", whole(&scores));
        }
    }

    #[test]
    fn the_likeliest_labels_are_told_first() {
        let labels: Labels = ["a", "b", "c", "d"]
            .map(|label| (label.to_owned(), 0.0))
            .into();
        assert_eq!(
            told(&labels, &[0.1, 0.2, 0.0, 0.7]),
            "d 0.70, b 0.20, a 0.10"
        );
    }
}
