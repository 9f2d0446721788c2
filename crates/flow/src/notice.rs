//! Whom a workflow wants to be told of what: the key `notify` of its file, kept with each of its runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::RunStatus;

/// What is told of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Occasion {
    /// A step waits for somebody's approval.
    ApprovalNeeded,
    /// A step waits for somebody's answer.
    AnswerNeeded,
    /// The run failed.
    Failed,
    /// The run is done.
    Done,
    /// The run was cancelled.
    Cancelled,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ApprovalNeeded,
        Self::AnswerNeeded,
        Self::Failed,
        Self::Done,
        Self::Cancelled,
    ];

    /// Its word, as in a workflow's file and as `event` of a notice.
    pub fn word(self) -> &'static str {
        match self {
            Self::ApprovalNeeded => "approval-needed",
            Self::AnswerNeeded => "answer-needed",
            Self::Failed => "failed",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// What there is to tell of a run that stands so.
    pub(crate) fn of(status: RunStatus) -> Option<Self> {
        match status {
            RunStatus::Failed => Some(Self::Failed),
            RunStatus::Done => Some(Self::Done),
            RunStatus::Cancelled => Some(Self::Cancelled),
            RunStatus::Running | RunStatus::Cancelling => None,
        }
    }
}

/// Who is told. Texts may be templates over the run's inputs and secrets; they are kept as they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Recipient {
    /// A web address, by POST.
    Webhook(String),
    /// A program of the worker's machine and its arguments, where the worker's owner allows programs.
    Command(Vec<String>),
}

/// One entry of `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Notice {
    /// Of what.
    pub on: BTreeSet<Occasion>,
    /// Whom.
    #[serde(flatten)]
    pub to: Recipient,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_stored_as_it_is_written_in_a_file() {
        let notice = Notice {
            on: BTreeSet::from([Occasion::Done, Occasion::ApprovalNeeded]),
            to: Recipient::Webhook("https://example.org".into()),
        };
        let json = serde_json::to_value(&notice).unwrap();
        let wanted = serde_json::json!({"on": ["approval-needed", "done"], "webhook": "https://example.org"});
        assert_eq!(json, wanted);
        assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), notice);
        for one in Occasion::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
    }
}
