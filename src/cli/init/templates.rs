//! The templates of `botsmith init`: their files as they stand in this repository, and what to do first.

/// Files that run as they are.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) name: &'static str,
    /// A sentence.
    pub(super) about: &'static str,
    pub(super) files: &'static [(&'static str, &'static str)],
    /// Commands to begin with; `./` stands for the folder.
    pub(super) next: &'static [&'static str],
}

const CASES: &str = include_str!("cases.jsonl");
const SUITE: &str = include_str!("suite.yaml");

pub(super) const TEMPLATES: [Template; 6] = [
    Template {
        name: "suite",
        about: "A suite that judges recorded answers of two assistants.",
        files: &[("suite.yaml", SUITE), ("cases.jsonl", CASES)],
        next: &["botsmith eval ./suite.yaml"],
    },
    Template {
        name: "evaluate-and-report",
        about: "Judges a suite and writes its report, as steps that are stored.",
        files: &[
            ("workflow.yaml", include_str!("report/workflow.yaml")),
            ("suite.yaml", SUITE),
            ("cases.jsonl", CASES),
        ],
        next: &["botsmith flow run ./workflow.yaml"],
    },
    Template {
        name: "chatbot-regression",
        about: "Judges a bot against its gate, and asks a person before it is released.",
        files: &[
            ("workflow.yaml", include_str!("regression/workflow.yaml")),
            ("suite.yaml", include_str!("regression/suite.yaml")),
            ("bots/support.yml", include_str!("regression/support.yml")),
            ("cases.jsonl", CASES),
        ],
        next: &["botsmith flow run ./workflow.yaml --id release-1"],
    },
    Template {
        name: "summarise-folder",
        about: "A bot summarises each text of a folder, then all of them.",
        files: &[
            ("workflow.yaml", include_str!("summary/workflow.yaml")),
            ("bots/summary.yml", include_str!("summary/summary.yml")),
            ("texts/garden.md", include_str!("summary/garden.md")),
            ("texts/shop.md", include_str!("summary/shop.md")),
        ],
        next: &["botsmith flow run ./workflow.yaml --input folder=texts"],
    },
    Template {
        name: "text-analysis",
        about: "Segments, tags and keyphrases of each text of a folder, and a bot that sums them up.",
        files: &[
            ("workflow.yaml", include_str!("text/workflow.yaml")),
            ("bots/summary.yml", include_str!("summary/summary.yml")),
            ("texts/garden.md", include_str!("summary/garden.md")),
            ("texts/shop.md", include_str!("summary/shop.md")),
        ],
        next: &["botsmith flow run ./workflow.yaml --input folder=texts"],
    },
    Template {
        name: "nightly",
        about: "Judges a suite each night, and tells when its gate fails.",
        files: &[
            ("workflow.yaml", include_str!("nightly/workflow.yaml")),
            ("suite.yaml", SUITE),
            ("cases.jsonl", CASES),
        ],
        next: &[
            "botsmith flow schedule add nightly ./workflow.yaml --cron '30 2 * * *' --zone Europe/Berlin",
            "botsmith flow worker --folder .",
        ],
    },
];
