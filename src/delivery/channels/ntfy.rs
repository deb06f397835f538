//! ntfy: a topic on ntfy.sh or on a server of one's own.
//!
//! A message is published as JSON to the root of the server, because headers could not carry every title.

use serde_json::json;

use super::parts;
use super::urgency::{Urgency, urgency};
use crate::board::delivery::Outcome;
use crate::board::notice::Level;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::message::Message;
use crate::delivery::text::{Dialect, Unit};
use crate::delivery::verdict::{at_least, by_status, number_at, says, short, text_at, unclear};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets, sign};
use crate::time::Seconds;

/// The server of ntfy's makers.
const USUAL: &str = "https://ntfy.sh";
/// Bytes of a message; a longer one becomes an attachment. We count them as JSON, which is never less: a
/// whole request of more than twice this is refused.
const MESSAGE_MAX: usize = 4_096;
/// Bytes of a title; ntfy names no limit, phones show less than this.
const TITLE_MAX: usize = 250;
/// The server lets a visitor send 60 requests at once and then one in every 5 seconds, over all topics.
/// A share of the first is left to other topics and other programs.
const PACE: Pace = Pace {
    burst: 10,
    every_ms: 5_000,
};
/// Seconds until a visitor may send one more request.
const NEXT_REQUEST: Seconds = 5;
/// Seconds to wait when the quota of the day is used up; the server does not say when its day ends.
const NEXT_DAY: Seconds = 6 * 3_600;

/// No text of ntfy's has a meaning of its own as long as nobody asks for Markdown.
const TEXT: Dialect = Dialect::plain(Unit::Json);

struct Ntfy {
    to: Endpoint,
    topic: Option<String>,
    authorization: Option<String>,
    secrets: Secrets,
}

/// A channel to a topic. Nothing is sent.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(ntfy(settings, secrets)?))
}

fn ntfy(settings: &config::Channel, secrets: &Secrets) -> Result<Ntfy, String> {
    let topic = settings.keys.to.clone();
    if topic.as_deref().is_some_and(|topic| !is_topic(topic)) {
        return Err("to: a topic of ntfy is 1 to 64 of A-Z a-z 0-9 _ -".into());
    }
    let to = parts::base(secrets, USUAL)?;
    if topic
        .as_deref()
        .is_some_and(|topic| to.path().trim_matches('/') == topic)
    {
        return Err("url: it is the address of the server, without the topic".into());
    }
    let token = secrets.token.as_deref();
    let authorization = match (token, &settings.keys.user, &secrets.secret) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            return Err("token: there is a user with a password too; keep one of them".into());
        }
        (token @ Some(_), None, None) => Some(format!("Bearer {}", parts::word("token", token)?)),
        (None, Some(user), Some(_)) if user.contains(':') => {
            return Err("user: a name with a colon cannot be sent".into());
        }
        (None, Some(user), Some(password)) => Some(sign::basic(user, password)),
        (None, Some(_), None) => return Err("secret: missing: the password of user".into()),
        (None, None, Some(_)) => return Err("user: missing: whose password secret is".into()),
        (None, None, None) => None,
    };
    Ok(Ntfy {
        to,
        topic,
        authorization,
        secrets: secrets.clone(),
    })
}

