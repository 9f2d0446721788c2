//! Single keys of a step -> what they say, with an error at the value where it does not fit.

use botsmith_core::hint::shown;
use botsmith_core::yaml::{Cursor, Fields, Mark};

use super::Spot;
use crate::workflow::place::{Place, Use};
use crate::workflow::text::Texts;
use crate::{Concurrency, Result, Retry, RunIf};

/// The most attempts and iterations.
const MANY: usize = 1000;
/// The longest name of a step, in bytes.
const NAME: usize = 64;

/// What a step of the graph says of its place in it.
pub(super) fn order(fields: &Fields<'_>, spot: Spot, texts: &mut Texts<'_>) -> Result<RunIf> {
    if let Spot::Inside(_) = spot {
        for key in ["needs", "run-if", "on-failure"] {
            if let Some(at) = fields.get(key) {
                let message = format!("`{key}` belongs to the step around this one");
                return Err(at.error(message).into());
            }
        }
        return Ok(RunIf::Done);
    }
    if let Some(needs) = fields.get("needs") {
        for at in needs.items_or_self() {
            texts.uses.push(Use {
                step: at.name()?.to_owned(),
                place: Place::of(&at),
                wants: None,
                dashed: false,
            });
        }
    }
    let usual = if spot == Spot::Finally {
        RunIf::Always
    } else {
        RunIf::Done
    };
    let words = [
        ("done", RunIf::Done),
        ("failed", RunIf::Failed),
        ("always", RunIf::Always),
    ];
    Ok(fields
        .get("run-if")
        .map_or(Ok(usual), |at| at.one_of(&words))?)
}

/// Keys that only one kind has.
pub(super) fn belongs(fields: &Fields<'_>, kind: &str) -> Result<()> {
    let owners: [(&'static str, &[&str]); 6] = [
        ("over", &["map"]),
        ("item", &["map"]),
        ("max-parallel", &["map"]),
        ("until", &["loop"]),
        ("at-most", &["loop"]),
        ("step", &["map", "loop"]),
    ];
    for (key, kinds) in owners {
        if let Some(at) = fields.get(key).filter(|_| !kinds.contains(&kind)) {
            let kinds = botsmith_core::hint::list(kinds.iter().copied());
            return Err(at
                .error(format!("`{key}` belongs to a step of kind {kinds}"))
                .into());
        }
    }
    Ok(())
}

/// The name of a step, which stands at `mark`.
pub(super) fn step_name(at: &Cursor<'_>, name: &str, mark: Mark) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if first && name.len() <= NAME && name.chars().all(fits) {
        return Ok(());
    }
    let message = format!(
        "`{}` is no name of a step: 1 to {NAME} of a-z, A-Z, 0-9, `_` and `-`, the first no digit and no `-`",
        shown(name)
    );
    Err(at
        .source()
        .diagnostic(mark, message)
        .field(at.path())
        .into())
}

/// A name that templates can use.
pub(super) fn variable(at: &Cursor<'_>) -> Result<String> {
    let name = at.name()?;
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let fits = first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits
        || name.len() > NAME
        || matches!(name, "inputs" | "steps" | "secret" | "index" | "loop")
    {
        let message = format!("`{}` cannot be the name of an item", shown(name));
        return Err(at
            .diagnostic(message)
            .hint("letters, digits and `_`, such as `row`")
            .into());
    }
    Ok(name.to_owned())
}

/// A duration that is not nothing.
pub(super) fn milliseconds(at: &Cursor<'_>) -> Result<u64> {
    match u64::try_from(at.duration()?.as_millis()) {
        Ok(ms) if ms > 0 && ms < 1 << 52 => Ok(ms),
        _ => Err(at
            .error("expected a duration of 1 ms or more, below 100,000 years")
            .into()),
    }
}

/// How many, from 1.
pub(super) fn count(at: &Cursor<'_>) -> Result<u32> {
    match at.count()? {
        count if (1..=MANY).contains(&count) => Ok(count as u32),
        count => Err(at.error(format!("{count} is outside 1 to {MANY}")).into()),
    }
}

/// When a failed attempt is followed by another.
pub(super) fn retry(at: &Cursor<'_>) -> Result<Retry> {
    let fields = at.fields()?;
    let usual = Retry::default();
    let retry = Retry {
        max: count(&fields.required("max")?)?,
        base_ms: fields
            .get("base")
            .map_or(Ok(usual.base_ms), |at| milliseconds(&at))?,
        cap_ms: fields
            .get("cap")
            .map_or(Ok(usual.cap_ms), |at| milliseconds(&at))?,
        on: fields.get("on").map_or(Ok(Vec::new()), |at| at.texts())?,
    };
    if let Some(cap) = fields.get("cap").filter(|_| retry.cap_ms < retry.base_ms) {
        return Err(cap
            .error("`cap` is the longest wait: it is not below `base`")
            .into());
    }
    fields.finish()?;
    Ok(retry)
}

/// `gpu`, or `{key: gpu, limit: 2}`.
pub(super) fn concurrency(at: &Cursor<'_>) -> Result<Concurrency> {
    if at.node().text().is_some() {
        return Ok(Concurrency {
            key: at.name()?.to_owned(),
            limit: 1,
        });
    }
    let fields = at.fields()?;
    let concurrency = Concurrency {
        key: fields.required("key")?.name()?.to_owned(),
        limit: fields.get("limit").map_or(Ok(1), |at| count(&at))?,
    };
    fields.finish()?;
    Ok(concurrency)
}
