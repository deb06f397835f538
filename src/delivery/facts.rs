//! What a person needs to know about an event, most important first: what came of it or why it failed, who
//! did it and for how long, what follows, and where to look further.

use serde_json::Value;

use super::message::Fact;
use super::text::{clean, one_line};
use crate::board::notice::{Next, Notice};
use crate::time;

/// Lines of a long text that are shown.
const LINES_MAX: usize = 12;

/// A fact of an event, as text, if it says anything.
pub fn fact(payload: &Value, key: &str) -> Option<String> {
    match payload.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        other => Some(other.to_string()),
    }
}

/// What a person needs to know. `held_back` messages about the card were not sent on their own.
pub fn facts(about: &Notice, held_back: u32) -> Vec<Fact> {
    let payload = &about.event.payload;
    let run = about.run.as_ref();
    let card = about.task.as_ref();
    let mut out: Vec<Fact> = Vec::new();
    let mut add = |label, text: Option<String>, long| {
        let text = text.map(|text| match long {
            true => some_lines(&text),
            false => one_line(&text),
        });
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            out.push(Fact { label, text, long });
        }
    };
    match about.event.kind.as_str() {
        "completed" => {
            let summary = run
                .and_then(|run| run.summary.clone())
                .or_else(|| fact(payload, "summary"))
                .or_else(|| card.and_then(|card| card.result.clone()));
            add("summary", summary, true);
        }
        "blocked" | "block_loop_detected" | "dependency_wait" => {
            add("reason", fact(payload, "reason"), true);
            add(
                "needs",
                fact(payload, "kind").map(|kind| kind.replace('_', " ")),
                false,
            );
        }
        "heartbeat" => add("note", fact(payload, "note"), true),
        "assigned" => add("to", fact(payload, "assignee"), false),
        "reprioritized" => add("priority", fact(payload, "priority"), false),
        "cancelled" | "scheduled" | "unblocked" | "reclaimed" | "status" => {
            add("reason", fact(payload, "reason"), true);
        }
        _ => {
            let error = fact(payload, "error").or_else(|| run.and_then(|run| run.error.clone()));
            let last = run.and_then(|run| run.last_line.clone());
            let told = error.clone().unwrap_or_default();
            add("error", error, true);
            // Where the error ends with it, it says nothing more.
            add(
                "last output",
                last.filter(|last| !told.ends_with(last.trim())),
                true,
            );
        }
    }
    if about.event.kind == "gave_up" {
        add("failures", fact(payload, "failures"), false);
    }
    add("by", who(about), false);
    add("next", next(&about.next), false);
    if held_back > 0 {
        let plural = if held_back == 1 { "" } else { "s" };
        add(
            "held back",
            Some(format!(
                "{held_back} earlier message{plural} about this card"
            )),
            false,
        );
    }
    add("look", Some(about.look.clone()), false);
    out
}

/// The first lines of a text.
fn some_lines(text: &str) -> String {
    let clean = clean(text);
    let lines: Vec<&str> = clean.trim().lines().collect();
    match lines.len() > LINES_MAX {
        true => format!("{}\n…", lines[..LINES_MAX].join("\n")),
        false => lines.join("\n"),
    }
}

/// Who did it, at which attempt, how it ended and how long it took.
fn who(about: &Notice) -> Option<String> {
    let payload = &about.event.payload;
    let Some(run) = &about.run else {
        let assignee = about.task.as_ref().and_then(|card| card.assignee.clone());
        return fact(payload, "by")
            .or_else(|| fact(payload, "worker"))
            .or_else(|| fact(payload, "author"))
            .or(assignee);
    };
    let mut said = run.worker.clone().unwrap_or_else(|| "a worker".into());
    if let Some(attempt) = run.attempt.filter(|n| *n > 1) {
        said += &format!(", attempt {attempt}");
    }
    match (run.exit_code, run.exit_signal) {
        (Some(0), _) | (None, None) => {}
        (Some(code), _) => said += &format!(", exit {code}"),
        (None, Some(signal)) => said += &format!(", killed by signal {signal}"),
    }
    if let Some(ms) = run.duration_ms {
        said += &format!(", in {}", time::humane(ms / 1_000));
    }
    if let Some(by) = fact(payload, "by").filter(|by| run.worker.as_ref() != Some(by)) {
        said += &format!("; moved by {by}");
    }
    Some(said)
}

fn next(next: &Next) -> Option<String> {
    Some(match next {
        Next::Nothing => return None,
        Next::Retry { at: None } => "it is tried again".into(),
        Next::Retry { at: Some(at) } => {
            format!("it is tried again, not before {}", time::local(*at))
        }
        Next::Person { command } => format!("it waits for a person: {command}"),
        Next::Released { cards } if cards.len() == 1 => format!("{} may start now", cards[0]),
        Next::Released { cards } => format!("{} cards may start now", cards.len()),
        Next::Lane { until } => format!(
            "its worker is tried again at {}; its cards wait and are not charged",
            time::local(*until)
        ),
    })
}
