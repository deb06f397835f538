//! Folders of runs, workspaces, worktrees, artifacts and logs.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Extent, Sweep};
use crate::config::Board;
use crate::fsx;
use crate::store::retention::{self, Freed};
use crate::store::{meta, runs};
use crate::tick::lock::HOUR;
use crate::tick::open_runs;
use crate::time::Seconds;
use crate::worker::rundir;
use crate::worker::worktree::{self, Removal};
use crate::worker::{log, workspace};

/// Cards whose logs, and whose artifacts, a tick looks at: thousands of cards an hour may be finished, and a tick
/// takes no longer where a million logs have still to stay.
const CARDS: u32 = 5_000;

pub fn run(sweep: &mut Sweep<'_>) -> Result<()> {
    run_folders(sweep)?;
    let keep = sweep.config.defaults().workspace_keep.0;
    // As many are there as cards were finished in that time: where it is long, the hour is soon enough.
    if sweep.extent != Extent::Leftovers || keep < HOUR {
        workspaces(sweep, keep)?;
        worktrees(sweep, keep)?;
    }
    if sweep.extent != Extent::Leftovers {
        logs(sweep)?;
        artifacts(sweep)?;
        if sweep.real() {
            spare_folders(&sweep.board.dir.join("runs.spare"));
        }
    }
    Ok(())
}

/// Release 0.1.0 kept folders of ended runs for later ones. They have two files each; anything else stays.
fn spare_folders(root: &Path) {
    if !root.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        return;
    }
    for (_, dir) in rundir::folders(root).unwrap_or_default() {
        for file in [dir.lock(), dir.record()] {
            let _ = std::fs::remove_file(file);
        }
        let _ = std::fs::remove_dir(dir.path());
    }
    // A folder that is not empty stays, and is tried again in an hour.
    let _ = std::fs::remove_dir(root);
}

fn one(bytes: u64) -> Freed {
    Freed { count: 1, bytes }
}

fn run_folders(sweep: &mut Sweep<'_>) -> Result<()> {
    let Ok(folders) = rundir::folders(&sweep.board.runs()) else {
        return Ok(());
    };
    let in_use = sweep
        .store
        .read("looking for runs in use", runs::alive_nonces)?;
    for (nonce, dir) in folders {
        // A claim that another process is committing just now holds its lock.
        if in_use.contains(nonce.as_str()) || !open_runs::is_dead(&nonce, &dir, sweep.now) {
            continue;
        }
        sweep.make_durable()?;
        let bytes = fsx::weight(dir.path());
        let removed = match sweep.real() {
            true => dir.remove(),
            false => Ok(()),
        };
        match removed {
            Ok(()) => sweep.pruned.run_folders += one(bytes),
            Err(e) => fail(sweep, dir.path(), &e.into()),
        }
    }
    Ok(())
}

fn fail(sweep: &mut Sweep<'_>, path: &Path, why: &anyhow::Error) {
    let told = format!("cannot remove {}: {why:#}", path.display());
    sweep.pruned.failed.push(told);
}

fn workspaces(sweep: &mut Sweep<'_>, keep: Seconds) -> Result<()> {
    let (root, kept) = (sweep.board.workspaces(), sweep.board.artifacts());
    for name in workspace::marked(&root).unwrap_or_default() {
        if !sweep.is_over(&name, keep)? {
            continue;
        }
        sweep.make_durable()?;
        let bytes = fsx::weight(&root.join(&name));
        let removed = match sweep.real() {
            true => workspace::keep_artifacts(&root, &kept, &name)
                .and_then(|()| Ok(workspace::remove(&root, &name)?)),
            false => Ok(workspace::is_ours(&root, &name)),
        };
        match removed {
            Ok(true) => sweep.pruned.workspaces += one(bytes),
            Ok(false) => {}
            Err(e) => fail(sweep, &root.join(&name), &e),
        }
    }
    Ok(())
}

fn worktrees(sweep: &mut Sweep<'_>, keep: Seconds) -> Result<()> {
    let marks = sweep.board.worktrees();
    for name in worktree::marked(&marks).unwrap_or_default() {
        if !sweep.is_over(&name, keep)? {
            continue;
        }
        let place = worktree::place(&marks, &name).unwrap_or_else(|| marks.join(&name));
        // Weighed only where somebody asked: a tree can be large, and most stay.
        let bytes = match sweep.extent {
            Extent::All => fsx::weight(&place),
            Extent::Leftovers | Extent::Part => 0,
        };
        // Most trees of finished cards that are still there have to stay, and then nothing needs a sync.
        let removed = match worktree::doubt(&marks, &name) {
            Ok(Some(why)) => Ok(Removal::Kept(why)),
            Ok(None) if sweep.real() => {
                sweep.make_durable()?;
                worktree::remove(&marks, &name)
            }
            Ok(None) => Ok(Removal::Gone),
            Err(e) => Err(e),
        };
        match removed {
            Ok(Removal::Gone) => sweep.pruned.worktrees += one(bytes),
            Ok(Removal::Kept(why)) => {
                let told = format!("the worktree {} of {name} is kept: {why}", place.display());
                sweep.pruned.kept.push(told);
            }
            Err(e) => fail(sweep, &place, &e),
        }
    }
    Ok(())
}

