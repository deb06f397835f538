//! `kanban resume`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::exit::Failure;
use crate::render;
use crate::store::{lanes, pauses};

/// Start again what kanban pause or kanban drain stopped
///
/// A lane that is held because its worker could not be started is let go as well.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban resume
  $ kanban resume coder"#)]
pub struct Args {
    /// The worker [default: the board as a whole]
    #[arg(value_name = "WORKER")]
    worker: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let worker = args.worker.as_deref();
    let what = format!("cannot resume on board {}", session.board.slug);
    let (resumed, left) = session.write(&what, |tx, _| {
        let paused = pauses::resume(tx, worker)?;
        let held = match worker {
            Some(name) => lanes::release(tx, name)?,
            None => false,
        };
        Ok((paused || held, pauses::list(tx)?))
    })?;
    if !resumed
        && left
            .iter()
            .any(|pause| worker.is_some() && pause.worker.is_none())
    {
        return Err(
            Failure::refused("the worker is not paused; the whole board is")
                .hint("kanban resume without a worker resumes the board")
                .into(),
        );
    }
    if global.json {
        let object = json!({"worker": args.worker, "paused": false, "changed": resumed});
        return render::print(&render::json(&object)?);
    }
    Ok(())
}
