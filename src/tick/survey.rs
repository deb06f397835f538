//! Which runs are over: asked of their locks, and of nothing else.
//!
//! No process id, heartbeat or time takes part, but for runs of another machine, whose locks cannot be
//! asked from here. The answer "free" stays true, for whoever
//! held the lock is dead and nobody else takes it while this tick has the board.

use anyhow::Result;

use super::Tick;
use crate::platform;
use crate::store::runs::{self, AliveRun};
use crate::time;
use crate::worker::group;
use crate::worker::record::{self, Record};
use crate::worker::rundir::{Lock, RunDir};

/// A run that is not proven dead, and what its lock says.
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
    Silent,
}

/// So many runs whose folders are gone at the same time are no deaths but a folder that was moved, or a disk
/// that is not mounted.
const MANY: usize = 3;

/// Asks every run of this machine that is not proven dead.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    let alive = tick.store.read("looking at the runs", runs::alive)?;
    let mut gone = Vec::new();
    let here = platform::machine_id();
    let (ours, others): (Vec<_>, Vec<_>) = alive.into_iter().partition(|run| run.host == here);
    // The locks of another machine say nothing here: only its lease does.
    for run in others {
        if run.lease.is_none_or(|at| at < tick.now) {
            let state = State::Silent;
            tick.findings.push(Finding { run, state });
        }
    }
    for run in ours {
        let dir = RunDir::new(&tick.board.runs(), &run.nonce);
        let lock = dir.probe(run.lock);
        let state = state(lock, &dir, &run, &mut tick.report.errors);
        if lock == Lock::Gone {
            gone.push(tick.findings.len());
        }
        tick.findings.push(Finding { run, state });
    }
    hold_many(tick, &gone);
    Ok(())
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

fn state(lock: Lock, dir: &RunDir, run: &AliveRun, errors: &mut Vec<String>) -> State {
    match lock {
        Lock::Held => return State::Alive,
        Lock::Gone if group::may_be_alive(dir, run.nonce.as_str(), run.lock) => {
            return State::Alive;
        }
        Lock::Gone | Lock::Free => {}
    }
    match record::read(&dir.record(), &run.nonce) {
        Ok(Record::Pending) => State::Silent,
        Ok(record) => State::Recorded(record),
        Err(e) => {
            // Not "there is none": the next tick asks again.
            errors.push(format!(
                "cannot read the exit record of run {} of {}: {e}",
                run.run_id, run.task
            ));
            State::Alive
        }
    }
}
