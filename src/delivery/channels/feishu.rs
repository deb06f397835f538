//! Feishu and Lark by the webhook of a group's custom bot.
//!
//! Messages are of type `post`, because text there stands in nodes of its own: nothing that somebody wrote
//! can become a mention, which in a plain `text` message `<at …>` would, and for which there is no escape.

use serde_json::{Value, json};

use super::parts;
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::message::Message;
use crate::delivery::text::{Dialect, Unit};
use crate::delivery::verdict::{number_at, says, text_at};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets, sign};
use crate::time::Seconds;

/// The text of a message, in bytes of JSON: some 4,000 Chinese characters. The vendor takes 20 KB for the
/// whole request; what is left is for the title, the keyword and the frame of each paragraph.
const TEXT_MAX: usize = 12_000;
/// The title, in UTF-16 units (of at most three bytes each).
const TITLE_MAX: usize = 300;

/// The vendor takes 5 messages a second and 100 a minute from each bot. 4 + 1 s / 0.7 s are 5 in any second,
/// and 4 + 60 s / 0.7 s are 89 in any minute.
const PACE: Pace = Pace {
    burst: 4,
    every_ms: 700,
};

/// Seconds to wait when it is too much: the vendor names no time, and its limit is one of a minute.
const TOO_MUCH: Seconds = 60;

struct Feishu {
    to: Endpoint,
    keyword: Option<String>,
    secret: Option<String>,
    secrets: Secrets,
}

/// A group's webhook, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    let to = parts::hook(secrets)?;
    let of_vendor = parts::is_of(&to, &["feishu.cn", "larksuite.com"]);
    if of_vendor && to.path().contains("/trigger-webhook/") {
        return Err(
            "url: this starts a workflow, which takes other messages; add a custom bot to the group and \
             use its webhook"
                .into(),
        );
    }
    if of_vendor && !to.path().contains("/hook/") {
        return Err(
            "url: the webhook of a custom bot has /open-apis/bot/v2/hook/ in it; to send as an app, set \
             app_id"
                .into(),
        );
    }
    let secret = parts::word_if("secret", secrets.secret.as_deref())?;
    Ok(Box::new(Feishu {
        to,
        keyword: parts::keyword(settings)?,
        secret,
        secrets: secrets.clone(),
    }))
}

/// A message as a `post`: the headline as its title, a paragraph for each line, and last the mark.
pub(super) fn post(message: &Message, keyword: Option<&str>) -> Value {
    let title = message.headline(&Dialect::plain(Unit::Utf16), TITLE_MAX);
    let mut paragraphs: Vec<Value> = Vec::new();
    let mut add = |text: String| paragraphs.push(json!([{"tag": "text", "text": text}]));
    for (label, text) in message.lines(&Dialect::plain(Unit::Json), TEXT_MAX) {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        for (i, line) in lines.enumerate() {
            match i {
                0 => add(format!("{label}: {line}")),
                _ => add(line.to_owned()),
            }
        }
    }
    match keyword {
        Some(keyword) => add(format!("{keyword} #{}", message.mark)),
        None => add(format!("#{}", message.mark)),
    }
    json!({"zh_cn": {"title": title, "content": paragraphs}})
}

impl Feishu {
    fn request(&self, parcel: &Parcel, sign: Option<&str>) -> Request {
        let post = post(&parcel.message(), self.keyword.as_deref());
        let mut body = json!({"msg_type": "post", "content": {"post": post}});
        if let Some(sign) = sign {
            // As text: the vendor's own examples have it so.
            body["timestamp"] = json!(parcel.at.to_string());
            body["sign"] = json!(sign);
        }
        Request::json(self.to.clone(), body.to_string().into_bytes())
    }
}

