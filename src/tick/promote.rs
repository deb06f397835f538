//! Moves the cards on that no longer wait for a parent or a moment.

use anyhow::Result;

use super::Tick;
use crate::board::status::Status;
use crate::store::{history, promotion};

/// Promotes what may go on, in one transaction.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    let now = tick.now;
    let (cursor, steps) = tick
        .store
        .read("looking for cards that may go on", |conn| {
            let cursor = promotion::cursor(conn, history::last_event(conn)?, now)?;
            let steps = promotion::steps(conn, &cursor, now)?;
            Ok((cursor, steps))
        })?;
    if steps.is_empty() {
        // Left to a transaction that is needed anyway, if there is one.
        tick.unnoted = cursor.is_stale().then_some(cursor);
        return Ok(());
    }
    let promoted = tick.store.write_unsynced("promoting cards", |tx| {
        let mut promoted = Vec::new();
        for step in &steps {
            if promotion::take(tx, step, now)? && step.to == Status::Ready {
                promoted.push(step.id.clone());
            }
        }
        promotion::advance(tx, &cursor, now)?;
        Ok(promoted)
    })?;
    tick.report.promoted = promoted;
    Ok(())
}
