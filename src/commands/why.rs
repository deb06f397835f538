//! `kanban why`

use anyhow::Result;
use serde::Serialize;

use super::events::describe;
use super::tick::say;
use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::{CardRef, TaskId};
use crate::board::status::Status;
use crate::board::task::Task;
use crate::exit::Failure;
use crate::render;
use crate::render::page::field;
use crate::render::style::Style;
use crate::store::claims::{self, Candidate};
use crate::store::history;
use crate::store::links::{self, Neighbour};
use crate::store::runs::{self, AliveRun};
use crate::store::tasks;
use crate::tick::judge::Judge;
use crate::tick::open_runs::{self, OpenRun};
use crate::tick::waiting::Reason;
use crate::time::{self, Seconds};

/// Say why a card is not running, what would start it, and when
///
/// Asks the same rules that a tick goes by, on the board as it is now. Caps count what runs at this moment.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban why t_2b3c4d5e"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Answer {
    id: TaskId,
    status: Status,
    /// A tick would start it now, if one came.
    startable: bool,
    /// Why it is not running.
    why: String,
    /// What would start it, or let it go on.
    next: String,
    /// Unix seconds, where a moment is known.
    until: Option<Seconds>,
    /// The rule that holds it, where it is one of dispatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Reason>,
}

/// What is known about the card beyond its rows.
struct Facts {
    task: Task,
    parents: Vec<Neighbour>,
    last: Option<String>,
    /// Why the end of its run could not be recorded.
    held: Option<String>,
    /// Runs that are not proven dead.
    open: Vec<AliveRun>,
    verdict: Option<Result<String, Reason>>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let now = time::now()?;
    let what = format!("cannot look at {} of board {}", args.id, session.board.slug);
    let facts = session.read(&what, |conn| {
        let task = tasks::get(conn, &tasks::find(conn, &args.id)?)?;
        let card = claims::candidate(conn, &task.id)?
            .ok_or_else(|| Failure::not_found(format!("there is no card {}", task.id)))?;
        let mut judge = Judge::new(conn, &session.config, &session.board, now)?;
        let dispatched = judge.columns().contains(&card.column);
        Ok(Facts {
            parents: links::open_parents(conn, &task.id)?,
            last: history::newest(
                conn,
                &task.id,
                &["blocked", "gave_up", "block_loop_detected"],
            )?
            .map(|event| describe(&event)),
            held: card.earlier_run.clone().filter(|why| !why.is_empty()),
            open: runs::alive(conn)?,
            verdict: dispatched.then(|| verdict(&mut judge, &card)),
            task,
        })
    })?;
    let answer = answer(stated(facts, &session, now)?);
    if global.json {
        return render::print(&render::json(&answer)?);
    }
    let style = Style::stdout();
    let mut out = field(
        &style,
        "card",
        &format!("{} ({})", answer.id, answer.status),
    );
    out += &field(&style, "why", &answer.why);
    out += &field(&style, "next", &answer.next);
    if let Some(until) = answer.until {
        let wait = time::humane(until.saturating_sub(now).max(0));
        out += &field(
            &style,
            "not before",
            &format!("{} (in {wait})", time::local(until)),
        );
    }
    render::print(&out)
}

/// Adds why a running card's run is not over, where no supervisor is at work for it.
fn stated(mut facts: Facts, session: &Session, now: Seconds) -> Result<Facts> {
    let mut known = std::mem::take(&mut facts.open);
    known.retain(|run| run.task == facts.task.id);
    if facts.task.status == Status::Running && facts.held.is_none() {
        let open = open_runs::among(&session.config, &session.board, known, now)?;
        let of_card = open
            .iter()
            .filter(|run| run.task.as_ref() == Some(&facts.task.id));
        facts.held = of_card
            .filter(|run| !run.is_supervised())
            .map(OpenRun::why)
            .next();
    }
    Ok(facts)
}

fn verdict(judge: &mut Judge<'_>, card: &Candidate) -> Result<String, Reason> {
    judge.judge(card).map(|worker| worker.name.clone())
}

