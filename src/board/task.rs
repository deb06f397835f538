//! A card, and what is asked for when one is made.

use serde::Serialize;

use super::dependency::Release;
use super::id::TaskId;
use super::status::Status;
use crate::time::Seconds;

/// A card as it stands on the board, with what this program keeps about it beside the shared row.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    pub id: TaskId,
    pub title: String,
    pub body: Option<String>,
    pub assignee: Option<String>,
    pub status: Status,
    pub priority: i64,
    pub created_by: Option<String>,
    pub created_at: Seconds,
    pub started_at: Option<Seconds>,
    pub completed_at: Option<Seconds>,
    pub workspace_kind: String,
    pub workspace_path: Option<String>,
    pub tenant: Option<String>,
    pub result: Option<String>,
    pub idempotency_key: Option<String>,
    pub consecutive_failures: i64,
    pub last_failure_error: Option<String>,
    pub worker_pid: Option<i64>,
    pub max_runtime_seconds: Option<i64>,
    pub max_retries: Option<i64>,
    pub current_run_id: Option<i64>,
    pub block_kind: Option<String>,
    /// Times in a row that it was blocked for the same cause.
    pub block_recurrences: i64,
    pub branch_name: Option<String>,
    /// Names that its worker is told to use, for workers that know skills.
    pub skills: Vec<String>,
    /// The model that its worker is told to use, for workers that know models.
    pub model_override: Option<String>,
    /// Its worker goes on until a judge agrees that the goal is reached, for workers that know goals.
    pub goal_mode: bool,
    pub goal_max_turns: Option<i64>,
    /// Of Hermes alone, as are the three after it.
    pub project_id: Option<String>,
    pub session_id: Option<String>,
    pub workflow_template_id: Option<String>,
    pub current_step_key: Option<String>,
    /// Who has it, for programs that claim cards.
    pub claim_lock: Option<String>,
    /// Until when, unless it is extended.
    pub claim_expires: Option<Seconds>,
    /// When its worker was last known to be alive.
    pub last_heartbeat_at: Option<Seconds>,
    /// Further arguments for its worker.
    pub args: Vec<String>,
    /// Exit 0 of the work counts only if this passes; the worker's own command where it is empty.
    pub verify: Vec<String>,
    /// Not before this time (`--at`).
    pub not_before: Option<Seconds>,
    /// The next try is not before this time.
    pub retry_at: Option<Seconds>,
}

impl Task {
    /// Its keys, for whoever asks for some of them.
    pub const KEYS: [&str; 39] = [
        "id",
        "title",
        "body",
        "assignee",
        "status",
        "priority",
        "created_by",
        "created_at",
        "started_at",
        "completed_at",
        "workspace_kind",
        "workspace_path",
        "tenant",
        "result",
        "idempotency_key",
        "consecutive_failures",
        "last_failure_error",
        "worker_pid",
        "max_runtime_seconds",
        "max_retries",
        "current_run_id",
        "block_kind",
        "block_recurrences",
        "branch_name",
        "skills",
        "model_override",
        "goal_mode",
        "goal_max_turns",
        "project_id",
        "session_id",
        "workflow_template_id",
        "current_step_key",
        "claim_lock",
        "claim_expires",
        "last_heartbeat_at",
        "args",
        "verify",
        "not_before",
        "retry_at",
    ];
}

/// Where a worker works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Workspace {
    #[default]
    /// A folder of its own below the board's, made for the card.
    Scratch,
    /// An existing folder of the user's, never removed.
    Dir(String),
    /// A git worktree of its own: in this folder or below this repository, else below the board's.
    Worktree(Option<String>),
}

impl Workspace {
    /// The two shared columns: kind and path.
    pub fn columns(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Scratch => ("scratch", None),
            Self::Dir(path) => ("dir", Some(path)),
            Self::Worktree(path) => ("worktree", path.as_deref()),
        }
    }
}

impl std::str::FromStr for Workspace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "scratch" => Ok(Self::Scratch),
            None if text == "worktree" => Ok(Self::Worktree(None)),
            Some(("dir", path)) if path.starts_with('/') => Ok(Self::Dir(path.to_owned())),
            Some(("worktree", path)) if path.starts_with('/') => {
                Ok(Self::Worktree(Some(path.to_owned())))
            }
            Some(("dir" | "worktree", path)) => {
                Err(format!("the folder {path:?} must be absolute"))
            }
            _ => Err(format!(
                "{text:?} is not a workspace; write scratch, dir:/absolute/path, worktree or worktree:/absolute/path"
            )),
        }
    }
}

