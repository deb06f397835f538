//! Feishu and Lark as an app: a token for the tenant first, then the message to whom it is for.

use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::feishu_api::{Token, is_token_refused, judge, no_token, token_of};
use super::{feishu, parts};
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::Request;
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};
use crate::time::Seconds;

const BASE: &str = "https://open.feishu.cn";

/// The vendor takes 5 messages a second to one user or group, in a group from all its bots together, so we
/// leave room for others: 2 + 1 s / 0.5 s are 4 in any second.
const PACE: Pace = Pace {
    burst: 2,
    every_ms: 500,
};

/// The most characters in the id by which the vendor knows a repetition.
const UUID_MAX: usize = 50;

struct FeishuApp {
    base: Endpoint,
    app_id: String,
    secret: String,
    settings: config::Channel,
    secrets: Secrets,
    /// One for all sends of this process.
    token: Mutex<Option<Token>>,
}

/// An app, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(app(settings, secrets)?))
}

fn app(settings: &config::Channel, secrets: &Secrets) -> Result<FeishuApp, String> {
    Ok(FeishuApp {
        base: parts::base(secrets, BASE)?,
        app_id: parts::token("app_id", settings.keys.app_id.as_deref())?,
        secret: parts::word("secret", secrets.secret.as_deref())?,
        settings: settings.clone(),
        secrets: secrets.clone(),
        token: Mutex::default(),
    })
}

/// What kind of id this is. Only ids that a company gives its people itself have no form of their own.
fn type_of(to: &str) -> &'static str {
    match to {
        _ if to.starts_with("oc_") => "chat_id",
        _ if to.starts_with("ou_") => "open_id",
        _ if to.starts_with("on_") => "union_id",
        _ if to.contains('@') => "email",
        _ => "user_id",
    }
}

impl FeishuApp {
    fn token_request(&self) -> Request {
        let to = self
            .base
            .below(&["open-apis", "auth", "v3", "tenant_access_token", "internal"]);
        let body = json!({"app_id": self.app_id, "app_secret": self.secret});
        Request::json(to, body.to_string().into_bytes())
    }

    fn request(&self, parcel: &Parcel, to: &str, token: &str) -> Request {
        let messages = self.base.below(&["open-apis", "im", "v1", "messages"]);
        let thread = parts::thread(parcel, &self.settings);
        // The text is JSON in JSON, and without the `post` around it that webhooks want.
        let content = feishu::post(&parcel.message(), None).to_string();
        let uuid = match parcel.id.len() <= UUID_MAX {
            true => parcel.id.clone(),
            false => parcel.short_id(UUID_MAX),
        };
        let mut body = json!({"msg_type": "post", "content": content, "uuid": uuid});
        // A thread can be answered in only by a message of it.
        let url = match thread.filter(|thread| thread.starts_with("om_")) {
            Some(message) => {
                body["reply_in_thread"] = json!(true);
                messages.below(&[&message, "reply"])
            }
            None => {
                body["receive_id"] = json!(to);
                messages.with("receive_id_type", type_of(to))
            }
        };
        Request::json(url, body.to_string().into_bytes())
            .header("authorization", format!("Bearer {token}"))
    }

    /// The token, fetched if there is none. The lock is not held meanwhile: whoever else fetches one then
    /// gets the same.
    fn token(&self, now: Seconds, wire: &Wire<'_>) -> Result<String, Outcome> {
        let kept = self.kept().clone();
        let token = match kept.filter(|token| (token.from..token.until).contains(&now)) {
            Some(token) => token,
            None => {
                let reply = wire
                    .send(self.token_request())
                    .map_err(|outcome| no_token(parts::beforehand(outcome)))?;
                let token = token_of(&reply, now)?;
                *self.kept() = Some(token.clone());
                token
            }
        };
        wire.hide(&token.text);
        Ok(token.text)
    }

    fn forget(&self, token: &str) {
        let mut kept = self.kept();
        if kept.as_ref().is_some_and(|kept| kept.text == token) {
            *kept = None;
        }
    }

    /// Nobody panics while holding it; if somebody did, what is in it is still whole.
    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, parcel: &Parcel, wire: &Wire<'_>) -> Result<Outcome, Outcome> {
        let to = parts::to(parcel, &self.settings).ok_or_else(parts::nowhere)?;
        let token = self.token(parcel.at, wire)?;
        let reply = wire.send(self.request(parcel, &to, &token))?;
        if !is_token_refused(&reply) {
            return Ok(judge(&reply, parcel.at));
        }
        self.forget(&token);
        let token = self.token(parcel.at, wire)?;
        let reply = wire.send(self.request(parcel, &to, &token))?;
        Ok(judge(&reply, parcel.at))
    }
}

