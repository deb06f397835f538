//! The processes of this machine, as one reading of `/proc` shows them, or `ps` where `/proc` is missing.
//!
//! A reading is not one moment: a process that forks and ends while the table is read can be missed. Callers that
//! act on an absence read twice.

mod proc;
mod ps;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::board::run_facts::ProcessId;
use crate::platform;
use crate::time;

use proc::Stat;
pub use proc::{children_of, cookies_of, is_supervisor, lock_holders, owner};

/// The variable that marks every process of a run.
pub const COOKIE: &str = "KANBAN_RUN_NONCE";

/// One process. Dead ones that their parents have not reaped are not in the table.
#[derive(Debug)]
pub struct Process {
    pub pid: i32,
    parent: i32,
    pub group: i32,
    /// `None`: `ps` does not show it.
    pub session: Option<i32>,
    /// As in [`ProcessId`].
    pub started: Option<i64>,
    environment: Environment,
    /// It is a supervisor of ours, or a guard.
    pub supervisor: bool,
}

/// What the environment of a process says about runs.
#[derive(Debug)]
enum Environment {
    Readable { nonces: Vec<String> },
    Unreadable,
}

/// Whether a process carries the cookie of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    Carried,
    Absent,
    Unreadable,
}

impl Process {
    /// The number and start time that tell this process from any other.
    pub fn id(&self) -> ProcessId {
        ProcessId {
            pid: self.pid,
            started: self.started,
        }
    }

    /// Whether this process carries the cookie of the run with this nonce.
    pub fn cookie(&self, nonce: &str) -> Cookie {
        match &self.environment {
            Environment::Unreadable => Cookie::Unreadable,
            Environment::Readable { nonces } if nonces.iter().any(|n| n == nonce) => {
                Cookie::Carried
            }
            Environment::Readable { .. } => Cookie::Absent,
        }
    }
}

/// All processes but this one.
#[derive(Debug)]
pub struct ProcessTable {
    all: HashMap<i32, Process>,
    /// The process groups of dead processes that their parents have not reaped.
    dead_groups: HashSet<i32>,
}

impl ProcessTable {
    /// Reads the table. The error states why no table of this PID namespace can be read.
    pub fn read() -> Result<Self, String> {
        match platform::linux() {
            true => proc::read(Path::new("/proc")),
            false => ps::read(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.all.values()
    }

    pub fn get(&self, pid: i32) -> Option<&Process> {
        self.all.get(&pid)
    }

    /// The process with this number, if it is the recorded one and not a later one with the same number.
    pub fn find(&self, id: ProcessId) -> Option<&Process> {
        self.get(id.pid)
            .filter(|found| same_start(found.started, id.started) == Some(true))
    }

    /// Whether another process has the number of this one now.
    pub fn is_reused(&self, id: ProcessId) -> bool {
        let now = self.get(id.pid);
        now.is_some_and(|now| same_start(now.started, id.started) == Some(false))
    }

    /// Whether a process group has a member that is dead and not reaped.
    pub fn has_dead_in(&self, group: i32) -> bool {
        self.dead_groups.contains(&group)
    }

    /// These processes and all their descendants.
    pub fn subtrees(&self, roots: impl IntoIterator<Item = i32>) -> HashSet<i32> {
        let children = self.children();
        let (mut found, mut open) = (HashSet::new(), roots.into_iter().collect::<Vec<_>>());
        while let Some(pid) = open.pop() {
            if found.insert(pid) {
                open.extend(children.get(&pid).into_iter().flatten());
            }
        }
        found
    }

    fn children(&self) -> HashMap<i32, Vec<i32>> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for process in self.iter() {
            let siblings = children.entry(process.parent).or_default();
            siblings.push(process.pid);
        }
        children
    }

    /// These processes and all their descendants, without supervisors and what those started: such a supervisor
    /// serves another run.
    pub fn trees_of(&self, roots: impl IntoIterator<Item = i32>) -> Vec<&Process> {
        let children = self.children();
        let (mut seen, mut open) = (HashSet::new(), roots.into_iter().collect::<Vec<_>>());
        let mut found = Vec::new();
        while let Some(pid) = open.pop() {
            let Some(process) = self.get(pid) else {
                continue;
            };
            if !seen.insert(pid) || process.supervisor {
                continue;
            }
            found.push(process);
            open.extend(children.get(&pid).into_iter().flatten());
        }
        found
    }
}

/// Whether two start times are the same. Where the system counts in seconds, either may have been rounded.
fn same_start(found: Option<i64>, recorded: Option<i64>) -> Option<bool> {
    let apart = (found? - recorded?).abs();
    Some(apart <= i64::from(!platform::linux()) * 2)
}

/// A process as the system shows it.
enum Seen {
    Alive(Process),
    /// Its parent has not reaped it yet.
    Dead {
        group: i32,
    },
}

/// When a process began, as [`ProcessId`] records it. Elsewhere than on Linux the caller records the time instead:
/// asking `ps` would cost every start a process.
pub fn started(pid: i32) -> Option<i64> {
    match platform::linux() {
        true => Stat::read(pid).ok().map(|stat| stat.started),
        false => Some(time::clock()),
    }
}

/// Whether a process still is the recorded one. For a kill by number: nothing may happen in between.
pub fn is_still(id: ProcessId) -> bool {
    match platform::linux() {
        true => Stat::read(id.pid).is_ok_and(|stat| Some(stat.started) == id.started),
        false => ProcessTable::read().is_ok_and(|table| table.find(id).is_some()),
    }
}

fn nonces_in<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let prefix = format!("{COOKIE}=");
    let values = entries.filter_map(|entry| entry.strip_prefix(prefix.as_bytes()));
    values
        .filter_map(|value| String::from_utf8(value.to_vec()).ok())
        .collect()
}

/// The ancestors of this process, from its parent on. Empty where only `ps` could tell.
pub fn ancestors() -> Vec<ProcessId> {
    let (mut found, mut pid) = (Vec::new(), std::process::id().cast_signed());
    // No tree of processes is deeper; a loop is impossible unless numbers are reused while we read.
    while platform::linux() && found.len() < 1_000 {
        let Ok(stat) = Stat::read(pid) else { break };
        let Ok(parent) = Stat::read(stat.parent) else {
            break;
        };
        pid = stat.parent;
        found.push(ProcessId {
            pid,
            started: Some(parent.started),
        });
    }
    found
}

/// Whether a process is a part of a worker: it, or an ancestor, carries the cookie of a run or is a supervisor. A worker
/// may run ticks of its own, also with an environment that it cleared.
pub fn is_in_worker() -> bool {
    let own = std::process::id().cast_signed();
    // The follow-up tick of a supervisor is in no worker.
    !is_supervisor(own)
        && (platform::variable(COOKIE).is_some()
            || ancestors()
                .iter()
                .any(|above| is_supervisor(above.pid) || !cookies_of(above.pid).is_empty()))
}

/// The runs whose cookie this process carries, or an ancestor does.
pub fn enclosing_runs() -> Vec<String> {
    let own = platform::variable(COOKIE).into_iter();
    let above = ancestors()
        .into_iter()
        .flat_map(|above| cookies_of(above.pid));
    own.chain(above).collect()
}
