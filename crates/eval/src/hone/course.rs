//! A whole honing: the outlook, a yes, the search, the gate, the versions -> the [`Story`].

use std::path::{Path, PathBuf};

use botsmith_nanobots::versions::{By, Promotion, Versions};
use serde_json::{Value, json};

use crate::Result;
use crate::feedback::{Question, Record};
use crate::promotion::{Decision, Foreseen, Looks, Rules, Verdict, alpha_holds, foresee};
use crate::stats::{PairedRates, Side};

use super::evidence::{self, Standing};
use super::gate::{self, Gated};
use super::story::{Baseline, End, Finalist, Kept, Story};
use super::{Honing, Proposer, Regressions, Search, Spent};

/// How a honing goes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Course<'a> {
    /// Who proposes.
    pub proposers: Vec<Box<dyn Proposer>>,
    /// The gate's rules, stated beforehand.
    pub rules: Rules,
    /// Who does it, and when.
    pub by: By,
    /// Where the bot's versions are kept, and under which name.
    pub versions: Versions<'a>,
    /// Where regression cases go; `None`: nowhere.
    pub regressions: Option<PathBuf>,
    /// Whether a variant that passed becomes the bot at once, where that is allowed.
    pub auto: bool,
    /// Why the loop has to stop, if it has to: raters disagree so much that nothing can be learnt.
    pub halted: Option<String>,
    /// Reasons why nothing may be promoted without a person: one rater's view, a judge that may not gate.
    pub doubts: Vec<String>,
    /// What people say passes, and what they said: decides where a judge makes the scores.
    pub labels: Option<(Question, Vec<Record>)>,
}

impl<'a> Course<'a> {
    /// A course that promotes nothing by itself and writes no regression cases.
    pub fn new(versions: Versions<'a>, by: By) -> Self {
        Self {
            proposers: Vec::new(),
            rules: Rules::default(),
            by,
            versions,
            regressions: None,
            auto: false,
            halted: None,
            doubts: Vec::new(),
            labels: None,
        }
    }
}

impl Honing<'_> {
    /// What the gate could see, by these rules, before anything is asked.
    ///
    /// # Errors
    /// Rules outside their ranges, another alpha than the first look at these cases stated, or the store's.
    pub fn outlook(&self, rules: &Rules) -> Result<Foreseen> {
        let set = self.gate_set();
        alpha_holds(self.stated_alpha()?, rules.alpha)?;
        let taken = Looks::new(self.store()).taken(&set)?;
        // Where a judge makes the scores, people's labels decide: at best, of all cases.
        let labelled = self.target().judged.then_some(set.len());
        foresee(rules, set.len(), taken, None, labelled)
    }

    /// Runs the course. `begin` is shown the plan and says whether to go on; no bot is asked before that.
    ///
    /// # Errors
    /// As [`Honing::search`]; and if the gate, the file or the store fails.
    pub fn run(
        &mut self,
        course: &Course<'_>,
        begin: impl FnOnce(&Story) -> bool,
    ) -> Result<Story> {
        let mut story = self.plan(course)?;
        if story.end == End::Refused || !begin(&story) {
            return Ok(story);
        }
        let search = self.search(&course.proposers)?;
        Self::tell(&mut story, &search, course)?;
        let Some(finalist) = &search.finalist else {
            story.end = End::Refused;
            story.reasons = no_finalist(&search);
            story.reasons.extend(wanted(&story.outlook, &course.rules));
            return Ok(story);
        };
        // A cheaper variant is held to the margin, one that did better to being better.
        let mut rules = course.rules.clone();
        if !search.cheaper {
            rules.margin = None;
        }
        let Gated { verdict, runs, .. } = self.decide(finalist, &rules, course)?;
        let parent = course
            .versions
            .adopt(self.parent().text().as_bytes(), &course.by)?;
        let mut evidence = verdict.evidence();
        evidence["hone"] = json!({
            "variant": finalist.name, "proposer": finalist.proposer, "about": finalist.about,
            "suite": story.suite, "metric": story.metric.metric, "salt": story.salt,
            "cases": story.cases, "tried": search.tried.len(), "spent": search.spent,
        });
        let earlier = course.versions.get(&finalist.hash().to_string())?;
        let earlier = earlier.map_or(Value::Null, |version| version.evidence);
        let (evidence, standing) = evidence::joined(&earlier, evidence);
        let version = course.versions.propose(
            finalist.text.as_bytes(),
            Some(&parent.hash),
            evidence,
            &course.by,
        )?;
        story.finalist = Some(Finalist {
            name: finalist.name.clone(),
            about: finalist.about.clone(),
            version: version.hash.clone(),
            promoted: None,
        });
        let decided = (&verdict, standing.as_ref());
        conclude(&mut story, decided, course, self.parent().path())?;
        if verdict.decision == Decision::Advisory {
            story.runs = runs;
        }
        story.gate = Some(verdict);
        Ok(story)
    }

    /// The story up to where something is spent.
    fn plan(&self, course: &Course<'_>) -> Result<Story> {
        let outlook = self.outlook(&course.rules)?;
        let mut story = Story {
            suite: self.suite_name().to_owned(),
            bot: course.versions.bot().to_owned(),
            metric: self.target().clone(),
            salt: self.split().salt().to_owned(),
            parent: self.parent().hash().to_string(),
            cases: self.counts(),
            outlook,
            baseline: None,
            withheld: 0,
            regressions: None,
            tried: Vec::new(),
            refused: Vec::new(),
            rungs: Vec::new(),
            spent: Spent::default(),
            finalist: None,
            gate: None,
            runs: None,
            end: End::Planned,
            reasons: Vec::new(),
            next: Vec::new(),
        };
        let reasons = [&course.halted, &story.outlook.refused];
        let reasons: Vec<String> = reasons.into_iter().flatten().cloned().collect();
        if !reasons.is_empty() {
            story.reasons = reasons;
            story.end = End::Refused;
        }
        Ok(story)
    }

    fn tell(story: &mut Story, search: &Search, course: &Course<'_>) -> Result<()> {
        let (train, dev) = search.baseline;
        story.baseline = Some(Baseline { train, dev });
        story.withheld = search.withheld;
        story.tried.clone_from(&search.tried);
        story.refused.clone_from(&search.refused);
        story.rungs.clone_from(&search.rungs);
        story.spent = search.spent;
        if let Some(file) = &course.regressions {
            let Regressions { found, added } = Regressions::append(file, &search.regressions)?;
            story.regressions = Some(Kept {
                file: file.display().to_string(),
                found,
                added,
            });
        }
        Ok(())
    }

    fn decide(
        &mut self,
        finalist: &super::Variant,
        rules: &Rules,
        course: &Course<'_>,
    ) -> Result<Gated> {
        let set = self.gate_set();
        let labels = course.labels.as_ref();
        let (bench, parent, cases) = self.parts();
        let ground = gate::Ground {
            parent,
            cases,
            set: &set,
            rules,
            doubts: &course.doubts,
            labels: labels.map(|(question, records)| (question, records.as_slice())),
        };
        gate::decide(bench, &ground, finalist, &course.by)
    }
}

