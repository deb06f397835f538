//! What can be said of a new card, and what is made of it: the same for a command line and a file of cards.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer, de};

use super::{bounded, text_or_stdin};
use crate::board::run::Report;
use crate::board::task::{self, Column, NewTask, Overrides, Workspace};
use crate::commands::Session;
use crate::config::Caller;
use crate::exit::Failure;
use crate::time::{self, Seconds};

/// What can be said of a card: an option of the command line each, and a key of a file of cards with `_` for `-`.
#[derive(Debug, Clone, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// What is to be done, in a line
    #[arg(value_name = "TITLE", required_unless_present = "from")]
    pub title: Option<String>,
    /// What is to be done, in full; - reads it from standard input
    #[arg(long, value_name = "TEXT")]
    pub body: Option<String>,
    /// Read the body from a file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub body_file: Option<PathBuf>,
    /// The worker that is to do it, or the lane that a person pulls it from
    #[arg(long, value_name = "NAME")]
    pub assignee: Option<String>,
    /// Cards with a higher number start first
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub priority: i64,
    /// End a run that takes longer (such as 90s, 2h) [default: the worker's]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    #[serde(deserialize_with = "duration")]
    pub max_runtime: Option<Seconds>,
    /// Block the card after so many failures in a row [default: failure_limit]
    #[arg(long, value_name = "N")]
    pub max_retries: Option<u32>,
    /// If a card with this key is there and not archived, print its id and make none
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Do not start it before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in
    /// kanban --help
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Put it into triage: it is not started until somebody promotes it
    #[arg(long)]
    pub triage: bool,
    /// Make it blocked, for this reason: it is not started until somebody unblocks it
    #[arg(long, value_name = "REASON")]
    pub blocked: Option<String>,
    /// Where its worker works: scratch (a folder made for the card), dir:/absolute/path, or worktree (a git
    /// worktree made for the card below the board's default_workdir; worktree:/path names the repository, the
    /// place of the tree, or a tree that is there)
    #[arg(long, value_name = "WHERE", default_value = "scratch")]
    #[serde(deserialize_with = "parsed")]
    pub workspace: Workspace,
    /// The branch of its worktree [default: wt/ID]
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// A name to group cards by, such as a customer or a project
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// The model that its worker is told to use ({model})
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// A skill that its worker is told to use ({skill}); may be given several times
    #[arg(long = "skill", value_name = "NAME")]
    pub skills: Vec<String>,
    /// One more argument for its worker ({arg}); may be given several times
    #[arg(long = "arg", value_name = "TEXT", allow_hyphen_values = true)]
    pub args: Vec<String>,
    /// A shell command: exit 0 of the work counts only if this exits 0 in the same place
    #[arg(long, value_name = "SCRIPT")]
    pub verify: Option<String>,
    /// Its worker goes on until a judge agrees that the goal is reached, for workers that know goals
    #[arg(long)]
    pub goal: bool,
    /// With --goal, after so many turns at most
    #[arg(long, value_name = "N")]
    pub goal_max_turns: Option<u32>,
}

fn positive_duration(text: &str) -> Result<Seconds, String> {
    match time::duration(text)? {
        0 => Err("it must be longer than nothing".into()),
        seconds => Ok(seconds),
    }
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Seconds>, D::Error> {
    let text = String::deserialize(from)?;
    positive_duration(&text)
        .map(Some)
        .map_err(de::Error::custom)
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(de::Error::custom)
}

impl Card {
    /// The card to make, checked but for what only the board knows. Files are looked for in `folder`.
    pub fn check(&self, folder: &Path, session: &Session, now: Seconds) -> Result<NewTask> {
        self.exclusions().map_err(Failure::usage)?;
        self.worker(session)?;
        self.repository(session)?;
        let title = self.title.as_deref().unwrap_or_default();
        let usage = Failure::usage;
        let at = self.at.as_deref().map(|at| time::moment(at, now));
        let branch = self.branch.as_deref().map(task::branch);
        let retries = self.max_retries.map(task::max_retries);
        let turns = self.goal_max_turns.map(task::goal_max_turns);
        Ok(NewTask {
            title: task::title(title).map_err(usage)?,
            body: self.text(folder)?,
            assignee: self.assignee.clone(),
            priority: self.priority,
            parents: Vec::new(),
            max_runtime: self.max_runtime,
            max_retries: retries.transpose().map_err(usage)?,
            idempotency_key: self.idempotency_key.clone(),
            not_before: at.transpose().map_err(usage)?,
            column: match (&self.blocked, self.triage) {
                (Some(reason), _) => Column::Blocked(reason.clone()),
                (None, true) => Column::Triage,
                (None, false) => Column::ByParents,
            },
            tenant: self.tenant.clone(),
            overrides: Overrides {
                model: self.model.clone(),
                skills: self.skills.clone(),
                args: self.args.clone(),
                verify: self
                    .verify
                    .iter()
                    .flat_map(|script| ["sh", "-c", script].map(str::to_owned))
                    .collect(),
                branch: branch.transpose().map_err(usage)?,
                goal: self.goal,
                goal_max_turns: turns.transpose().map_err(usage)?.map(i64::from),
            },
            workspace: self.workspace.clone(),
            created_by: Caller::current().name,
            made_by: None,
        })
    }

    /// What cannot be said together.
    fn exclusions(&self) -> Result<(), String> {
        let both = |one: &str, other: &str| Err(format!("{one} and {other} exclude each other"));
        match self {
            _ if self.triage && self.blocked.is_some() => both("triage", "blocked"),
            _ if self.body.is_some() && self.body_file.is_some() => both("body", "body_file"),
            _ if self.goal_max_turns.is_some() && !self.goal => {
                Err("goal_max_turns says something only together with goal".into())
            }
            _ => Ok(()),
        }
    }

    /// Its worker is one of the configuration's, and can do what is asked.
    fn worker(&self, session: &Session) -> Result<()> {
        let Some(name) = &self.assignee else {
            return Ok(());
        };
        let worker = session.config.require_worker(name)?;
        if worker.report == Report::Explicit && self.verify.is_some() {
            return Err(Failure::usage(format!(
                "{name} reports for itself, before anything could be verified"
            ))
            .hint("leave verify out, or give the card to a worker with report = \"exit\"")
            .into());
        }
        Ok(())
    }

    /// A worktree has a repository to be made from.
    fn repository(&self, session: &Session) -> Result<()> {
        if self.workspace == Workspace::Worktree(None)
            && session.config.default_workdir(&session.board).is_none()
        {
            return Err(Failure::usage("no repository is named for the worktree")
                .hint(format!(
                    "write worktree:/path/to/repository as the workspace, or set default_workdir in [boards.{}]",
                    session.board.slug
                ))
                .into());
        }
        Ok(())
    }

    fn text(&self, folder: &Path) -> Result<Option<String>> {
        let text = match (&self.body, &self.body_file) {
            (Some(text), _) => text_or_stdin(text)?,
            (None, Some(path)) if path.as_os_str() == "-" => text_or_stdin("-")?,
            (None, Some(path)) => {
                let path = folder.join(path);
                let file = std::fs::File::open(&path)
                    .with_context(|| format!("cannot open {}", path.display()))?;
                bounded(file, task::BODY_MAX)
                    .with_context(|| format!("cannot read {}", path.display()))?
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(task::body(text).map_err(Failure::usage)?))
    }
}
