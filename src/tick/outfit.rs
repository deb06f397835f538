//! What a worker starts with: its command with the placeholders filled, its environment, its workspace
//! and its limits.

use std::ffi::OsString;
use std::path::Path;

use super::{Tick, briefing, hermes};
use crate::board::context::Context;
use crate::board::run::Report;
use crate::board::status::Status;
use crate::board::task::Task;
use crate::config::{Board, Config, Fill, Leftovers, Preset, Worker, fill, fill_parts, handed_on};
use crate::store::claims::{Claim, Granted};
use crate::worker::process_table::COOKIE;
use crate::worker::rundir::RunDir;
use crate::worker::spec::{Place, Spec};
use crate::worker::worktree;

/// A longer body, in bytes, is not put into a variable: one may have 128 KiB on Linux (execve(2)), with
/// its name. The worker of such a card reads it with `kanban show`.
const BODY_VARIABLE_MAX: usize = 65_536;
/// The one skill of a Hermes worker that reviews.
const REVIEW_SKILL: &str = "sdlc-review";

/// Everything that the supervisor of a granted claim has to know.
pub fn spec(
    tick: &Tick<'_>,
    worker: &Worker,
    claim: &Claim,
    dir: &RunDir,
    granted: &Granted,
    context: &Context,
) -> Spec {
    let (config, board) = (tick.config, tick.board);
    let (defaults, task) = (config.defaults(), &context.task);
    let prompt = briefing::for_worker(Some(worker), context);
    let (workspace, texts) = texts(config, board, task, (granted.run_id, prompt));
    let (shown, branch, run, priority) =
        (&texts.workspace, &texts.branch, &texts.run, &texts.priority);
    let attempt = granted.attempt.to_string();
    let body = task.body.as_deref().unwrap_or("");
    let mut fields = texts.fill(board, worker, task);
    let reviewer = [REVIEW_SKILL.to_owned()];
    if claim.source == Status::Review && worker.preset == Some(Preset::Hermes) {
        // Hermes reviews with this skill and no other.
        fields.skills = &reviewer;
    }
    let mut env = config.worker_env(worker);
    env.extend(common_env(config, board));
    let skills = task.skills.join("\n");
    let turns = task.goal_max_turns.map(|n| n.to_string());
    let own: [(&str, &str); 16] = [
        ("KANBAN_COLUMN", claim.source.as_str()),
        ("KANBAN_TENANT", fields.tenant),
        ("KANBAN_MODEL", fields.model),
        ("KANBAN_BRANCH", branch),
        ("KANBAN_SKILLS", &skills),
        ("KANBAN_GOAL", if task.goal_mode { "1" } else { "" }),
        ("KANBAN_GOAL_MAX_TURNS", turns.as_deref().unwrap_or("")),
        ("KANBAN_TASK", fields.task),
        ("KANBAN_TITLE", fields.title),
        ("KANBAN_RUN_ID", run),
        (COOKIE, claim.nonce.as_str()),
        ("KANBAN_TOKEN", granted.token.as_str()),
        ("KANBAN_WORKSPACE", shown),
        ("KANBAN_ASSIGNEE", &worker.name),
        ("KANBAN_PRIORITY", priority),
        ("KANBAN_ATTEMPT", &attempt),
    ];
    // What the card does not have is not set: an empty variable would read as an answer.
    let set = own.into_iter().filter(|(_, value)| !value.is_empty());
    env.extend(set.map(|(name, value)| (name.into(), value.into())));
    let mut command = fill_parts(&worker.command, &fields);
    if worker.preset == Some(Preset::Hermes) {
        if task.goal_mode {
            command.push("-Q".into());
        }
        env.extend(hermes::env(
            tick,
            worker,
            claim,
            granted,
            task,
            (shown, branch),
        ));
    }
    env.insert("KANBAN_PROMPT".into(), fields.prompt.into());
    if body.len() <= BODY_VARIABLE_MAX {
        env.insert("KANBAN_BODY".into(), body.into());
    }
    Spec {
        board: board.slug.to_string(),
        config: config.path.clone().filter(|_| config.found),
        home: config.home.dir.clone(),
        db: board.db(),
        task: task.id.to_string(),
        run_id: granted.run_id,
        nonce: claim.nonce.to_string(),
        dir: dir.path().to_owned(),
        lock: claim.lock,
        command,
        cancel: fill(&worker.cancel, &fields),
        verify: match (worker.report, task.verify.is_empty()) {
            // Who reports for itself has said so before anything could be verified.
            (Report::Explicit, _) => Vec::new(),
            (Report::Exit, true) => fill(&worker.verify, &fields),
            (Report::Exit, false) => task.verify.clone(),
        },
        env: env.into_iter().collect(),
        workspace,
        log: board.log(&task.id),
        log_max_bytes: defaults.log_max_bytes,
        log_keep: defaults.log_keep,
        max_runtime: task.max_runtime_seconds.unwrap_or(worker.max_runtime),
        grace: worker.grace,
        claim_ttl: defaults.claim_ttl.0,
        end_leftovers: worker.leftovers == Leftovers::End,
        facts: claim.facts.clone(),
        cgroups: tick.cgroups.clone().flatten(),
    }
}