impl Channel for FeishuApp {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        self.deliver(parcel, wire).unwrap_or_else(|outcome| outcome)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, body, dirty_parcel, large_parcels, parcel, secrets, send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use serde_json::Value;

    const GOOD: &str = r#"{"code":0,"data":{"message_id":"om_1"}}"#;

    fn channel(url: Option<&str>, to: Option<&str>) -> FeishuApp {
        let settings = settings(ChannelKind::Feishu, |keys| {
            keys.app_id = Some("cli_1".into());
            keys.to = to.map(str::to_owned);
        });
        let secrets = secrets(url, None, Some("app-secret-1"));
        app(&settings, &secrets).unwrap()
    }

    #[test]
    fn the_message_goes_to_whom_it_is_for() {
        let app = channel(None, Some("oc_1"));
        let sent = app.request(&parcel("completed", "x"), "oc_1", "t-1");
        assert_eq!(
            sent.to.as_str(),
            "https://open.feishu.cn/open-apis/im/v1/messages?receive_id_type=chat_id"
        );
        assert!(
            sent.headers
                .contains(&("authorization".into(), "Bearer t-1".into()))
        );
        let json = body(&sent);
        assert_eq!(json["receive_id"], "oc_1");
        assert_eq!(json["uuid"], "dlv_3f9a1c2e00112233445566778899aabb");
        let content: Value = serde_json::from_str(json["content"].as_str().unwrap()).unwrap();
        assert!(
            content["zh_cn"]["title"]
                .as_str()
                .unwrap()
                .contains("t_1a2b3c4d x: done")
        );

        let mut threaded = parcel("completed", "x");
        threaded.id = "d".repeat(60);
        threaded.thread = Some("om_7".into());
        let sent = app.request(&threaded, "oc_1", "t-1");
        assert_eq!(
            sent.to.as_str(),
            "https://open.feishu.cn/open-apis/im/v1/messages/om_7/reply"
        );
        assert_eq!(body(&sent)["reply_in_thread"], true);
        assert_eq!(body(&sent)["uuid"].as_str().unwrap().len(), 50);

        for (to, kind) in [
            ("ou_1", "open_id"),
            ("on_1", "union_id"),
            ("a@b.org", "email"),
            ("4f3a", "user_id"),
        ] {
            assert_eq!(type_of(to), kind);
        }
        let (outcome, _) = send(&channel(None, None), &parcel("completed", "x"));
        assert_eq!(outcome, parts::nowhere());
    }

    #[test]
    fn a_refused_token_is_fetched_once_more_and_kept_for_the_next_message() {
        let token = |text: &str| {
            format!(r#"{{"code":0,"msg":"ok","tenant_access_token":"{text}","expire":7200}}"#)
        };
        let (first, second) = (token("t-first-1"), token("t-second-2"));
        let fake = Fake::new(&[
            (200, "", &first),
            (400, "", r#"{"code":99991663,"msg":"Invalid access token"}"#),
            (200, "", &second),
            (200, "", GOOD),
            (200, "", GOOD),
        ]);
        let app = channel(Some(&fake.url), Some("oc_1"));
        let (outcome, exchanges) = send(&app, &parcel("completed", "x"));
        assert_eq!(outcome, Outcome::delivered(Some("om_1".into())));
        let (again, _) = send(&app, &parcel("completed", "x"));
        assert_eq!(again, outcome);
        let asked = fake.asked();
        assert_eq!(asked[0].body["app_secret"], "app-secret-1");
        for (i, token) in [(1, "t-first-1"), (3, "t-second-2"), (4, "t-second-2")] {
            let bearer = format!("Bearer {token}");
            assert_eq!(asked[i].header("authorization"), Some(&*bearer), "{i}");
        }
        let shown = format!("{exchanges:?}");
        for secret in ["t-first-1", "t-second-2", "app-secret-1"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_token_that_is_refused_twice_is_a_matter_of_the_target() {
        let token = r#"{"code":0,"tenant_access_token":"t-1","expire":7200}"#;
        let bad = r#"{"code":99991671,"msg":"invalid"}"#;
        let fake = Fake::new(&[
            (200, "", token),
            (401, "", bad),
            (200, "", token),
            (401, "", bad),
        ]);
        let app = channel(Some(&fake.url), Some("oc_1"));
        assert_eq!(
            send(&app, &parcel("completed", "x")).0.word(),
            "dead_target"
        );
        assert_eq!(fake.asked().len(), 4);
    }

    #[test]
    fn no_message_is_too_large_or_unclean() {
        let app = channel(None, Some("oc_1"));
        for parcel in large_parcels() {
            let sent = app.request(&parcel, "oc_1", "t");
            assert!(sent.body.len() <= 30_000, "{}", sent.body.len());
        }
        assert_clean(&app.request(&dirty_parcel(), "oc_1", "t").body);
    }
}
