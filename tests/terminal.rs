//! The conversation at a terminal, as a person has it: on a pseudo-terminal, with the real keys; and the bar of
//! a run that takes long.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests may")]

mod common;

use std::process::Stdio;

use common::Folder;
use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

/// Far more than anything takes; a test that fails waits for so long.
const PATIENCE: u64 = 20_000;

const SLOW: &str = "\
meta: {name: Slow, author: Ada, version: 1.0.0}
interfaces:
  repl: {prompt: [{text: slow, color: yellow}, {text: '> '}]}
  output: {color: green}
tools: [{name: clock, lua: return 'noon'}]
provider:
  id: script
  settings:
    pace: 20ms
    pieces: words
    answers:
      - {when: long, say: 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen \
fifteen sixteen seventeen eighteen nineteen twenty 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 \
41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 \
77 78 79 80 81 82 83 84 85 86 87 88 89 90 the-end'}
      - {when: time, calls: [{tool: clock, arguments: {}}]}
      - {when: {tool: clock}, say: 'asked-the-clock'}
    otherwise: 'heard-{{ input | length }}'
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("slow.yml", SLOW);
    folder
}

fn talk(folder: &Folder, more: &[(&str, &str)]) -> PtySession {
    let mut command = folder.command(&["bot", "repl", "slow.yml"]);
    command
        .env("TERM", "xterm")
        .envs(more.iter().copied())
        .stdin(Stdio::inherit());
    let mut person = spawn_command(command, Some(PATIENCE)).unwrap();
    prompt(&mut person);
    person
}

#[track_caller]
fn prompt(person: &mut PtySession) {
    person.exp_string("\u{1b}[33mslow").unwrap();
    // The screen is drawn; from now on keys are heard.
    person.exp_string("\u{1b}[?2026l").unwrap();
}

/// Types a line and waits for words in the answer; gives what was shown before them.
#[track_caller]
fn say(person: &mut PtySession, line: &str, wanted: &str) -> String {
    person.send(&format!("{line}\r")).unwrap();
    person.flush().unwrap();
    person.exp_string(wanted).unwrap()
}

#[track_caller]
fn leaves(mut person: PtySession) {
    person.send_control('d').unwrap();
    person.exp_eof().unwrap();
    let status = person.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[test]
fn answers_have_colours_and_ctrl_d_leaves() {
    let folder = folder();
    let mut person = talk(&folder, &[]);
    let shown = say(&mut person, "hello", "heard-5");
    assert!(shown.contains("\u{1b}[32m"), "{shown:?}");
    prompt(&mut person);
    leaves(person);
}

#[test]
fn ctrl_c_ends_the_answer_and_not_the_conversation() {
    let folder = folder();
    let mut person = talk(&folder, &[]);
    say(&mut person, "long", "three");
    person.send_control('c').unwrap();
    let shown = person.exp_string("stopped").unwrap();
    assert!(!shown.contains("the-end"), "{shown}");
    prompt(&mut person);
    say(&mut person, "hello", "heard-5");
    prompt(&mut person);
    // At the prompt it takes away the line that was begun.
    person.send("begun").unwrap();
    person.send_control('c').unwrap();
    prompt(&mut person);
    say(&mut person, "ab", "heard-2");
    prompt(&mut person);
    leaves(person);
}

#[test]
fn ctrl_c_at_a_tool_s_question_stops_the_turn_and_the_next_line_is_said_to_the_bot() {
    let folder = folder();
    let mut person = talk(&folder, &[]);
    say(&mut person, "time", "[yN]");
    person.send_control('c').unwrap();
    person.exp_string("stopped").unwrap();
    prompt(&mut person);
    say(&mut person, "hello", "heard-5");
    prompt(&mut person);
    say(&mut person, "time", "[yN]");
    say(&mut person, "y", "asked-the-clock");
    prompt(&mut person);
    leaves(person);
}

#[test]
fn texts_of_several_lines_and_misspelt_commands() {
    let folder = folder();
    let mut person = talk(&folder, &[]);
    person.send("one\\\r").unwrap();
    say(&mut person, "two", "heard-7");
    prompt(&mut person);
    person.send("\"\"\"\r").unwrap();
    person.send("a\r").unwrap();
    say(&mut person, "b\"\"\"", "heard-3");
    prompt(&mut person);
    say(&mut person, "/hlp", "did you mean `/help`?");
    prompt(&mut person);
    say(&mut person, "/help", "Ctrl-C ends an answer");
    prompt(&mut person);
    say(&mut person, "/exit", "");
    person.exp_eof().unwrap();
}

#[test]
fn lines_come_back_in_the_next_conversation_unless_sessions_are_sealed() {
    let folder = folder();
    let mut person = talk(&folder, &[]);
    say(&mut person, "remembered", "heard-10");
    prompt(&mut person);
    leaves(person);
    let mut person = talk(&folder, &[]);
    person.send("\u{1b}[A").unwrap();
    person.flush().unwrap();
    person.exp_string("remembered").unwrap();
    person.send_control('c').unwrap();
    prompt(&mut person);
    leaves(person);

    let password = [("NANO_BOTS_ENCRYPTION_PASSWORD", "open sesame")];
    let mut person = talk(&folder, &password);
    say(&mut person, "confidential", "heard-12");
    prompt(&mut person);
    leaves(person);
    let kept = folder.read(".botsmith/repl-history");
    assert!(kept.contains("remembered"), "{kept}");
    assert!(!kept.contains("confidential"), "{kept}");
}

/// A suite that asks a bot twice a second, eight times.
fn slow_suite() -> Folder {
    let folder = folder();
    let cases = "{input: long, n: 1}, {input: long, n: 2}, {input: long, n: 3}, {input: long, n: 4}, \
                 {input: long, n: 5}, {input: long, n: 6}, {input: long, n: 7}, {input: long, n: 8}";
    folder.write(
        "suite.yaml",
        format!("version: 1\ndataset: [{cases}]\nbots: [{{cartridge: slow.yml, rate: 2/s}}]\nevaluators: [{{contains: the-end}}]\n"),
    );
    folder
}

#[test]
fn a_bar_on_a_terminal_shows_how_far_a_run_is_and_goes_when_it_is_done() {
    let folder = slow_suite();
    let mut command = folder.command(&["eval", "suite.yaml", "--store", "memory:"]);
    command.env("TERM", "xterm");
    let mut run = spawn_command(command, Some(PATIENCE)).unwrap();
    let before = run.exp_string(" of 8 answers").unwrap();
    assert!(before.contains(" %"), "{before:?}");
    // The line is cleared before the report is printed.
    let drawn = run.exp_string("\u{1b}[1msuite").unwrap();
    assert!(drawn.contains("\u{1b}[2K"), "{drawn:?}");
    let report = run.exp_eof().unwrap();
    assert!(!report.contains(" of 8 answers"), "{report:?}");
}

#[test]
fn no_bar_is_drawn_where_stderr_is_no_terminal_or_quiet_is_wanted() {
    let folder = slow_suite();
    let ran = folder
        .run(&["eval", "suite.yaml", "--store", "memory:"])
        .ends(0);
    assert_eq!(ran.stderr, "");
    let mut command = folder.command(&["eval", "suite.yaml", "--store", "memory:", "--quiet"]);
    command.env("TERM", "xterm");
    let mut run = spawn_command(command, Some(PATIENCE)).unwrap();
    let shown = run.exp_eof().unwrap();
    assert!(!shown.contains(" of 8 answers"), "{shown:?}");
}
