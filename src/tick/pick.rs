//! Which ready cards to start, under the caps of the board and of each worker, and why not the others.

use std::collections::HashMap;
use std::ops::ControlFlow;

use anyhow::Result;

use super::Tick;
use super::report::{Reason, Waiting};
use crate::board::id::TaskId;
use crate::board::retry;
use crate::config::Worker;
use crate::store::claims::{self, Candidate};

/// A card to start, and who works on it.
pub struct Pick<'c> {
    /// The card.
    pub task: TaskId,
    /// Who works on it.
    pub worker: &'c Worker,
}

/// Decides, in dispatch order, which ready cards to start; a card that cannot start takes no place.
pub fn pick<'c>(tick: &mut Tick<'c>) -> Result<Vec<Pick<'c>>> {
    let (config, now) = (tick.config, tick.now);
    let max = config.max_in_progress(&tick.board.slug);
    let delay_max = config.defaults().retry_delay_max.0;
    let (mut picks, mut waiting) = (Vec::new(), Vec::new());
    tick.store.read("looking for ready cards", |conn| {
        let mut running: HashMap<String, u32> = claims::running(conn)?.into_iter().collect();
        let mut total: u32 = running.values().sum();
        claims::candidates(conn, |candidate| {
            let refusal = refuse(&candidate, now, delay_max)
                .map(Err)
                .unwrap_or_else(|| worker_of(config, &candidate));
            let worker = match refusal {
                Ok(worker) => worker,
                Err(reason) => {
                    waiting.push(Waiting {
                        task: candidate.id,
                        reason,
                    });
                    return ControlFlow::Continue(());
                }
            };
            let of_worker = running.entry(worker.name.clone()).or_default();
            let reason = if total >= max {
                Some(Reason::BoardFull { max })
            } else if *of_worker >= worker.max_in_progress {
                Some(Reason::WorkerFull {
                    worker: worker.name.clone(),
                    max: worker.max_in_progress,
                })
            } else {
                None
            };
            if let Some(reason) = reason {
                waiting.push(Waiting {
                    task: candidate.id,
                    reason,
                });
            } else {
                *of_worker += 1;
                total += 1;
                picks.push(Pick {
                    task: candidate.id,
                    worker,
                });
            }
            ControlFlow::Continue(())
        })
    })?;
    tick.report.waiting = waiting;
    Ok(picks)
}

/// Why a card may not be started at all, whoever is to work on it.
fn refuse(candidate: &Candidate, now: i64, delay_max: i64) -> Option<Reason> {
    if candidate.claimed {
        return Some(Reason::ClaimedElsewhere);
    }
    if candidate.open_parent {
        return Some(Reason::WaitsForParent);
    }
    if candidate.haunted {
        return Some(Reason::EarlierRunAlive);
    }
    if let Some(until) = candidate.not_before.filter(|at| *at > now) {
        return Some(Reason::NotBefore { until });
    }
    match candidate.retry_at {
        Some(until) if !retry::due(Some(until), now, delay_max) => Some(Reason::Delayed { until }),
        _ => None,
    }
}

fn worker_of<'c>(
    config: &'c crate::config::Config,
    candidate: &Candidate,
) -> Result<&'c Worker, Reason> {
    let Some(name) = candidate
        .assignee
        .as_deref()
        .filter(|name| !name.is_empty())
    else {
        return Err(Reason::NoAssignee);
    };
    match config.worker(name) {
        None => Err(Reason::NoWorker {
            worker: name.to_owned(),
        }),
        Some(worker) if worker.pull => Err(Reason::PullLane {
            worker: name.to_owned(),
        }),
        Some(worker) => Ok(worker),
    }
}
