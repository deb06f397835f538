//! `kanban backup`

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::render;
use crate::store::Store;

/// Copy the board into a file, whole, while others go on using it
///
/// The file must not exist; it is checked before it gets its name, and is one file without a log beside it. kanban
/// restore goes back to it. Logs, workspaces and attachments are not in it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban backup backup-$(date +%F).db"#)]
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
