//! How urgent an event is, for the services that ring phones.

use crate::board::notice::{self, Level};

/// How loudly a phone should tell it. Each service has numbers of its own for these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Only who asked for this kind of event hears of it, and it need not ring.
    Low,
    /// It went as it should, or a person did it.
    Normal,
    /// Somebody should look.
    Look,
    /// It took too long; often another try is enough.
    Late,
    /// It failed.
    Failed,
}

/// The urgency of a kind of event. Kinds of other programs are nobody's alarm.
pub fn urgency(kind: &str) -> Urgency {
    match notice::known(kind) {
        _ if kind == "timed_out" => Urgency::Late,
        Some(kind) => match kind.level {
            Level::Bad => Urgency::Failed,
            Level::Warning => Urgency::Look,
            Level::Good => Urgency::Normal,
            Level::Info if kind.usual => Urgency::Normal,
            Level::Info => Urgency::Low,
        },
        None => Urgency::Low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_louder_than_what_waits_and_that_than_what_went_well() {
        for (kind, expected) in [
            ("completed", Urgency::Normal),
            ("cancelled", Urgency::Normal),
            ("test", Urgency::Normal),
            ("blocked", Urgency::Look),
            ("lane_held", Urgency::Look),
            ("timed_out", Urgency::Late),
            ("crashed", Urgency::Failed),
            ("gave_up", Urgency::Failed),
            ("lost", Urgency::Failed),
            ("channel_paused", Urgency::Failed),
            ("commented", Urgency::Low),
            ("somebody's own", Urgency::Low),
        ] {
            assert_eq!(urgency(kind), expected, "{kind}");
        }
    }
}
