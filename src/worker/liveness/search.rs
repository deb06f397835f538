//! The witnesses of life, asked in order, for a run that no supervisor speaks for.

use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::Pid;

use super::{Here, Suspect, describe, still_alive};
use crate::board::run::Stage;
use crate::board::run_facts::{ProcessId, RunProcesses};
use crate::time::Seconds;
use crate::worker::cgroup;
use crate::worker::process_table::{self, Cookie, Process, ProcessTable};
use crate::worker::rundir::Lock;

/// What the search for an unsupervised run's processes came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Dead, and no second search could find otherwise.
    Proven,
    /// This search found nothing.
    NothingFound,
    /// A witness shows life, or cannot be asked.
    Alive(Remains),
}

/// What is left of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Remains {
    /// Processes that are proven to be the run's.
    pub(super) proven: Vec<ProcessId>,
    /// Its cgroup, if that is populated.
    pub(super) cgroup: Option<PathBuf>,
    /// The first witness, in a sentence.
    pub(super) why: String,
    /// A supervisor, or the expiry of a claim, ends the doubt.
    pub(super) passes: bool,
}

impl Remains {
    /// Whether neither a signal of ours nor time helps.
    pub(super) fn needs_person(&self) -> bool {
        self.proven.is_empty() && !self.passes
    }

    fn doubt(&mut self, why: impl FnOnce() -> String) {
        if self.why.is_empty() {
            self.why = why();
        }
    }

    fn prove(&mut self, processes: impl IntoIterator<Item = ProcessId>) {
        for process in processes {
            if !self.proven.contains(&process) {
                self.proven.push(process);
            }
        }
    }
}

/// Searches for processes of a run that no supervisor speaks for. `table`: read once for all runs.
pub(super) fn search(
    here: &Here,
    suspect: &Suspect,
    lock: Lock,
    table: &Result<ProcessTable, String>,
    now: Seconds,
) -> Verdict {
    // The gate opens only after the fence is committed, and the fence refuses a run that is recorded as over.
    if suspect.stage == Stage::Claimed {
        return Verdict::Proven;
    }
    let (name, mut remains) = (&suspect.name, Remains::default());
    if suspect.dir.probe_tree() != Lock::Free {
        remains.doubt(|| format!("a process holds the tree lock of {name}"));
    } else if suspect.is_of_another_boot(here) {
        return Verdict::Proven;
    }
    if lock == Lock::Gone
        && let Some(supervisor) = table
            .as_ref()
            .ok()
            .and_then(|table| supervisor(suspect, table))
    {
        remains.passes = true;
        remains.doubt(|| format!("{name} is supervised by {}", describe(supervisor)));
        return Verdict::Alive(remains);
    }
    if let Some(path) = suspect.cgroup() {
        ask_cgroup(name, path, table, &mut remains);
    }
    // Without a process table the namespace of this process cannot be read either: that is no other namespace.
    let is_readable = here.pid_namespace.is_some() || table.is_ok();
    if is_readable && suspect.is_elsewhere(here) {
        if suspect.lease.is_some_and(|at| at > now) {
            remains.passes = true;
            remains.doubt(|| {
                format!("{name} was started in another container (PID namespace) and cannot be looked for; its claim has not expired")
            });
        }
        return verdict(remains, Verdict::Proven);
    }
    match table {
        Ok(table) => ask_processes(suspect, lock, table, &mut remains),
        Err(why) => remains.doubt(|| {
            format!("{name} may be alive, because the process table cannot be read: {why}")
        }),
    }
    verdict(remains, Verdict::NothingFound)
}

fn verdict(remains: Remains, otherwise: Verdict) -> Verdict {
    match remains.why.is_empty() {
        true => otherwise,
        false => Verdict::Alive(remains),
    }
}

/// The supervisor of a run whose folder was removed or replaced: it goes on with the lock file that it has open.
fn supervisor(suspect: &Suspect, table: &ProcessTable) -> Option<i32> {
    let holders = process_table::lock_holders(table, suspect.nonce.as_str(), "lock");
    let known = suspect.facts.processes.as_ref();
    let recorded = known.and_then(|known| table.find(known.supervisor));
    let holder = holders.first().copied();
    holder.or(recorded.map(|found| found.pid))
}

