//! Versions of a bot in a real store beside a real file: promotion, rollback, pins, processes that are
//! killed at every write, and processes at the same bot at once.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use botsmith_core::audit::Audit;
use botsmith_core::digest::Digest;
use botsmith_core::store::{SqliteStore, StateStore};
use botsmith_nanobots::versions::{Action, By, Origin, Promotion, Settled, Version, Versions};
use serde_json::json;

const BOT: &str = "bots/sum.yml";
const OLD: &str =
    "# The summer.\r\nmeta:\n  version: '1.0.0'   # counted up\n  name: Sum\n\n\nbehaviors: {}\n";

fn variant_text(words: &str) -> String {
    OLD.replace(
        "behaviors: {}",
        &format!("behaviors: {{interaction: {{directive: {words}}}}}"),
    )
}

fn by(at_ms: u64) -> By {
    By::new("ada", at_ms)
}

/// A project with one bot, its first version and a variant that passed a gate.
struct Project {
    folder: tempfile::TempDir,
    variant: Version,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        std::fs::create_dir(folder.path().join("bots")).unwrap();
        std::fs::write(folder.path().join(BOT), OLD).unwrap();
        let store = open(folder.path());
        let versions = Versions::of(&store, BOT);
        versions.adopt(OLD.as_bytes(), &by(1)).unwrap();
        let variant = proposed(&versions, "Be brief.");
        Self { folder, variant }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(BOT)
    }

    fn bytes(&self) -> String {
        String::from_utf8(std::fs::read(self.file()).unwrap()).unwrap()
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("bots"))
            .unwrap()
            .count()
    }
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("state.db")).unwrap()
}

/// A variant that a gate passed against the version in force.
fn proposed(versions: &Versions<'_>, words: &str) -> Version {
    let current = versions.pointer().unwrap().current.unwrap();
    let evidence = json!({"gate": {"passed": true, "baseline": current, "difference": 0.1}});
    let text = variant_text(words);
    versions
        .propose(text.as_bytes(), Some(&current), evidence, &by(2))
        .unwrap()
}

/// File, pointer, history and audit log tell the same story.
#[track_caller]
fn agree(project: &Project, store: &dyn StateStore) {
    let versions = Versions::of(store, BOT);
    let pointer = versions.pointer().unwrap();
    let current = pointer.current.clone().unwrap();
    assert_eq!(pointer.begun, None);
    assert_eq!(Digest::of(project.bytes().as_bytes()).to_string(), current);
    assert_eq!(
        versions.bytes(&current).unwrap(),
        project.bytes().as_bytes()
    );
    assert_eq!(
        versions.history().unwrap().last().unwrap().to,
        Some(current)
    );
    assert_eq!(versions.list().unwrap().len() as u64, pointer.versions);
    assert_eq!(Audit::new(store).verify(None).unwrap().damage, None);
    assert_eq!(project.files(), 1, "nothing is left beside the file");
}

#[test]
fn promotion_counts_the_version_up_and_rollback_restores_the_bytes() {
    let project = Project::new();
    let store = open(project.folder.path());
    let versions = Versions::of(&store, BOT);
    let old = versions.pointer().unwrap().current.unwrap();
    let moved = versions
        .promote(
            &project.variant.hash,
            Some(&project.file()),
            &Promotion::default(),
            &by(3),
        )
        .unwrap();
    let wanted = variant_text("Be brief.").replace("1.0.0", "1.0.1");
    assert_eq!(
        project.bytes(),
        wanted,
        "comments, quotes and line ends stay"
    );
    assert_eq!(moved.version.name.as_deref(), Some("1.0.1"));
    assert_eq!(moved.version.origin, Origin::Promoted);
    assert_eq!(moved.version.parent, Some(old.clone()));
    assert_eq!(moved.version.evidence["variant"], project.variant.hash);
    assert_eq!(moved.version.evidence["gate"]["passed"], true);
    agree(&project, &store);

    let back = versions
        .rollback(None, Some(&project.file()), &by(4))
        .unwrap();
    assert_eq!(
        (back.version.hash, back.from),
        (old, Some(moved.version.hash))
    );
    assert_eq!(project.bytes(), OLD);
    agree(&project, &store);

    // A number that was used is not used again.
    let second = proposed(&versions, "Be very brief.");
    let moved = versions
        .promote(
            &second.hash,
            Some(&project.file()),
            &Promotion::default(),
            &by(5),
        )
        .unwrap();
    assert_eq!(moved.version.name.as_deref(), Some("1.0.2"));
    agree(&project, &store);
    let actions: Vec<_> = versions
        .history()
        .unwrap()
        .iter()
        .map(|m| m.action)
        .collect();
    assert_eq!(
        actions,
        [
            Action::Adopt,
            Action::Promote,
            Action::Rollback,
            Action::Promote
        ]
    );
    let logged = Audit::new(&store).entries(0, 99).unwrap();
    let logged: Vec<_> = logged
        .iter()
        .map(|entry| entry.event.action.as_str())
        .collect();
    assert_eq!(
        logged,
        [
            "adopt", "propose", "begin", "promote", "begin", "rollback", "propose", "begin",
            "promote"
        ]
    );
}

