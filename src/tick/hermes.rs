//! What a Hermes worker expects to find in its environment, and what keeps a board of Hermes from being
//! served here.

use std::ffi::OsString;

use anyhow::Result;

use super::Tick;
use crate::board::task::Task;
use crate::config::{Board, Hermes, Worker};
use crate::exit::Failure;
use crate::fsx;
use crate::store::claims::{Claim, Granted};

/// Seconds before the end of its run time at which a worker's own commands are to be over (Hermes' figure).
const TERMINAL_GRACE: i64 = 30;

/// Why nothing may be started on a board of Hermes at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Nothing keeps it.
    No,
    /// Its emergency stop is set.
    EmergencyStop,
}

/// Refuses to tick beside a gateway that dispatches, and says whether something may be started.
pub fn admit(board: &Board) -> Result<Hold> {
    let Some(root) = &board.hermes else {
        return Ok(Hold::No);
    };
    let hermes = Hermes { root: root.clone() };
    if gateway_dispatches(&hermes) {
        return Err(Failure::refused(format!(
            "a gateway of Hermes dispatches the boards of {} itself",
            root.display()
        ))
        .hint("set kanban.dispatch_in_gateway: false in its config.yaml and restart the gateway")
        .into());
    }
    Ok(match hermes.emergency_stop().symlink_metadata() {
        Ok(_) => Hold::EmergencyStop,
        Err(_) => Hold::No,
    })
}

/// Whether a gateway holds the lock of dispatchers. It holds it from its start to its end.
pub fn gateway_dispatches(hermes: &Hermes) -> bool {
    match fsx::open_existing(&hermes.gateway_lock()) {
        Ok(lock) => !fsx::lock_shared(&lock, fsx::Wait::No).unwrap_or(false),
        Err(e) => e.kind() != std::io::ErrorKind::NotFound,
    }
}

/// The variables that Hermes' own dispatcher sets.
pub(super) fn env(
    tick: &Tick<'_>,
    worker: &Worker,
    claim: &Claim,
    granted: &Granted,
    task: &Task,
    (workspace, branch): (&str, &str),
) -> Vec<(OsString, OsString)> {
    let board = tick.board;
    let mut env: Vec<(OsString, OsString)> = Vec::new();
    let mut set = |name: &str, value: OsString| env.push((name.into(), value));
    set("HERMES_PROFILE", worker.name.as_str().into());
    let home = tick
        .config
        .hermes
        .as_ref()
        .and_then(|hermes| hermes.profiles().remove(&worker.name));
    if let Some(home) = home {
        set("HERMES_HOME", home.into());
    }
    set("HERMES_KANBAN_TASK", task.id.as_str().into());
    set("HERMES_KANBAN_WORKSPACE", workspace.into());
    set("HERMES_KANBAN_RUN_ID", granted.run_id.to_string().into());
    set("HERMES_KANBAN_CLAIM_LOCK", claim.claimer.as_str().into());
    set("HERMES_KANBAN_DB", board.db().into());
    set("HERMES_KANBAN_WORKSPACES_ROOT", board.workspaces().into());
    set("HERMES_KANBAN_BOARD", board.slug.as_str().into());
    if !branch.is_empty() {
        set("HERMES_KANBAN_BRANCH", branch.into());
    }
    if let Some(tenant) = &task.tenant {
        set("HERMES_TENANT", tenant.into());
    }
    if task.goal_mode {
        set("HERMES_KANBAN_GOAL_MODE", "1".into());
        if let Some(turns) = task.goal_max_turns {
            set("HERMES_KANBAN_GOAL_MAX_TURNS", turns.to_string().into());
        }
    }
    set("TERMINAL_CWD", workspace.into());
    let limit = task.max_runtime_seconds.unwrap_or(worker.max_runtime);
    let terminal = (limit - TERMINAL_GRACE).max(1);
    for name in ["TERMINAL_TIMEOUT", "TERMINAL_MAX_FOREGROUND_TIMEOUT"] {
        let inherited = tick.config.inherited(name).unwrap_or(0);
        if terminal > inherited {
            set(name, terminal.to_string().into());
        }
    }
    env
}
