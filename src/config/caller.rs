//! Who runs this command, as its environment says: a person at a shell, or the worker of a run.

use std::env::var;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Who asks for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name that goes into the history.
    pub name: String,
    /// The token of the run whose worker this is; `None` at a shell.
    pub token: Option<String>,
    /// The card of that run.
    pub task: Option<String>,
}

impl Caller {
    /// The caller of this process.
    pub fn current() -> Self {
        let set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
        let token = set("KANBAN_TOKEN");
        let worker = token.as_ref().and_then(|_| set("KANBAN_ASSIGNEE"));
        let name = worker
            .or_else(|| set("USER"))
            .or_else(|| set("LOGNAME"))
            .unwrap_or_else(|| "user".into());
        let task = token.as_ref().and_then(|_| set("KANBAN_TASK"));
        Self { name, token, task }
    }
}

/// All of our environment but what speaks of a run, for workers that expect it.
pub fn whole_environment() -> Vec<(OsString, OsString)> {
    std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            !name.starts_with("KANBAN_") && name != "HERMES_TUI"
        })
        .collect()
}

/// This program, asked for once.
static PROGRAM: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::current_exe().ok());

/// Variables that a worker gets so that the program it calls is this one, under the same test settings.
pub fn handed_on() -> Vec<(OsString, OsString)> {
    let program = PROGRAM
        .as_ref()
        .map(|path| ("KANBAN_BIN".into(), path.into()));
    let settings = ["KANBAN_NOW", "KANBAN_TEST_CGROUPS", "KANBAN_TEST_PORTABLE"]
        .into_iter()
        .filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
    program.into_iter().chain(settings).collect()
}
