//! DingTalk by the custom robot of a group.
//!
//! Messages are of type `text`: there only the `at` object beside the text can mention anybody, and it stays
//! empty, so what others wrote needs no escape.

use serde_json::{Value, json};

use super::dingtalk_verdict::judge;
use super::parts;
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::Request;
use crate::delivery::text::{Dialect, Unit};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets, sign};

/// The text, in UTF-16 units, so that no script has less room for a title than another. Each is at most three
/// bytes of JSON. The vendor takes 20,000 bytes, and it is not said of what, so the whole request stays below.
const TEXT_MAX: usize = 6_400;

const TEXT: Dialect = Dialect::plain(Unit::Utf16);

/// The vendor takes 20 messages a minute from each robot, and one too many costs ten minutes in which it
/// takes none. 8 + 60 s / 6 s are 18 in any minute: two are spare for clocks that run apart.
const PACE: Pace = Pace {
    burst: 8,
    every_ms: 6_000,
};

struct Dingtalk {
    to: Endpoint,
    keyword: Option<String>,
    secret: Option<String>,
    secrets: Secrets,
}

/// A group's robot, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    let to = parts::hook(secrets)?;
    // A gateway in front of the service may add the token itself.
    if parts::is_of(&to, &["dingtalk.com"]) && !to.has("access_token") {
        return Err(
            "url: the URL of a robot is https://oapi.dingtalk.com/robot/send?access_token=…, and this one \
             has no access_token"
                .into(),
        );
    }
    if to.has("sign") || to.has("timestamp") {
        return Err(
            "url: leave timestamp and sign out of it, they hold for an hour only; set the key secret".into(),
        );
    }
    let secret = parts::word_if("secret", secrets.secret.as_deref())?;
    Ok(Box::new(Dingtalk {
        to,
        keyword: parts::keyword(settings)?,
        secret,
        secrets: secrets.clone(),
    }))
}

/// A message as text, and last the mark, with the keyword before it if nothing else has it.
fn content(parcel: &Parcel, keyword: Option<&str>) -> Value {
    let message = parcel.message();
    let mark = format!("#{}", message.mark);
    let mut text = message.ending(&TEXT, TEXT_MAX, &mark);
    // The robot refuses what does not have its word.
    if let Some(keyword) = keyword.filter(|keyword| !text.contains(keyword)) {
        text = message.ending(&TEXT, TEXT_MAX, &format!("{keyword} {mark}"));
    }
    json!({
        "msgtype": "text",
        "text": {"content": text},
        "at": {"atMobiles": [], "atUserIds": [], "isAtAll": false},
    })
}

impl Dingtalk {
    /// The request, with a signature and its time in milliseconds if there is one.
    fn request(&self, parcel: &Parcel, signed: Option<(i64, &str)>) -> Request {
        let to = match signed {
            Some((at, sign)) => self
                .to
                .with("timestamp", &at.to_string())
                .with("sign", sign),
            None => self.to.clone(),
        };
        let body = content(parcel, self.keyword.as_deref());
        Request::json(to, body.to_string().into_bytes())
    }
}

impl Channel for Dingtalk {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        let at = parcel.at.saturating_mul(1_000);
        let sign = self.secret.as_ref().map(|s| sign::dingtalk(at, s));
        if let Some(sign) = &sign {
            wire.hide(sign);
        }
        let signed = sign.as_deref().map(|sign| (at, sign));
        parts::once(self.request(parcel, signed), parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_harmless, assert_refused, body, dirty_parcel, failed,
        large_parcels, masked, parcel, secrets, send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;

    const HOOK: &str = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef";
    const SECRET: &str = "SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn opened(
        url: &str,
        secret: Option<&str>,
        keyword: Option<&str>,
    ) -> Result<Box<dyn Channel>, String> {
        let secrets = secrets(Some(url), None, secret);
        let settings = settings(ChannelKind::Dingtalk, |keys| {
            keys.keyword = keyword.map(str::to_owned);
        });
        open(&settings, &secrets)
    }

    fn hook(keyword: Option<&str>) -> Dingtalk {
        Dingtalk {
            to: Endpoint::parse(HOOK).unwrap(),
            keyword: keyword.map(str::to_owned),
            secret: None,
            secrets: Secrets::default(),
        }
    }

