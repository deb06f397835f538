//! A run: one attempt of a worker at a card, how it can end, and what an end means.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Exit status by which a worker asks to be run again later: `EX_TEMPFAIL` of sysexits.h.
pub const TEMPFAIL: i32 = 75;

/// Where a run stands, as far as this program knows. `dead` beside it says whether every process of
/// the run is proven gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The claim is committed; no instruction of the worker has run.
    Claimed,
    /// The fence is committed; the worker may have run.
    Started,
    /// How it ended is on the board.
    Ended,
}

impl Stage {
    /// The text on the board file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Started => "started",
            Self::Ended => "ended",
        }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Claimed, Self::Started, Self::Ended]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a stage of a run"))
    }
}

/// How the worker's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It returned this exit status.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit {code}"),
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {signal}"),
            },
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}

/// Why the supervisor ended a worker that had not ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It was over its run time.
    OverTime,
    /// The card was taken away (completed, blocked or archived by somebody), or the supervisor was told to stop.
    Cancelled,
}

/// What became of a run, as its row says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done.
    Completed,
    /// Somebody blocked the card while it ran.
    Blocked,
    /// The worker failed: another exit status, or a signal.
    Crashed,
    /// The supervisor was killed, so how the worker ended is unknown.
    Lost,
    /// It was over its run time.
    TimedOut,
    /// The worker asked to be run again later.
    RateLimited,
    /// The worker could not be started.
    SpawnFailed,
    /// It was claimed and never executed, or taken away.
    Reclaimed,
    /// It ended without the report that its worker owes.
    ProtocolViolation,
    /// Somebody put the card off while it ran.
    Scheduled,
    /// It gave no sign of life for too long.
    Stale,
    /// The work is done and waits to be looked at.
    ReviewRequested,
    /// It looked at the work and sent it back.
    ChangesRequested,
}

impl Outcome {
    const ALL: [Self; 13] = [
        Self::Completed,
        Self::Blocked,
        Self::Crashed,
        Self::Lost,
        Self::TimedOut,
        Self::RateLimited,
        Self::SpawnFailed,
        Self::Reclaimed,
        Self::ProtocolViolation,
        Self::Scheduled,
        Self::Stale,
        Self::ReviewRequested,
        Self::ChangesRequested,
    ];

    /// The text on the board file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Blocked => "blocked",
            Self::Crashed => "crashed",
            Self::Lost => "lost",
            Self::TimedOut => "timed_out",
            Self::RateLimited => "rate_limited",
            Self::SpawnFailed => "spawn_failed",
            Self::Reclaimed => "reclaimed",
            Self::ProtocolViolation => "protocol_violation",
            Self::Scheduled => "scheduled",
            Self::Stale => "stale",
            Self::ReviewRequested => "review_requested",
            Self::ChangesRequested => "changes_requested",
        }
    }

    /// The `status` column of a closed run: the outcome, except that `completed` is spelled `done` there.
    pub fn run_status(self) -> &'static str {
        match self {
            Self::Completed => "done",
            other => other.as_str(),
        }
    }
}

impl FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|o| o.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not an outcome"))
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a worker owes before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Report {
    /// Nothing: exit status 0 means done.
    #[default]
    Exit,
    /// `kanban complete` or `kanban block` with its run token; a silent exit 0 is a violation.
    Explicit,
}

impl Report {
    /// The text on the board file and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Explicit => "explicit",
        }
    }
}

impl FromStr for Report {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Exit, Self::Explicit]
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a way to report"))
    }
}

/// What the end of a worker's process means for its card.
pub fn judge(exit: Exit, ended: Option<Ended>, report: Report) -> Outcome {
    match (ended, exit) {
        (Some(Ended::OverTime), _) => Outcome::TimedOut,
        (Some(Ended::Cancelled), _) => Outcome::Reclaimed,
        (None, Exit::Code(0)) => match report {
            Report::Exit => Outcome::Completed,
            Report::Explicit => Outcome::ProtocolViolation,
        },
        (None, Exit::Code(TEMPFAIL)) => Outcome::RateLimited,
        (None, _) => Outcome::Crashed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
        }
        for stage in [Stage::Claimed, Stage::Started, Stage::Ended] {
            assert_eq!(stage.as_str().parse(), Ok(stage));
        }
    }

    #[test]
    fn an_end_has_one_meaning() {
        let judged = |exit, ended| judge(exit, ended, Report::Exit);
        assert_eq!(judged(Exit::Code(0), None), Outcome::Completed);
        assert_eq!(judged(Exit::Code(75), None), Outcome::RateLimited);
        assert_eq!(judged(Exit::Code(1), None), Outcome::Crashed);
        assert_eq!(judged(Exit::Signal(9), None), Outcome::Crashed);
        // A worker that answers TERM with exit 0 was still over time.
        assert_eq!(
            judged(Exit::Code(0), Some(Ended::OverTime)),
            Outcome::TimedOut
        );
        assert_eq!(
            judged(Exit::Signal(15), Some(Ended::Cancelled)),
            Outcome::Reclaimed
        );
        assert_eq!(
            judge(Exit::Code(0), None, Report::Explicit),
            Outcome::ProtocolViolation
        );
        assert_eq!(
            judge(Exit::Code(3), None, Report::Explicit),
            Outcome::Crashed
        );
    }
}
