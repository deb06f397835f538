//! `kanban supervise`: the hidden subcommand that a tick starts for each run.

use std::ffi::OsString;

use anyhow::Result;

use super::Global;
use crate::config::{self, Home};
use crate::exit::Failure;
use crate::worker::gate;
use crate::worker::rundir::RunDir;
use crate::{supervise, tick};

/// Run one worker to its end. Started by a tick, never by hand.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The board, for whoever looks at the list of processes
    board: String,
    /// The run's nonce, for whoever looks for it
    nonce: String,
}

/// Runs the command.
pub fn run(_args: &Args, _global: &Global) -> Result<()> {
    Err(Failure::usage("supervise is started by a tick, never by hand").into())
}

/// Handles a command line that asks for a stage of a run, before and without the whole tree of
/// commands. `None`: it asks for something else.
pub fn intercept(args: &[OsString]) -> Option<Result<i32>> {
    if args.get(1)? != "supervise" {
        return None;
    }
    match args.get(2).and_then(|a| a.to_str()) {
        Some(gate::FLAG) => Some(Ok(gate::stage(&args[3..]))),
        // A hand-over is by three descriptors that are no terminals; everything else is somebody trying.
        Some(board) if !board.starts_with('-') && args.len() == 4 => Some(stage()),
        _ => None,
    }
}

fn stage() -> Result<i32> {
    let spec = supervise::run()?;
    let mut config = config::load(spec.config.as_deref())?;
    config.home = Home {
        dir: spec.home.clone(),
    };
    let slug = spec.board.parse().map_err(Failure::usage)?;
    tick::follow_up(&config, &config.board(&slug), &RunDir::at(&spec.dir))?;
    Ok(0)
}
