//! WeCom by the robot of a group.
//!
//! Messages are of type `text`. There `<@user>` mentions somebody even in the text itself and nothing escapes
//! it, so an invisible character parts each `<` from what follows.

use serde_json::{Value, json};

use super::parts;
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::text::{Dialect, Unit, untagged};
use crate::delivery::verdict::{number_at, says, text_at};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};
use crate::time::Seconds;

/// Text in which nothing can mention anybody.
const DIALECT: Dialect = Dialect {
    escape: untagged,
    unit: Unit::Bytes,
};

/// A text, in bytes. The vendor documents this; its server speaks of 5,120, which nothing promises.
const TEXT_MAX: usize = 2_048;

/// The vendor takes 20 messages a minute from each robot. 8 + 60 s / 6 s are 18 in any minute: two are spare
/// for clocks that run apart.
const PACE: Pace = Pace {
    burst: 8,
    every_ms: 6_000,
};

/// Seconds to wait when it is too much: the vendor names no time, and its limit is one of a minute.
const TOO_MUCH: Seconds = 60;

struct Wecom {
    to: Endpoint,
    secrets: Secrets,
}

/// A group's robot, from its settings.
pub fn open(_: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    let to = parts::hook(secrets)?;
    // A gateway in front of the service may add the key itself.
    if parts::is_of(&to, &["weixin.qq.com"]) && !to.has("key") {
        return Err(
            "url: the URL of a robot is https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…, and this one \
             has no key"
                .into(),
        );
    }
    Ok(Box::new(Wecom {
        to,
        secrets: secrets.clone(),
    }))
}

/// A message as text, and last the mark.
fn content(parcel: &Parcel) -> Value {
    let message = parcel.message();
    let text = message.ending(&DIALECT, TEXT_MAX, &format!("#{}", message.mark));
    json!({
        "msgtype": "text",
        "text": {"content": text, "mentioned_list": [], "mentioned_mobile_list": []},
    })
}

impl Wecom {
    fn request(&self, parcel: &Parcel) -> Request {
        Request::json(self.to.clone(), content(parcel).to_string().into_bytes())
    }
}

