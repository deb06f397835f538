//! Telling somebody what happened: how a try can end, when the next one is, and who goes first.
//!
//! Delivery is at least once. A message is tried until it is delivered, or until a try shows that it never
//! can be; nothing is forgotten on the way.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::retry;
use crate::time::Seconds;

/// How far a wait that a receiver asked for reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The target that was sent to.
    Target,
    /// Every target of the same service, such as all Discord channels.
    Service,
}

/// How one try ended. Each carries what is told about it, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel's own criterion of success is met.
    Delivered {
        /// What the receiver calls the message, if it said so.
        receipt: Option<String>,
    },
    /// Surely not delivered, and a later try may be.
    Retry {
        /// What went wrong.
        why: String,
        /// Seconds that the receiver asked us to wait.
        after: Option<Seconds>,
        /// Whom the wait holds.
        reach: Reach,
    },
    /// It may have been delivered. It is tried again under the same id.
    Ambiguous {
        /// What went wrong.
        why: String,
        /// Seconds that the receiver asked us to wait.
        after: Option<Seconds>,
    },
    /// This message can never be accepted; others can.
    DeadMessage {
        /// What went wrong.
        why: String,
    },
    /// Nothing can be accepted there until somebody puts it right.
    DeadTarget {
        /// What went wrong.
        why: String,
        /// The receiver says that it is gone for good: it is not even tried now and then.
        gone: bool,
    },
}

impl Outcome {
    /// [`Outcome::Delivered`]
    pub fn delivered(receipt: Option<String>) -> Self {
        Self::Delivered { receipt }
    }

    /// [`Outcome::Retry`] without a wait of the receiver's.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::retry_after(why, None)
    }

    /// [`Outcome::Retry`] with the wait that the receiver asked for, if it did.
    pub fn retry_after(why: impl Into<String>, after: Option<Seconds>) -> Self {
        Self::Retry {
            why: why.into(),
            after,
            reach: Reach::Target,
        }
    }

    /// [`Outcome::Ambiguous`]
    pub fn ambiguous(why: impl Into<String>) -> Self {
        Self::Ambiguous {
            why: why.into(),
            after: None,
        }
    }

    /// [`Outcome::DeadMessage`]
    pub fn dead_message(why: impl Into<String>) -> Self {
        Self::DeadMessage { why: why.into() }
    }

    /// [`Outcome::DeadTarget`]
    pub fn dead_target(why: impl Into<String>) -> Self {
        Self::DeadTarget {
            why: why.into(),
            gone: false,
        }
    }

    /// The word for it on the board and in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Retry { .. } => "retry",
            Self::Ambiguous { .. } => "ambiguous",
            Self::DeadMessage { .. } => "dead_message",
            Self::DeadTarget { .. } => "dead_target",
        }
    }

    /// What went wrong, if anything did.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Delivered { .. } => None,
            Self::Retry { why, .. }
            | Self::Ambiguous { why, .. }
            | Self::DeadMessage { why }
            | Self::DeadTarget { why, .. } => Some(why),
        }
    }

    /// The same with every text that it carries rewritten.
    pub fn map_text(self, rewrite: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Delivered { receipt } => Self::Delivered {
                receipt: receipt.map(|text| rewrite(&text)),
            },
            Self::Retry { why, after, reach } => Self::Retry {
                why: rewrite(&why),
                after,
                reach,
            },
            Self::Ambiguous { why, after } => Self::Ambiguous {
                why: rewrite(&why),
                after,
            },
            Self::DeadMessage { why } => Self::DeadMessage { why: rewrite(&why) },
            Self::DeadTarget { why, gone } => Self::DeadTarget {
                why: rewrite(&why),
                gone,
            },
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not tried yet.
    Due,
    /// A tick is sending it. Its lease is the delivery lock: whoever holds that lock and finds it so knows
    /// that the tick is dead.
    InFlight,
    /// Tried, and to be tried again.
    Retry,
    /// Told.
    Delivered,
    /// Can never be told: the message is refused, was tried for too long, or its target is broken.
    Dead,
    /// Somebody does not want it told any more.
    Cancelled,
    /// Told by a later message about the same card, which says so.
    HeldBack,
}

