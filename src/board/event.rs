//! The history of a card: event kinds and their payloads, as the shared `task_events` table has them.

use serde_json::{Value, json};

use super::run::{Exit, Outcome};
use super::status::Status;
use crate::time::Seconds;

/// Something that happened to a card: a kind and the facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The kind as stored.
    pub kind: &'static str,
    /// The facts as a JSON object; `None` where there are none.
    pub payload: Option<Value>,
}

impl Event {
    /// An event without facts.
    pub fn plain(kind: &'static str) -> Self {
        Self {
            kind,
            payload: None,
        }
    }

    /// An event with a JSON object of facts; keys whose value is null are left out.
    pub fn with(kind: &'static str, payload: Value) -> Self {
        let payload = match payload {
            Value::Object(map) => Value::Object(
                map.into_iter()
                    .filter(|(_, value)| !value.is_null())
                    .collect(),
            ),
            other => other,
        };
        Self {
            kind,
            payload: Some(payload),
        }
    }

    /// A worker was given the card.
    pub fn claimed(lock: &str, expires: Seconds, run: i64, source: &Status) -> Self {
        let source = (*source != Status::Ready).then_some(source);
        Self::with(
            "claimed",
            json!({"lock": lock, "expires": expires, "run_id": run, "source_status": source}),
        )
    }

    /// The worker is being let off.
    pub fn spawned(pid: u32) -> Self {
        Self::with("spawned", json!({"pid": pid}))
    }
}

/// What is told about an end beside its error.
#[derive(Debug, Clone, Default)]
pub struct EndFacts {
    /// The worker's process.
    pub pid: Option<i64>,
    /// Who had claimed the card.
    pub claimer: Option<String>,
    /// Seconds that it took.
    pub elapsed: Option<i64>,
    /// Seconds that it might have taken.
    pub limit: Option<i64>,
}

/// The payload of a run's end that is no success, with the keys that Hermes' readers look for.
pub fn ended(outcome: Outcome, exit: Option<Exit>, error: &str, facts: &EndFacts) -> Value {
    let (exit_kind, exit_code) = match exit {
        Some(Exit::Code(0)) => (None, Some(0)),
        Some(Exit::Code(code)) => (Some("nonzero_exit"), Some(code)),
        Some(Exit::Signal(signal)) => (Some("signaled"), Some(signal)),
        None => (None, None),
    };
    let over_time = outcome == Outcome::TimedOut;
    json!({
        "pid": facts.pid,
        "claimer": facts.claimer,
        "exit_kind": exit_kind,
        "exit_code": exit_code,
        "error": error,
        "elapsed_seconds": facts.elapsed.filter(|_| over_time),
        "limit_seconds": facts.limit.filter(|_| over_time),
        "protocol_violation": (outcome == Outcome::ProtocolViolation).then_some(true),
    })
}