impl Channel for Wecom {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        parts::once(self.request(parcel), parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

/// What an answer means. Its `errcode` says it, whatever the status; without one it is no success.
fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let Some(answer) = reply.json() else {
        return parts::otherwise(reply, &reply.text(), now);
    };
    let said = text_at(&answer, &["errmsg"]).unwrap_or_else(|| reply.text());
    // What follows is the address of this machine, which is nobody's business where this is shown.
    let said = said.split(", from ip").next().unwrap_or_default();
    match number_at(&answer, "errcode") {
        Some(0) if reply.is_good() => Outcome::delivered(None),
        Some(code) if code != 0 => refused(code, said, reply, now),
        _ => parts::otherwise(reply, said, now),
    }
}

fn refused(code: i64, said: &str, reply: &Reply, now: Seconds) -> Outcome {
    let why = says(reply, &format!("errcode {code}, {said}"));
    let after = reply.retry_after(now);
    match code {
        45_009 => Outcome::retry_after(why, after.max(Some(TOO_MUCH))),
        _ if reply.status == 429 => Outcome::retry_after(why, after.max(Some(TOO_MUCH))),
        -1 => Outcome::retry_after(why, after),
        // Some servers say that a text is too long with the code for a URL that is not valid.
        93_000 if said.to_lowercase().contains("length") => Outcome::dead_message(why),
        _ if said.contains("exceed max length") => Outcome::dead_message(why),
        93_000 => Outcome::dead_target(format!(
            "{why}; the key in the URL is wrong, or the robot was taken out of its group"
        )),
        40_008 | 40_058 | 44_004 => Outcome::dead_message(why),
        // A code that nobody wrote down says for sure only that it was not delivered.
        _ => match reply.status {
            200..=299 | 400 => Outcome::retry_after(why, after),
            _ => parts::otherwise(reply, said, now),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_harmless, assert_meanings, assert_ordinary, assert_refused,
        assert_wants_proof, body, dirty_parcel, large_parcels, parcel, retries_after, secrets,
        send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    const HOOK: &str = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123456789abcdef";

    fn opened(url: &str) -> Result<Box<dyn Channel>, String> {
        let settings = settings(ChannelKind::Wecom, |_| {});
        open(&settings, &secrets(Some(url), None, None))
    }

    fn hook() -> Wecom {
        Wecom {
            to: Endpoint::parse(HOOK).unwrap(),
            secrets: Secrets::default(),
        }
    }

    fn text(parcel: &Parcel) -> String {
        let sent = body(&hook().request(parcel));
        sent["text"]["content"].as_str().unwrap().to_owned()
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"errcode":0,"errmsg":"ok"}
            200 retry {"errcode":45009,"errmsg":"api freq out of limit"}
            200 retry {"errcode":-1,"errmsg":"system busy"}
            200 dead_target {"errcode":93000,"errmsg":"invalid webhook url"}
            200 dead_message {"errcode":93000,"errmsg":"content exceed max length"}
            200 dead_message {"errcode":40058,"errmsg":"text.content exceed max length 5120"}
            200 dead_message {"errcode":44004,"errmsg":"empty content"}
            200 dead_message {"errcode":40008,"errmsg":"invalid message type"}
            200 retry {"errcode":77777,"errmsg":"new"}
            500 ambiguous {"errcode":77777,"errmsg":"new"}
            429 retry {"errcode":77777,"errmsg":"new"}
            200 ambiguous {"errmsg":"ok"}
            200 ambiguous {"errcode":0
            302 dead_target {"errcode":0}
            404 dead_target nothing here
            500 ambiguous {"errcode":0}
        "#;
        assert_meanings(judge, table);
        let bad = reply(200, b"{\"errcode\":0,\"errmsg\":\"\xff\"}");
        assert_eq!(judge(&bad, 0).word(), "ambiguous");
        assert_ordinary(judge, "retry");
        assert_wants_proof(judge);
    }

    #[test]
    fn too_much_waits_a_minute_or_what_is_asked() {
        let limited = reply(200, r#"{"errcode":45009,"errmsg":"x"}"#);
        for (reply, wait) in [
            (with(limited.clone(), "retry-after", "7"), 60),
            (with(limited.clone(), "retry-after", "90"), 90),
            (limited, 60),
            (with(reply(429, ""), "retry-after", "7"), 7),
        ] {
            assert_eq!(retries_after(judge(&reply, 0)), Some(wait), "{reply:?}");
        }
    }

    #[test]
    fn the_address_of_this_machine_is_not_repeated() {
        let answer = r#"{"errcode":93000,"errmsg":"invalid webhook url, hint: [16], from ip: 203.0.113.1, more info at https://x"}"#;
        let outcome = judge(&reply(200, answer), 0);
        let why = outcome.why().unwrap();
        assert!(
            why.starts_with("HTTP 200: errcode 93000, invalid webhook url, hint: [16]; "),
            "{why}"
        );
        assert!(!why.contains("203.0.113.1"), "{why}");
    }

    #[test]
    fn the_hostile_title_mentions_nobody() {
        let escaped = "<\u{200b}!channel> <\u{200b}@U1> @everyone <\u{200b}at user_id=\"all\">x<\u{200b}/at> \
                       <\u{200b}users/all> *b* _i_ [l](http://e.x) `c` & 100%";
        assert_eq!(DIALECT.escaped(HOSTILE), escaped);
        let mut parcel = parcel("completed", HOSTILE);
        parcel.notice.event.payload = json!({"summary": HOSTILE});
        let text = text(&parcel);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("✅ [default] t_1a2b3c4d {escaped}: done"));
        assert_eq!(lines[1], format!("summary: {escaped}"));
        assert_eq!(lines.last(), Some(&"#3f9a1c2e"));
        let sent = body(&hook().request(&parcel));
        assert_eq!(sent["msgtype"], "text");
        assert_eq!(sent["text"]["mentioned_list"], json!([]));
        assert_eq!(sent["text"]["mentioned_mobile_list"], json!([]));
    }

    #[test]
    fn no_text_is_too_large_or_unclean() {
        for parcel in large_parcels() {
            let text = text(&parcel);
            assert!(text.len() <= 2_048, "{}", text.len());
            assert!(text.contains("look: kanban show"), "{text}");
            assert!(text.ends_with("\n#3f9a1c2e"), "{text}");
            assert!(!text.replace("<\u{200b}", "").contains('<'), "{text}");
            assert_harmless(&text);
        }
        assert_clean(&hook().request(&dirty_parcel()).body);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let fake = Fake::new(&[(200, "", r#"{"errcode":0,"errmsg":"ok"}"#)]);
        let url = format!("{}/cgi-bin/webhook/send?key=0123456789abcdef", fake.url);
        let (outcome, exchanges) = send(&*opened(&url).unwrap(), &parcel("completed", "x"));
        assert_eq!(outcome, Outcome::delivered(None));
        assert_eq!(
            fake.asked()[0].path,
            "/cgi-bin/webhook/send?key=0123456789abcdef"
        );
        let shown = format!("{exchanges:?}");
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }

    #[test]
    fn addresses_that_cannot_work_are_refused() {
        assert!(opened(HOOK).is_ok());
        assert!(opened("http://127.0.0.1:1/any").is_ok());
        for bad in [
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?token=0123456789abcdef",
            "qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123456789abcdef",
        ] {
            assert_refused(opened(bad), "url", "0123");
        }
    }

    #[test]
    fn its_pace_stays_inside_of_the_limit() {
        assert!(u64::from(PACE.burst) + 60_000 / PACE.every_ms <= 18);
    }
}
