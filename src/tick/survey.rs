//! Reads the locks and the exit records of the open runs. A held lock or a record decides; [`super::reap`] searches for
//! the processes of the other runs.
//!
//! A lock or a record in our own folder is ours, whatever machine or boot the row names. A lock that was found free
//! without a record stays free: a dispatcher takes locks for new runs only, and a guard takes one again only if its
//! supervisor has left a record.

use anyhow::Result;

use super::Tick;
use crate::platform;
use crate::store::runs::{self, AliveRun};
use crate::time::{self, Seconds};
use crate::worker::liveness::{Standing, Suspect};
use crate::worker::record::Record;
use crate::worker::rundir::{Lock, RunDir};

/// A run that is not proven dead, and what its lock and its record say.
pub struct Finding {
    pub run: AliveRun,
    pub state: State,
}

/// What a run's lock and record say.
pub enum State {
    /// Its supervisor is at work, or it cannot be told.
    Alive,
    /// Its supervisor is done, and this is its record.
    Recorded(Record),
    /// Its supervisor was killed, or never began.
    Silent(Lock),
}

/// If at least this many folders of runs are gone at the same time, the folder was moved, or a disk is not mounted.
const MANY: usize = 3;

/// Asks every run that is not proven dead.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    let alive = tick.store.read("looking at the runs", runs::alive)?;
    let mut gone = Vec::new();
    let here = platform::machine_id();
    for run in alive {
        let suspect = suspect(tick, &run);
        let state = match suspect.standing() {
            Standing::Supervised => State::Alive,
            Standing::Recorded(record) => State::Recorded(record),
            Standing::Unknown(why) => {
                // Not "there is none": the next tick asks again.
                let about = format!("run {} of {}: {why}", run.run_id, run.task);
                tick.report.errors.push(about);
                State::Alive
            }
            // The claim of another machine, which this folder does not know, is left to its lease.
            Standing::Unsupervised(Lock::Gone)
                if run.host != here
                    && !suspect.dir.path().exists()
                    && suspect.lease.is_some_and(|at| at > tick.now) =>
            {
                continue;
            }
            Standing::Unsupervised(lock) => State::Silent(lock),
        };
        if matches!(state, State::Silent(Lock::Gone)) {
            gone.push(tick.findings.len());
        }
        tick.findings.push(Finding { run, state });
    }
    hold_many(tick, &gone);
    Ok(())
}

/// A run as the search for its processes sees it.
pub(super) fn suspect(tick: &Tick<'_>, run: &AliveRun) -> Suspect {
    let ttl = tick.config.defaults().claim_ttl.0;
    run_as_suspect(&tick.board.runs(), run, tick.now, ttl)
}

/// A lease further off than any that is given means that the clock was stepped: it counts as expired.
pub fn run_as_suspect(
    folder: &std::path::Path,
    run: &AliveRun,
    now: Seconds,
    ttl: Seconds,
) -> Suspect {
    Suspect {
        dir: RunDir::new(folder, &run.nonce),
        nonce: run.nonce.clone(),
        name: format!("run {}", run.run_id),
        lock: Some(run.lock),
        stage: run.stage,
        facts: run.facts.clone(),
        lease: run.lease.filter(|at| *at <= now.saturating_add(ttl)),
    }
}

/// Holds runs whose folders are gone together, as long as their leases run. A supervisor that lives
/// extends its lease; one that does not lets it end.
fn hold_many(tick: &mut Tick<'_>, gone: &[usize]) {
    let (now, ttl) = (tick.now, tick.config.defaults().claim_ttl.0);
    // A lease further off than any that we give means that the clock was stepped.
    let runs_on =
        |lease: Option<i64>| lease.is_some_and(|at| at > now && at <= now.saturating_add(ttl));
    let held: Vec<usize> = gone
        .iter()
        .copied()
        .filter(|i| runs_on(tick.findings[*i].run.lease))
        .collect();
    if held.len() < MANY {
        return;
    }
    for index in &held {
        tick.findings[*index].state = State::Alive;
    }
    tick.report.errors.push(format!(
        "the folders of {} runs are missing from {} at once; their cards are held until their leases end, in {} at most (was the folder moved, or is a disk not mounted?)",
        held.len(),
        tick.board.runs().display(),
        time::humane(ttl)
    ));
}
