//! A board at one moment as a page shows it: its cards and what hangs together, what ran lately, and how
//! the last days went.

use super::dependency::Release;
use super::id::TaskId;
use super::status::Status;
use crate::time::Seconds;

/// A board at one moment. What is bounded says how much of it was left out.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// How many cards are in each column, archived ones included.
    pub counts: Vec<(Status, i64)>,
    /// What is open in the order in which it would start, then what ended, newest first. None is archived.
    pub cards: Vec<Card>,
    /// The longest text of a card that is here, in characters.
    pub text_max: usize,
    /// Who waits for whom, among the cards and to others.
    pub edges: Vec<Edge>,
    /// There are more.
    pub more_edges: bool,
    /// Newest first.
    pub runs: Vec<Run>,
    /// There are more.
    pub older_runs: bool,
    /// Newest first.
    pub comments: Vec<Comment>,
    /// There are more.
    pub older_comments: bool,
    /// Newest first.
    pub events: Vec<Happening>,
    /// There are more.
    pub older_events: bool,
    /// The last days, oldest first, each of them there.
    pub days: Vec<Day>,
    /// How the runs of these days ended, most frequent first.
    pub ends: Vec<(String, usize)>,
    /// How each worker did in these days, by its name.
    pub workers: Vec<Figures>,
}

/// A card.
#[derive(Debug, Clone)]
pub struct Card {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    pub assignee: Option<String>,
    pub tenant: Option<String>,
    pub priority: i64,
    pub created_by: Option<String>,
    pub created_at: Seconds,
    pub started_at: Option<Seconds>,
    pub completed_at: Option<Seconds>,
    /// Not started before; the later of what was asked for and the delay of a retry.
    pub not_before: Option<Seconds>,
    pub failures: i64,
    pub body: Text,
    pub result: Text,
    pub error: Text,
}

/// The beginning of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    pub start: String,
    /// It goes on.
    pub cut: bool,
}

impl Text {
    /// At most so many characters of a text.
    pub fn beginning(text: Option<String>, max: usize) -> Self {
        let mut start = text.unwrap_or_default();
        let end = start.char_indices().nth(max).map(|(at, _)| at);
        if let Some(at) = end {
            start.truncate(at);
        }
        Self {
            start,
            cut: end.is_some(),
        }
    }
}

/// A card waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub parent: TaskId,
    pub child: TaskId,
    pub on: Release,
    /// It still holds the child.
    pub open: bool,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: i64,
    pub task: TaskId,
    pub worker: Option<String>,
    /// `running` while it is not over.
    pub outcome: String,
    pub attempt: Option<i64>,
    pub started_at: Seconds,
    pub ended_at: Option<Seconds>,
    pub duration_ms: Option<i64>,
    pub exit_code: Option<i64>,
    pub exit_signal: Option<i64>,
    /// What went wrong, else what it said of itself.
    pub note: Text,
}

/// Something that somebody said.
#[derive(Debug, Clone)]
pub struct Comment {
    pub task: TaskId,
    pub author: String,
    pub body: Text,
    pub at: Seconds,
}

/// Something that happened to a card.
#[derive(Debug, Clone)]
pub struct Happening {
    pub task: TaskId,
    pub kind: String,
    pub at: Seconds,
}

/// What one day came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// As `2026-12-24`.
    pub date: String,
    /// Cards that were done.
    pub done: usize,
    /// Runs that failed.
    pub failed: usize,
}

/// How one worker did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Empty where nobody is known.
    pub worker: String,
    pub completed: usize,
    pub failed: usize,
    /// Neither: put off, taken away, blocked.
    pub other: usize,
    /// How long its runs took.
    pub took: Option<Percentiles>,
}

/// How long runs took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentiles {
    pub p50: i64,
    pub p90: i64,
    pub p99: i64,
}

impl Percentiles {
    /// Those of some lengths, by the nearest rank. `None`: there are none.
    pub fn of(mut lengths: Vec<i64>) -> Option<Self> {
        lengths.sort_unstable();
        let rank = |percent: usize| {
            let rank = (lengths.len() * percent).div_ceil(100).max(1);
            lengths.get(rank - 1).copied()
        };
        Some(Self {
            p50: rank(50)?,
            p90: rank(90)?,
            p99: rank(99)?,
        })
    }
}

/// What an end of a run says about its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The work is done.
    Good,
    /// Something went wrong.
    Bad,
    /// Neither: put off, taken away, blocked.
    Neither,
    /// It is not over.
    Running,
}

impl Verdict {
    /// That of an outcome, whichever program wrote it.
    pub fn of(outcome: &str) -> Self {
        match outcome {
            "completed" | "done" => Self::Good,
            "running" => Self::Running,
            "crashed" | "lost" | "timed_out" | "spawn_failed" | "protocol_violation" | "stale"
            | "failed" | "gave_up" | "error" => Self::Bad,
            _ => Self::Neither,
        }
    }
}

/// What a page says of the board beside its cards.
#[derive(Debug, Clone)]
pub struct Standing {
    pub board: String,
    /// When the page is made.
    pub made_at: Seconds,
    pub last_tick_at: Option<Seconds>,
    /// What a person should look at, a line each.
    pub problems: Vec<String>,
    /// What is paused, a line each.
    pub paused: Vec<String>,
    pub upkeep: Upkeep,
}

/// Who keeps a page up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// Nobody: it was made once.
    Once,
    /// Ticks do, at least once an hour.
    Ticks,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let cut = |text: &str, max| Text::beginning(Some(text.to_owned()), max);
        assert_eq!(cut("äöü", 2).start, "äö");
        assert!(cut("äöü", 2).cut && !cut("äöü", 3).cut);
        assert_eq!(Text::beginning(None, 3), Text::default());
    }

    #[test]
    fn percentiles_are_lengths_that_occurred() {
        let of = |n: i64| Percentiles::of((1..=n).rev().collect());
        assert_eq!(of(0), None);
        let all = |p50, p90, p99| Some(Percentiles { p50, p90, p99 });
        assert_eq!(of(1), all(1, 1, 1));
        assert_eq!(of(10), all(5, 9, 10));
        assert_eq!(of(200), all(100, 180, 198));
    }

    #[test]
    fn every_outcome_of_ours_has_a_verdict() {
        use crate::board::run::Outcome;
        for (outcome, verdict) in [
            (Outcome::Completed, Verdict::Good),
            (Outcome::Crashed, Verdict::Bad),
            (Outcome::Lost, Verdict::Bad),
            (Outcome::TimedOut, Verdict::Bad),
            (Outcome::SpawnFailed, Verdict::Bad),
            (Outcome::ProtocolViolation, Verdict::Bad),
            (Outcome::Stale, Verdict::Bad),
            (Outcome::Blocked, Verdict::Neither),
            (Outcome::RateLimited, Verdict::Neither),
            (Outcome::Reclaimed, Verdict::Neither),
            (Outcome::Scheduled, Verdict::Neither),
        ] {
            assert_eq!(Verdict::of(outcome.as_str()), verdict, "{outcome:?}");
        }
    }
}
