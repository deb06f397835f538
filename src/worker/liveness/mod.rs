//! The one predicate for "this run is dead", and ending what is left of a run.
//!
//! Everything that frees a card, a folder or a board asks here. A held lock proves life; a free lock proves nothing,
//! because ordinary programs close descriptors that they do not know. So a run whose supervisor left no exit record is
//! dead only when no witness shows life: its locks, its cgroup, its cookie, its process group and session, its
//! recorded worker. What cannot be told counts as life, unless the question was about processes of other users, which
//! prove nothing.

mod kill;
mod search;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User};

use super::cgroup;
use super::process_table::{self, ProcessTable};
use super::record::{self, Record};
use super::rundir::{Lock, RunDir};
use crate::board::id::Nonce;
use crate::board::run::Stage;
use crate::board::run_facts::RunFacts;
use crate::fsx::Identity;
use crate::platform;
use crate::time::Seconds;
use search::{Verdict, search};

/// A run is gone when this many searches in a row found nothing: a process that forks and ends while the process
/// table is read can be missed once.
const SEARCHES: u32 = 2;

/// This boot and PID namespace, in which process ids mean something.
#[derive(Debug, Clone)]
pub struct Here {
    /// `None`: it cannot be read.
    pub boot: Option<String>,
    /// `None`: it cannot be read.
    pub pid_namespace: Option<String>,
}

impl Here {
    /// Asks the system.
    pub fn find() -> Self {
        Self {
            boot: platform::boot_id().or_else(boot_session),
            pid_namespace: platform::pid_namespace(),
        }
    }
}

