//! What a tick did, as its JSON says it.

use serde::Serialize;
use serde_json::{Value, json};

use super::waiting::WaitingCards;
use crate::board::delivery::State;
use crate::board::id::TaskId;
use crate::board::run::Outcome;
use crate::store::Checkpoint;
use crate::store::settle::Effect;
use crate::time::Seconds;

/// What one tick did, pass by pass.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The board.
    pub board: String,
    /// Unix seconds; read once.
    pub at: Seconds,
    /// Nothing of this was done: it is what would be.
    pub dry_run: bool,
    /// Why the tick did nothing at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<&'static str>,
    /// Why nothing was started at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<&'static str>,
    /// How many of each; the ids are below.
    pub counts: Counts,
    /// Runs whose exit record was booked.
    pub absorbed: Vec<Ended>,
    /// Runs that ended without a record, booked.
    pub reaped: Vec<Ended>,
    /// Runs that keep their cards although their supervisors are gone, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unresolved: Vec<Unresolved>,
    /// Runs whose card was taken away, and whose supervisor was asked to end them.
    pub cancelled: Vec<i64>,
    /// Cards that went on to ready or scheduled.
    pub promoted: Vec<TaskId>,
    /// Runs that were started.
    pub started: Vec<Started>,
    /// Ready cards that were not started, and why.
    #[serde(flatten)]
    pub waiting: WaitingCards,
    /// Deliveries that were put into the outbox.
    pub announced: usize,
    /// Messages that were delivered.
    pub delivered: Vec<Told>,
    /// Messages that were tried and not delivered.
    pub undelivered: Vec<Untold>,
    /// Another tick was sending what is due.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub delivering_elsewhere: bool,
    /// Scratch workspaces and run folders that were removed.
    pub pruned: u32,
    /// The page that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Page>,
    /// What the checkpoint came to; absent in a dry run.
    pub checkpoint: Option<Checkpoint>,
    /// What could not be done; each is tried again by the next tick.
    pub errors: Vec<String>,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Runs booked from their record.
    pub absorbed: usize,
    /// Runs booked without one.
    pub reaped: usize,
    /// Runs asked to end.
    pub cancelled: usize,
    /// Cards that went on.
    pub promoted: usize,
    /// Runs started.
    pub started: usize,
    /// Ready cards not started.
    pub waiting: usize,
    /// Runs that are at work now, those just started included.
    pub running: usize,
    /// Deliveries that were put into the outbox.
    pub announced: usize,
    /// Messages delivered.
    pub delivered: usize,
    /// Messages tried and not delivered.
    pub undelivered: usize,
}

/// A page of the board that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// The file.
    pub path: String,
    /// How large it is.
    pub bytes: usize,
    /// The cards that are on it.
    pub cards: usize,
}

/// A message that was delivered.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Its id.
    pub delivery: String,
    /// The card that it is about.
    pub task: Option<String>,
    /// The kind of event.
    pub kind: String,
    /// Who was told.
    pub target: String,
}

/// A message that was tried and not delivered.
#[derive(Debug, Clone, Serialize)]
pub struct Untold {
    /// Its id.
    pub delivery: String,
    /// The card that it is about.
    pub task: Option<String>,
    /// The kind of event.
    pub kind: String,
    /// Who was to be told.
    pub target: String,
    /// How the try ended.
    pub outcome: &'static str,
    /// Where the delivery stands now.
    pub state: State,
    /// What went wrong.
    pub why: String,
}

/// A run that is over.
#[derive(Debug, Clone, Serialize)]
pub struct Ended {
    /// Its card.
    pub task: TaskId,
    /// `task_runs.id`
    pub run: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// What that did to the card.
    pub effect: Effect,
}

/// A run without a supervisor that is not proven dead.
#[derive(Debug, Clone, Serialize)]
pub struct Unresolved {
    /// Its card.
    pub task: TaskId,
    /// `task_runs.id`
    pub run: i64,
    pub why: String,
    /// No later tick can end what is left of it.
    pub needs_person: bool,
}

/// A run that was started.
#[derive(Debug, Clone, Serialize)]
pub struct Started {
    /// Its card.
    pub task: TaskId,
    /// `task_runs.id`
    pub run: i64,
    /// Who works on it.
    pub worker: String,
    /// 1 for the first run of the card.
    pub attempt: i64,
}

impl Report {
    /// Fills in the counts.
    pub fn count(&mut self, running: usize) {
        self.counts = Counts {
            absorbed: self.absorbed.len(),
            reaped: self.reaped.len(),
            cancelled: self.cancelled.len(),
            promoted: self.promoted.len(),
            started: self.started.len(),
            waiting: self.waiting.count(),
            running,
            announced: self.announced,
            delivered: 0,
            undelivered: 0,
        };
    }

    /// Fills in the counts of what was sent, which comes last.
    pub fn count_deliveries(&mut self) {
        self.counts.delivered = self.delivered.len();
        self.counts.undelivered = self.undelivered.len();
    }

    /// Whether the tick changed anything on the board.
    pub fn did_something(&self) -> bool {
        self.moved_something()
            || self.announced + self.delivered.len() + self.undelivered.len() > 0
            || self.report.is_some()
            || !self.errors.is_empty()
    }

    /// Whether the tick moved a card.
    pub fn moved_something(&self) -> bool {
        self.absorbed.len() + self.reaped.len() + self.promoted.len() + self.started.len() > 0
    }

    /// What is kept of it on the board.
    pub fn summary(&self) -> Value {
        json!(self.counts)
    }
}
