//! The report of the loop: a story in, one self-contained page out, for a reader who wants to know what changed, by
//! how much, how sure that is, and what was refused. No script, nothing loaded, light and dark.

use std::fmt::Write as _;

use super::charts::{bars, chance, escaped, evidence, percent, reliability};
use super::story::{Range, Story, Watched};

const PAGE: &str = include_str!("page.html");
const TABLE_END: &str = "</table></div>\n";

/// The page.
pub fn page(story: &Story) -> String {
    let mut body = String::new();
    top(&mut body, story);
    refused(&mut body, story);
    gate(&mut body, story);
    traffic(&mut body, story);
    people(&mut body, story);
    judge(&mut body, story);
    record(&mut body, story);
    PAGE.replace("{{bot}}", &escaped(&story.bot))
        .replace("{{body}}", &body)
}

fn number(range: &Range) -> String {
    format!("{:.2} ({:.2} to {:.2})", range.value, range.lo, range.hi)
}

/// A share with its interval.
fn share(range: &Range) -> String {
    let of = |share: f64| format!("{:.0}", 100.0 * share);
    format!(
        "{} % ({} to {} %)",
        of(range.value),
        of(range.lo),
        of(range.hi)
    )
}

fn card(body: &mut String, title: &str, strong: &str, more: &str) {
    let (strong, more) = (escaped(strong), escaped(more));
    let _ = writeln!(
        body,
        "<div class=\"card\"><h3>{title}</h3><strong>{strong}</strong>{more}</div>"
    );
}

fn top(body: &mut String, story: &Story) {
    let gate = &story.gate;
    let added = story.change.iter().filter(|line| line.mark == '+').count();
    let taken = story.change.iter().filter(|line| line.mark == '-').count();
    let _ = writeln!(
        body,
        "<h1>What the loop did to {}</h1>\n<p class=\"made-up\"><strong>Simulated.</strong> The raters, what they know \
         and get wrong, and the sessions of the traffic are made up (seed {}), so that the truth is known. The \
         commands, tests and decisions are the real ones.</p>\n<div class=\"cards\">",
        escaped(&story.bot),
        story.seed
    );
    let versions: Vec<&str> = story
        .versions
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    card(
        body,
        "What changed",
        &format!("version {}", versions.join(" → ")),
        &format!("{added} lines added, {taken} taken out; the change is shown below"),
    );
    card(
        body,
        "By how much",
        &format!("{:+.1} points", 100.0 * gate.difference),
        &format!(
            "{} before, {} after, on {} cases kept aside",
            percent(gate.before.value),
            percent(gate.after.value),
            gate.cases
        ),
    );
    card(
        body,
        "How sure",
        &format!("{}, at most {:.4} allowed", chance(gate.p), gate.alpha),
        &format!(
            "at least {:+.1} points (bound of {}, look {} at these cases). The variant was selected: expect a little less than what was seen",
            100.0 * gate.at_least,
            gate.test,
            gate.look
        ),
    );
    card(
        body,
        "What was refused",
        &format!("{} things", story.refused.len()),
        "each with its reason, below",
    );
    body.push_str("</div>\n");
}

fn refused(body: &mut String, story: &Story) {
    body.push_str(
        "<h2>What was refused, and why</h2>\n<div class=\"table\"><table><tr><th>what</th><th>why</th></tr>\n",
    );
    for refused in &story.refused {
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td>{}</td></tr>",
            escaped(&refused.what),
            escaped(&refused.why)
        );
    }
    body.push_str(TABLE_END);
}

fn gate(body: &mut String, story: &Story) {
    let gate = &story.gate;
    body.push_str("<h2>The gate</h2>\n");
    let _ = writeln!(
        body,
        "<p>Both versions answered the same {} cases, which no proposer had seen. Bars are shares of good answers, with \
         95 % intervals.</p>",
        gate.cases
    );
    body.push_str(&bars(
        "Share of good answers before and after",
        &[("old", "before", gate.before), ("new", "after", gate.after)],
    ));
    body.push_str("<h2>The change</h2>\n<pre>");
    for line in &story.change {
        let class = match line.mark {
            '+' => "plus",
            '-' => "minus",
            _ => "",
        };
        let _ = write!(
            body,
            "<span class=\"{class}\">{} {}</span>",
            line.mark,
            escaped(&line.text)
        );
    }
    body.push_str("</pre>\n");
}

