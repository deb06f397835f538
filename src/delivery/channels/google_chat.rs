//! Google Chat by a space's incoming webhook. All that is told about a card stands in one thread.

use serde_json::{Value, json};

use super::parts;
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::text::{Dialect, Unit, untagged};
use crate::delivery::verdict::{by_status, number_at, says, text_at, unclear};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};
use crate::time::Seconds;

/// `<users/all>` calls everybody and `<url|text>` is a link, and there is no escape for either.
const DIALECT: Dialect = Dialect {
    escape: untagged,
    unit: Unit::Utf16,
};

/// The text, in UTF-16 units, so that no script has less room for a title than another. Each is at most three
/// bytes of JSON. Google takes 32,000 bytes; what is left is for the thread.
const TEXT_MAX: usize = 10_000;

/// Google takes one message a second in each space, from all its webhooks together; it is a little more than
/// a second because not every message is on its way for the same time.
const PACE: Pace = Pace {
    burst: 1,
    every_ms: 1_100,
};

/// Seconds to wait at least when it is too much: Google names no time and asks for growing waits.
const TOO_MUCH: Seconds = 10;

struct GoogleChat {
    to: Endpoint,
    secrets: Secrets,
}

/// A space's webhook, from its settings.
pub fn open(_: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(hook(secrets)?))
}

fn hook(secrets: &Secrets) -> Result<GoogleChat, String> {
    let to = parts::hook(secrets)?;
    if to.has("requestId") {
        // Every message but the first would be taken for a repetition, and answered as if it had been sent.
        return Err("url: leave requestId out of it; each message has its own".into());
    }
    Ok(GoogleChat {
        to,
        secrets: secrets.clone(),
    })
}

impl GoogleChat {
    fn request(&self, parcel: &Parcel) -> Request {
        let message = parcel.message();
        // A repetition is known by its id only as far as webhooks heed that, which nobody promises.
        let mark = format!("#{}", message.mark);
        let mut body = json!({"text": message.ending(&DIALECT, TEXT_MAX, &mark)});
        // A thread that stands in the URL stays.
        if let Some(card) = message.card.filter(|_| !self.to.has("threadKey")) {
            body["thread"] = json!({"threadKey": format!("kanban-{}-{card}", message.board)});
        }
        // Without it, Google does not heed the thread.
        let to = match self.to.has("messageReplyOption") {
            true => self.to.clone(),
            false => self
                .to
                .with("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"),
        };
        let to = to.with("requestId", &parcel.id);
        Request::json(to, body.to_string().into_bytes())
    }
}

