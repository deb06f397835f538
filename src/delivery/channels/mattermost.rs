//! Mattermost by an incoming webhook.
//!
//! The text is Markdown in which every `@name` calls somebody, and so do Slack's `<!channel>` and its like,
//! which the server translates before anything else is read. Both are parted; the rest has an escape.

use serde_json::json;

use super::parts;
use crate::board::delivery::{Outcome, WAIT_MAX};
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::text::{self, Dialect, Unit, backslashed};
use crate::delivery::verdict::{by_status, says, text_at, wait_of};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Parcel, Secrets};
use crate::time::Seconds;

/// Markdown as Mattermost has it. A backslash does not keep `@` and `<` from calling somebody: what is called
/// is looked for in the text as it was sent.
const DIALECT: Dialect = Dialect {
    escape: |c| match c {
        '@' | '<' => text::parted(c),
        '\\' | '*' | '_' | '~' | '|' | '>' | '#' | '[' | ']' | '(' | ')' | '`' => backslashed(c),
        _ => None,
    },
    unit: Unit::Utf16,
};

/// Mattermost takes 16,383 characters and makes several messages of what is longer.
const TEXT_MAX: usize = 15_000;

struct Mattermost {
    to: Endpoint,
    secrets: Secrets,
}

/// A channel's webhook, from its settings.
pub fn open(_: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(hook(secrets)?))
}

fn hook(secrets: &Secrets) -> Result<Mattermost, String> {
    Ok(Mattermost {
        to: parts::hook(secrets)?,
        secrets: secrets.clone(),
    })
}

impl Mattermost {
    fn request(&self, parcel: &Parcel) -> Request {
        let message = parcel.message();
        // A repetition is not recognised there, so people have to.
        let text = message.ending(&DIALECT, TEXT_MAX, &format!("#{}", message.mark));
        let body = json!({"text": text});
        Request::json(self.to.clone(), body.to_string().into_bytes())
    }
}

// No pace: servers have no limit unless their admin sets one, and then they say how long to wait.
impl Channel for Mattermost {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        parts::once(self.request(parcel), parcel, wire, judge)
    }
}

/// What an answer means. The id of an error says more than its status: a webhook that is gone is a 400.
fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let text = reply.text();
    if reply.status == 200 && text.trim() == "ok" && reply.broken.is_none() {
        return Outcome::delivered(None);
    }
    let answer = reply.json().unwrap_or_default();
    let id = text_at(&answer, &["id"]).unwrap_or_default();
    let said = match text_at(&answer, &["message"]) {
        Some(message) if id.is_empty() => message,
        Some(message) => format!("{id}, {message}"),
        None => text,
    };
    let why = says(reply, &said);
    let after = reply.retry_after(now);
    match reply.status {
        300..=399 => by_status(reply, &said, now),
        429 => Outcome::retry_after(why, reset(reply).or(after)),
        500..=599 => match about(&id) {
            // A server that takes no webhooks at all says so with a 501.
            Some(About::Target) if id.contains("disabled") => Outcome::dead_target(why),
            // The ids of errors of its database name what was looked for.
            _ => Outcome::Ambiguous { why, after },
        },
        _ => match about(&id) {
            Some(About::Target) => Outcome::dead_target(why),
            Some(About::Message) => Outcome::dead_message(why),
            None => parts::otherwise(reply, &said, now),
        },
    }
}

/// The seconds until its limit is one no more, if it says so; as a date the number would be far too large.
fn reset(reply: &Reply) -> Option<Seconds> {
    let seconds: f64 = reply.header("x-ratelimit-reset")?.trim().parse().ok()?;
    wait_of(seconds).filter(|_| seconds <= WAIT_MAX as f64)
}

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Target,
    Message,
}