impl Channel for Feishu {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        let sign = self.secret.as_ref().map(|s| sign::feishu(parcel.at, s));
        if let Some(sign) = &sign {
            wire.hide(sign);
        }
        parts::once(self.request(parcel, sign.as_deref()), parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

/// What an answer means. Its `code` says it, whatever the status.
fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let Some(answer) = reply.json() else {
        return parts::otherwise(reply, &reply.text(), now);
    };
    let text = |key| text_at(&answer, &[key]);
    let said = text("msg").unwrap_or_else(|| reply.text());
    match number_at(&answer, "code") {
        Some(0) if reply.is_good() => Outcome::delivered(None),
        Some(0) => parts::otherwise(reply, &said, now),
        Some(code) => refused(code, &said, reply, now),
        // What servers answered before there was a code. A failure has `StatusCode` 0 too, but another text.
        None if reply.is_good()
            && number_at(&answer, "StatusCode") == Some(0)
            && text("StatusMessage").as_deref() == Some("success") =>
        {
            Outcome::delivered(None)
        }
        None => parts::otherwise(reply, &said, now),
    }
}

fn refused(code: i64, said: &str, reply: &Reply, now: Seconds) -> Outcome {
    let why = says(reply, &format!("code {code}, {said}"));
    let slower = |why| {
        let after = reply.retry_after(now).unwrap_or(0).max(TOO_MUCH);
        Outcome::retry_after(why, Some(after))
    };
    let lower = said.to_lowercase();
    match code {
        11_232 => slower(why),
        _ if reply.status == 429 => slower(why),
        // Both a request that is malformed and one too many have this code.
        9_499
            if ["too many", "frequency", "limit"]
                .iter()
                .any(|w| lower.contains(w)) =>
        {
            slower(why)
        }
        9_499 | 19_002 => Outcome::dead_message(why),
        19_001 | 19_007 => Outcome::dead_target(why),
        19_021 => Outcome::dead_target(format!(
            "{why}; the key secret is wrong or missing, or the clock of this machine is"
        )),
        19_022 => Outcome::dead_target(format!(
            "{why}; the bot takes messages only from the addresses on its list"
        )),
        19_024 => Outcome::dead_target(format!(
            "{why}; set the key keyword to a word that the bot asks for"
        )),
        // A code that nobody wrote down says for sure only that it was not delivered.
        _ => match reply.status {
            200..=299 | 400 => Outcome::retry(why),
            _ => parts::otherwise(reply, said, now),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_meanings, assert_refused, body, dirty_parcel, large_parcels,
        parcel, retries_after, secrets, send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    const HOOK: &str = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef";

    fn hook(keyword: Option<&str>) -> Feishu {
        Feishu {
            to: Endpoint::parse(HOOK).unwrap(),
            keyword: keyword.map(str::to_owned),
            secret: None,
            secrets: Secrets::default(),
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}
            200 delivered {"Extra":null,"StatusCode":0,"StatusMessage":"success"}
            200 dead_target {"StatusCode":0,"StatusMessage":"","code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}
            200 retry {"code":11232,"data":{},"msg":"frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}
            200 dead_message {"code":9499,"msg":"Bad Request","data":{}}
            200 retry {"code":9499,"msg":"too many request","data":{}}
            200 dead_target {"code":19001,"msg":"param invalid: incoming webhook access token invalid"}
            400 dead_target {"code":19001,"msg":"param invalid: incoming webhook access token invalid"}
            200 dead_message {"code":19002,"msg":"params error"}
            200 dead_target {"code":19007,"msg":"Bot Not Enabled"}
            200 dead_target {"code":19022,"msg":"Ip Not Allowed"}
            200 dead_target {"code":19024,"msg":"Key Words Not Found"}
            200 retry {"code":77777,"msg":"new"}
            500 ambiguous {"code":77777,"msg":"new"}
            200 ambiguous {"StatusCode":0}
            200 ambiguous {}
            200 ambiguous
            200 ambiguous <html>blocked</html>
            200 ambiguous {"code":0
            302 dead_target {"code":0}
            404 dead_target nothing here
            410 dead_target
            503 retry
            502 ambiguous <html>
            500 ambiguous {"code":0}
        "#;
        assert_meanings(judge, table);
        let bad = reply(200, b"{\"code\":0,\"msg\":\"\xff\"}");
        assert_eq!(judge(&bad, 0).word(), "ambiguous");
    }

    #[test]
    fn too_much_waits_a_minute_or_what_is_asked() {
        let limited = reply(200, r#"{"code":11232,"msg":"x"}"#);
        for (reply, wait) in [
            (with(limited.clone(), "retry-after", "7"), 60),
            (with(limited.clone(), "retry-after", "90"), 90),
            (limited, 60),
        ] {
            assert_eq!(retries_after(judge(&reply, 0)), Some(wait));
        }
    }

    #[test]
    fn text_of_others_stands_in_text_nodes_alone() {
        let mut parcel = parcel("completed", HOSTILE);
        parcel.notice.event.payload = json!({"summary": format!("{HOSTILE}\n\nsecond")});
        let sent = body(&hook(Some("部署")).request(&parcel, None));
        assert_eq!(sent["msg_type"], "post");
        let post = &sent["content"]["post"]["zh_cn"];
        assert_eq!(
            post["title"],
            format!("✅ [default] t_1a2b3c4d {HOSTILE}: done")
        );
        let nodes: Vec<&Value> = post["content"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|paragraph| paragraph.as_array().unwrap())
            .collect();
        for node in &nodes {
            let keys: Vec<_> = node.as_object().unwrap().keys().collect();
            assert_eq!((keys.len(), &node["tag"]), (2, &json!("text")));
        }
        assert_eq!(nodes[0]["text"], format!("summary: {HOSTILE}"));
        assert_eq!(nodes[1]["text"], "second");
        assert_eq!(nodes.last().unwrap()["text"], "部署 #3f9a1c2e");
        assert!(sent.get("sign").is_none() && sent.get("timestamp").is_none());
    }

    #[test]
    fn no_request_is_too_large_or_unclean() {
        let keyword = "词".repeat(100);
        for parcel in large_parcels() {
            let sent = hook(Some(&keyword)).request(&parcel, Some(&"s".repeat(44)));
            assert!(sent.body.len() <= 18_000, "{}", sent.body.len());
            assert!(body(&sent).to_string().contains("look: kanban show"));
        }
        assert_clean(&hook(None).request(&dirty_parcel(), None).body);
    }

    #[test]
    fn a_message_is_signed_and_nothing_secret_is_shown() {
        let fake = Fake::new(&[(200, "", r#"{"code":19021,"msg":"sign match fail"}"#)]);
        let url = format!("{}/open-apis/bot/v2/hook/0123456789abcdef", fake.url);
        let channel = open(
            &settings(ChannelKind::Feishu, |_| {}),
            &secrets(Some(&url), None, Some("X0y1Z2-secret")),
        )
        .unwrap();
        let (outcome, exchanges) = send(&*channel, &parcel("completed", "x"));
        assert_eq!(outcome.word(), "dead_target");
        let asked = fake.asked();
        assert_eq!(asked[0].body["timestamp"], "1767225600");
        let sign = "vG/INCYxBR/T/5KlLfIpBt28hpMYmywB6vdGoBPFI8s=";
        assert_eq!(asked[0].body["sign"], sign);
        let shown = format!("{exchanges:?}");
        for secret in [sign, "X0y1Z2-secret", "0123456789abcdef"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn values_that_cannot_work_are_refused_by_their_key() {
        let said = |url: &str, secret: Option<&str>| {
            open(
                &settings(ChannelKind::Feishu, |_| {}),
                &secrets(Some(url), None, secret),
            )
            .err()
            .unwrap_or_default()
        };
        assert_eq!(said(HOOK, Some("abc")), "");
        assert_eq!(said("https://feishu.example.org/any/path", None), "");
        for bad in [
            "https://www.feishu.cn/flow/api/trigger-webhook/0123456789abcdef",
            "https://open.larksuite.com/open-apis/im/v1/messages",
            "open.feishu.cn/0123456789abcdef",
        ] {
            let refused = open(
                &settings(ChannelKind::Feishu, |_| {}),
                &secrets(Some(bad), None, None),
            );
            assert_refused(refused, "url", "0123");
        }
        assert!(said(HOOK, Some("a b")).starts_with("secret: "));
        let long = settings(ChannelKind::Feishu, |keys| {
            keys.keyword = Some("k".repeat(400));
        });
        let said = open(&long, &secrets(Some(HOOK), None, None)).err().unwrap();
        assert!(said.starts_with("keyword: "));
    }

    #[test]
    fn its_pace_stays_inside_of_both_limits() {
        let within = |ms: u64| u64::from(PACE.burst) + ms / PACE.every_ms;
        assert!(within(1_000) <= 5 && within(60_000) <= 100);
    }
}