#[test]
fn what_passed_no_gate_against_the_version_in_force_is_refused() {
    let project = Project::new();
    let store = open(project.folder.path());
    let versions = Versions::of(&store, BOT);
    let file = project.file();
    let current = versions.pointer().unwrap().current.unwrap();
    let cases = [
        (json!(null), "has passed no gate"),
        (
            json!({"gate": {"passed": false, "baseline": current, "reasons": ["p is 0.3"]}}),
            "the gate refused",
        ),
        (
            json!({"gate": {"passed": true, "baseline": "0".repeat(64)}}),
            "is in force now",
        ),
    ];
    for (i, (evidence, wanted)) in cases.into_iter().enumerate() {
        let text = variant_text(&format!("Number {i}."));
        let variant = versions
            .propose(text.as_bytes(), None, evidence, &by(2))
            .unwrap();
        let error = versions
            .promote(&variant.hash, Some(&file), &Promotion::default(), &by(3))
            .unwrap_err();
        assert_eq!(error.code(), "BS-BOT-012");
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(project.bytes(), OLD);
        agree(&project, &store);
    }
    let variant = versions.list().unwrap().pop().unwrap();
    let open = Promotion::default().without_gate("an outage");
    versions
        .promote(&variant.hash, Some(&file), &open, &by(4))
        .unwrap();
    let note = versions.history().unwrap().pop().unwrap().note;
    assert_eq!(note.as_deref(), Some("without a gate: an outage"));
    agree(&project, &store);
}

#[test]
fn evidence_that_comes_later_is_added_and_decides() {
    let project = Project::new();
    let store = open(project.folder.path());
    let versions = Versions::of(&store, BOT);
    let current = versions.pointer().unwrap().current.unwrap();
    let text = variant_text("Be late.");
    let gate = |passed: bool| json!({"gate": {"passed": passed, "baseline": current}});
    let propose = |passed| {
        versions
            .propose(text.as_bytes(), None, gate(passed), &by(2))
            .unwrap()
    };
    let first = propose(false);
    let promote = || {
        versions.promote(
            &first.hash,
            Some(&project.file()),
            &Promotion::default(),
            &by(3),
        )
    };
    assert!(promote().is_err());
    let second = propose(true);
    assert_eq!((second.n, second.at_ms), (first.n, first.at_ms));
    assert_eq!(versions.get(&first.hash).unwrap().unwrap(), second);
    assert_eq!(versions.list().unwrap().last(), Some(&second));
    promote().unwrap();
    agree(&project, &store);
}

#[test]
fn an_advisory_verdict_is_no_pass_and_lets_a_person_promote() {
    let project = Project::new();
    let store = open(project.folder.path());
    let versions = Versions::of(&store, BOT);
    let current = versions.pointer().unwrap().current.unwrap();
    // As gates write it, and as a store may hold it that took advisory for passed.
    let written = json!({"gate": {"passed": false, "advisory": true, "baseline": current}});
    let kept = json!({"gate": {
        "passed": true, "baseline": current, "verdict": {"decision": "advisory"},
    }});
    for (text, evidence) in [("Be late.", written), ("Be early.", kept)] {
        let version = versions
            .propose(variant_text(text).as_bytes(), None, evidence, &by(2))
            .unwrap();
        let gate = version.gate().unwrap();
        assert_eq!((gate.passed, gate.advisory), (false, true), "{text}");
    }
    let last = versions.list().unwrap().pop().unwrap();
    versions
        .promote(
            &last.hash,
            Some(&project.file()),
            &Promotion::default(),
            &by(3),
        )
        .unwrap();
    agree(&project, &store);
}