fn ask_cgroup(
    name: &str,
    path: &Path,
    table: &Result<ProcessTable, String>,
    remains: &mut Remains,
) {
    let inside = match cgroup::state(path) {
        cgroup::State::Empty => return,
        cgroup::State::Unknown(why) => {
            return remains.doubt(|| format!("the cgroup of {name} cannot be looked at: {why}"));
        }
        cgroup::State::Populated => cgroup::processes(path),
    };
    let Ok(table) = table else {
        return remains.doubt(|| format!("the cgroup of {name} has processes"));
    };
    // A supervisor that a worker's own tick started there serves another run, with what it started.
    let supervisors = inside
        .iter()
        .copied()
        .filter(|pid| table.get(*pid).is_some_and(|process| process.supervisor));
    let spared = table.subtrees(supervisors);
    let ours = inside.iter().filter(|pid| !spared.contains(pid));
    let ours: Vec<ProcessId> = ours
        .filter_map(|pid| table.get(*pid))
        .map(Process::id)
        .collect();
    if let Some(first) = ours.first() {
        remains.doubt(|| still_alive(first.pid, name));
        remains.cgroup = spared.is_empty().then(|| path.to_owned());
        remains.prove(ours);
    }
}

fn ask_processes(suspect: &Suspect, lock: Lock, table: &ProcessTable, remains: &mut Remains) {
    let (name, nonce) = (&suspect.name, suspect.nonce.as_str());
    let known = suspect.facts.processes.as_ref();
    let carries = |process: &&Process| process.cookie(nonce) == Cookie::Carried;
    let mut roots: Vec<i32> = table
        .iter()
        .filter(carries)
        .map(|found| found.pid)
        .collect();
    if suspect.dir.probe_tree() == Lock::Held || lock == Lock::Gone {
        roots.extend(process_table::lock_holders(table, nonce, "tree"));
    }
    if let Some(known) = known {
        roots.extend(table.find(known.worker).map(|worker| worker.pid));
        roots.extend(group_of_leader(known, table));
        ask_group(name, known, table, &roots, remains);
    }
    let found: Vec<ProcessId> = table.trees_of(roots).into_iter().map(Process::id).collect();
    if let Some(first) = found.first() {
        // A process that is proven to be the run's says more than a lock or a number.
        remains.why = still_alive(first.pid, name);
        remains.prove(found);
    }
}

/// The members of the worker's process group while the recorded worker leads it, alive or dead: a number is not reused
/// before its process is reaped.
fn group_of_leader(known: &RunProcesses, table: &ProcessTable) -> Vec<i32> {
    if known.worker.pid != known.group || !process_table::is_still(known.worker) {
        return Vec::new();
    }
    let members = table.iter().filter(|process| process.group == known.group);
    members.map(|process| process.pid).collect()
}

/// The members of the run's process group and session. Numbers are reused, so they keep a card, but prove nothing
/// against a process.
fn ask_group(
    name: &str,
    known: &RunProcesses,
    table: &ProcessTable,
    roots: &[i32],
    remains: &mut Remains,
) {
    // A number is not reused while a group or a session has it. So a later process with the number of the leader
    // proves that the group, or the session, is empty.
    let is_ours = |number: i32, leader: ProcessId| {
        number > 1 && !(leader.pid == number && table.is_reused(leader))
    };
    let group_is_ours = is_ours(known.group, known.worker);
    let session_is_ours = is_ours(known.session, known.supervisor);
    let began_later = |process: &&Process| match (process.started, known.supervisor.started) {
        (Some(began), Some(claimed)) => began >= claimed,
        _ => true,
    };
    let is_member = |process: &&Process| match process.session {
        // A group never spans sessions.
        Some(session) => session_is_ours && session == known.session,
        None => group_is_ours && process.group == known.group,
    };
    let mut members = table.iter().filter(is_member).filter(began_later);
    let unproven = members.find(|member| !roots.contains(&member.pid) && !member.supervisor);
    if let Some(member) = unproven {
        let kind = match member.group == known.group {
            true => "process group",
            false => "session",
        };
        remains.doubt(|| format!("{} is in the {kind} of {name}", describe(member.pid)));
    }
    if group_is_ours && hides_members(known.group, table) {
        remains.doubt(|| format!("a process in the process group of {name} cannot be seen"));
    }
}

/// Whether a group answers to a signal that is not sent, although the table shows no member of it. A dead member that
/// its parent has not reaped answers too.
fn hides_members(group: i32, table: &ProcessTable) -> bool {
    let shown = table.iter().any(|process| process.group == group) || table.has_dead_in(group);
    let answers = |group| rustix::process::test_kill_process_group(group) != Err(Errno::SRCH);
    !shown && Pid::from_raw(group).is_some_and(answers)
}
