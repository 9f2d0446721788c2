//! How soon a canary takes a worse version back, and how seldom one that is no worse.
//!
//! Sessions come one after the other, each gets a version by a share drawn anew, and an outcome with the
//! true rate of that version. Nothing else of a service matters to the evidence.

use botsmith_eval::online::{Arm, Verdict, Watch};

use super::frame::{Chance, Failure, Figure, Plan, Wanted};

/// Loops of a whole run, and of a short one.
const LOOPS: (usize, usize) = (2_000, 100);
/// Sessions of a watch: until harm has to be seen, and until a watch of an unchanged version ends.
const SESSIONS: u64 = 1_000;
const MOST_SESSIONS: (u64, u64) = (10_000, 2_000);

/// What sessions are like.
struct World {
    name: &'static str,
    share: f64,
    /// The mean outcome of the old and of the new version, at this part of the watch.
    rates: fn(f64) -> (f64, f64),
    graded: bool,
}

const PLANTED: &[(World, Wanted)] = &[
    (
        World::even("80 % to 70 %", |_| (0.8, 0.7)),
        Wanted::AtLeast(0.8),
    ),
    (
        World::even("90 % to 80 %", |_| (0.9, 0.8)),
        Wanted::AtLeast(0.8),
    ),
    (
        World::even("70 % to 60 %", |_| (0.7, 0.6)),
        Wanted::AtLeast(0.8),
    ),
    (
        World {
            graded: true,
            ..World::even("graded, 0.8 to 0.7", |_| (0.8, 0.7))
        },
        Wanted::AtLeast(0.8),
    ),
    (
        World::even("55 % to 45 %, where rates scatter most", |_| (0.55, 0.45)),
        Wanted::Nothing,
    ),
    (
        World::shared("80 % to 70 %, on a fifth", 0.2, |_| (0.8, 0.7)),
        Wanted::Nothing,
    ),
    (
        World::shared("80 % to 70 %, on a tenth", 0.1, |_| (0.8, 0.7)),
        Wanted::Nothing,
    ),
];

const UNCHANGED: &[World] = &[
    World::even("80 %", |_| (0.8, 0.8)),
    World::even("50 %", |_| (0.5, 0.5)),
    World::shared("95 %, on a tenth", 0.1, |_| (0.95, 0.95)),
    World::even(
        "from 90 % to 50 % for both in the course of the watch",
        |part| {
            let rate = 0.9 - 0.4 * part;
            (rate, rate)
        },
    ),
];

impl World {
    const fn even(name: &'static str, rates: fn(f64) -> (f64, f64)) -> Self {
        Self::shared(name, 0.5, rates)
    }

    const fn shared(name: &'static str, share: f64, rates: fn(f64) -> (f64, f64)) -> Self {
        Self {
            name,
            share,
            rates,
            graded: false,
        }
    }

    fn watched(&self, chance: &mut Chance, most: u64) -> (Verdict, u64) {
        let mut watch = Watch::default();
        for session in 0..most {
            let (old, new) = (self.rates)(session as f64 / most as f64);
            let (arm, rate) = match chance.happens(self.share) {
                true => (Arm::New, new),
                false => (Arm::Old, old),
            };
            let passed = chance.happens(rate);
            let value = match (self.graded, passed) {
                (false, passed) => f64::from(u8::from(passed)),
                // Between half-way to the mean and the end: the mean stays.
                (true, true) => 1.0 - chance.between(0.0, 1.0 - rate),
                (true, false) => chance.between(0.0, rate),
            };
            watch.add(arm, value);
            if watch.verdict() != Verdict::Open {
                break;
            }
        }
        (watch.verdict(), watch.sessions())
    }
}

pub fn run(plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let loops = plan.loops(LOOPS.0, LOOPS.1);
    let mut figures = Vec::new();
    for (world, wanted) in PLANTED {
        let seen = plan.each(loops, |at| {
            Ok(world.watched(&mut plan.chance(world.name, at), SESSIONS))
        })?;
        let harm = seen
            .iter()
            .filter(|(verdict, _)| *verdict == Verdict::Harm)
            .count();
        let name = format!("taken back before 1,000 sessions: {}", world.name);
        figures.push(Figure::share(name, harm, loops, *wanted)?);
        let sessions: Vec<f64> = seen.iter().map(|(_, sessions)| *sessions as f64).collect();
        let name = format!("sessions until then: {}", world.name);
        figures.push(Figure::median(name, &sessions, Wanted::Nothing)?);
    }
    let most = if plan.short {
        MOST_SESSIONS.1
    } else {
        MOST_SESSIONS.0
    };
    for world in UNCHANGED {
        // What is shown to be better first is no longer watched, which would hide harm "shown" later.
        let harm = plan.each(loops, |at| {
            let mut chance = plan.chance(world.name, at);
            Ok(world.watched(&mut chance, most).0 == Verdict::Harm)
        })?;
        let harm = harm.into_iter().filter(|harm| *harm).count();
        let name = format!(
            "unchanged, taken back within {most} sessions: {}",
            world.name
        );
        figures.push(Figure::share(name, harm, loops, Wanted::AtMost(0.05))?);
    }
    Ok(figures)
}
