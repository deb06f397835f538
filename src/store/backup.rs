//! Copies of a board that are whole, made while others go on using it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::{Store, explain, schema};
use crate::exit::Failure;
use crate::fsx;

/// Pages that are copied at a time; others may write in between.
const PAGES: i32 = 2_000;
/// How long others have for that.
const PAUSE: Duration = Duration::from_millis(2);

impl Store {
    /// Copies the board into a file that must not exist, whole and durable before it has its name.
    pub fn back_up(&self, to: &Path) -> Result<()> {
        let shown = to.display();
        if to.symlink_metadata().is_ok() {
            return Err(Failure::refused(format!("{shown} is there already"))
                .hint("a backup never overwrites anything; name another file")
                .into());
        }
        let dir = match to.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            Some(dir) => dir,
            None => Path::new("."),
        };
        let mut name = to.as_os_str().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let building = Path::new(&name);
        let made = self.copy_into(building).and_then(|()| {
            // A name that somebody else took meanwhile is not overwritten either.
            std::fs::hard_link(building, to)
                .with_context(|| format!("cannot give {shown} its name"))?;
            Ok(fsx::sync_dir(dir)?)
        });
        remove_leftovers(building);
        made.with_context(|| format!("cannot back up to {shown}"))
    }

    fn copy_into(&self, path: &Path) -> Result<()> {
        copy(&self.conn, path).map_err(|e| explain(e, path))
    }
}

/// Copies a board into a file that must not exist, and syncs it. Errors of SQLite stay as they are, because the caller
/// alone knows whether they concern the board or the copy.
pub(super) fn copy(board: &Connection, path: &Path) -> Result<()> {
    let file = fsx::create_private(path)?;
    let mut copy = Connection::open(path)?;
    Backup::new(board, &mut copy)?.run_to_completion(PAGES, PAUSE, None)?;
    let verdict: String = copy.query_row("PRAGMA quick_check", [], |r| r.get(0))?;
    if verdict != "ok" {
        return Err(Failure::unusable(format!("the board is damaged: {verdict}")).into());
    }
    schema::inspect(&copy, &path.display().to_string())?;
    // The copy is one file: nothing of it stays in a log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, e)| e)?;
    Ok(file.sync_all()?)
}

/// Removes what an attempt to make a file of this name has left, and what belongs to it. What cannot be removed
/// is only in the way.
pub(super) fn remove_leftovers(building: &Path) {
    for rest in ["", "-wal", "-shm", "-journal"] {
        let mut name = building.as_os_str().to_owned();
        name.push(rest);
        let _ = std::fs::remove_file(name);
    }
}