/// Why no variant went to the gate.
fn no_finalist(search: &Search) -> Vec<String> {
    let mut reasons = Vec::new();
    if search.tried.is_empty() {
        reasons.push(match search.refused.len() {
            0 => "nothing was proposed: there are no corrections of train cases, and no parameter to vary"
                .to_owned(),
            n => format!("the overlap guard refused all {n} variants"),
        });
    } else {
        reasons.push(
            "no variant did better than the bot on dev: no look at the gate's cases was spent"
                .to_owned(),
        );
    }
    reasons
}

/// How many cases a gain that is worth it would take.
fn wanted(outlook: &Foreseen, rules: &Rules) -> Option<String> {
    let rates = PairedRates::new(rules.effect, outlook.discordance.max(rules.effect)).ok()?;
    let cases = rates
        .cases_needed(outlook.alpha, rules.power, Side::Greater)
        .ok()?;
    Some(format!(
        "a true gain of {:.1} points would take {cases} gate cases to be seen (power {:.0} %, look {}); there are {}",
        100.0 * rules.effect,
        100.0 * rules.power,
        outlook.look,
        outlook.cases
    ))
}

/// How it ends, and what to do next.
fn conclude(
    story: &mut Story,
    (verdict, standing): (&Verdict, Option<&Standing>),
    course: &Course<'_>,
    file: &Path,
) -> Result<()> {
    let bot = course.versions.bot();
    let version = story
        .finalist
        .as_ref()
        .map(|finalist| finalist.version.clone());
    let version = version.unwrap_or_default();
    let short = &version[..12.min(version.len())];
    story.reasons.clone_from(&verdict.reasons);
    if verdict.decision == Decision::Refused {
        story.end = End::Refused;
        story.reasons.extend(verdict.needed_text());
        return Ok(());
    }
    if let Some(standing) = standing.filter(|standing| !standing.passed) {
        story.end = End::Refused;
        story.reasons.push(format!(
            "the gate of suite `{}` refused this version against the same bot, and that stands: another suite's gate \
             does not undo it",
            standing.suite
        ));
        return Ok(());
    }
    story.end = match verdict.decision {
        Decision::Advisory => End::Advisory,
        _ => End::Ready,
    };
    if course.auto && verdict.auto.allowed {
        let approval = json!({"rule": "auto", "look": verdict.look});
        let promotion = Promotion::default().approval(approval);
        let moved = course
            .versions
            .promote(&version, Some(file), &promotion, &course.by)?;
        if let Some(finalist) = &mut story.finalist {
            finalist.promoted = Some(moved.version.hash.clone());
        }
        story.end = End::Promoted;
        story.next.push(format!("botsmith bot history {bot}"));
        story.next.push(format!("botsmith bot rollback {bot}"));
        return Ok(());
    }
    if course.auto {
        let reasons = verdict.auto.reasons.iter();
        story
            .reasons
            .extend(reasons.map(|reason| format!("not promoted by itself: {reason}")));
    }
    story.next.push(format!("botsmith bot diff {bot} {short}"));
    story
        .next
        .push(format!("botsmith bot promote {bot} {short}"));
    Ok(())
}
