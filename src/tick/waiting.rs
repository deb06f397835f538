//! Ready cards that a tick does not start, and why.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::board::id::TaskId;
use crate::time::Seconds;

/// So many cards are told of each reason for which cards are not started.
const TOLD: usize = 50;

/// Ready cards that were not started. All are counted; a board can have more of them than anybody reads, so that the
/// first are told, of every reason some.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WaitingCards {
    /// In the order in which they would start.
    #[serde(rename = "waiting")]
    pub told: Vec<Waiting>,
    /// How many there are beyond these, by their reason.
    #[serde(rename = "waiting_more", skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<&'static str, usize>,
    #[serde(skip)]
    counts: BTreeMap<&'static str, usize>,
    /// When the first of those goes on for which a time is all that is missing.
    #[serde(skip)]
    pub until: Option<Seconds>,
}

impl WaitingCards {
    /// Adds a card.
    pub fn add(&mut self, task: TaskId, reason: Reason) {
        let until = reason.until();
        self.until = self.until.into_iter().chain(until).min();
        let kind = reason.kind();
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= TOLD {
            self.told.push(Waiting { task, reason });
        } else {
            *self.more.entry(kind).or_default() += 1;
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether there is one with such a reason, where that depends on the kind of reason alone.
    pub fn any(&self, kind: impl Fn(&Reason) -> bool) -> bool {
        self.told.iter().any(|waiting| kind(&waiting.reason))
    }
}

/// A ready card that was not started.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// The card.
    pub task: TaskId,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

/// Why a ready card was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// As many workers run on this board as may.
    BoardFull {
        /// The cap.
        max: u32,
    },
    /// As many workers of this name run on this board as may.
    WorkerFull {
        /// The worker.
        worker: String,
        /// The cap.
        max: u32,
    },
    /// As many workers run on this machine as may.
    HostFull {
        /// The cap.
        max: u32,
    },
    /// Its last run did not complete; the next is not before this time.
    Delayed {
        /// Unix seconds.
        until: Seconds,
    },
    /// It was asked for not before this time.
    NotBefore {
        /// Unix seconds.
        until: Seconds,
    },
    /// Somebody paused the board, or this worker.
    Paused {
        /// `None`: the whole board.
        worker: Option<String>,
        /// What was said about it.
        why: Option<String>,
    },
    /// The worker cannot be started here at present.
    LaneHeld {
        /// The worker.
        worker: String,
        /// Unix seconds: then one start is tried.
        until: Seconds,
        /// What went wrong.
        error: String,
    },
    /// The worker's window is closed.
    OutsideWindow {
        /// The worker.
        worker: String,
        /// Unix seconds.
        until: Seconds,
    },
    /// Nobody is assigned.
    NoAssignee,
    /// The configuration has no worker of this name.
    NoWorker {
        /// The assignee.
        worker: String,
    },
    /// People pull from this lane.
    PullLane {
        /// The lane.
        worker: String,
    },
    /// A process of an earlier run is not proven gone.
    EarlierRunAlive {
        /// What shows life, where the run has lost its supervisor.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Another program has claimed it.
    ClaimedElsewhere,
    /// A parent is not finished, though another program made the card ready.
    WaitsForParent,
    /// Its run could not be prepared.
    CannotPrepare {
        /// What went wrong.
        error: String,
    },
    /// Somebody moved it at the same moment.
    Moved,
}

impl Reason {
    /// Its name in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BoardFull { .. } => "board_full",
            Self::WorkerFull { .. } => "worker_full",
            Self::HostFull { .. } => "host_full",
            Self::Delayed { .. } => "delayed",
            Self::NotBefore { .. } => "not_before",
            Self::Paused { .. } => "paused",
            Self::LaneHeld { .. } => "lane_held",
            Self::OutsideWindow { .. } => "outside_window",
            Self::NoAssignee => "no_assignee",
            Self::NoWorker { .. } => "no_worker",
            Self::PullLane { .. } => "pull_lane",
            Self::EarlierRunAlive { .. } => "earlier_run_alive",
            Self::ClaimedElsewhere => "claimed_elsewhere",
            Self::WaitsForParent => "waits_for_parent",
            Self::CannotPrepare { .. } => "cannot_prepare",
            Self::Moved => "moved",
        }
    }

    /// Whether it goes away by itself, or as other cards finish.
    pub fn will_pass(&self) -> bool {
        !matches!(
            self,
            Self::NoAssignee
                | Self::NoWorker { .. }
                | Self::Paused { .. }
                | Self::LaneHeld { .. }
                | Self::PullLane { .. }
                | Self::ClaimedElsewhere
                | Self::WaitsForParent
                | Self::CannotPrepare { .. }
        )
    }

    /// Until when, where a time is all that is missing.
    pub fn until(&self) -> Option<Seconds> {
        match self {
            Self::Delayed { until }
            | Self::NotBefore { until }
            | Self::LaneHeld { until, .. }
            | Self::OutsideWindow { until, .. } => Some(*until),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tick::report::Report;
    use serde_json::json;

    fn card(n: usize) -> TaskId {
        TaskId::stored(format!("t_{n:08x}"))
    }

    #[test]
    fn every_waiting_card_is_counted_and_the_first_of_each_reason_are_told() {
        let mut waiting = WaitingCards::default();
        for n in 0..TOLD + 7 {
            waiting.add(card(n), Reason::BoardFull { max: 1 });
            let until = 1_000 - n as Seconds;
            waiting.add(card(n), Reason::Delayed { until });
        }
        waiting.add(card(999), Reason::NoAssignee);
        assert_eq!(waiting.count(), 2 * (TOLD + 7) + 1);
        assert_eq!(waiting.told.len(), 2 * TOLD + 1);
        assert_eq!(
            waiting.more,
            BTreeMap::from([("board_full", 7), ("delayed", 7)])
        );
        // The first time is that of a card that is not told.
        assert_eq!(waiting.until, Some(1_000 - (TOLD as Seconds + 6)));
        assert!(waiting.any(|reason| *reason == Reason::NoAssignee));
        let report = json!(Report {
            waiting,
            ..Report::default()
        });
        assert_eq!(
            report["waiting"].as_array().map(Vec::len),
            Some(2 * TOLD + 1)
        );
        assert_eq!(report["waiting_more"]["delayed"], 7);
        let quiet = json!(Report::default());
        assert_eq!(
            (&quiet["waiting"], quiet.get("waiting_more")),
            (&json!([]), None)
        );
    }

    #[test]
    fn a_reason_is_called_as_json_calls_it() {
        let (worker, until, max, error) = (String::new(), 1, 1, String::new());
        for reason in [
            Reason::BoardFull { max },
            Reason::WorkerFull {
                worker: worker.clone(),
                max,
            },
            Reason::HostFull { max },
            Reason::Delayed { until },
            Reason::NotBefore { until },
            Reason::Paused {
                worker: None,
                why: None,
            },
            Reason::LaneHeld {
                worker: worker.clone(),
                until,
                error: error.clone(),
            },
            Reason::OutsideWindow {
                worker: worker.clone(),
                until,
            },
            Reason::NoAssignee,
            Reason::NoWorker {
                worker: worker.clone(),
            },
            Reason::PullLane { worker },
            Reason::EarlierRunAlive { why: None },
            Reason::ClaimedElsewhere,
            Reason::WaitsForParent,
            Reason::CannotPrepare { error },
            Reason::Moved,
        ] {
            assert_eq!(json!(reason)["reason"], reason.kind());
        }
    }
}
