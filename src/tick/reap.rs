//! Runs that left no record, and runs whose card was taken away.
//!
//! A run that began and left no record has lost its supervisor: the tick ends what is left of it, and records the end
//! only when no witness shows life. Otherwise the run keeps its card, and the reason is put on the board. A run that
//! never began costs its card nothing.

use std::time::Duration;

use anyhow::Result;

use super::absorb::{book, tail_of, without_output};
use super::report::Unresolved;
use super::survey::{self, State};
use super::{Tick, outfit};
use crate::board::retry::Charge;
use crate::board::run::{Outcome, Stage};
use crate::store::runs::{self, AliveRun};
use crate::store::settle::End;
use crate::store::tasks;
use crate::worker::cancel::{self, Voice};
use crate::worker::liveness::{self, Ending, Here, Suspect};
use crate::worker::rundir::{Lock, RunDir};

/// How long one tick waits for what it has killed to be gone. What is not, waits for the next tick.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long one tick waits for the commands that cancel jobs.
const PATIENCE_FOR_JOBS: Duration = Duration::from_secs(10);

/// Seconds that a worker has for its last words after its card was completed or blocked. Who takes a card
/// away from a worker that has not reported asks its supervisor at once, without waiting for a tick.
const LAST_WORDS: i64 = 300;

/// Books what is proven dead, and asks for the end of what lost its card.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    cancel_the_disowned(tick);
    let silent: Vec<(i64, Lock)> = tick
        .findings
        .iter()
        .filter_map(|found| match found.state {
            State::Silent(lock) => Some((found.run.run_id, lock)),
            State::Alive | State::Recorded(_) => None,
        })
        .collect();
    if silent.is_empty() {
        return Ok(());
    }
    // The rows were read before the locks were asked: the fence of a run may have been committed in between.
    let rows = tick.store.read("looking at the runs again", runs::alive)?;
    let lock_of = |row: &AliveRun| silent.iter().find(|(id, _)| *id == row.run_id);
    let current: Vec<(AliveRun, Lock)> = rows
        .into_iter()
        .filter_map(|row| lock_of(&row).map(|(_, lock)| *lock).map(|lock| (row, lock)))
        .collect();
    let gone = end(tick, current)?;
    cancel_jobs(tick, &gone)?;
    let ends: Vec<(AliveRun, End)> = gone
        .into_iter()
        .map(|run| (run.clone(), end_of(tick, &run)))
        .collect();
    let booked = book(tick, &ends)?;
    tick.report.reaped.extend(booked);
    Ok(())
}

fn cancel_the_disowned(tick: &mut Tick<'_>) {
    for finding in &tick.findings {
        if !matches!(finding.state, State::Alive) || finding.run.owns_card {
            continue;
        }
        let may_say_more = |at: i64| tick.now < at.saturating_add(LAST_WORDS);
        if finding.run.reported_at.is_some_and(may_say_more) {
            continue;
        }
        let dir = RunDir::new(&tick.board.runs(), &finding.run.nonce);
        if !tick.real() || dir.cancel() {
            tick.report.cancelled.push(finding.run.run_id);
        }
    }
}

/// Cancels what a lost run may have left in a cluster: its client is gone, and its job goes on. The card is
/// booked only afterwards, so that its next job does not meet it.
fn cancel_jobs(tick: &mut Tick<'_>, gone: &[AliveRun]) -> Result<()> {
    let mut children = Vec::new();
    for run in gone.iter().filter(|run| run.stage != Stage::Claimed) {
        let Some(worker) = tick
            .config
            .worker(&run.worker)
            .filter(|w| !w.cancel.is_empty())
        else {
            continue;
        };
        let task = tick
            .store
            .read("looking at a lost card", |conn| tasks::get(conn, &run.task))?;
        let (command, env) = outfit::cancel(tick, worker, run.run_id, &task);
        if tick.real() {
            match cancel::start(&command, &env, Voice::Silent) {
                Ok(child) => children.push(child),
                Err(e) => tick.report.errors.push(format!(
                    "the job of {} may go on, for its cancel command cannot be started: {e}",
                    run.task
                )),
            }
        }
    }
    if !cancel::finish(children, PATIENCE_FOR_JOBS) {
        tick.report
            .errors
            .push("a cancel command failed; the job of a lost run may go on".into());
    }
    Ok(())
}

/// Ends what is left of runs, all at once, and returns those that are proven gone.
fn end(tick: &mut Tick<'_>, silent: Vec<(AliveRun, Lock)>) -> Result<Vec<AliveRun>> {
    let (here, now) = (Here::find(), tick.now);
    let suspects: Vec<(Suspect, Lock)> = silent
        .iter()
        .map(|(run, lock)| (survey::suspect(tick, run), *lock))
        .collect();
    let endings = match tick.real() {
        true => liveness::end_all(&here, &suspects, PATIENCE, now),
        false => liveness::look_at_all(&here, &suspects, now),
    };
    let mut gone = Vec::new();
    for ((run, _), ending) in silent.into_iter().zip(endings) {
        match ending {
            Ending::Gone => gone.push(run),
            Ending::Held {
                why,
                needs_person,
                passes,
            } => {
                // What time ends is no news.
                if !passes {
                    hold(tick, &run, &why)?;
                }
                tick.report.unresolved.push(Unresolved {
                    task: run.task,
                    run: run.run_id,
                    why,
                    needs_person,
                });
            }
        }
    }
    Ok(gone)
}

/// Keeps the card of a run that may be alive, and states the reason where people look for it.
fn hold(tick: &mut Tick<'_>, run: &AliveRun, why: &str) -> Result<()> {
    // Once for each reason: cron mails what a tick prints, and `kanban status` repeats it.
    if !tick.real() || run.held.as_deref() == Some(why) {
        return Ok(());
    }
    let now = tick.now;
    let nonce = run.nonce.as_str();
    tick.store.write("holding a card", |tx| {
        runs::hold(tx, run.run_id, nonce, why, now)
    })?;
    tick.report
        .errors
        .push(format!("{} is kept: {why}", run.task));
    Ok(())
}

fn end_of(tick: &Tick<'_>, run: &AliveRun) -> End {
    match has_begun(tick, run) {
        Begun::No => without_output(
            Outcome::Reclaimed,
            Charge::NeverStarted,
            "it was claimed and never began: its supervisor was killed, or could not record why",
        ),
        Begun::MayHave => lost(tick, run),
    }
}

/// Whether the worker of a run may have executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    No,
    MayHave,
}

/// The row may have been read before the fence was committed, so the folder is asked as well.
pub(super) fn has_begun(tick: &Tick<'_>, run: &AliveRun) -> Begun {
    let dir = RunDir::new(&tick.board.runs(), &run.nonce);
    match run.stage == Stage::Claimed && dir.processes().is_none() {
        true => Begun::No,
        false => Begun::MayHave,
    }
}

/// The end of a run whose supervisor was killed.
pub(super) fn lost(tick: &Tick<'_>, run: &AliveRun) -> End {
    End {
        log_tail: tail_of(tick, run),
        ..without_output(
            Outcome::Lost,
            Charge::Failure,
            "its supervisor was killed, so how the worker ended is unknown",
        )
    }
}
