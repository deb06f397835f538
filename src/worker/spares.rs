//! Folders of runs that are over, kept for runs to come.
//!
//! A run needs a folder, a lock and a record, and gives them back a moment later. Making and removing them is the most
//! that starting one costs a file system: where it looks long for a free inode, several times everything else. So the
//! folder of a run that is booked is put aside with these two files, and a claim renames it to its own.
//!
//! Nobody can take the earlier run for the later one: a folder is put aside only while its lock is free, it is used
//! only if that lock can be taken again, and a record speaks of the run alone whose nonce it names. What other
//! processes are found by or asked through (the tree lock, the cancel pipe) is made anew for every run.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::rundir::{Lock, RunDir};
use crate::fsx::{self, Identity};

/// Most folders that are kept, 8 KiB each on most file systems.
const MOST: usize = 128;

/// The folders that are put aside for the runs of a board. The tick that holds its dispatch lock is the only one that
/// takes and puts.
pub struct Spares {
    folder: PathBuf,
    names: Vec<OsString>,
}

impl Spares {
    /// What there is. A folder that cannot be read has none.
    pub fn of(folder: PathBuf) -> Self {
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        let names = entries.flatten().map(|entry| entry.file_name()).collect();
        Self { folder, names }
    }

    /// Makes one the folder of a run, and takes its lock. `None`: there is none that can be used.
    pub fn take(&mut self, run: &RunDir) -> Option<(File, Identity)> {
        while let Some(name) = self.names.pop() {
            let spare = self.folder.join(name);
            match fit(&spare, run) {
                Ok(fitted) => return Some(fitted),
                Err(e) => log::debug!("{} is of no use: {e}", spare.display()),
            }
            // Whatever it is now, it must not be in the way of a folder that is made.
            let _ = run.remove();
            let _ = RunDir::at(&spare).remove();
        }
        None
    }

    /// Puts the folder of a run aside that is over, or removes it.
    pub fn put(&mut self, run: &RunDir) -> io::Result<()> {
        if self.names.len() < MOST
            && let Some(name) = run.path().file_name()
            && strip(run).is_ok()
            && self.keep(run, name.to_owned()).is_ok()
        {
            return Ok(());
        }
        run.remove()
    }

    fn keep(&mut self, run: &RunDir, name: OsString) -> io::Result<()> {
        let spare = self.folder.join(&name);
        if let Err(e) = std::fs::rename(run.path(), &spare) {
            if e.kind() != io::ErrorKind::NotFound {
                return Err(e);
            }
            // The first of this board.
            fsx::private_dir(&self.folder).map_err(io::Error::other)?;
            std::fs::rename(run.path(), &spare)?;
        }
        self.names.push(name);
        Ok(())
    }
}

fn fit(spare: &Path, run: &RunDir) -> io::Result<(File, Identity)> {
    std::fs::rename(spare, run.path())?;
    run.take_lock()
}

/// Removes everything but the lock and the record of a run that nobody holds. Asked as others ask, who then are not
/// taken for a holder; it cannot be taken meanwhile, since only a claim takes it.
fn strip(run: &RunDir) -> io::Result<()> {
    if run.probe_own() != Lock::Free {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    for entry in std::fs::read_dir(run.path())? {
        let path = entry?.path();
        if path != run.lock() && path != run.record() {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::id::Nonce;
    use crate::fsx::{Wait, forking};
    use crate::worker::record::{self, Record};

    fn run(runs: &Path, number: u8) -> (RunDir, Nonce) {
        let nonce = Nonce::from_random([number; 16]);
        (RunDir::new(runs, &nonce), nonce)
    }

    /// A run that is over, with everything that its folder had.
    fn over(runs: &Path, number: u8) -> RunDir {
        let (run, nonce) = run(runs, number);
        let _lock = run.create().unwrap();
        record::prepare(&run.record(), &nonce).unwrap();
        let end = Record::Failed("an earlier run".into());
        record::overwrite(&run.record(), &nonce, &end).unwrap();
        fsx::create_private(&run.tree()).unwrap();
        std::fs::write(run.cancel_pipe(), "").unwrap();
        run
    }

    #[test]
    fn the_folder_of_a_run_serves_the_next_which_finds_nothing_of_it() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path();
        let first = over(runs, 1);
        let lock = Identity::of(&fsx::open_existing(&first.lock()).unwrap()).unwrap();
        Spares::of(runs.join("spare")).put(&first).unwrap();
        assert!(!first.path().exists());

        let mut spares = Spares::of(runs.join("spare"));
        let (second, nonce) = run(runs, 2);
        let (held, identity) = spares.take(&second).unwrap();
        assert_eq!(identity, lock, "the same file");
        assert_eq!(second.probe_own(), Lock::Held);
        assert!(!second.tree().exists() && !second.cancel_pipe().exists());
        assert_eq!(
            record::read(&second.record(), &nonce).unwrap(),
            Record::Pending
        );
        record::prepare(&second.record(), &nonce).unwrap();
        drop(held);
        let (third, _) = run(runs, 3);
        assert!(
            spares.take(&third).is_none() && Spares::of(runs.join("spare")).take(&third).is_none()
        );
        assert!(!third.path().exists());
    }

    #[test]
    fn what_somebody_holds_is_neither_put_aside_nor_used() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path();
        let (held, _) = run(runs, 1);
        let _lock = held.create().unwrap();
        Spares::of(runs.join("spare")).put(&held).unwrap();
        assert!(!held.path().exists(), "it is removed");

        let late = over(runs, 2);
        let asked = fsx::open_existing(&late.lock()).unwrap();
        assert!(fsx::lock_shared(&asked, Wait::No).unwrap());
        Spares::of(runs.join("spare")).put(&late).unwrap();
        let mut spares = Spares::of(runs.join("spare"));
        let spare = RunDir::at(&spares.folder.join(&spares.names[0]));
        assert!(spare.lock().exists(), "who asks is in nobody's way");
        let (next, _) = run(runs, 3);
        assert!(spares.take(&next).is_none());
        next.create().unwrap();
    }

    #[test]
    fn no_more_are_kept_than_there_is_a_use_for() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path();
        let mut spares = Spares::of(runs.join("spare"));
        spares.names = vec!["gone".into(); MOST];
        let last = over(runs, 1);
        spares.put(&last).unwrap();
        assert!(!last.path().exists());
        assert!(Spares::of(runs.join("spare")).names.is_empty());
        // Those that are said to be there, and are not, are passed over.
        assert!(spares.take(&run(runs, 2).0).is_none());
    }
}
