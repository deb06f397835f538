//! Removes what is no longer needed: what cards left that were finished long enough ago, and folders of runs that
//! never came onto the board.
//!
//! A tick does a bounded part of it, and `kanban gc` all of it, by the same functions. Nothing is removed that a run
//! may still be at work on, that has still to be told, or with which the only copy of something would be lost.

mod files;
mod rows;

use std::collections::HashMap;

use anyhow::Result;
use serde::Serialize;

use super::{Effects, Tick, open_runs};
use crate::board::id::TaskId;
use crate::config::{Board, Config};
use crate::store::retention::{self, Freed};
use crate::store::{Checkpoint, Store, meta, runs};
use crate::time::Seconds;

/// Whose rows may be removed on a board that another program reads too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// Ours alone.
    Kept,
    /// All.
    Removed,
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Only what a tick leaves behind, at a cost that does not grow with what was finished.
    Leftovers,
    /// A part of everything, so that a tick does not take long.
    Part,
    /// Everything.
    All,
}

/// Whether a power cut could undo what the board says of the cards and runs whose files are removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A tick may have been killed between its last commit and the sync of that commit.
    #[default]
    Unknown,
    /// Every commit that this sweep has seen is on the disk.
    Synced,
}

/// What was, or would be, removed.
#[derive(Debug, Default, Serialize)]
pub struct Pruned {
    pub events: Freed,
    pub runs: Freed,
    pub deliveries: Freed,
    pub logs: Freed,
    pub workspaces: Freed,
    pub worktrees: Freed,
    pub artifacts: Freed,
    pub run_folders: Freed,
    pub late_results: Freed,
    /// Worktrees of finished cards that are kept, and why.
    pub kept: Vec<String>,
    /// What could not be removed, and why.
    pub failed: Vec<String>,
}

impl Pruned {
    /// Each part by its name.
    pub fn parts(&self) -> [(&'static str, Freed); 9] {
        [
            ("events", self.events),
            ("runs", self.runs),
            ("deliveries", self.deliveries),
            ("logs", self.logs),
            ("workspaces", self.workspaces),
            ("worktrees", self.worktrees),
            ("artifacts", self.artifacts),
            ("run folders", self.run_folders),
            ("late results", self.late_results),
        ]
    }
}

/// Removing under way.
pub struct Sweep<'a> {
    pub config: &'a Config,
    pub board: &'a Board,
    pub store: &'a mut Store,
    pub now: Seconds,
    pub effects: Effects,
    pub extent: Extent,
    pub shared: Shared,
    pub durability: Durability,
    /// Looked for once, when it is needed.
    pub unknown: Option<HashMap<TaskId, String>>,
    pub pruned: Pruned,
}

impl Sweep<'_> {
    /// Removes what lies beside the board, for whoever holds the dispatch lock: nobody must begin to use it meanwhile.
    /// What cannot be removed is told and tried again; only a failing board ends it.
    pub fn files(&mut self) -> Result<()> {
        files::run(self)
    }

    /// Removes what is on the board. No lock is needed, and ticks go on: each transaction asks once more whether what
    /// was found may still go.
    pub fn rows(&mut self) -> Result<()> {
        rows::late_results(self)?;
        match self.extent {
            Extent::Leftovers => Ok(()),
            Extent::Part | Extent::All => rows::run(self),
        }
    }

    /// Waits until the commits are on the disk by which the files about to be removed are not needed, whichever process
    /// made them. Otherwise a power cut could bring back the run or the card without its files: an exit record is the
    /// only other witness of an end.
    ///
    /// A synced commit of our own takes all earlier ones along. Once for a sweep is enough: only the holder of the
    /// dispatch lock records ends without a sync, and the caller of [`Sweep::files`] holds it.
    fn make_durable(&mut self) -> Result<()> {
        if !self.real() || self.durability == Durability::Synced {
            return Ok(());
        }
        let now = self.now;
        let written = self
            .store
            .write("syncing the board before files are removed", |tx| {
                meta::remember(tx, "prune_synced_at", now)
            });
        if let Err(e) = written {
            // On a full disk the files have to go, or nothing ever frees it. A checkpoint syncs the log without
            // appending to it.
            match self.store.checkpoint() {
                Ok(Checkpoint::Truncated | Checkpoint::NotWal) => {}
                Ok(Checkpoint::Busy) | Err(_) => return Err(e),
            }
        }
        self.durability = Durability::Synced;
        Ok(())
    }

    fn real(&self) -> bool {
        self.effects == Effects::Real
    }

    /// Whether what other programs read may be removed.
    fn may_remove_shared(&self) -> bool {
        self.board.hermes.is_none() || self.shared == Shared::Removed
    }

    /// Whether a card was finished longer ago than this, and none of its processes is left.
    fn is_over(&mut self, name: &str, keep: Seconds) -> Result<bool> {
        let Ok(id) = name.parse::<TaskId>() else {
            return Ok(false);
        };
        let before = self.now.saturating_sub(keep);
        let over = self.store.read("looking for finished cards", |conn| {
            retention::is_over(conn, &id, before)
        })?;
        Ok(over && !self.unknown_runs()?.contains_key(&id))
    }

    /// The cards that runs are at work on of which the board knows nothing.
    fn unknown_runs(&mut self) -> Result<&HashMap<TaskId, String>> {
        if self.unknown.is_none() {
            let known = self
                .store
                .read("looking for runs in use", runs::alive_nonces)?;
            let found = open_runs::unknown_to_board(self.board, &known, self.now)?;
            self.unknown = Some(found);
        }
        Ok(self.unknown.get_or_insert_default())
    }
}

/// What a tick removes while it holds the dispatch lock.
pub(super) fn files(tick: &mut Tick<'_>, extent: Extent) -> Result<()> {
    part(tick, extent, |sweep| sweep.files())
}

/// What a tick removes when it has given the lock back.
pub(super) fn rows(tick: &mut Tick<'_>, extent: Extent) -> Result<()> {
    part(tick, extent, |sweep| sweep.rows())
}

fn part(
    tick: &mut Tick<'_>,
    extent: Extent,
    run: impl FnOnce(&mut Sweep<'_>) -> Result<()>,
) -> Result<()> {
    let mut sweep = Sweep {
        config: tick.config,
        board: tick.board,
        store: &mut tick.store,
        now: tick.now,
        effects: tick.effects,
        extent,
        shared: Shared::Kept,
        durability: Durability::default(),
        unknown: None,
        pruned: Pruned::default(),
    };
    run(&mut sweep)?;
    let pruned = sweep.pruned;
    for why in pruned.failed {
        log::warn!("{why}");
    }
    for why in pruned.kept {
        log::info!("{why}");
    }
    let places = [
        pruned.run_folders,
        pruned.workspaces,
        pruned.worktrees,
        pruned.artifacts,
    ];
    let gone: u64 = places.iter().map(|freed| freed.count).sum();
    tick.report.pruned += u32::try_from(gone).unwrap_or(u32::MAX);
    Ok(())
}