    #[test]
    fn the_hostile_title_stays_as_it_is_and_mentions_nobody() {
        let mut parcel = parcel("completed", HOSTILE);
        parcel.notice.event.payload = json!({"summary": HOSTILE});
        let sent = body(&hook(Some("部署")).request(&parcel, None));
        assert_eq!(sent["msgtype"], "text");
        assert_eq!(
            sent["at"],
            json!({"atMobiles": [], "atUserIds": [], "isAtAll": false})
        );
        let text = sent["text"]["content"].as_str().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("✅ [default] t_1a2b3c4d {HOSTILE}: done"));
        assert_eq!(lines[1], format!("summary: {HOSTILE}"));
        assert_eq!(lines.last(), Some(&"部署 #3f9a1c2e"));
        let sent = body(&hook(None).request(&parcel, None));
        let text = sent["text"]["content"].as_str().unwrap();
        assert!(text.ends_with("\n#3f9a1c2e"), "{text}");
    }

    #[test]
    fn the_keyword_is_in_every_text_and_not_twice() {
        let text = |word: &str, parcel: &Parcel| {
            let sent = body(&hook(Some(word)).request(parcel, None));
            sent["text"]["content"].as_str().unwrap().to_owned()
        };
        for parcel in large_parcels() {
            assert!(text("任务", &parcel).ends_with("\n任务 #3f9a1c2e"));
        }
        assert!(text("failed", &failed("x")).ends_with("\n#3f9a1c2e"));
    }

    #[test]
    fn no_request_is_too_large_or_unclean() {
        let keyword = "\"".repeat(300);
        for parcel in large_parcels() {
            let sent = hook(Some(&keyword)).request(&parcel, None);
            assert!(sent.body.len() <= 20_000, "{}", sent.body.len());
            let sent = body(&sent);
            let text = sent["text"]["content"].as_str().unwrap();
            assert!(text.contains("look: kanban show"), "{text}");
            assert_harmless(text);
        }
        assert_clean(&hook(None).request(&dirty_parcel(), None).body);
    }

    #[test]
    fn a_signature_stands_in_the_url_encoded_once_and_nothing_secret_is_shown() {
        let fake = Fake::new(&[(200, "", r#"{"errcode":310000,"errmsg":"sign not match"}"#)]);
        let url = format!("{}/robot/send?access_token=0123456789abcdef", fake.url);
        let channel = opened(&url, Some(SECRET), None).unwrap();
        let mut parcel = parcel("completed", "x");
        parcel.at = 1_700_000_000;
        let (outcome, exchanges) = send(&*channel, &parcel);
        assert_eq!(outcome.word(), "dead_target");
        let sign = "bTgY2yDbep%2BwesS7jKiNj%2BsrsHoADES4%2BC4f8LCHFtU%3D";
        assert_eq!(
            fake.asked()[0].path,
            format!(
                "/robot/send?access_token=0123456789abcdef&timestamp=1700000000000&sign={sign}"
            )
        );
        let shown = format!("{exchanges:?}{outcome:?}");
        let raw = "bTgY2yDbep+wesS7jKiNj+srsHoADES4+C4f8LCHFtU=";
        for secret in [sign, raw, SECRET, "0123456789abcdef"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let said = format!("{SECRET} {raw} {sign} 0123456789abcdef");
        assert_eq!(masked(&*channel, &parcel, &said), "*** *** *** ***");
    }

    #[test]
    fn values_that_cannot_work_are_refused_by_their_key() {
        assert!(opened(HOOK, Some(SECRET), Some("k")).is_ok());
        assert!(opened("https://dingtalk.example.org/any", None, None).is_ok());
        for bad in [
            "https://oapi.dingtalk.com/robot/send",
            "https://oapi.dingtalk.com/robot/send?token=0123456789abcdef",
            "https://oapi.dingtalk.com/robot/send?access_token=0123&sign=0123",
            "https://x.org/?access_token=0123&timestamp=1700000000000",
            "oapi.dingtalk.com/robot/send?access_token=0123",
        ] {
            assert_refused(opened(bad, None, None), "url", "0123");
        }
        assert_refused(opened(HOOK, Some("s3cr et"), None), "secret", "s3cr");
        for bad in [&"k".repeat(400), "a\nb"] {
            assert_refused(opened(HOOK, None, Some(bad)), "keyword", bad);
        }
        let none = open(
            &settings(ChannelKind::Dingtalk, |_| {}),
            &Secrets::default(),
        );
        assert_eq!(none.err().as_deref(), Some("url: missing"));
    }

    #[test]
    fn its_pace_never_costs_the_penalty() {
        assert!(u64::from(PACE.burst) + 60_000 / PACE.every_ms <= 18);
    }
}
