//! Slack by an incoming webhook, and what messages and errors of Slack look like for its bots too.
//!
//! What is read stands in blocks of plain text, in which nothing is a mention. The text beside it is for
//! notifications and for programs that know no blocks, and is escaped.

use serde_json::{Value, json};

use super::parts;
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::text::{self, Dialect, Unit};
use crate::delivery::verdict::says;
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};
use crate::time::Seconds;

/// Text in which the characters of mentions and links are escaped; nothing else has an escape there.
pub(super) const DIALECT: Dialect = Dialect {
    escape: text::html,
    unit: Unit::Utf16,
};
const PLAIN: Dialect = Dialect::plain(Unit::Utf16);

/// Slack advises 4,000 characters for the text and splits what is a little longer.
const TEXT_MAX: usize = 3_000;
/// A section takes 3,000 characters.
const SECTION_MAX: usize = 2_900;
/// The first section: board, card, title and what happened.
const HEAD_MAX: usize = 300;

/// Slack takes one message a second in each channel, and short bursts. 3 + 60 s / 1.1 s are 57 in any minute.
pub(super) const PACE: Pace = Pace {
    burst: 3,
    every_ms: 1_100,
};

/// Seconds to wait where Slack says that it will take a while and not how long.
const A_WHILE: Seconds = 600;

struct Slack {
    to: Endpoint,
    settings: config::Channel,
    secrets: Secrets,
}

/// An incoming webhook, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    let to = parts::hook(secrets)?;
    check_thread(settings)?;
    if matches!(to.host(), "hooks.slack.com" | "hooks.slack-gov.com") {
        if to.path().starts_with("/triggers/") || to.path().starts_with("/workflows/") {
            return Err(
                "url: this starts a workflow, which takes other messages; add an incoming webhook to a \
                 Slack app and use its URL (/services/…)"
                    .into(),
            );
        }
        if !to.path().starts_with("/services/") {
            return Err(
                "url: the URL of an incoming webhook begins with https://hooks.slack.com/services/"
                    .into(),
            );
        }
    }
    Ok(Box::new(Slack {
        to,
        settings: settings.clone(),
        secrets: secrets.clone(),
    }))
}

/// A thread is named by the time of its first message, to the microsecond.
pub(super) fn check_thread(settings: &config::Channel) -> Result<(), String> {
    match &settings.keys.thread {
        Some(thread) if !is_time(thread.trim()) => Err(
            "thread: a thread is named by the ts of its first message, such as 1503435956.000247"
                .into(),
        ),
        _ => Ok(()),
    }
}

fn is_time(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(seconds, rest)| digits(seconds) && digits(rest))
}

/// A message as blocks, with its text beside them.
pub(super) fn content(parcel: &Parcel) -> Value {
    let message = parcel.message();
    let mark = format!("#{}", message.mark);
    let plain = |text: &str| json!({"type": "plain_text", "text": text});
    let section = |text: &str| json!({"type": "section", "text": plain(text)});
    let mut blocks = vec![section(&message.headline(&PLAIN, HEAD_MAX))];
    // Slack stores `<` as `&lt;`, and does not say which of both it counts.
    let mut room = SECTION_MAX;
    let body = loop {
        let body = message.body(&PLAIN, room);
        if DIALECT.unit.measure(&DIALECT.escaped(&body)) <= SECTION_MAX {
            break body;
        }
        room = room * 3 / 4;
    };
    if !body.is_empty() {
        blocks.push(section(&body));
    }
    blocks.push(json!({"type": "context", "elements": [plain(&mark)]}));
    let text = message.ending(&DIALECT, TEXT_MAX, &mark);
    json!({"text": text, "blocks": blocks, "unfurl_links": false})
}

