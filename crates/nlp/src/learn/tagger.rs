//! Tagged sentences -> the networks of the tagger, its labels and its lemmas.
//!
//! Networks of several seeds may vote; one is the rule. Once they have learned, rows of the tables that
//! weigh least are left out, what stays is rounded to four bits, and the layers behind learn a little more,
//! taught by what they were before.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fit::{Lesson, Pass, Plan, fit};
use super::labels::{Counted, Lists, count, words};
use super::loss::Goal;
use super::net::{Dropout, Example, Net, Shape};
use super::rng::Rng;
use super::sentence::{HEADS, Noise, Sentence, judge, sentences};
use super::syntax::Syntax;
use super::train::Columns;
use super::words::{LEFT_OUT, Vocabulary, contexts_of, frequent};
use super::{prune, quantise};
use crate::Doc;
use crate::doc::Word;
use crate::features::Features;
use crate::lexicon::Lexicon;
use crate::model::Sizes;

/// Sizes of one network.
pub(crate) const SIZES: Sizes = Sizes {
    word: 128,
    hidden: 256,
    state: 128,
    dense: 192,
};
/// Times that features of forms and contexts must be seen to be learned.
const LEAST_SEEN: u32 = 3;
const LEAST_CONTEXT: u32 = 7;
/// Passes over rounded tables.
const ROUNDED_EPOCHS: usize = 1;

/// What is needed to learn.
pub(crate) struct Task<'a> {
    pub(crate) train: &'a [&'a Doc],
    pub(crate) dev: &'a [&'a Doc],
    pub(crate) columns: Columns,
    pub(crate) epochs: usize,
    pub(crate) members: usize,
    pub(crate) seed: u64,
}

/// Hears of a stage, the number of the network and each of its passes.
pub(crate) type Watch<'a> = dyn Fn(&str, usize, Pass) + Sync + 'a;

/// Everything that networks learn from.
struct School<'a> {
    task: &'a Task<'a>,
    train: Vec<Sentence>,
    dev: Vec<Example>,
    lengths: Vec<usize>,
    watch: &'a Watch<'a>,
}

impl School<'_> {
    /// Fits one network; `stage` and `number` are for whoever watches.
    fn fit(
        &self,
        (stage, number): (&str, usize),
        net: &mut Net,
        plan: &Plan,
        teacher: Option<&Net>,
        rng: &mut Rng,
    ) {
        let noise = Noise::tagger();
        let lesson = Lesson {
            lengths: &self.lengths,
            example: &|at, rng| self.train[at].changed(&noise, rng),
            teacher,
            judge: &|net, work| judge(net, &self.dev, work),
            watch: &|pass| (self.watch)(stage, number, pass),
        };
        fit(net, plan, &lesson, rng);
    }
}

/// Does `work` for each number below `count`, as many at a time as there are processors; the results
/// come in order.
fn side_by_side<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let result = work(number);
                    done.lock()
                        .expect("no thread panics while it holds this")
                        .insert(number, result);
                }
            });
        }
    });
    let done = done.into_inner().expect("all threads have ended well");
    done.into_values().collect()
}

