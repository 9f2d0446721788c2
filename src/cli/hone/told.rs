//! The story of a honing for a terminal.

use std::fmt::Write as _;

use botsmith::eval::hone::{Budget, End, Mean, Story, Tried};
use botsmith::eval::report::{percent, plain, signed};

use crate::cli::terminal::{Paint, cut, grid, wrap};

/// What is known before anything is spent.
pub(super) fn plan(story: &Story, budget: Option<Budget>) -> String {
    let cases = story.cases;
    let mut text = format!(
        "{} by {}: {} cases teach, {} rank, {} only judge\n",
        story.bot, story.metric.metric, cases.train, cases.dev, cases.gate
    );
    let outlook = &story.outlook;
    if let Some(effect) = outlook.detectable {
        let guessed = if outlook.guessed {
            ", if the two differ on "
        } else {
            "; the two differ on "
        };
        let line = format!(
            "the gate: look {} at {} cases, alpha {:.4}; a true gain of {:.1} points would be seen {:.0} times in 100{guessed}{} of the cases",
            outlook.look,
            outlook.cases,
            outlook.alpha,
            100.0 * effect,
            100.0 * outlook.power,
            percent(outlook.discordance),
        );
        text.push_str(&wrap(&line, "", "  "));
    }
    let spent = match budget {
        Some(Budget::Answers(answers)) => format!("at most {answers} answers on train and dev"),
        Some(Budget::Cost(cost)) => {
            format!("answers of a price of at most {cost} on train and dev")
        }
        None => "as many answers on train and dev as are sensible".to_owned(),
    };
    let must_pass = match cases.must_pass {
        0 => String::new(),
        n => format!(", and {n} of train and dev that must pass,"),
    };
    let line = format!(
        "to spend: {spent}, then the gate's {} cases{must_pass} twice",
        cases.gate
    );
    text.push_str(&wrap(&line, "", "  "));
    text
}

/// The whole story.
pub(super) fn story(story: &Story, colored: bool) -> String {
    let paint = Paint { colored };
    let mut text = String::new();
    if let Some(baseline) = &story.baseline {
        let of = |mean: &Option<Mean>| mean.map_or("–".to_owned(), |mean| score(story, mean));
        let _ = writeln!(
            text,
            "{}\n\nthe bot itself: train {}, dev {}",
            paint.bold(&format!(
                "{} · {}",
                cut(&story.bot, 40),
                cut(&story.suite, 30)
            )),
            of(&baseline.train),
            of(&baseline.dev)
        );
        text.push_str(&told(story));
    }
    text.push_str(&gate(story, paint));
    let line = match story.end {
        End::Planned => "nothing was done".to_owned(),
        End::Promoted => paint.green("promoted ✓"),
        End::Advisory => "advisory: people have not said enough to pass or refuse it".to_owned(),
        End::Ready => paint.green("passed ✓: waits for your yes"),
        End::Refused => paint.red("refused ✗"),
    };
    let _ = writeln!(text, "\n{line}");
    for reason in &story.reasons {
        text.push_str(&wrap(reason, "- ", "  "));
    }
    if let Some([own, theirs]) = &story.runs {
        let line = format!(
            "label both answers to a part of the gate's cases, then hone again: botsmith feedback review {} --beside {}",
            &own[..12],
            &theirs[..12]
        );
        text.push_str(&wrap(&line, "- ", "  "));
    }
    for next in &story.next {
        let _ = writeln!(text, "next: {next}");
    }
    text
}

/// What was tried and what was not.
fn told(story: &Story) -> String {
    let mut text = String::new();
    if !story.tried.is_empty() {
        let head = [
            "variant",
            "what is different",
            "train",
            "dev (selected)",
            "against the bot",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(story.tried.iter().map(|tried| row(story, tried)));
        text.push('\n');
        text.push_str(&grid(&rows, &[2, 3, 4]));
        text.push_str("dev scores are of what was chosen by them: the best of several looks better than it is\n");
    }
    for refused in &story.refused {
        let _ = writeln!(
            text,
            "\nnot tried: {} ({})",
            refused.name,
            cut(&refused.about, 50)
        );
        for overlap in &refused.overlaps {
            text.push_str(&wrap(&overlap.to_string(), "- ", "  "));
        }
    }
    text.push('\n');
    if story.withheld > 0 {
        let line = format!(
            "{} corrections are withheld: they share words with cases of dev or gate",
            story.withheld
        );
        text.push_str(&wrap(&line, "", "  "));
    }
    if let Some(kept) = &story.regressions {
        let line = format!(
            "{} regression cases, {} of them new, in {}",
            kept.found, kept.added, kept.file
        );
        text.push_str(&wrap(&line, "", "  "));
    }
    let spent = &story.spent;
    let price = spent
        .cost
        .map_or(String::new(), |cost| format!(", price {}", plain(cost)));
    let _ = writeln!(
        text,
        "{} answers on train and dev, {} of them asked for now{price}",
        spent.answers, spent.asked
    );
    text
}

fn row(story: &Story, tried: &Tried) -> Vec<String> {
    let mean = |mean: Option<Mean>| mean.map_or("–".to_owned(), |mean| score(story, mean));
    let against = match (tried.difference, story.metric.decides) {
        (None, _) => "–".to_owned(),
        (Some(difference), true) => format!("{:+.1} points", 100.0 * difference),
        (Some(difference), false) => signed(difference),
    };
    vec![
        cut(&tried.name, 18),
        cut(&tried.about, 26),
        mean(tried.train),
        mean(tried.dev),
        against,
    ]
}

/// `62.5 % of 40`.
fn score(story: &Story, mean: Mean) -> String {
    let value = match story.metric.decides {
        true => percent(mean.mean),
        false => plain(mean.mean),
    };
    format!("{value} of {}", mean.n)
}

/// What the gate saw.
fn gate(story: &Story, paint: Paint) -> String {
    let (Some(verdict), Some(finalist)) = (&story.gate, &story.finalist) else {
        return String::new();
    };
    let mut text = format!("\n{} {}\n", paint.bold("the gate:"), finalist.name);
    if let Some(tested) = &verdict.tested {
        let p = tested.p.map_or(String::new(), |p| format!(", p {p:.4}"));
        let bound = tested.bound.map_or(String::new(), |bound| {
            format!(", at least {:+.1} (one-sided)", 100.0 * bound)
        });
        let line = format!(
            "{:+.1} points on {} cases{bound}{p} at alpha {:.4}, look {} ({}); it was selected for this: expect less",
            100.0 * tested.difference,
            tested.n,
            verdict.alpha_of_look,
            verdict.look,
            tested.test
        );
        text.push_str(&wrap(&line, "", "  "));
    }
    for guard in &verdict.guards {
        let sign = if guard.held { "✓" } else { "✗" };
        text.push_str(&wrap(&guard.saw, &format!("{sign} {}: ", guard.name), "  "));
    }
    text
}