/// Where a new card starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Column {
    #[default]
    /// Where its parents and its moment put it.
    ByParents,
    /// Somebody has to specify it first.
    Triage,
    /// Somebody has to let it go; why.
    Blocked(String),
}

/// What one card asks of its worker beyond what the configuration says.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub model: Option<String>,
    pub skills: Vec<String>,
    pub args: Vec<String>,
    pub verify: Vec<String>,
    pub branch: Option<String>,
    pub goal: bool,
    pub goal_max_turns: Option<i64>,
}

/// What is asked for when a card is made.
#[derive(Debug, Clone, Default)]
pub struct NewTask {
    pub title: String,
    pub body: Option<String>,
    pub assignee: Option<String>,
    pub priority: i64,
    pub parents: Vec<(TaskId, Release)>,
    pub max_runtime: Option<Seconds>,
    pub max_retries: Option<u32>,
    pub idempotency_key: Option<String>,
    pub not_before: Option<Seconds>,
    /// Where it starts, if not where its parents and its moment put it.
    pub column: Column,
    pub workspace: Workspace,
    pub overrides: Overrides,
    pub tenant: Option<String>,
    pub created_by: String,
    /// The run whose worker makes it.
    pub made_by: Option<Maker>,
}

/// The run whose worker makes a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    pub run: i64,
    /// The card of the run.
    pub card: TaskId,
}

/// The longest title, in bytes: what fits a chat message and a table without being a body.
pub const TITLE_MAX: usize = 1_000;
/// The longest body, in bytes: far above any text meant to be read, far below what would slow a board.
pub const BODY_MAX: usize = 1_048_576;

/// A title as it is stored: trimmed, not empty, one line, not too long.
pub fn title(text: &str) -> Result<String, String> {
    let title = text.trim();
    if title.is_empty() {
        return Err("the title is empty".into());
    }
    if title.len() > TITLE_MAX {
        return Err(format!(
            "the title has {} bytes; {TITLE_MAX} at most, the rest belongs in the body",
            title.len()
        ));
    }
    if title.contains(['\n', '\r', '\0']) {
        return Err("the title has more than one line; the rest belongs in the body".into());
    }
    Ok(title.to_owned())
}

/// A branch name as git takes it (git-check-ref-format(1)), and that no command takes for an option.
pub fn branch(name: &str) -> Result<String, String> {
    let bad_char = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    let bad = name.is_empty()
        || name == "@"
        || name.starts_with('-')
        || name.ends_with('.')
        || name.contains("..")
        || name.contains("@{")
        || name.contains(bad_char)
        || name.split('/').any(bad_part);
    if bad {
        return Err(format!("{name:?} is no name for a branch"));
    }
    Ok(name.to_owned())
}

/// How often a card may fail in a row before it is blocked.
pub fn max_retries(n: u32) -> Result<u32, String> {
    match n {
        1..=1_000 => Ok(n),
        _ => Err(format!("max_retries is {n}, not 1 to 1000")),
    }
}

/// After how many turns a worker that pursues a goal ends at most.
pub fn goal_max_turns(n: u32) -> Result<u32, String> {
    match n {
        0 => Err("goal_max_turns is 0; a worker needs a turn".into()),
        _ => Ok(n),
    }
}

/// A body as it is stored: as given, without NUL bytes (no C program could be handed it), not too long.
pub fn body(text: String) -> Result<String, String> {
    if text.len() > BODY_MAX {
        return Err(format!(
            "the body has {} bytes; {BODY_MAX} at most",
            text.len()
        ));
    }
    if text.contains('\0') {
        return Err("the body has a NUL byte, which cannot be handed to a command".into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_are_scratch_or_an_absolute_folder() {
        assert_eq!("scratch".parse(), Ok(Workspace::Scratch));
        assert_eq!("dir:/srv/x".parse(), Ok(Workspace::Dir("/srv/x".into())));
        assert_eq!("worktree".parse(), Ok(Workspace::Worktree(None)));
        for bad in ["", "dir:x", "dir:", "worktree:x", "/srv"] {
            assert!(bad.parse::<Workspace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn branches_are_named_as_git_takes_them() {
        for good in ["main", "wt/t_1", "feature/ü-1", "a.b"] {
            assert!(branch(good).is_ok(), "{good}");
        }
        for bad in [
            "", "-x", "a b", "a..b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a~1", "a@{1}",
            "@", "a\n", "a.",
        ] {
            assert!(branch(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn titles_are_one_line_and_bodies_are_text() {
        assert_eq!(title("  x "), Ok("x".into()));
        for bad in ["", "  ", "a\nb", &"x".repeat(1001)] {
            assert!(title(bad).is_err());
        }
        assert!(body("a\0b".into()).is_err());
    }
}
