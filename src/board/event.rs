//! The history of a card: event kinds and their payloads, as the shared `task_events` table has them.

use serde_json::{Value, json};

use super::retry::Next;
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

    /// A run ended in another way than by completion.
    pub fn ended(outcome: Outcome, exit: Option<Exit>, error: &str, pid: Option<i64>) -> Self {
        let (exit_kind, exit_code) = match exit {
            Some(Exit::Code(code)) => (Some("nonzero_exit"), Some(code)),
            Some(Exit::Signal(signal)) => (Some("signaled"), Some(signal)),
            None => (None, None),
        };
        Self::with(
            outcome.as_str(),
            json!({"pid": pid, "exit_kind": exit_kind, "exit_code": exit_code, "error": error}),
        )
    }

    /// The breaker tripped and the card is blocked.
    pub fn gave_up(next: Next, trigger: Outcome, error: &str, by_card: bool) -> Self {
        let (count, limit) = match next {
            Next::GiveUp { count, limit } => (Some(count), Some(limit)),
            Next::RetryAt(_) => (None, None),
        };
        Self::with(
            "gave_up",
            json!({
                "failures": count,
                "effective_limit": limit,
                "limit_source": if by_card { "task" } else { "dispatcher" },
                "error": error,
                "trigger_outcome": trigger.as_str(),
            }),
        )
    }
}