fn traffic(body: &mut String, story: &Story) {
    body.push_str(
        "<h2>In traffic</h2>\n<p>Half of the sessions got the new version. Evidence of 20 decides; if the versions are \
         alike it is reached with a probability of 1 in 20 at most, however long one looks.</p>\n",
    );
    for watched in &story.watches {
        let Watched {
            title, end, why, ..
        } = watched;
        let _ = writeln!(
            body,
            "<h3>{}: {}</h3>\n<p>{}</p>",
            escaped(title),
            escaped(end),
            escaped(why)
        );
        body.push_str(&evidence(watched));
        let _ = writeln!(
            body,
            "<p class=\"soft\">old: {} of {} sessions good; new: {} of {}</p>",
            percent(watched.old.1),
            watched.old.0,
            percent(watched.new.1),
            watched.new.0
        );
    }
}

fn people(body: &mut String, story: &Story) {
    let agreement = &story.agreement;
    let _ = writeln!(
        body,
        "<h2>People (simulated)</h2>\n<p>They judged answers on record, which the first version had given. {}.</p>\n\
         <p>Agreement (Krippendorff's alpha) on {} answers that several labelled: \
         {} among those who count.</p>\n<div class=\"table\"><table><tr><th>rater</th>\
         <th class=\"number\">labels</th><th class=\"number\">agreement</th><th>standing</th></tr>",
        escaped(&agreement.verdict),
        agreement.items,
        number(&agreement.counted)
    );
    for rater in &story.raters {
        let _ = writeln!(
            body,
            "<tr class=\"name\"><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{:.2}</td><td>{}</td></tr>\n\
             <tr><td colspan=\"4\"><small>made so: {}</small></td></tr>",
            escaped(&rater.name),
            rater.labels,
            rater.agreement,
            escaped(rater.excluded.as_deref().unwrap_or("counts")),
            escaped(&rater.made)
        );
    }
    body.push_str(TABLE_END);
}

fn judge(body: &mut String, story: &Story) {
    let judge = &story.judge;
    let _ = writeln!(
        body,
        "<h2>The judge</h2>\n<p>{}. From {} labels; map: {}. Its scores were off by {:.3} before, {} after. It finds {} of \
         the good answers and {} of the bad ones; kappa {}.</p>\n<p>Of all answers of the first version people would let {} \
         pass, by the judge and the labels together; the labels alone say {}.</p>",
        escaped(&judge.standing),
        judge.labels,
        escaped(&judge.map),
        judge.error_before,
        number(&judge.error_after),
        share(&judge.finds_good),
        share(&judge.finds_bad),
        number(&judge.kappa),
        share(&judge.would_pass),
        share(&judge.labels_alone)
    );
    body.push_str(&reliability(
        "What the judge says beside what people say",
        &judge.before,
        &judge.after,
    ));
}

fn record(body: &mut String, story: &Story) {
    let whole = match story.audit_whole {
        true => "the chain of hashes is whole",
        false => "THE CHAIN OF HASHES IS BROKEN",
    };
    let _ = writeln!(
        body,
        "<h2>The record</h2>\n<p>{whole}.</p>\n<ol start=\"0\">"
    );
    for entry in &story.audit {
        let _ = writeln!(body, "<li>{}</li>", escaped(entry));
    }
    body.push_str(
        "</ol>\n<div class=\"table\"><table><caption>Versions in force, in order</caption>\n",
    );
    for (name, hash) in &story.versions {
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td><code>{}</code></td></tr>",
            escaped(name),
            escaped(hash)
        );
    }
    body.push_str(TABLE_END);
}
