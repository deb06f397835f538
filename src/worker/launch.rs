//! Starting a supervisor from a tick, detached and with the run's lock and slot handed over; and a tick of another
//! board, with a slot handed over.
//!
//! The two locked descriptors and the spec travel as the standard streams of the new process: a hand-over
//! that needs no code between fork and exec, and leaves no moment in which a lock is free.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::rundir::RunDir;
use super::spec::Spec;
use crate::{fsx, platform};

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
    super::group::COOKIE,
    "KANBAN_TOKEN",
    "KANBAN_WORKSPACE",
    "KANBAN_ATTEMPT",
];

/// Starts the supervisor of a claimed run. Both files are closed here whatever happens, so a failed start
/// leaves the lock free.
pub fn supervisor(spec: &Spec, dir: &RunDir, lock: File, slot: File) -> Result<()> {
    let path = dir.spec();
    let text = serde_json::to_vec(spec)?;
    fsx::create_private(&path)
        .and_then(|mut file| file.write_all(&text))
        .with_context(|| format!("cannot write {}", path.display()))?;
    let handed =
        fsx::open_existing(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut command = Command::new(platform::own_executable());
    command
        .arg0("kanban")
        .args(["supervise", &spec.board, &spec.nonce])
        .current_dir(dir.path())
        .stdin(Stdio::from(lock))
        .stdout(Stdio::from(slot))
        .stderr(Stdio::from(handed));
    for variable in RUN_VARIABLES {
        command.env_remove(variable);
    }
    command.spawn().context("cannot start a supervisor")?;
    Ok(())
}

/// Starts a tick of a board that waits for a slot of this machine, and hands it one. It goes on by itself; the slot
/// is free again when it ends without a use for it.
pub fn tick(board: &str, config: Option<&Path>, home: &Path, slot: File) -> Result<()> {
    let mut command = Command::new(platform::own_executable());
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
