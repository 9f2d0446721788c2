//! What a call may ask for at once. A number that no machine has use for is a slip, and the system would end the
//! process, not the call, where it cannot give so many threads.

use crate::fault::Fault;

/// The most threads of one call.
const THREADS: usize = 1024;
/// The most questions, or steps, at once.
const AT_ONCE: usize = 65_536;

/// A number of threads; 0 is one a core.
pub(crate) fn threads(wanted: usize) -> Result<usize, Fault> {
    within("threads", wanted, THREADS)
}

/// A number of questions or steps at once.
pub(crate) fn concurrency(wanted: usize) -> Result<usize, Fault> {
    within("concurrency", wanted, AT_ONCE)
}

fn within(name: &str, wanted: usize, most: usize) -> Result<usize, Fault> {
    match wanted <= most {
        true => Ok(wanted),
        false => Err(Fault::Wrong(format!(
            "{name}={wanted}: at most {most} is allowed"
        ))),
    }
}
