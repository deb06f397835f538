//! Pushover: messages to the phones of a user or a group, sent by an application.

use serde_json::{Value, json};

use super::parts;
use super::urgency::{Urgency, urgency};
use crate::board::delivery::{Outcome, WAIT_MAX};
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::text::{Dialect, Unit};
use crate::delivery::verdict::{at_least, by_status, number_at, says, short, text_at, unclear};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Parcel, Secrets};
use crate::time::Seconds;

/// The API of Pushover.
const USUAL: &str = "https://api.pushover.net";
/// Characters of a message and of a title, counted in UTF-16 units, which are never fewer.
const MESSAGE_MAX: usize = 1_024;
const TITLE_MAX: usize = 250;
/// Seconds that Pushover wants to be left alone after an error of its own.
const AFTER_FAULT: Seconds = 5;

/// Nothing in a text has a meaning as long as `html` is not asked for.
const TEXT: Dialect = Dialect::plain(Unit::Utf16);

struct Pushover {
    to: Endpoint,
    token: String,
    user: Option<String>,
}

/// A channel to a user or a group. Nothing is sent.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(pushover(settings, secrets)?))
}

fn pushover(settings: &config::Channel, secrets: &Secrets) -> Result<Pushover, String> {
    Ok(Pushover {
        to: parts::base(secrets, USUAL)?.below(&["1", "messages.json"]),
        token: parts::word("token", secrets.token.as_deref())?,
        user: parts::word_if("to", settings.keys.to.as_deref())?,
    })
}

// Pushover limits messages a month and connections at a time, but not how fast they follow each other, so
// there is no pace to keep.
impl Channel for Pushover {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        wire.hide(&self.token);
        let Some(user) = parts::recipient(parcel, self.user.as_deref()) else {
            return Outcome::dead_target("there is no user or group to send to");
        };
        parts::once(self.request(parcel, user), parcel, wire, judge)
    }
}

impl Pushover {
    fn request(&self, parcel: &Parcel, user: &str) -> Request {
        let message = parcel.message();
        let json = json!({
            "token": self.token,
            "user": user,
            "title": message.headline(&TEXT, TITLE_MAX),
            "message": parts::body(&message, &TEXT, MESSAGE_MAX),
            "priority": priority(&message.kind),
            "timestamp": parcel.notice.event.at,
        });
        Request::json(self.to.clone(), json.to_string().into_bytes())
    }
}

/// -2 to 2: -1 makes no sound, 1 breaks through quiet hours; 2 would ring until somebody answers.
fn priority(kind: &str) -> i8 {
    match urgency(kind) {
        Urgency::Low => -1,
        Urgency::Normal | Urgency::Look => 0,
        Urgency::Late | Urgency::Failed => 1,
    }
}

fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let json = reply.json().unwrap_or_default();
    let errors = parts::errors(&json);
    let said = match errors.is_empty() {
        true => parts::complaint(reply, &["error"]),
        false => errors.join("; "),
    };
    match reply.status {
        200..=299 if number_at(&json, "status") == Some(1) => {
            Outcome::delivered(text_at(&json, &["request"]).map(|id| short(&id)))
        }
        200..=299 if errors.is_empty() => unclear(reply, &said),
        429 => Outcome::retry_after(
            says(reply, &said),
            until_reset(reply, now).or_else(|| reply.retry_after(now)),
        ),
        200..=299 | 400..=499 if accuses(&json, &errors) => {
            Outcome::dead_target(says(reply, &said))
        }
        200..=299 => Outcome::dead_message(says(reply, &said)),
        500..=599 => at_least(by_status(reply, &said, now), AFTER_FAULT),
        _ => by_status(reply, &said, now),
    }
}

/// Whether it is the user or the application that is refused, and not the message.
fn accuses(json: &Value, errors: &[String]) -> bool {
    ["user", "token"]
        .iter()
        .any(|who| json.get(who).is_some() || errors.iter().any(|error| error.contains(who)))
}

