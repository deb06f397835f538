//! What lies beside a board: who may read it, and what cards left that are gone.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::board::id::TaskId;
use crate::config::Board;
use crate::store::check::{Finding, Severity};
use crate::store::{Snapshot, quarantine, tasks};
use crate::worker::{workspace, worktree};

/// As many files of a finding are named.
const NAMED: usize = 20;
/// Others can read them, or even write to them.
const OPEN: &str = "readable_by_others";

/// Files of a board of ours that are not for its owner alone. Those of another program have the mode that it gives
/// them.
pub fn permissions(board: &Board) -> Option<Finding> {
    if board.hermes.is_some() {
        return None;
    }
    let open: Vec<PathBuf> = ours(board).into_iter().filter(|p| is_open(p)).collect();
    if open.is_empty() {
        return None;
    }
    let ids = open.iter().map(|path| path.display().to_string());
    Some(Finding {
        rule: OPEN,
        severity: Severity::Warning,
        count: open.len(),
        ids: ids.take(NAMED).collect(),
        what: "files and folders of the board that other users can read or write".into(),
        advice: "kanban check --fix makes them private".into(),
        fixable: true,
        fixed: 0,
    })
}

fn ours(board: &Board) -> Vec<PathBuf> {
    let db = board.db();
    let mut all = vec![
        board.dir.clone(),
        board.logs(),
        board.runs(),
        board.workspaces(),
        board.worktrees(),
        board.artifacts(),
        board.attachments(),
        quarantine::file(&db),
        db.clone(),
    ];
    for ending in ["-wal", "-shm"] {
        let mut name = db.as_os_str().to_owned();
        name.push(ending);
        all.push(name.into());
    }
    all
}

/// Looked at by its name: a database file is opened by SQLite alone.
fn is_open(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|meta| !meta.is_symlink() && meta.permissions().mode() & 0o077 != 0)
}

/// Makes private what is not.
pub fn mend(board: &Board, found: &mut [Finding]) -> Result<()> {
    let Some(finding) = found.iter_mut().find(|finding| finding.rule == OPEN) else {
        return Ok(());
    };
    for path in ours(board).into_iter().filter(|path| is_open(path)) {
        let mode = path.symlink_metadata()?.permissions().mode() & 0o700;
        std::fs::set_permissions(&path, Permissions::from_mode(mode))
            .with_context(|| format!("cannot make {} private", path.display()))?;
        finding.fixed += 1;
    }
    Ok(())
}

/// Logs, workspaces and worktrees of cards that are gone. Whoever deleted the cards has to know what they held.
pub fn litter(conn: &Snapshot, board: &Board) -> Result<Option<Finding>> {
    let (mut count, mut ids) = (0, Vec::new());
    let mut look = |task: &str, path: PathBuf| -> Result<()> {
        if let Ok(id) = task.parse::<TaskId>()
            && !tasks::exists(conn, &id)?
        {
            count += 1;
            if ids.len() < NAMED {
                ids.push(path.display().to_string());
            }
        }
        Ok(())
    };
    let logs = board.logs();
    let entries = match std::fs::read_dir(&logs) {
        Ok(entries) => Some(entries),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(e).with_context(|| format!("cannot list {}", logs.display())),
    };
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some((task, _)) = name.to_str().and_then(|name| name.split_once(".log")) {
            look(task, entry.path())?;
        }
    }
    for task in workspace::marked(&board.workspaces()).unwrap_or_default() {
        look(&task, board.workspaces().join(&task))?;
    }
    for task in worktree::marked(&board.worktrees()).unwrap_or_default() {
        look(&task, board.worktrees().join(&task))?;
    }
    Ok((count > 0).then(|| Finding {
        rule: "files_of_gone_cards",
        severity: Severity::Info,
        count,
        ids,
        what: "logs, workspaces and worktrees of cards that are gone".into(),
        advice: "they are kept; look at them and remove them by hand".into(),
        fixable: false,
        fixed: 0,
    }))
}
