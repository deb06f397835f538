//! `kanban init`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::render;
use crate::store::Store;

/// Make a board
///
/// An existing board is left as it is. The board is named by --board, or is called "default".
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let db = session.board.db();
    let new = Store::create(&db)?;
    if global.json {
        return render::print(&render::json(
            &json!({"board": session.board.slug, "path": db, "new": new}),
        )?);
    }
    let made = if new {
        "made the board"
    } else {
        "there is the board already:"
    };
    render::print(&format!(
        "{made} {} ({})\n",
        session.board.slug,
        render::escape::line(&db.display().to_string())
    ))
}
