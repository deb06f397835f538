//! Runs that another program started on this board: Hermes' own dispatcher, before the board was handed
//! over, or one on another machine.
//!
//! On another machine only the lease speaks. On this one the process is asked first: a dead worker is a
//! crash at once and is counted, however long its lease runs.

use anyhow::Result;
use serde_json::{Value, json};

use super::Tick;
use super::report::Ended;
use crate::board::retry::Charge;
use crate::board::run::Outcome;
use crate::platform;
use crate::store::outsiders::{self, Outsider, with};
use crate::store::settle::Miss;
use crate::time::Seconds;
use crate::worker::outsider::{self, Ending, Worker};

/// A worker that was just started may not be visible yet (Hermes' figure).
const CRASH_GRACE: Seconds = 30;
/// A lease that is kept because its worker could not be ended (Hermes' figure).
const DEFER: Seconds = 120;
/// A worker that gave no sign of life for so long is wedged (Hermes' figure).
const SILENT: Seconds = 3_600;

/// What is to be done about a run.
enum Verdict {
    Leave,
    Extend,
    /// It is over already.
    Over(Why),
    /// It has to be ended first.
    End(Why),
}

/// Why a run is over.
#[derive(Clone, Copy)]
enum Why {
    Crashed,
    OverTime,
    Stale,
    Expired,
}

/// Books the runs of other programs that are over.
pub(super) fn run(tick: &mut Tick<'_>) -> Result<()> {
    let runs = tick
        .store
        .read("looking at runs of other programs", outsiders::list)?;
    let (mut over, mut to_end) = (Vec::new(), Vec::new());
    for run in runs {
        match judge(tick, &run) {
            Verdict::Leave => {}
            Verdict::Extend => {
                let (now, until) = (tick.now, tick.now + tick.config.defaults().claim_ttl.0);
                tick.store.write("extending a claim", |tx| {
                    outsiders::extend(tx, &run, until, now)
                })?;
            }
            Verdict::Over(why) => over.push((run, why, None)),
            Verdict::End(why) => to_end.push((run, why)),
        }
    }
    let workers: Vec<Worker> = to_end.iter().filter_map(|(run, _)| worker(run)).collect();
    let endings = if tick.real() {
        outsider::end(&workers)
    } else {
        vec![
            Ending {
                gone: true,
                killed: false
            };
            workers.len()
        ]
    };
    for ((run, why), ending) in to_end.into_iter().zip(endings) {
        if ending.gone {
            over.push((run, why, Some(ending)));
        } else {
            defer(tick, &run, why, ending)?;
        }
    }
    over.into_iter()
        .try_for_each(|(run, why, ending)| book(tick, &run, why, ending))
}

fn worker(run: &Outsider) -> Option<Worker> {
    worker_of(run, &platform::host_name())
}

/// The worker of a run, if it is one of this machine.
pub fn worker_of(run: &Outsider, host_name: &str) -> Option<Worker> {
    let local = run
        .lock
        .as_ref()
        .and_then(|lock| lock.rsplit_once(':'))
        .is_some_and(|(host, _)| host == host_name);
    Some(Worker {
        pid: i32::try_from(run.pid.filter(|_| local)?).ok()?,
        mark: format!("HERMES_KANBAN_TASK={}", run.task),
        started: run.started,
    })
}

fn judge(tick: &Tick<'_>, run: &Outsider) -> Verdict {
    let now = tick.now;
    let elapsed = run.started.map(|at| now.saturating_sub(at));
    let expired = run.expires.is_some_and(|at| at < now);
    let silent = run
        .heartbeat
        .map_or(elapsed, |at| Some(now.saturating_sub(at)));
    let stale_after = tick.config.defaults().stale_after.0;
    let stale = elapsed.is_some_and(|e| e >= stale_after) && silent.is_some_and(|s| s >= SILENT);
    let Some(worker) = worker(run) else {
        return match (expired, run.expires) {
            (true, _) => Verdict::Over(Why::Expired),
            // Without a lease, nothing else would ever end it.
            (false, None) if stale => Verdict::Over(Why::Stale),
            (false, _) => Verdict::Leave,
        };
    };
    if !worker.is_alive() {
        return match elapsed {
            Some(elapsed) if elapsed < CRASH_GRACE => Verdict::Leave,
            _ => Verdict::Over(Why::Crashed),
        };
    }
    let over_time = |limit: Seconds| elapsed.is_some_and(|e| e >= limit);
    if run.max_runtime.is_some_and(over_time) {
        Verdict::End(Why::OverTime)
    } else if stale {
        Verdict::End(Why::Stale)
    } else if !expired {
        Verdict::Leave
    } else if run.heartbeat.is_some_and(|at| now - at > SILENT) {
        Verdict::End(Why::Expired)
    } else {
        Verdict::Extend
    }
}