/// The same by the id of the error, such as `web.incoming_webhook.channel_locked.app_error`. Its parts are
/// looked at one by one: `text` is in `api.context.…` too, which says nothing about a text.
fn about(id: &str) -> Option<About> {
    let any = |starts: &[&str]| {
        id.split('.')
            .any(|part| starts.iter().any(|start| part.starts_with(start)))
    };
    let target = [
        "invalid",
        "disabled",
        "channel",
        "permission",
        // Whoever made the webhook is no more.
        "user",
        // Nothing can be posted to a channel that was put away.
        "can_not_post_to_deleted",
    ];
    if any(&["invalid_body"]) {
        return Some(About::Message);
    }
    match any(&target) {
        true => Some(About::Target),
        false => any(&["text", "parse"]).then_some(About::Message),
    }
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

    const HOOK: &str = "https://chat.example.org/team/hooks/abcdefghijkl";

    fn opened() -> Mattermost {
        hook(&secrets(Some(HOOK), None, None)).unwrap()
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered ok
            200 ambiguous
            200 ambiguous okay
            200 ambiguous <html>ok</html>
            200 ambiguous {}
            204 ambiguous ok
            302 dead_target ok
            400 dead_target {"id":"web.incoming_webhook.invalid.app_error","message":"Invalid webhook","status_code":400}
            501 dead_target {"id":"web.incoming_webhook.disabled.app_error","message":"x","status_code":501}
            404 dead_target {"id":"web.incoming_webhook.channel.app_error","message":"x"}
            403 dead_target {"id":"web.incoming_webhook.channel_locked.app_error","message":"x"}
            403 dead_target {"id":"web.incoming_webhook.permissions.app_error","message":"x"}
            400 dead_target {"id":"web.incoming_webhook.user.app_error","message":"x"}
            400 dead_target {"id":"api.post.create_post.can_not_post_to_deleted.error","message":"x"}
            400 dead_message {"id":"web.incoming_webhook.text.app_error","message":"x"}
            400 dead_message {"id":"web.incoming_webhook.parse.app_error","message":"x"}
            400 dead_message {"id":"api.context.invalid_body_param.app_error","message":"x"}
            404 dead_target {"id":"api.context.404.app_error","message":"x"}
            400 dead_message {"id":"web.incoming_webhook.something_new","message":"x"}
            200 dead_target {"id":"web.incoming_webhook.invalid.app_error","message":"x"}
            400 dead_message {"id":"web.incom
            413 dead_message
            404 dead_target <html>
            410 dead_target
            429 retry limit exceeded
            500 ambiguous {"id":"web.incoming_webhook.channel.app_error","message":"x"}
            500 ambiguous ok
            502 ambiguous <html>
            503 ambiguous
        "#;
        assert_meanings(judge, table);
        let refused = r#"{"id":"web.incoming_webhook.invalid.app_error","message":"Invalid"}"#;
        assert_eq!(
            judge(&reply(400, refused), 0),
            Outcome::dead_target("HTTP 400: web.incoming_webhook.invalid.app_error, Invalid")
        );
        let bad = reply(200, b"ok\xff");
        assert_eq!(judge(&bad, 0).word(), "ambiguous");
    }

    #[test]
    fn too_much_waits_for_a_number_of_seconds_that_makes_sense() {
        let limited = |reset: &str| with(reply(429, "limit"), "x-ratelimit-reset", reset);
        for (reply, wait) in [
            (reply(429, "limit"), None),
            (limited("7"), Some(7)),
            (limited("0"), Some(1)),
            (limited("1767225600"), None),
            (limited("soon"), None),
            (limited("-5"), None),
            (limited("NaN"), None),
            (with(limited("soon"), "retry-after", "9"), Some(9)),
        ] {
            let expected = Outcome::retry_after("HTTP 429: limit", wait);
            assert_eq!(judge(&reply, 0), expected, "{reply:?}");
        }
    }

    #[test]
    fn the_hostile_title_pings_nobody() {
        let safe =
            "<Z!channel\\> <Z@ZU1\\> @Zeveryone <Zat user\\_id=\"all\"\\>x<Z/at\\> <Zusers/all\\> \
                    \\*b\\* \\_i\\_ \\[l\\]\\(http://e.x\\) \\`c\\` & 100%"
                .replace('Z', "\u{200b}");
        assert_eq!(DIALECT.escaped(HOSTILE), safe);
        let mut parcel = parcel("completed", HOSTILE);
        parcel.notice.event.payload = json!({"summary": format!("{HOSTILE}\n@here ~town")});
        let sent = body(&opened().request(&parcel));
        let text = sent["text"].as_str().unwrap();
        assert!(
            text.starts_with("✅ \\[default\\] t\\_1a2b3c4d <"),
            "{text}"
        );
        assert!(text.contains(&safe) && text.contains("@\u{200b}here \\~town"));
        assert!(text.ends_with("\n#3f9a1c2e"), "{text}");
        for calls in ['@', '<'] {
            let parted = format!("{calls}\u{200b}");
            assert_eq!(text.matches(calls).count(), text.matches(&parted).count());
        }
        assert_eq!(sent.as_object().unwrap().len(), 1);
    }

    #[test]
    fn no_message_is_too_large_or_unclean() {
        for parcel in large_parcels() {
            let sent = body(&opened().request(&parcel));
            let text = sent["text"].as_str().unwrap();
            assert!(Unit::Utf16.measure(text) <= 16_383, "{}", text.len());
            assert!(text.contains("look: kanban show") && text.ends_with("#3f9a1c2e"));
        }
        assert_clean(&opened().request(&dirty_parcel()).body);
    }

    #[test]
    fn it_is_sent_and_nothing_secret_is_shown() {
        let gone = r#"{"id":"web.incoming_webhook.invalid.app_error","message":"no abcdefghijkl"}"#;
        let fake = Fake::new(&[(200, "", "ok"), (400, "", gone)]);
        let settings = settings(ChannelKind::Mattermost, |_| {});
        let url = format!("{}/team/hooks/abcdefghijkl", fake.url);
        let channel = open(&settings, &secrets(Some(&url), None, None)).unwrap();
        let (outcome, exchanges) = send(&*channel, &parcel("completed", "x"));
        assert_eq!(outcome, Outcome::delivered(None));
        assert!(!format!("{exchanges:?}").contains("abcdefghijkl"));
        let (outcome, exchanges) = send(&*channel, &parcel("completed", "x"));
        assert_eq!(outcome.word(), "dead_target");
        assert!(!format!("{outcome:?} {exchanges:?}").contains("abcdefghijkl"));
        let asked = fake.asked();
        assert_eq!(asked[0].path, "/team/hooks/abcdefghijkl");
        assert!(
            asked[0]
                .header("content-type")
                .unwrap()
                .starts_with("application/json")
        );
        assert_eq!(asked[0].body, asked[1].body);
    }

    #[test]
    fn what_is_no_address_is_refused_by_its_key() {
        for bad in ["", "chat.example.org/hooks/secret", "ftp://x.org/secret"] {
            assert_refused(hook(&secrets(Some(bad), None, None)), "url", "secret");
        }
        assert_eq!(hook(&Secrets::default()).err().unwrap(), "url: missing");
    }
}
