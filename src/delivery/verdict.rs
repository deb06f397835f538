//! What an answer means where its channel has no rule of its own, and the parts that such rules are made of.

use serde_json::Value;

use super::http::Reply;
use super::text;
use crate::board::delivery::{Outcome, WAIT_MAX};
use crate::time::{self, Seconds};

/// What is kept of what a receiver says, in UTF-16 units.
const SAID_MAX: usize = 200;

impl Reply {
    /// Whether the status is one of success.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, if it is that.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Seconds that `Retry-After` asks to wait: a number, perhaps with a fraction, or a date. A date in the
    /// past means now.
    pub fn retry_after(&self, now: Seconds) -> Option<Seconds> {
        let value = self.header("retry-after")?.trim();
        match value.parse::<f64>() {
            Ok(seconds) => wait_of(seconds),
            Err(_) => {
                let at = time::http_date(value)?;
                Some(at.saturating_sub(now).clamp(0, WAIT_MAX))
            }
        }
    }
}

/// A number of seconds as a wait, rounded up. `None`: it is no sensible one.
pub fn wait_of(seconds: f64) -> Option<Seconds> {
    let limit = WAIT_MAX as f64;
    (seconds.is_finite() && seconds >= 0.0).then(|| seconds.ceil().clamp(1.0, limit) as Seconds)
}

/// `HTTP 400`, and what the receiver said about it.
pub fn says(reply: &Reply, said: &str) -> String {
    match said.trim() {
        "" => format!("HTTP {}", reply.status),
        said => format!("HTTP {}: {}", reply.status, short(said)),
    }
}

/// What a receiver says, on one line and not too long.
pub fn short(said: &str) -> String {
    text::Dialect::plain(text::Unit::Utf16).fit(&text::one_line(said), SAID_MAX)
}

/// The meaning of a status where the channel has no other (RFC 9110 and the practice of webhook senders).
pub fn by_status(reply: &Reply, said: &str, now: Seconds) -> Outcome {
    let why = says(reply, said);
    let after = reply.retry_after(now);
    match reply.status {
        200..=299 => Outcome::delivered(None),
        300..=399 => Outcome::dead_target(format!(
            "HTTP {}: it answers from another address now, and redirects are never followed",
            reply.status
        )),
        410 => Outcome::DeadTarget { why, gone: true },
        401 | 403 | 404 | 407 => Outcome::dead_target(why),
        408 | 425 => Outcome::Ambiguous { why, after },
        409 | 429 | 503 => Outcome::retry_after(why, after),
        500..=599 => Outcome::Ambiguous { why, after },
        _ => Outcome::dead_message(why),
    }
}

/// The same, but not tried again before `least` seconds: where a channel tells no wait and has one.
pub fn at_least(outcome: Outcome, least: Seconds) -> Outcome {
    let longer = |after: Option<Seconds>| Some(after.unwrap_or(0).max(least));
    match outcome {
        Outcome::Retry { why, after, reach } => Outcome::Retry {
            why,
            after: longer(after),
            reach,
        },
        Outcome::Ambiguous { why, after } => Outcome::Ambiguous {
            why,
            after: longer(after),
        },
        other => other,
    }
}

/// A good status whose body does not say that it is good: never a success. It may still have been one.
pub fn unclear(reply: &Reply, said: &str) -> Outcome {
    if let Some(broken) = &reply.broken {
        return Outcome::ambiguous(format!("HTTP {}, but {broken}", reply.status));
    }
    Outcome::ambiguous(format!(
        "{}, which is not its answer for success",
        says(reply, said)
    ))
}

/// The text at a path of keys, wherever it is text or a number.
pub fn text_at(value: &Value, path: &[&str]) -> Option<String> {
    let mut at = value;
    for key in path {
        at = at.get(key)?;
    }
    match at {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The whole number at a key, even where a receiver writes it as text.
pub fn number_at(value: &Value, key: &str) -> Option<i64> {
    match value.get(key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An answer as a test needs one.
    pub fn reply(status: u16, body: impl AsRef<[u8]>) -> Reply {
        Reply {
            status,
            body: body.as_ref().to_vec(),
            ..Reply::default()
        }
    }

    /// The same with a header.
    pub fn with(mut reply: Reply, name: &str, value: &str) -> Reply {
        reply.headers.push((name.to_owned(), value.to_owned()));
        reply
    }

    #[test]
    fn a_wait_is_read_in_every_form_and_is_never_endless() {
        for (value, wait) in [
            ("7", Some(7)),
            ("0", Some(1)),
            ("1.2", Some(2)),
            (" 65 ", Some(65)),
            ("1e99", Some(WAIT_MAX)),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
            ("Fri, 02 Jan 2026 00:00:30 GMT", Some(30)),
            ("Thu, 01 Jan 2026 00:00:00 GMT", Some(0)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(WAIT_MAX)),
        ] {
            let reply = with(reply(429, ""), "retry-after", value);
            assert_eq!(reply.retry_after(1_767_312_000), wait, "{value}");
        }
        assert_eq!(reply(429, "").retry_after(0), None);
    }

    #[test]
    fn each_status_has_its_meaning() {
        for (status, word) in [
            (204, "delivered"),
            (302, "dead_target"),
            (308, "dead_target"),
            (400, "dead_message"),
            (401, "dead_target"),
            (403, "dead_target"),
            (404, "dead_target"),
            (408, "ambiguous"),
            (409, "retry"),
            (410, "dead_target"),
            (413, "dead_message"),
            (418, "dead_message"),
            (422, "dead_message"),
            (429, "retry"),
            (500, "ambiguous"),
            (502, "ambiguous"),
            (503, "retry"),
            (504, "ambiguous"),
            (599, "ambiguous"),
        ] {
            assert_eq!(
                by_status(&reply(status, ""), "", 0).word(),
                word,
                "{status}"
            );
        }
        let gone = by_status(&reply(410, ""), "bye", 0);
        let gone_for_good = Outcome::DeadTarget {
            why: "HTTP 410: bye".into(),
            gone: true,
        };
        assert_eq!(gone, gone_for_good);
    }

    #[test]
    fn a_wait_of_the_channel_is_the_least_and_changes_no_end() {
        let asked = |after| Outcome::retry_after("x", after);
        assert_eq!(at_least(asked(None), 30), asked(Some(30)));
        assert_eq!(at_least(asked(Some(7)), 30), asked(Some(30)));
        assert_eq!(at_least(asked(Some(70)), 30), asked(Some(70)));
        let dead = Outcome::dead_message("x");
        assert_eq!(at_least(dead.clone(), 30), dead);
    }

    #[test]
    fn what_is_said_is_kept_short_and_harmless() {
        let said = says(&reply(400, ""), &format!("a\n\u{1b}[2J{}", "x".repeat(500)));
        assert!(said.starts_with("HTTP 400: a [2Jxxx") && said.ends_with('…'));
        assert!(said.chars().count() < 220);
    }
}
