//! Runs that left no record, and runs whose card was taken away.
//!
//! A run that was let off and left no record has lost its supervisor: what is left of it is ended, and
//! only when that is confirmed is the run booked. A run that was never let off costs its card nothing.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::absorb::{book, tail_of, without_output};
use super::survey::State;
use super::{Tick, outfit};
use crate::board::retry::Charge;
use crate::board::run::{Outcome, Stage};
use crate::store::runs::{self, AliveRun};
use crate::store::settle::End;
use crate::store::tasks;
use crate::worker::cancel::{self, Voice};
use crate::worker::group;
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
    let silent: Vec<AliveRun> = tick
        .findings
        .iter()
        .filter(|f| matches!(f.state, State::Silent))
        .map(|f| f.run.clone())
        .collect();
    if silent.is_empty() {
        return Ok(());
    }
    // The rows were read before the locks were asked: a run may have been let off in between.
    let rows = tick.store.read("looking at the runs again", runs::alive)?;
    let current: Vec<AliveRun> = rows
        .into_iter()
        .filter(|row| silent.iter().any(|s| s.run_id == row.run_id))
        .collect();
    let gone = end(tick, current);
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
fn end(tick: &mut Tick<'_>, silent: Vec<AliveRun>) -> Vec<AliveRun> {
    let dir = |run: &AliveRun| RunDir::new(&tick.board.runs(), &run.nonce);
    if !tick.real() {
        return silent
            .into_iter()
            .filter(|run| dir(run).probe_tree() == Lock::Free)
            .collect();
    }
    for run in &silent {
        if dir(run).probe_tree() != Lock::Free {
            group::end_marked(&dir(run), run.nonce.as_str());
        }
    }
    let until = Instant::now() + PATIENCE;
    let (gone, left): (Vec<_>, Vec<_>) = silent.into_iter().partition(|run| {
        group::confirm_gone(
            &dir(run),
            run.nonce.as_str(),
            until.saturating_duration_since(Instant::now()),
        )
    });
    for run in left {
        let what = format!(
            "run {} of {} lost its supervisor, and what is left of it cannot be ended yet",
            run.run_id, run.task
        );
        tick.report.errors.push(what);
    }
    gone
}

fn end_of(tick: &Tick<'_>, run: &AliveRun) -> End {
    match run.stage {
        Stage::Claimed => without_output(
            Outcome::Reclaimed,
            Charge::NeverStarted,
            "it was claimed and never began",
        ),
        Stage::Started | Stage::Ended => End {
            log_tail: tail_of(tick, run),
            ..without_output(
                Outcome::Lost,
                Charge::Failure,
                "its supervisor was killed, so how the worker ended is unknown",
            )
        },
    }
}
