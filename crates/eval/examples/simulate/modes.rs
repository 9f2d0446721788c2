//! Every simulation there is, in the order in which they run.

pub mod bandit;
pub mod calibration;
pub mod canary;
pub mod coverage;
pub mod drift;
pub mod frame;
pub mod judges;
pub mod promotion;
pub mod raters;

use frame::{Failure, Figure, Plan};

/// One simulation.
#[derive(Debug)]
pub struct Mode {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// Runs it.
    pub run: fn(&Plan) -> Result<Vec<Figure>, Failure>,
}

/// All of them.
pub const ALL: &[Mode] = &[
    Mode {
        name: "raters",
        about: "what the loop does when one rater in three is no use",
        run: raters::run,
    },
    Mode {
        name: "calibration",
        about: "how far calibrated scores are from the true chances",
        run: calibration::run,
    },
    Mode {
        name: "coverage",
        about: "how often 95 % intervals hold the true value",
        run: coverage::run,
    },
    Mode {
        name: "drift",
        about: "how often a calibration becomes void, rightly and wrongly",
        run: drift::run,
    },
    Mode {
        name: "promotion",
        about: "how often the gate promotes what is no better, and what is",
        run: promotion::run,
    },
    Mode {
        name: "canary",
        about: "how soon a canary takes a worse version back, and how seldom one that is no worse",
        run: canary::run,
    },
    Mode {
        name: "bandit",
        about: "what the bandit earns beside textbook Thompson sampling, and what its propensities tell",
        run: bandit::run,
    },
];
