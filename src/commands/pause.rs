//! `kanban pause`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::config::Caller;
use crate::render;
use crate::store::pauses;

/// Start nothing more on a board, or nothing more of one worker
///
/// What runs goes on, and its ends are booked. kanban drain waits for them too.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban pause --reason "the disk is full"
  $ kanban pause coder
  $ kanban resume coder"#)]
pub struct Args {
    /// The worker [default: the whole board]
    #[arg(value_name = "WORKER")]
    worker: Option<String>,
    /// Why, for whoever wonders
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let new = pause(&session, args.worker.as_deref(), args.reason.as_deref())?;
    if global.json {
        let object = json!({"worker": args.worker, "paused": true, "changed": new});
        return render::print(&render::json(&object)?);
    }
    Ok(())
}

/// Pauses a worker or the board. `false`: it was already.
pub(super) fn pause(session: &Session, worker: Option<&str>, reason: Option<&str>) -> Result<bool> {
    if let Some(name) = worker {
        session.config.require_worker(name)?;
    }
    let by = Caller::current().name;
    let what = format!("cannot pause on board {}", session.board.slug);
    session.write(&what, |tx, now| pauses::pause(tx, worker, &by, reason, now))
}
