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
use crate::board::run_facts::ProcessId;
use crate::board::status::Status;
use crate::config::{Board, Config};
use crate::fsx;
use crate::store::history::{self, EventRow};
use crate::store::{Store, runs, tasks};
use crate::time;
use crate::worker::rundir::RunDir;
use crate::worker::{group, process_table};

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
    let own = OwnRuns::find();
    loop {
        if seen.is_none() {
            let store = Store::open_to_read(&board.db())?;
            seen = Some(store.read("looking at the events", history::last_event)?);
        }
        let report = run(config, board, Turn::Wait)?;
        group::reap_ended();
        let mut alive = look(board, &mut seen, &mut show)?;
        // A worker that waits for its own end would wait for ever.
        let all = alive.len();
        alive.retain(|run| !own.have(run));
        let load = Load::new(&report, all - alive.len());
        let moved = report.moved_something();
        // Judged by what the tick saw while it had the board: a moment later, another tick may be
        // between booking one card and starting the next.
        let busy = moved || load.others > 0 || report.waiting.any(|reason| load.passes(reason));
        if !busy && report.delivering_elsewhere && until.is_none_or(|at| Instant::now() < at) {
            // A supervisor's tick is telling what happened: whoever waits for the board waits for that too.
            deliver::await_others(config, board)?;
            continue;
        }
        if !busy {
            return outcome(board, report, &load, Quiet::Yes);
        }
        if until.is_some_and(|at| Instant::now() >= at) {
            return outcome(board, report, &load, Quiet::NotYet);
        }
        if alive.is_empty() && load.others > 0 || moved && report.started.is_empty() {
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

/// The runs that this process is a part of.
struct OwnRuns {
    nonces: Vec<String>,
    ancestors: Vec<ProcessId>,
}

impl OwnRuns {
    fn find() -> Self {
        Self {
            nonces: process_table::enclosing_runs(),
            ancestors: process_table::ancestors(),
        }
    }

    /// A worker that cleared its environment is known by its supervisor, which is our ancestor.
    fn have(&self, run: &runs::AliveRun) -> bool {
        let supervisor = run.facts.processes.as_ref().map(|known| known.supervisor);
        self.nonces.iter().any(|nonce| nonce == run.nonce.as_str())
            || supervisor.is_some_and(|id| self.ancestors.contains(&id))
    }
}

/// The runs that a wait has to do with.
struct Load {
    /// Runs that this process is a part of.
    own: usize,
    /// Runs that end without a person, and that this process is not a part of.
    others: usize,
}

impl Load {
    fn new(report: &Report, own: usize) -> Self {
        let stuck = report.unresolved.iter().filter(|run| run.needs_person);
        Self {
            own,
            others: report.counts.running.saturating_sub(own + stuck.count()),
        }
    }

    /// Whether a reason goes away while this process waits. A limit that its own runs alone reach does not.
    fn passes(&self, reason: &Reason) -> bool {
        let only_own = self.own > 0 && self.others == 0;
        match reason {
            Reason::BoardFull { .. } | Reason::WorkerFull { .. } => !only_own,
            Reason::HostFull { max } => {
                !(only_own && usize::try_from(*max).is_ok_and(|max| max <= self.own))
            }
            Reason::EarlierRunAlive { why } => why.is_none() || self.others > 0,
            other => other.will_pass(),
        }
    }
}

enum Quiet {
    Yes,
    NotYet,
}

fn outcome(board: &Board, report: Report, load: &Load, quiet: Quiet) -> Result<Outcome> {
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
            ) || w.reason.will_pass() && !load.passes(&w.reason)
        })
        .collect();
    let unresolved = report.unresolved.into_iter();
    let kept = unresolved.map(|run| format!("{} is kept: {}", run.task, run.why));
    let mut errors = report.errors;
    errors.extend(kept);
    errors.dedup();
    Ok(Outcome {
        finished: matches!(quiet, Quiet::Yes),
        blocked,
        stuck,
        errors,
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
    let outside = (!report.unresolved.is_empty()
        || report.waiting.any(|reason| {
            matches!(
                reason,
                Reason::HostFull { .. } | Reason::EarlierRunAlive { .. } | Reason::Moved
            )
        }))
    .then_some(OUTSIDE);
    let left = until.map(|at| at.saturating_duration_since(Instant::now()));
    // A whole second later at most: due times are whole seconds.
    let due = due.map(|d| d + Duration::from_millis(20));
    [due, outside, left]
        .into_iter()
        .flatten()
        .fold(AT_LEAST, Duration::min)
}
