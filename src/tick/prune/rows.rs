//! Events, runs and deliveries.

use anyhow::Result;

use super::{Extent, Sweep};
use crate::store::retention::{self, Freed, Rows};
use crate::store::{deliveries, late};

/// Chunks of rows that a tick looks at.
const CHUNKS: u32 = 5;
/// Deliveries that are removed in one transaction.
const DELIVERIES: u32 = 1_000;

pub fn run(sweep: &mut Sweep<'_>) -> Result<()> {
    let defaults = sweep.config.defaults();
    if sweep.may_remove_shared() {
        let (events, runs) = (defaults.keep_events, defaults.keep_runs);
        if let Some(keep) = events.0 {
            sweep.pruned.events = old(sweep, Rows::Events, keep)?;
        }
        if let Some(keep) = runs.0 {
            sweep.pruned.runs = old(sweep, Rows::Runs, keep)?;
        }
    }
    told(sweep)
}

fn old(sweep: &mut Sweep<'_>, rows: Rows, keep: i64) -> Result<Freed> {
    let before = sweep.now.saturating_sub(keep);
    let is_part = sweep.extent == Extent::Part;
    // A tick goes on where the last one left off: many rows that have to stay must not hide those after them.
    let from = match is_part {
        true => sweep.store.read("looking for what is old", |conn| {
            retention::resume(conn, rows)
        })?,
        false => 0,
    };
    let (mut freed, mut after, mut chunks) = (Freed::default(), from, 0);
    loop {
        let batch = sweep.store.read("looking for what is old", |conn| {
            retention::look(conn, rows, before, after)
        })?;
        if sweep.real() && !batch.ids.is_empty() {
            sweep.store.write("removing what is old", |tx| {
                retention::remove(tx, rows, &batch, before)
            })?;
            sweep.store.checkpoint_if_large()?;
        }
        freed += batch.freed;
        (after, chunks) = (batch.last, chunks + 1);
        if batch.is_last || (is_part && chunks == CHUNKS) {
            let next = if batch.is_last { 0 } else { after };
            if is_part && sweep.real() && next != from {
                sweep.store.write("noting how far pruning has come", |tx| {
                    retention::leave_off(tx, rows, next)
                })?;
            }
            return Ok(freed);
        }
    }
}

/// Late results of cards that are gone.
pub fn late_results(sweep: &mut Sweep<'_>) -> Result<()> {
    let gone = sweep
        .store
        .read("looking for late results", late::orphans)?;
    if gone > 0 && sweep.real() {
        sweep.store.write("pruning late results", late::prune)?;
    }
    sweep.pruned.late_results.count += u64::from(gone);
    Ok(())
}

/// What was told long enough ago.
fn told(sweep: &mut Sweep<'_>) -> Result<()> {
    let before = sweep.now.saturating_sub(sweep.config.delivery().keep.0);
    let waits = sweep.store.read("looking for what was told", |conn| {
        deliveries::prunable(conn, before)
    })?;
    if !sweep.real() {
        sweep.pruned.deliveries = waits;
        return Ok(());
    }
    if waits.count == 0 {
        return Ok(());
    }
    loop {
        let gone = sweep.store.write("removing what was told", |tx| {
            deliveries::prune(tx, before, DELIVERIES)
        })?;
        sweep.store.checkpoint_if_large()?;
        sweep.pruned.deliveries += gone;
        if sweep.extent == Extent::Part || gone.count == 0 {
            return Ok(());
        }
    }
}
