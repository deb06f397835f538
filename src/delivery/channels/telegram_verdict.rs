//! What Telegram's answers mean, and which other way to send it names.

use serde_json::Value;

use super::parts;
use crate::board::delivery::Outcome;
use crate::delivery::http::Reply;
use crate::delivery::verdict::{by_status, number_at, says, text_at, unclear, wait_of};
use crate::time::Seconds;

/// Complaints about the topic that a message was to go to.
const OF_THREAD: [&str; 4] = [
    "thread not found",
    "topic_closed",
    "topic_deleted",
    "topic closed",
];

/// Complaints about our HTML.
const OF_MARKUP: [&str; 1] = ["can't parse entities"];

/// Complaints with a status of 400 that are about the chat; all others are about the message.
const TARGET_IS_BAD: [&str; 10] = [
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "chat_write_forbidden",
    "not enough rights",
    "have no rights",
    "administrator rights",
    "chat_admin_required",
    "upgraded to a supergroup",
    "group is deactivated",
];

/// One way to send a parcel; another is tried if Telegram says which would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// A number or @name.
    pub chat: String,
    /// The topic there.
    pub thread: Option<i64>,
    /// Whether the text is HTML.
    pub html: bool,
    /// Whether the chat is already the one that Telegram named instead.
    pub moved: bool,
}

/// What went wrong, in lower case; Telegram's texts change. `None`: nothing did, or it was not Telegram.
fn complaint(answer: &Value) -> Option<String> {
    match answer["ok"].as_bool() {
        Some(false) => Some(text_at(answer, &["description"])?.to_lowercase()),
        _ => None,
    }
}

fn has(complaint: &str, any: &[&str]) -> bool {
    any.iter().any(|part| complaint.contains(part))
}

/// The way that is left when this one was refused, and what is said about it.
pub fn another(reply: &Reply, form: &Form) -> Option<(Form, String)> {
    let answer = reply.json().filter(|_| reply.status == 400)?;
    let complaint = complaint(&answer)?;
    let moved = answer
        .get("parameters")
        .and_then(|parameters| number_at(parameters, "migrate_to_chat_id"));
    if let Some(chat) = moved.filter(|_| !form.moved) {
        let next = Form {
            chat: chat.to_string(),
            moved: true,
            ..form.clone()
        };
        return Some((next, format!("chat is now {chat}")));
    }
    if form.thread.is_some() && has(&complaint, &OF_THREAD) {
        let next = Form {
            thread: None,
            ..form.clone()
        };
        return Some((next, "outside of its thread".into()));
    }
    if form.html && has(&complaint, &OF_MARKUP) {
        let next = Form {
            html: false,
            ..form.clone()
        };
        return Some((next, "as plain text".into()));
    }
    None
}

/// What an answer means.
pub fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let answer = reply.json().unwrap_or_default();
    if answer["ok"].as_bool() == Some(true) && reply.status == 200 {
        return Outcome::delivered(text_at(&answer, &["result", "message_id"]));
    }
    let said = text_at(&answer, &["description"]).unwrap_or_else(|| reply.text());
    let Some(complaint) = complaint(&answer).filter(|_| !(300..400).contains(&reply.status)) else {
        return parts::otherwise(reply, &said, now);
    };
    // The code is the status; where a proxy made another of that, the code is Telegram's own word.
    let code = number_at(&answer, "error_code").and_then(|code| u16::try_from(code).ok());
    let seen = Reply {
        status: code.filter(|code| *code >= 400).unwrap_or(reply.status),
        ..reply.clone()
    };
    let why = says(&seen, &said);
    let wait = answer["parameters"]["retry_after"].as_f64();
    match seen.status {
        200..=299 => unclear(reply, &said),
        429 => Outcome::retry_after(
            why,
            wait.and_then(wait_of).or_else(|| reply.retry_after(now)),
        ),
        400 if has(&complaint, &TARGET_IS_BAD) || has(&complaint, &OF_THREAD) => {
            Outcome::dead_target(why)
        }
        _ => by_status(&seen, &said, now),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::assert_meanings;
    use super::*;
    use crate::delivery::verdict::tests::{reply, with};
    use serde_json::json;

    const GOOD: &str = r#"{"ok":true,"result":{"message_id":5}}"#;

    fn failed(code: u16, description: &str) -> String {
        json!({"ok": false, "error_code": code, "description": description}).to_string()
    }

    fn form(thread: Option<i64>) -> Form {
        Form {
            chat: "-1001".into(),
            thread,
            html: true,
            moved: false,
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        for (code, said, word) in [
            (400, "Bad Request: chat not found", "dead_target"),
            (400, "Bad Request: message thread not found", "dead_target"),
            (400, "Bad Request: TOPIC_CLOSED", "dead_target"),
            (
                400,
                "Bad Request: not enough rights to send text messages to the chat",
                "dead_target",
            ),
            (400, "Bad Request: message is too long", "dead_message"),
            (400, "Bad Request: message text is empty", "dead_message"),
            (400, "Bad Request: can't parse entities: x", "dead_message"),
            (400, "Bad Request: something new", "dead_message"),
            (401, "Unauthorized", "dead_target"),
            (404, "Not Found", "dead_target"),
            (
                403,
                "Forbidden: bot was kicked from the supergroup chat",
                "dead_target",
            ),
            (403, "Forbidden: bot was blocked by the user", "dead_target"),
            (429, "Too Many Requests: retry after 17", "retry"),
            (500, "Internal Server Error", "ambiguous"),
        ] {
            let answer = failed(code, said);
            assert_eq!(judge(&reply(code, &answer), 0).word(), word, "{said}");
            let through_proxy = judge(&reply(200, &answer), 0);
            assert_eq!(through_proxy.word(), word, "200 {said}");
        }
        let table = r#"
            200 delivered {"ok":true,"result":{"message_id":5}}
            302 dead_target {"ok":true,"result":{"message_id":5}}
            200 ambiguous {"ok":false}
            200 ambiguous {}
            200 ambiguous
            200 ambiguous {"ok":true,
            502 ambiguous <html>
            404 dead_target <html>
        "#;
        assert_meanings(judge, table);
        let good = judge(&reply(200, GOOD), 0);
        assert_eq!(good, Outcome::delivered(Some("5".into())));
    }

    #[test]
    fn the_wait_is_read_where_telegram_puts_it() {
        let body = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 17","parameters":{"retry_after":17}}"#;
        let why = "HTTP 429: Too Many Requests: retry after 17";
        assert_eq!(
            judge(&reply(429, body), 0),
            Outcome::retry_after(why, Some(17))
        );
        let bare = with(reply(429, "slow"), "retry-after", "7");
        assert_eq!(
            judge(&bare, 0),
            Outcome::retry_after("HTTP 429: slow", Some(7))
        );
    }

    #[test]
    fn the_same_complaint_twice_ends_it() {
        let moved = reply(
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100999}}"#,
        );
        let (next, note) = another(&moved, &form(None)).unwrap();
        assert_eq!(
            (next.chat.as_str(), note.as_str()),
            ("-100999", "chat is now -100999")
        );
        assert_eq!(another(&moved, &next), None);
        assert_eq!(judge(&moved, 0).word(), "dead_target");
        let thread = reply(400, failed(400, "Bad Request: message thread not found"));
        assert_eq!(another(&thread, &form(None)), None);
        assert_eq!(
            another(&reply(403, failed(403, "thread not found")), &form(Some(1))),
            None
        );
    }
}
