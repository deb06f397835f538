//! Starts the supervisors of a batch that is claimed.

use anyhow::Result;

use super::absorb::{book, without_output};
use super::dispatch::{Claimed, Prepared};
use super::report::Started;
use super::{Tick, outfit};
use crate::board::retry::Charge;
use crate::board::run::Outcome;
use crate::fsx::{self, Wait};
use crate::store::runs;
use crate::store::settle::End;
use crate::worker::launch;

/// So many workers start without waiting for each other.
const AT_ONCE: usize = 4;

/// Has many supervisors wait until all of them are started and the tick is through with the board. Else those that
/// came first would take the processors and the board from the tick, and the last one would start later. Where that
/// cannot be had, or an earlier batch is just about to begin, they do not wait.
fn hold_back(tick: &mut Tick<'_>, starts: usize) {
    if starts <= AT_ONCE || tick.starting.is_some() {
        return;
    }
    let held = fsx::open_lock(&tick.board.start_lock()).and_then(|lock| {
        let free = fsx::lock_exclusive(&lock, Wait::No)?;
        Ok(free.then_some(lock))
    });
    tick.starting = held.unwrap_or_else(|e| {
        log::warn!("{e:#}");
        None
    });
}

/// Starts the supervisors of claimed runs, and books the starts that failed.
pub(super) fn run(tick: &mut Tick<'_>, claimed: Vec<Claimed<'_>>) -> Result<()> {
    hold_back(tick, claimed.len());
    let mut failed = Vec::new();
    for Claimed {
        prepared,
        granted,
        context,
    } in claimed
    {
        let Prepared {
            pick,
            claim,
            dir,
            lock,
            slot,
        } = prepared;
        let spec = outfit::spec(tick, pick.worker, &claim, &dir, granted, &context);
        match launch::supervisor(&spec, &dir, lock, slot) {
            Ok(()) => tick.report.started.push(Started {
                task: pick.card.id,
                run: granted.run_id,
                worker: pick.worker.name.clone(),
                attempt: granted.attempt,
            }),
            Err(e) => {
                tick.report
                    .errors
                    .push(format!("{} was not started: {e:#}", pick.card.id));
                failed.push((granted.run_id, format!("{e:#}")));
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let rows = tick
        .store
        .read("looking at the runs that failed to start", runs::alive)?;
    let ends: Vec<(runs::AliveRun, End)> = rows
        .into_iter()
        .filter_map(|row| {
            let (_, why) = failed.iter().find(|(id, _)| *id == row.run_id)?;
            let end = without_output(Outcome::SpawnFailed, Charge::Lane, why);
            Some((row, end))
        })
        .collect();
    let booked = book(tick, &ends)?;
    tick.report.reaped.extend(booked);
    Ok(())
}