impl Channel for GoogleChat {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        parts::once(self.request(parcel), parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

/// What an answer means. A message that was sent has a name.
fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let answer = reply.json().unwrap_or_default();
    let error = &answer["error"];
    if reply.status == 200
        && error.is_null()
        && let Some(name) = text_at(&answer, &["name"]).filter(|name| !name.is_empty())
    {
        return Outcome::delivered(Some(name));
    }
    let said = text_at(error, &["message"])
        .or_else(|| text_at(error, &["status"]))
        .unwrap_or_else(|| reply.text());
    if (300..400).contains(&reply.status) {
        return by_status(reply, &said, now);
    }
    // The code is the status; where a proxy made another of that, the code is Google's own word.
    let code = number_at(error, "code").and_then(|code| u16::try_from(code).ok());
    let seen = Reply {
        status: code.filter(|code| *code >= 400).unwrap_or(reply.status),
        ..reply.clone()
    };
    let why = says(&seen, &said);
    let after = reply.retry_after(now);
    match seen.status {
        200..=299 => unclear(reply, &said),
        429 => Outcome::retry_after(why, after.max(Some(TOO_MUCH))),
        400 if is_of_key(error) => Outcome::dead_target(why),
        500..=599 => Outcome::Ambiguous { why, after },
        _ => by_status(&seen, &said, now),
    }
}

/// Whether it is the key in the URL that is not good, which has the same code as a message that is not good.
fn is_of_key(error: &Value) -> bool {
    let said = text_at(error, &["message"]).unwrap_or_default();
    said.to_lowercase().contains("api key")
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_meanings, assert_refused, body, dirty_parcel, large_parcels,
        parcel, secrets, send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    const HOOK: &str = "https://chat.googleapis.com/v1/spaces/AAAA1234/messages?key=AIzaSyAbcdef&token=abcdefghijkl";
    const GOOD: &str = r#"{"name":"spaces/A/messages/B","thread":{"name":"spaces/A/threads/C"}}"#;

    fn opened(url: &str) -> GoogleChat {
        hook(&secrets(Some(url), None, None)).unwrap()
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"name":"spaces/A/messages/B","thread":{"name":"spaces/A/threads/C"}}
            200 ambiguous {"name":""}
            200 ambiguous {}
            200 ambiguous
            200 ambiguous <html>
            200 ambiguous {"name":"spaces/A/mess
            302 dead_target {"name":"spaces/A/messages/B"}
            400 dead_message {"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}
            200 dead_message {"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT"}}
            400 dead_target {"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}
            401 dead_target {"error":{"code":401,"status":"UNAUTHENTICATED"}}
            403 dead_target {"error":{"code":403,"status":"PERMISSION_DENIED"}}
            404 dead_target {"error":{"code":404,"status":"NOT_FOUND"}}
            404 dead_target
            410 dead_target
            429 retry {"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}
            500 ambiguous {"error":{"code":500,"status":"INTERNAL"}}
            502 ambiguous <html>
            503 ambiguous {"error":{"code":503,"status":"UNAVAILABLE"}}
            500 ambiguous {"name":"spaces/A/messages/B"}
        "#;
        assert_meanings(judge, table);
        assert_eq!(
            judge(&reply(200, GOOD), 0),
            Outcome::delivered(Some("spaces/A/messages/B".into()))
        );
        let bad = reply(200, b"{\"name\":\"\xff\"}");
        assert_eq!(judge(&bad, 0).word(), "ambiguous");
    }

    #[test]
    fn too_much_waits_ten_seconds_or_what_is_asked() {
        let limited = reply(429, r#"{"error":{"code":429,"message":"quota"}}"#);
        for (reply, wait) in [
            (limited.clone(), 10),
            (with(limited.clone(), "retry-after", "7"), 10),
            (with(limited, "retry-after", "65"), 65),
        ] {
            let expected = Outcome::retry_after("HTTP 429: quota", Some(wait));
            assert_eq!(judge(&reply, 0), expected);
        }
    }

    #[test]
    fn the_hostile_title_pings_nobody() {
        let safe = HOSTILE.replace('<', "<\u{200b}");
        assert_eq!(DIALECT.escaped(HOSTILE), safe);
        assert!(safe.starts_with("<\u{200b}!channel> <\u{200b}@U1> @everyone <\u{200b}at "));
        let sent = body(&opened(HOOK).request(&parcel("completed", HOSTILE)));
        let text = sent["text"].as_str().unwrap();
        assert!(text.contains(&safe), "{text}");
        assert!(text.ends_with("\n#3f9a1c2e"), "{text}");
    }

    #[test]
    fn no_message_is_too_large_or_unclean() {
        for parcel in large_parcels() {
            let sent = opened(HOOK).request(&parcel);
            assert!(sent.body.len() <= 32_000, "{}", sent.body.len());
            let text = body(&sent)["text"].as_str().unwrap().to_owned();
            assert!(text.contains("look: kanban show") && text.ends_with("#3f9a1c2e"));
        }
        assert_clean(&opened(HOOK).request(&dirty_parcel()).body);
    }

    #[test]
    fn a_card_has_its_thread_and_a_message_its_id() {
        let id = "requestId=dlv_3f9a1c2e00112233445566778899aabb";
        let option = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
        let mut parcel = parcel("completed", "x");
        let sent = opened(HOOK).request(&parcel);
        assert_eq!(sent.to.as_str(), format!("{HOOK}&{option}&{id}"));
        assert_eq!(
            body(&sent)["thread"],
            json!({"threadKey": "kanban-default-t_1a2b3c4d"})
        );
        parcel.attempt = 2;
        assert_eq!(opened(HOOK).request(&parcel).to, sent.to);

        let own = format!("{HOOK}&messageReplyOption=REPLY_MESSAGE_OR_FAIL&threadKey=all");
        let sent = opened(&own).request(&parcel);
        assert_eq!(sent.to.as_str(), format!("{own}&{id}"));
        assert!(body(&sent).get("thread").is_none());

        parcel.notice.task = None;
        assert!(body(&opened(HOOK).request(&parcel)).get("thread").is_none());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let refused = r#"{"error":{"code":403,"message":"key AIzaSyAbcdef may not"}}"#;
        let fake = Fake::new(&[(403, "", refused), (200, "", GOOD)]);
        let url = format!("{}/v1/spaces/A/messages?key=AIzaSyAbcdef", fake.url);
        let settings = settings(ChannelKind::GoogleChat, |_| {});
        let channel = open(&settings, &secrets(Some(&url), None, None)).unwrap();
        let (outcome, exchanges) = send(&*channel, &parcel("completed", "x"));
        assert_eq!(outcome, Outcome::dead_target("HTTP 403: key *** may not"));
        assert!(!format!("{exchanges:?}").contains("AIzaSyAbcdef"));
        let (outcome, _) = send(&*channel, &parcel("completed", "x"));
        assert_eq!(
            outcome,
            Outcome::delivered(Some("spaces/A/messages/B".into()))
        );
        let asked = fake.asked();
        assert!(asked[0].path.starts_with("/v1/spaces/A/messages?key="));
        assert!(
            asked[0]
                .header("content-type")
                .unwrap()
                .starts_with("application/json")
        );
        assert_eq!(asked[0].path, asked[1].path);
    }

    #[test]
    fn addresses_that_cannot_work_are_refused_by_their_key() {
        for bad in [
            "chat.googleapis.com/secret",
            "",
            "https://chat.googleapis.com/v1/spaces/A/messages?token=secret&requestId=1",
        ] {
            assert_refused(hook(&secrets(Some(bad), None, None)), "url", "secret");
        }
        assert_eq!(hook(&Secrets::default()).err().unwrap(), "url: missing");
        assert!(hook(&secrets(Some("http://127.0.0.1:1/any"), None, None)).is_ok());
    }

    #[test]
    fn its_pace_stays_inside_of_the_limit() {
        let pace = opened(HOOK).pace();
        assert!(pace.burst == 1 && pace.every_ms > 1_000, "{pace:?}");
    }
}
