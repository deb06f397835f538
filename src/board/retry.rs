//! When a card may be tried again, and when it may not.
//!
//! Every way back to a worker has a delay that grows and a limit, counted or not: nothing can loop.

use crate::time::Seconds;

/// The limits of one card, from its worker's configuration and its own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Failures in a row after which the card is blocked.
    pub failure_limit: u32,
    /// Requests to be run later (exit 75) in a row after which the card is blocked.
    pub tempfail_limit: u32,
    /// Failed starts in a row after which the card is blocked.
    pub spawn_failure_limit: u32,
    /// Runs of any outcome since an operator last let the card go, after which it is blocked.
    pub run_limit: u32,
    /// Times that workers send a card back from review after which a person has to decide.
    pub review_limit: u32,
    /// Delay after the first failure; it doubles with each further one.
    pub delay: Seconds,
    /// Delay after the first request to be run later; it doubles with each further one.
    pub tempfail_delay: Seconds,
    /// No delay is longer.
    pub delay_max: Seconds,
}

/// Exits without the report that a worker owes, in a row, after which its card is blocked: forgetting is
/// common for a language model and says little about the card, so the budget is apart from failures
/// (the figure is Hermes' own).
pub const PROTOCOL_VIOLATION_LIMIT: u32 = 3;

/// The consecutive counts that a card carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Failures.
    pub failures: u32,
    /// Requests to be run later.
    pub tempfails: u32,
    /// Starts that failed or never got as far as the worker.
    pub spawn_failures: u32,
    /// Exits without a report.
    pub violations: u32,
    /// Runs that ended in any way but success since somebody last let the card go.
    pub runs: u32,
}

/// What happens to a card whose run did not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It may be claimed again at this time.
    RetryAt(Seconds),
    /// Its breaker has tripped: `count` reached `limit`.
    GiveUp {
        /// What was reached.
        count: u32,
        /// The limit.
        limit: u32,
    },
}

/// Which of the counts a run that did not complete adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// The work failed.
    Failure,
    /// The worker asked to be run later.
    Tempfail,
    /// This card could not be started.
    SpawnFailure,
    /// No card of its worker could be started here: the lane is held, and the card is not charged.
    Lane,
    /// It was claimed and lost before it could start: nobody's fault, so the first retry is at once.
    NeverStarted,
    /// The worker exited 0 without its report.
    Violation,
    /// It was taken away from the worker on purpose; nothing is counted, but the retry has a delay.
    Nothing,
}

/// Adds one run to the counts and says what follows. `seed` spreads the delays of cards that failed together.
pub fn after(
    charge: Charge,
    counts: &mut Counts,
    policy: &Policy,
    now: Seconds,
    seed: &str,
) -> Next {
    if charge != Charge::Lane {
        counts.runs += 1;
    }
    let (count, limit, base) = match charge {
        Charge::Failure => {
            counts.failures += 1;
            (counts.failures, policy.failure_limit, policy.delay)
        }
        Charge::Tempfail => {
            counts.tempfails += 1;
            (
                counts.tempfails,
                policy.tempfail_limit,
                policy.tempfail_delay,
            )
        }
        Charge::SpawnFailure | Charge::NeverStarted => {
            counts.spawn_failures += 1;
            (
                counts.spawn_failures,
                policy.spawn_failure_limit,
                policy.delay,
            )
        }
        Charge::Violation => {
            counts.violations += 1;
            (counts.violations, PROTOCOL_VIOLATION_LIMIT, policy.delay)
        }
        Charge::Nothing => (1, u32::MAX, policy.delay),
        Charge::Lane => return Next::RetryAt(now),
    };
    if count >= limit {
        return Next::GiveUp { count, limit };
    }
    if counts.runs >= policy.run_limit {
        return Next::GiveUp {
            count: counts.runs,
            limit: policy.run_limit,
        };
    }
    if charge == Charge::NeverStarted && count == 1 {
        return Next::RetryAt(now);
    }
    Next::RetryAt(now.saturating_add(delay(base, policy.delay_max, count, seed)))
}

