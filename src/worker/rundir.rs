//! The folder of a run: its lock, its tree lock, its exit record and its cancel pipe.
//!
//! The lock is held from before the run is on the board until its end is durable, so a free lock means
//! that nobody is left who could start it, be running it, or be about to report it. Whoever asks never
//! makes the file, and every doubt means "held".

use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::board::id::Nonce;
use crate::fsx::{self, Identity, Wait};

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

    /// Its name, which is the run's nonce.
    pub fn name(&self) -> Option<&str> {
        self.0.file_name()?.to_str()
    }

    /// Held while anybody may start, run or report the run.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Held by the worker and every descendant of it.
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

    /// Takes the lock of a folder that is there already; an error if somebody holds it.
    pub fn take_lock(&self) -> io::Result<(File, Identity)> {
        taken(fsx::write_existing(&self.lock())?)
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

    /// The identity of the tree lock's file, if it is there.
    pub fn tree_identity(&self) -> Option<Identity> {
        fsx::open_existing(&self.tree())
            .and_then(|f| Identity::of(&f))
            .ok()
    }

    /// Asks the supervisor to end the worker. `false`: nobody listens.
    pub fn cancel(&self) -> bool {
        fsx::write_existing(&self.cancel_pipe())
            .and_then(|mut pipe| pipe.write_all(b"c"))
            .is_ok()
    }

    /// Removes the folder of a run that is over.
    pub fn remove(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(&self.0) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// The runs whose lock somebody holds, or may hold, whatever the board says of them.
pub fn held(runs: &Path) -> Result<Vec<RunDir>> {
    let listed = folders(runs);
    let mut held = listed.with_context(|| format!("cannot list the runs in {}", runs.display()))?;
    held.retain(|dir| dir.probe_own() == Lock::Held);
    Ok(held)
}

/// Whether there is a run that nobody is at work on, or may be one.
pub fn any_free(runs: &Path) -> bool {
    folders(runs).map_or(true, |all| {
        all.iter().any(|dir| dir.probe_own() != Lock::Held)
    })
}

/// The folders of runs, whatever the board says of them.
pub fn folders(runs: &Path) -> io::Result<Vec<RunDir>> {
    let entries = match std::fs::read_dir(runs) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if let Some(nonce) = name.to_str().and_then(|n| n.parse::<Nonce>().ok()) {
            found.push(RunDir::new(runs, &nonce));
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
    use crate::fsx::forking;

    #[test]
    fn a_lock_is_held_free_or_gone_and_asking_never_makes_it() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::new(dir.path(), &Nonce::from_random([3; 16]));
        let (lock, identity) = run.create().unwrap();
        assert_eq!(run.probe(identity), Lock::Held);
        assert_eq!(held(dir.path()).unwrap(), std::slice::from_ref(&run));
        assert!(!any_free(dir.path()));
        assert!(run.create().is_err(), "a nonce is used once");
        drop(lock);
        assert_eq!(run.probe(identity), Lock::Free);
        assert_eq!(held(dir.path()).unwrap(), []);
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
}
