//! Whose turn it is: one tick of a board at a time, whichever program runs it.
//!
//! The lock is on the same file as Hermes' own dispatcher uses. A second file holds the one place in the
//! queue: ticks that follow the end of a worker are merged when one already waits, because its passes
//! begin after it has the board and so see whatever made the others want one. One that comes upon a board on which
//! every run that ended is booked has nothing left to follow: the tick that booked them went through all its passes
//! before it removed their folders.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::fs::{Timespec, Timestamps};

use super::Turn;
use crate::config::Board;
use crate::exit::Failure;
use crate::fsx::{self, Identity, Wait};
use crate::time::Seconds;
use crate::worker::rundir::{self, RunDir};

/// Seconds after which even an idle tick tidies up.
pub const HOUR: Seconds = 3_600;

/// How long somebody who needs the board for himself waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes the board for one tick. `None`: another tick has it, or waits for it in our place, or has done what this one
/// was to do.
pub fn take(board: &Board, turn: Turn<'_>) -> Result<Option<File>> {
    let path = board.dispatch_lock();
    let dispatch = fsx::open_lock(&path)?;
    let cannot = || format!("cannot take the lock {}", path.display());
    if fsx::lock_exclusive(&dispatch, Wait::No).with_context(cannot)? {
        require_in_place(&dispatch, &path, board)?;
        // Nobody has left anything to us, who did not wait.
        let served = matches!(turn, Turn::AfterRun(ended) if is_booked(&ended.dir));
        return Ok((!served).then_some(dispatch));
    }
    let queue = match turn {
        Turn::SkipIfLocked => return Ok(None),
        Turn::AfterRun(_) => Wait::No,
        Turn::Wait => Wait::Forever,
    };
    let next = fsx::open_lock(&board.next_lock())?;
    if !fsx::lock_exclusive(&next, queue).with_context(cannot)? {
        return Ok(None);
    }
    fsx::lock_exclusive(&dispatch, Wait::Forever).with_context(cannot)?;
    require_in_place(&dispatch, &path, board)?;
    // From here on nobody leaves anything to us; whoever did gave the lock of its run back before.
    drop(next);
    let served = match turn {
        Turn::AfterRun(ended) => is_booked(&ended.dir) && !rundir::any_free(&board.runs()),
        Turn::SkipIfLocked | Turn::Wait => false,
    };
    Ok((!served).then_some(dispatch))
}

/// Whether a tick that began after the end of this run has booked it.
fn is_booked(ended: &RunDir) -> bool {
    matches!(ended.path().symlink_metadata(), Err(e) if e.kind() == io::ErrorKind::NotFound)
}

/// A board can be moved while its lock is waited for. Then what is held is the lock of the moved one, and whatever
/// is at the old place now is somebody else's.
fn require_in_place(lock: &File, path: &Path, board: &Board) -> Result<()> {
    let held = Identity::of(lock)?;
    let there = path.symlink_metadata().map(|meta| Identity {
        dev: meta.dev(),
        ino: meta.ino(),
    });
    match there {
        Ok(there) if there == held => Ok(()),
        _ => Err(Failure::try_again(format!(
            "board {} was moved away at this moment",
            board.slug
        ))
        .hint("kanban boards list says where boards are; nothing was changed")
        .into()),
    }
}

/// The board for somebody who must meet neither a tick nor a sender.
pub struct Alone {
    _dispatch: File,
    _deliver: File,
}

impl Alone {
    /// Takes it, or says that it has to be tried again. A tick mostly takes no longer than this waits.
    pub fn take(board: &Board) -> Result<Self> {
        let until = Instant::now() + PATIENCE;
        Ok(Self {
            _dispatch: patiently(&board.dispatch_lock(), until, "a tick works on", board)?,
            _deliver: patiently(&board.deliver_lock(), until, "messages are sent for", board)?,
        })
    }
}

