//! `kanban drain`

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::{Global, Session, pause};
use crate::exit::Failure;
use crate::render;
use crate::store::claims;
use crate::time::{self, Seconds};

/// Start nothing more, and wait until what runs has ended
///
/// Before a reboot or an upgrade. kanban resume starts again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban drain --timeout 30m
  $ kanban drain coder --reason "its model is being changed"
  $ kanban resume coder"#)]
pub struct Args {
    /// The worker [default: the whole board]
    #[arg(value_name = "WORKER")]
    worker: Option<String>,
    /// Exit 75 if it takes longer; what is paused stays paused
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    timeout: Option<Seconds>,
    /// Why, for whoever wonders
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let worker = args.worker.as_deref();
    pause::pause(&session, worker, args.reason.as_deref())?;
    let until = args
        .timeout
        .map(|seconds| Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
    loop {
        let running = running(&session, worker)?;
        if running == 0 {
            break;
        }
        if until.is_some_and(|at| Instant::now() >= at) {
            return Err(Failure::try_again(format!("{running} workers still run"))
                .hint("nothing more is started; run the same command again to go on waiting")
                .into());
        }
        // Their supervisors book their ends by a tick of their own; nothing here could hurry them.
        std::thread::sleep(Duration::from_millis(200));
    }
    if global.json {
        let object = json!({"worker": args.worker, "paused": true, "running": 0});
        return render::print(&render::json(&object)?);
    }
    Ok(())
}

fn running(session: &Session, worker: Option<&str>) -> Result<u32> {
    session.reader()?.read("cannot look at what runs", |conn| {
        let all = claims::running(conn)?;
        Ok(all
            .iter()
            .filter(|(name, _)| worker.is_none_or(|w| w == name))
            .map(|(_, count)| count)
            .sum())
    })
}