/// macOS names each boot (sysctl(3), kern.bootsessionuuid).
fn boot_session() -> Option<String> {
    if !platform::MACOS {
        return None;
    }
    let mut sysctl = Command::new("/usr/sbin/sysctl");
    let output = sysctl.args(["-n", "kern.bootsessionuuid"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}

/// A run that is to be judged, from its row on the board or from its folder.
#[derive(Debug, Clone)]
pub struct Suspect {
    pub dir: RunDir,
    pub nonce: Nonce,
    /// How people know it, such as `run 7`.
    pub name: String,
    /// The file that its lock is on. `None`: only the folder speaks for it.
    pub lock: Option<Identity>,
    pub stage: Stage,
    pub facts: RunFacts,
    /// When its claim expires.
    pub lease: Option<Seconds>,
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its supervisor, or its guard, is at work.
    Supervised,
    /// Its supervisor left this record; no process of the run is left.
    Recorded(Record),
    /// No supervisor is left, and no record.
    Unsupervised(Lock),
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl Suspect {
    /// Asks the run's lock and its record. Nothing else needs to be asked where one of them answers.
    pub fn standing(&self) -> Standing {
        let lock = match self.lock {
            Some(expected) => self.dir.probe(expected),
            None => self.dir.probe_own(),
        };
        if lock == Lock::Held {
            return Standing::Supervised;
        }
        match record::read(&self.dir.record(), &self.nonce) {
            Ok(Record::Pending) => Standing::Unsupervised(lock),
            Ok(record) => Standing::Recorded(record),
            Err(e) => Standing::Unknown(format!("its exit record cannot be read: {e}")),
        }
    }

    /// The folder of the run's own cgroup, if it has one.
    pub fn cgroup(&self) -> Option<&Path> {
        let processes = self.facts.processes.as_ref()?;
        processes.cgroup.as_deref().map(Path::new)
    }

    /// Whether the run's cgroup killed everything in it, other users' processes too.
    pub fn is_killed_by_cgroup(&self) -> bool {
        self.cgroup().is_some_and(|path| cgroup::kill(path).is_ok())
    }

    /// The row may have been read before the fence was committed, or it is that of an earlier copy of the board. The
    /// folder knows better: the supervisor names the processes there before it opens the gate.
    fn refreshed(&self) -> Self {
        let mut fresh = self.clone();
        if self.stage == Stage::Claimed
            && let Some(processes) = self.dir.processes()
        {
            fresh.stage = Stage::Started;
            fresh.facts.processes = Some(processes);
        }
        fresh
    }

    /// Whether processes of this run can only be looked for in another PID namespace.
    fn is_elsewhere(&self, here: &Here) -> bool {
        match (&self.facts.pid_namespace, &here.pid_namespace) {
            // An earlier version did not record it.
            (None, _) => false,
            // Empty, where it could not be read, it is none of ours either.
            (Some(of_run), Some(ours)) => of_run != ours,
            (Some(_), None) => true,
        }
    }

    /// Another boot proves death.
    fn is_of_another_boot(&self, here: &Here) -> bool {
        let of_run = Some(&self.facts.boot).filter(|boot| !boot.is_empty());
        matches!((of_run, &here.boot), (Some(of_run), Some(ours)) if of_run != ours)
    }
}

/// The reason why a run is not over, where a process of it is known.
pub fn still_alive(pid: i32, run: &str) -> String {
    format!("{} of {run} is still alive", describe(pid))
}

/// How people know a process: its number and its user.
fn describe(pid: i32) -> String {
    let owner = process_table::owner(pid).map(|uid| {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        user.map_or_else(|| uid.to_string(), |user| user.name)
    });
    match owner {
        Some(user) => format!("process {pid} ({user})"),
        None => format!("process {pid}"),
    }
}

/// What became of ending a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// No process of it is left.
    Gone,
    /// It is held for this reason.
    Held {
        why: String,
        /// This user may not end what is left, or cannot prove that it belongs to the run.
        needs_person: bool,
        /// A supervisor, or the expiry of a claim, ends the doubt.
        passes: bool,
    },
}

/// Ends what is left of unsupervised runs, all at once, and waits until it is gone; at most for so long.
pub fn end_all(
    here: &Here,
    suspects: &[(Suspect, Lock)],
    patience: Duration,
    now: Seconds,
) -> Vec<Ending> {
    let suspects = refreshed(suspects);
    let until = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    let mut open: BTreeMap<usize, Progress> = (0..suspects.len())
        .map(|index| (index, Progress::default()))
        .collect();
    loop {
        // A table is read only where a process has to be found.
        let needed = open
            .keys()
            .any(|index| suspects[*index].0.stage != Stage::Claimed);
        let table = match needed {
            true => ProcessTable::read(),
            false => Err("no process has run".into()),
        };
        open.retain(|index, progress| {
            let (suspect, lock) = &suspects[*index];
            let gone = progress.step(&search(here, suspect, *lock, &table, now), &suspect.name);
            if gone && let Some(path) = suspect.cgroup() {
                cgroup::remove(path);
            }
            !gone
        });
        let waits = open.values().any(|progress| progress.clean == 0);
        if open.is_empty() || waits && Instant::now() >= until {
            break;
        }
        if waits {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
    let mut endings = vec![Ending::Gone; suspects.len()];
    for (index, progress) in open {
        endings[index] = Ending::Held {
            why: progress.why,
            needs_person: progress.needs_person,
            passes: progress.passes,
        };
    }
    endings
}

/// [`end_all`] for a dry run: nothing is ended.
pub fn look_at_all(here: &Here, suspects: &[(Suspect, Lock)], now: Seconds) -> Vec<Ending> {
    let suspects = refreshed(suspects);
    let mut endings = vec![Ending::Gone; suspects.len()];
    for _ in 0..SEARCHES {
        let table = ProcessTable::read();
        for ((suspect, lock), ending) in suspects.iter().zip(&mut endings) {
            let Ending::Gone = ending else { continue };
            if let Verdict::Alive(remains) = search(here, suspect, *lock, &table, now) {
                *ending = Ending::Held {
                    needs_person: remains.needs_person(),
                    passes: remains.passes,
                    why: remains.why,
                };
            }
        }
    }
    endings
}

fn refreshed(suspects: &[(Suspect, Lock)]) -> Vec<(Suspect, Lock)> {
    let fresh = |(suspect, lock): &(Suspect, Lock)| (suspect.refreshed(), *lock);
    suspects.iter().map(fresh).collect()
}

/// How far the end of one run has come.
#[derive(Debug, Default)]
struct Progress {
    /// Searches in a row that found nothing.
    clean: u32,
    why: String,
    needs_person: bool,
    passes: bool,
}

impl Progress {
    /// Takes in one search and ends what it found. `true`: the run is gone.
    fn step(&mut self, verdict: &Verdict, name: &str) -> bool {
        match verdict {
            Verdict::Proven => return true,
            Verdict::NothingFound => self.clean += 1,
            Verdict::Alive(remains) => {
                self.clean = 0;
                let survivors = kill::kill(remains);
                self.needs_person = remains.needs_person() || !survivors.is_empty();
                self.passes = remains.passes;
                self.why = match survivors.first() {
                    Some(pid) => still_alive(*pid, name),
                    None => remains.why.clone(),
                };
            }
        }
        self.clean >= SEARCHES
    }
}