/// `^[-_A-Za-z0-9]{1,64}$`
fn is_topic(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl Channel for Ntfy {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        if let Some(value) = &self.authorization {
            wire.hide(value);
        }
        // On a public server the name of a topic is a password, so it is not repeated.
        let Some(topic) = parts::recipient(parcel, self.topic.as_deref()) else {
            return Outcome::dead_target("there is no topic to send to");
        };
        if !is_topic(topic) {
            return Outcome::dead_target("what it is addressed to is no topic of ntfy");
        }
        parts::once(self.request(parcel, topic), parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

impl Ntfy {
    fn request(&self, parcel: &Parcel, topic: &str) -> Request {
        let message = parcel.message();
        let headline = message.headline(&TEXT, TITLE_MAX);
        // The tag is shown as the same sign in front of the title.
        let title = headline
            .strip_prefix(message.sign())
            .map_or(headline.as_str(), str::trim_start);
        let json = json!({
            "topic": topic,
            "title": title,
            // An empty one would be shown as "triggered".
            "message": parts::body(&message, &TEXT, MESSAGE_MAX),
            "priority": priority(&message.kind),
            "tags": [tag(&message)],
        });
        let request = Request::json(self.to.clone(), json.to_string().into_bytes());
        match &self.authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    }
}

/// 1 to 5, and 3 unless something is said.
fn priority(kind: &str) -> u8 {
    match urgency(kind) {
        Urgency::Low => 2,
        Urgency::Normal => 3,
        Urgency::Look | Urgency::Late => 4,
        Urgency::Failed => 5,
    }
}

/// A short code that phones show as a sign.
fn tag(message: &Message) -> &'static str {
    match message.level {
        Level::Good => "white_check_mark",
        Level::Info => "information_source",
        Level::Warning => "warning",
        Level::Bad => "x",
    }
}

fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let said = parts::complaint(reply, &["error", "event"]);
    let json = reply.json().unwrap_or_default();
    if reply.is_good() {
        let is_message = text_at(&json, &["event"]).is_some_and(|event| event == "message");
        return match text_at(&json, &["id"]).filter(|id| !id.is_empty()) {
            Some(id) if is_message => Outcome::delivered(Some(short(&id))),
            _ => unclear(reply, &said),
        };
    }
    let why = says(reply, &said);
    match (reply.status, number_at(&json, "code")) {
        // The topic is badly spelled, or one that the server keeps for itself.
        (_, Some(40_009 | 40_010)) => Outcome::dead_target(why),
        (_, Some(42_908)) => at_least(Outcome::retry(why), NEXT_DAY),
        // Too many failed logins: more tries would only prolong it.
        (_, Some(42_909)) => Outcome::dead_target(why),
        (429, _) => at_least(by_status(reply, &said, now), NEXT_REQUEST),
        _ => by_status(reply, &said, now),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Fake, NOW};
    use super::*;
    use crate::config::{ChannelKeys, ChannelKind};
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    fn channel(change: impl Fn(&mut ChannelKeys), secrets: &Secrets) -> Result<Ntfy, String> {
        let settings = fake::settings(ChannelKind::Ntfy, |keys| {
            keys.to = Some("kanban".into());
            change(keys);
        });
        ntfy(&settings, secrets)
    }

    fn usual() -> Ntfy {
        channel(|_| {}, &Secrets::default()).unwrap()
    }

    #[test]
    fn a_message_goes_to_the_root_of_the_server_as_json() {
        let request = usual().request(&fake::parcel("blocked", HOSTILE), "kanban");
        assert_eq!(request.to.as_str(), "https://ntfy.sh");
        assert_eq!(fake::header(&request, "authorization"), None);
        let body = fake::body(&request);
        assert_eq!(body["topic"], "kanban");
        assert_eq!(body["priority"], 4);
        assert_eq!(body["tags"], json!(["warning"]));
        assert_eq!(
            body["title"],
            format!("[default] t_1a2b3c4d {HOSTILE}: blocked")
        );
        let message = body["message"].as_str().unwrap();
        assert!(message.ends_with("look: kanban show t_1a2b3c4d --board default"));
        for (kind, priority) in [("completed", 3), ("gave_up", 5), ("timed_out", 4)] {
            let request = usual().request(&fake::parcel(kind, "x"), "kanban");
            assert_eq!(fake::body(&request)["priority"], priority, "{kind}");
        }
    }

    #[test]
    fn no_message_is_too_long_in_any_way_of_counting() {
        for parcel in fake::large_parcels() {
            let request = usual().request(&parcel, &"t".repeat(64));
            assert!(request.body.len() <= 2 * MESSAGE_MAX);
            let body = fake::body(&request);
            for (part, max) in [("title", TITLE_MAX), ("message", MESSAGE_MAX)] {
                let text = body[part].as_str().unwrap();
                assert!(text.len() <= max, "{text}");
                fake::assert_harmless(text);
            }
        }
        let endless = fake::body(&usual().request(&fake::endless(), "kanban"));
        assert!(endless["title"].as_str().unwrap().ends_with("…: failed"));
        fake::assert_clean(&usual().request(&fake::dirty_parcel(), "kanban").body);
    }

    #[test]
    fn who_we_are_is_said_in_one_way() {
        let bearer = channel(|_| {}, &fake::secrets(None, Some("tk_sesame"), None)).unwrap();
        let request = bearer.request(&fake::parcel("test", "x"), "kanban");
        assert_eq!(
            fake::header(&request, "authorization"),
            Some("Bearer tk_sesame")
        );
        let user = |keys: &mut ChannelKeys| keys.user = Some("me".into());
        let basic = channel(user, &fake::secrets(None, None, Some("sesame"))).unwrap();
        let request = basic.request(&fake::parcel("test", "x"), "kanban");
        assert_eq!(
            fake::header(&request, "authorization"),
            Some("Basic bWU6c2VzYW1l")
        );
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_with_its_key() {
        type Change = Box<dyn Fn(&mut ChannelKeys)>;
        let to = |to: &str| -> Change {
            let to = to.to_owned();
            Box::new(move |keys| keys.to = Some(to.clone()))
        };
        let user = |user: &str| -> Change {
            let user = user.to_owned();
            Box::new(move |keys| keys.user = Some(user.clone()))
        };
        let nothing = || -> Change { Box::new(|_| {}) };
        let none = Secrets::default;
        for (change, secrets, key) in [
            (to("my topic"), none(), "to"),
            (to(""), none(), "to"),
            (to(&"t".repeat(65)), none(), "to"),
            (nothing(), fake::secrets(Some("ntfy.sh"), None, None), "url"),
            (
                nothing(),
                fake::secrets(Some("https://ntfy.sh/kanban"), None, None),
                "url",
            ),
            (
                nothing(),
                fake::secrets(None, Some("ses ame"), None),
                "token",
            ),
            (
                user("me"),
                fake::secrets(None, Some("sesame"), None),
                "token",
            ),
            (user("me"), none(), "secret"),
            (
                user("a:b"),
                fake::secrets(None, None, Some("sesame")),
                "user",
            ),
            (nothing(), fake::secrets(None, None, Some("sesame")), "user"),
        ] {
            fake::assert_refused(channel(change, &secrets), key, "same");
        }
        let own = fake::secrets(Some("http://127.0.0.1:8080/"), None, None);
        assert!(channel(to("Ab-_9"), &own).is_ok());
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let code = |status: u16, code: u32| {
            let body = format!(r#"{{"code":{code},"http":{status},"error":"no","link":"l"}}"#);
            judge(&reply(status, &body), NOW)
        };
        assert_eq!(
            judge(&reply(200, r#"{"id":"abc","event":"message"}"#), NOW),
            Outcome::delivered(Some("abc".into()))
        );
        for bad in [
            "",
            "<html>",
            "{}",
            r#"{"id":"abc"}"#,
            r#"{"id":"#,
            "\u{fffd}",
        ] {
            assert_eq!(judge(&reply(200, bad), NOW).word(), "ambiguous", "{bad}");
        }
        assert_eq!(
            code(429, 42_908),
            Outcome::retry_after("HTTP 429: no", Some(NEXT_DAY))
        );
        assert_eq!(
            code(429, 42_901),
            Outcome::retry_after("HTTP 429: no", Some(NEXT_REQUEST))
        );
        let slower = with(reply(429, ""), "retry-after", "7");
        assert_eq!(
            judge(&slower, NOW),
            Outcome::retry_after("HTTP 429", Some(7))
        );
        for (status, number, word) in [
            (429, 42_909, "dead_target"),
            (400, 40_009, "dead_target"),
            (400, 40_010, "dead_target"),
            (400, 40_024, "dead_message"),
            (401, 40_101, "dead_target"),
            (403, 40_301, "dead_target"),
            (413, 41_303, "dead_message"),
            (500, 50_001, "ambiguous"),
            (507, 50_701, "ambiguous"),
        ] {
            assert_eq!(code(status, number).word(), word, "{number}");
        }
        assert_eq!(judge(&reply(302, ""), NOW).word(), "dead_target");
        assert_eq!(judge(&reply(503, ""), NOW).word(), "retry");
    }

    #[test]
    fn what_arrives_is_the_json_at_the_root() {
        let fake = Fake::new(&[(200, "", r#"{"id":"a1","event":"message"}"#)]);
        let channel = channel(|_| {}, &fake::secrets(Some(&fake.url), None, None)).unwrap();
        let (outcome, _) = fake::send(&channel, &fake::parcel("test", HOSTILE));
        assert_eq!(outcome, Outcome::delivered(Some("a1".into())));
        let asked = fake.asked();
        assert_eq!((&*asked[0].method, &*asked[0].path), ("POST", "/"));
    }

    #[test]
    fn secrets_are_hidden_and_a_message_without_a_topic_is_not_sent() {
        let settings = |keys: &mut ChannelKeys| keys.to = None;
        let secrets = fake::secrets(Some("http://127.0.0.1:1"), Some("tk_sesame"), None);
        let channel = channel(settings, &secrets).unwrap();
        let mut parcel = fake::parcel("test", "x");
        let (outcome, _) = fake::send(&channel, &parcel);
        assert_eq!(
            outcome,
            Outcome::dead_target("there is no topic to send to")
        );
        parcel.to = Some("no topic".into());
        assert_eq!(fake::send(&channel, &parcel).0.word(), "dead_target");
        parcel.to = Some("theirs".into());
        let (outcome, exchanges) = fake::send(&channel, &parcel);
        assert_eq!(outcome.word(), "retry");
        let shown = format!("{exchanges:?}");
        assert!(shown.contains("theirs") && !shown.contains("sesame"));
        let said = fake::masked(&channel, &parcel, "it was tk_sesame");
        assert_eq!(said, "it was ***");
    }
}
