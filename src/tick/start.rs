//! Starts the supervisors of a batch that is claimed.

use anyhow::Result;

use super::absorb::{book, without_output};
use super::dispatch::{Claimed, Prepared};
use super::report::Started;
use super::{Tick, outfit};
use crate::board::retry::Charge;
use crate::board::run::Outcome;
use crate::store::runs;
use crate::store::settle::End;
use crate::worker::handover::Handed;
use crate::worker::launch::{self, Nesting};
use crate::worker::process_table;

/// Starts the supervisors of claimed runs, and books them if that fails.
pub(super) fn run(tick: &mut Tick<'_>, claimed: Vec<Claimed<'_>>) -> Result<()> {
    if claimed.is_empty() {
        return Ok(());
    }
    let (mut runs, mut started) = (Vec::new(), Vec::new());
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
        let spec = outfit::spec(tick, pick.worker, &claim, &dir, &granted, &context);
        runs.push(Handed { spec, lock, slot });
        started.push(Started {
            task: pick.card.id,
            run: granted.run_id,
            worker: pick.worker.name.clone(),
            attempt: granted.attempt,
        });
    }
    let nesting = match process_table::is_in_worker() {
        true => Nesting::InsideWorker,
        false => Nesting::Outside,
    };
    let slug = tick.board.slug.as_str();
    match launch::supervisors(slug, &tick.board.runs(), runs, nesting) {
        Ok(()) => tick.report.started.extend(started),
        Err(e) => book_failed(tick, &started, &format!("{e:#}"))?,
    }
    Ok(())
}

/// Books runs that got no supervisor. Should there be one after all, its fence finds its run booked.
fn book_failed(tick: &mut Tick<'_>, failed: &[Started], why: &str) -> Result<()> {
    for Started { task, .. } in failed {
        let what = format!("{task} was not started: {why}");
        tick.report.errors.push(what);
    }
    let rows = tick
        .store
        .read("looking at the runs that failed to start", runs::alive)?;
    let ends: Vec<(runs::AliveRun, End)> = rows
        .into_iter()
        .filter(|row| failed.iter().any(|started| started.run == row.run_id))
        .map(|row| {
            let end = without_output(Outcome::SpawnFailed, Charge::Lane, why);
            (row, end)
        })
        .collect();
    let booked = book(tick, &ends)?;
    tick.report.reaped.extend(booked);
    Ok(())
}