/// The delay before try number `count + 1`: doubling from `base`, 25 % more or less by `seed`, never over `max`.
pub fn delay(base: Seconds, max: Seconds, count: u32, seed: &str) -> Seconds {
    let doubled = base.saturating_mul(
        1i64.checked_shl(count.saturating_sub(1).min(40))
            .unwrap_or(i64::MAX),
    );
    let capped = doubled.min(max);
    spread(capped, count, seed).min(max.max(0))
}

/// A length of time, up to a quarter more or less by `seed` and `count`, so that what failed together is
/// not tried together.
pub fn spread(length: Seconds, count: u32, seed: &str) -> Seconds {
    let hash = crc32fast::hash(format!("{seed}/{count}").as_bytes());
    let spread = length / 4;
    let jitter = if spread == 0 {
        0
    } else {
        i64::from(hash) % (2 * spread + 1) - spread
    };
    (length + jitter).max(0)
}

/// Whether a stored retry time allows a start. A time further off than any delay we would have set
/// means that the clock was stepped, and does not hold the card.
pub fn due(retry_at: Option<Seconds>, now: Seconds, delay_max: Seconds) -> bool {
    retry_at.is_none_or(|at| at <= now || at > now.saturating_add(delay_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        failure_limit: 3,
        tempfail_limit: 4,
        spawn_failure_limit: 5,
        run_limit: 10,
        review_limit: 3,
        delay: 8,
        tempfail_delay: 100,
        delay_max: 1000,
    };

    #[test]
    fn failures_wait_longer_each_time_and_then_trip() {
        let mut counts = Counts::default();
        let Next::RetryAt(first) = after(Charge::Failure, &mut counts, &POLICY, 0, "t_1") else {
            panic!()
        };
        let Next::RetryAt(second) = after(Charge::Failure, &mut counts, &POLICY, 0, "t_1") else {
            panic!()
        };
        assert!((6..=10).contains(&first), "{first}");
        assert!((12..=20).contains(&second), "{second}");
        assert_eq!(
            after(Charge::Failure, &mut counts, &POLICY, 0, "t_1"),
            Next::GiveUp { count: 3, limit: 3 }
        );
    }

    #[test]
    fn no_way_back_is_without_a_limit() {
        for charge in [
            Charge::Failure,
            Charge::Tempfail,
            Charge::SpawnFailure,
            Charge::NeverStarted,
            Charge::Violation,
        ] {
            let mut counts = Counts::default();
            let tripped = (0..20).any(|_| {
                matches!(
                    after(charge, &mut counts, &POLICY, 0, "x"),
                    Next::GiveUp { .. }
                )
            });
            assert!(tripped, "{charge:?}");
        }
        let mut counts = Counts {
            runs: 9,
            ..Counts::default()
        };
        assert_eq!(
            after(Charge::Tempfail, &mut counts, &POLICY, 0, "x"),
            Next::GiveUp {
                count: 10,
                limit: 10
            }
        );
    }

    #[test]
    fn delays_are_spread_and_capped() {
        let delays: std::collections::BTreeSet<_> = (0..50)
            .map(|i| delay(100, 1000, 1, &format!("t_{i}")))
            .collect();
        assert!(delays.len() > 10, "{delays:?}");
        assert!(delays.iter().all(|d| (75..=125).contains(d)));
        assert_eq!(
            delay(100, 1000, 60, "x").min(1000),
            delay(100, 1000, 60, "x")
        );
    }

    #[test]
    fn a_stepped_clock_does_not_hold_a_card() {
        assert!(due(None, 0, 10));
        assert!(!due(Some(5), 0, 10));
        assert!(due(Some(0), 0, 10));
        assert!(due(Some(1_000_000), 0, 10));
    }
}
