//! The overlap guard: a parent, a variant and the cases -> the places where the variant copies what it may
//! not.
//!
//! A bot that has the gate's answers in its prompt passes every gate. So no part of a variant shares eight
//! words in a row with a case of dev or gate: its input, conversation, references, context and other
//! fields, or what people corrected and remarked on it; unless its parent had them. Text that instructs
//! (all but `botsmith.examples`) shares none with cases of train either, and examples hold cases of train
//! alone. Words are runs of letters and digits as Unicode segments them, in lower case.
//!
//! Shorter texts share no eight words: an example whose question is, word for word, that of a case of dev
//! or gate is refused all the same. A paraphrase passes. Nothing here shows a word of dev or gate: an
//! [`Overlap`] names the place in the variant and the case.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::{Cases, Said, Use};

/// Words in a row that count as copied.
pub const GRAM: usize = 8;
/// Places that are listed of one variant.
const LISTED: usize = 20;

/// A place where a variant copies what it may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The text in the variant, as a JSON Pointer: `/botsmith/examples/1/user`.
    pub place: String,
    /// The first word that is copied, from 1; 0 where the text as a whole is what is wrong.
    pub word: usize,
    /// The use of the case that it is copied from; none for an example that is no case of train.
    #[serde(rename = "use")]
    pub of: Option<Use>,
    /// The case that it is copied from, by its id.
    pub case: Option<String>,
}

impl std::fmt::Display for Overlap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, word, .. } = self;
        match (self.of, &self.case) {
            (Some(of), Some(case)) if *word > 0 => write!(
                f,
                "{place} shares {GRAM} words from word {word} on with {} case {}",
                of.as_str(),
                short(case)
            ),
            (Some(of), Some(case)) => write!(
                f,
                "{place} is the question of {} case {}",
                of.as_str(),
                short(case)
            ),
            _ => write!(f, "{place} is no question of a train case"),
        }
    }
}

/// An id that fits in a line.
fn short(id: &str) -> String {
    match id.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &id[..cut.min(12)]),
        None => id.to_owned(),
    }
}

/// What variants may not copy.
#[derive(Debug)]
pub struct Guard {
    /// Runs of words of dev and gate -> the case.
    held: HashMap<u64, (Use, usize)>,
    /// Runs of words of train.
    train: HashMap<u64, usize>,
    /// Questions of dev and gate as a whole.
    questions: HashMap<u64, (Use, usize)>,
    /// Questions of train as a whole.
    taught: HashSet<u64>,
    ids: Vec<String>,
}

impl Guard {
    /// The guard over all cases and all that was said of their answers.
    ///
    /// ```
    /// # use botsmith_core::yaml::Source;
    /// # use botsmith_eval::{evaluators::Registry, suite::{Overrides, Suite}};
    /// use botsmith_eval::hone::{Cases, Guard, Split, Use};
    /// use serde_json::json;
    /// # let text = "
    /// # version: 1
    /// # dataset: [{id: d, input: One two three four five six seven eight nine?, r: x}]
    /// # bots: [{name: b, recorded: {answer: /r}}]
    /// # evaluators: [equals: {value: x}]
    /// # ";
    /// # let suite = Suite::read(&Source::new("s.yaml", text), &Registry::builtin(), &Overrides::default())?;
    /// let cases = Cases::read(&suite, &Split::default())?;   // one case, `d`, of dev
    /// let guard = Guard::new(&cases, &[]);
    /// let variant = json!({"behaviors": {"interaction": {"directive":
    ///     "Mind: ONE, two three four five six seven eight!"}}});
    /// let found = &guard.check(&json!({}), &variant)[0];
    /// assert_eq!((found.place.as_str(), found.word), ("/behaviors/interaction/directive", 2));
    /// assert_eq!((found.of, found.case.as_deref()), (Some(Use::Dev), Some("d")));
    /// assert_eq!(guard.check(&variant, &variant), []);
    /// # Ok::<(), botsmith_eval::Error>(())
    /// ```
    pub fn new(cases: &Cases, said: &[Said]) -> Self {
        let mut guard = Self {
            held: HashMap::new(),
            train: HashMap::new(),
            questions: HashMap::new(),
            taught: HashSet::new(),
            ids: Vec::new(),
        };
        for of in Use::ALL {
            for (at, known) in cases.of(of) {
                let case = &known.case;
                let question = whole(&words(&case.input));
                match of {
                    Use::Train => {
                        guard.taught.insert(question);
                    }
                    _ => {
                        guard.questions.entry(question).or_insert((of, at));
                    }
                }
                guard.add(of, at, &case.input);
                let messages = case.messages.iter().map(crate::Message::text);
                messages.for_each(|text| guard.add(of, at, &text));
                let more = case.references.iter().chain(&case.context);
                more.for_each(|text| guard.add(of, at, text));
                for value in case.vars.values() {
                    texts(value, &mut String::new(), &mut |_, text| {
                        guard.add(of, at, text);
                    });
                }
            }
        }
        for said in said {
            let Some(at) = cases.find(&said.case) else {
                continue;
            };
            let of = cases.known(at).of;
            for text in said.texts() {
                guard.add(of, at, text);
            }
        }
        guard.ids = (0..)
            .map_while(|at| cases.get(at))
            .map(|known| known.case.id.clone())
            .collect();
        guard
    }

