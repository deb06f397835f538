//! The folder of a run: its lock, its tree lock, its exit record and its cancel pipe.
//!
//! The lock is held from before the run is on the board until its end is recorded, so a held lock means that a
//! supervisor or a guard is at work. A free lock alone does not mean that the run is dead (see [`super::liveness`]).
//! Asking never creates the file, and every doubt means "held".
//!
//! The lock file also names the run's card and its processes, one JSON object a line: a board whose file was replaced
//! by an earlier copy does not know the run, and must not start a second worker for its card.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::board::id::{Nonce, TaskId};
use crate::board::run_facts::{RunFacts, RunProcesses};
use crate::fsx::{self, Identity, Wait};
use crate::platform;

/// More is not read of a lock file, in bytes: both lines take less than a tenth of it.
const NOTES_MAX: u64 = 65_536;

/// What the tick writes into the lock file before it commits the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimNote {
    pub task: String,
    #[serde(flatten)]
    pub facts: RunFacts,
}

/// Appends one line to a run's lock file.
pub fn note(mut lock: &File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    lock.write_all(&text)
}

/// The folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir(PathBuf);

/// What a lock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Somebody holds it, or it cannot be told.
    Held,
    /// Nobody holds it.
    Free,
    /// The file is not the one that was locked: somebody removed or replaced it.
    Gone,
}

impl RunDir {
    /// The folder of the run with this nonce.
    pub fn new(runs: &Path, nonce: &Nonce) -> Self {
        Self(runs.join(nonce.as_str()))
    }

    /// A folder by its path.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of a lock that this process holds. It may have been moved since the run began, with its board, and the
    /// record must not be lost with the old path. `otherwise`: where it was, for systems that cannot tell.
    pub fn of_lock(lock: &File, otherwise: &Path) -> Self {
        let found = platform::path_of(lock).ok();
        let moved = found.as_ref().filter(|path| path.ends_with("lock"));
        Self::at(moved.and_then(|path| path.parent()).unwrap_or(otherwise))
    }

    /// The card and the processes of the run, as its lock file names them. `None`: an earlier version of this program
    /// created the folder, or the claim was not completed.
    pub fn notes(&self) -> io::Result<Option<(TaskId, RunFacts)>> {
        // Bytes, because a line that was cut may end inside a character.
        let mut text = Vec::new();
        match fsx::open_existing(&self.lock()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?.take(NOTES_MAX).read_to_end(&mut text)?,
        };
        let mut lines = text
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"));
        let claim = lines
            .next()
            .and_then(|line| serde_json::from_slice(line).ok());
        let processes = lines
            .next()
            .and_then(|line| serde_json::from_slice(line).ok());
        Ok(claim.map(|claim: ClaimNote| {
            let facts = RunFacts {
                processes: processes as Option<RunProcesses>,
                ..claim.facts
            };
            (TaskId::stored(claim.task), facts)
        }))
    }

    /// Held while anybody may start, run or report the run.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The worker and its descendants inherit its lock; those that close unknown descriptors lose it.
    pub fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }

    /// The exit record.
    pub fn record(&self) -> PathBuf {
        self.0.join("exit")
    }

    /// A byte written here asks the supervisor to end the worker.
    pub fn cancel_pipe(&self) -> PathBuf {
        self.0.join("cancel")
    }

    /// Makes the folder and takes its lock, before anything else knows of the run.
    pub fn create(&self) -> Result<(File, Identity)> {
        let attempt = || -> Result<(File, Identity)> {
            DirBuilder::new().mode(0o700).create(&self.0)?;
            Ok(taken(fsx::create_private(&self.lock())?)?)
        };
        attempt().with_context(|| format!("cannot prepare the run folder {}", self.0.display()))
    }

    /// Asks the run's lock.
    pub fn probe(&self, expected: Identity) -> Lock {
        let Some(file) = open_or_gone(&self.lock()) else {
            return Lock::Gone;
        };
        match file {
            Ok(file) if Identity::of(&file).is_ok_and(|found| found != expected) => Lock::Gone,
            other => ask(other),
        }
    }

    /// Asks the lock of a folder that no row speaks of.
    pub fn probe_own(&self) -> Lock {
        open_or_gone(&self.lock()).map_or(Lock::Gone, ask)
    }

    /// Asks the tree lock. A missing one was never made.
    pub fn probe_tree(&self) -> Lock {
        open_or_gone(&self.tree()).map_or(Lock::Free, ask)
    }

    /// Asks the supervisor to end the worker. `false`: it does not listen yet, and finds the request when it does.
    pub fn cancel(&self) -> bool {
        // First, so that a supervisor that begins to listen meanwhile finds one or the other.
        let _ = fsx::create_private(&self.request());
        fsx::write_existing(&self.cancel_pipe())
            .and_then(|mut pipe| pipe.write_all(b"c"))
            .is_ok()
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.request().symlink_metadata().is_ok()
    }

    fn request(&self) -> PathBuf {
        self.0.join("cancelled")
    }

    /// A person confirmed that the supervisor, or the guard, need not wait for processes that it may not end.
    pub fn force(&self) -> io::Result<()> {
        match fsx::create_private(&self.forced()) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }

    /// Whether [`force`](Self::force) was called.
    pub fn is_forced(&self) -> bool {
        self.forced().symlink_metadata().is_ok()
    }

    fn forced(&self) -> PathBuf {
        self.0.join("forced")
    }

    /// The processes of the run, if its gate was to be opened: then its worker may have executed.
    pub fn processes(&self) -> Option<RunProcesses> {
        self.notes().ok()??.1.processes
    }

    /// Removes the folder of a run that is over.
    pub fn remove(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(&self.0) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// Whether a lock file that is open has no name any more.
pub fn is_removed(lock: &File) -> bool {
    lock.metadata().is_ok_and(|meta| meta.nlink() == 0)
}

/// Whether there is a run that nobody is at work on, or may be one.
pub fn any_free(runs: &Path) -> bool {
    folders(runs).map_or(true, |all| {
        all.iter().any(|(_, dir)| dir.probe_own() != Lock::Held)
    })
}

/// The folders of runs with their nonces, whatever the board says of them.
pub fn folders(runs: &Path) -> io::Result<Vec<(Nonce, RunDir)>> {
    let entries = match std::fs::read_dir(runs) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if let Some(nonce) = name.to_str().and_then(|n| n.parse::<Nonce>().ok()) {
            let dir = RunDir::new(runs, &nonce);
            found.push((nonce, dir));
        }
    }
    Ok(found)
}

