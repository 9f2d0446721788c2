//! Reports: what a run says, as types ([`Report`]) and as files.
//!
//! The types serialise to the JSON that `botsmith eval --json` prints (`docs/src/json.md`); they
//! hold no time stamps but in [`Timings`] and [`Facts::created`], so that the same run gives the
//! same bytes.

pub mod csv;
mod files;
pub mod html;
pub mod jsonl;
pub mod junit;
pub mod markdown;
mod number;
pub mod rows;
mod totals;
mod types;

pub(crate) use csv::safe as safe_cell;
pub use files::write_files;
pub use number::{percent, plain, signed};
pub use totals::{BotTotals, CostTotal, HopTotal, TokenTotal};
pub use types::{
    Aggregate, BotReport, Comparison, CorpusComparison, Effect, Facts, GateReport, MetricReport,
    OtherTest, PassAt, Report, RuleReport, ScoreReport, SliceReport, Timings, Versus,
};

/// An error of writing a report; the caller knows the file and says so.
pub(crate) fn write_error(source: std::io::Error) -> crate::Error {
    botsmith_core::Error::Write {
        path: std::path::PathBuf::new(),
        source,
    }
    .into()
}

/// Writes a report file through `write`, whole or not at all: a new file takes the old one's place
/// only once it is complete. What is no regular file (`/dev/stdout`) is written to directly.
///
/// # Errors
/// What `write` says, or [`botsmith_core::Error::Write`] with the path.
pub fn save(
    path: &std::path::Path,
    write: impl FnOnce(&mut dyn std::io::Write) -> crate::Result<()>,
) -> crate::Result<()> {
    use std::io::Write as _;
    let failed = |source: std::io::Error| botsmith_core::Error::Write {
        path: path.to_owned(),
        source: match (source.kind(), path.parent()) {
            (std::io::ErrorKind::NotFound, Some(folder)) => {
                std::io::Error::other(format!("there is no folder {}", folder.display()))
            }
            _ => source,
        },
    };
    let named = |error: crate::Error| match error {
        crate::Error::Core(botsmith_core::Error::Write { source, .. }) => failed(source).into(),
        other => other,
    };
    let direct = path.metadata().is_ok_and(|meta| !meta.is_file());
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let target = if direct {
        path
    } else {
        std::path::Path::new(&part)
    };
    let file = if direct {
        std::fs::OpenOptions::new().write(true).open(target)
    } else {
        std::fs::File::create(target)
    };
    let mut out = std::io::BufWriter::with_capacity(1 << 18, file.map_err(failed)?);
    let result = write(&mut out)
        .map_err(named)
        .and_then(|()| Ok(out.flush().map_err(failed)?));
    drop(out);
    if direct {
        return result;
    }
    match result {
        Ok(()) => Ok(std::fs::rename(target, path).map_err(failed)?),
        Err(error) => {
            // The half-written part is of no use; the error that matters is the first.
            let _ = std::fs::remove_file(target);
            Err(error)
        }
    }
}