impl Slack {
    fn request(&self, parcel: &Parcel) -> Request {
        let mut body = content(parcel);
        if let Some(thread) = parts::thread(parcel, &self.settings).filter(|t| is_time(t)) {
            body["thread_ts"] = json!(thread);
        }
        Request::json(self.to.clone(), body.to_string().into_bytes())
    }
}

impl Channel for Slack {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        parts::once(self.request(parcel), parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

/// What an answer means. Its text says more than its status.
fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let text = reply.text();
    let said = text.trim();
    if reply.status == 200 && said == "ok" && reply.broken.is_none() {
        return Outcome::delivered(None);
    }
    named(said, reply, now).unwrap_or_else(|| parts::otherwise(reply, said, now))
}

/// What an error of Slack means, if it is one that has a name.
pub(super) fn named(error: &str, reply: &Reply, now: Seconds) -> Option<Outcome> {
    let why = says(reply, error);
    let after = reply.retry_after(now);
    if error.starts_with("restricted_action") {
        return Some(Outcome::dead_target(why));
    }
    if error.starts_with("invalid_blocks") {
        return Some(Outcome::dead_message(why));
    }
    Some(match error {
        "ratelimited" | "rate_limited" => Outcome::retry_after(why, after),
        // A limit of the whole team, or a team that is being moved.
        "message_limit_exceeded" | "team_added_to_org" | "org_login_required" => {
            Outcome::retry_after(why, after.max(Some(A_WHILE)))
        }
        // Part of the work may have been done.
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "rollup_error" => Outcome::Ambiguous { why, after },
        "invalid_auth"
        | "invalid_token"
        | "not_authed"
        | "token_revoked"
        | "token_expired"
        | "account_inactive"
        | "missing_scope"
        | "no_permission"
        | "not_allowed_token_type"
        | "access_denied"
        | "accesslimited"
        | "action_prohibited"
        | "ekm_access_denied"
        | "two_factor_setup_required"
        | "team_access_not_granted"
        | "team_disabled"
        | "channel_not_found"
        | "not_in_channel"
        | "is_archived"
        | "channel_is_archived"
        | "messages_tab_disabled"
        | "posting_to_general_channel_denied"
        | "no_service"
        | "no_service_id"
        | "no_team"
        | "no_active_hooks" => Outcome::dead_target(why),
        "invalid_payload"
        | "invalid_arguments"
        | "no_text"
        | "msg_too_long"
        | "msg_blocks_too_long"
        | "too_many_attachments"
        | "user_not_found" => Outcome::dead_message(why),
        error if is_of_thread(error) => Outcome::dead_message(why),
        _ => return None,
    })
}

/// Whether an error is about the thread that a message was to go to.
pub(super) fn is_of_thread(error: &str) -> bool {
    matches!(
        error,
        "cannot_reply_to_message" | "thread_not_found" | "invalid_thread_ts"
    )
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

    const HOOK: &str = "https://hooks.slack.com/services/T000/B000/abcdefghijkl";

    fn opened(url: &str, thread: Option<&str>) -> Result<Box<dyn Channel>, String> {
        let secrets = secrets(Some(url), None, None);
        let settings = settings(ChannelKind::Slack, |keys| {
            keys.thread = thread.map(str::to_owned);
        });
        open(&settings, &secrets)
    }

    fn hook() -> Slack {
        Slack {
            to: Endpoint::parse(HOOK).unwrap(),
            settings: settings(ChannelKind::Slack, |_| {}),
            secrets: Secrets::default(),
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered ok
            200 ambiguous
            200 ambiguous <html>ok</html>
            200 ambiguous okay
            204 ambiguous ok
            302 dead_target ok
            404 dead_target no_service
            200 dead_target no_service
            410 dead_target channel_is_archived
            403 dead_target invalid_token
            403 dead_target action_prohibited
            403 dead_target team_disabled
            400 dead_target posting_to_general_channel_denied
            400 dead_message invalid_payload
            400 dead_message no_text
            400 dead_message user_not_found
            400 dead_message invalid_blocks_format
            400 dead_message something_new
            500 ambiguous rollup_error
            429 retry
            503 retry
            404 dead_target <html>
        "#;
        assert_meanings(judge, table);
        let limited = with(reply(429, "rate_limited"), "retry-after", "7");
        assert_eq!(
            judge(&limited, 0),
            Outcome::retry_after("HTTP 429: rate_limited", Some(7))
        );
        let long = judge(&reply(200, "x".repeat(60_000)), 0);
        assert!(long.word() == "ambiguous" && long.why().unwrap().len() < 300);
    }

    #[test]
    fn the_hostile_title_pings_nobody() {
        assert_eq!(
            DIALECT.escaped(HOSTILE),
            r#"&lt;!channel&gt; &lt;@U1&gt; @everyone &lt;at user_id="all"&gt;x&lt;/at&gt; &lt;users/all&gt; *b* _i_ [l](http://e.x) `c` &amp; 100%"#
        );
        let mut parcel = parcel("completed", HOSTILE);
        parcel.notice.event.payload = json!({"summary": HOSTILE});
        let sent = body(&hook().request(&parcel));
        let text = sent["text"].as_str().unwrap();
        assert!(
            !text.contains(['<', '>']) && text.ends_with("\n#3f9a1c2e"),
            "{text}"
        );
        for block in sent["blocks"].as_array().unwrap() {
            let element = block.get("text").unwrap_or(&block["elements"][0]);
            assert_eq!(element["type"], "plain_text");
        }
        assert!(
            sent["blocks"][0]["text"]["text"]
                .as_str()
                .unwrap()
                .contains(HOSTILE)
        );
        assert_eq!(sent["blocks"][2]["elements"][0]["text"], "#3f9a1c2e");
        assert!(sent.get("thread_ts").is_none() && sent.get("link_names").is_none());
    }

    #[test]
    fn no_message_is_too_large_or_unclean() {
        for parcel in large_parcels() {
            let sent = body(&hook().request(&parcel));
            let text = sent["text"].as_str().unwrap();
            assert!(Unit::Utf16.measure(text) <= TEXT_MAX);
            for block in sent["blocks"].as_array().unwrap() {
                let Some(text) = block["text"]["text"].as_str() else {
                    continue;
                };
                assert!(!text.is_empty());
                assert!(
                    Unit::Utf16.measure(&DIALECT.escaped(text)) <= 3_000,
                    "{text}"
                );
            }
            assert!(sent.to_string().contains("look: kanban show"));
        }
        assert_clean(&hook().request(&dirty_parcel()).body);
    }

    #[test]
    fn addresses_that_take_other_messages_are_refused() {
        assert!(opened(HOOK, Some("1503435956.000247")).is_ok());
        assert!(opened("http://127.0.0.1:1/x", None).is_ok());
        for bad in [
            "https://hooks.slack.com/triggers/T0/secret",
            "https://hooks.slack.com/workflows/T0/secret",
            "https://hooks.slack.com/",
            "hooks.slack.com/services/secret",
        ] {
            assert_refused(opened(bad, None), "url", "secret");
        }
        let said = opened(HOOK, Some("general")).err().unwrap();
        assert!(said.starts_with("thread: "), "{said}");
    }

    #[test]
    fn it_is_sent_into_its_thread() {
        let fake = Fake::new(&[(200, "", "ok")]);
        let channel = opened(&format!("{}/services/T0/B0/abcdefghijkl", fake.url), None).unwrap();
        let mut parcel = parcel("completed", "x");
        parcel.thread = Some("1503435956.000247".into());
        let (outcome, exchanges) = send(&*channel, &parcel);
        assert_eq!(outcome, Outcome::delivered(None));
        assert_eq!(fake.asked()[0].body["thread_ts"], "1503435956.000247");
        assert!(!format!("{exchanges:?}").contains("abcdefghijkl"));
    }
}
