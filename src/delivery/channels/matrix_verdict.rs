//! What the answers of a Matrix homeserver mean.

use serde_json::Value;

use crate::board::delivery::Outcome;
use crate::delivery::http::Reply;
use crate::delivery::verdict::{by_status, says, text_at, unclear, wait_of};
use crate::time::Seconds;

/// Seconds to wait where the server's own resources are used up: its admin has to act.
const RESOURCES: Seconds = 3_600;

/// What an answer means. Its `errcode` says it, whatever the status.
pub fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let answer = reply.json().unwrap_or_default();
    let code = text_at(&answer, &["errcode"]).unwrap_or_default();
    if reply.status == 200
        && code.is_empty()
        && let Some(id) = text_at(&answer, &["event_id"]).filter(|id| !id.is_empty())
    {
        return Outcome::delivered(Some(id));
    }
    let said = match text_at(&answer, &["error"]) {
        _ if code.is_empty() => reply.text(),
        Some(error) => format!("{code}, {error}"),
        None => code.clone(),
    };
    if (300..400).contains(&reply.status) {
        return by_status(reply, &said, now);
    }
    let why = says(reply, &said);
    let after = reply.retry_after(now);
    match code.as_str() {
        "M_LIMIT_EXCEEDED" => Outcome::retry_after(why, after.or_else(|| in_ms(&answer))),
        "M_RESOURCE_LIMIT_EXCEEDED" => Outcome::retry_after(why, after.max(Some(RESOURCES))),
        "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" | "M_FORBIDDEN" | "M_NOT_FOUND"
        | "M_UNRECOGNIZED" | "M_USER_LOCKED" => Outcome::dead_target(why),
        // Room and thread are what it could be about: all else is of one form in every message.
        "M_INVALID_PARAM" => Outcome::dead_target(why),
        "M_BAD_JSON" | "M_NOT_JSON" | "M_TOO_LARGE" => Outcome::dead_message(why),
        _ => match reply.status {
            200..=299 => unclear(reply, &said),
            429 => Outcome::retry_after(why, after.or_else(|| in_ms(&answer))),
            500..=599 => Outcome::Ambiguous { why, after },
            _ => by_status(reply, &said, now),
        },
    }
}

/// The wait as it was told before there was a header for it.
fn in_ms(answer: &Value) -> Option<Seconds> {
    wait_of(answer["retry_after_ms"].as_f64()? / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, assert_meanings};
    use super::*;
    use crate::delivery::verdict::tests::{reply, with};

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"event_id":"$e"}
            200 ambiguous {"event_id":""}
            200 ambiguous {}
            200 ambiguous
            200 ambiguous <html>
            200 ambiguous {"event_id":"$
            302 dead_target {"event_id":"$e"}
            401 dead_target {"errcode":"M_UNKNOWN_TOKEN","error":"x","soft_logout":false}
            401 dead_target {"errcode":"M_MISSING_TOKEN"}
            401 dead_target {"errcode":"M_USER_LOCKED","soft_logout":true}
            403 dead_target {"errcode":"M_FORBIDDEN"}
            200 dead_target {"errcode":"M_FORBIDDEN"}
            404 dead_target {"errcode":"M_NOT_FOUND"}
            405 dead_target {"errcode":"M_UNRECOGNIZED"}
            400 dead_target {"errcode":"M_INVALID_PARAM"}
            400 dead_message {"errcode":"M_BAD_JSON"}
            400 dead_message {"errcode":"M_NOT_JSON"}
            413 dead_message {"errcode":"M_TOO_LARGE"}
            400 dead_message {"errcode":"M_UNKNOWN"}
            429 retry {"errcode":"M_LIMIT_EXCEEDED"}
            429 retry <html>
            500 ambiguous {"errcode":"M_UNKNOWN"}
            502 ambiguous <html>
            503 ambiguous
            404 dead_target <html>
            410 dead_target
        "#;
        assert_meanings(judge, table);
        let good = judge(&reply(200, r#"{"event_id":"$e"}"#), 0);
        assert_eq!(good, Outcome::delivered(Some("$e".into())));
        let bad = reply(200, b"{\"event_id\":\"\xff\"}");
        assert_eq!(judge(&bad, 0).word(), "ambiguous");
    }

    #[test]
    fn the_wait_is_that_of_the_header_or_else_of_the_body() {
        let limited = reply(
            429,
            r#"{"errcode":"M_LIMIT_EXCEEDED","error":"slow","retry_after_ms":1500}"#,
        );
        let full = reply(403, r#"{"errcode":"M_RESOURCE_LIMIT_EXCEEDED"}"#);
        for (reply, wait) in [
            (with(limited.clone(), "retry-after", "7"), Some(7)),
            (limited, Some(2)),
            (reply(429, r#"{"errcode":"M_LIMIT_EXCEEDED"}"#), None),
            (with(full.clone(), "retry-after", "7"), Some(3_600)),
            (full, Some(3_600)),
        ] {
            assert_eq!(fake::retries_after(judge(&reply, 0)), wait, "{reply:?}");
        }
    }
}
