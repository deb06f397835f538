//! Books the runs whose supervisor has left a record.

use anyhow::Result;

use super::Tick;
use super::reap::{self, Begun};
use super::report::Ended;
use super::survey::State;
use crate::board::retry::Charge;
use crate::board::run::{Outcome, judge};
use crate::store::runs::AliveRun;
use crate::store::settle::{self, Effect, End};
use crate::worker::log;
use crate::worker::record::{Exited, Record};
use crate::worker::rundir::RunDir;

/// Books every recorded end, all in one transaction.
pub fn run(tick: &mut Tick<'_>) -> Result<()> {
    let mut ends = Vec::new();
    for finding in &tick.findings {
        if let State::Recorded(record) = &finding.state {
            ends.push((finding.run.clone(), end_of(tick, &finding.run, record)));
        }
    }
    let booked = book(tick, &ends)?;
    tick.report.absorbed.extend(booked);
    Ok(())
}

/// Books ends in one transaction. The folders of the runs are removed once no power cut could undo that.
pub fn book(tick: &mut Tick<'_>, ends: &[(AliveRun, End)]) -> Result<Vec<Ended>> {
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let (config, slug, now) = (tick.config, &tick.board.slug, tick.now);
    let policy = |max_retries: Option<i64>| {
        config.policy(slug, max_retries.and_then(|n| u32::try_from(n).ok()))
    };
    let booked = tick
        .store
        .write_unsynced("booking the ends of runs", |tx| {
            let mut booked = Vec::new();
            for (run, end) in ends {
                if let Some(effect) = settle::settle(tx, run, end, &policy, now)? {
                    booked.push(ended(run, end.outcome, effect));
                }
            }
            Ok(booked)
        })?;
    let (runs, commit) = (tick.board.runs(), tick.store.last_commit());
    let over = ends.iter().map(|(run, _)| RunDir::new(&runs, &run.nonce));
    tick.over.extend(over.map(|dir| (commit, dir)));
    Ok(booked)
}

fn ended(run: &AliveRun, outcome: Outcome, effect: Effect) -> Ended {
    Ended {
        task: run.task.clone(),
        run: run.run_id,
        outcome,
        effect,
    }
}

fn end_of(tick: &Tick<'_>, run: &AliveRun, record: &Record) -> End {
    match record {
        Record::Exited(exited) => exit(tick, run, exited),
        Record::Failed(why) => without_output(Outcome::SpawnFailed, Charge::SpawnFailure, why),
        // Waiting for another card is no failure of either.
        Record::Busy(why) => without_output(Outcome::SpawnFailed, Charge::Tempfail, why),
        Record::Unstartable(why) => without_output(Outcome::SpawnFailed, Charge::Lane, why),
        Record::NotStarted(why) => without_output(Outcome::Reclaimed, Charge::NeverStarted, why),
        Record::Orphaned if reap::has_begun(tick, run) == Begun::MayHave => reap::lost(tick, run),
        Record::Pending | Record::Orphaned => {
            without_output(Outcome::Reclaimed, Charge::NeverStarted, "it never began")
        }
        Record::Forced(why) => without_output(Outcome::Reclaimed, Charge::Nothing, why),
    }
}

/// The end of a run of which no instruction ran.
pub fn without_output(outcome: Outcome, charge: Charge, why: &str) -> End {
    End {
        outcome,
        charge,
        exit: None,
        error: Some(why.to_owned()),
        summary: None,
        duration_ms: None,
        cpu_ms: None,
        max_rss_kib: None,
        log_tail: None,
    }
}

/// The last lines of a run's output, as far as they can be read.
pub fn tail_of(tick: &Tick<'_>, run: &AliveRun) -> Option<String> {
    let path = tick.board.log(&run.task);
    match log::tail(&path, run.log_offset) {
        Ok(text) => Some(text).filter(|t| !t.is_empty()),
        Err(e) => {
            ::log::warn!("cannot read {}: {e}", path.display());
            None
        }
    }
}

fn exit(tick: &Tick<'_>, run: &AliveRun, exited: &Exited) -> End {
    // Work that ended well is judged by what verified it.
    let verified = exited.verification().unwrap_or(exited.exit());
    let outcome = judge(verified, exited.ended, run.report);
    let log_tail = tail_of(tick, run);
    let last = log_tail.as_deref().and_then(log::last_line);
    let with_last = |what: String| {
        last.as_ref()
            .map_or(what.clone(), |line| format!("{what}: {line}"))
    };
    let (charge, error) = match outcome {
        Outcome::Completed | Outcome::Blocked => (Charge::Nothing, None),
        Outcome::TimedOut => (
            Charge::Failure,
            Some(with_last("it was over its run time".into())),
        ),
        Outcome::RateLimited => (
            Charge::Tempfail,
            Some(with_last("it asked to be run later (exit 75)".into())),
        ),
        Outcome::Reclaimed => (Charge::Nothing, Some("it was told to stop".into())),
        Outcome::ProtocolViolation => (
            Charge::Violation,
            Some("it exited 0 without a report (kanban complete or kanban block)".into()),
        ),
        Outcome::Crashed
        | Outcome::Lost
        | Outcome::SpawnFailed
        | Outcome::Scheduled
        | Outcome::ReviewRequested
        | Outcome::ChangesRequested
        | Outcome::Stale => {
            let what = match exited.verification() {
                Some(exit) => format!("the work ended well, but its verification did not ({exit})"),
                None => exited.exit().to_string(),
            };
            (Charge::Failure, Some(with_last(what)))
        }
    };
    End {
        outcome,
        charge,
        exit: Some(exited.exit()),
        error,
        summary: (outcome == Outcome::Completed).then_some(last).flatten(),
        duration_ms: Some(exited.duration_ms),
        cpu_ms: Some(exited.cpu_ms),
        max_rss_kib: Some(exited.max_rss_kib),
        log_tail,
    }
}
