//! Folders of runs, workspaces, worktrees, artifacts and logs.

use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Extent, Sweep};
use crate::board::id::Nonce;
use crate::fsx;
use crate::store::retention::Freed;
use crate::store::runs;
use crate::tick::lock::HOUR;
use crate::time::Seconds;
use crate::worker::rundir::{Lock, RunDir};
use crate::worker::workspace;
use crate::worker::worktree::{self, Removal};

/// Files and folders of each kind that a tick removes at most.
const PART: u64 = 200;

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
    }
    Ok(())
}

fn one(bytes: u64) -> Freed {
    Freed { count: 1, bytes }
}

fn run_folders(sweep: &mut Sweep<'_>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(sweep.board.runs()) else {
        return Ok(());
    };
    let in_use = sweep
        .store
        .read("looking for runs in use", runs::alive_nonces)?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(nonce) = name.to_str().and_then(|n| n.parse::<Nonce>().ok()) else {
            continue;
        };
        let dir = RunDir::new(&sweep.board.runs(), &nonce);
        // A claim that another process is committing just now holds its lock.
        if in_use.iter().any(|n| n == nonce.as_str()) || dir.probe_own() == Lock::Held {
            continue;
        }
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
        let removed = match sweep.real() {
            true => worktree::remove(&marks, &name),
            false => worktree::doubt(&marks, &name)
                .map(|doubt| doubt.map_or(Removal::Gone, Removal::Kept)),
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

/// The logs of finished cards. On a board of Hermes, they are where its own are.
fn logs(sweep: &mut Sweep<'_>) -> Result<()> {
    let Some(keep) = sweep.config.defaults().keep_logs.0 else {
        return Ok(());
    };
    if !sweep.may_remove_shared() {
        return Ok(());
    }
    each(sweep, &sweep.board.logs(), keep, &|sweep, path, bytes| {
        if sweep.real() {
            std::fs::remove_file(path)?;
        }
        sweep.pruned.logs += one(bytes);
        Ok(sweep.pruned.logs.count)
    })
}

fn artifacts(sweep: &mut Sweep<'_>) -> Result<()> {
    let Some(keep) = sweep.config.defaults().keep_artifacts.0 else {
        return Ok(());
    };
    each(
        sweep,
        &sweep.board.artifacts(),
        keep,
        &|sweep, path, bytes| {
            if sweep.real() {
                std::fs::remove_dir_all(path)?;
            }
            sweep.pruned.artifacts += one(bytes);
            Ok(sweep.pruned.artifacts.count)
        },
    )
}

/// How one thing is removed. Returns how many were so far.
type Remove<'r> = &'r dyn Fn(&mut Sweep<'_>, &Path, u64) -> io::Result<u64>;

/// Removes what lies in a folder under the name of a card, with anything behind a dot, once the card is over.
fn each(sweep: &mut Sweep<'_>, folder: &Path, keep: Seconds, remove: Remove<'_>) -> Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(name) = name.to_str() else { continue };
        let task = name.split_once('.').map_or(name, |(task, _)| task);
        if path.is_symlink() || !sweep.is_over(task, keep)? {
            continue;
        }
        let bytes = fsx::weight(&path);
        match remove(sweep, &path, bytes) {
            Ok(so_far) if sweep.extent == Extent::Part && so_far >= PART => break,
            Ok(_) => {}
            Err(e) => fail(sweep, &path, &e.into()),
        }
    }
    Ok(())
}
