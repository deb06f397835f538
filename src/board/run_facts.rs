//! What the claim and the fence record about a run, so that its processes can be found after its supervisor was
//! killed. The board keeps these facts in its row, and the run's folder keeps a copy.

use serde::{Deserialize, Serialize};

use crate::time::Seconds;

/// The facts of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    pub claimed_at: Seconds,
    /// The boot of the claim; empty if it could not be read.
    pub boot: String,
    /// The PID namespace of the claim; empty if it could not be read. `None`: an earlier version of this program
    /// claimed the run and did not record it.
    pub pid_namespace: Option<String>,
    /// `None`: the fence was not reached.
    #[serde(skip)]
    pub processes: Option<RunProcesses>,
}

/// The processes of a run, as its supervisor recorded them before the gate opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunProcesses {
    pub supervisor: ProcessId,
    pub worker: ProcessId,
    /// The worker's process group.
    pub group: i32,
    /// The session of the supervisor and of the worker.
    pub session: i32,
    /// The folder of the run's own cgroup.
    pub cgroup: Option<String>,
}

/// A process, told apart from a later one with the same number by its start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    pub pid: i32,
    /// Clock ticks after the boot on Linux (proc(5), field 22 of stat), Unix seconds elsewhere. `None`: unknown.
    pub started: Option<i64>,
}
