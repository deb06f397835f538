//! The processes of one run, as their supervisor handles them: the worker's process group, what was
//! left behind and came back, and what hides behind the tree lock.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions};

use super::rundir::{Lock, RunDir};
use crate::board::run::Exit;
use crate::fsx::{self, Identity};
use crate::platform;

/// The variable that marks every process of a run.
pub const COOKIE: &str = "KANBAN_RUN_NONCE";

/// Sends a signal to the worker's group. Never to group 0 or 1, which would be ourselves or everybody.
pub fn signal(worker: Pid, signal: Signal) {
    if worker.as_raw_pid() > 1 {
        // A group that is gone already is what is wanted.
        let _ = rustix::process::kill_process_group(worker, signal);
    }
}

/// Sends a signal to the worker's process alone.
pub fn signal_one(worker: Pid, signal: Signal) {
    if worker.as_raw_pid() > 1 {
        let _ = rustix::process::kill_process(worker, signal);
    }
}

/// Whether the worker has ended. It is left as a zombie, which keeps its group's number from being reused.
pub fn has_ended(worker: Pid) -> bool {
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(
        rustix::process::waitid(WaitId::Pid(worker), peek),
        Ok(Some(_)) | Err(Errno::CHILD)
    )
}

/// Takes the worker's exit status. `None`: somebody else took it.
pub fn reap(worker: Pid) -> Option<Exit> {
    loop {
        match rustix::process::waitid(WaitId::Pid(worker), WaitIdOptions::EXITED) {
            Ok(Some(status)) => return Some(exit_of(&status)),
            Err(Errno::INTR) => {}
            _ => return None,
        }
    }
}

fn exit_of(status: &WaitIdStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Signal(Signal::KILL.as_raw()),
    }
}

/// Reaps every child that has ended already, and waits for none.
pub fn reap_ended() {
    while matches!(
        rustix::process::wait(WaitOptions::NOHANG),
        Ok(Some(_)) | Err(Errno::INTR)
    ) {}
}

/// Ends what the worker left behind and waits until it is gone. `true`: there was something.
pub fn end_leftovers(dir: &RunDir, nonce: &str, grace: Duration) -> bool {
    let mut found = end_adopted(grace);
    // What is left now has left our family tree; it still holds the tree lock or carries the mark.
    let mut pause = Duration::from_millis(2);
    while dir.probe_tree() != Lock::Free {
        found = true;
        end_marked(dir, nonce);
        found |= end_adopted(Duration::ZERO);
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(5));
    }
    found
}

/// Kills what carries the mark of a run or holds its tree lock, where the system can tell.
pub fn end_marked(dir: &RunDir, nonce: &str) {
    platform::kill_belonging(&format!("{COOKIE}={nonce}"), dir.tree_identity());
}

/// TERM, grace, KILL for our children, until there are none.
fn end_adopted(grace: Duration) -> bool {
    reap_ended();
    let mut found = false;
    let kill_at = Instant::now() + grace;
    let mut told = Vec::new();
    loop {
        let children = platform::adopted();
        if children.is_empty() {
            return found;
        }
        found = true;
        let kill = Instant::now() >= kill_at;
        for child in children {
            // It is our child and not reaped, so its number is its own.
            if kill {
                let _ = rustix::process::kill_process(child, Signal::KILL);
            } else if !told.contains(&child) {
                let _ = rustix::process::kill_process(child, Signal::TERM);
                told.push(child);
            }
        }
        std::thread::sleep(Duration::from_millis(2));
        reap_ended();
    }
}

/// Processor milliseconds and most memory in KiB of all children that were waited for.
pub fn usage() -> (i64, i64) {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else {
        return (0, 0);
    };
    let cpu = usage.user_time() + usage.system_time();
    (
        cpu.num_milliseconds(),
        usage.max_rss() / platform::MAX_RSS_PER_KIB,
    )
}

/// Whether the tree of a run is gone; if not, ends it where that is possible, for a bounded time.
pub fn confirm_gone(dir: &RunDir, nonce: &str, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    let mut pause = Duration::from_millis(2);
    loop {
        if dir.probe_tree() == Lock::Free {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        end_marked(dir, nonce);
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// Whether a run whose lock file is gone may still have a process: its supervisor has that file open, whatever its
/// folder became. Every doubt means yes.
pub fn may_be_alive(dir: &RunDir, nonce: &str, lock: Identity) -> bool {
    match platform::any_belonging(&format!("{COOKIE}={nonce}"), lock) {
        Some(found) => found,
        // Without a process table to look at, only the tree lock can speak, and only if it is still there.
        None => fsx::open_existing(&dir.tree()).is_ok() && dir.probe_tree() == Lock::Held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::id::Nonce;
    use crate::fsx::forking;
    use std::process::{Command, Stdio};

    #[test]
    fn whoever_has_the_lock_open_may_be_alive_though_its_file_is_gone() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let nonce = Nonce::from_random([7; 16]);
        let run = RunDir::new(dir.path(), &nonce);
        let (lock, identity) = run.create().unwrap();
        let mut holder = Command::new("sleep")
            .arg("60")
            .stdin(Stdio::from(lock))
            .spawn()
            .unwrap();
        run.remove().unwrap();
        let may = may_be_alive(&run, nonce.as_str(), identity);
        holder.kill().unwrap();
        holder.wait().unwrap();
        // Where the system does not show who has what open, nothing is left that could be asked.
        assert_eq!(may, platform::linux());
        assert!(!may_be_alive(&run, nonce.as_str(), identity));
    }
}
