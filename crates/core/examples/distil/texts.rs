//! Files -> texts: `WordNet`'s glosses and examples, gsm8k's questions, a treebank's sentences, a book's prose.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Failure;
use crate::chance::Chance;

/// Texts that are drawn together.
const RUN: usize = 16;

/// Texts of `WordNet`'s database files, in their order, which keeps what is alike together: every other definition behind
/// its first word ("lard: soft white fat"), the examples, and the words of synsets with several ("car, auto, machine").
/// Of more than `most`, runs of 16 drawn by lot.
pub(crate) fn wordnet(folder: &Path, most: usize) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    for part in ["noun", "verb", "adj", "adv"] {
        let file = fs::read(folder.join(format!("data.{part}")))?;
        let file = String::from_utf8_lossy(&file);
        for (at, line) in file
            .lines()
            .filter(|line| !line.starts_with(' '))
            .enumerate()
        {
            let Some((synset, gloss)) = line.split_once(" | ") else {
                continue;
            };
            let fields: Vec<&str> = synset.split(' ').collect();
            let count = usize::from_str_radix(fields[3], 16)?;
            let words: Vec<String> = (0..count)
                .map(|word| fields[4 + 2 * word].replace('_', " "))
                .map(|word| word.split('(').next().unwrap_or_default().to_owned())
                .collect();
            let (definition, examples) = match gloss.split_once('"') {
                Some((definition, rest)) => (definition, rest.split('"').step_by(2).collect()),
                None => (gloss, Vec::new()),
            };
            let definition = definition.trim().trim_end_matches([';', ':']);
            texts.push(match at % 2 {
                0 => format!("{}: {definition}", words[0]),
                _ => definition.to_owned(),
            });
            texts.extend(
                examples
                    .iter()
                    .map(|example: &&str| example.trim().to_owned()),
            );
            if words.len() > 1 {
                texts.push(words.join(", "));
            }
        }
    }
    let mut seen = HashSet::new();
    texts.retain(|text| text.len() > 2 && seen.insert(text.clone()));
    let mut runs: Vec<usize> = (0..texts.len().div_ceil(RUN)).collect();
    Chance::new(1).shuffle(&mut runs);
    runs.truncate(most.div_ceil(RUN));
    runs.sort_unstable();
    Ok(runs
        .iter()
        .flat_map(|run| texts[run * RUN..].iter().take(RUN).cloned())
        .collect())
}

/// The sentences of gsm8k's questions: of even rows those to learn from, of odd rows those to be measured with, in runs
/// that belong together (a question's sentences, then those of its right answer).
pub(crate) fn gsm8k(path: &Path) -> Result<(Vec<String>, Vec<Vec<String>>), Failure> {
    let (mut lessons, mut held) = (Vec::new(), Vec::new());
    for (row, line) in fs::read_to_string(path)?.lines().enumerate() {
        let row_value: Value = serde_json::from_str(line)?;
        let question = row_value["question"].as_str().unwrap_or_default();
        if row % 2 == 0 {
            lessons.push(question.to_owned());
            lessons.extend(sentences(question));
        } else {
            let mut run = sentences(question);
            let answer = row_value["ground_truth"].as_str().unwrap_or_default();
            run.extend(
                answer
                    .lines()
                    .filter(|line| !line.starts_with("A:"))
                    .map(without_sums),
            );
            held.push(run);
        }
    }
    Ok((lessons, held))
}

/// The answer without the calculator's marks `<<16-3=13>>`.
fn without_sums(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("<<") {
        plain.push_str(before);
        rest = after.split_once(">>").map_or("", |(_, after)| after);
    }
    plain + rest
}

/// The sentences of a treebank, in order.
pub(crate) fn sentences_of_treebank(path: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(path)?;
    Ok(text
        .lines()
        .filter_map(|line| line.strip_prefix("# text = "))
        .map(str::to_owned)
        .collect())
}

/// The sentences of a book's paragraphs: no code, no tables, no headings.
pub(crate) fn prose(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut paths: Vec<_> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path)?;
        let mut code = false;
        for paragraph in text.split("\n\n") {
            let plain =
                !code && !paragraph.contains("```") && !paragraph.contains(['|', '<', '{', '`']);
            code ^= paragraph.matches("```").count() % 2 == 1;
            if plain && paragraph.starts_with(|c: char| c.is_alphabetic()) {
                found.extend(sentences(&paragraph.replace('\n', " ")));
            }
        }
    }
    Ok(found)
}

/// Roughly: an ending mark, a space, and what is no small letter.
fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for at in 1..bytes.len().saturating_sub(1) {
        let ends = matches!(bytes[at - 1], b'.' | b'?' | b'!') && bytes[at] == b' ';
        if ends && !bytes[at + 1].is_ascii_lowercase() {
            found.push(text[start..at].trim().to_owned());
            start = at;
        }
    }
    found.push(text[start..].trim().to_owned());
    found.retain(|sentence| sentence.split(' ').count() >= 3);
    found
}
