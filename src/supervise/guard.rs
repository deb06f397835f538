//! The guard: the process that starts the supervisors of a tick stays above them, and ends what a killed supervisor
//! leaves behind.
//!
//! A process that closed the tree lock, started a session of its own and cleared its environment can be found by its
//! ancestry alone. The kernel gives the orphans of a killed supervisor to the nearest ancestor that asked for them, so
//! the guard sees each of them as its child. It holds every run lock as well: the run of a killed supervisor counts as
//! alive until the guard has ended its processes and has recorded that.
//!
//! A guard sleeps until a child ends. Runs with a cgroup need none, and neither do runs that may leave processes behind.

use std::time::Duration;

use anyhow::Result;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};

use super::{leave, leave_session, no_process, not_begun};
use crate::fsx::{self, Wait};
use crate::platform;
use crate::worker::group::{self, Orphans};
use crate::worker::handover::Handed;
use crate::worker::liveness;
use crate::worker::record::{self, Record};
use crate::worker::rundir::RunDir;
use crate::worker::spec::Spec;
use crate::worker::twin::{self, Side};

/// How long the guard waits before it tries again what failed; doubled up to the second.
const PAUSE: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What one of the processes that emerge here is.
pub enum Role {
    /// The supervisor of this run.
    Supervisor(Box<Handed<Spec>>),
    /// It starts the supervisors of these runs, which have no guard.
    Others(Vec<Handed<Spec>>),
    /// A guard whose runs are over.
    Guard,
}

/// Whether a run needs a guard.
pub fn is_useful(run: &Handed<Spec>) -> bool {
    platform::linux() && run.spec.cgroups.is_none() && run.spec.end_leftovers
}

/// Starts supervisors below a guard. `others` are runs without one.
pub fn start(guarded: Vec<Handed<Spec>>, others: Vec<Handed<Spec>>) -> Result<Role> {
    if guarded.is_empty() {
        return Ok(Role::Others(others));
    }
    if !others.is_empty() {
        match twin::fork() {
            Ok(Side::Parent(_)) => {
                guarded.into_iter().for_each(leave);
                return Ok(Role::Others(others));
            }
            Ok(Side::Child) => {
                others.into_iter().for_each(leave);
                leave_session();
            }
            Err(e) => others
                .iter()
                .for_each(|run| not_begun(run, &no_process(&e))),
        }
    }
    platform::adopt_orphans();
    let (mut runs, mut charges) = (guarded.into_iter(), Vec::new());
    while let Some(run) = runs.next() {
        match twin::fork() {
            Ok(Side::Child) => {
                charges
                    .into_iter()
                    .map(|charge: Charge| charge.run)
                    .for_each(leave);
                runs.for_each(leave);
                leave_session();
                return Ok(Role::Supervisor(Box::new(run)));
            }
            Ok(Side::Parent(supervisor)) => charges.push(Charge { supervisor, run }),
            Err(e) => not_begun(&run, &no_process(&e)),
        }
    }
    platform::name_this_process(c"kanban-guard");
    watch(charges);
    Ok(Role::Guard)
}

/// A supervisor that runs.
struct Charge {
    supervisor: Pid,
    run: Handed<Spec>,
}

/// Waits until every supervisor has ended and nothing that a killed one left behind is alive.
fn watch(mut charges: Vec<Charge>) {
    let mut orphaned: Vec<Handed<Spec>> = Vec::new();
    let mut pause = PAUSE;
    while !(charges.is_empty() && orphaned.is_empty()) {
        let options = match orphaned.is_empty() {
            true => WaitOptions::empty(),
            false => WaitOptions::NOHANG,
        };
        match rustix::process::wait(options) {
            Ok(Some((pid, status))) => {
                if let Some(at) = charges.iter().position(|c| c.supervisor == pid) {
                    let Charge { run, .. } = charges.swap_remove(at);
                    if !has_finished(&status) {
                        orphaned.push(run);
                    }
                }
                continue;
            }
            Err(Errno::INTR) => continue,
            // No child is left that could be waited for.
            Err(_) => orphaned.extend(charges.drain(..).map(|charge| charge.run)),
            Ok(None) => {}
        }
        let nonces: Vec<&str> = orphaned.iter().map(|run| run.spec.nonce.as_str()).collect();
        match group::kill_orphans(&nonces) {
            Orphans::None => {
                orphaned.retain(|run| !record_end(run));
                // What could not be recorded is tried again, less and less often.
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Orphans::Dying => {}
            Orphans::Refused(process) => {
                orphaned.retain(|run| !(is_forced(run) && record_end(run)));
                for run in &orphaned {
                    hold(&run.spec, process);
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
        if !orphaned.is_empty() {
            std::thread::sleep(pause);
        }
    }
}

/// A supervisor that ended by itself left a record, or no worker.
fn has_finished(status: &WaitStatus) -> bool {
    status.exit_status() == Some(0)
}

/// Whether a person confirmed that work may continue beside what cannot be ended.
fn is_forced(run: &Handed<Spec>) -> bool {
    RunDir::of_lock(&run.lock, &run.spec.dir).is_forced()
}

/// Records that nothing of a run is left, and frees its locks. `false`: it has to be tried again.
fn record_end(run: &Handed<Spec>) -> bool {
    // A supervisor that was killed in its follow-up tick had released the lock: another process may hold it by now.
    if !matches!(fsx::lock_exclusive(&run.lock, Wait::No), Ok(true)) {
        return false;
    }
    let dir = RunDir::of_lock(&run.lock, &run.spec.dir);
    let recorded = run.spec.nonce().map_err(std::io::Error::other);
    let recorded = recorded.and_then(|nonce| record::leave(&dir, &nonce, &Record::Orphaned));
    match recorded {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return false,
        // Without its folder the run was recorded already.
        _ => {}
    }
    for file in [&run.slot, &run.lock] {
        // Closing them a moment later frees them as well.
        let _ = fsx::unlock(file);
    }
    true
}

/// States on the board why the run is not over. The guard tries again whatever comes of it.
fn hold(spec: &Spec, process: Pid) {
    let run = format!("run {}", spec.run_id);
    super::hold(spec, &liveness::still_alive(process.as_raw_pid(), &run));
}
