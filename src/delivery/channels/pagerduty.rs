//! PagerDuty: alerts through the Events API, version 2.
//!
//! PagerDuty wakes people, so it is told of trouble and of the end of trouble. Trouble opens an alert that
//! has the card for its key, and what ends the card's trouble resolves the alert. Of any other event nothing
//! is sent, even if the channel asks for it: that counts as delivered, with a receipt that says so.

use serde_json::{Map, Value, json};

use super::parts;
use crate::board::delivery::Outcome;
use crate::board::notice::{self, Level};
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::text::{Dialect, Unit, clean};
use crate::delivery::verdict::{at_least, by_status, says, short, text_at, unclear};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets, sign};
use crate::time::{self, Seconds};

/// The service in the United States; that of Europe has an address of its own.
const USUAL: &str = "https://events.pagerduty.com";
/// Characters of a summary.
const SUMMARY_MAX: usize = 1_024;
/// Characters of a key that alerts are told apart by.
const KEY_MAX: usize = 255;
/// Bytes of JSON that the facts may take: an eighth of the 512 KB that an event may have.
const DETAILS_MAX: usize = 64 * 1_024;
/// PagerDuty takes about 120 events a minute for each key: 30 at once and one a second are 90.
const PACE: Pace = Pace {
    burst: 30,
    every_ms: 1_000,
};
/// Seconds that PagerDuty advises to wait when it is told too much; it sends no wait of its own.
const AFTER_LIMIT: Seconds = 30;

const TEXT: Dialect = Dialect::plain(Unit::Utf16);

struct Pagerduty {
    to: Endpoint,
    key: String,
}

/// A channel to a service, which its integration key names. Nothing is sent.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(pagerduty(settings, secrets)?))
}

fn pagerduty(_: &config::Channel, secrets: &Secrets) -> Result<Pagerduty, String> {
    Ok(Pagerduty {
        to: parts::base(secrets, USUAL)?.below(&["v2", "enqueue"]),
        key: parts::word("token", secrets.token.as_deref())?,
    })
}

impl Channel for Pagerduty {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        // It stands in the body, not in a header.
        wire.hide(&self.key);
        let Some(request) = self.request(parcel) else {
            return Outcome::delivered(Some("nothing was sent: this is no alert".into()));
        };
        parts::once(request, parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

/// What an event is to PagerDuty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Trouble of this severity.
    Trigger(&'static str),
    /// The end of it.
    Resolve,
}

/// `None`: neither trouble nor its end.
fn action(kind: &str) -> Option<Action> {
    match kind {
        "completed" | "unblocked" | "cancelled" | "archived" => return Some(Action::Resolve),
        // Whoever tests the channel wants to see that it arrives.
        "test" => return Some(Action::Trigger("info")),
        _ => {}
    }
    match notice::known(kind)?.level {
        Level::Warning => Some(Action::Trigger("warning")),
        Level::Bad => Some(Action::Trigger("error")),
        Level::Good | Level::Info => None,
    }
}

impl Pagerduty {
    fn request(&self, parcel: &Parcel) -> Option<Request> {
        let event = &parcel.notice.event;
        let mut json = json!({
            "routing_key": self.key,
            "dedup_key": dedup_key(parcel),
            "client": "kanban",
        });
        match action(&event.kind)? {
            Action::Resolve => json["event_action"] = json!("resolve"),
            Action::Trigger(severity) => {
                let board = &parcel.notice.board;
                json["event_action"] = json!("trigger");
                json["payload"] = json!({
                    "summary": parcel.message().headline(&TEXT, SUMMARY_MAX),
                    "source": format!("kanban/{board}"),
                    "severity": severity,
                    "timestamp": time::rfc3339(event.at),
                    "component": "kanban",
                    "group": board,
                    "class": parcel.kind(),
                    "custom_details": within(&parcel.payload(), DETAILS_MAX),
                });
            }
        }
        Some(Request::json(
            self.to.clone(),
            json.to_string().into_bytes(),
        ))
    }
}

/// Everything about one card is one alert. What concerns no card is one by its kind and what it is about.
fn dedup_key(parcel: &Parcel) -> String {
    let about = &parcel.notice;
    let what = match &about.task {
        Some(card) => card.id.clone(),
        None => {
            let name = text_at(&about.event.payload, &["about"]).unwrap_or_default();
            format!("{}/{name}", about.event.kind)
        }
    };
    let key = format!("kanban/{}/{what}", about.board);
    match Unit::Utf16.measure(&key) <= KEY_MAX {
        true => key,
        // Cut short, it could be another alert's.
        false => format!("kanban/{}", sign::digest(&key)),
    }
}

/// The facts, harmless and in at most `max` bytes of JSON: the longest texts give way.
fn within(facts: &Value, max: usize) -> Value {
    let facts = mapped(facts, &clean);
    let mut longest = max / 8;
    while longest >= 16 {
        let fit = |text: &str| Dialect::plain(Unit::Json).fit(text, longest);
        let cut = mapped(&facts, &fit);
        if cut.to_string().len() <= max {
            return cut;
        }
        longest /= 2;
    }
    // So many of them that not even their beginnings fit.
    Value::Object(Map::new())
}

/// The same with every text rewritten.
fn mapped(value: &Value, rewrite: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(rewrite(text)),
        Value::Array(list) => list.iter().map(|item| mapped(item, rewrite)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| (rewrite(key), mapped(item, rewrite)))
            .collect(),
        other => other.clone(),
    }
}

fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let json = reply.json().unwrap_or_default();
    let errors = parts::errors(&json);
    let said = match errors.is_empty() {
        true => parts::complaint(reply, &["message", "status"]),
        false => errors.join("; "),
    };
    match reply.status {
        202 if text_at(&json, &["status"]).is_some_and(|status| status == "success") => {
            Outcome::delivered(text_at(&json, &["dedup_key"]).map(|key| short(&key)))
        }
        200..=299 => unclear(reply, &said),
        400 if accuses(&said) => Outcome::dead_target(says(reply, &said)),
        429 => at_least(by_status(reply, &said, now), AFTER_LIMIT),
        // Told twice, it is still one alert.
        500..=599 => Outcome::retry_after(says(reply, &said), reply.retry_after(now)),
        _ => by_status(reply, &said, now),
    }
}

