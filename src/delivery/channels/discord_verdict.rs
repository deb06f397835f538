//! What Discord's answers mean.

use serde_json::Value;

use super::parts;
use crate::board::delivery::{Outcome, Reach};
use crate::delivery::http::Reply;
use crate::delivery::verdict::{number_at, says, text_at, unclear, wait_of};
use crate::time::Seconds;

/// Seconds to wait where the answer is not Discord's own: its front shuts out a whole address.
const SHUT_OUT: Seconds = 600;

/// What an answer means.
pub fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let answer = reply.json().filter(Value::is_object);
    let Some(answer) = answer else {
        return match reply.status {
            429 => too_much(reply, None, now),
            _ => parts::otherwise(reply, &reply.text(), now),
        };
    };
    let code = number_at(&answer, "code");
    let said = match (text_at(&answer, &["message"]), code) {
        (Some(text), Some(code)) => format!("{text} ({code})"),
        (Some(text), None) => text,
        (None, _) => reply.text(),
    };
    if reply.status == 429 {
        // Its own answer always has the wait.
        let own = answer.get("retry_after").is_some();
        return too_much(reply, own.then_some(&answer), now);
    }
    if reply.is_good() {
        return match text_at(&answer, &["id"]) {
            // 204 is the answer for a message that is not saved yet.
            Some(id) if reply.status == 200 => Outcome::delivered(Some(id)),
            _ => unclear(reply, &said),
        };
    }
    if reply.status < 400 {
        return parts::otherwise(reply, &said, now);
    }
    let why = says(reply, &said);
    match code.unwrap_or(0) {
        50_035 | 50_006 | 50_109 | 40_005 | 50_083 => Outcome::dead_message(why),
        // It never comes back, and who goes on asking for it is shut out.
        10_015 => Outcome::DeadTarget { why, gone: true },
        50_013 => Outcome::dead_target(format!(
            "{why}; it needs the permissions Send Messages and Embed Links there"
        )),
        220_001..=220_004 | 50_027 | 50_001 | 50_008 | 160_005 | 10_003 => {
            Outcome::dead_target(why)
        }
        20_016 | 20_028 | 40_004 => Outcome::retry_after(why, wait(reply, &answer, now)),
        _ => parts::otherwise(reply, &said, now),
    }
}

/// The longer of the waits that header and body name.
fn wait(reply: &Reply, answer: &Value, now: Seconds) -> Option<Seconds> {
    let body = answer.get("retry_after").and_then(Value::as_f64);
    reply.retry_after(now).max(body.and_then(wait_of))
}

fn too_much(reply: &Reply, answer: Option<&Value>, now: Seconds) -> Outcome {
    let Some(answer) = answer else {
        return Outcome::Retry {
            why: says(
                reply,
                "Discord's front takes nothing from this address for now",
            ),
            after: reply.retry_after(now).max(Some(SHUT_OUT)),
            reach: Reach::Service,
        };
    };
    let global = answer["global"].as_bool() == Some(true)
        || reply.header("x-ratelimit-scope") == Some("global")
        || reply.header("x-ratelimit-global") == Some("true");
    Outcome::Retry {
        why: says(reply, &text_at(answer, &["message"]).unwrap_or_default()),
        after: wait(reply, answer, now),
        reach: match global {
            true => Reach::Service,
            false => Reach::Target,
        },
    }
}

/// Whether a thread takes nothing because it was put away.
pub fn is_archived(reply: &Reply) -> bool {
    !reply.is_good() && code_of(reply) == Some(50_083)
}

fn code_of(reply: &Reply) -> Option<i64> {
    number_at(&reply.json()?, "code")
}

#[cfg(test)]
mod tests {
    use super::super::fake::assert_meanings;
    use super::*;
    use crate::delivery::verdict::tests::{reply, with};

    const GOOD: &str = r#"{"id":"1","channel_id":"2"}"#;

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"id":"1","channel_id":"2"}
            204 ambiguous
            200 ambiguous
            200 ambiguous {}
            200 ambiguous <html>
            200 ambiguous {"id":"1"
            302 dead_target {"id":"1","channel_id":"2"}
            400 dead_message {"message":"Invalid Form Body","code":50035}
            400 dead_message {"message":"Cannot send an empty message","code":50006}
            413 dead_message {"message":"Request entity too large","code":40005}
            400 dead_message {"message":"x","code":50083}
            400 dead_target {"message":"x","code":220001}
            401 dead_target {"message":"Invalid Webhook Token","code":50027}
            401 dead_target {"message":"401: Unauthorized","code":0}
            403 dead_target {"message":"Missing Permissions","code":50013}
            404 dead_target {"message":"Unknown Channel","code":10003}
            404 dead_target {"message":"Unknown Webhook","code":10015}
            404 dead_target
            400 retry {"message":"slow","code":20016}
            403 retry {"message":"off","code":40004}
            500 ambiguous {"message":"x","code":0}
            502 ambiguous <html>
            503 retry
        "#;
        assert_meanings(judge, table);
        assert_eq!(
            judge(&reply(200, GOOD), 0),
            Outcome::delivered(Some("1".into()))
        );
        let gone = judge(
            &reply(404, r#"{"message":"Unknown Webhook","code":10015}"#),
            0,
        );
        let why = "HTTP 404: Unknown Webhook (10015)".to_owned();
        assert_eq!(gone, Outcome::DeadTarget { why, gone: true });
    }

    #[test]
    fn the_longer_wait_counts_and_may_hold_all_of_discord() {
        let of = |reply: &Reply| match judge(reply, 0) {
            Outcome::Retry { after, reach, .. } => (after, reach),
            other => panic!("{other:?}"),
        };
        let global = reply(429, r#"{"message":"x","retry_after":64.57,"global":true}"#);
        let own = reply(429, r#"{"message":"x","retry_after":64.57,"global":false}"#);
        assert_eq!(of(&global), (Some(65), Reach::Service));
        assert_eq!(of(&own), (Some(65), Reach::Target));
        assert_eq!(of(&with(own.clone(), "retry-after", "70")).0, Some(70));
        assert_eq!(of(&with(own.clone(), "retry-after", "3")).0, Some(65));
        assert_eq!(
            of(&with(own, "x-ratelimit-scope", "global")).1,
            Reach::Service
        );
        for (reply, wait) in [
            (reply(429, "<html>banned</html>"), 600),
            (reply(429, r#"{"error":"banned"}"#), 600),
            (with(reply(429, ""), "retry-after", "7"), 600),
            (with(reply(429, ""), "retry-after", "3600"), 3_600),
        ] {
            assert_eq!(of(&reply), (Some(wait), Reach::Service));
        }
    }
}
