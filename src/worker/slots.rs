//! The cap on workers of this machine, over all boards of one home: as many lock files as workers may
//! run, each held by a supervisor for as long as it lives. A killed supervisor gives its slot back
//! without anybody's help.
//!
//! And the line of the boards that found all of them taken: a file for each, the oldest first. Whoever serves a
//! board takes its file away, and only one can.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::handover;
use crate::fsx::{self, Wait};

/// Takes slots one after the other.
#[derive(Debug)]
pub struct Slots {
    dir: PathBuf,
    rest: std::ops::Range<u32>,
}

impl Slots {
    /// Slots of a folder, as many as there may be.
    pub fn of(dir: PathBuf, slots: u32) -> Self {
        Self {
            dir,
            rest: 0..slots,
        }
    }

    /// Takes the next slot that is free. `None`: all are held. One that was passed is not asked again: for whoever
    /// takes many it is mostly his own.
    pub fn take(&mut self) -> Result<Option<File>> {
        if self.rest.start == 0 {
            fsx::private_dir(&self.dir)?;
        }
        for slot in self.rest.by_ref() {
            let file = fsx::open_lock(&self.dir.join(slot.to_string()))?;
            if fsx::lock_exclusive(&file, Wait::No)? {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }
}

/// How many slots nobody holds, without taking or making any.
pub fn free(dir: &Path, slots: u32) -> u32 {
    let held = (0..slots)
        .filter_map(|slot| fsx::open_existing(&dir.join(slot.to_string())).ok())
        .filter(|file| !matches!(fsx::lock_shared(file, Wait::No), Ok(true)))
        .count();
    slots.saturating_sub(u32::try_from(held).unwrap_or(slots))
}

/// Takes over the slot that another process of ours handed over as standard input. `None`: it is none of these.
pub fn handed_over(dir: &Path, slots: u32) -> Result<Option<File>> {
    let file = File::from(handover::from_stdin()?);
    let us = fsx::Identity::of(&file)?;
    let ours = (0..slots).any(|slot| {
        let there = fsx::open_existing(&dir.join(slot.to_string()));
        there.is_ok_and(|there| fsx::Identity::of(&there).is_ok_and(|id| id == us))
    });
    Ok((ours && fsx::lock_exclusive(&file, Wait::No)?).then_some(file))
}

/// A board in line, and what it left there to be known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// The board.
    pub board: String,
    /// What it wrote.
    pub note: String,
}

fn line_dir(dir: &Path) -> PathBuf {
    dir.join("line")
}

/// The boards in line, the first first.
pub fn line(dir: &Path) -> Result<Vec<Waiter>> {
    let dir = line_dir(dir);
    let entries = match std::fs::read_dir(&dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("cannot list {}", dir.display()))?,
    };
    let mut all = Vec::new();
    for entry in entries.flatten() {
        let Some(board) = entry.file_name().to_str().map(str::to_owned) else {
            continue;
        };
        // It may have been served meanwhile.
        let Ok(since) = entry.metadata().and_then(|meta| meta.modified()) else {
            continue;
        };
        let mut note = String::new();
        let read = fsx::open_existing(&entry.path()).map(|file| file.take(64));
        if read
            .and_then(|mut file| file.read_to_string(&mut note))
            .is_ok()
        {
            all.push((since, Waiter { board, note }));
        }
    }
    all.sort_by(|(a, x), (b, y)| (a, &x.board).cmp(&(b, &y.board)));
    Ok(all.into_iter().map(|(_, waiter)| waiter).collect())
}

/// Puts a board at the end of the line. One that stands in it keeps its place, with the note as it is now.
pub fn get_in_line(dir: &Path, waiter: &Waiter) -> Result<()> {
    let dir = line_dir(dir);
    fsx::private_dir(&dir)?;
    let path = dir.join(&waiter.board);
    let note = waiter.note.as_bytes();
    match fsx::create_private(&path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => fsx::write_existing(&path)
            .and_then(|file| Ok((file.metadata()?.modified()?, file)))
            .and_then(|(since, mut file)| {
                file.write_all(note)?;
                file.set_modified(since)
            }),
        other => other.and_then(|mut file| file.write_all(note)),
    }
    .with_context(|| format!("cannot write {}", path.display()))
}

/// Takes a board out of the line. `false`: somebody else did.
pub fn leave_line(dir: &Path, board: &str) -> bool {
    std::fs::remove_file(line_dir(dir).join(board)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsx::forking;

    #[test]
    fn there_are_as_many_slots_as_the_cap() {
        let _alone = forking::nobody_forks();
        let dir = tempfile::tempdir().unwrap();
        let mut slots = Slots::of(dir.path().to_owned(), 2);
        let held: Vec<_> = (0..3).filter_map(|_| slots.take().unwrap()).collect();
        assert_eq!(held.len(), 2);
        assert_eq!(free(dir.path(), 2), 0);
        assert!(
            Slots::of(dir.path().to_owned(), 2)
                .take()
                .unwrap()
                .is_none()
        );
        drop(held);
        assert!(
            Slots::of(dir.path().to_owned(), 2)
                .take()
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn who_came_first_is_first_in_line_and_is_served_once() {
        let dir = tempfile::tempdir().unwrap();
        let names = || -> Vec<String> {
            let line = line(dir.path()).unwrap().into_iter();
            line.map(|waiter| waiter.board).collect()
        };
        assert_eq!(names(), [""; 0]);
        for (age, board) in [(1, "late"), (9, "early"), (5, "mid")] {
            let waiter = Waiter {
                board: board.into(),
                note: "n".into(),
            };
            get_in_line(dir.path(), &waiter).unwrap();
            let file = File::options()
                .write(true)
                .open(line_dir(dir.path()).join(board))
                .unwrap();
            let since = file.metadata().unwrap().modified().unwrap();
            file.set_modified(since - std::time::Duration::from_secs(age))
                .unwrap();
            get_in_line(dir.path(), &waiter).unwrap();
        }
        let again = Waiter {
            board: "early".into(),
            note: "m".into(),
        };
        get_in_line(dir.path(), &again).unwrap();
        assert_eq!(names(), ["early", "mid", "late"]);
        assert_eq!(line(dir.path()).unwrap()[0], again);
        assert!(leave_line(dir.path(), "mid"));
        assert!(!leave_line(dir.path(), "mid"));
        assert_eq!(names(), ["early", "late"]);
    }
}