/// Whether it is our key that is refused, and not the event.
fn accuses(said: &str) -> bool {
    let said = said.to_ascii_lowercase().replace('_', " ");
    ["routing key", "service key", "integration key"]
        .iter()
        .any(|key| said.contains(key))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, ACTING, NOW};
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn channel(url: Option<&str>, token: Option<&str>) -> Result<Pagerduty, String> {
        let settings = fake::settings(ChannelKind::Pagerduty, |_| {});
        pagerduty(&settings, &fake::secrets(url, token, None))
    }

    fn sent(parcel: &Parcel) -> Request {
        channel(None, Some(KEY)).unwrap().request(parcel).unwrap()
    }

    #[test]
    fn trouble_opens_an_alert_and_its_end_resolves_the_same() {
        let request = sent(&fake::parcel("blocked", HOSTILE));
        assert_eq!(
            request.to.as_str(),
            "https://events.pagerduty.com/v2/enqueue"
        );
        let body = fake::body(&request);
        assert_eq!(body["routing_key"], KEY);
        assert_eq!(body["event_action"], "trigger");
        assert_eq!(body["dedup_key"], "kanban/default/t_1a2b3c4d");
        let payload = &body["payload"];
        assert_eq!(
            payload["summary"],
            format!("⚠️ [default] t_1a2b3c4d {HOSTILE}: blocked")
        );
        assert_eq!(payload["severity"], "warning");
        assert_eq!(payload["timestamp"], "2026-01-01T00:00:00Z");
        assert_eq!(payload["class"], "task.blocked");
        assert_eq!(payload["group"], "default");
        assert_eq!(payload["custom_details"]["task"]["title"], HOSTILE);
        for kind in ["completed", "unblocked", "cancelled", "archived"] {
            let end = fake::body(&sent(&fake::parcel(kind, HOSTILE)));
            assert_eq!(end["event_action"], "resolve", "{kind}");
            assert_eq!(end["dedup_key"], body["dedup_key"], "{kind}");
            assert_eq!(end.get("payload"), None);
        }
        for kind in ["crashed", "timed_out", "gave_up", "lost", "spawn_failed"] {
            let body = fake::body(&sent(&fake::parcel(kind, "x")));
            assert_eq!(body["payload"]["severity"], "error", "{kind}");
        }
        let test = fake::body(&sent(&fake::parcel("test", "x")));
        assert_eq!(test["payload"]["severity"], "info");
    }

    #[test]
    fn what_is_no_alert_is_not_sent_and_the_receipt_says_so() {
        let channel = channel(Some("http://127.0.0.1:1"), Some(KEY)).unwrap();
        for kind in ["created", "commented", "rate_limited", "somebody's own"] {
            let parcel = fake::parcel(kind, "x");
            let (outcome, exchanges) = fake::send(&channel, &parcel);
            assert_eq!(outcome.word(), "delivered");
            assert!(format!("{outcome:?}").contains("no alert") && exchanges.is_empty());
        }
    }

    #[test]
    fn what_concerns_no_card_is_an_alert_of_its_own() {
        let mut parcel = fake::parcel("channel_paused", "x");
        parcel.notice.task = None;
        parcel.notice.event.payload = json!({"about": "phone"});
        let body = fake::body(&sent(&parcel));
        assert_eq!(body["dedup_key"], "kanban/default/channel_paused/phone");
        parcel.notice.event.payload = json!({"about": "p".repeat(300)});
        let body = fake::body(&sent(&parcel));
        assert!(Unit::Utf16.measure(body["dedup_key"].as_str().unwrap()) <= KEY_MAX);
    }

    #[test]
    fn no_event_is_too_long_or_acts() {
        for mut parcel in fake::large_parcels() {
            // Only trouble is told with all its facts.
            parcel.notice.event.kind = "crashed".into();
            let request = sent(&parcel);
            assert!(request.body.len() <= DETAILS_MAX + 8_192);
            let body = fake::body(&request);
            let summary = body["payload"]["summary"].as_str().unwrap();
            assert!(Unit::Utf16.measure(summary) <= SUMMARY_MAX);
        }
        let body = fake::body(&sent(&fake::endless()));
        assert!(body["payload"]["custom_details"]["run"]["summary"].is_string());
        let acting = fake::body(&sent(&fake::parcel("crashed", ACTING)));
        let payload = &acting["payload"];
        fake::assert_harmless(payload["summary"].as_str().unwrap());
        fake::assert_harmless(payload["custom_details"]["task"]["title"].as_str().unwrap());
        // Many small facts are cut further, and too many are left out.
        let many = |n: usize| json!(vec!["x".repeat(100); n]);
        let some = within(&many(2_000), DETAILS_MAX);
        assert!(some.to_string().len() <= DETAILS_MAX && some[1_999].is_string());
        assert_eq!(within(&many(5_000), DETAILS_MAX), json!({}));
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_with_its_key() {
        for (url, token, key) in [
            (Some("sesame"), Some("sesame"), "url"),
            (None, None, "token"),
            (None, Some("ses ame"), "token"),
        ] {
            fake::assert_refused(channel(url, token), key, "same");
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let ok = r#"{"status":"success","message":"Event processed","dedup_key":"k"}"#;
        assert_eq!(
            judge(&reply(202, ok), NOW),
            Outcome::delivered(Some("k".into()))
        );
        for (status, bad) in [
            (200, ok),
            (202, ""),
            (202, "<html>"),
            (202, "{}"),
            (202, r#"{"status":"succ"#),
            (202, r#"{"status":"invalid event"}"#),
        ] {
            assert_eq!(judge(&reply(status, bad), NOW).word(), "ambiguous", "{bad}");
        }
        let invalid = |error: &str| {
            let body = json!({"status": "invalid event", "message": "Event object is invalid", "errors": [error]});
            judge(&reply(400, body.to_string()), NOW)
        };
        assert_eq!(
            invalid("Length of 'summary' is too long"),
            Outcome::dead_message("HTTP 400: Length of 'summary' is too long")
        );
        assert_eq!(invalid("'dedup_key' is too long").word(), "dead_message");
        assert_eq!(
            invalid("Invalid routing key"),
            Outcome::dead_target("HTTP 400: Invalid routing key")
        );
        assert_eq!(
            invalid("'routing_key' is missing or blank").word(),
            "dead_target"
        );
        let wait = |after| Outcome::retry_after("HTTP 429", Some(after));
        assert_eq!(judge(&reply(429, ""), NOW), wait(30));
        let seven = with(reply(429, ""), "retry-after", "7");
        assert_eq!(judge(&seven, NOW), wait(30));
        let ninety = with(reply(429, ""), "retry-after", "90");
        assert_eq!(judge(&ninety, NOW), wait(90));
        for (status, word) in [
            (302, "dead_target"),
            (403, "dead_target"),
            (410, "dead_target"),
            (413, "dead_message"),
            (500, "retry"),
            (502, "retry"),
            (503, "retry"),
        ] {
            assert_eq!(judge(&reply(status, ""), NOW).word(), word, "{status}");
        }
    }

    #[test]
    fn the_key_is_hidden_in_what_is_shown_of_the_body() {
        let channel = channel(Some("http://127.0.0.1:1"), Some(KEY)).unwrap();
        let (outcome, exchanges) = fake::send(&channel, &fake::parcel("crashed", "x"));
        assert_eq!(outcome.word(), "retry");
        let shown = format!("{exchanges:?}");
        assert!(
            shown.contains("routing_key") && !shown.contains(KEY),
            "{shown}"
        );
    }
}
