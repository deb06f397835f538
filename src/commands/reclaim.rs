//! `kanban reclaim`

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::confirm::Confirm;
use super::{Global, Patience, Session};
use crate::board::id::{CardRef, TaskId};
use crate::board::status::Status;
use crate::config::Caller;
use crate::exit::Failure;
use crate::store::lifecycle::{self, Changed};
use crate::store::runs::{self, Confirmed};
use crate::store::tasks;
use crate::tick::open_runs::{self, OpenRun};
use crate::time;
use crate::worker::record::{self, Record};
use crate::worker::rundir::Lock;

/// How long a supervisor takes to notice that it need not wait.
const NOTICED_WITHIN: Duration = Duration::from_secs(15);

/// Take running cards away from their workers and let them start again
///
/// For a worker that does nothing any more. Counts of failures start again from zero. Returns when every
/// process of the worker is gone; the next tick starts the card anew.
///
/// A process that kanban may not end (another user's), or cannot prove to be the worker's, keeps the card. With --force
/// you confirm that work on the card may continue beside that process.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban reclaim t_6f7a8b9c --reason "it hangs"
  $ kanban reclaim t_6f7a8b9c --force"#)]
pub struct Args {
    /// The cards
    #[arg(required = true, value_name = "ID")]
    ids: Vec<CardRef>,
    /// Why, for whoever reads the history
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Let work continue beside a process that cannot be ended
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    if args.force {
        force(args, &session)?;
    }
    let who = Caller::current().name;
    session.change(
        global,
        &args.ids,
        ("reclaim", Patience::UntilEnded),
        |tx, id, now| {
            let task = tasks::get(tx, id)?;
            // What kept such a card was a run alone, which was closed just now.
            if args.force && task.status != Status::Running {
                return Ok(Changed {
                    status: task.status,
                    cancel: None,
                });
            }
            lifecycle::reclaim(tx, id, &who, args.reason.as_deref(), now)
        },
    )
}

/// Closes the runs of these cards that no signal of ours can end. What can be ended is ended first.
fn force(args: &Args, session: &Session) -> Result<()> {
    let who = Caller::current();
    if who.token.is_some() {
        return Err(
            Failure::refused("only a person can confirm that work may continue")
                .hint("run kanban reclaim --force outside of a worker")
                .into(),
        );
    }
    let what = format!("cannot reclaim on board {}", session.board.slug);
    let ids = session.read(&what, |conn| tasks::find_all(conn, &args.ids))?;
    session.close();
    let stuck = stuck(session, &ids)?;
    for run in &stuck {
        let task = run.task.as_ref().map_or("", TaskId::as_str);
        args.confirm.ask(&format!(
            "{}; work on {task} may continue beside it",
            run.why()
        ))?;
    }
    for run in &stuck {
        let why = run.why();
        let dir = &run.suspect.dir;
        if run.is_supervised() {
            dir.force().with_context(|| what.clone())?;
            await_supervisor(run)?;
            continue;
        }
        record::leave(dir, &run.suspect.nonce, &Record::Forced(why.clone()))
            .with_context(|| what.clone())?;
        let confirmed = Confirmed {
            why: &why,
            by: &who.name,
        };
        if let (Some(id), Some(task)) = (run.run_id, &run.task) {
            session.write(&what, |tx, now| runs::force(tx, id, task, &confirmed, now))?;
        }
    }
    session.close();
    Ok(())
}

/// The runs of these cards that are still there after everything was tried.
fn stuck(session: &Session, ids: &[TaskId]) -> Result<Vec<OpenRun>> {
    let until = Instant::now() + session.end_patience();
    let mut stuck = Vec::new();
    loop {
        let mut open = open_runs::of_board(&session.config, &session.board, time::now()?)?;
        open.retain(|run| run.task.as_ref().is_some_and(|task| ids.contains(task)));
        // The card of a supervisor that can end its worker is taken away from it in the ordinary way.
        open.retain(|run| run.needs_person() || !(run.is_supervised() && run.run_id.is_some()));
        let (known, others): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|run| run.is_supervised() && run.needs_person());
        let left = open_runs::end(others, until)?;
        let waits = left.iter().any(|run| !run.needs_person());
        stuck.clear();
        stuck.extend(known.into_iter().chain(left));
        if !waits || Instant::now() >= until {
            return Ok(stuck);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A supervisor looks for the confirmation while it waits for what it may not end.
fn await_supervisor(run: &OpenRun) -> Result<()> {
    let until = Instant::now() + NOTICED_WITHIN;
    while Instant::now() < until {
        if run.suspect.dir.probe_own() != Lock::Held {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let what = format!("the supervisor of {} does not answer", run.suspect.name);
    Err(Failure::try_again(what).into())
}
