//! One step over the answers under way: a token of each, and prompts that wait up to a budget.

use super::super::decoder::{Logits, Span, Stop};
use super::super::error::Result;
use super::super::ops::spread::spread;
use super::super::schedule::Context;
use super::active::{Active, Row};

/// One step over all answers.
///
/// # Errors
/// Those of the computation; all answers are where they were before then.
pub(crate) fn step(context: &Context, active: &mut Vec<Active>, stop: Stop<'_>) -> Result<()> {
    let mut left = context.step.max(active.len());
    // One token of each that is being answered comes before prompts that wait.
    let answering = active.iter().filter(|one| one.unread() == 1).count();
    left = left.saturating_sub(answering);
    let takes: Vec<usize> = active
        .iter()
        .map(|one| match one.unread() {
            1 => 1,
            unread => {
                let take = unread.min(left);
                left -= take;
                take
            }
        })
        .collect();
    let offs: Vec<_> = active.iter().map(Active::unread).collect();
    let wanted: Vec<Vec<usize>> = takes
        .iter()
        .zip(&offs)
        .map(|(take, unread)| {
            if take == unread {
                vec![take - 1]
            } else {
                vec![]
            }
        })
        .collect();
    let plain = active.iter().all(Active::takes_likeliest);
    let mut spans = Vec::new();
    for ((one, take), wanted) in active.iter_mut().zip(&takes).zip(&wanted) {
        if *take == 0 {
            continue;
        }
        let from = one.sequence.len();
        spans.push(Span {
            tokens: &one.tokens[from..from + take],
            sequence: &mut one.sequence,
            wanted,
        });
    }
    // A device need not hand out whole rows where the likeliest token is all that anybody wants.
    let (logits, found) = match plain && !context.decoder.is_host() {
        true => {
            let found = (context.decoder).summarise(&context.pool, &mut spans, &[], stop)?;
            (Logits::default(), found.rows)
        }
        false => (
            context.decoder.forward(&context.pool, &mut spans, stop)?,
            Vec::new(),
        ),
    };
    drop(spans);
    let mut rows = logits
        .rows()
        .map(Row::Logits)
        .chain(found.into_iter().map(Row::Summary));
    // Each with the row that it chooses its next token by, if it wanted one.
    let choosing: Vec<(&mut Active, Option<Row<'_>>)> = active
        .iter_mut()
        .zip(takes.iter().zip(&wanted))
        .map(|(one, (take, wanted))| {
            let row = (*take > 0 && !wanted.is_empty())
                .then(|| rows.next().expect("a row for every span that wanted one"));
            (one, row)
        })
        .collect();
    // What was read of a prompt is there for others at once: they need not wait for its end.
    for ((one, _), unread) in choosing.iter().zip(&offs) {
        if !one.remembered || *unread > 1 {
            context.pool.remember(&one.tokens, &one.sequence);
        }
    }
    // A row has a number for every token there is: looking through many of them takes its time.
    let goes_on: Vec<bool> = spread(choosing, |(one, row)| {
        let Some(row) = row else {
            return true;
        };
        one.remembered = true;
        one.take(row, &context.tokenizer).unwrap_or_else(|error| {
            one.fail(error);
            false
        })
    });
    let mut goes_on = goes_on.into_iter();
    active.retain(|_| goes_on.next().expect("one word for every answer"));
    Ok(())
}
