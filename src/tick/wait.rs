//! Ticking until nothing is left to do: for CI pipelines, and for whoever wants to watch.
//!
//! It waits on the locks of the runs, each in a thread of its own that the kernel wakes the moment a
//! supervisor is done, and on the nearest time at which a card becomes due.

use std::collections::HashSet;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::report::Report;
use super::waiting::Reason;
use super::{Turn, deliver, run};
use crate::board::status::Status;
use crate::config::{Board, Config};
use crate::fsx;
use crate::store::history::{self, EventRow};
use crate::store::{Store, runs, tasks};
use crate::time;
use crate::worker::group;
use crate::worker::rundir::RunDir;

/// What only another board's worker or another program can change is looked at this often.
const OUTSIDE: Duration = Duration::from_millis(500);
/// Looked at this often even if no lock says anything: the safety net.
const AT_LEAST: Duration = Duration::from_secs(60);

/// How the wait ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Everything ran to its end, or to where only a person can take it on.
    pub finished: bool,
    /// Cards that ended blocked.
    pub blocked: i64,
    /// Ready cards that no tick will ever start, and why.
    pub stuck: Vec<super::waiting::Waiting>,
    /// What ticks could not do.
    pub errors: Vec<String>,
}

/// Ticks until nothing is running, due or ready. `show` is given what happened, in order.
pub fn until_quiet(
    config: &Config,
    board: &Board,
    timeout: Option<Duration>,
    mut show: impl FnMut(&Store, &[EventRow]) -> Result<()>,
) -> Result<Outcome> {
    let until = timeout.and_then(|t| Instant::now().checked_add(t));
    let (sender, ends) = channel();
    let mut watched = HashSet::new();
    let mut seen = None;
    loop {
        if seen.is_none() {
            let store = Store::open_to_read(&board.db())?;
            seen = Some(store.read("looking at the events", history::last_event)?);
        }
        let report = run(config, board, Turn::Wait)?;
        group::reap_ended();
        let alive = look(board, &mut seen, &mut show)?;
        let moved = report.moved_something();
        // Judged by what the tick saw while it had the board: a moment later, another tick may be
        // between booking one card and starting the next.
        let busy = moved || report.counts.running > 0 || report.waiting.any(Reason::will_pass);
        if !busy && report.delivering_elsewhere && until.is_none_or(|at| Instant::now() < at) {
            // A supervisor's tick is telling what happened: whoever waits for the board waits for that too.
            deliver::await_others(config, board)?;
            continue;
        }
        if !busy {
            return outcome(board, report, Quiet::Yes);
        }
        if until.is_some_and(|at| Instant::now() >= at) {
            return outcome(board, report, Quiet::NotYet);
        }
        if alive.is_empty() && report.counts.running > 0 || moved && report.started.is_empty() {
            // All that ran has ended meanwhile; or what was moved may have made something else ready, or
            // set the time of a retry.
            continue;
        }
        let mut patience = patience(&report, until);
        for run in alive {
            if !watched.contains(&run.run_id) {
                if watch(board, &run, sender.clone()) {
                    watched.insert(run.run_id);
                } else {
                    // Its folder is being removed, or somebody removed its lock: no lock will tell.
                    patience = patience.min(OUTSIDE);
                }
            }
        }
        match ends.recv_timeout(patience) {
            // Several may have ended together: one tick serves them all.
            Ok(()) => while ends.try_recv().is_ok() {},
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

enum Quiet {
    Yes,
    NotYet,
}

fn outcome(board: &Board, report: Report, quiet: Quiet) -> Result<Outcome> {
    let blocked = Store::open_to_read(&board.db())?.read("counting blocked cards", |conn| {
        tasks::count(conn, &Status::Blocked)
    })?;
    let stuck = report
        .waiting
        .told
        .into_iter()
        .filter(|w| {
            matches!(
                w.reason,
                Reason::NoWorker { .. }
                    | Reason::CannotPrepare { .. }
                    | Reason::Paused { .. }
                    | Reason::LaneHeld { .. }
            )
        })
        .collect();
    Ok(Outcome {
        finished: matches!(quiet, Quiet::Yes),
        blocked,
        stuck,
        errors: report.errors,
    })
}

/// Shows what happened since the last look, and returns what is alive.
fn look(
    board: &Board,
    seen: &mut Option<i64>,
    show: &mut impl FnMut(&Store, &[EventRow]) -> Result<()>,
) -> Result<Vec<runs::AliveRun>> {
    let store = Store::open_to_read(&board.db())?;
    let after = seen.unwrap_or(0);
    let (events, last) = store.read("looking at the events", |conn| {
        history::events_after(conn, after, u32::MAX, |_| true)
    })?;
    *seen = Some(last);
    show(&store, &events)?;
    store.read("looking at the board", runs::alive)
}

/// Says when a run's lock becomes free. The thread holds nothing and ends with the run or with us.
/// `false`: there is no lock to wait for.
fn watch(board: &Board, run: &runs::AliveRun, ended: Sender<()>) -> bool {
    let Ok(lock) = fsx::open_existing(&RunDir::new(&board.runs(), &run.nonce).lock()) else {
        return false;
    };
    std::thread::spawn(move || {
        // Free, or not to be asked: either way the next tick looks.
        let _ = fsx::lock_shared(&lock, fsx::Wait::Forever);
        drop(lock);
        let _ = ended.send(());
    });
    true
}

/// How long nothing can change without a lock telling.
fn patience(report: &Report, until: Option<Instant>) -> Duration {
    let due = report.waiting.until.map(|at| {
        Duration::from_secs(u64::try_from(at - time::now().unwrap_or(report.at)).unwrap_or(0))
    });
    let outside = report
        .waiting
        .any(|reason| {
            matches!(
                reason,
                Reason::HostFull { .. } | Reason::EarlierRunAlive | Reason::Moved
            )
        })
        .then_some(OUTSIDE);
    let left = until.map(|at| at.saturating_duration_since(Instant::now()));
    // A whole second later at most: due times are whole seconds.
    let due = due.map(|d| d + Duration::from_millis(20));
    [due, outside, left]
        .into_iter()
        .flatten()
        .fold(AT_LEAST, Duration::min)
}
