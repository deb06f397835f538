//! Slack as a bot: `chat.postMessage`, which can reach any channel and answers with the name of its message.

use serde_json::json;

use super::{parts, slack};
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::verdict::{says, text_at};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};
use crate::time::Seconds;

const BASE: &str = "https://slack.com/api";

struct SlackBot {
    base: Endpoint,
    token: String,
    settings: config::Channel,
    secrets: Secrets,
}

/// A bot, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(bot(settings, secrets)?))
}

fn bot(settings: &config::Channel, secrets: &Secrets) -> Result<SlackBot, String> {
    slack::check_thread(settings)?;
    Ok(SlackBot {
        base: parts::base(secrets, BASE)?,
        token: parts::token("token", secrets.token.as_deref())?,
        settings: settings.clone(),
        secrets: secrets.clone(),
    })
}

impl SlackBot {
    fn request(&self, parcel: &Parcel, to: &str, thread: Option<&str>) -> Request {
        let mut body = slack::content(parcel);
        body["channel"] = json!(to);
        body["mrkdwn"] = json!(false);
        body["unfurl_media"] = json!(false);
        if let Some(thread) = thread {
            body["thread_ts"] = json!(thread);
        }
        let to = self.base.below(&["chat.postMessage"]);
        Request::json(to, body.to_string().into_bytes())
            .header("authorization", format!("Bearer {}", self.token))
    }

    fn deliver(&self, parcel: &Parcel, wire: &Wire<'_>) -> Result<Outcome, Outcome> {
        let to = parts::to(parcel, &self.settings).ok_or_else(parts::nowhere)?;
        let thread = parts::thread(parcel, &self.settings);
        let reply = wire.send(self.request(parcel, &to, thread.as_deref()))?;
        let of_thread = error_of(&reply).is_some_and(|error| slack::is_of_thread(&error));
        if thread.is_none() || !of_thread {
            return Ok(judge(&reply, parcel.at));
        }
        let reply = wire.send(self.request(parcel, &to, None))?;
        Ok(parts::noted(
            judge(&reply, parcel.at),
            "outside of its thread",
        ))
    }
}

impl Channel for SlackBot {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        self.deliver(parcel, wire).unwrap_or_else(|outcome| outcome)
    }

    fn pace(&self) -> Pace {
        slack::PACE
    }
}

fn error_of(reply: &Reply) -> Option<String> {
    text_at(&reply.json()?, &["error"])
}