#[test]
fn a_pinned_bot_is_neither_promoted_nor_rolled_back() {
    let project = Project::new();
    let store = open(project.folder.path());
    let versions = Versions::of(&store, BOT);
    let file = project.file();
    let first = versions.pointer().unwrap().current.unwrap();
    versions
        .promote(
            &project.variant.hash,
            Some(&file),
            &Promotion::default(),
            &by(3),
        )
        .unwrap();
    // Pinning another version brings it into force.
    versions.pin(Some(&first), Some(&file), &by(4)).unwrap();
    assert_eq!(project.bytes(), OLD);
    agree(&project, &store);
    let second = proposed(&versions, "Be kind.");
    let promotion = Promotion::default();
    for error in [
        versions
            .promote(&second.hash, Some(&file), &promotion, &by(5))
            .unwrap_err(),
        versions.rollback(None, Some(&file), &by(5)).unwrap_err(),
    ] {
        assert!(error.to_string().contains("pinned"), "{error}");
    }
    assert!(versions.unpin(&by(6)).unwrap());
    assert!(!versions.unpin(&by(6)).unwrap());
    versions
        .promote(&second.hash, Some(&file), &promotion, &by(7))
        .unwrap();
    agree(&project, &store);
}

#[test]
fn a_file_that_was_edited_by_hand_is_kept_before_it_is_replaced() {
    let project = Project::new();
    let store = open(project.folder.path());
    let versions = Versions::of(&store, BOT);
    let file = project.file();
    let edited = OLD.replace("Sum", "Summer");
    std::fs::write(&file, &edited).unwrap();
    // The gate compared with the version before the edit.
    let error = versions
        .promote(
            &project.variant.hash,
            Some(&file),
            &Promotion::default(),
            &by(3),
        )
        .unwrap_err();
    assert!(error.to_string().contains("is in force now"), "{error}");
    assert_eq!(project.bytes(), edited);
    agree(&project, &store);
    versions.rollback(None, Some(&file), &by(4)).unwrap();
    assert_eq!(project.bytes(), OLD);
    versions.rollback(None, Some(&file), &by(5)).unwrap();
    assert_eq!(project.bytes(), edited, "nothing was lost");
    agree(&project, &store);
}

#[test]
fn versions_are_found_by_the_names_that_people_give_them() {
    let project = Project::new();
    let store = open(project.folder.path());
    let versions = Versions::of(&store, BOT);
    let moved = versions
        .promote(&project.variant.hash, None, &Promotion::default(), &by(3))
        .unwrap();
    let first = versions.find("1.0.0").unwrap();
    assert_eq!(
        first.origin,
        Origin::Found,
        "the variant of that name was never in the file"
    );
    assert_eq!(versions.find("current").unwrap(), moved.version);
    assert_eq!(versions.find("previous").unwrap(), first);
    assert_eq!(
        versions
            .find(&moved.version.hash[..6].to_uppercase())
            .unwrap(),
        moved.version
    );
    for (name, wanted) in [
        ("pinned", "no version is pinned"),
        ("curent", "did you mean `current`?"),
        ("abc", "lists all 3"),
    ] {
        let error = versions.find(name).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let known = Versions::bots(&store).unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].bot.as_str(), known[0].versions), (BOT, 3));
}

#[cfg(unix)]
#[test]
fn a_link_and_the_rights_of_its_file_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let project = Project::new();
    let store = open(project.folder.path());
    let real = project.file();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = project.folder.path().join("link.yml");
    symlink(&real, &link).unwrap();
    Versions::of(&store, BOT)
        .promote(
            &project.variant.hash,
            Some(&link),
            &Promotion::default(),
            &by(3),
        )
        .unwrap();
    assert!(link.is_symlink());
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    agree(&project, &store);
}

#[test]
fn many_at_one_bot_leave_one_whole_version() {
    let project = Project::new();
    let file = project.file();
    let path = project.folder.path();
    std::thread::scope(|scope| {
        for i in 0..4 {
            let file = &file;
            scope.spawn(move || {
                let store = open(path);
                let versions = Versions::of(&store, BOT);
                let open = Promotion::default().without_gate("a race");
                for round in 0..3 {
                    let text = variant_text(&format!("Number {i} of {round}."));
                    let variant = versions
                        .propose(text.as_bytes(), None, json!(null), &by(i))
                        .unwrap();
                    versions
                        .promote(&variant.hash, Some(file), &open, &by(i))
                        .unwrap();
                }
            });
        }
    });
    let store = open(path);
    agree(&project, &store);
    let versions = Versions::of(&store, BOT);
    assert_eq!(
        versions.find("current").unwrap().name.as_deref(),
        Some("1.0.12")
    );
    assert_eq!(versions.list().unwrap().len(), 2 + 12 + 12);
}

// A process that is killed: this test's own program, started again for one ignored test.

const TASK: &str = "BOTSMITH_TEST_TASK";
const FOLDER: &str = "BOTSMITH_TEST_FOLDER";
const STOP: &str = "BOTSMITH_TEST_STOP";

