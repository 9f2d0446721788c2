//! Sections -> the parts of a model, checked.

use std::borrow::Cow;
use std::ops::Range;

use super::{Meta, Model, Sections, Sizes};
use crate::engine::{Engine, Layer, MAX_WIDTH, Table, WINDOW};
use crate::lexicon::Lexicon;
use crate::sentences::{SPACES, Splitter};
use crate::tagger::Tagger;
use crate::tokenise::{Tokeniser, WEIGHTS};

type Checked<T> = Result<T, String>;

/// Puts a model together from its file.
pub(super) fn assemble(
    bytes: Cow<'static, [u8]>,
    sections: &Sections,
    meta: Meta,
) -> Checked<Model> {
    let find = |name: &str| {
        sections
            .get(name)
            .ok_or_else(|| format!("section `{name}` is missing"))
    };
    let weights = find("tok.weights")?;
    if weights.len() != WEIGHTS * 2 {
        return Err("section `tok.weights` has the wrong size".into());
    }
    let tokeniser = Tokeniser {
        weights,
        letters: meta.letters,
    };
    let lexicon = |name: &str| -> Checked<Lexicon> {
        Lexicon::read(&bytes, find(name)?).ok_or_else(|| format!("section `{name}` is no set"))
    };
    let splitter = Splitter {
        features: lexicon("sent.features")?,
        engine: engine(&bytes, sections, "sent", meta.splitter, 2, &[])?,
    };
    if splitter.engine.rows.scales.len() != splitter.features.len() + 2 + SPACES {
        return Err("the splitter has not a row a feature".into());
    }
    let heads = [
        meta.xpos.len(),
        meta.upos.len(),
        meta.feats.len(),
        meta.scored,
    ];
    if !(1..=8).contains(&meta.members) {
        return Err(format!("{} networks", meta.members));
    }
    let scripts = heads[..3].iter().sum();
    let mut engines = Vec::new();
    for member in 0..meta.members {
        engines.push(engine(
            &bytes,
            sections,
            &format!("tag{member}"),
            meta.tagger,
            heads.iter().sum(),
            &[0..scripts, scripts..scripts + heads[3]],
        )?);
    }
    let tagger = Tagger::new(
        &bytes,
        &meta,
        engines,
        (lexicon("tag.features")?, lexicon("tag.contexts")?),
        (lexicon("tag.forms")?, find("tag.choices")?),
        (lexicon("tag.lemmas")?, find("tag.scripts")?),
    )?;
    Ok(Model {
        bytes,
        meta,
        tokeniser,
        splitter,
        tagger,
    })
}

fn engine(
    bytes: &[u8],
    sections: &Sections,
    name: &str,
    sizes: Sizes,
    labels: usize,
    heads: &[Range<usize>],
) -> Checked<Engine> {
    let find = |part: &str| {
        let name = format!("{name}.{part}");
        sections
            .get(&name)
            .ok_or_else(|| format!("section `{name}` is missing"))
    };
    let Sizes {
        word,
        hidden,
        state,
        dense,
    } = sizes;
    let fits = [word, hidden, state, dense]
        .iter()
        .all(|size| (16..=MAX_WIDTH).contains(size) && size % 16 == 0);
    if !fits {
        return Err(format!("`{name}` has layers of odd sizes"));
    }
    let narrow = |range: Range<usize>| -> Vec<i16> {
        bytes[range]
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]))
            .collect()
    };
    let wide = |range: Range<usize>| -> Vec<i32> {
        bytes[range]
            .chunks_exact(4)
            .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    };
    let layer = |part: &str, inputs: usize, outputs: usize| -> Checked<Layer> {
        let weights = narrow(find(part)?);
        // Bias of each output, then the shift.
        let mut bias = wide(find(&format!("{part}.b"))?);
        let shift = bias.pop().unwrap_or(-1);
        if weights.len() != inputs * outputs || bias.len() != outputs {
            return Err(format!("section `{name}.{part}` has the wrong size"));
        }
        Ok(Layer {
            inputs,
            weights,
            bias,
            shift: u32::try_from(shift).unwrap_or(99),
        })
    };
    let table = |part: &str| -> Checked<Table> {
        Ok(Table {
            rows: find(part)?,
            scales: narrow(find(&format!("{part}.s"))?)
                .into_iter()
                .map(i16::cast_unsigned)
                .collect(),
        })
    };
    let mut window = Vec::with_capacity(WINDOW);
    for place in 0..WINDOW {
        window.push(layer(&format!("win{place}"), word, hidden)?);
    }
    let mut engine = Engine {
        word,
        hidden,
        state,
        rows: table("rows")?,
        contexts: table("ctx")?,
        window,
        window_bias: wide(find("bias")?),
        gates: layer("gates", hidden, 4 * state)?,
        dense: layer("dense", hidden + 2 * state, dense)?,
        heads: layer("heads", dense, labels)?,
        ..Engine::default()
    };
    match engine.is_sound() {
        true => {
            engine.pack(heads);
            Ok(engine)
        }
        false => Err(format!("`{name}` has layers that do not fit each other")),
    }
}
