//! Starting a supervisor from a tick, detached and with the run's lock and slot handed over; and a tick of another
//! board, with a slot handed over.
//!
//! The two locked descriptors and the spec travel as the standard streams of the new process: a hand-over
//! that needs no code between fork and exec, and leaves no moment in which a lock is free.

use std::fs::File;
use std::io::{Seek, Write};
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
    let handed = written(&serde_json::to_vec(spec)?, dir)?;
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

/// A file with this content, at its beginning, that nobody else can open. In memory where the system has such files:
/// a file system takes longer to make and remove one, the longer the more of them were removed lately.
fn written(content: &[u8], dir: &RunDir) -> Result<File> {
    let mut file = match platform::memory_file() {
        Some(file) => file,
        None => {
            let path = dir.spec();
            let file = fsx::create_private(&path);
            file.and_then(|file| std::fs::remove_file(&path).map(|()| file))
                .with_context(|| format!("cannot make {}", path.display()))?
        }
    };
    file.write_all(content)
        .and_then(|()| file.rewind())
        .context("cannot write the spec of the run")?;
    Ok(file)
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