/// Seconds until the quota of the month is given anew.
fn until_reset(reply: &Reply, now: Seconds) -> Option<Seconds> {
    let at: Seconds = reply.header("x-limit-app-reset")?.trim().parse().ok()?;
    Some(at.saturating_sub(now).clamp(1, WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, NOW};
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    fn channel(url: Option<&str>, token: Option<&str>, to: &str) -> Result<Pushover, String> {
        let settings = fake::settings(ChannelKind::Pushover, |keys| keys.to = Some(to.into()));
        pushover(&settings, &fake::secrets(url, token, None))
    }

    fn usual() -> Pushover {
        channel(None, Some("asesame"), "uQiRzpo4DXghDmr9QzzfQu27cmVRsG").unwrap()
    }

    #[test]
    fn a_message_names_application_and_user() {
        let request = usual().request(&fake::parcel("gave_up", HOSTILE), "u1");
        assert_eq!(
            request.to.as_str(),
            "https://api.pushover.net/1/messages.json"
        );
        let body = fake::body(&request);
        assert_eq!(
            (&body["token"], &body["user"]),
            (&json!("asesame"), &json!("u1"))
        );
        assert_eq!(body["priority"], 1);
        assert_eq!(body["timestamp"], NOW);
        assert_eq!(
            body["title"],
            format!("❌ [default] t_1a2b3c4d {HOSTILE}: gave up")
        );
        assert_eq!((body.get("html"), body.get("retry")), (None, None));
        for (kind, priority) in [
            ("completed", 0),
            ("blocked", 0),
            ("timed_out", 1),
            ("edited", -1),
        ] {
            let request = usual().request(&fake::parcel(kind, "x"), "u1");
            assert_eq!(fake::body(&request)["priority"], priority, "{kind}");
        }
    }

    #[test]
    fn no_message_is_too_long_or_acts() {
        for parcel in fake::large_parcels() {
            let body = fake::body(&usual().request(&parcel, "u1"));
            for (part, max) in [("title", TITLE_MAX), ("message", MESSAGE_MAX)] {
                let text = body[part].as_str().unwrap();
                assert!(Unit::Utf16.measure(text) <= max, "{text}");
                fake::assert_harmless(text);
            }
        }
        fake::assert_clean(&usual().request(&fake::dirty_parcel(), "u1").body);
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_with_its_key() {
        for (url, token, to, key) in [
            (Some("sesame"), Some("sesame"), "u1", "url"),
            (None, None, "u1", "token"),
            (None, Some("ses ame"), "u1", "token"),
            (None, Some("sesame"), "u 1", "to"),
        ] {
            fake::assert_refused(channel(url, token, to), key, "same");
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let ok = r#"{"status":1,"request":"647d2300-702c-4b38-8b2f-d56326ae460b"}"#;
        assert_eq!(
            judge(&reply(200, ok), NOW),
            Outcome::delivered(Some("647d2300-702c-4b38-8b2f-d56326ae460b".into()))
        );
        for bad in ["", "<html>", "{}", r#"{"status":0}"#, r#"{"status":1"#] {
            assert_eq!(judge(&reply(200, bad), NOW).word(), "ambiguous", "{bad}");
        }
        let user = r#"{"user":"invalid","errors":["user identifier is invalid"],"status":0,"request":"r"}"#;
        assert_eq!(
            judge(&reply(400, user), NOW),
            Outcome::dead_target("HTTP 400: user identifier is invalid")
        );
        let token = r#"{"token":"invalid","errors":["application token is invalid"],"status":0}"#;
        let blank =
            r#"{"message":"cannot be blank","errors":["message cannot be blank"],"status":0}"#;
        for (status, body, word) in [
            (400, token, "dead_target"),
            (400, blank, "dead_message"),
            (200, user, "dead_target"),
            (200, blank, "dead_message"),
            (302, "", "dead_target"),
            (404, "", "dead_target"),
            (413, "", "dead_message"),
        ] {
            assert_eq!(judge(&reply(status, body), NOW).word(), word, "{body}");
        }
        assert_eq!(
            judge(&reply(503, ""), NOW),
            Outcome::retry_after("HTTP 503", Some(AFTER_FAULT))
        );
    }

    #[test]
    fn a_quota_that_is_used_up_is_waited_for() {
        let until = |reset: &str| {
            let reply = with(reply(429, ""), "x-limit-app-reset", reset);
            judge(&reply, NOW)
        };
        let wait = |after| Outcome::retry_after("HTTP 429", after);
        assert_eq!(until(&(NOW + 600).to_string()), wait(Some(600)));
        assert_eq!(until(&(NOW - 600).to_string()), wait(Some(1)));
        assert_eq!(
            until(&(NOW + 30 * 86_400).to_string()),
            wait(Some(WAIT_MAX))
        );
        assert_eq!(until(&i64::MIN.to_string()), wait(Some(1)));
        assert_eq!(until("soon"), wait(None));
        let header = with(reply(429, ""), "retry-after", "7");
        assert_eq!(judge(&header, NOW), wait(Some(7)));
    }

    #[test]
    fn the_token_is_hidden_and_a_message_to_nobody_is_not_sent() {
        let mut channel = channel(Some("http://127.0.0.1:1"), Some("asesame"), "u1").unwrap();
        let parcel = fake::parcel("test", "x");
        let (outcome, exchanges) = fake::send(&channel, &parcel);
        assert_eq!(outcome.word(), "retry");
        let shown = format!("{exchanges:?}");
        assert!(shown.contains("u1") && !shown.contains("sesame"), "{shown}");
        channel.user = None;
        let nobody = Outcome::dead_target("there is no user or group to send to");
        assert_eq!(fake::send(&channel, &parcel).0, nobody);
    }
}