    fn add(&mut self, of: Use, at: usize, text: &str) {
        for gram in grams(&words(text)) {
            match of {
                Use::Train => {
                    self.train.entry(gram).or_insert(at);
                }
                _ => {
                    self.held.entry(gram).or_insert((of, at));
                }
            }
        }
    }

    /// Whether a question and its answer may stand in an example: neither copies dev or gate.
    pub(super) fn may_teach(&self, question: &str, answer: &str) -> bool {
        let asked = words(question);
        let free = |words: &[String]| grams(words).all(|gram| !self.held.contains_key(&gram));
        free(&asked) && free(&words(answer)) && !self.questions.contains_key(&whole(&asked))
    }

    /// Where a variant copies what it may not, at most twenty places; both as their cartridges are
    /// written.
    pub fn check(&self, parent: &Value, variant: &Value) -> Vec<Overlap> {
        let mut had = HashSet::new();
        texts(parent, &mut String::new(), &mut |_, text| {
            had.extend(grams(&words(text)));
        });
        let mut found = Vec::new();
        texts(variant, &mut String::new(), &mut |place, text| {
            let example = place.starts_with("/botsmith/examples/");
            let overlap = grams(&words(text)).enumerate().find_map(|(word, gram)| {
                if had.contains(&gram) {
                    return None;
                }
                let train = || match example {
                    true => None,
                    false => self.train.get(&gram).map(|at| (Use::Train, *at)),
                };
                let (of, at) = self.held.get(&gram).copied().or_else(train)?;
                Some(self.overlap(place, word + 1, Some((of, at))))
            });
            found.extend(overlap);
        });
        found.extend(self.examples(parent, variant));
        found.sort_by(|a, b| a.place.cmp(&b.place));
        found.truncate(LISTED);
        found
    }

    /// Examples that the parent has not: questions of train cases, and of no others.
    fn examples(&self, parent: &Value, variant: &Value) -> Vec<Overlap> {
        let list = |value: &Value| -> Vec<Value> {
            let examples = value.pointer("/botsmith/examples");
            examples
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        let had = list(parent);
        let mut found = Vec::new();
        for (i, example) in list(variant).iter().enumerate() {
            if had.contains(example) {
                continue;
            }
            let question = whole(&words(example["user"].as_str().unwrap_or_default()));
            let place = format!("/botsmith/examples/{i}/user");
            if let Some(case) = self.questions.get(&question) {
                found.push(self.overlap(&place, 0, Some(*case)));
            } else if !self.taught.contains(&question) {
                found.push(self.overlap(&place, 0, None));
            }
        }
        found
    }

    fn overlap(&self, place: &str, word: usize, with: Option<(Use, usize)>) -> Overlap {
        Overlap {
            place: place.to_owned(),
            word,
            of: with.map(|(of, _)| of),
            case: with.map(|(_, at)| self.ids[at].clone()),
        }
    }
}

/// The words of a text, in lower case.
fn words(text: &str) -> Vec<String> {
    text.unicode_words().map(str::to_lowercase).collect()
}

/// Every run of [`GRAM`] words.
fn grams(words: &[String]) -> impl Iterator<Item = u64> + '_ {
    words.windows(GRAM).map(whole)
}

fn whole(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// All texts of a tree with their JSON Pointers, names of keys included.
fn texts(value: &Value, place: &mut String, each: &mut impl FnMut(&str, &str)) {
    let end = place.len();
    match value {
        Value::String(text) => each(place, text),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                place.push('/');
                place.push_str(&i.to_string());
                texts(item, place, each);
                place.truncate(end);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                place.push('/');
                place.push_str(&key.replace('~', "~0").replace('/', "~1"));
                each(place, key);
                texts(item, place, each);
                place.truncate(end);
            }
        }
        _ => {}
    }
}
