//! `kanban supervise`: the hidden subcommand that a tick starts for the runs that it has claimed.

use std::ffi::OsString;

use anyhow::Result;

use super::Global;
use crate::config::{self, Home};
use crate::exit::Failure;
use crate::supervise;
use crate::tick::{self, EndedRun};
use crate::worker::rundir::RunDir;

/// Run workers to their ends. Started by a tick, never by hand.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The board, for whoever looks at the list of processes
    board: String,
}

/// Runs the command.
pub fn run(_args: &Args, _global: &Global) -> Result<()> {
    Err(Failure::usage("supervise is started by a tick, never by hand").into())
}

/// Handles a command line that asks for supervisors, before and without the whole tree of
/// commands. `None`: it asks for something else.
pub fn intercept(args: &[OsString]) -> Option<Result<i32>> {
    if args.get(1)? != "supervise" {
        return None;
    }
    let board = args.get(2).and_then(|a| a.to_str());
    (board.is_some_and(|board| !board.starts_with('-')) && args.len() == 3).then(stage)
}

fn stage() -> Result<i32> {
    let Some(spec) = supervise::run()? else {
        return Ok(0);
    };
    let mut config = config::load(spec.config.as_deref())?;
    config.home = Home {
        dir: spec.home.clone(),
    };
    let slug = spec.board.parse().map_err(Failure::usage)?;
    let ended = EndedRun {
        dir: RunDir::at(&spec.dir),
        cgroups: spec.cgroups,
    };
    tick::follow_up(&config, &config.board(&slug), &ended)?;
    Ok(0)
}