fn answer(facts: Facts) -> Answer {
    let Facts {
        task,
        parents,
        last,
        held: run_held,
        verdict,
        open: _,
    } = facts;
    let id = task.id.clone();
    let held = task.status == Status::Ready && !parents.is_empty();
    let startable = matches!(verdict, Some(Ok(_))) && !held;
    let mut until = None;
    let (why, next, rule) = match (&task.status, verdict) {
        (Status::Ready, Some(_)) if !parents.is_empty() => waiting(&task, &parents),
        (_, Some(Ok(worker))) => (
            "nothing holds it".to_owned(),
            format!("the next tick starts {worker} for it"),
            None,
        ),
        (_, Some(Err(reason))) => {
            until = reason.until();
            (say(&reason), way_out(&id, &reason), Some(reason))
        }
        (Status::Running, None) if run_held.is_some() => (
            run_held.unwrap_or_default(),
            format!(
                "end that process; or kanban reclaim --force {id}, if work may continue beside it"
            ),
            None,
        ),
        (Status::Running, None) => (
            "it is running".to_owned(),
            format!("kanban log {id} shows its output"),
            None,
        ),
        (Status::Blocked, None) => (
            last.unwrap_or_else(|| "it is blocked".into()),
            format!("kanban unblock {id} lets it go"),
            None,
        ),
        (Status::Triage, None) => (
            last.filter(|what| what.starts_with("block_loop"))
                .unwrap_or_else(|| "it is not specified yet, and no worker does that".into()),
            format!("kanban promote {id} lets it go"),
            None,
        ),
        (Status::Review, None) => (
            "it waits for a reviewer, and no worker is one".to_owned(),
            format!("kanban complete {id} accepts it, kanban request-changes {id} sends it back"),
            None,
        ),
        (Status::Todo | Status::Scheduled, None) => {
            until = task.not_before;
            waiting(&task, &parents)
        }
        (status, None) if status.is_final() => (
            format!("it is {status}"),
            format!("kanban retry {id} takes it up again"),
            None,
        ),
        (status, None) => (
            format!("{status} is a column of another program"),
            "that program has to move it".to_owned(),
            None,
        ),
    };
    Answer {
        id,
        status: task.status,
        startable,
        why,
        next,
        until,
        rule,
    }
}

/// A card that waits for others, or for its moment.
fn waiting(task: &Task, parents: &[Neighbour]) -> (String, String, Option<Reason>) {
    if parents.is_empty() {
        let why = match (task.not_before, &task.status) {
            (Some(_), _) => "it waits for its moment",
            (None, Status::Scheduled) => "it was put off until somebody lets it go",
            (None, _) => "nothing holds it; the next tick makes it ready",
        };
        let next = match (task.not_before, &task.status) {
            (None, Status::Todo) => "a tick".to_owned(),
            _ => format!("kanban promote {} starts it earlier", task.id),
        };
        return (why.to_owned(), next, None);
    }
    let named: Vec<String> = parents
        .iter()
        .map(|p| match p.on {
            Release::Success => format!("{} ({})", p.id, p.status),
            on => format!("{} ({}, on {on})", p.id, p.status),
        })
        .collect();
    let never = parents.iter().find(|p| match p.on {
        Release::Success => p.status == Status::Cancelled || p.status == Status::Archived,
        Release::Failure => p.status.is_final(),
        Release::Any => false,
    });
    let next = match never {
        Some(p) => format!(
            "{} will not let it go by itself: kanban retry {}, kanban unlink {} {}, or kanban cancel {}",
            p.id, p.id, p.id, task.id, task.id
        ),
        None => "it goes on when they let it go".to_owned(),
    };
    (format!("it waits for {}", named.join(", ")), next, None)
}

/// What somebody can do about a rule of dispatch.
fn way_out(id: &TaskId, reason: &Reason) -> String {
    match reason {
        Reason::BoardFull { .. } | Reason::WorkerFull { .. } | Reason::HostFull { .. } => {
            "it starts when one of them ends".into()
        }
        Reason::Delayed { .. } | Reason::NotBefore { .. } => {
            format!("kanban promote {id} starts it earlier")
        }
        Reason::Paused { worker: None, .. } => "kanban resume".into(),
        Reason::Paused {
            worker: Some(worker),
            ..
        } => format!("kanban resume {worker}"),
        Reason::LaneHeld { worker, .. } => {
            format!(
                "mend it, then kanban resume {worker}; otherwise one start is tried at that time"
            )
        }
        Reason::OutsideWindow { .. } => "it starts when the window opens".into(),
        Reason::NoAssignee => format!("kanban assign {id} WORKER"),
        Reason::NoWorker { worker } => {
            format!("add [workers.{worker}] to the configuration, or kanban assign {id} WORKER")
        }
        Reason::PullLane { .. } => format!("whoever has done it: kanban complete {id}"),
        Reason::EarlierRunAlive { why: None } => {
            "it starts when every process of it is gone".into()
        }
        Reason::EarlierRunAlive { why: Some(_) } => {
            format!(
                "end that process; or kanban reclaim --force {id}, if work may continue beside it"
            )
        }
        Reason::ClaimedElsewhere => "that program, or the end of its claim".into(),
        Reason::WaitsForParent => "it starts when its parents let it go".into(),
        Reason::CannotPrepare { .. } | Reason::Moved => "the next tick tries again".into(),
    }
}
