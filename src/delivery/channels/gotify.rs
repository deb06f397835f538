//! Gotify: an application on a server of one's own.

use serde_json::json;

use super::parts;
use super::urgency::{Urgency, urgency};
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::text::{Dialect, Unit};
use crate::delivery::verdict::{by_status, short, text_at, unclear};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Parcel, Secrets};
use crate::time::Seconds;

/// UTF-16 units of a message and a title. Gotify names no limits; its columns of a MySQL database hold
/// 64 KiB, and nobody reads that much on a phone.
const MESSAGE_MAX: usize = 4_096;
const TITLE_MAX: usize = 250;

const TEXT: Dialect = Dialect::plain(Unit::Utf16);

struct Gotify {
    to: Endpoint,
    token: String,
}

/// A channel to an application, which its token names. Nothing is sent.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(gotify(settings, secrets)?))
}

fn gotify(_: &config::Channel, secrets: &Secrets) -> Result<Gotify, String> {
    Ok(Gotify {
        // There is no server for everybody: without an address, this says that it is empty.
        to: parts::base(secrets, "")?.below(&["message"]),
        token: parts::word("token", secrets.token.as_deref())?,
    })
}

impl Channel for Gotify {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        wire.hide(&self.token);
        parts::once(self.request(parcel), parcel, wire, judge)
    }
}

impl Gotify {
    fn request(&self, parcel: &Parcel) -> Request {
        let message = parcel.message();
        let json = json!({
            "title": message.headline(&TEXT, TITLE_MAX),
            "message": parts::body(&message, &TEXT, MESSAGE_MAX),
            "priority": priority(&message.kind),
            "extras": {"client::display": {"contentType": "text/plain"}},
        });
        Request::json(self.to.clone(), json.to_string().into_bytes())
            .header("x-gotify-key", &self.token)
    }
}

/// 0 to 10: from 4 on it makes a sound, from 8 on it stays on top.
fn priority(kind: &str) -> u8 {
    match urgency(kind) {
        Urgency::Low => 2,
        Urgency::Normal => 4,
        Urgency::Look => 6,
        Urgency::Late => 7,
        Urgency::Failed => 8,
    }
}

fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let said = parts::complaint(reply, &["errorDescription", "error"]);
    if reply.is_good() {
        let id = reply.json().and_then(|json| text_at(&json, &["id"]));
        return match id.filter(|id| !id.is_empty()) {
            Some(id) => Outcome::delivered(Some(short(&id))),
            None => unclear(reply, &said),
        };
    }
    by_status(reply, &said, now)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, NOW};
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    fn channel(url: Option<&str>, token: Option<&str>) -> Result<Gotify, String> {
        let settings = fake::settings(ChannelKind::Gotify, |_| {});
        gotify(&settings, &fake::secrets(url, token, None))
    }

    fn usual() -> Gotify {
        channel(Some("https://push.example.org/gotify/"), Some("Asesame")).unwrap()
    }

    #[test]
    fn a_message_goes_below_the_base_with_the_token_in_a_header() {
        let request = usual().request(&fake::parcel("crashed", HOSTILE));
        assert_eq!(
            request.to.as_str(),
            "https://push.example.org/gotify/message"
        );
        assert_eq!(fake::header(&request, "x-gotify-key"), Some("Asesame"));
        let body = fake::body(&request);
        assert_eq!(body["priority"], 8);
        assert_eq!(
            body["title"],
            format!("❌ [default] t_1a2b3c4d {HOSTILE}: failed")
        );
        assert!(body["message"].as_str().unwrap().contains("look: kanban"));
        for (kind, priority) in [("completed", 4), ("blocked", 6), ("timed_out", 7)] {
            let request = usual().request(&fake::parcel(kind, "x"));
            assert_eq!(fake::body(&request)["priority"], priority, "{kind}");
        }
    }

    #[test]
    fn no_message_is_too_long_or_acts() {
        for parcel in fake::large_parcels() {
            let body = fake::body(&usual().request(&parcel));
            for (part, max) in [("title", TITLE_MAX), ("message", MESSAGE_MAX)] {
                let text = body[part].as_str().unwrap();
                assert!(Unit::Utf16.measure(text) <= max, "{text}");
                fake::assert_harmless(text);
            }
        }
        fake::assert_clean(&usual().request(&fake::dirty_parcel()).body);
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_with_its_key() {
        for (url, token, key) in [
            (None, Some("sesame"), "url"),
            (Some("push.example.org/sesame"), Some("sesame"), "url"),
            (Some("https://push.example.org"), None, "token"),
            (Some("https://push.example.org"), Some("ses\name"), "token"),
        ] {
            fake::assert_refused(channel(url, token), key, "same");
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        assert_eq!(
            judge(&reply(200, r#"{"id":25,"appid":1,"message":"x"}"#), NOW),
            Outcome::delivered(Some("25".into()))
        );
        for bad in ["", "<html>", "{}", r#"{"id":2"#, &"x".repeat(65_536)] {
            assert_eq!(judge(&reply(200, bad), NOW).word(), "ambiguous", "{bad}");
        }
        let unauthorized = r#"{"error":"Unauthorized","errorCode":401,"errorDescription":"you need to provide a valid access token"}"#;
        assert_eq!(
            judge(&reply(401, unauthorized), NOW),
            Outcome::dead_target("HTTP 401: you need to provide a valid access token")
        );
        for (status, word) in [
            (302, "dead_target"),
            (400, "dead_message"),
            (403, "dead_target"),
            (404, "dead_target"),
            (500, "ambiguous"),
            (503, "retry"),
        ] {
            assert_eq!(judge(&reply(status, ""), NOW).word(), word, "{status}");
        }
        // Gotify limits nothing, but what stands in front of it may.
        let limited = with(reply(429, ""), "retry-after", "7");
        assert_eq!(
            judge(&limited, NOW),
            Outcome::retry_after("HTTP 429", Some(7))
        );
    }

    #[test]
    fn the_token_is_hidden() {
        let channel = channel(Some("http://127.0.0.1:1"), Some("Asesame")).unwrap();
        let parcel = fake::parcel("test", "x");
        let (outcome, exchanges) = fake::send(&channel, &parcel);
        assert_eq!(outcome.word(), "retry");
        assert!(!format!("{exchanges:?}").contains("sesame"));
        let said = fake::masked(&channel, &parcel, "it was Asesame");
        assert_eq!(said, "it was ***");
    }
}
