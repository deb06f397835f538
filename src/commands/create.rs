//! `kanban create`

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::{CardRef, TaskId};
use crate::board::run::Report;
use crate::board::task::{self, BODY_MAX, Column, NewTask, Overrides, Workspace};
use crate::config::Caller;
use crate::exit::Failure;
use crate::render;
use crate::store::{Store, Tx, tasks};
use crate::time::{self, Seconds};

/// Make a card
///
/// Prints its id. A card without parents is ready at once; with open parents it waits in todo, and with
/// --at in scheduled. The first card of a board that does not exist makes the board.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is to be done, in a line
    #[arg(value_name = "TITLE")]
    title: String,
    /// What is to be done, in full; - reads it from standard input
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,
    /// Read the body from a file; - is standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// The worker that is to do it, or the lane that a person pulls it from
    #[arg(long, value_name = "NAME")]
    assignee: Option<String>,
    /// Cards with a higher number start first
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    priority: i64,
    /// A card that has to be done first; may be given several times
    #[arg(long = "parent", value_name = "ID")]
    parents: Vec<CardRef>,
    /// Start it only if this card gives up; may be given several times
    #[arg(long, value_name = "ID")]
    after_failure: Vec<CardRef>,
    /// Start it when this card is done, gave up, or was cancelled; may be given several times
    #[arg(long, value_name = "ID")]
    after_any: Vec<CardRef>,
    /// End a run that takes longer (such as 90s, 2h) [default: the worker's]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    max_runtime: Option<Seconds>,
    /// Block the card after so many failures in a row [default: failure_limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_retries: Option<u32>,
    /// If a card with this key is there and not archived, print its id and make none
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Do not start it before this time: 2026-12-24T18:00:00+01:00, "2026-12-24 18:00", @UNIX, or 2h from now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Put it into triage: it is not started until somebody promotes it
    #[arg(long, conflicts_with = "blocked")]
    triage: bool,
    /// Make it blocked, for this reason: it is not started until somebody unblocks it
    #[arg(long, value_name = "REASON")]
    blocked: Option<String>,
    /// Where its worker works: scratch (a folder made for the card), dir:/absolute/path, or worktree (a git
    /// worktree made for the card below the board's default_workdir; worktree:/path names the repository, the
    /// place of the tree, or a tree that is there)
    #[arg(long, value_name = "WHERE", default_value = "scratch")]
    workspace: Workspace,
    /// The branch of its worktree [default: wt/ID]
    #[arg(long, value_name = "NAME", value_parser = task::branch)]
    branch: Option<String>,
    /// A name to group cards by, such as a customer or a project
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// The model that its worker is told to use ({model})
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// A skill that its worker is told to use ({skill}); may be given several times
    #[arg(long = "skill", value_name = "NAME")]
    skills: Vec<String>,
    /// One more argument for its worker ({arg}); may be given several times
    #[arg(long = "arg", value_name = "TEXT", allow_hyphen_values = true)]
    args: Vec<String>,
    /// A shell command: exit 0 of the work counts only if this exits 0 in the same place
    #[arg(long, value_name = "SCRIPT")]
    verify: Option<String>,
    /// Its worker goes on until a judge agrees that the goal is reached, for workers that know goals
    #[arg(long)]
    goal: bool,
    /// With --goal, after so many turns at most
    #[arg(long, requires = "goal", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    goal_max_turns: Option<u32>,
}

