//! `kanban backup`

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::render;
use crate::store::Store;

/// Copy the board into a file, whole, while others go on using it
///
/// The file must not exist; it is checked before it gets its name. It is a board itself: to go back to it, stop
/// what uses the board, put it in the place of kanban.db, and remove kanban.db-wal and kanban.db-shm beside it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    Store::open_to_read(&session.board.db())?.back_up(&args.file)?;
    if global.json {
        let object = json!({"board": session.board.slug, "file": args.file.to_string_lossy()});
        return render::print(&render::json(&object)?);
    }
    Ok(())
}
