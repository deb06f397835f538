//! The paths on a board whose folder was moved. Each is made from the folder and the card again, whatever it was
//! before: a move that was interrupted is put right by the next one.

use std::path::Path;

use anyhow::Result;
use rusqlite::params;

use super::{Tx, schema};
use crate::exit::Failure;

/// Writes where the attachments and workspaces of a board of ours are now.
pub fn to(tx: &Tx<'_>, dir: &Path) -> Result<()> {
    // Attachments stand there without links, as Hermes writes them; workspaces as the board itself is named.
    let (dir, real) = (text(dir)?, text(&dir.canonicalize()?)?);
    if !schema::columns(tx, "task_attachments")?.is_empty() {
        tx.execute(
            "UPDATE task_attachments SET stored_path = ?1 || '/attachments/' || task_id || '/' || filename
             WHERE substr(stored_path, -length('/attachments/' || task_id || '/' || filename))
                   = '/attachments/' || task_id || '/' || filename",
            params![real],
        )?;
    }
    tx.execute(
        "UPDATE tasks SET workspace_path = ?1 || '/workspaces/' || id
         WHERE workspace_kind = 'scratch'
           AND substr(workspace_path, -length('/workspaces/' || id)) = '/workspaces/' || id",
        params![dir],
    )?;
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Failure::refused(format!("{} has a name that is no text", path.display())).into()
    })
}