fn taken(lock: File) -> io::Result<(File, Identity)> {
    if !fsx::lock_exclusive(&lock, Wait::No)? {
        return Err(io::Error::other("its lock is held by somebody else"));
    }
    let identity = Identity::of(&lock)?;
    Ok((lock, identity))
}

fn open_or_gone(path: &Path) -> Option<io::Result<File>> {
    match fsx::open_existing(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        other => Some(other),
    }
}

/// Whoever cannot be asked counts as held: a doubt must never start a second worker.
fn ask(file: io::Result<File>) -> Lock {
    match file.and_then(|file| fsx::lock_shared(&file, Wait::No)) {
        Ok(true) => Lock::Free,
        Ok(false) | Err(_) => Lock::Held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::run_facts::ProcessId;
    use crate::fsx::forking;

    #[test]
    fn a_lock_is_held_free_or_gone_and_asking_never_makes_it() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::new(dir.path(), &Nonce::from_random([3; 16]));
        let (lock, identity) = run.create().unwrap();
        assert_eq!(run.probe(identity), Lock::Held);
        assert!(!any_free(dir.path()));
        assert!(run.create().is_err(), "a nonce is used once");
        drop(lock);
        assert_eq!(run.probe(identity), Lock::Free);
        assert!(any_free(dir.path()));
        assert_eq!(run.probe_tree(), Lock::Free);
        assert!(!run.tree().exists());
        std::fs::rename(run.lock(), dir.path().join("moved")).unwrap();
        assert_eq!(run.probe(identity), Lock::Gone);
        assert!(!run.lock().exists());
        std::fs::write(run.lock(), "").unwrap();
        assert_eq!(
            run.probe(identity),
            Lock::Gone,
            "a replaced file is not the lock"
        );
        run.remove().unwrap();
        run.remove().unwrap();
    }

    fn claim() -> ClaimNote {
        ClaimNote {
            task: "t_12345678".into(),
            facts: RunFacts {
                claimed_at: 7,
                boot: "boot".into(),
                pid_namespace: Some("pid:[1]".into()),
                processes: None,
            },
        }
    }

    fn processes() -> RunProcesses {
        let id = |pid| ProcessId {
            pid,
            started: Some(1),
        };
        RunProcesses {
            supervisor: id(2),
            worker: id(3),
            group: 3,
            session: 2,
            cgroup: Some("/sys/fs/cgroup/caf\u{e9}".into()),
        }
    }

    #[test]
    fn notes_name_the_card_and_the_processes_as_far_as_they_are_whole() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::new(dir.path(), &Nonce::from_random([4; 16]));
        assert!(run.notes().unwrap().is_none(), "no folder");
        let (lock, _) = run.create().unwrap();
        assert!(
            run.notes().unwrap().is_none(),
            "an earlier version wrote none"
        );
        note(&lock, &claim()).unwrap();
        let (task, facts) = run.notes().unwrap().unwrap();
        assert_eq!((task.as_str(), &facts), ("t_12345678", &claim().facts));
        let begins = lock.metadata().unwrap().len();
        note(&lock, &processes()).unwrap();
        let whole = std::fs::read(run.lock()).unwrap();
        assert_eq!(run.processes(), Some(processes()));
        // The disk was full, or the machine stopped, while a line was written.
        for end in 0..whole.len() {
            std::fs::write(run.lock(), &whole[..end]).unwrap();
            let notes = run.notes().ok().flatten();
            let card = notes.as_ref().map(|(task, _)| task.as_str());
            let is_whole = end as u64 >= begins;
            assert_eq!(card, is_whole.then_some("t_12345678"), "{end} bytes");
            assert_eq!(run.processes(), None, "{end} bytes");
        }
    }
}
