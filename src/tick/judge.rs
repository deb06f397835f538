//! Whether one card may be started now, and by whom: the rules of dispatch in one place, for the tick
//! that starts cards and for whoever asks why a card is not started.

use std::collections::HashMap;

use anyhow::Result;

use super::open_runs;
use super::waiting::Reason;
use crate::board::id::TaskId;
use crate::board::retry;
use crate::board::status::Status;
use crate::config::{Board, Config, Worker};
use crate::store::Snapshot;
use crate::store::claims::{self, Candidate};
use crate::store::lanes::{self, Lane};
use crate::store::pauses::{self, Pause};
use crate::store::runs;
use crate::time::{self, Seconds};

/// Further ahead, no window is looked for: it would never open.
const WINDOW_HORIZON: Seconds = 8 * 86_400;

/// What a judgement depends on beside the card: what runs, what is paused, what is held.
pub struct Judge<'c> {
    config: &'c Config,
    board: &'c Board,
    now: Seconds,
    running: HashMap<String, u32>,
    total: u32,
    pauses: Vec<Pause>,
    lanes: Vec<Lane>,
    windows: HashMap<String, Option<Seconds>>,
    /// The cards of runs that the board does not know, and why those are not proven dead.
    unknown_runs: HashMap<TaskId, String>,
}

impl<'c> Judge<'c> {
    /// Reads what the judgements of one tick depend on.
    pub fn new(
        conn: &Snapshot,
        config: &'c Config,
        board: &'c Board,
        now: Seconds,
    ) -> Result<Self> {
        let running: HashMap<String, u32> = claims::running(conn)?.into_iter().collect();
        Ok(Self {
            config,
            board,
            now,
            total: running.values().sum(),
            running,
            pauses: pauses::list(conn)?,
            lanes: lanes::list(conn)?,
            windows: HashMap::new(),
            unknown_runs: open_runs::unknown_to_board(board, &runs::alive_nonces(conn)?, now)?,
        })
    }

    /// The columns that are dispatched: what is nearest to its end first, as on any kanban board.
    pub fn columns(&self) -> Vec<Status> {
        let mut columns = vec![Status::Ready];
        if self.reviews() {
            // Hermes starts what is ready first.
            let at = usize::from(self.board.hermes.is_some());
            columns.insert(at, Status::Review);
        }
        if self.config.triage_worker(&self.board.slug).is_some() {
            columns.push(Status::Triage);
        }
        columns
    }

    /// Hermes has no worker of its own for reviews: whoever did the work gets the card again.
    fn reviews(&self) -> bool {
        self.board.hermes.is_some() || self.config.review_worker(&self.board.slug).is_some()
    }

    /// Who is to start the card now, or why nobody is. A start takes its place under the caps.
    pub fn judge(&mut self, card: &Candidate) -> Result<&'c Worker, Reason> {
        if let Some(reason) = self.refuse(card) {
            return Err(reason);
        }
        let worker = self.worker_of(card)?;
        self.admit(worker)?;
        // Last, so that only a card that would be started is taken back to where its parents find it.
        if card.open_parent && card.column == Status::Ready {
            return Err(Reason::WaitsForParent);
        }
        *self.running.entry(worker.name.clone()).or_default() += 1;
        self.total += 1;
        Ok(worker)
    }

    /// Why a card may not be started at all, whoever is to work on it.
    fn refuse(&self, card: &Candidate) -> Option<Reason> {
        if card.claimed {
            return Some(Reason::ClaimedElsewhere);
        }
        let stray = self.unknown_runs.get(&card.id);
        if let Some(why) = card.earlier_run.as_ref().or(stray) {
            let why = Some(why.clone()).filter(|why| !why.is_empty());
            return Some(Reason::EarlierRunAlive { why });
        }
        if let Some(until) = card.not_before.filter(|at| *at > self.now) {
            return Some(Reason::NotBefore { until });
        }
        let delay_max = self.config.defaults().retry_delay_max.0;
        match card.retry_at {
            Some(until) if !retry::due(Some(until), self.now, delay_max) => {
                Some(Reason::Delayed { until })
            }
            _ => None,
        }
    }

    fn worker_of(&self, card: &Candidate) -> Result<&'c Worker, Reason> {
        let slug = &self.board.slug;
        let assigned = card.assignee.as_deref().filter(|name| !name.is_empty());
        let name = match card.column {
            Status::Review => self
                .config
                .review_worker(slug)
                .or_else(|| assigned.filter(|_| self.board.hermes.is_some())),
            Status::Triage => self.config.triage_worker(slug),
            _ => assigned.or_else(|| self.config.default_assignee(slug)),
        };
        let Some(name) = name else {
            return Err(Reason::NoAssignee);
        };
        match self.config.worker(name) {
            None => Err(Reason::NoWorker {
                worker: name.to_owned(),
            }),
            Some(worker) if worker.pull => Err(Reason::PullLane {
                worker: name.to_owned(),
            }),
            Some(worker) => Ok(worker),
        }
    }

    /// Whether this worker may be started once more.
    fn admit(&mut self, worker: &Worker) -> Result<(), Reason> {
        let name = &worker.name;
        let paused = |p: &&Pause| p.worker.as_ref().is_none_or(|w| w == name);
        if let Some(pause) = self.pauses.iter().find(paused) {
            return Err(Reason::Paused {
                worker: pause.worker.clone(),
                why: pause.reason.clone(),
            });
        }
        let of_worker = self.running.get(name).copied().unwrap_or(0);
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.worker == *name) {
            let delay_max = self.config.defaults().retry_delay_max.0;
            if !retry::due(Some(lane.until), self.now, delay_max) || lane.probing {
                return Err(Reason::LaneHeld {
                    worker: name.clone(),
                    until: lane.until.max(self.now),
                    error: lane.error.clone(),
                });
            }
            // One start is tried; the others wait for what becomes of it.
            lane.probing = true;
        }
        if let Some(until) = self.closed_until(worker) {
            return Err(Reason::OutsideWindow {
                worker: name.clone(),
                until,
            });
        }
        let max = self.config.max_in_progress(&self.board.slug);
        if self.total >= max {
            return Err(Reason::BoardFull { max });
        }
        if of_worker >= worker.max_in_progress {
            return Err(Reason::WorkerFull {
                worker: name.clone(),
                max: worker.max_in_progress,
            });
        }
        Ok(())
    }

    /// When the worker's window opens again, if it is closed.
    fn closed_until(&mut self, worker: &Worker) -> Option<Seconds> {
        let window = worker.window.as_ref()?;
        if let Some(known) = self.windows.get(&worker.name) {
            return *known;
        }
        let open = |at: Seconds| {
            let (day, minute) = time::week_minute(at);
            window.is_open(day, minute)
        };
        let until = if open(self.now) {
            None
        } else {
            let next = self.now - self.now.rem_euclid(60) + 60;
            let mut minutes = (next..self.now + WINDOW_HORIZON).step_by(60);
            Some(
                minutes
                    .find(|at| open(*at))
                    .unwrap_or(self.now + WINDOW_HORIZON),
            )
        };
        self.windows.insert(worker.name.clone(), until);
        until
    }
}
