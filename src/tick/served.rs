//! Whether anything still ticks: one rule for `kanban status` and for the page of a board.

use crate::time::{self, Seconds};

/// So many times the expected interval without a tick mean that nothing ticks any more: one may be
/// skipped because another has the board, or the machine was busy.
const MISSED: Seconds = 3;

/// What is wrong, if ticks do not come: `age` is that of the last one, `every` how often one is expected, and
/// `busy` tells whether a board that has never been ticked has anything to do.
pub fn problem(
    age: Option<Seconds>,
    every: Seconds,
    busy: impl FnOnce() -> bool,
) -> Option<String> {
    match age {
        None => busy().then(|| "there is something to do, and nothing has ever ticked".to_owned()),
        Some(age) => (age > MISSED * every).then(|| {
            format!(
                "no tick for {}; one is expected every {}",
                time::humane(age),
                time::humane(every)
            )
        }),
    }
}