fn positive_duration(text: &str) -> Result<Seconds, String> {
    match time::duration(text)? {
        0 => Err("it must be longer than nothing".into()),
        seconds => Ok(seconds),
    }
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let now = time::now()?;
    let mut new = new_task(args, now)?;
    let session = Session::open(global)?;
    if let Some(name) = &new.assignee {
        let worker = session.config.require_worker(name)?;
        if worker.report == Report::Explicit && !new.overrides.verify.is_empty() {
            return Err(Failure::usage(format!(
                "{name} reports for itself, before anything could be verified"
            ))
            .hint("leave --verify out, or give the card to a worker with report = \"exit\"")
            .into());
        }
    }
    if new.workspace == Workspace::Worktree(None)
        && session.config.default_workdir(&session.board).is_none()
    {
        return Err(Failure::usage("no repository is named for the worktree")
            .hint(format!(
                "write --workspace worktree:/path/to/repository, or set default_workdir in [boards.{}]",
                session.board.slug
            ))
            .into());
    }
    if session.board.db().symlink_metadata().is_err() && Store::create(&session.board.db())? {
        render::print_err(&format!("kanban: made the board {}", session.board.slug));
    }
    let what = format!("cannot make a card on board {}", session.board.slug);
    let (created, task) = session.write(&what, |tx, now| {
        new.parents = parents(args, tx)?;
        let created = tasks::create(tx, &new, now)?;
        let task = tasks::get(tx, &created.id)?;
        Ok((created, task))
    })?;
    if global.json {
        let mut object = json!(task);
        object["new"] = json!(created.new);
        return render::print(&render::json(&object)?);
    }
    render::print(&format!("{}\n", created.id))
}

fn new_task(args: &Args, now: Seconds) -> Result<NewTask> {
    let body = match (&args.body, &args.body_file) {
        (Some(text), _) => Some(text_or_stdin(text)?),
        (None, Some(path)) if path.as_os_str() == "-" => Some(text_or_stdin("-")?),
        (None, Some(path)) => {
            let file = std::fs::File::open(path)
                .with_context(|| format!("cannot open {}", path.display()))?;
            Some(bounded(file).with_context(|| format!("cannot read {}", path.display()))?)
        }
        (None, None) => None,
    };
    Ok(NewTask {
        title: task::title(&args.title).map_err(Failure::usage)?,
        body: body.map(task::body).transpose().map_err(Failure::usage)?,
        assignee: args.assignee.clone(),
        priority: args.priority,
        parents: Vec::new(),
        max_runtime: args.max_runtime,
        max_retries: args.max_retries,
        idempotency_key: args.idempotency_key.clone(),
        not_before: args
            .at
            .as_deref()
            .map(|at| time::moment(at, now))
            .transpose()
            .map_err(Failure::usage)?,
        column: match (&args.blocked, args.triage) {
            (Some(reason), _) => Column::Blocked(reason.clone()),
            (None, true) => Column::Triage,
            (None, false) => Column::ByParents,
        },
        tenant: args.tenant.clone(),
        overrides: Overrides {
            model: args.model.clone(),
            skills: args.skills.clone(),
            args: args.args.clone(),
            verify: args
                .verify
                .iter()
                .flat_map(|script| ["sh", "-c", script].map(str::to_owned))
                .collect(),
            branch: args.branch.clone(),
            goal: args.goal,
            goal_max_turns: args.goal_max_turns.map(i64::from),
        },
        workspace: args.workspace.clone(),
        created_by: Caller::current().name,
    })
}

/// Every card that it waits for, each with the end that lets it go.
fn parents(args: &Args, tx: &Tx<'_>) -> Result<Vec<(TaskId, Release)>> {
    let mut all = Vec::new();
    for (cards, release) in [
        (&args.parents, Release::Success),
        (&args.after_failure, Release::Failure),
        (&args.after_any, Release::Any),
    ] {
        let ids = tasks::find_all(tx, cards)?;
        all.extend(ids.into_iter().map(|id| (id, release)));
    }
    Ok(all)
}

/// A text given as an argument, or read from standard input where the argument is `-`.
pub fn text_or_stdin(text: &str) -> Result<String> {
    match text {
        "-" => bounded(std::io::stdin().lock()).context("cannot read standard input"),
        text => Ok(text.to_owned()),
    }
}

/// Reads a text, but never more than could be stored.
fn bounded(source: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    source.take(BODY_MAX as u64 + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| Failure::usage("it is not UTF-8 text").into())
}
