//! Starting supervisors from a tick, detached and with the locks and slots of their runs handed over; and a tick of
//! another board, with a slot handed over.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::handover::{self, Handed};
use super::spec::Spec;
use crate::platform;

/// Variables that speak of one run and must not leak into the next.
pub const RUN_VARIABLES: [&str; 18] = [
    "KANBAN_COLUMN",
    "KANBAN_TENANT",
    "KANBAN_MODEL",
    "KANBAN_BRANCH",
    "KANBAN_SKILLS",
    "KANBAN_GOAL",
    "KANBAN_GOAL_MAX_TURNS",
    "KANBAN_TASK",
    "KANBAN_TITLE",
    "KANBAN_BODY",
    "KANBAN_PROMPT",
    "KANBAN_ASSIGNEE",
    "KANBAN_PRIORITY",
    "KANBAN_RUN_ID",
    super::process_table::COOKIE,
    "KANBAN_TOKEN",
    "KANBAN_WORKSPACE",
    "KANBAN_ATTEMPT",
];

/// This program. In a unit test that is the runner of the tests, which would take its arguments for names of some.
fn this_program() -> PathBuf {
    match cfg!(test) {
        true => "true".into(),
        false => platform::own_executable(),
    }
}

/// Whether a tick runs inside a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    Outside,
    /// The new supervisors have to leave the worker's process group before the tick ends, because the worker's end kills
    /// that group.
    InsideWorker,
}

/// Starts the supervisors of claimed runs of a board, as one process that makes the others. All files are closed here
/// whatever happens, so a failed start leaves the locks free. The board is named for people who list processes; the
/// folder is that of its runs.
pub fn supervisors(
    board: &str,
    folder: &Path,
    runs: Vec<Handed<Spec>>,
    nesting: Nesting,
) -> Result<()> {
    let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets")?;
    let mut command = Command::new(this_program());
    command
        .arg0("kanban")
        .args(["supervise", board])
        .current_dir(folder)
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    for variable in RUN_VARIABLES {
        command.env_remove(variable);
    }
    // It has our other streams for the moment until it has taken everything, and tells there what fails: to open
    // something else for it takes descriptors, of which there may be none left.
    command.spawn().context("cannot start a supervisor")?;
    // It has their end now. Were it open here as well, nobody would notice that the new process is gone.
    drop(command);
    match handover::send(runs, &ours) {
        // It was killed before it had begun. So the runs have never begun either, and their locks say it.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        other => other.context("cannot hand over to a supervisor")?,
    }
    match nesting {
        Nesting::Outside => Ok(()),
        Nesting::InsideWorker => {
            // It has everything, so the runs are its own: a tick that recorded them as failed could free a card whose
            // worker executes a moment later.
            if let Err(e) = handover::await_departure(&ours) {
                log::warn!("a supervisor may still be in the worker's process group: {e}");
            }
            Ok(())
        }
    }
}

/// Starts a tick of a board that waits for a slot of this machine, and hands it one. It goes on by itself; the slot
/// is free again when it ends without a use for it.
pub fn tick(board: &str, config: Option<&Path>, home: &Path, slot: File) -> Result<()> {
    let mut command = Command::new(this_program());
    command
        .arg0("kanban")
        .args(["tick", "--in-turn", "--board", board]);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    for variable in RUN_VARIABLES {
        command.env_remove(variable);
    }
    command
        .env("KANBAN_HOME", home)
        .current_dir(home)
        .stdin(Stdio::from(slot))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command
        .spawn()
        .with_context(|| format!("cannot start a tick of board {board}"))?;
    Ok(())
}