/// Every write that a change makes, in order.
const STOPS: [&str; 9] = [
    "begin",
    "draft",
    "first half",
    "second half",
    "sync",
    "rename",
    "sync of the folder",
    "pointer",
    "end",
];

#[test]
#[ignore = "runs in a process of its own, started by other tests"]
fn changes_and_waits_at_one_write() {
    let Ok(task) = env::var(TASK) else { return };
    let folder = PathBuf::from(env::var_os(FOLDER).unwrap());
    let stop = env::var(STOP).unwrap();
    let store = open(&folder);
    let wait = |step: &'static str| {
        if step == stop {
            let mut out = std::io::stdout().lock();
            out.write_all(b"at the write\n").unwrap();
            out.flush().unwrap();
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    };
    let versions = Versions::of(&store, BOT).watched(&wait);
    let file = folder.join(BOT);
    match task.as_str() {
        "settle" => drop(versions.settle(&file, &by(8)).unwrap()),
        "rollback" => drop(versions.rollback(None, Some(&file), &by(9)).unwrap()),
        hash => {
            let promotion = Promotion::default();
            drop(
                versions
                    .promote(hash, Some(&file), &promotion, &by(9))
                    .unwrap(),
            );
        }
    }
}

/// Starts a change in a process of its own and kills it before one write.
fn kill_at(project: &Project, task: &str, stop: &str) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "changes_and_waits_at_one_write",
            "--ignored",
            "--nocapture",
        ])
        .env(TASK, task)
        .env(FOLDER, project.folder.path())
        .env(STOP, stop)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let came = lines.any(|line| line.unwrap().contains("at the write"));
    assert!(came, "{task} never came to `{stop}`");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_at_any_write_of_promote_leaves_the_old_or_the_new_version() {
    for stop in STOPS {
        let project = Project::new();
        let new = variant_text("Be brief.").replace("1.0.0", "1.0.1");
        kill_at(&project, &project.variant.hash, stop);
        let renamed =
            STOPS.iter().position(|s| *s == stop) > STOPS.iter().position(|s| *s == "rename");
        let left = project.bytes();
        assert_eq!(left, if renamed { new.as_str() } else { OLD }, "at {stop}");

        let store = open(project.folder.path());
        let versions = Versions::of(&store, BOT);
        match versions.settle(&project.file(), &by(10)).unwrap() {
            None => assert!(["begin", "end"].contains(&stop), "at {stop}"),
            Some(Settled::Finished(_)) => assert!(renamed, "at {stop}"),
            Some(Settled::Undone(_)) => assert!(!renamed, "at {stop}"),
        }
        assert_eq!(project.bytes(), left, "at {stop}");
        agree(&project, &store);
        if !renamed {
            let promotion = Promotion::default();
            let moved = versions
                .promote(
                    &project.variant.hash,
                    Some(&project.file()),
                    &promotion,
                    &by(11),
                )
                .unwrap();
            assert_eq!(moved.version.name.as_deref(), Some("1.0.1"));
        }
        assert_eq!(project.bytes(), new);
        agree(&project, &store);
    }
}

#[test]
fn a_kill_at_any_write_of_rollback_leaves_the_new_or_the_old_version() {
    for stop in STOPS {
        let project = Project::new();
        let store = open(project.folder.path());
        let promotion = Promotion::default();
        Versions::of(&store, BOT)
            .promote(
                &project.variant.hash,
                Some(&project.file()),
                &promotion,
                &by(3),
            )
            .unwrap();
        let new = project.bytes();
        drop(store);
        kill_at(&project, "rollback", stop);
        let left = project.bytes();
        assert!(left == OLD || left == new, "at {stop}: {left}");

        // The next command settles it before it does its own work.
        let store = open(project.folder.path());
        let versions = Versions::of(&store, BOT);
        if left == new {
            let moved = versions
                .rollback(None, Some(&project.file()), &by(10))
                .unwrap();
            let undone = matches!(moved.settled, Some(Settled::Undone(_)));
            assert_eq!(undone, stop != "begin", "at {stop}");
        } else {
            versions.settle(&project.file(), &by(10)).unwrap();
        }
        assert_eq!(project.bytes(), OLD);
        agree(&project, &store);
    }
}

#[test]
fn a_kill_while_a_killed_change_is_settled_is_settled_too() {
    for stop in ["second half", "pointer"] {
        let project = Project::new();
        kill_at(&project, &project.variant.hash, stop);
        kill_at(&project, "settle", "settling");
        let left = project.bytes();
        let store = open(project.folder.path());
        let versions = Versions::of(&store, BOT);
        assert!(versions.settle(&project.file(), &by(10)).unwrap().is_some());
        assert_eq!(project.bytes(), left);
        agree(&project, &store);
    }
}