/// The facts of an ending, under the names that Hermes gives them.
fn told(run: &Outsider, ending: Option<Ending>, local: bool) -> Value {
    json!({
        "prev_pid": run.pid,
        "host_local": local,
        "termination_attempted": ending.is_some(),
        "terminated": ending.is_some_and(|e| e.gone),
        "sigkill": ending.is_some_and(|e| e.killed),
    })
}

fn defer(tick: &mut Tick<'_>, run: &Outsider, why: Why, ending: Ending) -> Result<()> {
    let reason = match why {
        Why::Stale => "heartbeat_stale_worker_alive",
        _ => "ttl_expired_worker_alive",
    };
    let facts = told(run, Some(ending), true);
    let now = tick.now;
    tick.store
        .write("keeping the claim of a worker that lives", |tx| {
            outsiders::defer(tx, run, reason, &facts, now + DEFER, now)
        })?;
    tick.report.errors.push(format!(
        "the worker of {} (pid {}) could not be ended; its card is kept from others until it is gone",
        run.task,
        run.pid.unwrap_or(0)
    ));
    Ok(())
}

fn book(tick: &mut Tick<'_>, run: &Outsider, why: Why, ending: Option<Ending>) -> Result<()> {
    let now = tick.now;
    let local = worker(run).is_some();
    let facts = told(run, ending, local);
    let elapsed = run.started.map_or(0, |at| now.saturating_sub(at));
    let silent = run.heartbeat.map(|at| now.saturating_sub(at));
    let pid = run.pid.unwrap_or(0);
    let (outcome, charge, error, event, metadata) = match why {
        Why::Crashed => {
            let event = json!({"pid": run.pid, "claimer": run.lock});
            let error = format!("pid {pid} not alive");
            (
                Outcome::Crashed,
                Charge::Failure,
                error,
                event.clone(),
                event,
            )
        }
        Why::OverTime => {
            let limit = run.max_runtime.unwrap_or(0);
            let event = json!({
                "pid": run.pid, "elapsed_seconds": elapsed, "limit_seconds": limit,
                "sigkill": ending.is_some_and(|e| e.killed),
            });
            let error = format!("elapsed {elapsed}s > limit {limit}s");
            (
                Outcome::TimedOut,
                Charge::Failure,
                error,
                event.clone(),
                event,
            )
        }
        Why::Stale => {
            let event = with(
                json!({
                    "elapsed_seconds": elapsed, "last_heartbeat_at": run.heartbeat,
                    "heartbeat_age_seconds": silent, "timeout_seconds": tick.config.defaults().stale_after.0,
                    "pid": run.pid,
                }),
                &facts,
            );
            let since = silent.map_or("ever".to_owned(), |s| format!("for {s}s"));
            let error = format!("no heartbeat {since} after {elapsed}s running");
            (Outcome::Stale, Charge::Nothing, error, event.clone(), event)
        }
        Why::Expired => {
            let event = with(
                json!({
                    "stale_lock": run.lock, "worker_pid": run.pid, "claim_expires": run.expires,
                    "last_heartbeat_at": run.heartbeat, "now": now, "host_local": local,
                    "heartbeat_stale": silent.is_some_and(|s| s > SILENT),
                }),
                &facts,
            );
            let error = format!("stale_lock={}", run.lock.as_deref().unwrap_or("None"));
            (
                Outcome::Reclaimed,
                Charge::Nothing,
                error,
                event,
                facts.clone(),
            )
        }
    };
    let miss = Miss {
        outcome,
        charge,
        error: &error,
        facts: event,
        about: json!({"pid": run.pid, "claimer": run.lock}),
    };
    let (config, slug) = (tick.config, &tick.board.slug);
    let policy = |max_retries: Option<i64>| {
        config.policy(slug, max_retries.and_then(|n| u32::try_from(n).ok()))
    };
    let effect = tick.store.write("booking a run of another program", |tx| {
        outsiders::book(tx, run, &miss, &metadata, &policy, now)
    })?;
    if let Some(effect) = effect {
        tick.report.reaped.push(Ended {
            task: run.task.clone(),
            run: run.run_id.unwrap_or(0),
            outcome,
            effect,
        });
    }
    Ok(())
}