/// What an answer means. A status of 200 says nothing; `ok` does.
fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let Some(answer) = reply.json() else {
        return parts::otherwise(reply, &reply.text(), now);
    };
    match (answer["ok"].as_bool(), text_at(&answer, &["error"])) {
        // The receipt is text for Slack, not a number: 1503435956.000247 and …0002470 are two.
        (Some(true), _) if reply.status == 200 => Outcome::delivered(text_at(&answer, &["ts"])),
        (Some(false), Some(error)) => match slack::named(&error, reply, now) {
            Some(outcome) => outcome,
            // An error without a name here says for sure only that nothing was posted.
            None if reply.is_good() => {
                Outcome::retry_after(says(reply, &error), reply.retry_after(now))
            }
            None => parts::otherwise(reply, &error, now),
        },
        _ => parts::otherwise(reply, &reply.text(), now),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_meanings, assert_refused, body, dirty_parcel, parcel, secrets,
        send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::verdict::tests::{reply, with};

    const GOOD: &str = r#"{"ok":true,"channel":"C1","ts":"1503435956.000247"}"#;

    fn channel(url: Option<&str>, to: Option<&str>, thread: Option<&str>) -> SlackBot {
        let settings = settings(ChannelKind::Slack, |keys| {
            keys.to = to.map(str::to_owned);
            keys.thread = thread.map(str::to_owned);
        });
        let secrets = secrets(url, Some("xoxb-1-secret"), None);
        bot(&settings, &secrets).unwrap()
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"ok":true,"channel":"C1","ts":"1503435956.000247"}
            302 dead_target {"ok":true,"channel":"C1","ts":"1503435956.000247"}
            200 dead_target {"ok":false,"error":"channel_not_found"}
            200 dead_target {"ok":false,"error":"not_in_channel"}
            200 dead_target {"ok":false,"error":"restricted_action_read_only_channel"}
            200 dead_target {"ok":false,"error":"token_revoked"}
            200 dead_message {"ok":false,"error":"msg_too_long"}
            200 dead_message {"ok":false,"error":"invalid_blocks_format"}
            200 dead_message {"ok":false,"error":"cannot_reply_to_message"}
            200 ambiguous {"ok":false,"error":"internal_error"}
            200 retry {"ok":false,"error":"ratelimited"}
            200 retry {"ok":false,"error":"something_new"}
            200 ambiguous {"ok":false}
            200 ambiguous {"ok":"true"}
            200 ambiguous {}
            200 ambiguous
            200 ambiguous <html>
            200 ambiguous {"ok":tr
            429 retry
            503 retry {"ok":false,"error":"something_new"}
            500 ambiguous
        "#;
        assert_meanings(judge, table);
        assert_eq!(
            judge(&reply(200, GOOD), 0),
            Outcome::delivered(Some("1503435956.000247".into()))
        );
        let limited = reply(200, r#"{"ok":false,"error":"ratelimited"}"#);
        assert_eq!(
            judge(&with(limited, "retry-after", "3"), 0),
            Outcome::retry_after("HTTP 200: ratelimited", Some(3))
        );
        let slow = reply(200, r#"{"ok":false,"error":"message_limit_exceeded"}"#);
        assert_eq!(
            judge(&with(slow, "retry-after", "3"), 0),
            Outcome::retry_after("HTTP 200: message_limit_exceeded", Some(600))
        );
    }

    #[test]
    fn the_request_names_channel_and_thread() {
        let bot = channel(None, Some("C1"), None);
        let sent = bot.request(&parcel("completed", "x"), "C1", Some("1.2"));
        assert_eq!(sent.to.as_str(), "https://slack.com/api/chat.postMessage");
        let token = (
            "authorization".to_owned(),
            "Bearer xoxb-1-secret".to_owned(),
        );
        assert!(sent.headers.contains(&token));
        let json = body(&sent);
        assert_eq!(
            (&json["channel"], &json["thread_ts"]),
            (&json!("C1"), &json!("1.2"))
        );
        assert_eq!(
            (&json["mrkdwn"], &json["unfurl_media"]),
            (&json!(false), &json!(false))
        );
        assert_clean(&bot.request(&dirty_parcel(), "C1", None).body);
        let (outcome, _) = send(&channel(None, None, None), &parcel("completed", "x"));
        assert_eq!(outcome, parts::nowhere());
    }

    #[test]
    fn a_message_that_cannot_be_answered_costs_only_the_thread() {
        let error = r#"{"ok":false,"error":"cannot_reply_to_message"}"#;
        let fake = Fake::new(&[(200, "", error), (200, "", GOOD)]);
        let bot = channel(Some(&fake.url), Some("C1"), Some("1.2"));
        let (outcome, exchanges) = send(&bot, &parcel("completed", "x"));
        let receipt = "1503435956.000247 (outside of its thread)";
        assert_eq!(outcome, Outcome::delivered(Some(receipt.into())));
        let asked = fake.asked();
        assert_eq!(asked[0].path, "/chat.postMessage");
        assert_eq!(asked[0].body["thread_ts"], "1.2");
        assert!(asked[1].body.get("thread_ts").is_none());
        assert!(!format!("{exchanges:?}").contains("xoxb-1-secret"));
    }

    #[test]
    fn a_token_that_is_none_is_refused() {
        let secrets = secrets(None, Some("https://hooks.slack.com/secret"), None);
        assert_refused(
            open(&settings(ChannelKind::Slack, |_| {}), &secrets),
            "token",
            "secret",
        );
    }
}