impl State {
    const ALL: [Self; 7] = [
        Self::Due,
        Self::InFlight,
        Self::Retry,
        Self::Delivered,
        Self::Dead,
        Self::Cancelled,
        Self::HeldBack,
    ];

    /// Whether it may still be sent.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Due | Self::InFlight | Self::Retry)
    }

    /// The text on the board file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::InFlight => "in_flight",
            Self::Retry => "retry",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::HeldBack => "held_back",
        }
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<_> = Self::ALL.map(Self::as_str).to_vec();
                format!(
                    "{text:?} is not a state of a delivery; there are {}",
                    known.join(", ")
                )
            })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Seconds before each further try: about three days in all, as the Standard Webhooks specification
/// suggests (its steps under a minute are of no use to ticks that come once a minute).
const SCHEDULE: [Seconds; 9] = [
    60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
];

/// No receiver makes us wait longer at a time, whatever it asks for.
pub const WAIT_MAX: Seconds = 86_400;

/// A stored time further off than this was written under another clock, and holds nothing.
pub const HORIZON: Seconds = 2 * 86_400;

/// Tries of one message during which it keeps others from overtaking it at its target. After that, other
/// cards' messages go first: it may be the one that is refused.
pub const PATIENCE: u32 = 3;

/// How often a target that is broken, but not gone for good, is tried again.
pub const PROBE_EVERY: Seconds = 86_400;

/// When a message is tried again that has been tried `attempts` times. `None`: never.
///
/// A wait of the receiver's wins if it is longer than ours. `seed` spreads the messages that failed together;
/// it is the id of the delivery, so that a test gets the same times again.
pub fn next_try(
    attempts: u32,
    after: Option<Seconds>,
    now: Seconds,
    seed: &str,
) -> Option<Seconds> {
    let step = usize::try_from(attempts).unwrap_or(usize::MAX).max(1) - 1;
    let base = *SCHEDULE.get(step)?;
    let own = retry::spread(base, attempts, seed);
    let asked = after.unwrap_or(0).clamp(0, WAIT_MAX);
    Some(now.saturating_add(own.max(asked)))
}

/// Whether a stored time has come.
pub fn has_come(at: Seconds, now: Seconds) -> bool {
    at <= now || at > now.saturating_add(HORIZON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_text_form() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("lost".parse::<State>().unwrap_err().contains("in_flight"));
    }

    #[test]
    fn tries_go_on_for_about_three_days_and_then_end() {
        let mut now = 0;
        let mut attempts = 0;
        while let Some(next) = {
            attempts += 1;
            next_try(attempts, None, now, "dlv_1")
        } {
            assert!(next > now, "{attempts}");
            now = next;
        }
        assert_eq!(attempts, 10);
        assert!((60..=95).contains(&(now / 3_600)), "{now}");
    }

    #[test]
    fn the_longer_wait_wins_and_none_is_endless() {
        let first = next_try(1, None, 0, "x").unwrap();
        assert!((45..=75).contains(&first), "{first}");
        assert_eq!(next_try(1, Some(7), 0, "x"), Some(first));
        assert_eq!(next_try(1, Some(600), 0, "x"), Some(600));
        assert_eq!(next_try(1, Some(i64::MAX), 0, "x"), Some(WAIT_MAX));
        assert_eq!(next_try(1, Some(-5), 0, "x"), Some(first));
        let spread: std::collections::BTreeSet<_> = (0..50)
            .map(|i| next_try(2, None, 0, &format!("dlv_{i}")).unwrap())
            .collect();
        assert!(spread.len() > 20, "{spread:?}");
    }

    #[test]
    fn a_clock_that_was_stepped_back_holds_nothing_for_long() {
        assert!(has_come(5, 5) && !has_come(6, 5));
        assert!(!has_come(5 + HORIZON, 5) && has_come(6 + HORIZON, 5));
    }
}
