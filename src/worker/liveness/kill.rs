//! Ending processes that are proven to belong to a run, and no others.

use rustix::io::Errno;
use rustix::process::Pid;

use super::search::Remains;
use crate::board::run_facts::ProcessId;
use crate::platform;
use crate::worker::{cgroup, process_table};

/// Kills what is proven to belong to a run. Returns the processes that we may not kill.
pub(super) fn kill(remains: &Remains) -> Vec<i32> {
    if let Some(path) = &remains.cgroup
        && let Err(e) = cgroup::kill(path)
    {
        log::debug!("{}: {e}", path.display());
    }
    let refused = |process: &&ProcessId| kill_one(**process) == Err(Errno::PERM);
    remains
        .proven
        .iter()
        .filter(refused)
        .map(|process| process.pid)
        .collect()
}

/// Kills one process, unless its number has gone to another one meanwhile.
fn kill_one(process: ProcessId) -> Result<(), Errno> {
    let Some(pid) = Pid::from_raw(process.pid).filter(|pid| pid.as_raw_pid() > 1) else {
        return Ok(());
    };
    let pinned = match platform::pin(pid) {
        Ok(pinned) => pinned,
        Err(_) => return Ok(()),
    };
    if !process_table::is_still(process) {
        return Ok(());
    }
    match pinned.kill() {
        Err(Errno::SRCH) => Ok(()),
        other => other,
    }
}
