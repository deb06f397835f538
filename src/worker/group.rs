//! The processes of one run, as their supervisor and their guard handle them: the worker's process group, and what
//! the worker left behind.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions};

use super::cgroup;
use super::liveness::{self, Ending, Here, Suspect};
use super::log;
use super::process_table::{self, ProcessTable, is_supervisor};
use super::rundir::Lock;
use crate::board::run::Exit;
use crate::platform;

/// A child that may not be killed is waited for, and asked about this often at most.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Whether a signal could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    Yes,
    /// Every process of the group belongs to another user.
    Refused,
}

/// Sends a signal to the worker's group. Never to group 0 or 1, which would be ourselves or everybody.
pub fn signal(worker: Pid, signal: Signal) -> Sent {
    if worker.as_raw_pid() <= 1 {
        return Sent::Yes;
    }
    match rustix::process::kill_process_group(worker, signal) {
        Err(Errno::PERM) => Sent::Refused,
        // A group that is gone already is what is wanted.
        _ => Sent::Yes,
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

/// Ends what the worker of a supervised run left behind and waits until it is gone. `true`: there was something.
/// `held` is given the reason while a process may not be killed.
pub fn end_leftovers(suspect: &Suspect, grace: Duration, held: &mut dyn FnMut(&str)) -> bool {
    let cgroup = suspect.cgroup();
    let mut found = end_adopted(suspect, grace, held);
    // On Linux everything that was left behind became our child, unless it was moved away on purpose: then it holds the
    // tree lock or is in the cgroup. Elsewhere nothing becomes our child, and the process table has to be asked.
    let mut pause = Duration::from_millis(2);
    while !platform::linux() || may_have_more(suspect, cgroup) {
        let here = Here::find();
        let runs = [(suspect.clone(), Lock::Free)];
        let ending = liveness::end_all(&here, &runs, PAUSE_MAX, i64::MAX);
        match &ending[0] {
            Ending::Gone => break,
            // The group was killed and the worker reaped, so that only what left both could be alive. Without a process
            // table the run could otherwise never end.
            Ending::Held { why, .. } if !may_have_more(suspect, cgroup) && !can_search() => {
                log::note(why);
                break;
            }
            Ending::Held { why, .. } => held(why),
        }
        found = true;
        end_adopted(suspect, Duration::ZERO, held);
        if suspect.dir.is_forced() {
            break;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
    found
}

fn can_search() -> bool {
    ProcessTable::read().is_ok()
}

fn may_have_more(suspect: &Suspect, cgroup: Option<&Path>) -> bool {
    suspect.dir.probe_tree() != Lock::Free
        || cgroup.is_some_and(|path| cgroup::state(path) == cgroup::State::Populated)
}

/// TERM, grace, KILL for our children, until none is left but supervisors of other runs, which a worker's own tick may
/// have started; or until a person confirms that the rest need not be waited for.
fn end_adopted(suspect: &Suspect, grace: Duration, held: &mut dyn FnMut(&str)) -> bool {
    let mut pause = Duration::from_millis(2);
    let of = [suspect.nonce.as_str()];
    let mut found = end_gently(&of, grace, pause);
    loop {
        reap_ended();
        match kill_orphans(&of) {
            Orphans::None => return found,
            Orphans::Dying => {}
            Orphans::Refused(child) => {
                if !suspect.is_killed_by_cgroup() {
                    held(&liveness::still_alive(child.as_raw_pid(), &suspect.name));
                    if suspect.dir.is_forced() {
                        return true;
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        found = true;
        std::thread::sleep(pause);
    }
}

/// Asks orphans to end, once each, and waits for so long. `true`: there was one.
fn end_gently(of: &[&str], grace: Duration, pause: Duration) -> bool {
    let (until, mut asked) = (Instant::now() + grace, Vec::new());
    loop {
        reap_ended();
        let left = orphans(of);
        if left.is_empty() || Instant::now() >= until {
            return !(left.is_empty() && asked.is_empty());
        }
        for child in left {
            if !asked.contains(&child) {
                // It is our child and not reaped, so its number is its own.
                let _ = rustix::process::kill_process(child, Signal::TERM);
                asked.push(child);
            }
        }
        std::thread::sleep(pause);
    }
}

/// What is left of the processes that became our children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    None,
    /// They were killed and are not reaped yet.
    Dying,
    /// We may not kill this one.
    Refused(Pid),
}

/// Kills every process that became our child and may belong to the runs with these nonces. Reaping is left to the caller, who may
/// want to know how a child ended.
pub fn kill_orphans(of: &[&str]) -> Orphans {
    let mut left = Orphans::None;
    for child in orphans(of) {
        // It is our child and not reaped, so its number is its own.
        match rustix::process::kill_process(child, Signal::KILL) {
            Err(Errno::PERM) => left = Orphans::Refused(child),
            _ if left == Orphans::None => left = Orphans::Dying,
            _ => {}
        }
    }
    left
}

/// Our living children, without supervisors and without what carries the cookie of another run: those runs end by
/// themselves, or leave it on purpose. Where the kernel keeps no list of children, the process table is asked.
fn orphans(of: &[&str]) -> Vec<Pid> {
    let children = platform::adopted();
    let mut children = children.unwrap_or_else(|| process_table::children_of(std::process::id()));
    children.retain(|child| {
        let cookies = process_table::cookies_of(child.as_raw_pid());
        let of_other = !cookies.is_empty() && !cookies.iter().any(|nonce| of.contains(&&**nonce));
        !of_other && !is_supervisor(child.as_raw_pid())
    });
    children
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
