//! Removes what is no longer needed: folders of runs that never came onto the board, scratch
//! workspaces of cards that were finished long enough ago, and late results of cards that are gone.

use anyhow::Result;

use super::Tick;
use crate::board::id::{Nonce, TaskId};
use crate::store::{late, runs, tasks};
use crate::worker::rundir::{Lock, RunDir};
use crate::worker::workspace;
use crate::worker::worktree::{self, Removal};

/// Prunes. What cannot be removed is reported and tried again.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    run_folders(tick)?;
    workspaces(tick)?;
    worktrees(tick)?;
    late_results(tick)
}

fn late_results(tick: &mut Tick<'_>) -> Result<()> {
    let gone = tick.store.read("looking for late results", late::orphans)?;
    if gone > 0 {
        tick.store.write("pruning late results", late::prune)?;
        tick.report.pruned += gone;
    }
    Ok(())
}

fn run_folders(tick: &mut Tick<'_>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(tick.board.runs()) else {
        return Ok(());
    };
    let in_use = tick
        .store
        .read("looking for runs in use", runs::alive_nonces)?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(nonce) = name.to_str().and_then(|n| n.parse::<Nonce>().ok()) else {
            continue;
        };
        let dir = RunDir::new(&tick.board.runs(), &nonce);
        // A claim that another process is committing just now holds its lock.
        if !in_use.iter().any(|n| n == nonce.as_str()) && dir.probe_own() != Lock::Held {
            match dir.remove() {
                Ok(()) => tick.report.pruned += 1,
                Err(e) => log::warn!("cannot remove {}: {e}", dir.path().display()),
            }
        }
    }
    Ok(())
}

fn workspaces(tick: &mut Tick<'_>) -> Result<()> {
    let (root, kept) = (tick.board.workspaces(), tick.board.artifacts());
    for name in workspace::marked(&root).unwrap_or_default() {
        if !is_over(tick, &name)? {
            continue;
        }
        match workspace::keep_artifacts(&root, &kept, &name)
            .and_then(|()| Ok(workspace::remove(&root, &name)?))
        {
            Ok(true) => tick.report.pruned += 1,
            Ok(false) => {}
            Err(e) => log::warn!("cannot remove the workspace of {name}: {e:#}"),
        }
    }
    Ok(())
}

fn worktrees(tick: &mut Tick<'_>) -> Result<()> {
    let marks = tick.board.worktrees();
    for name in worktree::marked(&marks).unwrap_or_default() {
        if !is_over(tick, &name)? {
            continue;
        }
        match worktree::remove(&marks, &name) {
            Ok(Removal::Gone) => tick.report.pruned += 1,
            Ok(Removal::Kept(why)) => log::info!("the worktree of {name} is kept: {why}"),
            Err(e) => log::warn!("cannot remove the worktree of {name}: {e:#}"),
        }
    }
    Ok(())
}

/// Whether a card was finished long enough ago, and none of its processes is left.
fn is_over(tick: &Tick<'_>, name: &str) -> Result<bool> {
    let Ok(id) = name.parse::<TaskId>() else {
        return Ok(false);
    };
    let (now, keep) = (tick.now, tick.config.defaults().workspace_keep.0);
    tick.store.read("looking for finished cards", |conn| {
        // A card that is gone from the board has no use for its workspace either, but deleting is
        // somebody else's deed: what it left is theirs to look at.
        let Ok(task) = tasks::get(conn, &id) else {
            return Ok(false);
        };
        let at = task.completed_at.unwrap_or(task.created_at);
        let old = now.saturating_sub(at) > keep;
        Ok(task.status.is_final() && old && runs::alive_of(conn, &id)?.is_empty())
    })
}
