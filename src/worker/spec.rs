//! What a supervisor has to know, handed over in a private file that it removes at once.
//!
//! Never in arguments, which every user of the machine can read.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::board::id::Nonce;
use crate::fsx::Identity;
use crate::time::Seconds;

use super::worktree::Tree;

/// One run, from its claim to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The board, for the follow-up tick.
    pub board: String,
    /// The configuration file, for the follow-up tick; `None`: there was none.
    pub config: Option<PathBuf>,
    /// The home of all boards, for the follow-up tick.
    pub home: PathBuf,
    /// The board file.
    pub db: PathBuf,
    /// The card.
    pub task: String,
    /// `task_runs.id`
    pub run_id: i64,
    /// Names the run's folder.
    pub nonce: String,
    /// The run's folder.
    pub dir: PathBuf,
    /// The lock that is handed over.
    pub lock: Identity,
    /// Program and arguments, placeholders filled.
    pub command: Vec<String>,
    /// Run before the worker is signalled when it has to end; empty: nothing.
    #[serde(default)]
    pub cancel: Vec<String>,
    /// Exit 0 of the work counts only if this passes; empty: it counts.
    #[serde(default)]
    pub verify: Vec<String>,
    /// The worker's whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Where it works.
    pub workspace: Place,
    /// The card's log.
    pub log: PathBuf,
    /// The log is rotated when it is larger, in bytes.
    pub log_max_bytes: u64,
    /// Rotated logs to keep.
    pub log_keep: u32,
    /// Seconds.
    pub max_runtime: Seconds,
    /// Seconds between TERM and KILL.
    pub grace: Seconds,
    /// Seconds by which the claim is extended at a time.
    pub claim_ttl: Seconds,
    /// What the worker leaves behind is ended too.
    pub end_leftovers: bool,
}

/// Where a worker works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A folder made for the card below this one, by the card's id.
    Scratch(PathBuf),
    /// A folder of the user's.
    Dir(PathBuf),
    /// A git worktree.
    Worktree(Tree),
    /// It cannot be told where; this is why.
    Nowhere(String),
    /// A folder that another program named as scratch: made where it is missing, never removed.
    Given(PathBuf),
}

impl Spec {
    /// The nonce, checked: it names a folder.
    pub fn nonce(&self) -> Result<Nonce, String> {
        self.nonce.parse()
    }
}
