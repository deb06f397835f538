//! Processes: starting a supervisor, letting a worker off, ending what it leaves, and the files by
//! which a run's life and end are known. And, beside them, running a helper program of the system, or this very
//! one for each of many boards.
//!
//! Knows nothing of the board file or the configuration: everything a run needs is in its [`spec`].

pub mod cancel;
pub mod cgroup;
pub mod errand;
pub mod gate;
pub mod group;
pub mod handover;
pub mod herd;
pub mod launch;
pub mod liveness;
pub mod log;
pub mod outsider;
mod pipes;
pub mod process_table;
pub mod record;
pub mod rundir;
pub mod signals;
pub mod slots;
pub mod spec;
pub mod tool;
pub mod twin;
pub mod unit;
pub mod unit_file;
pub mod workspace;
pub mod worktree;
