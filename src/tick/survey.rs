//! Which runs are over: asked of their locks, and of nothing else.
//!
//! No process id, host name, heartbeat or time takes part. The answer "free" stays true, for whoever
//! held the lock is dead and nobody else takes it while this tick has the board.

use anyhow::Result;

use super::Tick;
use crate::store::runs::{self, AliveRun};
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

/// Asks every run of this machine that is not proven dead.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    let alive = tick.store.read("looking at the runs", runs::alive)?;
    for run in alive.into_iter().filter(|run| run.host == tick.host) {
        let dir = RunDir::new(&tick.board.runs(), &run.nonce);
        let state = ask(&dir, &run, &mut tick.report.errors);
        tick.findings.push(Finding { run, state });
    }
    Ok(())
}

fn ask(dir: &RunDir, run: &AliveRun, errors: &mut Vec<String>) -> State {
    match dir.probe(run.lock) {
        Lock::Held => return State::Alive,
        Lock::Gone if group::may_be_alive(dir, run.nonce.as_str()) => return State::Alive,
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