/// Learns the tagger, its networks at the same time, and appends its sections.
pub(crate) fn learn(task: &Task<'_>, watch: &Watch<'_>, out: &mut Vec<(String, Vec<u8>)>) -> Lists {
    let counted = count(task.train, task.columns);
    let mut vocabulary = Vocabulary::count(words(task.train).map(Word::form), LEAST_SEEN, 2);
    let mut features = Features::default();
    let found = task.train.iter().flat_map(|doc| doc.sentences());
    let (mut contexts, seen) = frequent(
        found.flat_map(|sentence| contexts_of(sentence.words().map(Word::form), &mut features)),
        LEAST_CONTEXT,
    );
    let syntax = Syntax::count(task.train);
    let read = |docs| {
        sentences(
            docs,
            &counted,
            &syntax,
            task.columns,
            &vocabulary,
            &contexts,
        )
    };
    let train = read(task.train);
    let mut dev = read(task.dev);
    let mut school = School {
        task,
        lengths: train.iter().map(Sentence::len).collect(),
        train,
        dev: dev.iter().map(Sentence::plain).collect(),
        watch,
    };
    let shape = shape(&counted, &syntax, vocabulary.rows(), contexts.len());
    let mut nets = members(&school, &shape);

    let kept = prune::heaviest(&nets, |row| vocabulary.seen(row), &seen);
    let (rows, places) = (kept.rows.len(), kept.contexts.len());
    vocabulary.keep_rows(&kept.rows);
    contexts = kept.contexts.iter().map(|row| contexts[*row]).collect();
    let (new_rows, new_contexts) = (
        new_places(&kept.rows, shape.rows),
        new_places(&kept.contexts, shape.contexts),
    );
    for sentence in school.train.iter_mut().chain(&mut dev) {
        sentence.move_rows(&new_rows, &new_contexts);
    }
    school.dev = dev.iter().map(Sentence::plain).collect();
    for net in &mut nets {
        net.table.keep_rows(&kept.rows);
        net.contexts.keep_rows(&kept.contexts);
        net.keep_heads(HEADS);
        (net.shape.rows, net.shape.contexts) = (rows, places);
    }
    let nets = rounded(&school, &nets);

    out.push(("tag.features".into(), Lexicon::write(&vocabulary.hashes)));
    out.push(("tag.contexts".into(), Lexicon::write(&contexts)));
    for (member, net) in nets.iter().enumerate() {
        quantise::sections(&format!("tag{member}"), net, out);
    }
    let (forms, choices) = counted.choices(task.train, task.columns);
    let (lemmas, scripts) = counted.lemmas(task.train, task.columns);
    for (name, bytes) in [
        ("tag.forms", forms),
        ("tag.choices", choices),
        ("tag.lemmas", lemmas),
        ("tag.scripts", scripts),
    ] {
        out.push((name.into(), bytes));
    }
    counted.lists
}

fn shape(counted: &Counted<'_>, syntax: &Syntax, rows: usize, contexts: usize) -> Shape {
    let lists = &counted.lists;
    Shape {
        rows,
        contexts,
        word: SIZES.word,
        hidden: SIZES.hidden,
        state: SIZES.state,
        dense: SIZES.dense,
        heads: [
            lists.xpos.len(),
            lists.upos.len(),
            lists.feats.len(),
            lists.scored,
        ]
        .into_iter()
        .chain(syntax.sizes())
        .collect(),
    }
}

fn plan(epochs: usize) -> Plan {
    Plan {
        epochs,
        batch: 400,
        rate: 0.003,
        last_rate: 0.02,
        dropout: Dropout {
            input: 0.15,
            hidden: 0.25,
            summary: 0.15,
            dense: 0.3,
        },
        goal: Goal {
            weights: vec![1.0, 0.5, 1.0, 0.5, 0.4, 0.3],
            smoothing: 0.03,
            taught: 0.9,
        },
        patience: 8,
        averaged: 0.4,
    }
}

fn members(school: &School<'_>, shape: &Shape) -> Vec<Net> {
    let task = school.task;
    let plan = plan(task.epochs);
    side_by_side(task.members, |number| {
        let mut rng = Rng::new(task.seed.wrapping_add(number as u64 * 0x1000));
        let mut net = Net::new(shape.clone(), &mut rng);
        school.fit(("tags", number), &mut net, &plan, None, &mut rng);
        net
    })
}

/// Rounds the tables, and lets the layers behind them learn on: what they were teaches them.
fn rounded(school: &School<'_>, nets: &[Net]) -> Vec<Net> {
    let plan = Plan {
        rate: 0.0003,
        averaged: 1.0,
        ..plan(ROUNDED_EPOCHS)
    };
    let task = school.task;
    side_by_side(nets.len(), |number| {
        let mut rng = Rng::new(task.seed.wrapping_add(0x4000 + number as u64 * 0x1000));
        let before = &nets[number];
        let mut net = before.clone();
        quantise::round(&mut net.table);
        quantise::round(&mut net.contexts);
        let teacher = Some(before);
        school.fit(("rounding", number), &mut net, &plan, teacher, &mut rng);
        net
    })
}

/// Where each of `all` rows went when `kept` were kept.
fn new_places(kept: &[usize], all: usize) -> Vec<u32> {
    let mut places = vec![LEFT_OUT; all];
    for (new, old) in kept.iter().enumerate() {
        places[*old] = new as u32;
    }
    places
}