fn patiently(path: &Path, until: Instant, busy: &str, board: &Board) -> Result<File> {
    let lock = fsx::open_lock(path)?;
    while !fsx::lock_exclusive(&lock, Wait::No)
        .with_context(|| format!("cannot take the lock {}", path.display()))?
    {
        if Instant::now() >= until {
            return Err(Failure::try_again(format!("{busy} board {}", board.slug))
                .hint("nothing was changed; try again in a moment")
                .into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    require_in_place(&lock, path, board)?;
    Ok(lock)
}

/// Leaves the time of this tick on the lock file: a durable trace that costs an idle tick no write to
/// the board.
pub fn stamp(lock: &File, now: Seconds) {
    let now = Timespec {
        tv_sec: now,
        tv_nsec: 0,
    };
    // Without it, only the age of the last tick is shown wrong.
    if let Err(e) = rustix::fs::futimens(
        lock,
        &Timestamps {
            last_access: now,
            last_modification: now,
        },
    ) {
        log::warn!("cannot leave the time of this tick: {e}");
    }
}

/// When the last tick of a board ended, if there has been one.
pub fn stamped(board: &Board) -> Option<Seconds> {
    std::fs::metadata(board.dispatch_lock())
        .ok()
        .map(|meta| meta.mtime())
}

/// Whether the last tick was in another hour: then even an idle one tidies up.
pub fn is_new_hour(lock: &File, now: Seconds) -> bool {
    lock.metadata()
        .is_ok_and(|meta| is_other_hour(meta.mtime(), now))
}

/// Whether two moments are in different hours.
pub fn is_other_hour(one: Seconds, other: Seconds) -> bool {
    one / HOUR != other / HOUR
}

#[cfg(test)]
mod tests {
    use super::super::EndedRun;
    use super::*;
    use crate::board::id::{Nonce, Slug};
    use crate::config::load_from;
    use crate::fsx::forking;

    fn board(root: &Path) -> Board {
        let config = load_from(None, &|name| (name == "KANBAN_HOME").then(|| root.into())).unwrap();
        let slug: Slug = "default".parse().unwrap();
        let board = config.board(&slug);
        std::fs::create_dir_all(board.runs()).unwrap();
        board
    }

    fn run(board: &Board, number: u8) -> EndedRun {
        EndedRun {
            dir: RunDir::new(&board.runs(), &Nonce::from_random([number; 16])),
            cgroups: None,
        }
    }

    #[test]
    fn who_follows_a_run_that_is_booked_leaves_the_board_alone() {
        let _alone = forking::nobody_forks();
        let root = tempfile::tempdir().unwrap();
        let board = board(root.path());
        let ended = run(&board, 1);
        let turn = Turn::AfterRun(&ended);
        assert!(take(&board, turn).unwrap().is_none());
        assert!(take(&board, Turn::Wait).unwrap().is_some());
        drop(ended.dir.create().unwrap());
        assert!(take(&board, turn).unwrap().is_some());
    }

    /// What comes of following a run that is booked while it is waited for the board.
    fn after_waiting(board: &Board, meanwhile: impl FnOnce()) -> Option<File> {
        let ended = run(board, 1);
        drop(ended.dir.create().unwrap());
        let held = take(board, Turn::Wait).unwrap();
        let _ = std::fs::remove_file(board.next_lock());
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| take(board, Turn::AfterRun(&ended)).unwrap());
            // Made by who found the board held and is about to wait.
            while !board.next_lock().exists() {
                std::thread::yield_now();
            }
            meanwhile();
            ended.dir.remove().unwrap();
            drop(held);
            waits.join().unwrap()
        })
    }

    #[test]
    fn who_waited_follows_what_others_left_to_him() {
        let _alone = forking::nobody_forks();
        let root = tempfile::tempdir().unwrap();
        let board = board(root.path());
        assert!(after_waiting(&board, || ()).is_none());
        let (at_work, _) = run(&board, 2).dir.create().unwrap();
        assert!(after_waiting(&board, || ()).is_none());
        assert!(after_waiting(&board, || drop(at_work)).is_some());
    }
}