/// The command that cancels the job of a run, and its environment, when no supervisor is left to run it.
pub fn cancel(
    tick: &Tick<'_>,
    worker: &Worker,
    run_id: i64,
    task: &Task,
) -> (Vec<String>, Vec<(OsString, OsString)>) {
    let (config, board) = (tick.config, tick.board);
    // Who cancels a job is told nothing about the work.
    let (_, texts) = texts(config, board, task, (run_id, String::new()));
    let mut env = config.worker_env(worker);
    env.extend(common_env(config, board));
    for (name, value) in [
        ("KANBAN_TASK", task.id.as_str()),
        ("KANBAN_RUN_ID", &texts.run),
        ("KANBAN_WORKSPACE", &texts.workspace),
    ] {
        env.insert(name.into(), value.into());
    }
    let command = fill(&worker.cancel, &texts.fill(board, worker, task));
    (command, env.into_iter().collect())
}

/// What the placeholders of one run stand for, where it is not on the card as it is.
struct Texts {
    run: String,
    priority: String,
    db: String,
    workspace: String,
    branch: String,
    prompt: String,
}

impl Texts {
    fn fill<'a>(&'a self, board: &'a Board, worker: &'a Worker, task: &'a Task) -> Fill<'a> {
        Fill {
            task: task.id.as_str(),
            title: &task.title,
            body: task.body.as_deref().unwrap_or(""),
            prompt: &self.prompt,
            board: board.slug.as_str(),
            workspace: &self.workspace,
            run: &self.run,
            priority: &self.priority,
            assignee: &worker.name,
            db: &self.db,
            model: task.model_override.as_deref().unwrap_or(""),
            branch: &self.branch,
            tenant: task.tenant.as_deref().unwrap_or(""),
            skills: &task.skills,
            args: &task.args,
        }
    }
}

fn texts(
    config: &Config,
    board: &Board,
    task: &Task,
    (run_id, prompt): (i64, String),
) -> (Place, Texts) {
    let (place, workspace, branch) = place(config, board, task);
    let texts = Texts {
        run: run_id.to_string(),
        priority: task.priority.to_string(),
        db: board.db().display().to_string(),
        workspace,
        branch,
        prompt,
    };
    (place, texts)
}

/// Where a card is worked on: the place, its path as it is shown, and the branch there.
fn place(config: &Config, board: &Board, task: &Task) -> (Place, String, String) {
    let scratch = board.workspaces().join(task.id.as_str());
    let branch = task.branch_name.clone().unwrap_or_default();
    let given = task.workspace_path.as_deref().map(Path::new);
    match (task.workspace_kind.as_str(), given) {
        ("worktree", given) => {
            let default = config.default_workdir(board);
            let asked = task.branch_name.as_deref();
            let id = task.id.as_str();
            match worktree::locate(id, given, default.as_deref(), asked, board.worktrees()) {
                Ok(tree) => {
                    let (shown, branch) = (tree.path.display().to_string(), tree.branch.clone());
                    (Place::Worktree(tree), shown, branch)
                }
                Err(why) => (Place::Nowhere(why), String::new(), branch),
            }
        }
        ("dir", Some(path)) => (Place::Dir(path.into()), path.display().to_string(), branch),
        // A scratch folder of Hermes' choice.
        ("scratch", Some(path)) if path.is_absolute() && path != scratch => (
            Place::Given(path.into()),
            path.display().to_string(),
            branch,
        ),
        _ => (
            Place::Scratch(board.workspaces()),
            scratch.display().to_string(),
            branch,
        ),
    }
}

/// The variables of a run that are the same for every worker.
fn common_env(config: &Config, board: &Board) -> Vec<(OsString, OsString)> {
    let mut env: Vec<(OsString, OsString)> = vec![
        ("KANBAN_BOARD".into(), board.slug.as_str().into()),
        ("KANBAN_DB".into(), board.db().into()),
        ("KANBAN_HOME".into(), config.home.dir.clone().into()),
    ];
    if let (true, Some(path)) = (config.found, &config.path) {
        env.push(("KANBAN_CONFIG".into(), path.into()));
    }
    env.extend(handed_on());
    env
}