/// What lies in one folder, under the names of cards.
#[derive(Clone, Copy)]
enum Kind {
    Logs,
    Artifacts,
}

impl Kind {
    fn folder(self, board: &Board) -> PathBuf {
        match self {
            Self::Logs => board.logs(),
            Self::Artifacts => board.artifacts(),
        }
    }

    /// Under which name it is remembered how far ticks have come with it.
    fn place(self) -> &'static str {
        match self {
            Self::Logs => "pruned_logs",
            Self::Artifacts => "pruned_artifacts",
        }
    }

    fn remove(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Logs => std::fs::remove_file(path),
            Self::Artifacts => std::fs::remove_dir_all(path),
        }
    }
}

/// The logs of finished cards. On a board of Hermes, they are where its own are.
fn logs(sweep: &mut Sweep<'_>) -> Result<()> {
    match sweep.config.defaults().keep_logs.0 {
        Some(keep) if sweep.may_remove_shared() => each(sweep, Kind::Logs, keep),
        _ => Ok(()),
    }
}

fn artifacts(sweep: &mut Sweep<'_>) -> Result<()> {
    match sweep.config.defaults().keep_artifacts.0 {
        Some(keep) => each(sweep, Kind::Artifacts, keep),
        None => Ok(()),
    }
}

/// Removes what lies in a folder under the name of a card, once the card is over: everything, or what the cards have
/// that come next.
fn each(sweep: &mut Sweep<'_>, kind: Kind, keep: Seconds) -> Result<()> {
    let folder = kind.folder(sweep.board);
    if sweep.extent == Extent::Part {
        return next(sweep, kind, &folder, keep);
    }
    let entries = match std::fs::read_dir(&folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(name) = name.to_str() else { continue };
        let task = name.split_once('.').map_or(name, |(task, _)| task);
        if !path.is_symlink() && sweep.is_over(task, keep)? {
            remove(sweep, kind, &path)?;
        }
    }
    Ok(())
}

/// The part of a tick. It asks the board for cards and not the folder, which has as many files as are kept.
fn next(sweep: &mut Sweep<'_>, kind: Kind, folder: &Path, keep: Seconds) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let before = sweep.now.saturating_sub(keep);
    let (from, part) = sweep.store.read("looking for finished cards", |conn| {
        let from = meta::number(conn, kind.place())?.unwrap_or(0);
        Ok((from, retention::next_over(conn, from, CARDS, before)?))
    })?;
    let board = sweep.board;
    for task in &part.cards {
        match kind {
            Kind::Logs => remove_all(sweep, kind, log::paths(&board.log(task)))?,
            Kind::Artifacts => {
                let paths = workspace::kept_artifacts(folder, task.as_str());
                remove_all(sweep, kind, paths)?;
            }
        }
    }
    if part.next == from {
        return Ok(());
    }
    // Nothing rests on it: what is looked at twice is gone the second time.
    sweep
        .store
        .write_unsynced("noting how far pruning has come", |tx| {
            meta::remember(tx, kind.place(), part.next)
        })
}

/// Removes what one card has. Its names are used in their order, so that the first that is not ends them.
fn remove_all(
    sweep: &mut Sweep<'_>,
    kind: Kind,
    paths: impl Iterator<Item = PathBuf>,
) -> Result<()> {
    paths
        .take_while(|path| is_there(path))
        .try_for_each(|path| remove(sweep, kind, &path))
}

/// Whether something lies here that is no link.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| !meta.is_symlink())
}

fn remove(sweep: &mut Sweep<'_>, kind: Kind, path: &Path) -> Result<()> {
    sweep.make_durable()?;
    let bytes = fsx::weight(path);
    let removed = match sweep.real() {
        true => kind.remove(path),
        false => Ok(()),
    };
    let pruned = match kind {
        Kind::Logs => &mut sweep.pruned.logs,
        Kind::Artifacts => &mut sweep.pruned.artifacts,
    };
    match removed {
        Ok(()) => *pruned += one(bytes),
        Err(e) => fail(sweep, path, &e.into()),
    }
    Ok(())
}
